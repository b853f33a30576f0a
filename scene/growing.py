"""A take on the timeline while it is painted: its finished frames, and the render in the place of the others."""

import os
from pathlib import Path
from typing import Any

import bpy

from ..backend.shot import Shot
from ..backend.take import Take
from . import strips
from .strips import TAG, Pictures


def watch(scene: bpy.types.Scene, shot: Shot, take: Take) -> Any:
    """The strip of `take` on the sequencer of `scene`: the one that is there, or a new one.

    Loading the finished take later brings this very strip up to date. Raises ShotError where the shot lacks frames,
    SceneError when no channel is free.
    """
    if not _strips(scene, shot, take):
        frames, render = take.frame_numbers(shot), strips.render_pictures(shot)
        start = frames.start - render.first
        paths = render.paths[start : start + len(frames)]
        strips.place(scene, Pictures(take.name, _tag(shot, take), shot.resolution, frames.start, paths))
    update(scene, shot, take)
    return _strips(scene, shot, take)[0]


def update(scene: bpy.types.Scene, shot: Shot, take: Take) -> None:
    """Shows what is finished by now in the strips of `take`, and the render in the place of the rest.

    In what order a strip shows the frames of the shot, and which of them, stays.
    """
    found = _strips(scene, shot, take)
    if not found:
        return
    folder, pictures = take.folder / "frames", shot.picture_path(shot.frames[0]).parent
    finished = {take.frame_path(frame).name for frame in take.finished(shot)}
    unfinished = {shot.picture_path(frame).name for frame in shot.frame_numbers} - finished
    text = strips.folder_text(folder)
    for strip in found:
        if strip.directory.rstrip("/\\") != text.rstrip("/\\"):
            strip.directory = text
        for element in strip.elements:
            name = Path(element.filename).name  # every take of a shot, and its render, call a frame the same
            shown = os.path.relpath(pictures / name, folder) if name in unfinished else name
            if element.filename != shown:
                element.filename = shown


def _tag(shot: Shot, take: Take) -> str:
    return f"{shot.name}/{take.name}"


def _strips(scene: bpy.types.Scene, shot: Shot, take: Take) -> list[Any]:
    editor = scene.sequence_editor
    every = strips.every_strip(editor) if editor else ()
    tagged = [strip for strip in every if strip.type == "IMAGE" and strip.get(TAG) == _tag(shot, take)]
    return [strip for strip in tagged if _is_of(shot, Path(bpy.path.abspath(strip.directory)))]


def _is_of(shot: Shot, folder: Path) -> bool:
    # Two shots may have one name; a folder that is gone means that this shot was moved.
    return not folder.exists() or folder.resolve().is_relative_to(shot.folder.resolve())
