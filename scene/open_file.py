"""Opens what can be captured: a .blend as it is, a model in an empty scene, with a view of it where it brings none."""

import math
from pathlib import Path

import bpy
import numpy as np
from mathutils import Vector

from ..backend.errors import Code, SceneError
from . import compat
from .surface import RENDERED

# Ending: the operator that imports it, and where Blender gets that operator from.
_IMPORTERS = {
    ".glb": ("gltf", "the add-on glTF 2.0 format"),
    ".gltf": ("gltf", "the add-on glTF 2.0 format"),
    ".fbx": ("fbx", "the add-on FBX format"),
    ".vrm": ("vrm", "the extension VRM format"),
}
_ROOM = 1.08  # the camera stands this much farther away than would just show the model


def open_file(path: Path) -> list[str]:
    """Makes the scene of `path` Blender's current one; returns sentences about what was added or left out.

    A .blend is opened as it is. A model (.glb, .gltf, .fbx, .vrm) is imported into an empty scene, whose range becomes
    that of its animation; it gets a camera, light and ground where it has none. Raises SceneError (UNSUPPORTED_SCENE).
    """
    if not path.is_file():
        raise SceneError(Code.UNSUPPORTED_SCENE, f"There is no file {path}: check the name")
    if path.suffix.lower() == ".blend":
        return _open_blend(path)
    if path.suffix.lower() not in _IMPORTERS:
        known = ", ".join((".blend", *_IMPORTERS))
        raise SceneError(Code.UNSUPPORTED_SCENE, f"{path.name} cannot be opened: give a file that ends in {known}")
    _import_model(path)
    return _complete(bpy.context.scene)


def _open_blend(path: Path) -> list[str]:
    try:
        bpy.ops.wm.open_mainfile(filepath=str(path), load_ui=False)
    except RuntimeError as error:
        raise SceneError(Code.UNSUPPORTED_SCENE, f"Blender cannot open {path.name}: {_reason(error)}") from error
    if bpy.app.autoexec_fail:
        return [
            f"Scripts in {path.name} were not run ({bpy.app.autoexec_fail_message}): "
            "allow them in Blender's preferences if the scene needs them"
        ]
    return []


def _import_model(path: Path) -> None:
    name, source = _IMPORTERS[path.suffix.lower()]
    bpy.ops.wm.read_factory_settings(use_empty=True)
    if not hasattr(bpy.types, f"IMPORT_SCENE_OT_{name}"):
        raise SceneError(Code.UNSUPPORTED_SCENE, f"Blender cannot import {path.suffix}: switch on {source}")
    try:
        getattr(bpy.ops.import_scene, name)(filepath=str(path))
    except RuntimeError as error:
        raise SceneError(Code.UNSUPPORTED_SCENE, f"Blender cannot import {path.name}: {_reason(error)}") from error


def _complete(scene: bpy.types.Scene) -> list[str]:
    """Adds to an imported model what a shot needs and the file does not bring."""
    scene.render.engine = "CYCLES"
    scene.frame_start, scene.frame_end = _animated_range(scene)
    points = _corners(scene)
    notices = []
    if not any(item.type == "LIGHT" for item in scene.objects):
        _add_light(scene)
        _add_ground(scene, points)
        notices.append("The model brings no light: a sun, a sky and a ground were added")
    if scene.camera is None:
        found = next((item for item in scene.objects if item.type == "CAMERA"), None)
        if found is None:
            found = _add_camera(scene, points)
            notices.append("The model brings no camera: one was added that shows it whole")
        scene.camera = found
    return notices


def _animated_range(scene: bpy.types.Scene) -> tuple[int, int]:
    """First and last frame of the actions that play; the scene's own range when nothing does."""
    playing = [
        item.animation_data.action.frame_range
        for item in scene.objects
        if item.animation_data is not None and item.animation_data.action is not None
    ]
    if not playing:
        return scene.frame_start, scene.frame_end
    # A range in Blender cannot begin below 0.
    first = max(0, math.floor(min(a for a, _ in playing)))
    return first, max(first, math.ceil(max(b for _, b in playing)))


def _corners(scene: bpy.types.Scene) -> np.ndarray:
    """The corners of the boxes around all that renders, at some frames of the range: (N, 3) metres in world space."""
    corners = []
    for frame in np.linspace(scene.frame_start, scene.frame_end, 9).round():
        scene.frame_set(int(frame))
        depsgraph = bpy.context.evaluated_depsgraph_get()
        for item in scene.objects:
            if item.type in RENDERED and not item.hide_render and item.visible_get():
                evaluated = item.evaluated_get(depsgraph)
                corners += [evaluated.matrix_world @ Vector(corner) for corner in evaluated.bound_box]
    scene.frame_set(scene.frame_start)
    if not corners:
        raise SceneError(Code.UNSUPPORTED_SCENE, "The file holds nothing that could be seen: choose another model")
    return np.array(corners)


def _add_camera(scene: bpy.types.Scene, points: np.ndarray) -> bpy.types.Object:
    """A camera in front of the model (which looks along -y) and a little above, with all `points` in view."""
    data = bpy.data.cameras.new("Camera")
    camera = bpy.data.objects.new("Camera", data)
    scene.collection.objects.link(camera)
    camera.rotation_euler = Vector((0.35, -1.0, 0.2)).to_track_quat("Z", "Y").to_euler()
    depsgraph = bpy.context.evaluated_depsgraph_get()  # the camera's turn has to be evaluated before it is fitted
    place, _ = camera.evaluated_get(depsgraph).camera_fit_coords(depsgraph, points.ravel().tolist())
    middle = Vector((points.min(axis=0) + points.max(axis=0)) / 2)
    camera.location = middle + (place - middle) * _ROOM
    distance = (camera.location - middle).length
    data.clip_start, data.clip_end = distance / 100, distance * 100
    return camera


def _add_light(scene: bpy.types.Scene) -> None:
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.angle = 3.0, math.radians(5.0)
    lamp = bpy.data.objects.new("Sun", sun)
    lamp.rotation_euler = (math.radians(45), math.radians(10), math.radians(30))
    scene.collection.objects.link(lamp)
    if scene.world is None:
        scene.world = bpy.data.worlds.new("Sky")
        background = compat.give_nodes(scene.world).nodes["Background"]
        background.inputs["Color"].default_value = (0.6, 0.7, 0.85, 1.0)
        background.inputs["Strength"].default_value = 0.7


def _add_ground(scene: bpy.types.Scene, points: np.ndarray) -> None:
    """A plane under the model, wide enough to reach past the picture's edges."""
    low, high = points.min(axis=0), points.max(axis=0)
    half = 10.0 * max(float(np.linalg.norm(high - low)), 1e-3)
    x, y = (float(v) for v in (low + high)[:2] / 2)
    mesh = bpy.data.meshes.new("Ground")
    corners = [(x + dx * half, y + dy * half, float(low[2])) for dx, dy in ((-1, -1), (1, -1), (1, 1), (-1, 1))]
    mesh.from_pydata(corners, [], [(0, 1, 2, 3)])
    earth = bpy.data.materials.new("Ground")
    compat.give_nodes(earth).nodes["Principled BSDF"].inputs["Base Color"].default_value = (0.32, 0.30, 0.22, 1.0)
    mesh.materials.append(earth)
    scene.collection.objects.link(bpy.data.objects.new("Ground", mesh))


def _reason(error: Exception) -> str:
    return str(error).removeprefix("Error: ").strip().partition("\n")[0]
