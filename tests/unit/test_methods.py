"""Methods and executor with painters whose pictures are known, on a shot whose motion is known."""

import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.errors import Cancelled, Code, SettingsError, ShotError
from flowbrush.backend.methods import METHODS
from flowbrush.backend.methods.colour import ColourHold
from flowbrush.backend.methods.executor import pending, renewed, run_plan
from flowbrush.backend.methods.plan import Result, Task
from flowbrush.backend.methods.studio import Studio
from flowbrush.backend.needs import METHODS as NAMES
from flowbrush.backend.painters.painter import PaintRequest
from flowbrush.backend.possible import possible
from flowbrush.backend.quality.contact_sheet import contact_sheet, read_frame
from flowbrush.backend.quality.flicker import warping_error
from flowbrush.backend.shot import Shot
from flowbrush.backend.stylize import within
from flowbrush.backend.take import ControlSettings, Take, TakeSettings
from synthetic_shot import make_shot, place


class Noise:
    """Paints something else every time: noise that depends on what it is given, so that it can be repeated."""

    def __init__(self) -> None:
        self.painted: list[float] = []

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        if cancelled():
            raise Cancelled()
        self.painted.append(1.0 if request.mask is None else float((request.mask > 0).mean()))
        seed = zlib.crc32(request.initial.tobytes()) + request.seed
        noise = np.random.default_rng(seed).uniform(-0.2, 0.2, request.initial.shape).astype(np.float32)
        picture = np.clip(request.initial + noise, 0, 1)
        if request.mask is None:
            return picture
        return np.where(request.mask[..., None] > 0, picture, request.initial)

    def close(self) -> None:
        pass


class Red(Noise):
    """Paints everything red."""

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        return np.broadcast_to(np.float32([0.8, 0.2, 0.2]), request.initial.shape)


def never() -> bool:
    return False


def run(
    shot: Shot,
    method: str,
    name: str,
    painter: Noise | None = None,
    cancelled: Callable[[], bool] = never,
    **settings: object,
) -> Take:
    take = Take.start(shot, name, TakeSettings(method=method, **settings), {})
    chosen = METHODS[method]
    plan = chosen.plan(shot, take.frame_numbers(shot), cancelled)
    take = renewed(take, plan, shot)
    list(run_plan(plan, chosen, Studio(shot, take, painter or Noise(), cancelled)))
    return take


def bytes_of(take: Take, shot: Shot) -> list[bytes]:
    return [take.frame_path(frame).read_bytes() for frame in take.frame_numbers(shot)]


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=6)


def test_every_named_method_exists() -> None:
    assert tuple(METHODS) == tuple(NAMES)


@pytest.mark.parametrize("method", NAMES)
def test_a_resumed_take_has_the_same_bytes(shot: Shot, method: str) -> None:
    painter = Noise()
    whole = bytes_of(run(shot, method, "whole", painter), shot)
    for stop_after in range(1, len(painter.painted)):
        name = f"stopped {stop_after}"
        stop(shot, method, name, stop_after)
        assert bytes_of(run(shot, method, name), shot) == whole


@pytest.mark.parametrize("method", NAMES)
def test_it_does_not_matter_how_many_tasks_run_at_once(shot: Shot, method: str) -> None:
    chosen = METHODS[method]
    made = []
    for at_once in (1, 2, 4):
        take = Take.start(shot, f"{at_once}", TakeSettings(method=method), {})
        plan = chosen.plan(shot, take.frame_numbers(shot), never)
        list(run_plan(plan, chosen, Studio(shot, take, Noise(), never), at_once))
        made.append(bytes_of(take, shot))
    assert made[0] == made[1] == made[2]


def test_what_runs_beside_a_failure_is_stopped(shot: Shot) -> None:
    both, stopped = threading.Barrier(2, timeout=60), threading.Event()

    class OneFails:
        plan = METHODS["per_frame"].plan

        def run(self, task: Task, studio: Studio) -> Result:
            both.wait()
            if task.frame == shot.frame_numbers[0]:
                raise ShotError(Code.BAD_SHOT, "it is damaged")
            while not studio.cancelled():
                time.sleep(0.001)
            stopped.set()
            raise Cancelled

    method, take = OneFails(), Take.start(shot, "a", TakeSettings(), {})
    with pytest.raises(ShotError, match="damaged"):
        list(run_plan(method.plan(shot, shot.frame_numbers, never), method, Studio(shot, take, Noise(), never)))
    assert stopped.is_set()


def stop(shot: Shot, method: str, name: str, stop_after: int) -> None:
    painter = Noise()
    with pytest.raises(Cancelled):
        run(shot, method, name, painter, cancelled=lambda: len(painter.painted) >= stop_after)
    assert len(Take.load(shot, name).finished(shot)) < len(shot.frame_numbers)


