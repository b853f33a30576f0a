"""What is to be done next on the way from a scene to its timeline, told from what was last seen on disk."""

from dataclasses import dataclass

import bpy

from ..scene import strips
from . import takes


@dataclass(frozen=True)
class Step:
    """The operator that does it, and what its button says."""

    operator: str
    label: str
    icon: str


def next_step(scene: bpy.types.Scene) -> Step:
    """The step that follows for the shot of `scene` and the take whose name is in its panel. Reads no file."""
    chosen = scene.flowbrush
    first, last = chosen.frame_range
    known = takes.takes_of(scene)
    if known is None or not known.frames:
        return Step("flowbrush.capture", f"Capture {_frames(last - first + 1)}", "RENDER_STILL")
    if known.missing:
        there = known.frames - known.missing
        return Step("flowbrush.capture", f"Go On Capturing: {there} of {known.frames}", "RENDER_STILL")
    if not known.footage and (first < known.first or last >= known.first + known.frames):
        return Step("flowbrush.capture", f"Capture {_frames(last - first + 1)}", "RENDER_STILL")
    take = known.takes.get(chosen.take)
    if take is None or not take.finished:
        return Step("flowbrush.stylize_animation", f"Stylize {_frames(known.frames)}", "RENDER_ANIMATION")
    if take.former:
        return Step("flowbrush.stylize_animation", f"Renew {_frames(known.frames)}", "RENDER_ANIMATION")
    if take.finished < take.wanted:
        return Step("flowbrush.stylize_animation", f"Go On: {take.finished} of {take.wanted}", "RENDER_ANIMATION")
    if not _on_timeline(scene, take.name):
        return Step("flowbrush.load_into_sequencer", f"Load {_frames(take.finished)} into Timeline", "SEQUENCE")
    return Step("flowbrush.new_take", f"Begin {free_name(scene)}", "ADD")


def free_name(scene: bpy.types.Scene) -> str:
    """The name of the take in the panel, with the next number that no take has."""
    known = takes.takes_of(scene)
    taken = {take.name for take in known.takes} if known is not None else set()
    name = scene.flowbrush.take.strip() or "take"
    stem = name.rstrip("0123456789").rstrip() or "take"
    number = int(name[len(stem) :].strip() or 1)
    while f"{stem} {number}" in taken or f"{stem} {number}" == name:
        number += 1
    return f"{stem} {number}"


def _on_timeline(scene: bpy.types.Scene, take: str) -> bool:
    editor = scene.sequence_editor
    tag = f"{scene.flowbrush.folder_name}/{take}"
    return editor is not None and any(strip.get(strips.TAG) == tag for strip in strips.every_strip(editor))


def _frames(count: int) -> str:
    return "1 Frame" if count == 1 else f"{max(count, 0)} Frames"
