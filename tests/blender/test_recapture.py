"""Capturing again renders what changed, and only that; what is left shows one scene."""

import json
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import bpy
import pytest
from blender import scenes
from blender.test_survey import colour, find, move_key
from flowbrush.backend.errors import Cancelled, Code, ShotError
from flowbrush.backend.shot import Shot
from flowbrush.scene import capture as capturing
from flowbrush.scene.capture import Captured, CaptureSettings, capture

SETTINGS = CaptureSettings(first=3, last=5, samples=1, size=(32, 24))
PASSES = {"passes/0003.exr", "passes/0004.exr", "passes/0005.exr"}
PICTURES = {"pictures/0003.png", "pictures/0004.png", "pictures/0005.png"}


@pytest.fixture
def scene() -> bpy.types.Scene:
    scene = scenes.motion_scene(32, 24, shift=False)
    for material in bpy.data.materials:
        scenes.make_matte(material)
    return scene


class Folder:
    """A shot's folder that knows which of its files are new."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._known: dict[Path, int] = {}

    def capture(self, scene: bpy.types.Scene, settings: CaptureSettings = SETTINGS) -> list[Captured]:
        self._known = self._times()
        return list(capture(scene, self.path, settings))

    def written(self) -> set[str]:
        """The files of frames that the last capture wrote."""
        return {
            str(file.relative_to(self.path)) for file, time in self._times().items() if self._known.get(file) != time
        }

    def name(self) -> str:
        return Shot.load(self.path).capture

    def _times(self) -> dict[Path, int]:
        files = (file for file in self.path.glob("*/**/*") if file.is_file() and "takes" not in file.parts)
        return {file: file.stat().st_mtime_ns for file in files}


@pytest.fixture
def folder(scene, tmp_path) -> Folder:
    """A whole capture."""
    folder = Folder(tmp_path / "shot")
    folder.capture(scene)
    assert folder.written() == PASSES | PICTURES
    (folder.path / "takes").mkdir()
    return folder


def test_nothing_changed(scene, folder):
    whole = (folder.path / "shot.json").read_bytes()
    assert all(done.kept for done in folder.capture(scene))
    assert folder.written() == set()
    assert (folder.path / "shot.json").read_bytes() == whole


def test_a_material_changed(scene, folder):
    former = folder.name()
    colour()
    assert not any(done.kept for done in folder.capture(scene))
    assert folder.written() == PICTURES
    assert folder.name() != former and (folder.path / "takes").exists()


def test_what_stays_is_what_would_be_rendered(scene, folder, tmp_path):
    """Also where a smooth surface is seen at a glancing angle, whose normal Cycles would bend by the material."""
    surface = find(bpy.data.materials["ball"].node_tree, "BSDF_PRINCIPLED")
    surface.inputs["Metallic"].default_value, surface.inputs["Roughness"].default_value = 1.0, 0.1
    folder.capture(scene)
    assert folder.written() == PICTURES
    fresh = Folder(tmp_path / "fresh")
    fresh.capture(scene)
    for file in PASSES | PICTURES:
        assert (folder.path / file).read_bytes() == (fresh.path / file).read_bytes(), file


def test_a_key_changed(scene, folder):
    former = Shot.load(folder.path).prints
    move_key()  # of frame 3
    assert [done.kept for done in folder.capture(scene)] == [False, False, True]
    assert folder.written() == {"pictures/0003.png", "passes/0003.exr", "passes/0004.exr"}
    prints = Shot.load(folder.path).prints
    assert [frame for frame, print_ in prints.items() if print_ != former[frame]] == [3, 4]


@pytest.mark.parametrize("changed", [{"samples": 2}, {"denoise": True}])
def test_settings_of_the_picture_changed(scene, folder, changed):
    former = folder.name()
    folder.capture(scene, replace(SETTINGS, **changed))
    assert folder.written() == PICTURES
    assert folder.name() != former


def test_another_size(scene, folder):
    folder.capture(scene, replace(SETTINGS, size=(24, 32)))
    assert folder.written() == PASSES | PICTURES


def test_a_new_object_gives_all_others_new_numbers(scene, folder):
    hidden = bpy.data.objects.new("A first one", bpy.data.meshes.new("A first one"))
    hidden.hide_render = True
    scene.collection.objects.link(hidden)
    folder.capture(scene)
    assert folder.written() >= PASSES
    assert Shot.load(folder.path).objects[0].name == "A first one"


def test_passes_are_added_without_rendering_pictures_again(scene, tmp_path):
    folder = Folder(tmp_path / "shot")
    folder.capture(scene, replace(SETTINGS, passes=("depth",)))
    former = folder.name()
    folder.capture(scene, replace(SETTINGS, passes=("normal",)))
    assert folder.written() == PASSES
    assert set(Shot.load(folder.path).passes) == {"depth", "normal"}
    assert folder.name() == former
    folder.capture(scene, replace(SETTINGS, passes=("depth",)))
    assert folder.written() == set() and set(Shot.load(folder.path).passes) == {"depth", "normal"}


def test_what_another_scene_had_is_not_captured_on(scene, tmp_path):
    folder = Folder(tmp_path / "shot")
    folder.capture(scene, replace(SETTINGS, passes=("depth", "normal")))
    bpy.data.objects["Wall"].location.y += 0.1
    folder.capture(scene, replace(SETTINGS, passes=("depth",)))
    assert set(Shot.load(folder.path).passes) == {"depth"}


def test_a_longer_range_and_a_shorter_one(scene, folder):
    folder.capture(scene, replace(SETTINGS, last=6))
    assert folder.written() == {"pictures/0006.png", "passes/0006.exr"}
    colour()
    folder.capture(scene, replace(SETTINGS, first=4, last=4))
    assert folder.written() == {"pictures/0004.png"}
    folder.capture(scene, replace(SETTINGS, last=6))
    assert folder.written() == {"pictures/0003.png", "pictures/0005.png", "pictures/0006.png"}


def test_a_stopped_capture_goes_on_in_a_copy_saved_elsewhere(scene, tmp_path):
    folder = Folder(tmp_path / "shot")
    with closing(capture(scene, folder.path, SETTINGS)) as frames:
        next(frames)
    assert not (folder.path / "shot.json").exists()
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "copy.blend"))
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "copy.blend"))
    assert [done.kept for done in folder.capture(bpy.context.scene)] == [True, False, False]
    whole = Folder(tmp_path / "whole")
    whole.capture(bpy.context.scene)
    for file in ("shot.json", "capture.json", *PASSES, *PICTURES):
        same = (folder.path / file).read_text("latin-1").replace('"shot"', '"whole"')
        assert same == (whole.path / file).read_text("latin-1"), file


def test_a_file_that_is_gone_is_made_again(scene, folder):
    (folder.path / "pictures" / "0004.png").unlink()
    folder.capture(scene)
    assert folder.written() == {"pictures/0004.png"}


def test_a_capture_that_is_cancelled_while_looking(scene, folder):
    def cancel(_done: int, _total: int) -> None:
        raise Cancelled

    engine = scene.render.engine
    with pytest.raises(Cancelled):
        next(capture(scene, folder.path, SETTINGS, cancel))
    assert scene.render.engine == engine and (folder.path / "shot.json").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda record: "no json",
        lambda record: json.dumps({**record, "version": 1}),
        lambda record: json.dumps({**record, "frames": {"../3": record["frames"]["3"]}}),
        lambda record: json.dumps({**record, "frames": {"3": {**record["frames"]["3"], "passes": 5}}}),
        lambda record: json.dumps({**record, "frames": {"3": {**record["frames"]["3"], "depth": [1]}}}),
        lambda record: json.dumps({**record, "frames": {"99999999": record["frames"]["3"]}}),
    ],
    ids=["no json", "version", "path", "number", "depth", "frame"],
)
def test_a_damaged_record_vouches_for_nothing(scene, folder, damage):
    path = folder.path / "capture.json"
    path.write_text(damage(json.loads(path.read_text())))
    folder.capture(scene)
    assert folder.written() == PASSES | PICTURES


@pytest.mark.parametrize("damaged", [b"", b"no picture"], ids=["cut short", "overwritten"])
def test_passes_that_stayed_and_are_damaged(scene, folder, damaged):
    """They are read where people may be behind what is in them."""
    (folder.path / "passes" / "0004.exr").write_bytes(damaged)
    with pytest.raises(ShotError, match=r"0004\.exr is damaged") as caught:
        folder.capture(scene, replace(SETTINGS, extras=("pose",)))
    assert caught.value.code is Code.BAD_EXR


def test_passes_are_not_read_again_from_what_was_just_written(scene, tmp_path, monkeypatch):
    monkeypatch.delattr(capturing, "read_channels")
    assert len(list(capture(scene, tmp_path / "new", replace(SETTINGS, extras=("pose",))))) == 3


def test_a_lost_record_vouches_for_nothing(scene, folder):
    (folder.path / "capture.json").unlink()
    folder.capture(scene)
    assert folder.written() == PASSES | PICTURES