@pytest.mark.parametrize("method", NAMES)
def test_a_removed_frame_is_made_again_the_same(shot: Shot, method: str) -> None:
    take = run(shot, method, "a")
    whole = bytes_of(take, shot)
    take.frame_path(4).unlink()
    assert bytes_of(run(shot, method, "a"), shot) == whole


def test_planning_can_be_cancelled(shot: Shot) -> None:
    asked: list[bool] = []

    def while_looking() -> bool:
        asked.append(True)
        return len(asked) == 3

    with pytest.raises(Cancelled):
        METHODS["surface"].plan(shot, shot.frame_numbers, while_looking)
    assert len(asked) == 3


def test_only_what_is_needed_runs_again(shot: Shot) -> None:
    take = run(shot, "per_frame", "a")
    plan = METHODS["per_frame"].plan(shot, shot.frame_numbers, never)
    assert pending(plan, take) == []
    take.frame_path(4).unlink()
    assert [task.frame for task in pending(plan, take)] == [4]


def test_a_finished_take_can_go_on_from_any_frame(shot: Shot) -> None:
    take = run(shot, "flow", "a")
    take.frame_path(4).unlink()
    assert [task.frame for task in pending(METHODS["flow"].plan(shot, shot.frame_numbers, never), take)] == [4]
    take.state_path(3).unlink()
    assert [task.frame for task in pending(METHODS["flow"].plan(shot, shot.frame_numbers, never), take)] == [3, 4]


def test_flow_paints_less_and_flickers_less(shot: Shot) -> None:
    painter = Noise()
    takes = {"flow": run(shot, "flow", "flow", painter), "per_frame": run(shot, "per_frame", "per_frame")}
    error = {
        name: warping_error(shot, shot.frame_numbers, lambda frame, of=take: read_frame(of, frame))
        for name, take in takes.items()
    }
    assert error["flow"] < error["per_frame"] / 4
    assert painter.painted[0] == 1.0 and max(painter.painted[1:]) < 0.6


def test_paint_stays_exactly_on_a_surface_that_moves_by_whole_pixels(shot: Shot) -> None:
    take = run(shot, "flow", "a", edge_band=0.0)
    inside = slice(22, 42)
    first, last = (read_frame(take, f)[inside, place(f) + 6 : place(f) + 24] for f in (1, 6))
    assert np.abs(first - last).max() <= 1.5 / 255


def test_a_surface_that_was_hidden_comes_back_the_same(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=11)
    take = run(shot, "surface", "a")
    # The wall right of the square at first; then the square stands there, and at last it has passed.
    beside = slice(4, 60), slice(45, 66)
    assert place(1) + 30 < 45 and place(6) < 45 and place(6) + 30 > 56 and place(11) > 66 + 7
    first, last = (read_frame(take, frame)[beside] for frame in (1, 11))
    assert np.abs(first - last).max() <= 1.5 / 255


def test_surface_paints_least(shot: Shot) -> None:
    painters = {method: Noise() for method in NAMES}
    takes = {method: run(shot, method, method, painter) for method, painter in painters.items()}
    error = {
        method: warping_error(shot, shot.frame_numbers, lambda frame, of=take: read_frame(of, frame))
        for method, take in takes.items()
    }
    assert max(error["surface"], error["flow"]) < error["per_frame"] / 2
    assert sum(painters["surface"].painted) < sum(painters["flow"].painted)


@pytest.mark.parametrize("method", ["flow", "surface"])
def test_the_render_never_shows_through(shot: Shot, method: str) -> None:
    take = run(shot, method, "a", Red())
    for frame in shot.frame_numbers:
        assert np.abs(read_frame(take, frame) - [0.8, 0.2, 0.2]).max() < 0.06, frame


