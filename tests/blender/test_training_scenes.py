"""The training scenes: every kind renders, lit and complete, always the same; what judges stays out of training."""

import json
import os
from pathlib import Path

import bpy
import numpy as np
import OpenEXR
import pytest
from flowbrush.backend.training import scenes
from flowbrush.backend.training.scenes import characters, held_out, kinds

MATERIAL = Path(os.environ.get("FLOWBRUSH_SHARED", Path(__file__).parents[3] / "shared")) / "material"
OLDEST = bpy.app.version[:2] == (4, 2)


def render(out: Path, *arguments: str) -> None:
    scenes.main([str(out), "--size", "48", "--samples", "0.01", "--threads", "1", "--count", "1", *arguments])


def picture(path: Path) -> np.ndarray:
    image = bpy.data.images.load(str(path))
    image.colorspace_settings.name = "Non-Color"
    pixels = np.array(image.pixels, np.float32).reshape(48, 48, 4)[..., :3]
    bpy.data.images.remove(image)
    return pixels


def check(out: Path) -> None:
    """The files are there and hold a scene that can be seen."""
    seen = picture(out.with_suffix(".png"))
    assert 0.15 < seen.max(axis=2).mean() < 0.8 and seen.std() > 0.03, "black, burnt or empty"
    with OpenEXR.File(str(out.with_suffix(".exr")), separate_channels=True) as file:
        planes = {name.partition(".")[2]: plane.pixels for part in file.parts for name, plane in part.channels.items()}
    assert (planes["Depth.Z"] < 1e6).mean() > 0.2, "hardly anything stands before the camera"
    for index in (("IndexOB.X", "Object Index.X"), ("IndexMA.X", "Material Index.X")):  # before 5.0, and since
        [plane] = [planes[name] for name in index if name in planes]
        assert len(np.unique(plane)) > 1
    assert {"Normal.X", "Normal.Y", "Normal.Z"} <= planes.keys()
    camera = json.loads(out.with_suffix(".json").read_text())
    assert len(camera["matrix_world"]) == 16 and camera["width_at_unit_depth"] > 0


@pytest.mark.parametrize("kind", kinds.KINDS)
def test_every_kind_renders_without_any_material(kind: str, tmp_path: Path) -> None:
    if kind != "room" and not OLDEST:
        pytest.skip("the oldest Blender renders all kinds, the others one")
    render(tmp_path, "--kind", kind, "--first", "3")
    check(tmp_path / "0003")


@pytest.mark.skipif(not OLDEST, reason="the oldest Blender answers for all")
def test_a_scene_is_the_same_whatever_was_rendered_before_it(tmp_path: Path) -> None:
    render(tmp_path / "a", "--kind", "hands", "--first", "5")
    render(tmp_path / "b", "--kind", "hands", "--first", "4")
    render(tmp_path / "b", "--kind", "hands", "--first", "5")
    first, again = picture(tmp_path / "a" / "0005.png"), picture(tmp_path / "b" / "0005.png")
    other = picture(tmp_path / "b" / "0004.png")
    assert np.abs(first - again).max() < 0.02 and np.abs(first - other).mean() > 0.02


def test_what_judges_is_not_trained_on() -> None:
    assert not set(characters.TRAINING) & set(characters.HELD_OUT)
    assert len(held_out.PICTURES) == 8
    source = Path(kinds.__file__).read_text()
    assert "mannequin" not in source and "bvh" not in source and "HELD_OUT" not in source


@pytest.mark.shared
@pytest.mark.parametrize("number", [0, 2, 4, 7])
def test_held_out_scenes_render(number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not MATERIAL.is_dir():
        pytest.skip(f"no characters and captures at {MATERIAL}")
    if number != 7 and not OLDEST:
        pytest.skip("the oldest Blender renders all four scenes, the others one")
    monkeypatch.setattr(held_out, "PICTURES", held_out.PICTURES[number : number + 1])
    render(tmp_path, "--held-out", "--material", str(MATERIAL))
    check(tmp_path / "0000")
