"""Numbers with keyframes: what is sampled is what Blender evaluates, without going there; and they are put back."""

from dataclasses import replace

import bpy
import flowbrush
import pytest
from flowbrush.backend.additions import LoraSettings
from flowbrush.backend.errors import SettingsError
from flowbrush.backend.over_time import KeyedSetting
from flowbrush.backend.take import RegionSettings
from flowbrush.properties.styles import styles
from flowbrush.scene import compat
from flowbrush.settings import apply_settings, take_settings

RISING = (KeyedSetting("strength", ((3, 0.25), (9, 0.75))),)


@pytest.fixture(scope="module", autouse=True)
def registered():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    flowbrush.register()
    yield
    flowbrush.unregister()


@pytest.fixture
def scene():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, 12
    apply_settings(scene, styles()["ink"])
    return scene


def key(scene, path, *keys):
    owner, _, name = path.rpartition(".")
    for frame, value in keys:
        setattr(scene.path_resolve(owner), name, value)
        scene.keyframe_insert(path, frame=frame)


def curve_of(scene, path="flowbrush.strength"):
    (curve,) = (curve for curve in compat.action_curves(scene.animation_data) if curve.data_path == path)
    return curve


def evaluated(scene, name="strength"):
    """What Blender itself makes of every frame."""
    now, found = scene.frame_current, []
    for frame in range(1, 13):
        scene.frame_set(frame)
        found.append(round(getattr(scene.flowbrush, name), 4))
    scene.frame_set(now)
    return found


def test_every_frame_has_what_blender_evaluates(scene):
    key(scene, "flowbrush.strength", (2, 0.1), (5, 1.0), (7, 0.9), (11, 0.3))
    key(scene, "flowbrush.guidance", (4, 2.0), (10, 9.0))
    curve = curve_of(scene)
    curve.keyframe_points[0].interpolation = "BOUNCE"
    curve.modifiers.new("CYCLES")
    scene.frame_set(6)
    settings = take_settings(scene.flowbrush)
    assert scene.frame_current == 6
    assert [settings.at(frame).strength for frame in range(1, 13)] == evaluated(scene)
    assert [settings.at(frame).guidance for frame in range(1, 13)] == evaluated(scene, "guidance")
    assert len({settings.at(frame).strength for frame in range(1, 13)}) > 5, "else this would show nothing"
    scene.frame_set(3)
    assert take_settings(scene.flowbrush) == settings, "whatever frame the scene shows"


def test_a_scene_that_is_stretched_in_time(scene):
    key(scene, "flowbrush.strength", (2, 0.0), (24, 1.0))
    scene.render.frame_map_old, scene.render.frame_map_new = 200, 100
    settings = take_settings(scene.flowbrush)
    assert [settings.at(frame).strength for frame in range(1, 13)] == evaluated(scene)
    assert apply_settings(scene, settings) == [] and take_settings(scene.flowbrush) == settings


def test_curves_that_do_not_act(scene):
    key(scene, "flowbrush.strength", (2, 0.0), (9, 1.0))
    scene.flowbrush.strength = 0.5
    curve_of(scene).mute = True
    settings = take_settings(scene.flowbrush)
    assert (settings.over_time, settings.strength) == ((), 0.5)
    curve_of(scene).mute = False
    scene.animation_data.action = None
    assert take_settings(scene.flowbrush).over_time == ()


def test_another_slot_of_the_action_is_another_animation(scene):
    if bpy.app.version < (4, 4, 0):
        pytest.skip("actions have slots since 4.4")
    key(scene, "flowbrush.strength", (2, 0.0), (9, 1.0))
    animation = scene.animation_data
    first = animation.action_slot
    animation.action_slot = animation.action.slots.new("SCENE", "other")
    assert take_settings(scene.flowbrush).over_time == ()
    key(scene, "flowbrush.strength", (3, 0.5), (9, 0.25))
    assert take_settings(scene.flowbrush).at(3).strength == 0.5
    animation.action_slot = first
    assert take_settings(scene.flowbrush).at(9).strength == 1.0


@pytest.mark.parametrize("kind", ["driver", "strips"])
def test_what_takes_the_whole_scene_to_evaluate_is_refused(scene, kind):
    if kind == "driver":
        scene.flowbrush.driver_add("strength").driver.expression = "frame / 100"
    else:
        key(scene, "flowbrush.strength", (2, 0.0), (9, 1.0))
        animation = scene.animation_data
        track = animation.nla_tracks.new()
        track.strips.new("rise", 1, animation.action)
        animation.action = None
    with pytest.raises(SettingsError, match=r"^Strength is animated by .*give it keyframes"):
        take_settings(scene.flowbrush)


def test_lists_are_sampled_by_what_is_in_use(scene):
    chosen = scene.flowbrush
    for enabled in (False, True):
        region = chosen.regions.add()
        region.enabled, region.mask, region.prompt, region.use_strength = enabled, "hero", "ink", True
        chosen.loras.add().enabled = enabled
    chosen.loras[1].file = "ink.safetensors"
    key(scene, "flowbrush.regions[1].strength", (1, 0.0), (12, 1.1))
    key(scene, "flowbrush.loras[1].weight", (1, 0.0), (12, -0.5))
    found = {one.setting for one in take_settings(chosen).over_time}
    assert found == {"regions[0].strength", "loras[0].weight"}
    chosen.regions[1].use_strength = False
    assert {one.setting for one in take_settings(chosen).over_time} == {"loras[0].weight"}


