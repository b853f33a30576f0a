"""Names in any script, with any sign, of any length; where a shot may lie, and what is said where it may not."""

import os
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender import truth
from blender.stage import add_ball, stage, throw
from flowbrush.backend.errors import Code, StorageError
from flowbrush.backend.passes.exr import read_passes
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture

SETTINGS = CaptureSettings(truth.NOW, truth.NOW, samples=1, size=(48, 27))
NAMES = {
    "Chinese": "画笔 · 場景",
    "Arabic": "فرشاة مشهد",
    "emoji": "🦊🎨 fox",
    "combined": "e\u0301 \u200d family",
    "quotes": 'it\'s "quoted" `here`',
    "paths": "..a/b//c:*?<>|",
    "lines": "two\nlines\tand a tab",
    "templates": "{frame} #### %04d $HOME ~",
    "dots": ".Depth.Z.R",
    "spaces": "  ends in space ",
    "long": "長" * 21,
    "longer": "x" * 63,
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_are_kept(tmp_path, kind):
    """Of everything that has one; the shot is read back and finds each pass."""
    name = NAMES[kind]
    scene = stage()
    ball = add_ball(name, 0.5)
    throw(ball)
    ball.data.materials[0].name = name
    ball[name[:40]] = name
    group = bpy.data.collections.new(name)
    scene.collection.children.link(group)
    group.objects.link(ball)
    scene.name = scene.camera.name = scene.view_layers[0].name = name
    named = scene.view_layers[0].name
    folder = tmp_path / name.replace("/", "⁄").replace("\x00", "")
    list(capture(scene, folder, SETTINGS))
    shot = Shot.load(folder)
    assert shot.scene == scene.name and shot.view_layer == scene.view_layers[0].name == named
    assert shot.cameras[truth.NOW].name == scene.camera.name
    item = next(item for item in shot.objects if item.name == ball.name)
    assert group.name in item.collections and scene.collection.name in item.collections
    assert item.materials == (ball.data.materials[0].name,)
    assert item.properties == {name[:40]: name}
    passes = read_passes(shot, truth.NOW, shot.passes)
    assert (passes["object_id"] == item.id).sum() > 50
    assert np.isfinite(passes["depth"]).mean() > 0.9 and np.abs(passes["vector"]).max() > 0.5
    if kind not in ("long", "longer"):
        assert name in (shot.scene, shot.scene.strip())


def test_plain_properties_and_all_collections_above_are_told(tmp_path):
    scene = stage()
    ball = add_ball("Ball")
    outer, middle, inner = (bpy.data.collections.new(name) for name in ("Outer", "Middle", "Inner"))
    scene.collection.children.link(outer)
    outer.children.link(middle)
    middle.children.link(inner)
    inner.objects.link(ball)
    given = {"whole": 3, "half": 0.5, "yes": True, "text": "鬼", "list": [1, 2], "long": "x" * 300}
    for name, value in given.items():
        ball[name] = value
    list(capture(scene, tmp_path, SETTINGS))
    item = next(item for item in Shot.load(tmp_path).objects if item.name == "Ball")
    assert item.properties == {"whole": "3", "half": "0.5", "yes": "true", "text": "鬼"}
    assert set(item.collections) == {"Outer", "Middle", "Inner", "Scene Collection"}


def test_a_scene_that_was_never_saved_is_captured_with_its_changes(tmp_path):
    scene = stage()
    assert not bpy.data.filepath
    ball = add_ball("Ball", 0.8)
    ball.location = (0.0, -1.0, 1.0)
    list(capture(scene, tmp_path / "one", SETTINGS))
    ball.location.x += 1.0
    list(capture(scene, tmp_path / "two", SETTINGS))
    one, two = (read_passes(Shot.load(tmp_path / name), truth.NOW, ["object_id"]) for name in ("one", "two"))
    assert (one["object_id"] != two["object_id"]).any()


@pytest.mark.skipif(os.geteuid() == 0 and not Path("/sys/kernel").is_dir(), reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    folder = (Path("/sys/kernel") if os.geteuid() == 0 else closed) / "shot"
    with pytest.raises(StorageError) as caught:
        list(capture(stage(), folder, SETTINGS))
    assert caught.value.code is Code.NOT_WRITABLE and "choose a folder" in str(caught.value)


def test_a_folder_that_blender_cannot_name_is_refused(tmp_path):
    with pytest.raises(StorageError) as caught:
        list(capture(stage(), tmp_path / "a\\b", SETTINGS))
    assert caught.value.code is Code.NOT_WRITABLE and "backslash" in str(caught.value)


def test_a_file_in_a_folder_that_cannot_be_written_to_is_captured_elsewhere(tmp_path):
    """Nothing is written beside the .blend."""
    closed = tmp_path / "closed"
    closed.mkdir()
    scene = stage()
    bpy.ops.wm.save_as_mainfile(filepath=str(closed / "scene.blend"))
    before = sorted(p.name for p in closed.iterdir())
    list(capture(scene, tmp_path / "shot", SETTINGS))
    assert sorted(p.name for p in closed.iterdir()) == before
    assert Shot.load(tmp_path / "shot").missing_frames() == []


UNITS = {
    "huge": 1e5,
    "large": 1e3,
    "tiny": 1e-4,
}


@pytest.mark.parametrize("kind", UNITS)
def test_huge_and_tiny_scenes(tmp_path, kind):
    """Everything is scaled, and the scene's unit with it; near and far say how deep it is."""
    factor = UNITS[kind]
    scene = stage()
    throw(add_ball("Ball", 0.5))
    handle = bpy.data.objects.new("Handle", None)
    scene.collection.objects.link(handle)
    handle.scale = (factor, factor, factor)
    for item in scene.objects:
        if item != handle:
            item.parent = handle
    scene.camera.data.clip_start, scene.camera.data.clip_end = 0.1 * factor, 100 * factor
    scene.unit_settings.scale_length = 1 / factor
    pair = truth.capture_pair(scene, tmp_path)
    assert 2 * factor < pair.shot.near < pair.shot.far < 20 * factor
    truth.check_pictures(pair)
    truth.check_rays(pair, scene)
