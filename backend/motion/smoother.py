"""Smoothing that stops at the borders of colours.

The fast global smoother of Min, Choi, Lu, Ham, Sohn and Do (IEEE Transactions on Image Processing 2014): weighted least
squares along all rows, then along all columns, a few times over. Each line is a tridiagonal system, solved for all
lines at once.
"""

import cv2
import numpy as np

STRENGTH = 2500.0  # about the square of how far, in pixels, values spread
BORDER = 0.005  # a difference of colour, 0..1, that cuts the spread by e
ROUNDS = 3
LONGEST = 384  # pixels; larger pictures are smoothed at this size: what is smooth loses nothing by it


def smoothed(values: np.ndarray, guide: np.ndarray) -> np.ndarray:
    """`values` (H, W, C) float32, smoothed within the colours of `guide` (H, W, 3) uint8; the same size."""
    height, width = values.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale < 1.0:
        values = cv2.resize(values, size, interpolation=cv2.INTER_AREA).reshape(size[1], size[0], -1)
        guide = cv2.resize(guide, size, interpolation=cv2.INTER_AREA)
    colours = guide.astype(np.float32) / 255.0
    down, across = (np.exp(-np.abs(np.diff(colours, axis=axis)).max(axis=2) / BORDER) for axis in (0, 1))
    result = np.ascontiguousarray(values, np.float32)
    for number in range(ROUNDS):
        strength = 1.5 * STRENGTH * 4.0 ** (ROUNDS - 1 - number) / (4.0**ROUNDS - 1)
        result = _solved(result.swapaxes(0, 1), strength * across.T).swapaxes(0, 1)
        result = _solved(result, strength * down)
    if scale == 1.0:
        return result
    # OpenCV drops a last axis of length one.
    return cv2.resize(result, (width, height), interpolation=cv2.INTER_LINEAR).reshape(height, width, -1)


def _solved(values: np.ndarray, ties: np.ndarray) -> np.ndarray:
    """Solves along the first axis: values (N, M, C), ties (N-1, M) between neighbours (Thomas's algorithm)."""
    solved = np.array(values, np.float32)  # a copy, in the order of memory that the loops go through
    ties = np.ascontiguousarray(ties, np.float32)
    none = np.zeros((1, ties.shape[1]), np.float32)
    before, after = np.concatenate((none, ties)), np.concatenate((ties, none))
    middle = 1.0 + before + after
    ahead = np.empty_like(before)
    ahead[0] = -after[0] / middle[0]
    solved[0] /= middle[0][:, None]
    for k in range(1, len(solved)):
        pivot = 1.0 / (middle[k] + before[k] * ahead[k - 1])
        ahead[k] = -after[k] * pivot
        solved[k] += before[k][:, None] * solved[k - 1]
        solved[k] *= pivot[:, None]
    for k in range(len(solved) - 2, -1, -1):
        solved[k] -= ahead[k][:, None] * solved[k + 1]
    return solved
