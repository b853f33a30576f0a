"""Shots made of footage: motion, cuts, going on after a stop, and the methods on them."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from flowbrush.backend import needs
from flowbrush.backend.errors import Cancelled, Code, FlowbrushError, SettingsError, ShotError
from flowbrush.backend.footage.capture import FootageSettings, capture_footage
from flowbrush.backend.footage.cuts import is_cut
from flowbrush.backend.motion.estimated import estimate_motion
from flowbrush.backend.motion.tracking import tracking
from flowbrush.backend.motion.vectors import to_next, to_previous
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.quality.flicker import warping_error
from flowbrush.backend.shot import Shot
from made_footage import SIZE, pan, texture, write_images, write_movie
from synthetic_shot import make_shot

STEP = (3, 1)


def capture(path: Path, folder: Path, **settings: object) -> Shot:
    list(capture_footage(path, folder, FootageSettings(**settings), lambda _: None, lambda: False))
    return Shot.load(folder)


def files(shot: Shot) -> dict[str, bytes]:
    return {str(p.relative_to(shot.folder)): p.read_bytes() for p in sorted(shot.folder.rglob("*.*"))}


@pytest.fixture
def footage(tmp_path: Path) -> Path:
    """A pan, a cut, another pan."""
    return write_images(tmp_path / "footage", [*pan(1, 4, STEP), *pan(2, 4, STEP)])


def test_vectors_have_the_signs_of_blenders(tmp_path: Path) -> None:
    shot = capture(write_images(tmp_path / "footage", pan(1, 3, STEP)), tmp_path / "shot")
    assert shot.source == "footage" and shot.cameras == {} and shot.missing_frames() == []
    assert shot.passes["vector"].estimated
    vectors = [read_passes(shot, frame, ("vector",))["vector"] for frame in (1, 2, 3)]
    inner = vectors[1][12:-12, 12:-12]
    # What is seen moves by minus the camera's step, in rows from the top: y up turns the second sign.
    assert np.abs(inner[..., :2] - (STEP[0], -STEP[1])).mean() < 0.1
    assert np.abs(inner[..., 2:] - (STEP[0], -STEP[1])).mean() < 0.1
    assert not vectors[0][..., :2].any() and not vectors[2][..., 2:].any()
    assert np.abs(to_previous(vectors[1])[12:-12, 12:-12] - STEP).mean() < 0.1
    assert np.abs(to_next(vectors[1])[12:-12, 12:-12] + STEP).mean() < 0.1


def test_pictures_are_the_footages_own(tmp_path: Path) -> None:
    pictures = pan(1, 3)
    shot = capture(write_images(tmp_path / "footage", pictures, first=7), tmp_path / "shot")
    assert shot.frames == (7, 9) and shot.resolution == SIZE
    for frame, picture in zip((7, 8, 9), pictures, strict=True):
        assert np.array_equal(np.rint(read_picture(shot, frame) * 255), picture)


def test_frames_size_and_rate_are_chosen(tmp_path: Path) -> None:
    movie = write_movie(tmp_path / "a.mp4", pan(1, 10), Fraction(30000, 1001), sound=True)
    shot = capture(movie, tmp_path / "shot", frames=(4, 99), size=(48, 32))
    assert shot.frames == (4, 10) and shot.resolution == (48, 32) and shot.rate == Fraction(30000, 1001)
    assert any("aac" in notice and str(movie) in notice for notice in shot.notices)
    with pytest.raises(SettingsError, match="1 to 10") as caught:
        capture(movie, tmp_path / "other", frames=(11, 12))
    assert caught.value.code == Code.EMPTY_RANGE
    settings = FootageSettings((1, 2), 101, (48, 32), Fraction(24000, 1001))
    assert FootageSettings.parse(settings.document()) == settings
    for wrong in ({"size": [0, 32]}, {"frames": [1]}, {"rate": [0, 1]}, {"size": "big"}):
        with pytest.raises(SettingsError):
            FootageSettings.parse(wrong)


def test_frames_get_other_numbers_when_asked_for(footage: Path, tmp_path: Path) -> None:
    own = capture(footage, tmp_path / "own", frames=(3, 6))
    moved = capture(footage, tmp_path / "moved", frames=(3, 6), start=-1)
    assert moved.frames == (-1, 2) and own.cuts == (5,) and moved.cuts == (1,)
    for frame in own.frame_numbers:
        assert own.picture_path(frame).read_bytes() == moved.picture_path(frame - 4).read_bytes()
        assert own.exr_path(frame).read_bytes() == moved.exr_path(frame - 4).read_bytes()


def test_the_shot_of_a_scene_is_left_alone(footage: Path, tmp_path: Path) -> None:
    scene = make_shot(tmp_path / "scene", last=2)
    before = files(scene)
    with pytest.raises(ShotError, match="another folder"):
        capture(footage, scene.folder)
    assert files(scene) == before


def test_a_cut_is_found_and_nothing_leads_across_it(footage: Path, tmp_path: Path) -> None:
    shot = capture(footage, tmp_path / "shot")
    assert shot.cuts == (5,)
    before, after = (read_passes(shot, frame, ("vector",))["vector"] for frame in (4, 5))
    assert not before[..., 2:].any() and not after[..., :2].any()
    assert before[..., :2].any() and after[..., 2:].any()


def cut(before: np.ndarray, here: np.ndarray) -> bool:
    return is_cut(before, here, estimate_motion(before, here))


def test_what_is_a_cut_and_what_is_not() -> None:
    rng = np.random.default_rng(0)
    first, second = pan(1, 2, (8, 4))
    other = texture(2, SIZE)
    black = np.zeros_like(first)
    flash = np.clip(second.astype(int) + 60, 0, 255).astype(np.uint8)
    grain = [np.clip(rng.normal(4, 2, first.shape), 0, 255).astype(np.uint8) for _ in range(2)]
    turned = cv2.warpAffine(first, cv2.getRotationMatrix2D((48, 32), 4, 1.05), SIZE, borderMode=cv2.BORDER_REFLECT)
    covered = second.copy()
    covered[:, 48:] = other[:, 48:]
    for before, here in ((first, other), (black, first), (first, black), (grain[0], first)):
        assert cut(before, here)
    faded = (first * 0.3).astype(np.uint8), (second * 0.45).astype(np.uint8)
    for before, here in (
        (first, second),
        (first, flash),
        (black, black),
        grain,
        (first, turned),
        (first, covered),
        faded,
    ):
        assert not cut(before, here)


@pytest.mark.parametrize("stop_after", [0, 1, 3, 4, 5, 6])
def test_a_stopped_shot_goes_on_to_the_same_bytes(footage: Path, tmp_path: Path, stop_after: int) -> None:
    whole = capture(footage, tmp_path / "whole" / "shot")
    folder, done = tmp_path / "stopped" / "shot", []
    with pytest.raises(Cancelled):
        for frame in capture_footage(
            footage, folder, FootageSettings(), lambda _: None, lambda: len(done) >= stop_after
        ):
            done.append(frame)
    assert len(done) == stop_after and not (folder / "shot.json").exists()
    assert files(capture(footage, folder)) == files(whole)


def test_frames_that_went_missing_are_made_again_the_same(footage: Path, tmp_path: Path) -> None:
    shot = capture(footage, tmp_path / "shot")
    before = files(shot)
    for frame in (2, 5, 8):
        shot.exr_path(frame).unlink()
    made = [f.frame for f in capture_footage(footage, shot.folder, FootageSettings(), lambda _: None, lambda: False)]
    assert made == [2, 5, 8] and files(shot) == before
    assert list(capture_footage(footage, shot.folder, FootageSettings(), lambda _: None, lambda: False)) == []


def test_other_footage_or_settings_start_again(footage: Path, tmp_path: Path) -> None:
    shot = capture(footage, tmp_path / "shot")
    (shot.folder / "takes" / "a").mkdir(parents=True)
    (shot.folder / "pictures" / "notes.txt").write_text("mine")
    smaller = capture(footage, tmp_path / "shot", size=(48, 32), frames=(2, 3))
    assert smaller.capture != shot.capture
    assert [p.name for p in sorted(shot.folder.glob("p*/0*"))] == ["0002.exr", "0003.exr", "0002.png", "0003.png"]
    assert (shot.folder / "takes" / "a").exists() and (shot.folder / "pictures" / "notes.txt").exists()


def test_a_folder_that_cannot_be_written_is_told(footage: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FlowbrushError) as caught:
        capture(footage, tmp_path / "file" / "shot")
    assert caught.value.code == Code.NOT_WRITABLE


def test_flow_needs_of_footage_what_it_can_have(footage: Path, tmp_path: Path) -> None:
    shot = capture(footage, tmp_path / "shot")
    needs.check_method(shot, "flow")
    with pytest.raises(ShotError, match="'depth' needs: estimate"):
        needs.check_condition(shot, "depth")
    with pytest.raises(ShotError, match="'flow'"):
        needs.check_method(replace(shot, passes={}), "flow")
    assert tracking(shot).passes == ("vector",)
    scene = make_shot(tmp_path / "scene", last=2)
    assert set(tracking(scene).passes) == set(needs.METHODS["flow"])


def test_what_comes_into_view_is_not_seen_before(tmp_path: Path) -> None:
    """A square passes in front of a wall: behind it is what the frame before does not show."""
    wall, square = texture(1, SIZE), texture(2, (30, 30))
    pictures = []
    for left in (20, 28, 36):
        picture = wall.copy()
        picture[17:47, left : left + 30] = square
        pictures.append(picture)
    shot = capture(write_images(tmp_path / "footage", pictures), tmp_path / "shot")
    follow = tracking(shot)
    before, now = (read_passes(shot, frame, follow.passes) for frame in (2, 3))
    flow = follow.to_previous(now, 3)
    seen = follow.seen_before(now, before, flow)
    uncovered = np.zeros(seen.shape, bool)
    uncovered[19:45, 29:35] = True
    away = np.zeros(seen.shape, bool)
    away[:, 78:] = away[:, :14] = away[24:40, 44:58] = True
    assert seen[uncovered].mean() < 0.35 and seen[away].mean() > 0.97
    band = follow.parting_band(now, flow, 3)
    assert band[17:47, 34:38].mean() > 0.6 and band[:, :10].mean() < 0.1
    assert warping_error(shot, shot.frame_numbers, lambda frame: read_picture(shot, frame)) < 8
