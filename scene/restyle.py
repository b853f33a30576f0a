"""Lays the restyled version of a strip over it on the sequencer, and finds the two again."""

from typing import Any

import bpy

from ..backend.errors import Code, SceneError
from ..backend.shot import Shot
from ..backend.take import Take
from . import compat, strips
from .strip_frames import Shown

KINDS = ("SCENE", "MOVIE", "IMAGE")
# What an editor has done to a strip and expects of the one that lies over it.
LOOK = ("blend_type", "blend_alpha", "use_flip_x", "use_flip_y", "color_saturation", "color_multiply")
TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
CROP = ("min_x", "max_x", "min_y", "max_y")
CARRIED = {*LOOK, *(f"transform.{name}" for name in TRANSFORM), *(f"crop.{name}" for name in CROP)}
KEY = ("interpolation", "easing", "back", "amplitude", "period", "handle_left_type", "handle_right_type")


def chosen(timeline: bpy.types.Scene) -> list[Any]:
    """The strips of `timeline` that are to be restyled, in the order of their beginnings.

    Those that are selected, else the active one; in place of a restyled version what lies under it. Empty for none.
    """
    editor = timeline.sequence_editor
    if editor is None:
        return []
    level = editor.meta_stack[-1] if len(editor.meta_stack) else editor
    selected = [strip for strip in compat.strips_of(level) if strip.select]
    if not selected and editor.active_strip is not None:
        selected = [editor.active_strip]
    by_name = {strip.name: strip for strip in strips.every_strip(editor)}
    sources = [by_name.get(strip.get(strips.OF, ""), strip) for strip in selected if strip.type in KINDS]
    return sorted({strip.name: strip for strip in sources}.values(), key=lambda strip: compat.strip_span(strip).start)


def find(timeline: bpy.types.Scene, name: str) -> Any:
    """The strip of that name. Raises SceneError where it is gone."""
    for strip in strips.every_strip(timeline.sequence_editor) if timeline.sequence_editor else ():
        if strip.name == name:
            return strip
    raise SceneError(Code.UNSUPPORTED_SCENE, f"The strip '{name}' is gone from the timeline: its take is kept")


def lay_over(timeline: bpy.types.Scene, strip: Any, shown: Shown, shot: Shot, take: Take) -> Any:
    """The restyled version of `strip`: the one that is there, which then shows `take` of `shot`, or a new one.

    It covers the same frames and shows of each what `strip` does, as `shown` tells, with one picture a frame: it needs
    no speed of its own. What the editor has done to `strip` (LOOK, TRANSFORM, CROP, and their keyframes) a new one gets
    too; of one that is there the channel and all this stay as they are. What is not painted yet is a gap, which
    `growing` fills. Raises SceneError when no channel is free.
    """
    first, last = shot.frames
    paths = tuple(take.frame_path(min(max(frame, first), last)) for frame in shown.frames)
    name = f"{strip.name} Restyled"
    pictures = strips.Pictures(name, f"{shot.name}/{take.name}", shot.resolution, shown.start, paths)
    result = _existing(timeline, strip, pictures.frames)
    if result is None:
        owner = _owner(timeline.sequence_editor, strip)
        result = strips.add(timeline, pictures, _channel(owner, strip, pictures.frames), owner)
        _carry_over(timeline, strip, result, shot.resolution)
        result[strips.OF] = strip.name
    else:
        compat.open_handles(result)
        strips.show(result, pictures)
        if compat.content_start(result) != shown.start:
            compat.move_strip(result, shown.start)
    result[strips.TAG] = pictures.tag
    return result


def above_others(timeline: bpy.types.Scene, strip: Any, result: Any) -> list[str]:
    """A sentence where `result` hides more than the `strip` under it, else none."""
    owner = _owner(timeline.sequence_editor, result)
    names = [
        f"'{other.name}'"
        for other in strips.sharing(owner, compat.strip_span(result))
        if strip.channel < other.channel < result.channel and other.type != "SOUND" and not other.mute
    ]
    return [f"'{result.name}' lies above {', '.join(names)} too: move it down"] if names else []


def _existing(timeline: bpy.types.Scene, strip: Any, frames: range) -> Any:
    """Where a user has copied it, the one that shares a frame with `frames`."""
    found = [one for one in strips.every_strip(timeline.sequence_editor) if one.get(strips.OF) == strip.name]
    near = [one for one in found if set(compat.strip_span(one)) & set(frames)]
    return next(iter(near + found), None)


def _owner(editor: Any, strip: Any) -> Any:
    metas = [one for one in strips.every_strip(editor) if one.type == "META"]
    return next((one for one in metas if strip.name in compat.strips_of(one)), editor)


def _channel(owner: Any, strip: Any, frames: range) -> int:
    taken = {other.channel for other in strips.sharing(owner, frames)}
    free = [channel for channel in range(strip.channel + 1, strips.MAX_CHANNEL + 1) if channel not in taken]
    if not free:
        raise SceneError(
            Code.UNSUPPORTED_SCENE,
            f"No channel above '{strip.name}' is free: move strips down and try again",
        )
    return free[0]


def _carry_over(timeline: bpy.types.Scene, strip: Any, result: Any, size: tuple[int, int]) -> None:
    for name in LOOK:
        setattr(result, name, getattr(strip, name))
    for name in TRANSFORM:
        setattr(result.transform, name, getattr(strip.transform, name))
    for name in CROP:
        setattr(result.crop, name, getattr(strip.crop, name))
    animation = timeline.animation_data
    if animation is not None:
        before, after = (f"{one.path_from_id()}." for one in (strip, result))
        for curves in compat.curve_collections(animation):
            _copy_curves(curves, before, after)
    stored = strip.elements[0] if strip.type in ("MOVIE", "IMAGE") else None
    if stored is not None and stored.orig_width and stored.orig_height:
        # A shot has square pixels, a movie need not: the picture is as large as before.
        result.transform.scale_x *= stored.orig_width / size[0]
        result.transform.scale_y *= stored.orig_height / size[1]


def _copy_curves(curves: Any, before: str, after: str) -> None:
    for curve in [one for one in curves if one.data_path.startswith(before)]:
        path = curve.data_path.removeprefix(before)
        if path not in CARRIED:
            continue
        copy = curves.new(after + path, index=curve.array_index)
        copy.extrapolation = curve.extrapolation
        copy.keyframe_points.add(len(curve.keyframe_points))
        for key, old in zip(copy.keyframe_points, curve.keyframe_points, strict=True):
            for name in KEY:
                setattr(key, name, getattr(old, name))
            key.co, key.handle_left, key.handle_right = old.co, old.handle_left, old.handle_right
        copy.update()
