"""Keeping the colours of new paint where the first frame put them, object by object."""

from dataclasses import dataclass

import cv2
import numpy as np

from .areas import AREA

MIN_PIXELS = 64  # fewer say little about an object's colour
MAX_SHIFT = 12.0  # CIELAB; a painter that is farther off did not drift, it painted something else
NOISE = 4.0  # CIELAB squared; less variance than this in the render says nothing about how the style answers to it


@dataclass(frozen=True)
class ColourHold:
    """What the first painted frame made of each object's colours: painted = slope * rendered + level, in CIELAB.

    ids: (N,) int32 numbers of surfaces; -1 - k stands for surfaces of area k that the first frame did not show.
    slopes, levels: (N,3) float32, by least squares for each channel, L 0..100.

    Holding the relation, and not the colour itself, lets a surface that turns into view have its own colour and still
    the style's: a drift of the painter's tone is taken back, the scene's light is not.
    """

    ids: np.ndarray
    slopes: np.ndarray
    levels: np.ndarray

    @staticmethod
    def measure(surfaces: np.ndarray, inside: np.ndarray, render: np.ndarray, painted: np.ndarray) -> "ColourHold":
        """From surfaces (H,W) int32, told apart by areas, and two pictures (H,W,3) float32 sRGB 0..1.

        inside: (H,W) bool, away from silhouettes, where paint shows a surface and not an outline.
        """
        before, after = _lab(render), _lab(painted)
        areas = surfaces // AREA
        lines = {-1 - int(area): _line(before[areas == area], after[areas == area]) for area in np.unique(areas)}
        for i in np.unique(surfaces):
            pixels = inside & (surfaces == i)
            if np.count_nonzero(pixels) >= MIN_PIXELS:
                lines[int(i)] = _line(before[pixels], after[pixels])
        slopes, levels = (np.array([line[k] for line in lines.values()], np.float32) for k in (0, 1))
        return ColourHold(np.array(list(lines), np.int32), slopes, levels)

    def apply(
        self, surfaces: np.ndarray, inside: np.ndarray, render: np.ndarray, painted: np.ndarray, new: np.ndarray
    ) -> np.ndarray:
        """`painted` (H,W,3) float32 with the pixels of `new` (H,W) bool moved to the held colours.

        Surfaces of which too little is new to tell outlines from surface are left as they were painted, and those of
        an area that the first frame did not show.
        """
        before, after = _lab(render), _lab(painted)
        row_of = {int(i): row for row, i in enumerate(self.ids)}
        for i in np.unique(surfaces[new]):
            of_object = new & (surfaces == i)
            seen = of_object & inside
            row = row_of.get(int(i), row_of.get(-1 - int(i) // AREA))
            if row is not None and np.count_nonzero(seen) >= MIN_PIXELS:
                held = self.slopes[row] * before[seen].mean(axis=0) + self.levels[row]
                shift = held - after[seen].mean(axis=0)
                after[of_object] += shift * min(1.0, MAX_SHIFT / max(float(np.linalg.norm(shift)), 1e-6))
        corrected = np.clip(cv2.cvtColor(after, cv2.COLOR_Lab2RGB), 0.0, 1.0)
        return np.where(new[..., None], corrected, painted)

    def state(self) -> dict[str, np.ndarray]:
        """As arrays to store; `from_state` reads them back."""
        return {"colour_ids": self.ids, "colour_slopes": self.slopes, "colour_levels": self.levels}

    @staticmethod
    def from_state(state: dict[str, np.ndarray]) -> "ColourHold":
        """What `state` stored."""
        return ColourHold(state["colour_ids"], state["colour_slopes"], state["colour_levels"])


def _line(before: np.ndarray, after: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Slope and level, (3,) each, of the line through (N,3) points, channel by channel."""
    middle, painted_middle = before.mean(axis=0), after.mean(axis=0)
    covariance = ((before - middle) * (after - painted_middle)).mean(axis=0)
    slope = covariance / (before.var(axis=0) + NOISE)
    return slope, painted_middle - slope * middle


def _lab(picture: np.ndarray) -> np.ndarray:
    """(H,W,3) float32 sRGB 0..1 → CIELAB."""
    lab: np.ndarray = cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2Lab)
    return lab
