"""Which moment of the animation a frame shows: vectors and frame numbers agree with what Blender renders."""

from collections.abc import Callable

import bpy
import pytest
from blender import scenes, truth
from blender.stage import add_ball, stage, throw
from flowbrush.scene import cameras


def stretched(scene: bpy.types.Scene) -> int:
    """A frame of the render is two thirds of one of the animation."""
    scene.render.frame_map_old, scene.render.frame_map_new = 100, 150
    return 12


def shrunk(scene: bpy.types.Scene) -> int:
    scene.render.frame_map_old, scene.render.frame_map_new = 200, 150
    return 5


def before_zero(scene: bpy.types.Scene) -> int:
    """Every key lies a hundred frames earlier."""
    for item in bpy.data.objects:
        for curve in scenes.compat.action_curves(item.animation_data) if item.animation_data else ():
            for key in curve.keyframe_points:
                key.co.x -= 100.0
            curve.update()
    return truth.NOW - 100


def at_a_fraction(scene: bpy.types.Scene) -> int:
    """The user stands between two frames, renders every third, and has a preview range."""
    scene.frame_set(4, subframe=0.6)
    scene.frame_step, scene.use_preview_range, scene.frame_preview_end = 3, True, 2
    return truth.NOW


TIMES: list[Callable[[bpy.types.Scene], int]] = [stretched, shrunk, before_zero, at_a_fraction]


@pytest.mark.parametrize("time", TIMES, ids=lambda time: time.__name__)
def test_frames_show_the_moment_that_blender_renders(tmp_path, time):
    scene = stage()
    throw(add_ball("Ball"), speed=0.04)
    frame = time(scene)
    before = scene.frame_current_final
    pair = truth.capture_pair(scene, tmp_path, frame)
    assert scene.frame_current_final == before
    assert pair.untrusted == set()
    truth.check_pictures(pair)
    truth.check_rays(pair, scene)


@pytest.mark.parametrize("factor", [(100, 200), (100, 300), (170, 100)])
def test_cuts_are_where_blender_changes_the_camera(factor):
    """Markers lie in the animation's time, which may be stretched."""
    scene = stage()
    second = scenes.add_camera(lambda f: (1.0, -5.0, 2.0), (0.0, 0.0, 0.8))
    for frame, camera in ((-4, scene.camera), (-1, second), (3, bpy.data.objects["Camera"]), (6, second)):
        scene.timeline_markers.new("cut", frame=frame).camera = camera
    scene.render.frame_map_old, scene.render.frame_map_new = factor
    used = []
    for frame in range(-9, 20):
        scene.frame_set(frame)
        used.append(scene.camera)
    assert [cameras.camera_at(scene, frame) for frame in range(-9, 20)] == used
    assert len(set(used)) == 2
