"""Captures one scene with Cycles and with EEVEE, and casts the rays that tell the truth. Run by Blender itself:

blender --background --python engine_shots.py -- FOLDER PACKAGE

PACKAGE is the extension's folder. Leaves FOLDER/CYCLES and FOLDER/EEVEE, which are shots, and FOLDER/truth.npz.
"""

import runpy
import sys
from pathlib import Path

import bpy
import numpy as np

FOLDER, PACKAGE = map(Path, sys.argv[sys.argv.index("--") + 1 :])
sys.path.append(str(Path(__file__).resolve().parents[1]))
runpy.run_path(str(PACKAGE / "launch.py"))["register_package"]()

from blender import ray_truth, scenes  # noqa: E402
from flowbrush.scene import compat  # noqa: E402
from flowbrush.scene.cameras import describe  # noqa: E402
from flowbrush.scene.capture import CaptureSettings, capture  # noqa: E402

WIDTH, HEIGHT, NOW = 256, 144, 7
NUMBERED_BEFORE = 2100  # objects, so that the ids of those that are seen need more than a half float has


def build() -> bpy.types.Scene:
    """The moving scene, with instances, a material without nodes, none at all, and a great many objects."""
    scene = scenes.motion_scene(WIDTH, HEIGHT, shift=False)
    vertices, faces = scenes.grid(4, 4)
    # Of flat faces that bend, EEVEE has one normal and Cycles one for each triangle.
    bpy.data.objects["Figure"].data.shade_smooth()
    bare = scenes.add_mesh("Bare", vertices * 0.4, faces, None)
    bare.location, bare.rotation_euler = (1.7, 0.6, 0.5), (1.2, 0.3, 0.0)
    plain = bpy.data.materials.new("plain")
    if bpy.app.version < (5, 0, 0):
        plain.use_nodes = False
    member = scenes.add_mesh("Member", vertices * 0.25, faces, plain)
    group = bpy.data.collections.new("Group")
    scene.collection.objects.unlink(member)
    group.objects.link(member)
    for number, place in enumerate([(-1.9, 1.0, 1.9), (-1.2, 1.0, 2.2), (1.3, 0.5, 2.1)]):
        instance = bpy.data.objects.new(f"Instance {number}", None)
        instance.instance_type, instance.instance_collection = "COLLECTION", group
        instance.location, instance.rotation_euler = place, (1.3, 0.2 * number, 0.1)
        scene.collection.objects.link(instance)
    mesh = bpy.data.meshes.new("empty")
    for number in range(NUMBERED_BEFORE):
        bpy.data.objects.new(f"A{number:04d}", mesh)
    # Part of the frame shows no surface.
    bpy.data.objects["Wall"].scale = (0.45, 0.45, 1.0)
    bpy.data.objects["Wall"].location.z = 2.0
    scene.camera.data.clip_end = 50.0
    return scene


def cast(scene: bpy.types.Scene) -> None:
    """Writes what each pixel's ray hits at NOW, where that was the frame before, and whether it was seen there."""
    cameras = {}
    for frame in (NOW - 1, NOW):
        scene.frame_set(frame)
        cameras[frame] = describe(scene, scene.view_layers[0], (WIDTH, HEIGHT))
    here, there = ray_truth.geometry(scene, NOW), ray_truth.geometry(scene, NOW - 1)
    hits = ray_truth.look(here, cameras[NOW], WIDTH, HEIGHT)
    points = hits.places(there.corners)
    landed = ray_truth.project(cameras[NOW - 1], points, WIDTH, HEIGHT)[..., :2]
    inside = ((landed >= -0.5) & (landed < (WIDTH - 0.5, HEIGHT - 0.5))).all(axis=-1)
    hit = hits.triangle != ray_truth.MISS
    hiding = np.full((HEIGHT, WIDTH), ray_truth.MISS)
    hiding[hit & inside] = ray_truth.hidden_by(there, cameras[NOW - 1], points[hit & inside])
    seen_before = hit & inside & (hiding == ray_truth.MISS)
    np.savez(FOLDER / "truth.npz", hit=hit, seen_before=seen_before, landed=landed, names=here.objects[hits.triangle])


def main() -> None:
    """Captures and casts."""
    scene = build()
    for name, engine in (("CYCLES", "CYCLES"), ("EEVEE", compat.EEVEE)):
        scene.render.engine = engine
        for captured in capture(scene, FOLDER / name, CaptureSettings(NOW - 1, NOW, samples=12, denoise=False)):
            print(name, captured.frame, f"{captured.seconds:.1f} s", *captured.notices)
    cast(scene)


main()
