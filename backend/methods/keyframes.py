"""Which frames to paint first: those that show most of a shot's surfaces, each as large as it is seen anywhere."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy import ndimage

from ..motion.visibility import footprint, surface_labels

Places = Callable[[int], Mapping[str, np.ndarray]]
STRIDE = 6  # pixels between samples
CANDIDATES = 96  # frames looked at, evenly spread: the memory that choosing takes does not grow with the shot
LARGE_ENOUGH = 0.6  # of the size at which a piece of surface is seen best
WORTHWHILE = 0.01  # of all surface seen, by pixels and frames: what a further keyframe must add
MOST = 12


def choose_keyframes(frames: range, places: Places) -> list[int]:
    """The keyframes of a shot in the order of painting; at least one.

    places(frame): the passes in `visibility.SURFACE` of a frame, with the sky as a surface. Greedy maximum coverage
    (Nemhauser et al. 1978): the next keyframe is the one that shows most surface, weighted by how many pixels show it
    over the whole shot, that no earlier one shows large enough.
    """
    candidates = [frames[i] for i in np.unique(np.linspace(0, len(frames) - 1, CANDIDATES).round().astype(int))]
    samples = [_sampled(places(frame)) for frame in candidates]
    piece, size, seen_in = _pieces(samples)
    count = int(piece.max(initial=-1)) + 1
    best = np.full(count, np.inf)
    np.minimum.at(best, piece, size)
    good = size <= best[piece] / LARGE_ENOUGH
    weight = np.bincount(piece, minlength=count).astype(float)
    total = weight.sum()
    shows = np.zeros((len(candidates), count), bool)
    shows[seen_in[good], piece[good]] = True
    chosen: list[int] = []
    while len(chosen) < MOST:
        gain = shows @ weight
        frame = int(gain.argmax())
        if chosen and gain[frame] < WORTHWHILE * total:
            break
        chosen.append(candidates[frame])
        weight[shows[frame]] = 0.0
    return chosen


def _sampled(passes: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels (N, 2), places (N, 3) and pixel sizes (N,) of some pixels of a frame."""
    labels = surface_labels(passes)
    size = footprint(passes["surface"], labels)
    here = (slice(STRIDE // 2, None, STRIDE),) * 2
    kept = size[here] > 0.0
    return labels[here][kept], passes["surface"][here][kept], size[here][kept]


def _pieces(samples: list[tuple[np.ndarray, np.ndarray, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For every sample of all frames: the number of its piece of surface, its pixel size, and which frame it is of.

    Pieces are cubes of an object's space, as wide as a few samples of it usually lie apart.
    """
    labels, places, sizes = (np.concatenate([sample[k] for sample in samples]) for k in range(3))
    seen_in = np.repeat(np.arange(len(samples)), [len(sample[0]) for sample in samples])
    _, thing = np.unique(labels, axis=0, return_inverse=True)
    thing = thing.ravel()
    typical = ndimage.median(sizes, thing, np.arange(int(thing.max(initial=-1)) + 1))
    cube = np.floor(places / (typical[thing] * STRIDE)[:, None]).astype(np.int64)
    _, piece = np.unique(np.column_stack((thing, cube)), axis=0, return_inverse=True)
    return piece.ravel(), sizes, seen_in
