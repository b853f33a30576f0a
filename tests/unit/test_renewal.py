"""A shot that was captured again: what depends on the change is made again, to the bytes of a take from scratch."""

import os
import shutil
import tracemalloc
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from flowbrush.backend import made
from flowbrush.backend.errors import Cancelled, Code, ShotError
from flowbrush.backend.methods import METHODS, studio
from flowbrush.backend.methods.executor import pending, renewed, run_plan
from flowbrush.backend.methods.inputs import digests
from flowbrush.backend.methods.plan import Task
from flowbrush.backend.methods.studio import Studio
from flowbrush.backend.needs import METHODS as NAMES
from flowbrush.backend.shot import Camera, DrawnCondition, SceneMaterial, SceneObject, Shot
from flowbrush.backend.take import ControlSettings, RegionSettings, Take, TakeSettings
from synthetic_shot import IDENTITY, make_shot, place
from unit.test_methods import Noise, bytes_of, never, run

LAST, CHANGED = 8, 7


def other_place(frame: int) -> int:
    """The last quarter is animated otherwise."""
    return place(frame) if frame < CHANGED else place(CHANGED - 1) - 3 * (frame - CHANGED + 1)


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=LAST, capture="first")


def again(shot: Shot, last: int = LAST, place: Callable[[int], int] = other_place) -> Shot:
    return make_shot(shot.folder, last=last, capture="again", place=place)


def from_scratch(shot: Shot, method: str) -> tuple[list[bytes], int]:
    """The take's bytes, and how often it was painted."""
    painter = Noise()
    return bytes_of(run(shot, method, "from scratch", painter), shot), len(painter.painted)


def plan_of(shot: Shot, method: str) -> list[Task]:
    return METHODS[method].plan(shot, shot.frame_numbers, never)


def times(paths: Iterable[Path]) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in paths if path.exists()}


@pytest.mark.parametrize("method", NAMES)
def test_the_bytes_are_those_of_a_take_from_scratch(shot: Shot, method: str) -> None:
    former = bytes_of(run(shot, method, "a"), shot)
    changed = again(shot)
    painter = Noise()
    take = run(changed, method, "a", painter)
    whole, painted = from_scratch(changed, method)
    assert bytes_of(take, changed) == whole != former
    assert len(painter.painted) <= painted
    assert take == Take.load(changed, "a") and take.capture == "again"


@pytest.mark.parametrize("method", ["per_frame", "flow"])
def test_only_what_depends_on_the_change_is_painted(shot: Shot, method: str) -> None:
    take = run(shot, method, "a")
    before = times(map(take.frame_path, shot.frame_numbers))
    changed = again(shot)
    renewed(Take.start(changed, "a", take.settings, {}), plan_of(changed, method), changed)
    # The frame before the first that changed has other vectors to it.
    assert take.finished(changed) == list(range(1, CHANGED - 1))
    painter = Noise()
    run(changed, method, "a", painter)
    assert len(painter.painted) == LAST - CHANGED + 2
    after = times(map(take.frame_path, shot.frame_numbers))
    assert [path.stem for path in before if after[path] == before[path]] == [f"{f:04d}" for f in range(1, CHANGED - 1)]


@pytest.mark.parametrize("method", NAMES)
def test_stopped_on_the_way_it_goes_on_to_the_same_bytes(shot: Shot, method: str) -> None:
    run(shot, method, "a")
    shutil.copytree(shot.take_folder("a"), shot.folder / "kept")
    changed = again(shot)
    whole, _ = from_scratch(changed, method)
    painter = Noise()
    run(changed, method, "a", painter)
    for stop_after in range(len(painter.painted)):
        shutil.rmtree(shot.take_folder("a"))
        shutil.copytree(shot.folder / "kept", shot.take_folder("a"))
        stopped = Noise()
        with pytest.raises(Cancelled):
            run(changed, method, "a", stopped, cancelled=lambda: len(stopped.painted) >= stop_after)  # noqa: B023
        assert bytes_of(run(changed, method, "a"), changed) == whole


def test_stopped_while_it_removes_it_goes_on(shot: Shot, monkeypatch: pytest.MonkeyPatch) -> None:
    take = run(shot, "flow", "a")
    changed = again(shot)
    whole, _ = from_scratch(changed, "flow")
    unlink, gone = Path.unlink, []

    def killed(path: Path, *, missing_ok: bool = False) -> None:
        if len(gone) == 4:
            raise KeyboardInterrupt
        gone.append(path)
        unlink(path, missing_ok=missing_ok)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Path, "unlink", killed)
        run(changed, "flow", "a")
    assert Take.load(changed, "a").capture == "first", "it still holds frames of that"
    assert take.frame_path(LAST).exists()
    assert bytes_of(run(changed, "flow", "a"), changed) == whole