def test_what_cannot_be_found_again_is_painted_in_every_frame(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", size=(480, 320), last=4)
    assert 30 * 32 < 0.01 * 480 * 320, "a small thing"
    shot = replace(shot, objects=(shot.objects[0], replace(shot.objects[1], distrust="it is made anew")))
    take = run(shot, "surface", "a", Red())
    for frame in shot.frame_numbers:
        square = read_frame(take, frame)[20:44, place(frame) + 4 : place(frame) + 26]
        assert np.abs(square - [0.8, 0.2, 0.2]).max() < 0.06, frame


def test_a_cut_starts_anew(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "cut", last=6, cuts=(4,))
    needs = {task.frame: task.needs for task in METHODS["flow"].plan(shot, shot.frame_numbers, never)}
    assert needs == {1: (), 2: (1,), 3: (2,), 4: (), 5: (4,), 6: (5,)}
    painter = Noise()
    run(shot, "flow", "a", painter)
    assert sorted(share == 1.0 for share in painter.painted) == [False] * 4 + [True] * 2


def test_a_part_of_the_shot(shot: Shot) -> None:
    take = run(shot, "flow", "a", frames=(3, 4))
    assert take.finished(shot) == [3, 4]
    assert within(TakeSettings(frames=(1, 6)), shot).frames is None
    with pytest.raises(SettingsError, match="none of 7 to 9") as caught:
        within(TakeSettings(frames=(7, 9)), shot)
    assert caught.value.code == Code.EMPTY_RANGE


def test_a_frame_that_was_not_captured(shot: Shot) -> None:
    shot.exr_path(2).unlink()
    with pytest.raises(ShotError, match="Frame 2 was not captured"):
        within(TakeSettings(), shot)


def test_what_is_optional_is_left_out_and_told(shot: Shot) -> None:
    """Of footage nothing is known but its motion: what a style can do without is no reason to refuse it."""
    footage = replace(shot, source="footage", cameras={}, objects=(), passes={"vector": shot.passes["vector"]})
    controls = ControlSettings("depth", optional=True), ControlSettings("colour")
    settings = TakeSettings(method="flow", controls=controls)
    told: list[str] = []
    assert possible(settings, footage, told.append) == replace(settings, controls=(ControlSettings("colour"),))
    assert len(told) == 1 and "without 'depth'" in told[0] and "estimate" in told[0]
    assert possible(settings, shot, pytest.fail) == settings
    with pytest.raises(ShotError, match="'depth' needs: estimate"):
        possible(TakeSettings(method="flow", controls=(ControlSettings("depth"),)), footage, pytest.fail)


def test_footage_is_followed_by_its_motion_where_surfaces_are_asked_for(shot: Shot) -> None:
    footage = replace(shot, source="footage", cameras={}, objects=(), passes={"vector": shot.passes["vector"]})
    told: list[str] = []
    assert possible(TakeSettings(method="surface"), footage, told.append) == TakeSettings(method="flow")
    assert len(told) == 1 and "no surfaces" in told[0] and "flow" in told[0]
    assert possible(TakeSettings(method="surface"), shot, pytest.fail).method == "surface"


def test_damaged_frames_and_states_are_told(shot: Shot) -> None:
    stop(shot, "flow", "a", 2)
    take = Take.load(shot, "a")
    take.state_path(2).write_bytes(b"damaged")
    with pytest.raises(ShotError, match="damaged"):
        run(shot, "flow", "a")


def test_a_keyframe_of_a_former_flowbrush_is_told(shot: Shot) -> None:
    take = run(shot, "surface", "a")
    path = sorted((take.folder / "keyframes").glob("*.npz"))[0]
    with np.load(path) as stored:
        np.savez(path, own=stored["own"])
    take.frame_path(4).unlink()
    with pytest.raises(ShotError, match="of a former Flowbrush") as caught:
        run(shot, "surface", "a")
    assert caught.value.code == Code.BAD_TAKE


def test_colour_drift_is_taken_back() -> None:
    rng = np.random.default_rng(0)
    ids = np.repeat(np.int32([1, 2]), 32)[None].repeat(32, axis=0)
    render = rng.uniform(0.3, 0.6, (32, 64, 3)).astype(np.float32)
    style = np.clip(render * [1.1, 0.9, 0.8], 0, 1).astype(np.float32)
    new = np.ones(ids.shape, bool)
    hold = ColourHold.from_state(ColourHold.measure(ids, new, render, style).state())
    drifted = np.clip(style + np.float32([0.04, -0.02, 0.02]), 0, 1)
    held = hold.apply(ids, new, render, drifted, new)
    assert np.abs(held - style).mean() < 0.2 * np.abs(drifted - style).mean()
    left = np.arange(64)[None].repeat(32, axis=0) < 32
    assert np.array_equal(hold.apply(ids, new, render, drifted, left)[:, 32:], drifted[:, 32:])
    assert np.abs(hold.apply(ids, ~new, render, drifted, new) - drifted).max() < 0.01, "outlines alone say nothing"


def test_the_contact_sheet_shows_every_row(shot: Shot, tmp_path: Path) -> None:
    controls = (ControlSettings("depth"), ControlSettings("lineart"))
    take = run(shot, "per_frame", "a", controls=controls)
    contact_sheet(shot, [take], tmp_path / "sheet.png", columns=3)
    import cv2

    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet.shape == (4 * (22 + round(256 * 64 / 96)), 3 * 256, 3)
    assert sheet.std() > 20
