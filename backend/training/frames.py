"""Frames to measure the starter model on, from a folder of rendered scenes or from a captured shot."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..passes.conditions import condition, passes_for
from ..passes.exr import read_passes, read_picture
from ..shot import Shot
from .examples import GEOMETRY, read_scene
from .filters import Sitter


@dataclass(frozen=True)
class Frame:
    """A picture, (H, W, 3) float32 0..1 sRGB, and its conditions by name, of the same shape."""

    name: str
    picture: np.ndarray
    conditions: dict[str, np.ndarray]

    @property
    def sitter(self) -> Sitter:
        """The frame as the filters see it."""
        normal, depth, lines = (self.conditions[name] for name in ("normal", "depth", "lineart"))
        return Sitter(self.picture, normal, depth[..., 0], lines[..., 0])

    def cut(self, size: int, down: float = 0.5) -> "Frame":
        """`size` x `size` pixels, or all where there are less; from `down` the height (0 top, 1 bottom), mid width."""
        height, width = self.picture.shape[:2]
        top, left = round(max(0, height - size) * down), max(0, (width - size) // 2)
        window = (slice(top, top + size), slice(left, left + size))
        cut = {name: np.ascontiguousarray(image[window]) for name, image in self.conditions.items()}
        return Frame(self.name, np.ascontiguousarray(self.picture[window]), cut)


def read_frames(folder: Path, count: int) -> list[Frame]:
    """`count` frames, evenly spread, of a shot's folder or of one that `training scenes` wrote.

    Raises FileNotFoundError where there are none, ShotError.
    """
    if (folder / "shot.json").exists():
        shot = Shot.load(folder)
        numbers = list(shot.captured_frames())
        return [_of_shot(shot, numbers[place]) for place in _spread(len(numbers), count)]
    scenes = sorted(folder.glob("[0-9]*.json"))
    if not scenes:
        raise FileNotFoundError(f"{folder} holds neither a shot nor rendered scenes")
    return [_of_scene(scenes[place]) for place in _spread(len(scenes), count)]


def _spread(there: int, wanted: int) -> list[int]:
    return [round(place) for place in np.linspace(0, there - 1, min(wanted, there))]


def _of_scene(path: Path) -> Frame:
    sitter, conditions = read_scene(path)
    return Frame(path.stem, sitter.picture, {**conditions, "colour": sitter.picture})


def _of_shot(shot: Shot, number: int) -> Frame:
    passes = read_passes(shot, number, passes_for(shot, GEOMETRY))
    picture = read_picture(shot, number)
    conditions = {name: condition(name, passes, shot, number) for name in GEOMETRY}
    return Frame(f"{shot.name} {number}", picture, {**conditions, "colour": picture})
