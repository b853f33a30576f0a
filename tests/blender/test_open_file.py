"""Files given to the command line: scenes as they are, models with a view, and what cannot be opened."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender import ray_truth, scenes
from flowbrush.backend.errors import Code, SceneError
from flowbrush.scene import cameras, describe
from flowbrush.scene.open_file import open_file
from flowbrush.scene.surface import RENDERED


@pytest.fixture
def model(tmp_path) -> Path:
    """The walking figure and its action as a .glb without camera and light."""
    scene = scenes.motion_scene(64, 36, shift=False)
    for name in ("Floor", "Wall", "Ball", "Camera"):
        bpy.data.objects.remove(bpy.data.objects[name])
    path = tmp_path / "figure.glb"
    scene.frame_set(1)
    bpy.ops.export_scene.gltf(filepath=str(path))
    return path


def refused(path: Path) -> str:
    with pytest.raises(SceneError) as caught:
        open_file(path)
    assert caught.value.code is Code.UNSUPPORTED_SCENE
    return str(caught.value)


def test_a_model_gets_a_view_and_keeps_its_animation(model):
    notices = open_file(model)
    scene = bpy.context.scene
    assert any("camera" in sentence for sentence in notices) and any("light" in sentence for sentence in notices)
    assert scene.frame_end - scene.frame_start >= 7
    assert {item.type for item in scene.objects} >= {"CAMERA", "LIGHT", "MESH"}
    assert "Ground" in scene.objects
    _assert_all_is_in_view(scene)


def _assert_all_is_in_view(scene: bpy.types.Scene) -> None:
    width, height = describe.resolution(scene.render)
    for frame in (scene.frame_start, scene.frame_end):
        scene.frame_set(frame)
        camera = cameras.describe(scene, bpy.context.view_layer.depsgraph, (width, height))
        depsgraph = bpy.context.evaluated_depsgraph_get()
        shown = [
            item for item in scene.objects if item.type in RENDERED and item.name != "Ground" and item.visible_get()
        ]
        corners = [
            item.evaluated_get(depsgraph).matrix_world @ ray_truth.Vector(corner)
            for item in shown
            for corner in item.evaluated_get(depsgraph).bound_box
        ]
        seen = ray_truth.project(camera, np.array(corners), width, height)
        assert (seen[:, 2] > 0).all()
        assert (seen[:, :2] > 0).all() and (seen[:, :2] < (width, height)).all()
        assert np.ptp(seen[:, :2], axis=0).max() > 0.4 * height, "the model is too small in the picture"


def test_a_model_with_its_own_camera_and_light_gets_none(tmp_path):
    scene = scenes.motion_scene(64, 36, shift=False)
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    scene.collection.objects.link(sun)
    path = tmp_path / "scene.glb"
    bpy.ops.export_scene.gltf(filepath=str(path), export_cameras=True, export_lights=True)
    assert open_file(path) == []
    assert bpy.context.scene.camera is not None and "Ground" not in bpy.context.scene.objects


def test_a_blend_is_opened_as_it_is(tmp_path):
    scene = scenes.motion_scene(64, 36, shift=False)
    bpy.data.objects.remove(scene.camera)
    path = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    assert open_file(path) == []
    assert bpy.context.scene.camera is None, "a scene is not completed, its capture says what is missing"
    assert bpy.context.scene.render.resolution_x == 64


def test_no_such_file(tmp_path):
    assert "check the name" in refused(tmp_path / "nothing.blend")


def test_a_kind_of_file_that_blender_does_not_open(tmp_path):
    path = tmp_path / "picture.psd"
    path.write_bytes(b"8BPS")
    assert ".blend, .glb" in refused(path)


@pytest.mark.parametrize("name", ["scene.blend", "model.glb"])
def test_a_damaged_file(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"BLENDER-v402" + bytes(500))
    assert name in refused(path)


def test_a_model_with_nothing_in_it(tmp_path):
    scenes.empty_scene(16, 16)
    path = tmp_path / "empty.glb"
    bpy.ops.export_scene.gltf(filepath=str(path))
    assert "nothing that could be seen" in refused(path)
