from pathlib import Path

import bpy
from flowbrush.backend.ade20k import COLOURS, PROPERTY
from flowbrush.scene.demo_scene import ARMS, HELD, build_demo_scene


def test_the_demo_scene_opens_with_a_knight_that_walks_and_strikes(tmp_path: Path) -> None:
    build_demo_scene(tmp_path / "scene.blend")
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    scene = bpy.context.scene
    assert (scene.frame_start, scene.frame_end, scene.render.fps) == (1, 48, 24)
    assert scene.camera is not None
    held = {item.name for item in scene.objects if item.name.partition(".")[0].removesuffix("_Offhand") in ARMS}
    assert held == set(HELD)
    seen = [item for item in scene.objects if item.type == "MESH"]
    assert all(item.get(PROPERTY) in COLOURS for item in seen), "everything that is seen has a class"
    [rig] = [item for item in scene.objects if item.type == "ARMATURE"]
    places = {frame: hand(scene, rig, frame) for frame in (1, 14, 28, 38, 48)}
    moved = [(b - a).length for a, b in zip(places.values(), list(places.values())[1:], strict=False)]
    assert min(moved) > 0.1, moved
    body = next(item for item in scene.objects if item.name == "Knight_Body")
    image = [node.image for node in body.material_slots[0].material.node_tree.nodes if node.type == "TEX_IMAGE"]
    assert image and image[0].packed_file, "the texture must travel in the .blend"


def hand(scene: bpy.types.Scene, rig: bpy.types.Object, frame: int):
    scene.frame_set(frame)
    bone = next(bone for bone in rig.pose.bones if bone.name == "handslot.r")
    return (rig.matrix_world @ bone.matrix).translation.copy()
