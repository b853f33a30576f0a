"""The scene is bit for bit as it was after a capture that ended, failed or was cancelled."""

from contextlib import closing

import bpy
import pytest
from blender import rna_dump, scenes
from flowbrush.backend.errors import Code, SceneError
from flowbrush.scene import capture as capturing
from flowbrush.scene import renderer
from flowbrush.scene.capture import CaptureSettings, capture

SETTINGS = CaptureSettings(first=4, last=6, samples=1, denoise=False, size=(32, 24))


@pytest.fixture
def scene(tmp_path) -> bpy.types.Scene:
    scene = scenes.odd_scene(64, 48, tmp_path / "library.blend")
    bpy.context.view_layer.update()
    rna_dump.dump()  # reading some attributes changes how Blender stores them
    return scene


def test_after_success(scene, tmp_path):
    before = rna_dump.dump()
    with closing(capture(scene, tmp_path / "shot", SETTINGS)) as frames:
        next(frames)
        during = rna_dump.dump()
        assert len(list(frames)) == 2
    assert len(rna_dump.difference(before, during)) > 100, "the dump does not see what a capture changes"
    assert rna_dump.changed(before) == ""


def test_after_cancel(scene, tmp_path):
    before = rna_dump.dump()
    with closing(capture(scene, tmp_path / "shot", SETTINGS)) as frames:
        next(frames)
    assert rna_dump.changed(before) == ""
    assert not (tmp_path / "shot" / "shot.json").exists()
    assert (tmp_path / "shot" / "passes" / "0004.exr").exists()


def test_after_an_error_between_renders(scene, tmp_path, monkeypatch):
    def fail(*_):
        raise RuntimeError("Error: no memory left on the GPU")

    before = rna_dump.dump()
    with pytest.raises(SceneError) as caught, closing(capture(scene, tmp_path / "shot", SETTINGS)) as frames:
        next(frames)
        monkeypatch.setattr(renderer, "pixels_only", fail)
        next(frames)
    assert caught.value.code is Code.RENDER_FAILED
    assert "frame 5" in str(caught.value) and "no memory left" in str(caught.value)
    assert rna_dump.changed(before) == ""
    assert sorted(p.name for p in (tmp_path / "shot").iterdir()) == ["capture.json", "passes", "pictures"]


def test_after_an_error_while_preparing(scene, tmp_path, monkeypatch):
    def fail(*_):
        raise ZeroDivisionError

    before = rna_dump.dump()
    monkeypatch.setattr(capturing.surface, "_number", fail)
    with pytest.raises(ZeroDivisionError):
        next(capture(scene, tmp_path / "shot", SETTINGS))
    assert rna_dump.changed(before) == ""


def test_before_the_first_step_nothing_is_changed(scene, tmp_path):
    before = rna_dump.dump()
    frames = capture(scene, tmp_path / "shot", SETTINGS)
    assert rna_dump.changed(before) == ""
    frames.close()
    assert rna_dump.changed(before) == ""
