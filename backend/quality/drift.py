"""Colour drift: how far the mean colour of each object goes from that of the first frames that show it."""

from dataclasses import dataclass, field

import numpy as np

from .colour import ciede2000

FIRST = 3  # frames that show an object, from which its colour is taken
ENOUGH = 64  # pixels away from silhouettes; fewer do not show an object


@dataclass
class _Object:
    """Sums of one object: (V, 3) of the first means, and over later frames (V,) of differences."""

    first: np.ndarray
    frames: int = 0
    pixels: int = 0
    differences: np.ndarray = field(default_factory=lambda: np.zeros(0))


@dataclass(frozen=True)
class Drifted:
    """Mean difference of an object over the frames after its first ones, (V,) CIEDE2000, and its pixels in these."""

    id: int
    pixels: int
    differences: np.ndarray


class Drift:
    """Looks at the frames of V videos of one shot, in order.

    The measure is Flowbrush's own. Light that moves changes colours rightly: compare with the render's own value.
    """

    def __init__(self) -> None:
        self._objects: dict[int, _Object] = {}

    def see(self, surfaces: np.ndarray, inside: np.ndarray, labs: np.ndarray) -> np.ndarray | None:
        """How far this frame's objects are from their first colours, mean over their pixels: (V,) CIEDE2000.

        surfaces: (H, W) int32, numbers of objects. inside: (H, W) bool, away from silhouettes. labs: (V, H, W, 3)
        CIELAB. None while no object has been seen in more than FIRST frames.
        """
        ids, which, counts = np.unique(surfaces[inside], return_inverse=True, return_counts=True)
        total, seen = np.zeros(len(labs)), 0
        sums = np.stack(
            [[np.bincount(which, picture[inside][:, k], len(ids)) for k in range(3)] for picture in labs]
        )  # (V, 3, N)
        for row in np.flatnonzero(counts >= ENOUGH):
            means, pixels = sums[:, :, row] / counts[row], int(counts[row])
            one = self._objects.setdefault(
                int(ids[row]), _Object(np.zeros(means.shape), differences=np.zeros(len(labs)))
            )
            one.frames += 1
            if one.frames <= FIRST:
                one.first += means / FIRST
                continue
            difference = ciede2000(means, one.first)
            one.pixels += pixels
            one.differences += difference
            total, seen = total + pixels * difference, seen + pixels
        return total / seen if seen else None

    def objects(self) -> list[Drifted]:
        """All objects that were compared, by falling pixels."""
        compared = [
            Drifted(number, one.pixels, one.differences / (one.frames - FIRST))
            for number, one in self._objects.items()
            if one.frames > FIRST
        ]
        return sorted(compared, key=lambda one: (-one.pixels, one.id))
