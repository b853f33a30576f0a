"""Which frame of its material a strip of the sequencer shows at every frame of the timeline."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from ..backend.errors import Code, SceneError
from ..backend.footage.numbering import numbered
from . import cameras, compat
from .describe import frames_per_second
from .footage import movie_length, plays_in_time

FINEST = 1000  # a part of a speed; a rate in shot.json has terms below a million


@dataclass(frozen=True)
class Footage:
    """A movie, or one image of a sequence.

    rate: frames a second at which a movie is sampled and its frames are counted, because the strip leaves some out;
    None where they are counted one by one.
    """

    path: Path
    rate: Fraction | None = None


@dataclass(frozen=True)
class OfScene:
    """A scene, by name. camera: the full name of the one that the strip chooses; empty for the scene's own."""

    scene: str
    camera: str = ""


@dataclass(frozen=True)
class Shown:
    """What a strip shows between its handles.

    start: the frame of the timeline at its left handle. frames: from there on, the number of the material's frame.
    """

    material: Footage | OfScene
    start: int
    frames: tuple[int, ...]

    @property
    def needed(self) -> tuple[int, int]:
        """The first and the last frame of the material that are shown, both included."""
        return min(self.frames), max(self.frames)


def shown_by(timeline: bpy.types.Scene, strip: Any) -> Shown:
    """What `strip` of the sequencer of `timeline` shows: trimmed, sped up, reversed or held as it may be.

    Raises SceneError for a strip that cannot be restyled.
    """
    span = compat.strip_span(strip)
    material: Footage | OfScene
    match strip.type:
        case "IMAGE":
            material, numbers = _images(strip, span)
        case "MOVIE":
            material, numbers = _movie(timeline, strip, span)
        case "SCENE":
            material, numbers = _scene(strip, span)
        case _:
            raise _refused(strip, "is no scene, movie or image strip: select one of those, or go into the meta strip")
    return Shown(material, span.start, numbers)


def _images(strip: Any, span: range) -> tuple[Footage, tuple[int, ...]]:
    folder = Path(bpy.path.abspath(strip.directory))
    elements = [strip.strip_elem_from_frame(frame) for frame in span]
    names = [numbered(folder / element.filename) if element else None for element in elements]
    known = [name for name in names if name is not None]
    if len(known) < len(names) or len({name.sequence for name in known}) != 1:
        raise _refused(strip, "shows images that are not numbered as one sequence: rename them")
    path = folder / elements[0].filename
    if not path.is_file():
        raise SceneError(Code.BAD_FOOTAGE, f"{path} of '{strip.name}' is not there: put it back, or choose another")
    return Footage(path), tuple(name.number for name in known)


def _movie(timeline: bpy.types.Scene, strip: Any, span: range) -> tuple[Footage, tuple[int, ...]]:
    path = Path(bpy.path.abspath(strip.filepath))
    total = movie_length(path)
    trim = compat.content_trim(strip)
    length = max(total - sum(trim), 1)
    of_movie = Fraction(strip.fps).limit_denominator(1001)
    of_scene = Fraction(*frames_per_second(timeline.render))
    speed = Fraction(1)
    if _is_retimed(strip):
        first, last = _ends(strip)
        speed = Fraction(length, last - first)
    elif plays_in_time(strip, total):
        speed = of_movie / of_scene
    indices = _indices(strip, span, length, float(speed))
    if speed <= 1:  # every frame is seen, some of them for longer
        return Footage(path), tuple(1 + trim[0] + round(index) for index in indices)
    rate = of_scene if speed == of_movie / of_scene else of_movie / speed.limit_denominator(FINEST)
    times = of_movie / rate
    return Footage(path, rate), tuple(1 + round((trim[0] + index) / times) for index in indices)


def _scene(strip: Any, span: range) -> tuple[OfScene, tuple[int, ...]]:
    scene, camera = strip.scene, strip.scene_camera
    if scene is None:
        raise _refused(strip, "shows no scene: choose one in its sidebar")
    if strip.scene_input == "SEQUENCER":
        raise _refused(strip, f"shows the sequencer of '{scene.name}': restyle the strips in there")
    trim = compat.content_trim(strip)
    length = scene.frame_end - scene.frame_start + 1 - sum(trim)
    if not _is_retimed(strip):
        length = compat.content_length(strip)
    indices = _indices(strip, span, max(length, 1), 1.0)
    numbers = tuple(scene.frame_start + trim[0] + round(index) for index in indices)
    if camera is None:
        cameras.check(scene, range(min(numbers), max(numbers) + 1))
    else:
        cameras.check_one(camera)
    return OfScene(scene.name, camera.name_full if camera else ""), numbers


def _indices(strip: Any, span: range, length: int, speed: float) -> list[float]:
    """What of its `length` frames a strip shows at each frame of `span`, counted from 0; as Blender computes it.

    speed: frames a frame of the timeline, of a strip that is not retimed. Before its content and after it a strip holds
    the nearest frame.
    """
    start, end = compat.content_start(strip), compat.content_start(strip) + compat.content_length(strip) - 1
    found = []
    for frame in span:
        passed = max(end - frame if strip.use_reverse_frames else frame - start, 0)
        index = passed * speed
        if _is_retimed(strip):
            first, last = _ends(strip)
            index = passed / (last - first) * compat.retimed_length(length)
        index = min(index, length - 1)
        found.append(index - index % strip.strobe if strip.strobe > 1 else index)
    return found


def _is_retimed(strip: Any) -> bool:
    return len(getattr(strip, "retiming_keys", ())) > 0


def _ends(strip: Any) -> tuple[int, int]:
    """The frames of the timeline between which a retimed strip plays. Raises SceneError where its speed changes."""
    keys = sorted(key.timeline_frame for key in strip.retiming_keys)
    if len(keys) != 2 or keys[0] == keys[1]:
        # Blender tells nobody how fast a strip is between its keys; of two, the first and the last frame are known.
        raise _refused(strip, "changes its speed on the way: split it where it does, or render it to images first")
    return keys[0], keys[1]


def _refused(strip: Any, why: str) -> SceneError:
    return SceneError(Code.UNSUPPORTED_SCENE, f"'{strip.name}' {why}")
