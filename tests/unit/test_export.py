"""Conditions written as picture sequences: whole, resumable, and never over pictures of something else."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from flowbrush.backend import export
from flowbrush.backend.errors import Cancelled, Code, SettingsError, ShotError, StorageError
from flowbrush.backend.export import available, export_conditions, export_mask, picture_path
from flowbrush.backend.passes.conditions import condition, passes_for
from flowbrush.backend.passes.exr import read_passes
from flowbrush.backend.passes.masks import softened
from flowbrush.backend.shot import SceneMaterial
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


def test_every_mask_is_that_of_its_frame(shot, tmp_path):
    done = list(export_mask(shot, "Square", tmp_path / "out", pytest.fail, 1.5, (2, 9)))
    assert [(d.frame, d.done, d.total) for d in done] == [(2, 1, 2), (3, 2, 2)]
    square = read_passes(shot, 3, ["object_id"])["object_id"] == 2
    stored = cv2.imread(str(done[1].path), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(stored, np.rint(softened(square, 1.5) * 255)), "8-bit grey, white inside"
    hard = next(export_mask(shot, "Square", tmp_path / "hard", pytest.fail))
    assert set(np.unique(cv2.imread(str(hard.path), cv2.IMREAD_UNCHANGED))) == {0, 255}


def test_a_stopped_mask_goes_on_and_another_replaces_it(shot, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(Cancelled):
        list(export_mask(shot, "Square", out, pytest.fail, cancelled=iter([False, True]).__next__))
    assert sorted(p.name for p in out.glob("*.png")) == ["0001.png"]
    written = (out / "0001.png").stat().st_mtime_ns
    list(export_mask(shot, "(Square)", out, pytest.fail))
    assert len(list(out.glob("*.png"))) == 3 and (out / "0001.png").stat().st_mtime_ns == written
    list(export_mask(shot, "!Square", out, pytest.fail, 0.0, (2, 2)))
    assert [p.name for p in out.glob("*.png")] == ["0002.png"], "a sequence of two masks"
    with pytest.raises(StorageError, match="choose another folder"):
        list(export_conditions(shot, ["depth"], _with_depth(out)))


def _with_depth(out):
    (out / "depth").mkdir()
    (out / "depth" / "0001.png").write_bytes(b"mine")
    return out


def test_a_mask_never_lies_over_other_pictures(shot, tmp_path):
    (tmp_path / "0001.png").write_bytes(b"mine")
    with pytest.raises(StorageError, match="choose another folder"):
        list(export_mask(shot, "Square", tmp_path, pytest.fail))
    assert (tmp_path / "0001.png").read_bytes() == b"mine" and not (tmp_path / "export.json").exists()


def test_a_mask_without_meaning_is_said_before_anything_is_written(shot, tmp_path):
    for text, softness, code in (("Sqare", 0.0, Code.BAD_MASK), ("Square", 1e9, Code.BAD_SETTINGS)):
        with pytest.raises(SettingsError) as caught:
            list(export_mask(shot, text, tmp_path / "out", pytest.fail, softness))
        assert caught.value.code is code
    with pytest.raises(ShotError, match="no pass 'object_id'"):
        list(export_mask(replace(shot, passes={}), "Square", tmp_path / "out", pytest.fail))
    assert not (tmp_path / "out").exists()
    told = []
    both = replace(shot, materials=(SceneMaterial(1, "Square"),))
    list(export_mask(both, "Square", tmp_path / "out", told.append))
    assert len(told) == 1 and "the object is meant" in told[0]
