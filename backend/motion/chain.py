"""Remembering where paint came from, so that it is resampled once however many frames it is carried.

chain = start(1, height, width)                       # frame 1 was painted
chain = advance(chain, flow, visible)                 # frame 2: `flow` leads to frame 1
picture = gather_sources(chain, load_frame)           # what frame 1's paint makes of frame 2
chain = painted(chain, 2, chain.source == UNKNOWN)    # the rest was painted in frame 2
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from .warp import CORNERS, Kernel, gather, gather_at, inside, nearest, pixel_grid

UNKNOWN = -(2**31)
# Neighbouring pixels whose paint comes from places farther apart than this, in pixels, are not on one surface.
TOGETHER = 1.5


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

    There is paint where `visible`, (H, W) bool, is true and the nearest pixel there has paint. Its position is blended
    from those pixels around whose paint is of the same frame and moved along with it; each is continued at the same
    scale, so that leaving one out moves nothing.
    """
    height, width = chain.source.shape
    arrived = pixel_grid(height, width) + flow
    visible = visible & inside(arrived, height, width)
    arrived = np.where(visible[..., None], arrived, 0.0).astype(np.float32)
    offset = chain.position - pixel_grid(height, width)
    source = np.where(visible, nearest(chain.source, np.rint(arrived)), np.int32(UNKNOWN))
    position = arrived + gather(offset, arrived, "linear")
    # Most pixels lie amid paint of one frame that moves as one, and are done.
    seam = _differs(chain.source.astype(np.float64), 0.0) | _differs(offset, TOGETHER).any(axis=2)
    chosen = (source != UNKNOWN) & (nearest(seam.astype(np.uint8), np.floor(arrived)) > 0)
    position[chosen] = arrived[chosen] + _offset_beside_seams(chain.source, offset, arrived[chosen])
    position[source == UNKNOWN] = 0.0
    return Chain(source, position)


def gather_sources(chain: Chain, load_frame: Callable[[int], np.ndarray], kernel: Kernel = "lanczos") -> np.ndarray:
    """The picture that all the paint in `chain` makes, (H, W, 3) float32, 0 where there is none.

    `load_frame(frame)` gives a painted frame, (H, W, 3) float32; it is asked for each source once, in order.
    """
    picture = np.zeros((*chain.source.shape, 3), np.float32)
    for frame in np.unique(chain.source[chain.source != UNKNOWN]):
        from_here = chain.source == frame
        picture[from_here] = gather_at(load_frame(int(frame)), chain.position[from_here], kernel)
    return picture


def _differs(values: np.ndarray, tolerance: float) -> np.ndarray:
    """Whether a pixel and those to its right and below, which bilinear sampling blends, differ by more."""
    window = np.ones((2, 2), np.uint8)
    return cv2.dilate(values, window, anchor=(0, 0)) - cv2.erode(values, window, anchor=(0, 0)) > tolerance


def _offset_beside_seams(source: np.ndarray, offset: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(N, 2): bilinear samples of `offset` at `positions` (N, 2) from pixels that are one with the nearest."""
    height, width = source.shape

    def pixels(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        columns, rows = corners.astype(np.int64).T
        return np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)

    centre = pixels(np.rint(positions))
    total = np.zeros((len(positions), 1), np.float32)
    blended = np.zeros((len(positions), 2), np.float32)
    for shift in CORNERS:
        corner = np.floor(positions) + shift
        tap = pixels(corner)
        one = (source[tap] == source[centre]) & (np.abs(offset[tap] - offset[centre]).max(axis=1) <= TOGETHER)
        weight = np.where(one, (1.0 - np.abs(positions - corner)).prod(axis=1), 0.0)[:, None]
        total += weight
        blended += weight * offset[tap]
    return blended / total
