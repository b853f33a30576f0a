"""How near one picture is to another: of pixels, of lines, of the direction in which strokes run.

Pictures are (H, W, 3) float32, 0..1, sRGB-encoded, row 0 at the top.
"""

import cv2
import numpy as np

EDGE_SIGMA, EDGE_WEAK, EDGE_STRONG = 1.0, 40.0, 100.0
"""Of Canny: blur in pixels, and the thresholds of its gradient in 8-bit levels (Sobel, 3 x 3)."""

STROKE_SIGMA = 4.0
"""Pixels; how far around a pixel the direction of its strokes is looked for."""


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB; infinite for equal pictures."""
    square = float(np.mean(np.square(one - other, dtype=np.float64)))
    return float("inf") if square == 0.0 else -10.0 * float(np.log10(square))


def edges(picture: np.ndarray) -> np.ndarray:
    """Where a line or a border runs, (H, W) bool, a pixel wide (Canny, A Computational Approach to Edge Detection)."""
    grey = cv2.GaussianBlur(_grey(picture), (0, 0), EDGE_SIGMA, borderType=cv2.BORDER_REFLECT_101)
    return cv2.Canny(np.rint(grey * 255.0).astype(np.uint8), EDGE_WEAK, EDGE_STRONG, L2gradient=True) > 0


def line_f_score(picture: np.ndarray, wanted: np.ndarray, tolerance: float = 2.0) -> float:
    """How well the lines of `picture` are those of `wanted`, 0 to 1: harmonic mean of precision and recall of `edges`.

    An edge counts as found with an edge of the other picture at most `tolerance` pixels away. As the boundary benchmark
    of Martin, Fowlkes and Malik (Learning to Detect Natural Image Boundaries, 2004), without matching one to one.
    1 where neither picture has edges.
    """
    return edge_f_score(edges(picture), edges(wanted), tolerance)


def edge_f_score(drawn: np.ndarray, asked: np.ndarray, tolerance: float = 2.0) -> float:
    """`line_f_score` of edges that are known already, (H, W) bool each."""
    if not drawn.any() and not asked.any():
        return 1.0
    right = float((drawn & _near(asked, tolerance)).sum()) / max(int(drawn.sum()), 1)
    found = float((asked & _near(drawn, tolerance)).sum()) / max(int(asked.sum()), 1)
    return 2.0 * right * found / max(right + found, 1e-12)


def stroke_angle(picture: np.ndarray, wanted: np.ndarray) -> float:
    """Mean angle in degrees, 0 to 90, between the directions in which the strokes of both pictures run.

    Directions are those of the structure tensor (Bigun and Granlund, Optimal Orientation Detection of Linear Symmetry,
    1987); a pixel counts as much as `wanted` has a direction there. Without any relation the mean is 45.
    """
    (drawn, _), (asked, weight) = _direction(_grey(picture)), _direction(_grey(wanted))
    cosine = np.clip(np.sum(drawn * asked, axis=2), -1.0, 1.0)
    angle = np.degrees(np.arccos(cosine)) / 2.0
    return float((angle * weight).sum() / max(float(weight.sum()), 1e-12))


def _direction(grey: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Twice the angle of the strokes, as a unit vector (H, W, 2), and how strongly there are any (H, W)."""
    right, down = (cv2.Scharr(grey, cv2.CV_32F, *axis) for axis in ((1, 0), (0, 1)))
    doubled = np.stack([right * right - down * down, 2.0 * right * down], axis=2)
    doubled = cv2.GaussianBlur(doubled, (0, 0), STROKE_SIGMA, borderType=cv2.BORDER_REFLECT_101)
    length = np.linalg.norm(doubled, axis=2)
    return doubled / np.maximum(length, 1e-12)[..., None], np.sqrt(length)


def _near(mask: np.ndarray, distance: float) -> np.ndarray:
    return cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE) <= distance


def _grey(picture: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2GRAY)
