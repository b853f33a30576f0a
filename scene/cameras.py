"""Through which camera each frame is seen, and what a reader of a shot must know of it."""

from collections.abc import Mapping

import bpy
import numpy as np

from ..backend.errors import Code, SceneError
from ..backend.shot import Camera
from . import compat

KINDS = ("PERSP", "ORTHO")
_LENS = {"lens", "ortho_scale", "sensor_fit", "sensor_width", "sensor_height", "shift_x", "shift_y"}


def camera_at(scene: bpy.types.Scene, frame: int) -> bpy.types.Object | None:
    """The camera that Blender uses at `frame`: that of the last timeline marker with a camera, else the scene's."""
    markers = [m for m in scene.timeline_markers if m.camera is not None and not m.camera.hide_render]
    time = _mapped(scene.render, frame)
    before = [m for m in markers if m.frame <= time]
    if before:
        return max(before, key=lambda m: m.frame).camera
    return min(markers, key=lambda m: m.frame).camera if markers else scene.camera


def _mapped(render: bpy.types.RenderSettings, frame: int) -> int:
    """The frame of the animation that is rendered as `frame`: time may be stretched (`frame_map_new`).

    Blender has the factor as a 32-bit number, and cuts off what is behind the point to find a marker.
    """
    return int(frame * float(np.float32(render.frame_map_old) / np.float32(render.frame_map_new)))


def kinds(scene: bpy.types.Scene, frames: range) -> set[str]:
    """The kinds of camera (PERSP, ORTHO…) that `frames` are seen through."""
    found = (camera_at(scene, frame) for frame in frames)
    return {camera.data.type for camera in found if camera is not None}


def check(scene: bpy.types.Scene, frames: range) -> None:
    """Raises SceneError when a frame has no camera, or one whose picture has no single plane."""
    for camera in {camera_at(scene, frame) for frame in frames}:
        if camera is None:
            raise SceneError(
                Code.NO_CAMERA,
                f"The scene '{scene.name}' has no camera: add one, or make a camera the scene's active one",
            )
        check_one(camera)


def check_one(camera: bpy.types.Object) -> None:
    """Raises SceneError where what `camera` sees has no single plane."""
    if camera.type != "CAMERA" or camera.data.type not in KINDS:
        raise SceneError(
            Code.UNSUPPORTED_SCENE,
            f"'{camera.name}' is not a perspective or orthographic camera: "
            "change its lens type, panoramic pictures cannot be stylized",
        )


def see_through(scene: bpy.types.Scene, name: str) -> None:
    """Makes the camera of the full name `name` the only one of `scene`, as a scene strip can. Raises SceneError."""
    camera = next((item for item in bpy.data.objects if item.name_full == name), None)
    if camera is None:
        raise SceneError(Code.NO_CAMERA, f"The camera '{name}' of the strip is gone: choose another one in its sidebar")
    scene.camera = camera
    for marker in scene.timeline_markers:
        marker.camera = None


def cuts(scene: bpy.types.Scene, frames: range) -> tuple[int, ...]:
    """The first frame of every segment but the first: where another camera takes over."""
    return tuple(f for f in frames[1:] if camera_at(scene, f) != camera_at(scene, f - 1))


def distrust(cameras: Mapping[int, Camera], cuts: tuple[int, ...], engine: str) -> str:
    """Why nothing in the shot has vectors of `engine` to be trusted; empty where the cameras give no reason."""
    if engine == compat.EEVEE or compat.ORTHOGRAPHIC_VECTORS:
        return ""
    for frame, camera in cameras.items():
        before = cameras.get(frame - 1)
        if before is None or frame in cuts or camera.kind != "ORTHO":
            continue
        if not np.allclose(before.matrix_world, camera.matrix_world, rtol=0.0, atol=1e-6):
            return (
                f"Blender {bpy.app.version_string} has wrong vectors for the moving orthographic camera, frame {frame}"
            )
    return ""


def lens_curves() -> list[bpy.types.FCurve]:
    """The curves and drivers that zoom a camera or shift its picture.

    While they are muted, Blender's vector pass projects the neighbouring frames through this frame's lens, in every
    version and for every kind of camera; a reader puts the neighbours' own lenses in (`backend.passes.exr`). Otherwise
    no version follows a shift, 4.2 no zoom, and 4.5 takes an orthographic zoom for a perspective one.
    """
    animated = [camera.animation_data for camera in bpy.data.cameras if camera.animation_data is not None]
    curves = [curve for data in animated for curve in (*compat.action_curves(data), *data.drivers)]
    return [curve for curve in curves if curve.data_path in _LENS and not curve.mute]


def clip_end(scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> float:
    """How far the scene's camera sees at the current frame, metres along its axis."""
    camera: bpy.types.Camera = scene.camera.evaluated_get(layer.depsgraph).data
    return camera.clip_end


def describe(scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph, resolution: tuple[int, int]) -> Camera:
    """The scene's camera at the current frame, as evaluated in `depsgraph`; its scale is left out, as in renders."""
    camera = scene.camera.evaluated_get(depsgraph)
    render = scene.render
    projection = camera.calc_matrix_camera(
        depsgraph,
        x=resolution[0],
        y=resolution[1],
        scale_x=render.pixel_aspect_x,
        scale_y=render.pixel_aspect_y,
    )
    return Camera(
        name=scene.camera.name_full,
        kind=camera.data.type,
        matrix_world=tuple(v for row in camera.matrix_world.normalized() for v in row),
        projection=tuple(v for row in projection for v in row),
    )
