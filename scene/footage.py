"""What a strip of the sequencer shows of a movie or of numbered images."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from ..backend.errors import Code, SceneError
from ..backend.footage.numbering import numbered
from . import compat
from .describe import frames_per_second


@dataclass(frozen=True)
class StripFootage:
    """The footage behind a strip, and which part of it the strip shows where.

    name: the strip's. frames: first and last of the footage, both included. start: the frame of the timeline that shows
    the first. rate: frames a second at which a movie has to be sampled to be shown as on the timeline; None for one by
    one.
    """

    name: str
    path: Path
    frames: tuple[int, int]
    start: int
    rate: Fraction | None = None


def footage_of(scene: bpy.types.Scene, strip: Any) -> StripFootage:
    """What `strip` of the sequencer of `scene` shows. Raises SceneError for a strip that is no plain footage."""
    if strip is None or strip.type not in ("MOVIE", "IMAGE"):
        raise SceneError(Code.UNSUPPORTED_SCENE, "No footage is selected: select a movie or image strip")
    if strip.use_reverse_frames or len(getattr(strip, "retiming_keys", ())):
        raise SceneError(
            Code.UNSUPPORTED_SCENE, f"'{strip.name}' is reversed or retimed: make a movie of it first, or undo that"
        )
    content = compat.content_start(strip)
    shown = compat.strip_span(strip)
    shown = range(max(shown.start, content), min(shown.stop, content + compat.content_length(strip)))
    if not shown:
        raise SceneError(Code.EMPTY_RANGE, f"'{strip.name}' shows no frame of its footage: move its handles")
    speed, rate = Fraction(1), None
    if strip.type == "MOVIE":
        path, first = Path(bpy.path.abspath(strip.filepath)), 1
        of_scene = Fraction(*frames_per_second(scene.render))
        if plays_in_time(strip, movie_length(path)):
            speed, rate = of_scene / Fraction(strip.fps), of_scene
    else:
        path, first = _sequence(strip)
    first += round(compat.content_trim(strip)[0] * speed) + shown.start - content
    return StripFootage(strip.name, path, (first, first + len(shown) - 1), shown.start, rate)


def movie_length(path: Path) -> int:
    """How many frames Blender finds in a movie. Raises SceneError where it cannot be read."""
    try:
        clip = bpy.data.movieclips.load(str(path))
    except RuntimeError as error:
        raise SceneError(Code.BAD_FOOTAGE, f"{path} cannot be read: put it back, or choose another") from error
    frames: int = clip.frame_duration
    bpy.data.movieclips.remove(clip)
    return frames


def plays_in_time(strip: Any, frames: int) -> bool:
    """Whether a strip of a movie of so many frames keeps its speed where the scene has another rate, instead of showing
    every frame.

    Blender does not say so; but then the strip has not as many frames as the movie.
    """
    return abs(compat.content_length(strip) + sum(compat.content_trim(strip)) - frames) > 1


def _sequence(strip: Any) -> tuple[Path, int]:
    """The first image of an image strip, and its number. Raises SceneError unless the images are numbered in order."""
    folder = Path(bpy.path.abspath(strip.directory))
    names = [numbered(folder / element.filename) for element in strip.elements]
    first = names[0]
    in_order = first is not None and all(
        name is not None and (name.sequence, name.number) == (first.sequence, first.number + place)
        for place, name in enumerate(names)
    )
    if first is None or not in_order or len(names) < 2:
        raise SceneError(
            Code.UNSUPPORTED_SCENE, f"The images of '{strip.name}' are not numbered one after the other: rename them"
        )
    return folder / strip.elements[0].filename, first.number
