"""Warping error: how much a surface changes its colour from one frame to another.

After Lai et al., Learning Blind Video Temporal Consistency (ECCV 2018), section 4.2: the mean squared difference
between a frame and another one warped onto it, over the pixels whose surface both show, then the mean over the frames.
Where the paper estimates motion and occlusion, here are the shot's own vectors and visibility (Blender's true ones,
unless it is footage), and over longer times the surface coordinate. What is warped is resampled, which by itself makes
an error where there is fine detail, and light moves: compare with the render's own value.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..motion.surface import Points, SurfaceIndex
from ..motion.tracking import Passes, Tracking, tracking
from ..motion.warp import carry, pixel_grid
from ..passes.exr import read_passes
from ..shot import Shot

STRIDE = 2
"""Over longer times one pixel in STRIDE columns and rows is compared: a mean over a quarter of them is as good."""


@dataclass(frozen=True)
class Link:
    """Where another frame shows what the pixels of a frame show.

    flow: (H, W, 2) float32, leads there, as in `motion.vectors`. visible: (H, W) bool, what is seen there and is to be
    compared.
    """

    flow: np.ndarray
    visible: np.ndarray


def link_to_previous(follow: Tracking, frame: int, now: Passes, before: Passes) -> Link:
    """From `frame`, not the first of its segment, to the one before, by the vectors."""
    flow = follow.to_previous(now, frame)
    return Link(flow, follow.seen_before(now, before, flow))


def link_by_surface(follow: Tracking, then: Passes, points: Points, now: Passes, index: SurfaceIndex) -> Link:
    """From any frame with the passes `then` and these points to the one of `index`, by the surface coordinate."""
    height, width = points.labels.shape[:2]
    where = np.zeros((height, width), bool)
    where[::STRIDE, ::STRIDE] = True
    places = index.find(points, where)
    flow = places.positions - pixel_grid(height, width)
    return Link(flow, places.found & follow.seen_before(then, now, flow))


def squared_difference(picture: np.ndarray, other: np.ndarray, link: Link) -> np.ndarray:
    """(H, W) float32: mean over the channels of the squared difference to `other` carried along `link`; 0 elsewhere.

    Pictures: (H, W, 3) float32 0..1, sRGB-encoded.
    """
    squares = np.square(picture - carry(other, link.flow)).mean(axis=2)
    return np.where(link.visible, squares, np.float32(0.0))


def mean_square(squares: np.ndarray, where: np.ndarray) -> float | None:
    """The warping error of one pair of frames over the pixels `where`, (H, W) bool; None where there are none."""
    pixels = int(np.count_nonzero(where))
    return float(squares[where].sum(dtype=np.float64)) / pixels if pixels else None


def warping_error(shot: Shot, frames: range, load: Callable[[int], np.ndarray]) -> float:
    """The root of the mean warping error over one frame, in 8-bit levels (0..255); cuts are left out.

    load(frame): (H,W,3) float32 0..1.
    """
    follow = tracking(shot)
    errors = []
    for frame in frames[1:]:
        if shot.segment_start(frame) != frame:
            now, before = read_passes(shot, frame, follow.passes), read_passes(shot, frame - 1, follow.passes)
            link = link_to_previous(follow, frame, now, before)
            errors.append(mean_square(squared_difference(load(frame), load(frame - 1), link), link.visible))
    known = [error for error in errors if error is not None]
    return 255.0 * float(np.sqrt(np.mean(known))) if known else 0.0
