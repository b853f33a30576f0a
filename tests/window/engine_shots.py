"""Captures scenes with the engines that the real Blender has, and casts the rays that tell the truth. Run by Blender:

blender --background --python engine_shots.py -- FOLDER PACKAGE

PACKAGE is the extension's folder. Leaves the shots FOLDER/<scene>/<engine>, FOLDER/<scene>/truth.npz, and in
FOLDER/<scene>/changed.txt what the capture with EEVEE did not leave as it was.
"""

import runpy
import sys
from pathlib import Path

import bpy
import numpy as np

FOLDER, PACKAGE = map(Path, sys.argv[sys.argv.index("--") + 1 :])
sys.path.append(str(Path(__file__).resolve().parents[1]))
runpy.run_path(str(PACKAGE / "launch.py"))["register_package"]()

from blender import ray_truth, rna_dump, scenes  # noqa: E402
from blender.stage import NOW, add_ball, stage, throw  # noqa: E402
from flowbrush.backend.shot import Shot  # noqa: E402
from flowbrush.scene import compat  # noqa: E402
from flowbrush.scene.capture import CaptureSettings, capture  # noqa: E402

NUMBERED_BEFORE = 2100  # objects, so that the ids of those that are seen need more than a half float has


def both_engines() -> None:
    """The moving scene, with instances, a pane, a material without nodes, none at all, and a great many objects."""
    scene = scenes.motion_scene(256, 144, shift=False)
    vertices, faces = scenes.grid(4, 4)
    # Of flat faces that bend, EEVEE has one normal and Cycles one for each triangle.
    bpy.data.objects["Figure"].data.shade_smooth()
    pane = scenes.add_mesh("Pane", vertices * 0.3, faces, half_clear("pane"))
    pane.location, pane.rotation_euler = (0.75, -1.2, 0.45), (1.3, 0.0, 0.2)
    bare = scenes.add_mesh("Bare", vertices * 0.4, faces, None)
    bare.location, bare.rotation_euler = (1.7, 0.6, 0.5), (1.2, 0.3, 0.0)
    plain = bpy.data.materials.new("plain")
    plain.diffuse_color = (0.1, 0.6, 0.2, 1.0)
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
    wall = bpy.data.objects["Wall"]
    wall.scale, wall.location.z = (0.45, 0.45, 1.0), 2.0
    scene.camera.data.clip_end = 50.0


def half_clear(name: str) -> bpy.types.Material:
    """Glows, and lets half of the light through; EEVEE writes no passes for what is blended like this."""
    material = scenes.emission(name, 9.0, (0.9, 0.9, 0.9))
    material.surface_render_method = "BLENDED"
    tree = material.node_tree
    surface = next(link for link in tree.links if link.to_socket.name == "Surface")
    glow, output = surface.from_socket, surface.to_socket
    clear, mix = tree.nodes.new("ShaderNodeBsdfTransparent"), tree.nodes.new("ShaderNodeMixShader")
    for source, target in ((clear.outputs[0], mix.inputs[1]), (glow, mix.inputs[2]), (mix.outputs[0], output)):
        tree.links.new(source, target)
    return material


def in_parallel() -> None:
    """A moving orthographic camera, which Cycles gets wrong from 4.3 to 5.1."""
    scene = stage()
    throw(add_ball("Ball"))
    scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 6.0


def captured(scene: bpy.types.Scene, engine: str, folder: Path) -> Shot:
    """The shot of two frames in `folder`, made with `engine`."""
    scene.render.engine = engine
    list(capture(scene, folder, CaptureSettings(NOW - 1, NOW, samples=8, denoise=False)))
    return Shot.load(folder)


def main() -> None:
    """Builds, captures and casts."""
    both_engines()
    captured(bpy.context.scene, "CYCLES", FOLDER / "both_engines" / "CYCLES")
    for build in (both_engines, in_parallel):
        build()
        scene, folder = bpy.context.scene, FOLDER / build.__name__
        scene.render.engine = compat.EEVEE
        bpy.context.view_layer.update()
        rna_dump.dump()  # reading some attributes changes how Blender stores them
        before = rna_dump.dump()
        shot = captured(scene, compat.EEVEE, folder / "EEVEE")
        (folder / "changed.txt").write_text(rna_dump.changed(before), "utf-8")
        rays = ray_truth.cast(scene, shot.cameras, NOW, shot.resolution)
        np.savez(folder / "truth.npz", names=rays.names.astype(str), landed=rays.landed, seen=rays.seen)


main()
