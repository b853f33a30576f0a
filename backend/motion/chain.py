"""Remembering where paint came from, so that it is resampled once however many frames it is carried.

chain = start(1, height, width)                       # frame 1 was painted
chain = advance(chain, flow, visible)                 # frame 2: `flow` leads to frame 1
picture = gather_sources(chain, load_frame)           # what frame 1's paint makes of frame 2
chain = painted(chain, 2, chain.source == UNKNOWN)    # the rest was painted in frame 2
"""

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from .warp import Kernel, gather, inside, nearest, pixel_grid, snapped

UNKNOWN = -(2**31)


@dataclass(frozen=True)
class Chain:
    """For every pixel of one frame, where its paint is.

    source: (H, W) int32, the frame that was painted, `UNKNOWN` where there is no paint.
    position: (H, W, 2) float32, (column, row) in that frame, pixels; 0 where there is no paint.
    """

    source: np.ndarray
    position: np.ndarray


def start(frame: int, height: int, width: int) -> Chain:
    """A frame that was painted all over."""
    return Chain(np.full((height, width), frame, np.int32), pixel_grid(height, width).copy())


def painted(chain: Chain, frame: int, where: np.ndarray) -> Chain:
    """`chain` of `frame` after its pixels `where`, (H, W) bool, were painted anew."""
    grid = pixel_grid(*chain.source.shape)
    return Chain(np.where(where, np.int32(frame), chain.source), np.where(where[..., None], grid, chain.position))


def advance(chain: Chain, flow: np.ndarray, visible: np.ndarray) -> Chain:
    """The chain of the frame that `flow`, (H, W, 2), belongs to, from the chain of the frame it leads to.

    Where `visible`, (H, W) bool, is false there is no paint, nor where paint makes up less than half of what bilinear
    sampling would blend. Elsewhere the position is blended from those pixels around that hold paint of the same frame
    as the heaviest of them; each is continued at the same scale, so that leaving one out moves nothing.
    """
    height, width = chain.source.shape
    arrived = pixel_grid(height, width) + flow
    visible = visible & inside(arrived, height, width)
    arrived = np.where(visible[..., None], arrived, 0.0).astype(np.float32)
    around = snapped(arrived)
    offset = chain.position - pixel_grid(height, width)
    source = nearest(chain.source, around)
    position = arrived + gather(offset, around, "linear")
    # Most pixels lie amid paint of one frame and are done; the others choose.
    window = np.ones((2, 2), np.uint8)
    numbers = chain.source.astype(np.float64)
    mixed = cv2.erode(numbers, window, anchor=(0, 0)) != cv2.dilate(numbers, window, anchor=(0, 0))
    choosing = visible & (nearest(mixed.astype(np.uint8), np.floor(around)) > 0)
    source[choosing], moved = _choose(chain.source, offset, around[choosing])
    position[choosing] = arrived[choosing] + moved
    source[~visible] = UNKNOWN
    position[source == UNKNOWN] = 0.0
    return Chain(source, position)


def gather_sources(chain: Chain, load_frame: Callable[[int], np.ndarray], kernel: Kernel = "lanczos") -> np.ndarray:
    """The picture that all the paint in `chain` makes, (H, W, 3) float32, 0 where there is none.

    `load_frame(frame)` gives a painted frame, (H, W, 3) float32; it is asked for each source once, in order.
    """
    picture = np.zeros((*chain.source.shape, 3), np.float32)
    for frame in np.unique(chain.source[chain.source != UNKNOWN]):
        from_here = chain.source == frame
        positions = chain.position[from_here]
        # OpenCV wants a picture of positions, no side longer than 32767; so the list is broken into lines.
        lines = np.resize(positions, (-(-len(positions) // 1024), 1024, 2))
        picture[from_here] = gather(load_frame(int(frame)), lines, kernel).reshape(-1, 3)[: len(positions)]
    return picture


def _choose(source: np.ndarray, offset: np.ndarray, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The source (N,) and offset (N, 2) at `positions` (N, 2) that may lie between paint of different frames."""
    low, high = np.floor(positions).astype(np.int64), np.ceil(positions).astype(np.int64)
    right, down = (positions - low).T
    height, width = source.shape
    found = np.empty((4, len(positions)), np.int32)
    moved = np.empty((4, len(positions), 2), np.float32)
    weights = np.empty((4, len(positions)), np.float32)
    sides = (
        ((low[:, 0], 1.0 - right), (high[:, 0], right)),
        ((low[:, 1], 1.0 - down), (high[:, 1], down)),
    )
    for k, ((column, across), (row, along)) in enumerate(itertools.product(*sides)):
        place = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
        found[k], moved[k] = source[place], offset[place]
        weights[k] = np.where(found[k] == UNKNOWN, 0.0, across * along)
    chosen = np.take_along_axis(found, weights.argmax(axis=0)[None], axis=0)[0]
    # Half of the weight at least: more would eat paint away at its border, less would smear it over what appears.
    chosen[weights.sum(axis=0) < 0.5] = UNKNOWN
    weights[found != chosen] = 0.0
    return chosen, np.einsum("kn,knc->nc", weights, moved) / np.maximum(weights.sum(axis=0), 1e-6)[:, None]
