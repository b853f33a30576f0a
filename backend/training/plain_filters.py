"""The honest alternative to the starter model: for each style a plain image filter, as anybody gets it from OpenCV.

They see the finished picture and nothing else. All pictures are (H, W, 3) float32, 0..1, sRGB-encoded.
"""

from collections.abc import Callable

import cv2
import numpy as np

PAPER = np.array((0.97, 0.96, 0.93), np.float32)


def ink(picture: np.ndarray) -> np.ndarray:
    """Black lines by adaptive threshold over the picture, smoothed and washed out with paper."""
    smooth = cv2.edgePreservingFilter(_bytes(picture), flags=cv2.RECURS_FILTER, sigma_s=60, sigma_r=0.4)
    wash = 0.6 * _floats(smooth) + 0.4 * PAPER
    return np.where(_lines(picture, 9, 5)[..., None], np.float32(0.1), wash).astype(np.float32)


def cel(picture: np.ndarray) -> np.ndarray:
    """OpenCV's well-known cartoon recipe: bilateral filter several times, few tones, dark lines by threshold."""
    flat = picture
    for _ in range(4):
        flat = cv2.bilateralFilter(flat, 9, 0.12, 7.0)
    hsv = cv2.cvtColor(flat, cv2.COLOR_RGB2HSV)
    hsv[..., 2] = (np.floor(hsv[..., 2] * 5.0).clip(0, 4) + 0.5) / 5.0
    hsv[..., 1] = np.clip(hsv[..., 1] * 1.2, 0.0, 1.0)
    flat = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return np.where(_lines(picture, 9, 4)[..., None], 0.25 * flat, flat).astype(np.float32)


def hatching(picture: np.ndarray) -> np.ndarray:
    """OpenCV's pencil sketch (Gastal and Oliveira, Domain Transform, 2011), grey."""
    grey, _ = cv2.pencilSketch(_bytes(picture), sigma_s=60, sigma_r=0.07, shade_factor=0.05)
    return np.repeat((grey.astype(np.float32) / 255.0)[..., None], 3, axis=2)


def watercolour(picture: np.ndarray) -> np.ndarray:
    """OpenCV's stylization (Gastal and Oliveira 2011), which it calls fit for a watercolour look."""
    return _floats(cv2.stylization(_bytes(picture), sigma_s=60, sigma_r=0.45))


def gouache(picture: np.ndarray) -> np.ndarray:
    """Patches of one colour by mean shift (Comaniciu and Meer 2002)."""
    return _floats(cv2.pyrMeanShiftFiltering(_bytes(picture), 8, 24))


PLAIN_FILTERS: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "ink": ink,
    "cel": cel,
    "hatching": hatching,
    "watercolour": watercolour,
    "gouache": gouache,
}
"""Style name to filter."""


def _lines(picture: np.ndarray, block: int, offset: float) -> np.ndarray:
    """(H, W) bool: darker than the mean of `block` x `block` pixels by more than `offset` 8-bit levels."""
    grey = cv2.medianBlur(cv2.cvtColor(_bytes(picture), cv2.COLOR_RGB2GRAY), 5)
    return cv2.adaptiveThreshold(grey, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY_INV, block, offset) > 0


def _bytes(picture: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


def _floats(picture: np.ndarray) -> np.ndarray:
    return picture.astype(np.float32) / 255.0
