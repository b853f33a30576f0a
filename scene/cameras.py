"""Through which camera each frame is seen, and what a reader of a shot must know of it."""

from collections.abc import Mapping
from dataclasses import replace

import bpy

from ..backend.errors import Code, SceneError
from ..backend.shot import Camera

KINDS = ("PERSP", "ORTHO")


def camera_at(scene: bpy.types.Scene, frame: int) -> bpy.types.Object | None:
    """The camera that Blender uses at `frame`: that of the last timeline marker with a camera, else the scene's."""
    markers = [m for m in scene.timeline_markers if m.camera is not None and not m.camera.hide_render]
    before = [m for m in markers if m.frame <= frame]
    if before:
        return max(before, key=lambda m: m.frame).camera
    return min(markers, key=lambda m: m.frame).camera if markers else scene.camera


def check(scene: bpy.types.Scene, frames: range) -> None:
    """Raises SceneError when a frame has no camera, or one whose picture has no single plane."""
    for camera in {camera_at(scene, frame) for frame in frames}:
        if camera is None:
            raise SceneError(
                Code.NO_CAMERA,
                f"The scene '{scene.name}' has no camera: add one, or make a camera the scene's active one",
            )
        if camera.type != "CAMERA" or camera.data.type not in KINDS:
            raise SceneError(
                Code.UNSUPPORTED_SCENE,
                f"'{camera.name}' is not a perspective or orthographic camera: "
                "change its lens type, panoramic pictures cannot be stylized",
            )


def cuts(scene: bpy.types.Scene, frames: range) -> tuple[int, ...]:
    """The first frame of every segment but the first: where another camera takes over."""
    return tuple(f for f in frames[1:] if camera_at(scene, f) != camera_at(scene, f - 1))


def describe(scene: bpy.types.Scene, layer: bpy.types.ViewLayer, resolution: tuple[int, int]) -> Camera:
    """The scene's camera at the current frame, as evaluated by Blender; its scale is left out, as in renders."""
    depsgraph = layer.depsgraph
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


def with_offsets(
    cameras: Mapping[int, Camera], cut_frames: tuple[int, ...], resolution: tuple[int, int]
) -> dict[int, Camera]:
    """The cameras with their `vector_offset`.

    Blender's vector pass does not see a camera's shift move: it projects the neighbouring frames with the shift of
    this one. The shift only slides the image plane, so its part of the motion is the same for all pixels.
    """
    corrected = {}
    for frame, camera in cameras.items():
        previous = cameras.get(frame - 1, camera) if frame not in cut_frames else camera
        following = cameras.get(frame + 1, camera) if frame + 1 not in cut_frames else camera
        now, then, later = (_shift(c, resolution) for c in (camera, previous, following))
        offset = (then[0] - now[0], then[1] - now[1], now[0] - later[0], now[1] - later[1])
        corrected[frame] = replace(camera, vector_offset=tuple(v + 0.0 for v in offset))
    return corrected


def _shift(camera: Camera, resolution: tuple[int, int]) -> tuple[float, float]:
    """Where the camera's axis meets the picture, in pixels from its middle, y up."""
    p = camera.projection
    x, y = (p[3], p[7]) if camera.kind == "ORTHO" else (-p[2], -p[6])
    return x * resolution[0] / 2, y * resolution[1] / 2
