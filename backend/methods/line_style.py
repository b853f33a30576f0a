"""How a painter draws silhouettes, measured from what it painted, so that every frame can be given the same lines.

A line along a silhouette belongs to the view: on the surface it would slide away from the silhouette, and painted anew
it would differ in each frame. What does not change is its manner: how much ink lies how far from the silhouette. That
is measured in the keyframes, object by object, and drawn along the exact silhouettes of every frame.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields

import cv2
import numpy as np

from ..motion.outline import SPILL, Outline
from .areas import AREA

STEP = 0.25  # pixels between the distances at which ink is measured
LEAST = 200  # pixels beside an object's silhouettes; fewer say too little about its lines
ENOUGH = 3  # pixels at a distance
GRAIN = 0.03**2  # squared, of 0..1: a surface whose paint varies less does not tell how well ink covers it
SHINES_THROUGH = 0.1  # of the paint below, where that cannot be told
VISIBLE = 0.04  # of 0..1; where paint differs less by a silhouette than that no line is drawn
FAINT = 0.02  # of 0..1; where paint differs less it is as it would be without lines
SHARPER = 0.4  # times what a blur over neighbouring distances takes away
THIN = 0.1  # of ink: what lies under less of it can be seen
FADE = 1.0  # pixels over which ink ends, on both sides


@dataclass(frozen=True)
class LineStyle:
    """The ink along the silhouettes of objects.

    surfaces: (N,) int32 numbers of surfaces; -1 - k stands for all surfaces of area k. ink: (N, 3) float32, its colour,
    sRGB 0..1. cover: (N, D) float32 0..1, how much of it lies at each of the distances from `distances`. altered: (N,
    D) bool, paint there is not what it would be without lines: it is ink, or the bright hem that painters leave beside.
    """

    surfaces: np.ndarray
    ink: np.ndarray
    cover: np.ndarray
    altered: np.ndarray

    @staticmethod
    def measure(
        surfaces: np.ndarray, lines: Outline, painted: np.ndarray, bare: np.ndarray, where: np.ndarray
    ) -> "LineStyle":
        """From a painting and what it would be without lines, both (H, W, 3) float32 sRGB 0..1.

        surfaces: (H, W) int32, told apart by areas. where: (H, W) bool, what shows the painter's own lines.
        """
        at = np.flatnonzero(where & lines.band)
        drawing = surfaces.ravel()[lines.front.ravel()[at]]
        distance = lines.smooth_distance.ravel()[at]
        with_ink, without = painted.reshape(-1, 3)[at], bare.reshape(-1, 3)[at]
        found = {}
        for numbers, name in ((drawing // AREA, lambda area: -1 - area), (drawing, lambda surface: surface)):
            for number in np.unique(numbers):
                of_it = numbers == number
                if np.count_nonzero(of_it) >= LEAST:
                    measured = _ink(distance[of_it], with_ink[of_it], without[of_it], lines.radius)
                    found[int(name(int(number)))] = measured
        count = len(distances(lines.radius))
        return LineStyle(
            np.array(list(found), np.int32),
            np.array([ink for ink, _, _ in found.values()], np.float32).reshape(-1, 3),
            np.array([cover for _, cover, _ in found.values()], np.float32).reshape(-1, count),
            np.array([altered for _, _, altered in found.values()], bool).reshape(-1, count),
        )

    @staticmethod
    def together(styles: Iterable["LineStyle"]) -> "LineStyle":
        """Of each surface what the first of `styles` says that knows it."""
        given = list(styles)
        surfaces = np.concatenate([style.surfaces for style in given])
        known, first = np.unique(surfaces, return_index=True)
        rest = [
            np.concatenate([getattr(style, name) for style in given])[first] for name in ("ink", "cover", "altered")
        ]
        return LineStyle(known, *rest)

    def drawn(self, picture: np.ndarray, surfaces: np.ndarray, lines: Outline) -> np.ndarray:
        """`picture`, (H, W, 3) float32 without lines, with the lines of a frame whose surfaces, (H, W) int32, and
        silhouettes these are. Where a surface is not known nothing is drawn.
        """
        at, row, step = self._beside(surfaces, lines)
        left = step.astype(np.int64)
        share = step - left
        cover = (self.cover[row, left] * (1.0 - share) + self.cover[row, left + 1] * share)[:, None]
        result = picture.copy()
        flat = result.reshape(-1, 3)
        flat[at] += cover.astype(np.float32) * (self.ink[row] - flat[at])
        return result

    def altering(self, surfaces: np.ndarray, lines: Outline) -> np.ndarray:
        """(H, W) bool: where paint is not what it would be without such lines, and a pixel around."""
        at, row, step = self._beside(surfaces, lines)
        result = np.zeros(surfaces.shape, np.uint8)
        result.ravel()[at] = self.altered[row, np.rint(step).astype(np.int64)]
        return cv2.dilate(result, np.ones((3, 3), np.uint8)).astype(bool)

    def _beside(self, surfaces: np.ndarray, lines: Outline) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """The pixels, (N,) flat indices, beside the silhouettes of surfaces that are known; the row of that surface;
        and how many steps of `distances` from their first each pixel is, float32.
        """
        at = np.flatnonzero(lines.band)
        if not len(self.surfaces):
            return at[:0], np.zeros(0, np.int64), np.zeros(0, np.float32)
        drawing = surfaces.ravel()[lines.front.ravel()[at]]
        row, known = self._row(drawing)
        of_area, area_known = self._row(-1 - drawing // AREA)
        row, known = np.where(known, row, of_area), known | area_known
        at, row = at[known], row[known]
        step = (lines.smooth_distance.ravel()[at] - distances(lines.radius)[0]) / np.float32(STEP)
        return at, row, np.clip(step, 0.0, self.cover.shape[1] - 1.001)

    def _row(self, surfaces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Which row is of these surfaces, (N,); and whether there is one, (N,) bool."""
        order = np.argsort(self.surfaces)
        place = np.clip(np.searchsorted(self.surfaces, surfaces, sorter=order), 0, len(order) - 1)
        return order[place], self.surfaces[order[place]] == surfaces

    def state(self) -> dict[str, np.ndarray]:
        """As arrays to store; `from_state` reads them back."""
        return {f"line_{field.name}": getattr(self, field.name) for field in fields(self)}

    @staticmethod
    def from_state(state: dict[str, np.ndarray]) -> "LineStyle":
        """What `state` stored."""
        return LineStyle(*(state[f"line_{field.name}"] for field in fields(LineStyle)))


