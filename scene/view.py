"""A frame's picture as the camera sees it: where points of the world are in it, and what is in front of them."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ..backend.shot import Camera
from .bone_maps import unit


@dataclass(frozen=True)
class View:
    """A camera's picture of `resolution` (width, height). depth: (H, W) metres along its axis; ids: (H, W) the objects'
    numbers, as in a shot's passes; None where they were not captured."""

    camera: Camera
    resolution: tuple[int, int]
    depth: np.ndarray | None = None
    ids: np.ndarray | None = None

    @cached_property
    def _into(self) -> np.ndarray:
        """(4, 4): from the world to the camera's space."""
        return np.linalg.inv(_matrix(self.camera.matrix_world))

    def project(self, place: np.ndarray) -> tuple[float, float, float]:
        """Column, row and depth of a point of the world: pixels, a pixel's centre at whole numbers, row 0 at the top;
        metres along the camera's axis, not positive behind it, where column and row mean nothing."""
        seen = self._into @ np.append(place, 1.0)
        x, y, _, w = _matrix(self.camera.projection) @ seen
        w = w if abs(w) > 1e-9 else 1e-9
        width, height = self.resolution
        return float((x / w + 1) / 2 * width - 0.5), float((1 - y / w) / 2 * height - 0.5), float(-seen[2])

    def holds(self, x: float, y: float) -> bool:
        """Whether a place in pixels is in the picture."""
        return -0.5 <= x < self.resolution[0] - 0.5 and -0.5 <= y < self.resolution[1] - 0.5

    def towards(self, place: np.ndarray) -> np.ndarray:
        """(3,): the direction from a point of the world to the camera, length 1."""
        matrix = _matrix(self.camera.matrix_world)
        return unit(matrix[:3, 3] - place) if self.camera.kind == "PERSP" else unit(matrix[:3, 2])

    def hides(self, place: np.ndarray, around: float, inside: float, through: float, own: np.ndarray) -> bool:
        """Whether something is in front of most of a point's surroundings.

        around: their radius, metres. inside: how far in front of the point other objects may be without hiding it;
        through: how far the objects with the numbers `own` may be; metres.
        """
        if self.depth is None or self.ids is None:
            return False
        x, y, depth = self.project(place)
        side = np.array(self.camera.matrix_world).reshape(4, 4)[:3, 0]
        radius = max(1.0, abs(self.project(place + around * unit(side))[0] - x))
        rows, columns = np.mgrid[
            max(0, int(y - radius)) : int(y + radius) + 2, max(0, int(x - radius)) : int(x + radius) + 2
        ]
        close = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
        close &= (rows < self.resolution[1]) & (columns < self.resolution[0])
        rows, columns = rows[close], columns[close]
        if not len(rows):
            return False
        nearest = np.where(np.isin(self.ids[rows, columns], own), through, inside)
        return bool(np.mean(self.depth[rows, columns] < depth - nearest) > 0.5)


def _matrix(numbers: tuple[float, ...]) -> np.ndarray:
    return np.array(numbers, float).reshape(4, 4)
