"""Which frames to paint first: those that show most of a shot's surfaces, each as large as it is seen anywhere."""

from collections.abc import Callable, Mapping

import numpy as np
from scipy import ndimage

from ..motion.surface import Points, SurfaceIndex

Places = Callable[[int], Mapping[str, np.ndarray]]
STRIDE = 6  # pixels between samples
PIECE = 3  # samples that a piece of surface is wide
CANDIDATES = 96  # frames looked at, evenly spread: the memory that choosing takes does not grow with the shot
LARGER = 1.35  # times as large as a keyframe shows it: a surface seen this close needs another one
LACKING = 0.004  # of a frame: what keyframes may leave out of any


def choose_keyframes(frames: range, places: Places) -> list[int]:
    """The keyframes of a shot in the order of painting; at least one.

    places(frame): the passes in `visibility.SURFACE` of a frame, with the sky as a surface. Greedy maximum coverage
    (Nemhauser et al. 1978): the next keyframe is the one that shows most surface, weighted by how many pixels show it
    over the whole shot, that no earlier one shows large enough; until no frame lacks much.
    """
    candidates = [frames[i] for i in np.unique(np.linspace(0, len(frames) - 1, CANDIDATES).round().astype(int))]
    samples = [_sampled(places(frame)) for frame in candidates]
    lacking = [sample.footprint > 0.0 for sample in samples]
    seen = np.array([max(np.count_nonzero(lacks), 1) for lacks in lacking])
    pieces = _pieces(samples, lacking)
    count = 1 + max(int(piece.max(initial=-1)) for piece in pieces)
    chosen: list[int] = []
    while True:
        left = [piece[lacks] for piece, lacks in zip(pieces, lacking, strict=True)]
        weight = np.bincount(np.concatenate(left), minlength=count)
        gain = [weight[np.unique(piece)].sum() for piece in left]
        best = int(np.argmax(gain))
        chosen.append(candidates[best])
        points = Points.of(places(candidates[best]))
        index = SurfaceIndex(points, points.footprint > 0.0)
        for sample, lacks in zip(samples, lacking, strict=True):
            place = index.find(sample, lacks)
            lacks &= ~(place.found & (place.scale <= LARGER))
        lacking[best][:] = False
        if max(np.array([np.count_nonzero(lacks) for lacks in lacking]) / seen) <= LACKING:
            return chosen


def _sampled(passes: Mapping[str, np.ndarray]) -> Points:
    """Some of the points of a frame, evenly spread."""
    points = Points.of(passes)
    here = (slice(STRIDE // 2, None, STRIDE),) * 2
    return Points(points.labels[here], points.surface[here], points.footprint[here])


def _pieces(samples: list[Points], shown: list[np.ndarray]) -> list[np.ndarray]:
    """For every sample, in the order and the shape of `samples`: the number of its piece of surface; -1 for none.

    Pieces are cubes of an object's space, as wide as a few samples of it usually lie apart.
    """
    labels, places, sizes = (
        np.concatenate([getattr(sample, name)[kept] for sample, kept in zip(samples, shown, strict=True)])
        for name in ("labels", "surface", "footprint")
    )
    _, thing = np.unique(labels, axis=0, return_inverse=True)
    thing = thing.ravel()
    typical = ndimage.median(sizes, thing, np.arange(int(thing.max(initial=-1)) + 1))
    cube = np.floor(places / (typical[thing] * STRIDE * PIECE)[:, None]).astype(np.int64)
    _, number = np.unique(np.column_stack((thing, cube)), axis=0, return_inverse=True)
    numbers = np.split(number.ravel(), np.cumsum([np.count_nonzero(kept) for kept in shown])[:-1])
    pieces = []
    for kept, of_sample in zip(shown, numbers, strict=True):
        piece = np.full(kept.shape, -1)
        piece[kept] = of_sample
        pieces.append(piece)
    return pieces
