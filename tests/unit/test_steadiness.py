"""The benchmark `bench/steadiness`: the published method's formulas, the random painter, ratios, bars and pictures."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from bench.steadiness.painters import LINES, SURFACES, Clocked, RandomPainter
from bench.steadiness.picture import Place, followed, strips, worst_place
from bench.steadiness.published import Flows, Published, doubt, matched, nearest_along
from bench.steadiness.shots import SHOTS, ShotPlan
from bench.steadiness.table import Row, markdown, ratio, verdicts
from bench.steadiness.takes import Cost, make_take, told
from flowbrush.backend.methods.executor import run_plan
from flowbrush.backend.methods.studio import Studio
from flowbrush.backend.painters.painter import PaintRequest
from flowbrush.backend.quality.measure import measure
from flowbrush.backend.quality.measures import Measured, Measures, PointCounts, heat_path
from flowbrush.backend.take import Take, TakeSettings
from synthetic_shot import make_shot
from synthetic_shot import place as edge_of

PLAN = ShotPlan("made", (512, 512), 48, slow=True)


def never() -> bool:
    return False


# The published method


def test_matching_gives_the_histogram_of_the_source() -> None:
    dice = np.random.default_rng(0)
    picture = dice.integers(0, 100, (32, 32, 3)).astype(np.uint8)
    source = (picture.astype(int) * 2 + 20).astype(np.uint8)
    assert np.array_equal(matched(picture, source), source), "a rising map of levels is found again"
    assert np.array_equal(matched(source, source), source)


def test_all_channels_are_one_histogram() -> None:
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., 0] = 200
    grey = np.full((4, 4, 3), 90, np.uint8)
    assert (matched(red, grey) == 90).all()


def test_what_is_carried_is_the_nearest_pixel_and_mirrored_beyond_the_border() -> None:
    picture = np.repeat(np.arange(5, dtype=np.float32)[None, :, None], 2, axis=0).repeat(3, axis=2)
    flow = np.zeros((2, 5, 2), np.float32)
    flow[..., 0] = 1.3
    assert nearest_along(picture, flow)[0, :, 0].tolist() == [1, 2, 3, 4, 4]


def test_doubt_is_where_flows_disagree_or_the_source_changed() -> None:
    still = np.zeros((60, 60, 2), np.float32)
    grey = np.full((60, 60, 3), 0.5, np.float32)
    assert doubt(still, still, grey, grey).max() == 0.0
    # 50 * 0.6 / 60 of a pixel's disagreement, wherever it is the same all over and nothing moves far.
    back = still + np.float32([0.6, 0.0])
    assert np.allclose(doubt(back, still, grey, grey), 50 * 0.01 * (1 - 20 * 0.01), atol=1e-5)
    assert doubt(still + np.float32([3.0, 0.0]), still, grey, grey).max() == 0.0, "what moves far is not doubted"
    changed = grey.copy()
    changed[..., 1] = 0.6
    assert np.allclose(doubt(still, still, changed, grey), 0.2, atol=1e-5), "twice the largest change of a channel"
    assert doubt(still, still, grey * 0, grey).max() == 1.0


class Flat:
    """Paints one grey; notes the strengths."""

    def __init__(self) -> None:
        self.strengths: list[float] = []

    def paint(self, request: PaintRequest, cancelled: object) -> np.ndarray:
        self.strengths.append(request.strength)
        return np.full_like(request.initial, 0.5)

    def close(self) -> None: ...


def test_published_paints_each_frame_twice_and_starts_anew_at_a_cut(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=4, cuts=(3,))
    settings = TakeSettings(strength=0.7)
    take, painter = Take.start(shot, "a", settings, {}), Flat()
    second = Studio(shot, replace(take, settings=replace(settings, strength=0.15)), painter, never)
    asked: list[int] = []

    def no_flow(studio: Studio, frame: int) -> Flows:
        asked.append(frame)
        return np.zeros((64, 96, 2), np.float32), np.zeros((64, 96, 2), np.float32)

    method = Published(no_flow, second)
    list(run_plan(method.plan(shot, shot.frame_numbers, never), method, Studio(shot, take, painter, never)))
    assert sorted(painter.strengths) == [0.15, 0.15, 0.7, 0.7, 0.7, 0.7]
    assert sorted(asked) == [2, 4]
    assert take.finished(shot) == [1, 2, 3, 4]


def test_half_of_the_doubt_trails(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=3)
    take, painter = Take.start(shot, "a", TakeSettings(), {}), Flat()
    studio = Studio(shot, take, painter, never)
    away = np.zeros((64, 96, 2), np.float32)

    def one_way(studio: Studio, frame: int) -> Flows:
        return away + np.float32([0.48 * (frame == 2), 0.0]), away

    method = Published(one_way, studio)
    tasks = method.plan(shot, shot.frame_numbers, never)
    states = []
    for task in tasks:
        result = method.run(task, studio)
        states.append(result.state)
        np.savez(take.state_path(task.frame), **result.state)
    trails = [state["trail"][0, 0] for state in states]  # a corner where the source does not change
    assert trails == pytest.approx([0.0, 50 * 0.005 * 0.9, 50 * 0.005 * 0.9 / 2], abs=1e-4)


# The painter


def request(**changes: object) -> PaintRequest:
    colours = np.zeros((48, 64, 3), np.float32)
    colours[:, 32:] = (0.2, 0.6, 0.4)
    lines = np.zeros_like(colours)
    lines[20:22] = 1.0
    given = {"initial": np.full((48, 64, 3), 0.5, np.float32), "conditions": {SURFACES: colours, LINES: lines}}
    return PaintRequest(**{**given, "prompt": "", "negative_prompt": "", "strength": 0.8, "seed": 1, **changes})


def paint(**changes: object) -> np.ndarray:
    return RandomPainter().paint(request(**changes), never)


def test_the_random_painter_repaints_at_the_least_change_and_only_then() -> None:
    first = paint()
    assert first.dtype == np.float32 and np.array_equal(first, paint())
    for other in (paint(seed=2), paint(initial=np.full((48, 64, 3), 0.501, np.float32))):
        assert np.abs(other - first).mean() > 0.02
    tones = [first[:15, :28].mean(axis=(0, 1)), first[:15, 36:].mean(axis=(0, 1))]
    assert np.abs(tones[0] - tones[1]).max() > 0.01, "surfaces have tones of their own"
    assert first[20:22].mean() < 0.6 * first[:18].mean(), "lines are drawn"


def test_the_random_painter_heeds_strength_and_mask() -> None:
    assert (
        np.abs(
            paint(strength=0.1, conditions={**request().conditions, LINES: np.zeros((48, 64, 3), np.float32)}) - 0.5
        ).mean()
        < 0.02
    )
    assert np.abs(paint(strength=0.0) - 0.5).max() < 1e-6
    mask = np.zeros((48, 64), np.float32)
    mask[:, 40:] = 1.0
    painted = paint(mask=mask)
    assert (painted[:, :40] == 0.5).all() and np.abs(painted[:, 40:] - 0.5).mean() > 0.02


def test_the_clock_counts() -> None:
    clock = Clocked(RandomPainter())
    clock.paint(request(), never)
    half = np.zeros((48, 64), np.float32)
    half[:24] = 0.5
    clock.paint(request(mask=half), never)
    assert (clock.calls, clock.painted) == (2, 1.5) and clock.seconds > 0.0


# What is computed from measures and costs


def row(method: str, calls: int = 6, seconds: float = 6.0, painter: str = "starter", **values: float) -> Row:
    measured = {name: Measured((), value) for name, value in values.items()}
    measures = Measures("", 20, (), measured, measured, (), PointCounts(0, 0, 0))
    return Row(PLAN, painter, method, measures, Cost(48, seconds, 0.5 * seconds, 0.6, calls, 1.0, 0.0, ()))


def test_bars_are_ratios_of_mean_squares_and_say_what_is_met() -> None:
    rows = [
        row("per_frame", 48, 40.0, warping_1=0.04, warping_16=0.05, sharpness=100.0, fidelity=0.5),
        row("published", 95, 80.0, warping_1=0.006, warping_16=0.02, sharpness=50.0, fidelity=0.4),
        row("surface", 6, 6.0, warping_1=0.003, warping_16=0.002, sharpness=94.0, fidelity=0.5, returned=1.9),
    ]
    found = {verdict.bar: (verdict.value, verdict.met) for verdict in verdicts(rows, 4.0)}
    assert found["lag 1, of per_frame's at most 0.1"] == (pytest.approx(0.075), True)
    assert found["lag 1, of published's at most 0.333"] == (pytest.approx(0.5), False)
    assert found["lag 16, of per_frame's at most 0.05"] == (pytest.approx(0.04), True)
    assert found["lag 16, of published's at most 0.2"] == (pytest.approx(0.1), True)
    assert found["came back, CIEDE2000 at most 2"] == (1.9, True)
    assert found["sharp, of per_frame's at least 0.95"] == (pytest.approx(0.94), False)
    assert found["style, colour, of per_frame's at least 0.9"] == (None, None)
    assert found["fidelity, of per_frame's at least 1"] == (1.0, True)
    assert found["calls a frame at most 0.125 (slow camera)"] == (0.125, True)
    assert found["time, of per_frame's at most 0.2"] == (pytest.approx(0.15), True)
    # 6 calls at 4 s and 3 s of the rest, against 48 calls and 20 s.
    assert found["time on paper, SD 1.5 at 4 s a call, at most 0.2"] == (pytest.approx(27 / 212), True)
    assert found["carrying, s a frame at most 0.25 (512 x 512)"] == (pytest.approx(3 / 48), True)
    assert found["of it not files, at most 0.5"] == (pytest.approx(0.4), True)
    text = markdown(rows, 4.0)
    assert "| lag 1, of published's at most 0.333 | 0.5 ✗ (render 0.5) | 0 of 1 |" in text, "here both are the same"
    assert "| made | surface | 0.075 |" in text
    assert "| surface | 14 |" in text, "roots in 8-bit levels: 255 * sqrt(0.003)"


def test_what_cannot_be_judged_is_not() -> None:
    small = [
        replace(row(name, painter="random"), shot=replace(PLAN, size=(64, 64), slow=False))
        for name in ("per_frame", "surface")
    ]
    judged = {verdict.bar: verdict.met for verdict in verdicts(small, 4.0)}
    assert judged["carrying, s a frame at most 0.25 (512 x 512)"] is None
    assert judged["time, of per_frame's at most 0.2"] is None
    assert judged["calls a frame at most 0.125 (slow camera)"] is None
    assert verdicts(small[1:], 4.0) == []
    assert ratio(1.0, 0.0) is None and ratio(None, 1.0) is None


def test_a_shot_made_small_keeps_its_shape() -> None:
    assert SHOTS["cloth"].smaller(256, 24) == replace(SHOTS["cloth"], size=(256, 144), frames=24)
    assert SHOTS["orbit"].smaller(None, None) == SHOTS["orbit"]
    assert [SHOTS["hidden"].smaller(None, frames).hidden for frames in (64, 24)] == [20, 8]


def test_time_in_files_is_counted_once() -> None:
    passes, picture, png = (("/a/exr.py", 1, name) for name in ("read_passes", "read_picture", "read_png"))
    other = ("/a/method.py", 1, "run")
    stats = SimpleNamespace(
        stats={
            other: (1, 1, 2.0, 9.0, {}),
            passes: (1, 1, 1.0, 3.0, {other: (1, 1, 1.0, 3.0)}),
            picture: (1, 1, 0.5, 2.0, {other: (1, 1, 0.5, 2.0)}),
            png: (2, 2, 2.5, 2.5, {picture: (1, 1, 1.5, 1.5), other: (1, 1, 1.0, 1.0)}),
        }
    )
    files, functions = told(stats)
    assert files == 6.0
    assert functions[0] == ("exr.py:read_png", 2.5)


# Pictures, and everything together


def test_the_worst_place_is_found(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=3)
    take = Take.start(shot, "a", TakeSettings(), {})
    for frame in shot.frame_numbers:
        heat = np.full((64, 96), 10 * (frame == 2), np.uint8)
        if frame == 2:
            heat[40:56, 70:86] = 200
        path = heat_path(take.folder, frame)
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), heat)
    place = worst_place(shot, take)
    assert (place.frame, place.left, place.top, place.side) == (2, 70, 40, 16)


def test_a_strip_follows_what_it_shows(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=5, cuts=(4,))
    on_square = Place(2, 14, 24, 16)
    assert followed(shot, on_square, 1) == Place(3, 14 + edge_of(3) - edge_of(2), 24, 16)
    assert followed(shot, on_square, -1) == Place(1, 14 + edge_of(1) - edge_of(2), 24, 16)
    assert followed(shot, Place(3, 20, 24, 16), 1) == Place(4, 20, 24, 16), "not over a cut"
    assert followed(shot, Place(1, 14, 24, 16), -1) == Place(1, 14, 24, 16), "there is none before"


def test_a_small_bench_from_end_to_end(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=4)
    plan = ShotPlan("made", shot.resolution, 4)
    methods = ("per_frame", "published", "surface")
    takes = [make_take(shot, "random", method) for method in methods]
    rows = []
    for take, method in zip(takes, methods, strict=True):
        list(measure(shot, take, hidden=1))
        rows.append(Row(plan, "random", method, Measures.load(take.folder), Cost.load(take.folder)))
    assert [row.cost.calls for row in rows[:2]] == [4, 7]
    assert all(0.0 < row.cost.painting < row.cost.seconds and 0.0 < row.cost.file_share < 1.0 for row in rows)
    assert rows[0].value("warping_1") > 4 * rows[0].floor("warping_1"), "painting at random flickers"
    assert rows[2].value("warping_1") < rows[0].value("warping_1")
    assert "| surface |" in markdown(rows, 4.0)
    picture = strips(shot, takes)
    assert picture.shape[2] == 3 and picture.std() > 0.1
    written = takes[0].frame_path(1).stat().st_mtime_ns
    assert make_take(shot, "random", "per_frame") == takes[0]
    assert takes[0].frame_path(1).stat().st_mtime_ns == written, "a finished take is not made again"
