"""Numbers in three parts that half floats hold exactly, as for EEVEE, against the whole numbers of the same render."""

import bpy
import numpy as np
import pytest
from blender import scenes
from flowbrush.backend.errors import SceneError
from flowbrush.scene import aovs, compat, render_settings
from flowbrush.scene.changes import Changes
from flowbrush.scene.engines import CYCLES
from flowbrush.scene.exr_file import read_channels
from mathutils import Matrix, Vector

PASSES = ("object_id", "material_id", "surface", "instance")
FAR = Vector((12345.678, -9876.543, 15000.1))


@pytest.fixture(scope="module")
def seen(tmp_path_factory) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Passes from parts that were rounded to halves, and the same whole, (H, W, C): both of one render by Cycles."""
    scene = scenes.motion_scene(96, 54, shift=False)
    layer = scene.view_layers[0]
    for item, number in zip(scene.objects, (2049, 4095, 32767, 30001, 2047), strict=False):
        item.pass_index = number
    for material, number in zip(bpy.data.materials, (2049, 777, 32767, 4097), strict=True):
        material.pass_index = number
    floor = bpy.data.objects["Floor"]
    floor.data.transform(Matrix.Translation(FAR))
    floor.location = -FAR
    with Changes() as changes:
        for item in scene.objects:
            if item.type == "MESH":
                changes.set(item, "add_rest_position_attribute", True)
        renders = render_settings.prepare(changes, scene, layer, CYCLES, None, None, None, PASSES)
        parts, whole = (aovs.add(changes, layer, engine, PASSES) for engine in (compat.EEVEE, CYCLES))
        for material in bpy.data.materials:
            for added in (parts, whole):
                aovs.write(changes, material.node_tree, added)
        scene.frame_set(3)
        render_settings.apply(renders.data)
        render_settings.image_format(scene, "OPEN_EXR_MULTILAYER")
        scene.render.filepath = str(tmp_path_factory.mktemp("aovs") / "data.exr")
        bpy.ops.render.render(write_still=True)
        with open(scene.render.filepath, "rb") as file:
            channels = read_channels(file.read())
    halves = {
        name: pixels.astype(np.float16).astype(np.float32) for name, pixels in channels.items() if "flowbrush" in name
    }
    expected = {name: whole.read(channels, name) for name in ("surface", "instance")}
    for name, endings in (
        ("object_id", ("IndexOB.X", "Object Index.X")),
        ("material_id", ("IndexMA.X", "Material Index.X")),
    ):
        expected[name] = next(pixels for key, pixels in channels.items() if key.endswith(endings))[..., None]
    return {name: parts.read(halves, name) for name in PASSES}, expected


@pytest.mark.parametrize("name", ["object_id", "material_id"])
def test_large_numbers_are_exact(seen, name):
    joined, expected = (passes[name] for passes in seen)
    assert np.array_equal(joined, expected)
    assert {2049, 32767} <= set(np.unique(expected).astype(int).tolist()), "halves would have held them"
    assert not np.array_equal(expected.astype(np.float16), expected)


def test_places_are_exact_near_and_far_from_the_origin(seen):
    joined, expected = (passes["surface"] for passes in seen)
    assert expected.min() < -9000 and expected.max() > 15000 and np.abs(expected[expected != 0]).min() < 0.1
    # What a float itself can hold at that distance, and 2 micrometres.
    assert (np.abs(joined - expected) <= 2e-6 + np.spacing(np.abs(expected))).all()


def test_instances_keep_their_number(seen):
    joined, expected = (passes["instance"] for passes in seen)
    assert len(np.unique(expected)) >= 4
    assert np.abs(joined - expected).max() < 1e-7
    assert len(np.unique(joined)) == len(np.unique(expected))


def test_a_pass_that_no_aov_holds_is_none():
    assert aovs.Aovs({}).read({}, "depth") is None
    assert aovs.Aovs({"numbers": ("a", "b", "c")}).read({}, "surface") is None


def test_a_layer_with_too_many_aovs_is_refused():
    layer = scenes.motion_scene(96, 54, shift=False).view_layers[0]
    for _ in range(11):
        layer.aovs.add()
    with Changes() as changes:
        assert len(aovs.add(changes, layer, CYCLES, PASSES).names) == 2
        with pytest.raises(SceneError, match="remove some"):
            aovs.add(changes, layer, compat.EEVEE, PASSES)
    assert len(layer.aovs) == 11
