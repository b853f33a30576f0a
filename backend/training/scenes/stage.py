"""The empty scene that a picture is built in, the camera, and how the picture is rendered and exposed."""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import bpy
import numpy as np
from mathutils import Matrix, Vector

from ....scene.compat import choose_file_format
from .light import towards


@dataclass(frozen=True)
class View:
    """What a camera is to see: about `reach` metres around a point, from `azimuth` and `lift` as `towards` has them."""

    target: Vector
    reach: float
    azimuth: float
    lift: float
    lens: float = 50.0
    roll: float = 0.0


@dataclass(frozen=True)
class Scene:
    """A scene that is built: what to look at, how light the picture comes out (0..1), how it is rendered."""

    view: View
    brightness: float
    samples: int = 6
    transform: str = "AgX"


def clear(size: int, threads: int) -> None:
    """An empty scene that renders crisp data and pictures of `size` pixels square, on so many threads (0: all)."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    render, layer, cycles = scene.render, scene.view_layers[0], scene.cycles
    render.engine = "CYCLES"
    render.resolution_x = render.resolution_y = size
    render.resolution_percentage = 100
    render.use_persistent_data = True  # two renders of each scene
    if threads:
        render.threads_mode, render.threads = "FIXED", threads
    layer.use_pass_z = layer.use_pass_normal = True
    layer.use_pass_object_index = layer.use_pass_material_index = True
    cycles.max_bounces, cycles.diffuse_bounces, cycles.sample_clamp_indirect = 4, 3, 4.0
    cycles.use_adaptive_sampling = False
    cycles.denoiser, cycles.denoising_quality = "OPENIMAGEDENOISE", "BALANCED"


def look(view: View) -> None:
    """Puts the scene's camera where the view says."""
    scene = bpy.context.scene
    if scene.camera is None:
        scene.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
        scene.collection.objects.link(scene.camera)
    camera, data = scene.camera, scene.camera.data
    data.lens, data.clip_start, data.clip_end = view.lens, 0.02, 1000.0
    away = towards(view.azimuth, view.lift)
    camera.location = view.target + away * view.reach / math.tan(data.angle / 2)
    camera.location.z = max(camera.location.z, 0.1)
    back = camera.location - view.target
    turn = back.to_track_quat("Z", "Y").to_matrix() @ Matrix.Rotation(view.roll, 3, "Z")
    camera.rotation_euler = turn.to_euler()


def number_everything() -> None:
    """Gives every mesh and every material an index of its own, which line art is drawn from."""
    for number, item in enumerate((o for o in bpy.context.scene.objects if o.type == "MESH"), start=1):
        item.pass_index = number
    for number, item in enumerate(bpy.data.materials, start=1):
        item.pass_index = number


def render(out: Path, built: Scene, samples: float = 1.0) -> None:
    """Writes `out`.exr, .png and .json with `samples` times the scene's samples; exposes for its brightness."""
    look(built.view)
    number_everything()
    scene, cycles, image = bpy.context.scene, bpy.context.scene.cycles, bpy.context.scene.render.image_settings
    choose_file_format(image, "OPEN_EXR_MULTILAYER")
    image.color_depth, image.exr_codec = "32", "ZIP"
    cycles.samples, cycles.filter_width, cycles.use_denoising = 1, 0.01, False
    scene.render.filepath = str(out.with_suffix(".exr"))
    bpy.ops.render.render(write_still=True)
    cycles.samples, cycles.filter_width, cycles.use_denoising = max(1, round(built.samples * samples)), 1.5, True
    bpy.ops.render.render()
    choose_file_format(image, "PNG")
    image.color_mode, image.color_depth = "RGB", "8"
    scene.view_settings.view_transform = built.transform
    _expose(out.with_suffix(".png"), built.brightness)
    camera = scene.camera
    placed: Sequence[float] = [value for row in camera.matrix_world for value in row]
    width = camera.data.sensor_width / camera.data.lens
    out.with_suffix(".json").write_text(json.dumps({"matrix_world": placed, "width_at_unit_depth": width}))


def _expose(path: Path, brightness: float) -> None:
    """Saves the render result to `path`; few steps are enough, since brightness grows with every stop."""
    scene, result = bpy.context.scene, bpy.data.images["Render Result"]
    scene.view_settings.exposure = 0.0
    for _ in range(5):
        result.save_render(str(path), scene=scene)
        saved = bpy.data.images.load(str(path))
        saved.colorspace_settings.name = "Non-Color"
        pixels = np.empty(len(saved.pixels), np.float32)
        saved.pixels.foreach_get(pixels)
        bpy.data.images.remove(saved)
        light = pixels.reshape(-1, 4)[:, :3].max(axis=1)
        burnt = float((light > 0.995).mean())
        wanted = 2.2 * math.log2(brightness / max(float(light.mean()), 0.01))
        step = min(wanted, -0.5 if burnt > 0.12 else 4.0)
        if abs(step) < 0.15:
            return
        scene.view_settings.exposure += max(-3.0, min(3.0, step))
    result.save_render(str(path), scene=scene)
