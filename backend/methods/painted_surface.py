"""The surface that one keyframe painted, to be found again in other frames."""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from ..motion.outline import Outline, continued
from ..motion.surface import Points, SurfaceIndex
from ..motion.warp import gather_at

BESIDE = 1.3  # pixels from a silhouette: what is next to it, also diagonally
RINGS = 4.5  # pixels from a silhouette within which sharp sampling sees both sides
SMALLEST = 3  # halvings of a painting: surfaces seen that much smaller than they were painted do not glitter


@dataclass(frozen=True)
class FoundPaint:
    """What a keyframe's paint makes of the pixels that another frame asked for.

    at: (N,) int64, flat indices of the pixels that were found. colours: (N, 3) float32 sRGB 0..1. guessed: (N,) bool,
    the keyframe had a line there, or one close by, and paint from beside it stands for what the line covers. scale:
    (N,) float32, how many times larger the frame shows the surface than the keyframe. positions: (N, 2) float32,
    (column, row) in the keyframe.
    """

    at: np.ndarray
    colours: np.ndarray
    guessed: np.ndarray
    scale: np.ndarray
    positions: np.ndarray


class PaintedSurface:
    """What a keyframe painted that no earlier one had, without the lines along its silhouettes."""

    def __init__(
        self,
        places: Mapping[str, np.ndarray],
        lines: Outline,
        painting: np.ndarray,
        own: np.ndarray,
        lined: np.ndarray,
    ) -> None:
        """places: the keyframe's passes in `visibility.SURFACE`, with the sky. lines: its silhouettes. painting:
        (H, W, 3) uint8 sRGB. own: (H, W) bool, what it painted that no earlier one had. lined: (H, W) bool, where that
        is a line.
        """
        self._index = SurfaceIndex(Points.of(places), own)
        self._guessed = lined
        self._beside = np.abs(lines.distance) < BESIDE
        self._ringing = np.abs(lines.distance) < RINGS
        self._paint = [continued(painting, ~lined, lines.labels, places["depth"])]
        for _ in range(SMALLEST):
            self._paint.append(cv2.pyrDown(self._paint[-1]))

    @property
    def memory(self) -> int:
        """About how many bytes it takes."""
        arrays = (self._guessed, self._beside, self._ringing, *self._paint)
        return self._index.memory + sum(array.nbytes for array in arrays)

    def find(self, points: Points, where: np.ndarray) -> FoundPaint:
        """The paint for the pixels `where`, (H, W) bool, of a frame that shows `points`."""
        place = self._index.find(points, where)
        at = np.flatnonzero(place.found)
        centres, scale = place.centres.reshape(-1, 2)[at], place.scale.ravel()[at]
        # Half of what lies beyond the border of a surface is another's paint, and beside it the nearest pixel is all.
        pixel = centres.astype(np.int64) @ (1, self._guessed.shape[1])
        farthest = np.where(self._beside.ravel()[pixel], np.float32(0.0), np.float32(0.5))[:, None]
        positions = centres + np.clip(place.positions.reshape(-1, 2)[at] - centres, -farthest, farthest)
        ringing = self._ringing.ravel()[pixel]
        return FoundPaint(at, self._sampled(positions, scale, ringing), self._guessed.ravel()[pixel], scale, positions)

    def _sampled(self, positions: np.ndarray, scale: np.ndarray, ringing: np.ndarray) -> np.ndarray:
        """(N, 3) float32: the paint at positions (N, 2), as fine as a frame can show it that is `scale` times as large.

        From a pyramid (Williams 1983), never from a coarser level than that is: paint is rather sharp than smooth.
        ringing: (N,) bool, the border of another surface is so near that it would ring.
        """
        halvings = np.clip(np.floor(-np.log2(np.maximum(scale, 1e-6))), 0, SMALLEST).astype(int)
        result = np.empty((len(positions), 3), np.float32)
        for level in np.unique(halvings):
            for held in (False, True):  # Sampled but once, strokes may keep their full sharpness.
                of_it = (halvings == level) & (ringing == held)
                result[of_it] = gather_at(self._paint[level], positions[of_it] / np.float32(2**level), held=held)
        return np.clip(result / np.float32(255.0), 0.0, 1.0)
