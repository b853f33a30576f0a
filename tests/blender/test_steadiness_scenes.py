"""The scenes of the benchmark `bench/steadiness`: all are built, and two move as they should."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from bench.steadiness import scenes
from bench.steadiness.shots import SHARED
from flowbrush.backend.passes.exr import read_passes
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture

OLDEST = bpy.app.version[:2] == (4, 2)


def captured(name: str, folder: Path, size: tuple[int, int]) -> tuple[Shot, dict[str, np.ndarray]]:
    scenes.build(name, 4, folder / f"{name}.blend")
    list(capture(bpy.context.scene, folder / name, CaptureSettings(2, 2, samples=1, size=size)))
    shot = Shot.load(folder / name)
    return shot, read_passes(shot, 2, ("vector", "object_id", "surface"))


def test_the_fast_shot_moves_60_of_768_pixels_a_frame(tmp_path: Path) -> None:
    _, passes = captured("fast", tmp_path, (128, 72))
    behind = passes["vector"][8:30, :, 0]  # rows of nothing but wall and columns
    wall, pixels = np.unique(np.rint(behind), return_counts=True)
    assert abs(wall[pixels.argmax()]) == 60 * 128 / 768


def test_the_banner_waves_and_its_surface_stays_its_own(tmp_path: Path) -> None:
    shot, passes = captured("cloth", tmp_path, (96, 54))
    [banner] = [item.id for item in shot.objects if item.name == "Banner"]
    here = passes["object_id"] == banner
    assert here.mean() > 0.1
    assert np.abs(passes["vector"][here]).max() > 0.2
    assert np.abs(passes["surface"][here][:, 1]).max() < 0.01, "flat, as it was before it waved"


def test_what_is_behind_the_boards_is_hidden_long_enough(tmp_path: Path) -> None:
    scenes.build("hidden", 64, tmp_path / "hidden.blend")
    [boards] = [item for item in bpy.data.objects if item.type == "MESH" and item.animation_data]
    there = []
    for frame in range(1, 65):
        bpy.context.scene.frame_set(frame)
        there.append(abs(boards.location.x) < 1.0)
    assert sum(there) >= 20 and not there[0] and not there[-1]


@pytest.mark.skipif(not OLDEST, reason="built of what the oldest Blender has; one version tells")
def test_every_scene_is_built(tmp_path: Path) -> None:
    names = [*scenes.SCENES, *(["dance"] if (SHARED / "material" / "mocap").is_dir() else [])]
    for name in names:
        out = tmp_path / f"{name}.blend"
        scenes.build(name, 4, out, SHARED / "material")
        assert out.exists() and bpy.context.scene.camera is not None
    assert len({marker.camera for marker in _markers(tmp_path)}) == 2


def _markers(folder: Path) -> list[bpy.types.TimelineMarker]:
    scenes.build("cut", 12, folder / "cut.blend")
    return list(bpy.context.scene.timeline_markers)