@pytest.mark.parametrize("method", NAMES)
def test_captured_again_without_a_change_nothing_is_painted(shot: Shot, method: str) -> None:
    run(shot, method, "a")
    changed = again(shot, place=place)
    painter = Noise()
    assert run(changed, method, "a", painter).capture == "again"
    assert painter.painted == []


def test_a_longer_shot_keeps_what_there_is_and_a_shorter_one_too(shot: Shot) -> None:
    whole, _ = from_scratch(shot, "flow")
    shorter = again(shot, last=6, place=place)
    run(shorter, "flow", "a")
    longer = again(shot, place=place)
    painter = Noise()
    assert bytes_of(run(longer, "flow", "a", painter), longer) == whole
    assert len(painter.painted) == 2
    again(shot, last=6, place=place)
    run(shorter, "flow", "a", painter)
    assert len(painter.painted) == 2
    take = run(again(shot, place=place), "flow", "a", painter)
    assert (bytes_of(take, shot), len(painter.painted)) == (whole, 2)


@pytest.mark.parametrize("method", NAMES)
def test_a_task_reads_nothing_but_what_it_declares(shot: Shot, method: str, tmp_path: Path) -> None:
    """Each makes the same where there is nothing else."""
    names = ("normal", "canny_geometry", "softedge", "segmentation", "tile", "lineart_freestyle")
    for frame in shot.frame_numbers:
        link(shot.picture_path(frame), shot.drawn_path(names[-1], frame))
    shot = replace(shot, drawn={names[-1]: DrawnCondition("")})
    controls = tuple(map(ControlSettings, names))
    take = run(shot, method, "a", controls=controls, regions=(RegionSettings("Square", "blue"),), paint="Square")
    plan = plan_of(shot, method)
    needed: dict[made.Which, set[made.Which]] = {}
    for task in plan:
        needed[task.which] = {task.which}.union(*(needed[which] for which in task.reads))
        folder = tmp_path / "alone" / f"{task.which}"
        frames = {frame for _, frame in needed[task.which]}
        for frame in frames:
            for path in (shot.exr_path(frame), shot.picture_path(frame), shot.drawn_path(names[-1], frame)):
                link(path, folder / path.relative_to(shot.folder))
        of_frame = (take.frame_path, take.state_path, take.painted_path)
        for part, frame in needed[task.which] - {task.which}:
            for path in (take.keyframe_path, take.keyframe_state_path) if part == "keyframes" else of_frame:
                link(path(frame), folder / path(frame).relative_to(take.folder))
        cameras = {near: shot.cameras[near] for f in frames for near in (f - 1, f, f + 1) if near in shot.cameras}
        alone = replace(shot, folder=folder, cameras=cameras, name="", scene="", fps=(1, 1), near=0.0, far=1e9)
        result = METHODS[method].run(task, Studio(alone, replace(take, folder=folder), Noise(), never))
        stored = cv2.imread(str(take.keyframe_path(task.frame) if task.is_keyframe else take.frame_path(task.frame)))
        assert np.array_equal(result.picture, stored[..., ::-1]), task


def link(path: Path, there: Path) -> None:
    there.parent.mkdir(parents=True, exist_ok=True)
    os.link(path, there)


WALL, PAINT = SceneObject(1, "Wall"), SceneMaterial(1, "Paint")
OTHER_CAMERA = Camera("Camera", "PERSP", IDENTITY, (2.0, *IDENTITY[1:]))
DEPTH = TakeSettings(controls=(ControlSettings("depth"),))


@pytest.mark.parametrize(
    ("change", "settings", "outdated"),
    [
        ({"name": "b", "fps": (30, 1), "notices": ("",), "engine": "other", "folder": Path()}, TakeSettings(), []),
        ({"near": 1.0}, TakeSettings(), []),
        ({"near": 1.0}, DEPTH, [1, 2, 3, 4, 5]),
        ({"objects": (replace(WALL, distrust="It bends"),)}, TakeSettings(), [1, 2, 3, 4, 5]),
        ({"materials": (PAINT, replace(PAINT, id=2))}, TakeSettings(), [1, 2, 3, 4, 5]),
        ({"resolution": (64, 96)}, TakeSettings(), [1, 2, 3, 4, 5]),
        ({"cuts": (3,)}, TakeSettings(), [2, 3, 4]),
        ({"cameras": {5: OTHER_CAMERA}}, TakeSettings(), [4, 5]),
        ({"prints": {3: "other"}}, TakeSettings(), [3, 4]),
        ({"prints": {1: "other"}}, TakeSettings(), [1, 2, 3, 4]),
        ({"prints": {}, "capture": "again"}, TakeSettings(), [1, 2, 3, 4, 5]),
    ],
)
def test_what_a_result_depends_on(shot: Shot, change: dict, settings: TakeSettings, outdated: list[int]) -> None:
    plan = [Task(1, is_keyframe=True), Task(1, (), (1,)), Task(2, (1,)), Task(3, (2,)), Task(4, (3,)), Task(5)]
    merged = {
        name: {**getattr(shot, name), **value} if value else value
        for name, value in change.items()
        if isinstance(value, dict)
    }
    before, after = (digests(plan, one, settings) for one in (shot, replace(shot, **{**change, **merged})))
    assert sorted({which[1] for which in before if before[which] != after[which]}) == outdated