def distances(radius: float) -> np.ndarray:
    """The distances from a silhouette at which ink is measured, pixels, see `Outline.distance`."""
    return np.arange(-SPILL - FADE, radius + FADE + STEP / 2, STEP, dtype=np.float32)


def _ink(
    distance: np.ndarray, painted: np.ndarray, bare: np.ndarray, radius: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The colour of ink, (3,); and at each of the distances, (D,): how much of it covers `bare`; and, bool, whether
    paint differs there at all.

    distance: (N,). painted, bare: (N, 3).
    """
    steps = distances(radius)
    nearest = np.clip(np.rint((distance - steps[0]) / STEP).astype(int), 0, len(steps) - 1)
    count = np.bincount(nearest, minlength=len(steps))
    # Where things lie close together, what is below a line is known badly: medians are not misled by these few.
    changed = np.zeros((len(steps), 3))
    for step in np.flatnonzero(count >= ENOUGH):
        changed[step] = np.median((painted - bare)[nearest == step], axis=0)
    # Where most of the difference lies the ink covers most, and what varies below it tells how much.
    change = np.linalg.norm(changed, axis=1)
    strongest = int(np.where(count >= count.max() // 4, change, 0.0).argmax())
    if change[strongest] < VISIBLE:
        return np.zeros(3, np.float32), np.zeros(len(steps), np.float32), np.zeros(len(steps), bool)
    there = np.abs(distance - steps[strongest]) <= 2.0 * STEP
    over, under = painted[there], bare[there]
    spread = under - under.mean(axis=0)
    slope = ((over * spread).sum() + SHINES_THROUGH * GRAIN * spread.size) / ((spread**2).sum() + GRAIN * spread.size)
    slope = float(np.clip(slope, 0.0, 0.8))
    ink = np.clip((over.mean(axis=0) - slope * under.mean(axis=0)) / (1.0 - slope), 0.0, 1.0)
    towards = ink - bare
    cover = np.bincount(nearest, ((painted - bare) * towards).sum(axis=1), len(steps)) / np.maximum(
        np.bincount(nearest, (towards**2).sum(axis=1), len(steps)), 1e-6
    )
    # Pixels lie at certain distances, and at some none or hardly one does.
    told = np.flatnonzero(count >= ENOUGH)
    cover, change = (np.interp(steps, steps[told], values[told]) for values in (np.clip(cover, 0.0, 1.0), change))
    # How far a pixel is from a silhouette is known to a part of a pixel: what that blurs is given back.
    blurred = np.convolve(np.pad(cover, 1, "edge"), (0.25, 0.5, 0.25), "valid")
    cover = np.clip(cover + SHARPER * (cover - blurred), 0.0, 1.0)
    cover *= np.clip(np.minimum(steps - steps[0], steps[-1] - steps) / FADE, 0.0, 1.0)
    # On the near side shading, too, differs from what is farther in.
    altered = np.where(steps < 0.0, change > FAINT, cover > THIN)
    return ink.astype(np.float32), cover.astype(np.float32), altered
