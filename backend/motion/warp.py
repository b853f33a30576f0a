"""Looking up pictures at fractional positions: the backward warp that carries paint from frame to frame.

Positions are (H, W, 2) float32, (column, row) in pixels, pixel centres at integers, row 0 at the top.
"""

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

Kernel = Literal["nearest", "linear", "cubic", "lanczos"]

_FLAGS = {
    "nearest": cv2.INTER_NEAREST,
    "linear": cv2.INTER_LINEAR,
    "cubic": cv2.INTER_CUBIC,
    "lanczos": cv2.INTER_LANCZOS4,
}
# From the pixel left of and above a position to the four that bilinear sampling blends.
CORNERS = np.array(((0, 0), (1, 0), (0, 1), (1, 1)), np.float32)


@lru_cache(maxsize=4)
def pixel_grid(height: int, width: int) -> np.ndarray:
    """(height, width, 2) float32, read-only: every pixel's own (column, row)."""
    columns, rows = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    grid = np.stack((columns, rows), axis=2)
    grid.setflags(write=False)
    return grid


def gather(image: np.ndarray, positions: np.ndarray, kernel: Kernel = "lanczos", *, held: bool = True) -> np.ndarray:
    """Samples `image`, (h, w) or (h, w, C) float32, at `positions`; returns (H, W) or (H, W, C) float32.

    Outside the picture its border pixels go on. Cubic and Lanczos overshoot at edges: unless `held` is False, what they
    give is held between the lowest and the highest of the four pixels around, so that an edge has no rings however
    often it is carried. That costs a sixth of the sharpness of fine strokes. OpenCV before version 5 rounds positions
    to 1/32 of a pixel.
    """
    image = np.ascontiguousarray(image, np.float32)
    sampled = _remap(image, positions, _FLAGS[kernel])
    if held and kernel in ("cubic", "lanczos"):
        corner = np.floor(positions)
        window = np.ones((2, 2), np.uint8)  # from the corner one to the right and one down
        lowest = nearest(cv2.erode(image, window, anchor=(0, 0)), corner)
        highest = nearest(cv2.dilate(image, window, anchor=(0, 0)), corner)
        sampled = cv2.min(cv2.max(sampled, lowest), highest)
    return sampled


def gather_at(image: np.ndarray, positions: np.ndarray, kernel: Kernel = "lanczos", *, held: bool = True) -> np.ndarray:
    """`gather` at single `positions`, (N, 2); returns (N,) or (N, C) float32."""
    if not len(positions):
        return np.zeros((0, *image.shape[2:]), np.float32)
    # OpenCV wants a picture of positions, no side longer than 32767; so the list is broken into lines.
    lines = np.resize(positions, (-(-len(positions) // 1024), 1024, 2))
    return gather(image, lines, kernel, held=held).reshape(-1, *image.shape[2:])[: len(positions)]


def carry(image: np.ndarray, flow: np.ndarray, kernel: Kernel = "lanczos") -> np.ndarray:
    """The picture that `image`, of the frame that `flow` leads to, makes in the frame the flow belongs to.

    No test of visibility: what is hidden there is filled with what hides it.
    """
    return gather(image, pixel_grid(*flow.shape[:2]) + flow, kernel)


def nearest(image: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """The pixels of `image`, of any type with up to four channels, nearest to `positions`, unchanged."""
    return _remap(image, positions, cv2.INTER_NEAREST)


def inside(positions: np.ndarray, height: int, width: int) -> np.ndarray:
    """(H, W) bool: the position lies on a picture of that size, border pixels whole."""
    column, row = positions[..., 0], positions[..., 1]
    return (column >= -0.5) & (column <= width - 0.5) & (row >= -0.5) & (row <= height - 0.5)


def _remap(image: np.ndarray, positions: np.ndarray, flags: int) -> np.ndarray:
    return cv2.remap(image, positions.astype(np.float32, copy=False), None, flags, borderMode=cv2.BORDER_REPLICATE)
