"""What the camera does: every kind that can be captured is captured right, the others are refused or not trusted."""

import math

import pytest
from blender import scenes, truth
from blender.scenes_cameras import CAMERAS
from blender.stage import add_ball, stage, throw
from flowbrush.scene import compat


@pytest.mark.parametrize("camera", CAMERAS, ids=lambda camera: camera.__name__)
def test_cameras_are_captured_right(tmp_path, camera):
    scene = stage()
    throw(add_ball("Ball"))
    camera(scene.camera)
    pair = truth.capture_pair(scene, tmp_path)
    assert pair.untrusted == set()
    truth.check_pictures(pair)
    truth.check_rays(pair, scene)


@pytest.mark.parametrize("turning", [False, True], ids=["sliding", "turning"])
def test_a_moving_orthographic_camera_is_right_or_not_trusted(tmp_path, turning):
    scene = stage()
    throw(add_ball("Ball"))
    camera = scene.camera
    camera.data.type, camera.data.ortho_scale = "ORTHO", 6.0
    if not turning:
        camera.animation_data_clear()
        camera.rotation_euler = (math.radians(85), 0.0, 0.1)
        scenes.key_every_frame(camera, "location", lambda f: (0.3 + 0.01 * f * f, -5.2, 1.8 - 0.004 * f * f))
    pair = truth.capture_pair(scene, tmp_path)
    if compat.ORTHOGRAPHIC_VECTORS:
        assert pair.untrusted == set()
        truth.check_pictures(pair)
        truth.check_rays(pair, scene)
    else:
        assert {item.name for item in pair.shot.objects} == pair.untrusted
        assert not (pair.seen & (pair.now["object_id"] > 0)).any()
        assert all("orthographic" in item.distrust for item in pair.shot.objects)


def test_a_cut_has_no_vectors_across_it_and_right_ones_on_both_sides(tmp_path):
    scene = stage()
    throw(add_ball("Ball"))
    first = scene.camera
    second = scenes.add_camera(lambda f: (1.5 - 0.01 * f * f, -4.8, 2.0), (0.0, 0.0, 0.8), lens=28.0)
    scene.camera = first
    for frame, camera in ((1, first), (truth.NOW, second)):
        scene.timeline_markers.new(camera.name, frame=frame).camera = camera
    before = truth.capture_pair(scene, tmp_path / "before", truth.NOW - 1)
    assert before.shot.cuts == ()
    after = truth.capture_pair(scene, tmp_path / "after", truth.NOW + 1)
    for pair, camera in ((before, first), (after, second)):
        assert {seen.name for seen in pair.shot.cameras.values()} == {camera.name}
        truth.check_pictures(pair)
    across = truth.capture_pair(scene, tmp_path / "across", truth.NOW, samples=1)
    assert across.shot.cuts == (truth.NOW,)
    assert across.shot.segment_start(truth.NOW) == truth.NOW
