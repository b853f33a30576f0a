"""The animated numbers of a scene's settings: read at every frame without going there, and written as keyframes."""

from collections.abc import Iterable

import bpy

from ..backend.errors import Code, SettingsError
from ..backend.over_time import Key
from . import compat


def sampled(scene: bpy.types.Scene, path: str, frames: Iterable[int]) -> list[Key]:
    """The values that keyframes give the number at `path` of `scene`; none where it has no keyframes.

    Only its F-Curve is evaluated: the scene stays at its frame, and a long shot takes no time. Raises SettingsError for
    what takes the whole scene to evaluate: drivers and NLA strips.
    """
    animation = scene.animation_data
    if animation is None:
        return []
    if any(driver.data_path == path for driver in animation.drivers):
        raise _unreadable(scene, path, "a driver")
    if animation.use_nla and path in _paths_of_strips(animation):
        raise _unreadable(scene, path, "NLA strips")
    curves = [curve for curve in compat.action_curves(animation) if curve.data_path == path and _acts(curve)]
    return [(frame, curves[-1].evaluate(_time(scene, frame))) for frame in frames] if curves else []


def put_keys(scene: bpy.types.Scene, path: str, keys: Iterable[Key]) -> None:
    """Keyframes with even changes in between for the number at `path` of `scene`, which has none."""
    points_in_time = [(_time(scene, frame), value) for frame, value in keys]
    scene.keyframe_insert(path, frame=points_in_time[0][0])
    (curve,) = (curve for curve in compat.action_curves(scene.animation_data) if curve.data_path == path)
    points = curve.keyframe_points
    points.add(len(points_in_time) - len(points))
    points.foreach_set("co", [number for pair in points_in_time for number in pair])
    for point in points:
        point.interpolation = "LINEAR"
    curve.update()


def remove_keys(scene: bpy.types.Scene, group: str) -> None:
    """Removes the keyframes of all numbers in the property group `group` of `scene`."""
    if scene.animation_data is not None:
        compat.remove_curves(scene.animation_data, lambda curve: curve.data_path.startswith(f"{group}."))


def _paths_of_strips(animation: bpy.types.AnimData) -> set[str]:
    strips = [strip for track in animation.nla_tracks if not track.mute for strip in track.strips if not strip.mute]
    return {curve.data_path for strip in strips if strip.action for curve in compat.all_curves(strip.action)}


def _acts(curve: bpy.types.FCurve) -> bool:
    """Whether Blender evaluates the curve."""
    muted = curve.mute or (curve.group is not None and curve.group.mute)
    return not muted and curve.is_valid and not curve.is_empty


def _time(scene: bpy.types.Scene, frame: int) -> float:
    """Where on F-Curves Blender looks for `frame`: the scene may be stretched in time."""
    return float(frame * scene.render.frame_map_old / scene.render.frame_map_new)


def _unreadable(scene: bpy.types.Scene, path: str, what: str) -> SettingsError:
    owner, _, name = path.rpartition(".")
    label = scene.path_resolve(owner).bl_rna.properties[name].name
    return SettingsError(
        Code.BAD_SETTINGS,
        f"{label} is animated by {what}, which Flowbrush cannot read frame by frame: give it keyframes instead",
    )
