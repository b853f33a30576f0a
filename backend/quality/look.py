"""What consistency must not be bought with: how sharp a picture is, and how far it is from the render.

A blurred or an unstylized video wins every measure of consistency. Pictures are (H, W, 3) float32, 0..1, sRGB-encoded.
"""

import cv2
import numpy as np

from .colour import ciede2000

SIMILAR = 170.0
"""The constant T of gradient magnitude similarity, for 8-bit levels (Xue et al. 2014)."""


def sharpness(picture: np.ndarray) -> float:
    """Variance of the Laplacian of the grey picture, 8-bit levels squared (3 x 3, weights 1 and -4).

    The measure LAP4 of Pertuz, Puig and Garcia (Analysis of focus measure operators for shape-from-focus, Pattern
    Recognition, 2013), from Pech-Pacheco et al. (ICPR 2000). It depends on what is drawn and counts noise as detail:
    compare takes of one shot and style.
    """
    return float(cv2.Laplacian(_levels(picture), cv2.CV_32F, ksize=1).var(dtype=np.float64))


def colour_distance(one: np.ndarray, other: np.ndarray) -> float:
    """Mean CIEDE2000 between the pixels of two pictures in CIELAB, (H, W, 3); 0 for equal ones."""
    return float(ciede2000(one, other).mean(dtype=np.float64))


def structure_distance(one: np.ndarray, other: np.ndarray) -> float:
    """1 - mean gradient magnitude similarity of two pictures: 0 for equal ones, at most 1.

    Of Xue, Zhang, Mou and Bovik (Gradient Magnitude Similarity Deviation, IEEE TIP 23 (2), 2014), pooled by the mean
    (their GMSM): the deviation that the paper prefers tells how unevenly a picture is damaged, and a style is even.
    Gradients of other strength count, whatever their colour; so it sees lines, strokes and lost texture where
    `colour_distance` sees a new palette.
    """
    first, second = _gradient(one), _gradient(other)
    similar = (2.0 * first * second + SIMILAR) / (first**2 + second**2 + SIMILAR)
    return max(0.0, 1.0 - float(similar.mean(dtype=np.float64)))


def _gradient(picture: np.ndarray) -> np.ndarray:
    """Magnitude of the gradient by Prewitt's filter, 8-bit levels a pixel, of the picture at half its size."""
    grey = cv2.blur(_levels(picture), (2, 2))[::2, ::2]
    kernel = np.array([[1.0, 0.0, -1.0]] * 3, np.float32) / np.float32(3.0)
    magnitude: np.ndarray = np.hypot(*(cv2.filter2D(grey, cv2.CV_32F, k) for k in (kernel, kernel.T)))
    return magnitude


def _levels(picture: np.ndarray) -> np.ndarray:
    """The grey picture in 8-bit levels, (H, W) float32."""
    grey: np.ndarray = cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2GRAY)
    return grey * np.float32(255.0)
