"""Writes the scenes that Debian's Blender captures, and what rays see in them. Run by a Python with bpy:

python scene_files.py FOLDER PACKAGE

Leaves FOLDER/<name>.blend and FOLDER/<name>.npz. Debian's Blender has not what the tests' scenes need besides bpy.
"""

import runpy
import sys
from pathlib import Path

import bpy
import numpy as np

FOLDER, PACKAGE = map(Path, sys.argv[1:])
sys.path.append(str(Path(__file__).resolve().parents[1]))
runpy.run_path(str(PACKAGE / "launch.py"))["register_package"]()

from blender import ray_truth, scenes, test_scenes_cameras, test_scenes_generated, test_scenes_instances  # noqa: E402
from blender.stage import add_ball, stage, throw  # noqa: E402
from flowbrush.scene.cameras import describe  # noqa: E402
from flowbrush.scene.describe import resolution  # noqa: E402

NOW = 7
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
        bpy.data.objects.new(f"A{number:04d}", mesh).use_fake_user = True
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
    clear, mix = tree.nodes.new("ShaderNodeBsdfTransparent"), tree.nodes.new("ShaderNodeMixShader")
    glow, output = surface.from_socket, surface.to_socket
    for source, target in ((clear.outputs[0], mix.inputs[1]), (glow, mix.inputs[2]), (mix.outputs[0], output)):
        tree.links.new(source, target)
    return material


def moving_lens() -> None:
    """A lens that zooms and shifts."""
    scene = stage()
    throw(add_ball("Ball"))
    test_scenes_cameras.moving_lens(scene.camera)


def orthographic() -> None:
    """An orthographic camera that drives on and turns, which Cycles in Debian trixie's Blender gets wrong."""
    scene = stage()
    throw(add_ball("Ball"))
    scene.camera.data.type, scene.camera.data.ortho_scale = "ORTHO", 6.0


def wide_pixels() -> None:
    """Pixels that are not square."""
    scene = stage()
    throw(add_ball("Ball"))
    test_scenes_cameras.wide_pixels(scene.camera)


def made_by_nodes() -> None:
    """A mesh that Geometry Nodes make, and one that they make and bend."""
    stage()
    test_scenes_generated.made_by_nodes()


def bent_by_nodes() -> None:
    """A mesh that Geometry Nodes bend."""
    stage()
    test_scenes_generated.bent_by_nodes()


def hair() -> None:
    """Hair of the new kind that Geometry Nodes bend."""
    stage()
    test_scenes_generated.bent_hair()


def particle_hair() -> None:
    """Hair of the old kind on a ball that deforms."""
    stage()
    test_scenes_generated.particle_hair()


def instances() -> None:
    """Instances that Geometry Nodes make and turn."""
    stage()
    test_scenes_instances.by_geometry_nodes()


def particles() -> None:
    """Balls that fly off and fall."""
    stage()
    test_scenes_instances.by_particles()


SCENES = (
    both_engines,
    moving_lens,
    orthographic,
    wide_pixels,
    made_by_nodes,
    bent_by_nodes,
    hair,
    particle_hair,
    instances,
    particles,
)


def cast(scene: bpy.types.Scene) -> dict[str, np.ndarray]:
    """What each pixel's ray hits at NOW (H, W), where that was the frame before, and whether it was seen there."""
    layer, (width, height) = scene.view_layers[0], resolution(scene.render)
    cameras = {}
    for frame in (NOW - 1, NOW):
        scene.frame_set(frame)
        cameras[frame] = describe(scene, layer, (width, height))
    here, there = ray_truth.geometry(scene, NOW), ray_truth.geometry(scene, NOW - 1)
    hits = ray_truth.look(here, cameras[NOW], width, height)
    points = hits.places(there.corners)
    landed = ray_truth.project(cameras[NOW - 1], points, width, height)[..., :2]
    inside = ((landed >= -0.5) & (landed < (width - 0.5, height - 0.5))).all(axis=-1)
    hit = hits.triangle != ray_truth.MISS
    hiding = np.full((height, width), ray_truth.MISS)
    hiding[hit & inside] = ray_truth.hidden_by(there, cameras[NOW - 1], points[hit & inside])
    names = np.where(hit, here.objects[hits.triangle], "")
    return {"names": names, "seen_before": hit & inside & (hiding == ray_truth.MISS), "landed": landed}


def main() -> None:
    """Builds, saves and casts."""
    for build in SCENES:
        build()
        scene = bpy.context.scene
        scene.cycles.use_denoising = False
        np.savez(FOLDER / f"{build.__name__}.npz", **cast(scene))
        bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / f"{build.__name__}.blend"))


main()
