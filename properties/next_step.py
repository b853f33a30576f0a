"""What is to be done next on the way from a scene to its timeline, told from what was last seen on disk.

All of it is asked for whenever the tab is drawn: no file is read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import bpy

from .. import preferences
from ..backend.errors import FlowbrushError, ShotError
from ..backend.possible import possible
from ..backend.shot import Shot
from ..backend.take import TakeSettings
from ..scene import compat, restyle, strips
from ..settings import take_settings
from . import takes

MOMENTS = 48  # frames at which settings that change over time are compared


@dataclass(frozen=True)
class Step:
    """The operator that does it, what its button says, and what the operator is told."""

    operator: str
    label: str
    icon: str
    arguments: Mapping[str, str] = field(default_factory=dict)


def next_step(scene: bpy.types.Scene) -> Step:
    """The step that follows for the shot of `scene` and the take whose name is in its panel."""
    chosen = scene.flowbrush
    first, last = chosen.frame_range
    known = takes.takes_of(scene)
    if known is None or not known.frames:
        return _capture(last - first + 1)
    if known.missing:
        there = known.frames - known.missing
        return Step("flowbrush.capture", f"Go On Capturing: {there} of {known.frames}", "RENDER_STILL")
    if not known.footage and (first < known.first or last >= known.first + known.frames):
        return _capture(last - first + 1)
    return _paint(scene, known)


def step_in(context: bpy.types.Context) -> Step:
    """The step that follows in the editor of `context`: in the sequencer for its strips, where some can be restyled."""
    if context.area is None or context.area.type != "SEQUENCE_EDITOR":
        return next_step(context.scene)
    count = len(restyle.chosen(compat.sequencer_scene(context)))
    known = takes.takes_of(context.scene)
    if not count and known is not None and known.footage:
        return next_step(context.scene)
    label = f"Restyle {count} Strips" if count > 1 else "Restyle Strip"
    return Step("flowbrush.restyle_strip", label, "BRUSH_DATA")


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


def _capture(count: int) -> Step:
    return Step("flowbrush.capture", f"Capture {_frames(count)}", "RENDER_STILL")


def _paint(scene: bpy.types.Scene, known: takes.FlowbrushTakeList) -> Step:
    """What painting the captured shot of `scene` into the take in the panel comes to."""
    shot = takes.shots[preferences.shot_folder(scene)]
    take = known.takes.get(scene.flowbrush.take)
    frames = shot.frame_numbers
    some = frames[:: 1 + len(frames) // MOMENTS]
    anew = Step("flowbrush.stylize_animation", f"Stylize {_frames(known.frames)}", "RENDER_ANIMATION")
    try:
        now = _settings(scene, shot, some)
    except ShotError:  # passes or estimates are missing
        if known.footage:
            return Step("flowbrush.estimate_conditions", "Estimate Conditions", "SHADERFX")
        return _capture(known.frames)
    except FlowbrushError:  # which the operator tells
        return anew
    if take is None:
        return anew
    made_with = takes.made_with.get(shot.take_folder(take.name))
    if made_with is None or made_with.still() != now.still():
        name = free_name(scene)
        label = f"Stylize {_frames(known.frames)} as {name}"
        return Step("flowbrush.stylize_animation", label, "RENDER_ANIMATION", {"take": name})
    if not take.finished:
        return anew
    changed = [frame for frame in some if now.at(frame) != made_with.at(frame)]
    if take.former or changed:
        return Step(
            "flowbrush.stylize_animation", _repaint(take, now, changed, every=some == frames), "RENDER_ANIMATION"
        )
    if take.finished < take.wanted:
        return Step("flowbrush.stylize_animation", f"Go On: {take.finished} of {take.wanted}", "RENDER_ANIMATION")
    if not _on_timeline(scene, take.name):
        return Step("flowbrush.load_into_sequencer", f"Load {_frames(take.finished)} into Timeline", "SEQUENCE")
    return Step("flowbrush.new_take", f"Begin {free_name(scene)}", "ADD")


def _settings(scene: bpy.types.Scene, shot: Shot, frames: range) -> TakeSettings:
    """As the worker would paint `shot` with the panel's settings, which are looked up at `frames`. Raises ShotError
    where the shot does not allow it, SettingsError."""
    return possible(take_settings(scene.flowbrush, frames), shot, lambda _sentence: None)


def _repaint(take: takes.FlowbrushTake, now: TakeSettings, changed: list[int], *, every: bool) -> str:
    """How many frames are painted again is known here only where each is by itself and the shot is the same."""
    if take.former or not every or now.method != "per_frame" or take.finished < take.wanted:
        return "Repaint What Changed"
    return "Repaint 1 Changed Frame" if len(changed) == 1 else f"Repaint {len(changed)} Changed Frames"


def _on_timeline(scene: bpy.types.Scene, take: str) -> bool:
    editor = scene.sequence_editor
    tag = f"{scene.flowbrush.folder_name}/{take}"
    return editor is not None and any(strip.get(strips.TAG) == tag for strip in strips.every_strip(editor))


def _frames(count: int) -> str:
    return "1 Frame" if count == 1 else f"{max(count, 0)} Frames"
