"""Colour drift: how far the colour of each object goes from the one in which it was seen first."""

from dataclasses import dataclass

import numpy as np

from .colour import ciede2000

ENOUGH = 4  # points; fewer do not show an object


@dataclass
class _Object:
    """Sums over the frames that show an object; differences: (V,)."""

    frames: int
    points: int
    differences: np.ndarray


@dataclass(frozen=True)
class Drifted:
    """Mean difference of an object over the frames that show it, (V,) CIEDE2000, and its points in these together."""

    id: int
    points: int
    differences: np.ndarray


class Drift:
    """Looks at V videos of one shot, frame by frame.

    The mean colour of an object's points in a frame is compared with the mean of the same points in the frames that
    showed each of them first, so that nothing changes it but paint: neither a part that turns into view nor one that
    leaves it. Random changes of points cancel out, those that all share remain. The measure is Flowbrush's own. Light
    that moves changes colours rightly: compare with the render's own value.
    """

    def __init__(self) -> None:
        self._objects: dict[int, _Object] = {}

    def see(self, objects: np.ndarray, now: np.ndarray, first: np.ndarray) -> np.ndarray | None:
        """How far this frame's objects are from their first colours, mean over their points: (V,) CIEDE2000.

        objects: (N,) int32, whose point it is. now, first: (V, N, 3) CIELAB, of points laid in earlier frames. None
        where no object shows ENOUGH of them.
        """
        total, seen = np.zeros(len(now)), 0
        for number in np.unique(objects):
            own = objects == number
            points = int(np.count_nonzero(own))
            if points < ENOUGH:
                continue
            difference = ciede2000(now[:, own].mean(axis=1), first[:, own].mean(axis=1))
            one = self._objects.setdefault(int(number), _Object(0, 0, np.zeros(len(now))))
            one.frames += 1
            one.points += points
            one.differences += difference
            total, seen = total + points * difference, seen + points
        return total / seen if seen else None

    def objects(self) -> list[Drifted]:
        """All objects, by falling points."""
        found = [Drifted(number, one.points, one.differences / one.frames) for number, one in self._objects.items()]
        return sorted(found, key=lambda one: (-one.points, one.id))