def test_conditions_made_again_without_a_capture_count(shot: Shot) -> None:
    folder = shot.folder / "conditions" / "depth"
    folder.mkdir(parents=True)
    drawn, plan = replace(shot, drawn={"depth": DrawnCondition("", estimated=True)}), plan_of(shot, "per_frame")
    for frame in shot.frame_numbers:
        shutil.copy(shot.picture_path(frame), folder)
    before = digests(plan, drawn, DEPTH)
    shutil.copy(shot.picture_path(1), folder / "0004.png")
    assert [which[1] for which, digest in digests(plan, drawn, DEPTH).items() if digest != before[which]] == [4]
    assert digests(plan, shot, DEPTH)["frames", 1] != before["frames", 1], "drawn or made of passes"
    (shot.folder / "pose").mkdir()
    posed = TakeSettings(controls=(ControlSettings("openpose"),))
    before = digests(plan, shot, posed)
    shot.pose_path(2).write_text("{}")
    assert [which[1] for which, digest in digests(plan, shot, posed).items() if digest != before[which]] == [2]


def test_an_older_take_goes_on_and_is_kept_from_then_on(shot: Shot) -> None:
    take = run(shot, "flow", "a")
    (take.folder / made.FILE).unlink()
    take.frame_path(LAST).unlink()
    painter = Noise()
    run(shot, "flow", "a", painter)
    assert len(painter.painted) == 1
    run(again(shot), "flow", "a", painter)
    assert len(painter.painted) == 1 + LAST - CHANGED + 2


def test_an_older_take_of_another_capture_is_left_alone(shot: Shot) -> None:
    take = run(shot, "flow", "a")
    (take.folder / made.FILE).unlink()
    before = times(take.folder.glob("**/*"))
    with pytest.raises(ShotError, match="did not note") as caught:
        run(again(shot), "flow", "a")
    assert caught.value.code == Code.BAD_TAKE
    assert times(take.folder.glob("**/*")) == before


def test_notes_that_mean_nothing_are_passed_over(tmp_path: Path) -> None:
    assert not made.known(tmp_path) and made.read(tmp_path) == {}
    made.begin(tmp_path)
    assert made.known(tmp_path) and made.read(tmp_path) == {}
    made.add(tmp_path, ("frames", 3), "a" * 64)
    with open(tmp_path / made.FILE, "a") as file:
        file.write('[]\n{"part": "frames", "frame": 1, "made_from": "../x"}\n{"part": "frames", "frame": 3, "ma')
    made.add(tmp_path, ("keyframes", 3), "b" * 64)
    made.add(tmp_path, ("frames", 3), "c" * 64)
    assert made.read(tmp_path) == {("frames", 3): "c" * 64, ("keyframes", 3): "b" * 64}


def test_a_result_without_a_note_is_not_trusted_after_a_change(shot: Shot) -> None:
    take = run(shot, "per_frame", "a")
    notes = take.folder / made.FILE
    lines = [line for line in notes.read_text().splitlines() if '"frame": 2,' not in line]
    notes.write_text("\n".join(lines) + "\n")
    changed = again(shot)
    plan = plan_of(changed, "per_frame")
    take = renewed(Take.start(changed, "a", take.settings, {}), plan, changed)
    assert [task.frame for task in pending(plan, take)] == [2, CHANGED - 1, *range(CHANGED, LAST + 1)]
    wrong = replace(take, capture="first")
    with pytest.raises(AssertionError, match="renewed"):
        next(run_plan(plan, METHODS["per_frame"], Studio(changed, wrong, Noise(), never)))


@pytest.mark.parametrize("method", NAMES)
def test_memory_does_not_grow_with_the_shot(tmp_path: Path, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The most that is allocated between two tasks, with caches that are soon full."""
    picture = 96 * 64 * 3 * 4
    for name, bound in {"CACHE_BYTES": 3 * picture, "SURFACE_BYTES": picture}.items():
        monkeypatch.setattr(studio, name, bound)

    def held(last: int) -> int:
        shot = make_shot(tmp_path / f"{last}", last=last, place=lambda frame: 20 + abs(frame % 10 - 5))
        take = Take.start(shot, "a", TakeSettings(method=method), {})
        plan = plan_of(shot, method)
        tracemalloc.start()
        tasks = run_plan(plan, METHODS[method], Studio(shot, take, Noise(), never), at_once=1)
        most = max(tracemalloc.get_traced_memory()[0] for _ in tasks)
        tracemalloc.stop()
        return most

    short, long = held(10), held(40)
    assert long - short < 30 * 96 * 64, "not even a byte a pixel for each further frame"
