"""Which surface points of a frame are also seen in another one."""

from collections.abc import Mapping

import cv2
import numpy as np

from .warp import CORNERS, gather, inside, nearest, pixel_grid

SURFACE = ("object_id", "instance", "surface", "depth")
# How many pixel footprints a surface coordinate may lie from the one expected: a tap is up to one pixel away in both
# directions, and the footprint changes a little from pixel to pixel. The nearest tap is at most half as far.
FOOTPRINTS = 1.5
# How much of the bilinear weight may lie on pixels that show something nearer, which may reach over the point.
COVERED = 0.2
BACKGROUND = -1
# For `consistent`, where both flows are estimated (Sundaram, Brox and Keutzer 2010, equation 5): half a square pixel,
# and a hundredth of the squared motion.
ESTIMATED = {"tolerance": 0.5**0.5, "growth": 0.01}


def visible_in_previous(
    now: Mapping[str, np.ndarray], before: Mapping[str, np.ndarray], flow: np.ndarray
) -> np.ndarray:
    """(H, W) bool: the point that a pixel shows is seen in the frame that `flow`, (H, W, 2), leads to.

    `now` and `before` are the passes in `SURFACE` of the flow's own frame and of the other one (any frame, not only the
    one before). A point is seen there if it lands inside the picture and
    - the nearest pixel shows the same object, the same instance, and a place on its surface within the local pixel
      footprint, which tells an arm from the chest it hides;
    - so do the pixels around it that bilinear sampling would blend, or they show something farther away, as beside the
      point's own silhouette.
    Background is seen where it lands on background.
    """
    height, width = flow.shape[:2]
    positions = pixel_grid(height, width) + flow
    seen = inside(positions, height, width)
    positions = np.where(seen[..., None], positions, np.float32(0.0))
    here, there = surface_labels(now), surface_labels(before)
    background = here[..., 0] == BACKGROUND
    place = now["surface"].astype(np.float32, copy=False)
    place_and_reach = np.dstack((before["surface"], footprint(before["surface"], there) * np.float32(FOOTPRINTS)))
    depth = before["depth"].astype(np.float32, copy=False)

    def same(tap: np.ndarray, reach: float) -> np.ndarray:
        label, found = nearest(there, tap), nearest(place_and_reach, tap)
        within = (_length(found[..., :3] - place) <= reach * found[..., 3]) | background
        return (label[..., 0] == here[..., 0]) & (label[..., 1] == here[..., 1]) & within

    centre = np.rint(positions)
    seen &= same(centre, 0.5)
    own_depth = nearest(depth, centre)
    covered = np.zeros((height, width), np.float32)
    for corner in CORNERS:
        tap = np.floor(positions) + corner
        apart = np.abs(positions - tap)
        weight = (1.0 - apart[..., 0]) * (1.0 - apart[..., 1])
        covered += weight * ((nearest(depth, tap) < own_depth) & ~same(tap, 1.0))
    return seen & (covered <= COVERED)


def consistent(flow: np.ndarray, back: np.ndarray, tolerance: float = 0.5, growth: float = 0.0) -> np.ndarray:
    """(H, W) bool: going along `flow` and `back` again ends near the start.

    `flow` (H, W, 2) leads from this frame to the other, `back` from the other to this one; `back` is sampled where
    `flow` ends, not at the same pixel. Near is within `tolerance` pixels for what rests; its square grows by `growth`
    times the squared lengths of both ways, because estimates of fast motion err more. Where it fails, the point is
    hidden in the other frame or one of the flows is wrong.
    """
    height, width = flow.shape[:2]
    positions = pixel_grid(height, width) + flow
    there = inside(positions, height, width)
    gone = np.where(there[..., None], flow, np.float32(0.0))
    returned = gather(back, np.where(there[..., None], positions, 0.0), "linear")
    allowed = tolerance**2 + growth * (_squared(gone) + _squared(returned))
    return there & (_squared(gone + returned) <= allowed)


def surface_labels(passes: Mapping[str, np.ndarray]) -> np.ndarray:
    """(H, W, 2) int32, object and instance, alike exactly where both are; `BACKGROUND` twice without a surface."""
    # The bits of the instance's number, because what is looked up must be of one type; adding 0 makes -0 into 0.
    instance = (passes["instance"] + np.float32(0.0)).astype(np.float32).view(np.int32)
    labels = np.dstack((passes["object_id"].astype(np.int32, copy=False), instance))
    labels[~np.isfinite(passes["depth"])] = BACKGROUND
    return labels


def packed(labels: np.ndarray) -> np.ndarray:
    """(H, W) int64, alike exactly where both numbers of `labels`, (H, W, 2) int32, are: quicker to compare."""
    return np.ascontiguousarray(labels).view(np.int64)[..., 0]


def footprint(surface: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(H, W) float32: how far the surface coordinate moves from one pixel to the next, both directions added.

    Of the two neighbours in a direction the nearer one on the same object counts, so that beside a hidden part the
    step across is not taken for a stretch of surface.
    """
    total = np.zeros(labels.shape[:2], np.float32)
    for axis in (0, 1):
        step = _length(np.diff(surface, axis=axis))
        change = np.diff(labels, axis=axis)
        step[(change[..., 0] | change[..., 1]) != 0] = np.inf
        edge = ((1, 1), (0, 0)) if axis == 0 else ((0, 0), (1, 1))
        step = np.pad(step, edge, constant_values=np.inf)
        shorter = np.minimum(step[:-1], step[1:]) if axis == 0 else np.minimum(step[:, :-1], step[:, 1:])
        total += np.where(np.isfinite(shorter), shorter, 0.0)
    return total


def _length(vectors: np.ndarray) -> np.ndarray:
    """(H, W) float32: lengths of (H, W, C) vectors."""
    return np.sqrt(_squared(vectors))


def _squared(vectors: np.ndarray) -> np.ndarray:
    """(H, W) float32: squared lengths of (H, W, C) vectors."""
    return cv2.transform(vectors * vectors, np.ones((1, vectors.shape[2]), np.float32))
