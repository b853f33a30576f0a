"""What a user reads when a scene cannot be captured, and what is left on disk."""

import resource
import sys
from contextlib import closing
from dataclasses import replace

import bpy
import pytest
from blender import scenes
from flowbrush.backend.errors import Code, FlowbrushError, SceneError, StorageError
from flowbrush.backend.shot import Shot
from flowbrush.scene import capture as capturing
from flowbrush.scene import renderer
from flowbrush.scene.capture import CaptureSettings, capture

SETTINGS = CaptureSettings(first=3, last=4, samples=1, size=(32, 24))


@pytest.fixture
def scene() -> bpy.types.Scene:
    return scenes.motion_scene(32, 24, shift=False)


def refused(scene, folder, settings=SETTINGS) -> FlowbrushError:
    with pytest.raises(FlowbrushError) as caught:
        list(capture(scene, folder, settings))
    assert not (folder / "shot.json").exists()
    return caught.value


def test_no_camera(scene, tmp_path):
    scene.camera = None
    error = refused(scene, tmp_path / "shot")
    assert error.code is Code.NO_CAMERA and "add one" in str(error)
    assert not (tmp_path / "shot").exists()


def test_empty_range(scene, tmp_path):
    error = refused(scene, tmp_path / "shot", replace(SETTINGS, first=9, last=3))
    assert error.code is Code.EMPTY_RANGE and "9 to 3" in str(error)


def test_panoramic_camera_behind_a_marker(scene, tmp_path):
    other = bpy.data.objects.new("Dome", bpy.data.cameras.new("Dome"))
    scene.collection.objects.link(other)
    other.data.type = "PANO"
    scene.timeline_markers.new("dome", frame=4).camera = other
    error = refused(scene, tmp_path / "shot")
    assert error.code is Code.UNSUPPORTED_SCENE and "'Dome'" in str(error) and "lens type" in str(error)


def test_a_camera_that_is_no_camera(scene, tmp_path):
    scene.camera = bpy.data.objects["Ball"]
    assert refused(scene, tmp_path / "shot").code is Code.UNSUPPORTED_SCENE


def test_unknown_view_layer(scene, tmp_path):
    error = refused(scene, tmp_path / "shot", replace(SETTINGS, view_layer="Ink"))
    assert error.code is Code.UNSUPPORTED_SCENE and "'Ink'" in str(error)


def test_render_that_fails(scene, tmp_path):
    with pytest.raises(SceneError) as caught, closing(capture(scene, tmp_path / "shot", SETTINGS)) as frames:
        next(frames)
        scene.camera.data.type = "PANO"
        bpy.data.objects.remove(scene.camera)
        next(frames)
    assert caught.value.code is Code.RENDER_FAILED and "frame 4" in str(caught.value)


def test_folder_that_is_a_file(scene, tmp_path):
    (tmp_path / "file").write_text("")
    error = refused(scene, tmp_path / "file")
    assert isinstance(error, StorageError) and error.code is Code.NOT_WRITABLE
    assert "choose a folder" in str(error)


def test_disk_that_is_nearly_full(scene, tmp_path, monkeypatch):
    usage = renderer.disk_usage(tmp_path)
    monkeypatch.setattr(renderer, "disk_usage", lambda _: usage._replace(free=1000))
    error = refused(scene, tmp_path / "shot")
    assert error.code is Code.DISK_FULL and "make room" in str(error)


def test_disk_that_fills_up_while_blender_writes(scene, tmp_path):
    """A limit on the size of files stands for the full disk: the system refuses to write on, to Blender as well."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    with closing(capture(scene, tmp_path / "shot", SETTINGS)) as frames:
        next(frames)
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, hard))
        try:
            with pytest.raises(StorageError) as caught:
                next(frames)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert caught.value.code is Code.DISK_FULL
    left = sorted(str(p.relative_to(tmp_path / "shot")) for p in (tmp_path / "shot").rglob("*") if p.is_file())
    assert left == ["capture.json", "passes/0003.exr", "pictures/0003.png"], "something half-written is left"


def test_a_folder_that_is_no_shot_keeps_its_files(scene, tmp_path):
    folder = tmp_path / "mine"
    (folder / "pictures").mkdir(parents=True)
    (folder / "pictures" / "0001.png").write_text("mine")
    list(capture(scene, folder, SETTINGS))
    assert (folder / "pictures" / "0001.png").read_text() == "mine"
    assert Shot.load(folder).missing_frames() == []


@pytest.mark.parametrize("engine", ["BLENDER_WORKBENCH", capturing.compat.EEVEE])
def test_another_engine_is_captured_with_cycles_and_says_so(scene, tmp_path, monkeypatch, engine):
    monkeypatch.setattr(capturing.engines, "eevee_renders", lambda: False)  # where there is no graphics driver
    scene.render.engine = engine
    said = [sentence for captured in capture(scene, tmp_path / "shot", SETTINGS) for sentence in captured.notices]
    assert any("Cycles" in sentence for sentence in said)
    assert scene.render.engine == engine and Shot.load(tmp_path / "shot").engine == "CYCLES"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere Blender needs no EGL")
def test_without_a_graphics_library_eevee_is_not_tried(scene, monkeypatch):
    def missing(name: str):
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(capturing.engines.ctypes, "CDLL", missing)
    scene.render.engine = capturing.compat.EEVEE
    assert capturing.engines.engine_for(scene) == "CYCLES"


def test_without_a_denoiser_the_picture_is_noisy_and_that_is_said(scene, tmp_path, monkeypatch):
    scene.cycles.use_denoising = True
    monkeypatch.setattr(capturing.compat, "can_denoise", lambda: False)
    said = [sentence for captured in capture(scene, tmp_path / "shot", SETTINGS) for sentence in captured.notices]
    assert any("not denoised" in sentence for sentence in said)
    assert scene.cycles.use_denoising


def test_a_leftover_of_a_killed_blender_is_removed(scene, tmp_path):
    (tmp_path / "shot" / ".capture-abc").mkdir(parents=True)
    (tmp_path / "shot" / ".capture-abc" / "data.exr").write_bytes(b"half")
    list(capture(scene, tmp_path / "shot", SETTINGS))
    assert not (tmp_path / "shot" / ".capture-abc").exists()


def test_negative_frames(scene, tmp_path):
    list(capture(scene, tmp_path / "shot", replace(SETTINGS, first=-1, last=0)))
    assert sorted(p.name for p in (tmp_path / "shot" / "passes").iterdir()) == ["-0001.exr", "0000.exr"]
    assert Shot.load(tmp_path / "shot").frames == (-1, 0)
