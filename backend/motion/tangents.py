"""How the surfaces of a frame lie: how the rest position changes from each pixel to those beside it.

Arrays have one line a coordinate, (3, N) instead of (N, 3), because what is computed here goes along the lines.
"""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Tangents:
    """The tangent planes of N pixels.

    places: (3, N) float32, rest positions, where the planes touch. pull: (2, 3, N) float32, what takes the way from
    there to another place to the shift, in pixels right and down, that comes nearest to it on the plane. metric: (3, N)
    float32, the squares of a shift's length on the plane: right, mixed, down. Pull and metric are 0 where the
    neighbours span no plane.
    """

    places: np.ndarray
    pull: np.ndarray
    metric: np.ndarray

    @staticmethod
    def of(surface: np.ndarray, labels: np.ndarray, pixels: np.ndarray) -> "Tangents":
        """Of the pixels with the flat indices `pixels`, (N,); surface: (H, W, 3) float32, labels: (H, W), any type."""
        right, down = (_slope(surface, labels, pixels, axis).astype(np.float64) for axis in (1, 0))
        along, mixed, across = ((one * two).sum(axis=0) for one, two in ((right, right), (right, down), (down, down)))
        determinant = along * across - mixed**2
        sound = determinant > 1e-6 * (along + across) ** 2
        share = np.where(sound, 1.0 / np.where(sound, determinant, 1.0), 0.0)
        pull = np.stack((across * right - mixed * down, along * down - mixed * right)) * share
        metric = np.stack((along, mixed, across)) * sound
        return Tangents(taken(surface, pixels), pull.astype(np.float32), metric.astype(np.float32))

    @property
    def nbytes(self) -> int:
        """How many bytes they take."""
        return self.places.nbytes + self.pull.nbytes + self.metric.nbytes

    def shift(self, pixels: np.ndarray, places: np.ndarray) -> np.ndarray:
        """(2, M) float32, pixels right and down: where on the planes of `pixels`, (M,), `places`, (3, M), are."""
        pull = self.pull.take(pixels, axis=2)
        pull *= places - self.places.take(pixels, axis=1)
        return pull.sum(axis=1)

    def apart(self, pixels: np.ndarray, places: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The squared distances of `places`, (3, M), in metres, (M,) float32 each: from where the planes of `pixels`,
        (M,), touch, and from the planes, which they meet at `shift`, (2, M).
        """
        way = places - self.places.take(pixels, axis=1)
        way *= way
        straight = way.sum(axis=0)
        along, mixed, across = self.metric.take(pixels, axis=1)
        right, down = shift
        return straight, straight - (along * right**2 + 2.0 * mixed * right * down + across * down**2)


def taken(surface: np.ndarray, pixels: np.ndarray) -> np.ndarray:
    """(3, N): of (H, W, 3), the pixels with the flat indices `pixels`, (N,)."""
    return np.ascontiguousarray(surface.reshape(-1, 3).take(pixels, axis=0).T)


def _slope(surface: np.ndarray, labels: np.ndarray, pixels: np.ndarray, axis: int) -> np.ndarray:
    """(3, N) float32: how the rest position changes from `pixels` to the next ones right (axis 1) or down (axis 0).

    Of the two neighbours in a direction the nearer one on the same object counts, as for the footprint; where both lie
    on the same smooth surface their mean is the better slope.
    """
    (to_before, before), (to_after, after) = (_step(surface, labels, pixels, axis, way) for way in (-1, 1))
    smooth = np.maximum(before, after) <= 4.0 * np.minimum(before, after)
    share = np.where(smooth, np.float32(0.5), (before < after).astype(np.float32))
    to_before *= np.where(np.isfinite(before), share, np.float32(0.0))
    to_after *= np.where(np.isfinite(after), np.float32(1.0) - share, np.float32(0.0))
    to_after -= to_before
    return to_after


def _step(
    surface: np.ndarray, labels: np.ndarray, pixels: np.ndarray, axis: int, way: int
) -> tuple[np.ndarray, np.ndarray]:
    """From `pixels` to their neighbours, (3, N), and its squared length, (N,), infinite where these are not of the same
    object or outside the picture.
    """
    height, width = labels.shape
    rows, columns = np.divmod(pixels, width)
    if axis:
        columns = np.clip(columns + way, 0, width - 1)
    else:
        rows = np.clip(rows + way, 0, height - 1)
    there = rows * width + columns
    step = taken(surface, there)
    step -= taken(surface, pixels)
    same = (labels.take(there) == labels.take(pixels)) & (there != pixels)
    return step, np.where(same, (step * step).sum(axis=0), np.float32(np.inf))
