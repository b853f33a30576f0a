"""More than one scene and view layer, and what of them is seen: each by name or by default, at its own frame."""

from collections.abc import Callable
from dataclasses import replace

import bpy
import numpy as np
import pytest
from blender import truth
from blender.stage import FLOOR, WALL, add_ball, stage, throw
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture

SETTINGS = CaptureSettings(truth.NOW, truth.NOW, samples=2)


def layer_of(scene: bpy.types.Scene, name: str) -> bpy.types.LayerCollection:
    """A new view layer's collection that holds nothing but a ball, in a collection of that name."""
    layer = scene.view_layers.new(name)
    group = bpy.data.collections.new(f"Group {name}")
    scene.collection.children.link(group)
    ball = add_ball(f"Ball {name}", 0.6)
    scene.collection.objects.unlink(ball)
    group.objects.link(ball)
    throw(ball, (-0.8, -0.8, 0.8), 0.01)
    return layer.layer_collection.children[group.name]


def excluded(collection: bpy.types.LayerCollection) -> None:
    collection.exclude = True


def indirect_only(collection: bpy.types.LayerCollection) -> None:
    collection.indirect_only = True


def held_out(collection: bpy.types.LayerCollection) -> None:
    collection.holdout = True


def hidden_in_renders(collection: bpy.types.LayerCollection) -> None:
    collection.collection.hide_render = True


def hidden_objects(collection: bpy.types.LayerCollection) -> None:
    for item in collection.collection.objects:
        item.hide_render = True


def hidden_from_cameras(collection: bpy.types.LayerCollection) -> None:
    for item in collection.collection.objects:
        item.visible_camera = False


def shown(collection: bpy.types.LayerCollection) -> None:
    """Hidden in the viewport only, by eye and by screen."""
    collection.hide_viewport = True


WAYS: list[Callable[[bpy.types.LayerCollection], None]] = [
    excluded,
    indirect_only,
    held_out,
    hidden_in_renders,
    hidden_objects,
    hidden_from_cameras,
    shown,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_pass_shows_what_the_picture_shows(tmp_path, way):
    """An object that the picture of its view layer does not show is in no pass."""
    scene = stage()
    way(layer_of(scene, "Extra"))
    list(capture(scene, tmp_path, replace(SETTINGS, view_layer="Extra")))
    shot = Shot.load(tmp_path)
    assert shot.view_layer == "Extra"
    passes = read_passes(shot, truth.NOW, ("object_id", "depth", "surface"))
    names = {item.id: item.name for item in shot.objects}
    seen = {names.get(number, "") for number in np.unique(passes["object_id"])}
    assert seen >= {FLOOR, WALL}
    assert ("Ball Extra" in seen) == (way is shown)
    if way is held_out:
        hole = ~np.isfinite(passes["depth"])
        assert 300 < hole.sum() < 5000
        assert np.quantile(read_picture(shot, truth.NOW)[hole], 0.8) < 0.01
    else:
        assert np.isfinite(passes["depth"]).mean() > 0.95


def test_each_scene_is_captured_at_its_own_frame_through_its_own_layer(tmp_path):
    """The one in the window stands at another frame, shows another layer, and has a namesake."""
    scene = stage()
    layer_of(scene, "Unused").exclude = True
    bpy.context.view_layer.objects.active = None
    other = bpy.data.scenes.new("Other")
    other.frame_set(30)
    if bpy.context.window is not None:
        bpy.context.window.scene = other
    scene.frame_set(2)
    ball = add_ball("Ball", 0.5)
    throw(ball)
    if ball.name not in scene.collection.objects:
        scene.collection.objects.link(ball)
    pair = truth.capture_pair(scene, tmp_path)
    assert pair.shot.scene == scene.name and pair.shot.view_layer == scene.view_layers[0].name
    assert pair.pixels("Ball").any()
    truth.check_pictures(pair)
