"""Prompts along the timeline: they belong to markers, and move, stay and go with them."""

import bpy
import flowbrush
import pytest
from flowbrush.backend.over_time import LaterPrompt
from flowbrush.panels.prompts import FLOWBRUSH_UL_prompts
from flowbrush.scene.prompts import later_prompts, put_prompts
from flowbrush.settings import take_settings

NIGHT, DAWN = LaterPrompt(24, "a stormy night", "day"), LaterPrompt(48, "dawn", "")


@pytest.fixture(scope="module", autouse=True)
def registered():
    flowbrush.register()
    yield
    flowbrush.unregister()


@pytest.fixture
def scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    return bpy.context.scene


def begin(scene, frame, prompt):
    scene.frame_set(frame)
    assert bpy.ops.flowbrush.prompt_add() == {"FINISHED"}
    marker = scene.timeline_markers[scene.flowbrush.active_prompt]
    marker.flowbrush.prompt = prompt
    return marker


def test_a_prompt_begins_with_the_words_that_held_before(scene):
    scene.flowbrush.prompt, scene.flowbrush.negative_prompt = "noon", "blurry"
    marker = begin(scene, 30, "night")
    assert (marker.frame, marker.flowbrush.negative_prompt) == (30, "blurry")
    scene.frame_set(10)
    bpy.ops.flowbrush.prompt_add()
    assert [one.prompt for one in later_prompts(scene)] == ["noon", "night"]
    scene.frame_set(40)
    bpy.ops.flowbrush.prompt_add()
    assert later_prompts(scene)[-1] == LaterPrompt(40, "night", "blurry")


def test_moving_the_marker_moves_the_prompt(scene):
    begin(scene, 30, "night").frame = 20
    settings = take_settings(scene.flowbrush)
    assert [settings.at(frame).prompt for frame in (19, 20)] == [scene.flowbrush.prompt, "night"]


def test_a_marker_that_was_there_is_used_and_stays(scene):
    mine = scene.timeline_markers.new("Storm", frame=30)
    scene.timeline_markers.new("Cut", frame=40)
    begin(scene, 30, "night")
    assert len(scene.timeline_markers) == 2 and mine.flowbrush.use
    assert bpy.ops.flowbrush.prompt_remove() == {"FINISHED"}
    assert [marker.name for marker in scene.timeline_markers] == ["Storm", "Cut"]
    assert later_prompts(scene) == () and not bpy.ops.flowbrush.prompt_remove.poll()


def test_a_marker_that_was_added_goes_unless_it_switches_cameras(scene):
    for frame in (10, 20):
        begin(scene, frame, "night")
    bound = scene.timeline_markers[0]
    bound.camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    for _ in range(2):
        assert bpy.ops.flowbrush.prompt_remove() == {"FINISHED"}
    assert [marker.frame for marker in scene.timeline_markers] == [10] and later_prompts(scene) == ()


def test_settings_become_markers_and_read_back(scene):
    scene.timeline_markers.new("Storm", frame=24)
    put_prompts(scene, (NIGHT, DAWN))
    assert later_prompts(scene) == (NIGHT, DAWN) and len(scene.timeline_markers) == 2
    put_prompts(scene, (DAWN,))
    assert later_prompts(scene) == (DAWN,)
    assert sorted(marker.name for marker in scene.timeline_markers) == ["Prompt", "Storm"]


def test_they_are_in_the_file(scene, tmp_path):
    put_prompts(scene, (NIGHT,))
    path = str(tmp_path / "scene.blend")
    bpy.ops.wm.save_as_mainfile(filepath=path)
    bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.ops.wm.open_mainfile(filepath=path)
    assert later_prompts(bpy.context.scene) == (NIGHT,)


def test_the_list_shows_prompts_only_in_the_order_of_the_timeline(scene):
    put_prompts(scene, (DAWN, NIGHT))
    scene.timeline_markers.new("Cut", frame=1)

    class List:
        bitflag_filter_item = 1 << 30

    shown, places = FLOWBRUSH_UL_prompts.filter_items(List(), bpy.context, scene, "timeline_markers")
    assert [marker.frame for marker in scene.timeline_markers] == [48, 24, 1]
    assert (list(map(bool, shown)), places) == ([True, True, False], [2, 1, 0])


def test_every_change_can_be_undone():
    from flowbrush.operators import prompts

    assert all("UNDO" in operator.bl_options for operator in prompts.CLASSES)
