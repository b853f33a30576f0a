"""Conditions written as picture sequences: whole, resumable, and never over pictures of something else."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from flowbrush.backend import export
from flowbrush.backend.errors import Cancelled, Code, SettingsError, ShotError, StorageError
from flowbrush.backend.export import available, export_conditions, picture_path
from flowbrush.backend.passes.conditions import condition, passes_for
from flowbrush.backend.passes.exr import read_passes
from synthetic_shot import make_shot


@pytest.fixture
def shot(tmp_path):
    return make_shot(tmp_path / "shot", last=3)


def files(folder) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_every_picture_is_the_condition_of_its_frame(shot, tmp_path):
    names = ["depth", "segmentation", "canny", "tile"]
    done = list(export_conditions(shot, names, tmp_path / "out", (2, 9)))
    assert [(d.frame, d.done, d.total) for d in done] == [(2, 1, 2), (3, 2, 2)]
    for name in names:
        assert sorted(p.name for p in (tmp_path / "out" / name).iterdir()) == ["0002.png", "0003.png"]
        stored = cv2.imread(str(picture_path(tmp_path / "out", name, 3)))[..., ::-1]
        expected = condition(name, read_passes(shot, 3, passes_for(shot, [name])), shot, 3)
        assert np.array_equal(stored, np.rint(expected * 255))


def test_without_names_all_that_can_be_made_are(shot, tmp_path):
    list(export_conditions(shot, [], tmp_path / "out", (1, 1)))
    written = {p.name for p in (tmp_path / "out").iterdir() if p.is_dir()}
    assert written == set(available(shot)) >= {"depth", "normal", "shuffle", "softedge"}
    assert not written & {"lineart_freestyle", "openpose"}
    assert "normal" not in available(replace(shot, passes={}))


def test_a_stopped_export_goes_on_and_gives_the_same_bytes(shot, tmp_path, monkeypatch):
    stopped = export_conditions(shot, ["depth", "normal"], tmp_path / "out", cancelled=iter([False, True]).__next__)
    with pytest.raises(Cancelled):
        list(stopped)
    assert len(list((tmp_path / "out").rglob("*.png"))) == 2
    made = []
    monkeypatch.setattr(export, "condition", lambda name, *rest: made.append(name) or condition(name, *rest))
    list(export_conditions(shot, ["depth", "normal"], tmp_path / "out"))
    assert len(made) == 4
    list(export_conditions(shot, ["depth", "normal"], tmp_path / "other"))
    assert files(tmp_path / "out") == files(tmp_path / "other")


def test_pictures_of_another_capture_are_replaced(shot, tmp_path):
    list(export_conditions(shot, ["depth"], tmp_path / "out"))
    cv2.imwrite(str(picture_path(tmp_path / "out", "depth", 2)), np.zeros((4, 4, 3), np.uint8))
    list(export_conditions(shot, ["depth"], tmp_path / "out"))
    assert cv2.imread(str(picture_path(tmp_path / "out", "depth", 2))).shape == (4, 4, 3), "kept: the same capture"
    list(export_conditions(replace(shot, capture="later"), ["depth"], tmp_path / "out", (1, 2)))
    assert cv2.imread(str(picture_path(tmp_path / "out", "depth", 2))).shape == (64, 96, 3)
    assert not picture_path(tmp_path / "out", "depth", 3).exists(), "a sequence of two captures"


def test_a_folder_with_other_pictures_is_left_alone(shot, tmp_path):
    path = picture_path(tmp_path / "out", "depth", 1)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    with pytest.raises(StorageError, match="choose another folder"):
        list(export_conditions(shot, ["depth"], tmp_path / "out"))
    assert path.read_bytes() == b"mine"


def test_what_cannot_be_made_is_said_before_anything_is_written(shot, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(SettingsError, match="choose one of"):
        list(export_conditions(shot, ["depth", "magic"], out))
    with pytest.raises(ShotError, match="lineart_freestyle") as caught:
        list(export_conditions(shot, ["depth", "lineart_freestyle"], out))
    assert caught.value.code is Code.MISSING_PASS
    with pytest.raises(SettingsError, match="frames 1 to 3"):
        list(export_conditions(shot, ["depth"], out, (7, 9)))
    shot.exr_path(2).unlink()
    with pytest.raises(ShotError, match="not captured"):
        list(export_conditions(shot, ["depth"], out))
    assert not out.exists()
