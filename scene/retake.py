"""Another take behind a strip that is on the timeline already, and which strips show a take."""

import re
from pathlib import Path
from typing import Any

import bpy

from ..backend.errors import Code, SceneError, ShotError
from ..backend.shot import Shot
from ..backend.take import Take
from .strips import TAG, every_strip, folder_text


def swap(strip: Any, shot: Shot, take: Take) -> None:
    """Lets `strip`, which shows frames of `shot`, show the same frames of `take`.

    Only its folder and, if it is named after the take that it showed, its name change: place, length, handles, speed,
    effects and keyframes stay. Raises SceneError for a strip that shows something else, ShotError (BAD_TAKE) where the
    take lacks some of the frames.
    """
    folder = Path(bpy.path.abspath(strip.directory)) if strip.type == "IMAGE" else Path()
    name, _, former = str(strip.get(TAG, "")).partition("/")
    elsewhere = folder.exists() and not folder.resolve().is_relative_to(shot.folder.resolve())
    if strip.type != "IMAGE" or name != shot.name or elsewhere:
        raise SceneError(
            Code.UNSUPPORTED_SCENE, f"The strip '{strip.name}' shows nothing of this shot: click one that shows a take"
        )
    frames = take.folder / "frames"
    # Every take of a shot, and its render, call a frame the same.
    lacking = [file for file in (element.filename for element in strip.elements) if not (frames / file).is_file()]
    if lacking:
        count = f"{len(lacking)} of the {len(strip.elements)} frames of '{strip.name}'"
        first = Path(lacking[0]).stem
        raise ShotError(Code.BAD_TAKE, f"The take '{take.name}' lacks {count}, the first is {first}: finish it first")
    if re.fullmatch(rf"{re.escape(former or 'Render')}(\.\d+)?", strip.name):
        strip.name = take.name
    strip.directory = folder_text(frames)
    strip[TAG] = f"{shot.name}/{take.name}"


def strips_of_take(folder: Path) -> list[str]:
    """The names of all strips of the open file that show pictures of the take in `folder`."""
    inside = folder.resolve()
    editors = [scene.sequence_editor for scene in bpy.data.scenes if scene.sequence_editor]
    return [
        strip.name
        for editor in editors
        for strip in every_strip(editor)
        if strip.type == "IMAGE" and Path(bpy.path.abspath(strip.directory)).resolve().is_relative_to(inside)
    ]
