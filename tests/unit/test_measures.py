"""Whole takes whose measures are known, and the file that holds them."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from flowbrush.backend.errors import Cancelled, Code, ShotError
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.quality.colour import ciede2000, lab
from flowbrush.backend.quality.measure import measure
from flowbrush.backend.quality.measures import LAGS, MEASURES, Measures, heat_path, table, texels_path
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import Take, TakeSettings
from synthetic_shot import make_shot

SIZE = (64, 48)
BEFORE, AFTER = (180, 90, 60), (150, 110, 40)


def make_take(shot: Shot, name: str, paint: Callable[[int], np.ndarray]) -> Take:
    """A take with the pictures that `paint` gives for its frames, (H, W, 3) from 0 to 1."""
    take = Take.start(shot, name, TakeSettings(), {})
    for frame in shot.frame_numbers:
        eight_bit = np.rint(np.clip(paint(frame), 0, 1) * 255).astype(np.uint8)
        assert cv2.imwrite(str(take.frame_path(frame)), eight_bit[..., ::-1])
    return take


def measured(shot: Shot, take: Take, **options: int) -> Measures:
    list(measure(shot, take, **options))
    return Measures.load(take.folder)


def carried(shot: Shot) -> Callable[[int], np.ndarray]:
    """Paint of random colours that stays on its surfaces."""
    colours = np.random.default_rng(0).uniform(0, 1, (3, 128, 128, 3))

    def paint(frame: int) -> np.ndarray:
        passes = read_passes(shot, frame, ("object_id", "surface"))
        column, row = np.rint(passes["surface"][..., :2]).astype(int).transpose(2, 0, 1)
        return colours[passes["object_id"], row, column]

    return paint


def noise(shot: Shot, sigma: float) -> Callable[[int], np.ndarray]:
    width, height = shot.resolution
    return lambda frame: np.random.default_rng(frame).normal(0.5, sigma, (height, width, 3))


@pytest.fixture(scope="module")
def long_shot(tmp_path_factory: pytest.TempPathFactory) -> Shot:
    return make_shot(tmp_path_factory.mktemp("long") / "shot", size=SIZE, last=66)


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=5)


def test_paint_that_stays_on_its_surfaces_has_no_error(long_shot: Shot) -> None:
    take = make_take(long_shot, "carried", carried(long_shot))
    found = measured(long_shot, take)
    for lag in LAGS:
        series = found.take[f"warping_{lag}"].series
        assert [value is None for value in series] == [place < lag for place in range(66)]
        assert found.take[f"warping_{lag}"].summary < 1e-7
    assert found.take["texel"].summary < 1e-6
    assert found.take["drift"].summary < 1e-3
    assert found.capture == long_shot.capture and found.frames == tuple(range(1, 67))


def test_noise_has_twice_its_variance_over_any_time(long_shot: Shot) -> None:
    take = make_take(long_shot, "noise", noise(long_shot, 0.05))
    found = measured(long_shot, take)
    for lag in LAGS:
        assert found.take[f"warping_{lag}"].summary == pytest.approx(2 * 0.05**2, rel=0.1)
    assert MEASURES["warping_1"].root(found.take["warping_1"].summary) == pytest.approx(255 * 0.05 * 2**0.5, rel=0.05)
    colours = lab(cv2.imread(str(take.frame_path(1)))[..., ::-1].astype(np.float32) / 255)
    expected = colours.reshape(-1, 3).var(axis=0).sum()
    assert found.take["texel"].summary == pytest.approx(expected, rel=0.1)
    heat = cv2.imread(str(heat_path(take.folder, 9)), cv2.IMREAD_GRAYSCALE).astype(np.float64)
    assert np.sqrt(np.square(heat).mean()) == pytest.approx(255 * 0.05 * 2**0.5, rel=0.05)
    assert cv2.imread(str(texels_path(take.folder, 9)), cv2.IMREAD_UNCHANGED).shape == SIZE[::-1]


def test_the_render_itself_is_at_the_floor(shot: Shot) -> None:
    found = measured(shot, make_take(shot, "render", lambda frame: read_picture(shot, frame)))
    assert found.take["style_colour"].summary == 0.0
    assert found.take["style_structure"].summary == pytest.approx(0.0, abs=1e-6)
    assert {name: value for name, value in found.take.items() if not name.startswith("style_")} == found.render
    assert set(found.take) == set(MEASURES)


def test_blur_is_steady_and_is_told_by_its_sharpness(shot: Shot) -> None:
    paint = noise(shot, 0.1)
    sharp = measured(shot, make_take(shot, "sharp", paint))
    blurred = measured(shot, make_take(shot, "blurred", lambda frame: cv2.GaussianBlur(paint(frame), (0, 0), 2.0)))
    assert blurred.take["warping_1"].summary < 0.2 * sharp.take["warping_1"].summary
    assert blurred.take["sharpness"].summary < 0.2 * sharp.take["sharpness"].summary
    assert blurred.render == sharp.render


def test_outlines_that_change_are_told_from_surfaces_that_do(shot: Shot) -> None:
    paint = carried(shot)

    def outlined(frame: int) -> np.ndarray:
        ids = read_passes(shot, frame, ("object_id",))["object_id"].astype(np.uint8)
        line = cv2.morphologyEx(ids, cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
        return np.where(line[..., None], frame % 2, paint(frame))

    found = measured(shot, make_take(shot, "a", outlined)).take
    assert found["warping_1"].summary > 1e-3 and found["warping_inside"].summary < 1e-7


def test_lines_where_the_scene_has_them_are_found(shot: Shot) -> None:
    def outlined(frame: int) -> np.ndarray:
        ids = read_passes(shot, frame, ("object_id",))["object_id"].astype(np.uint8)
        return np.repeat(1.0 - cv2.morphologyEx(ids, cv2.MORPH_GRADIENT, np.ones((3, 3)))[..., None], 3, axis=2)

    lines = measured(shot, make_take(shot, "lines", outlined)).take["fidelity"].summary
    plain = measured(shot, make_take(shot, "plain", lambda _: np.full((64, 96, 3), 0.5))).take["fidelity"].summary
    assert lines > 0.95 and plain == 0.0


@pytest.mark.parametrize(("hidden", "comes_back"), [(6, True), (7, False)])
def test_a_surface_that_comes_back_in_another_colour(tmp_path: Path, hidden: int, comes_back: bool) -> None:
    # The square hides the column 44 of the wall, or is too near to it, in the six frames 3 to 8.
    shot = make_shot(tmp_path / "shot", last=10)
    colours = np.array((BEFORE, AFTER), np.float32) / 255
    found = measured(shot, make_take(shot, "a", lambda f: np.ones((64, 96, 3)) * colours[int(f > 5)]), hidden=hidden)
    expected = float(ciede2000(*(lab(colour.reshape(1, 1, 3))[0, 0] for colour in colours)))
    if comes_back:
        assert found.take["returned"].summary == pytest.approx(expected, abs=0.01)
        assert found.take["returned"].series[8] == pytest.approx(expected, abs=0.01)
        assert found.take["returned"].series[7] is None and found.points.returned > 0
    else:
        assert found.take["returned"].summary is None and found.points.returned == 0
    assert found.take["drift"].series[4:6] == pytest.approx((0.0, expected), abs=0.01)
    assert found.take["drift"].series[9] < expected, "surface that was first seen in its new colour has not drifted"
    assert found.render["drift"].series[9] < 0.1


def test_no_error_is_taken_over_a_cut(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=8, cuts=(4,))
    found = measured(shot, make_take(shot, "a", noise(shot, 0.05)))
    assert [value is None for value in found.take["warping_1"].series] == [True, False, False, True, *[False] * 4]
    assert [value is None for value in found.take["warping_4"].series] == [True] * 7 + [False]
    assert not cv2.imread(str(heat_path(shot.take_folder("a"), 4)), cv2.IMREAD_UNCHANGED).any()


def test_footage_has_what_its_vectors_tell(shot: Shot) -> None:
    footage = replace(shot, source="footage", cameras={}, objects=(), passes={"vector": shot.passes["vector"]})
    found = measured(footage, make_take(footage, "a", lambda frame: read_picture(shot, frame)))
    assert set(found.take) == {
        "warping_1", "warping_inside", "tof", "sharpness", "style_colour", "style_structure"
    }  # fmt: skip
    assert found.take["warping_1"].summary is not None


def test_only_finished_frames_are_measured(shot: Shot) -> None:
    take = make_take(shot, "a", carried(shot))
    take.frame_path(3).unlink()
    found = measured(shot, take)
    assert found.frames == (1, 2, 4, 5)
    assert [value is None for value in found.take["warping_1"].series] == [True, False, True, False]
    assert found.take["warping_4"].series[-1] is not None


def test_a_take_that_cannot_be_measured(shot: Shot) -> None:
    with pytest.raises(ShotError, match="no frames yet"):
        measured(shot, Take.start(shot, "empty", TakeSettings(), {}))
    take = make_take(shot, "a", noise(shot, 0.1))
    with pytest.raises(ShotError, match="another capture"):
        measured(replace(shot, capture="other"), take)
    passes = {name: value for name, value in shot.passes.items() if name != "surface"}
    with pytest.raises(ShotError) as lacking:
        measured(replace(shot, passes=passes), take)
    assert lacking.value.code == Code.MISSING_PASS
    cv2.imwrite(str(take.frame_path(3)), np.zeros((8, 8, 3), np.uint8))
    with pytest.raises(ShotError, match="stylize again") as damaged:
        measured(shot, take)
    assert damaged.value.code == Code.BAD_TAKE


def test_a_run_that_was_stopped_leaves_no_measures(shot: Shot) -> None:
    take = make_take(shot, "a", noise(shot, 0.1))
    whole = measured(shot, take)
    seen: list[int] = []
    with pytest.raises(Cancelled):
        seen += [done.done for done in measure(shot, take, cancelled=lambda: heat_path(take.folder, 3).exists())]
    assert not (take.folder / "measures.json").exists(), "old measures of a take are kept beside new heat maps"
    assert measured(shot, take) == whole


def test_the_table_names_every_measure(shot: Shot) -> None:
    take = make_take(shot, "a", carried(shot))
    text = table(measured(shot, take))
    assert all(kind.title in text for kind in MEASURES.values()) and len(text.splitlines()) == len(MEASURES) + 1


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "something"}, "this version"),
        ({"version": 2}, "this version"),
        ({"frames": [1, 2, 2, 4, 5]}, "rise"),
        ({"frames": [1, 2]}, "2 values|more than 2"),
        ({"frames": "12345"}, "list"),
        ({"hidden": 0}, "between"),
        ({"take": []}, "object"),
        ({"take": {"speed": {"series": [], "summary": 1}}}, "'speed' is not a measure"),
        ({"take": {"tof": {"series": [1, 2], "summary": 1}}}, "5 values"),
        ({"take": {"tof": {"series": [1, 2, 3, 4, -5], "summary": 1}}}, "number between"),
        ({"take": {"tof": {"series": [1, 2, 3, 4, "5"], "summary": 1}}}, "number"),
        ({"take": {"tof": {"series": [None] * 5, "summary": True}}}, "number"),
        ({"take": {"tof": 3}}, "object"),
        ({"objects": [{"id": 1, "points": -1, "take": 0, "render": 0}]}, "between"),
        ({"points": {"followed": 1, "seen": 1}}, "returned"),
    ],
)
def test_a_wrong_field_is_named(shot: Shot, change: dict, sentence: str) -> None:
    take = make_take(shot, "a", carried(shot))
    measured(shot, take)
    path = take.folder / "measures.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ShotError, match=sentence) as caught:
        Measures.load(take.folder)
    assert caught.value.code == Code.BAD_TAKE