def test_they_are_put_back(scene):
    chosen = scene.flowbrush
    key(scene, "flowbrush.refine", (2, 0.0), (9, 1.0))
    wanted = replace(
        take_settings(chosen),
        refine=0.0,
        strength=0.25,
        regions=(RegionSettings("hero", "ink", "", 0.5), RegionSettings("floor", "cel", "", 0.25)),
        loras=(LoraSettings("/nowhere/ink.safetensors", -1.0),),
        over_time=(
            *RISING,
            KeyedSetting("regions[1].strength", ((1, 0.25), (2, 0.5))),
            KeyedSetting("controls[0].scale", ((4, 1.0), (5, 0.5))),
            KeyedSetting("loras[0].weight", ((1, -1.0), (12, 1.0))),
        ),
    )
    wanted = wanted.with_number("controls[0].scale", 1.0)
    scene.frame_set(6)
    apply_settings(scene, wanted)
    assert scene.flowbrush.strength == 0.5
    found = take_settings(chosen)
    assert sorted(one.setting for one in found.over_time) == sorted(one.setting for one in wanted.over_time)
    for frame in range(1, 13):
        assert found.at(frame) == wanted.at(frame)
    apply_settings(scene, styles()["ink"])
    scene.frame_set(9)
    assert take_settings(chosen) == styles()["ink"]


def test_a_long_shot_is_sampled_from_its_curves_alone(scene):
    key(scene, "flowbrush.strength", (1, 0.0), (9000, 1.0))
    scene.frame_end = 9000
    visited = []
    bpy.app.handlers.frame_change_pre.append(lambda *_: visited.append(1))
    try:
        settings = take_settings(scene.flowbrush)
    finally:
        bpy.app.handlers.frame_change_pre.pop()
    assert not visited and settings.at(9000).strength == 1.0
    assert take_settings(scene.flowbrush, range(5, 6)).over_time == ()


def numbered(scene):
    """A region, a condition and a LoRA for each number that it has at frame 12, in the order of the lists."""
    chosen = scene.flowbrush
    chosen.fill_controls(())
    for number in range(1, 5):
        region = chosen.regions.add()
        region.mask, region.use_strength = f"part {number}", True
        chosen.controls.add().name = "depth"
        chosen.loras.add().file = f"{number}.safetensors"
        for path, factor in (("regions[{}].strength", 0.1), ("controls[{}].scale", 0.1), ("loras[{}].weight", 0.1)):
            if number != 3:  # which has no keyframes
                key(scene, f"flowbrush.{path.format(number - 1)}", (1, 0.0), (12, number * factor))
    scene.frame_set(12)
    return chosen


def at_twelve(scene):
    """By list, the number that each item has once Blender has evaluated its animation."""
    scene.frame_set(1)
    scene.frame_set(12)
    chosen = scene.flowbrush
    numbers = {"regions": "strength", "controls": "scale", "loras": "weight"}
    return {
        listed: [round(10 * getattr(item, numbers[listed])) for item in getattr(chosen, listed)] for listed in numbers
    }


def curves(scene):
    return sorted(curve.data_path for curve in compat.action_curves(scene.animation_data))


def test_an_item_that_moves_or_goes_takes_its_keyframes_along(scene):
    chosen = numbered(scene)
    chosen.regions[2].strength, chosen.controls[2].scale, chosen.loras[2].weight = 0.9, 0.9, 0.9
    chosen.active_region = chosen.active_control = chosen.active_loras = 1
    bpy.ops.flowbrush.region_remove()
    bpy.ops.flowbrush.control_remove()
    bpy.ops.flowbrush.lora_remove()
    assert at_twelve(scene) == {listed: [1, 9, 4] for listed in ("regions", "controls", "loras")}
    chosen.active_region = 2
    bpy.ops.flowbrush.region_move(direction="UP")
    assert [region.mask for region in chosen.regions] == ["part 1", "part 4", "part 3"]
    assert at_twelve(scene)["regions"] == [1, 4, 9]
    bpy.ops.flowbrush.region_move(direction="UP")
    assert at_twelve(scene)["regions"] == [4, 1, 9]
    chosen.regions.add().use_strength = True
    assert [path for path in curves(scene) if "regions[3]" in path] == [], "a new item begins without keyframes"
    bpy.ops.flowbrush.controls_of_style()
    assert not [path for path in curves(scene) if "controls" in path]
    assert at_twelve(scene)["loras"] == [1, 9, 4]


def test_drivers_go_along_and_other_lists_and_slots_stay_as_they_are(scene):
    chosen = numbered(scene)
    chosen.regions[3].driver_add("softness").driver.expression = "7"
    before = [path for path in curves(scene) if "regions" not in path]
    chosen.active_region = 0
    bpy.ops.flowbrush.region_remove()
    assert [driver.data_path for driver in scene.animation_data.drivers] == ["flowbrush.regions[2].softness"]
    assert [path for path in curves(scene) if "regions" not in path] == before
    chosen.active_region = 2
    bpy.ops.flowbrush.region_remove()
    assert list(scene.animation_data.drivers) == []


def test_undo_puts_keyframes_back_in_their_place(scene):
    numbered(scene).active_region = 0
    before = curves(scene)
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.flowbrush.region_remove()
    assert curves(scene) != before
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    scene = bpy.context.scene
    assert curves(scene) == before and at_twelve(scene)["regions"] == [1, 2, 8, 4]
