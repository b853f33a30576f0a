"""A take on the timeline while it is painted: its finished frames, and the render in the place of the others."""

import os
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
    if _strip(scene, shot, take) is None:
        frames, render = take.frame_numbers(shot), strips.render_pictures(shot)
        start = frames.start - render.first
        paths = render.paths[start : start + len(frames)]
        strips.place(scene, Pictures(take.name, _tag(shot, take), shot.resolution, frames.start, paths))
    update(scene, shot, take)
    return _strip(scene, shot, take)


def update(scene: bpy.types.Scene, shot: Shot, take: Take) -> None:
    """Shows what is finished by now in the strip of `take`, where there is one."""
    strip = _strip(scene, shot, take)
    frames = take.frame_numbers(shot)
    if strip is None or len(strip.elements) != len(frames):
        return
    folder = take.folder / "frames"
    finished = set(take.finished(shot))
    text = strips.folder_text(folder)
    if strip.directory.rstrip("/\\") != text.rstrip("/\\"):
        strip.directory = text
    for frame, element in zip(frames, strip.elements, strict=True):
        path = take.frame_path(frame)
        name = path.name if frame in finished else os.path.relpath(shot.picture_path(frame), folder)
        if element.filename != name:
            element.filename = name


def _tag(shot: Shot, take: Take) -> str:
    return f"{shot.name}/{take.name}"


def _strip(scene: bpy.types.Scene, shot: Shot, take: Take) -> Any:
    editor = scene.sequence_editor
    every = strips.every_strip(editor) if editor else ()
    return next((strip for strip in every if strip.type == "IMAGE" and strip.get(TAG) == _tag(shot, take)), None)
