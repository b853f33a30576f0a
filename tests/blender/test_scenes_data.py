"""Data from other files, and data that a capture must not keep: libraries, overrides, what is bare or hidden."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender import rna_dump, scenes, truth
from blender.stage import add_ball, stage, throw


@pytest.fixture
def library(tmp_path) -> Path:
    """A file with a collection: a ball that waves, one without a material, one whose nodes make another surface."""
    scenes.empty_scene(16, 16)
    group = bpy.data.collections.new("Kit")
    bpy.context.scene.collection.children.link(group)
    for number, name in enumerate(("Waving", "Bare", "Generated")):
        ball = add_ball(name, 0.4)
        ball.location.x = 0.9 * number
        bpy.context.scene.collection.objects.unlink(ball)
        group.objects.link(ball)
    bpy.data.objects["Waving"].modifiers.new("Wave", "WAVE").height = 0.2
    bpy.data.objects["Bare"].data.materials.clear()
    tree, output = scenes.geometry_nodes(bpy.data.objects["Generated"])
    cube = tree.nodes.new("GeometryNodeMeshCube")
    cube.inputs["Size"].default_value = (0.5, 0.5, 0.5)
    tree.links.new(cube.outputs[0], output)
    path = tmp_path / "kit.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    return path


def linked(path: Path) -> bpy.types.Object:
    """An instance of the collection that lies in the library."""
    scene = stage()
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.collections = ["Kit"]
    item = bpy.data.objects.new("Instance", None)
    item.instance_type, item.instance_collection = "COLLECTION", bpy.data.collections["Kit"]
    scene.collection.objects.link(item)
    return item


def overridden(path: Path) -> bpy.types.Object:
    """Library overrides of the collection and all in it, moved by a parent."""
    instance = linked(path)
    scene = bpy.context.scene
    override = bpy.data.collections["Kit"].override_hierarchy_create(scene, bpy.context.view_layer, reference=instance)
    bpy.data.objects.remove(instance)
    handle = bpy.data.objects.new("Handle", None)
    scene.collection.objects.link(handle)
    kit = override.instance_collection if hasattr(override, "instance_collection") else override
    for item in kit.objects if kit else bpy.data.objects:
        if item.override_library is not None:
            item.parent = handle
    return handle


@pytest.mark.parametrize("way", [linked, overridden], ids=lambda way: way.__name__)
def test_data_of_libraries_is_captured_like_the_users_own(library, tmp_path, way):
    handle = way(library)
    throw(handle, (-1.4, -0.8, 0.8), 0.012)
    scene = bpy.context.scene
    scene.frame_set(3)
    rna_dump.dump()
    before = rna_dump.dump()
    pair = truth.capture_pair(scene, tmp_path / "shot")
    assert rna_dump.changed(before) == ""
    assert any("Linked" in sentence for sentence in pair.shot.notices)
    shown = {item.name.partition(" [")[0]: item for item in pair.shot.objects if pair.pixels(item.name).any()}
    inside = np.all([pair.inside(item.name) for item in shown.values()], axis=0)  # the bare ball is black
    truth.check_pictures(pair, inside)
    truth.check_rays(pair, scene)
    distrusted = {"Generated"} if way is linked else set()  # nothing can be added to linked nodes
    assert {name for name, item in shown.items() if not item.trusted} == distrusted
    for name in {"Waving", "Bare", "Generated"} - distrusted:
        here = pair.pixels(shown[name].name)
        assert len(np.unique(pair.now["surface"][here].round(4), axis=0)) > 50, name
        assert (pair.now["instance"][here] > 0).all(), name
