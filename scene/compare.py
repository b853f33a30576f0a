"""Two takes, or a take and the render, on the timeline with an upright border between them that can be moved.

Three strips of their own above all others, two of pictures and a wipe: the user's own stay as they are.
"""

from typing import Any

import bpy

from ..backend.errors import Code, ShotError
from . import compat
from .strips import Pictures, add, free_channel

PART = "flowbrush_comparison"  # custom property of a strip: what it is in the comparison


def begin(scene: bpy.types.Scene, left: Pictures, right: Pictures) -> None:
    """Shows `left` to the left of `right` at the frames that both have, instead of what was compared before.

    The border stays where it was, at first it is in the middle. Raises ShotError (BAD_TAKE) where the two have no frame
    in common, SceneError when no channels are free.
    """
    frames = range(max(left.frames.start, right.frames.start), min(left.frames.stop, right.frames.stop))
    if not frames:
        raise ShotError(Code.BAD_TAKE, f"'{left.name}' and '{right.name}' have no frame in common: finish one of them")
    at = border(scene)
    end(scene)
    editor = scene.sequence_editor_create()
    channel = free_channel(editor, frames, count=3)
    one, other = (add(scene, _cut(pictures, frames), channel + up) for up, pictures in enumerate((left, right)))
    name = f"{left.name} | {right.name}"
    wipe = compat.new_wipe(compat.strips_of(editor), name, channel + 2, frames, right=other, left=one)
    wipe.effect_fader = at
    for strip, part in ((one, "left"), (other, "right"), (wipe, "border")):
        strip[PART] = part
    editor.active_strip = wipe
    compat.show_in_sequencer(scene)


def end(scene: bpy.types.Scene) -> None:
    """Takes the comparison off the timeline."""
    for part in ("border", "left", "right"):
        if strip := _part(scene, part):
            compat.strips_of(scene.sequence_editor).remove(strip)


def runs(scene: bpy.types.Scene) -> bool:
    """Whether there is a comparison on the timeline."""
    return _part(scene, "border") is not None


def border(scene: bpy.types.Scene) -> float:
    """How far to the right the border is, 0 to 1; in the middle where nothing is compared."""
    strip = _part(scene, "border")
    return strip.effect_fader if strip else 0.5


def move_border(scene: bpy.types.Scene, at: float) -> None:
    """Moves the border."""
    if strip := _part(scene, "border"):
        strip.effect_fader = at


def _part(scene: bpy.types.Scene, part: str) -> Any:
    strips = compat.strips_of(scene.sequence_editor) if scene.sequence_editor else ()
    return next((strip for strip in strips if strip.get(PART) == part), None)


def _cut(pictures: Pictures, frames: range) -> Pictures:
    start = frames.start - pictures.first
    return Pictures(
        pictures.name, pictures.tag, pictures.size, frames.start, pictures.paths[start : start + len(frames)]
    )
