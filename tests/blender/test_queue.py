"""The queue in Blender: added, moved, painted one after the other, paused, and there again after a restart.

A stage that needs no painter stands for the worker. The extension is registered from its folder, in this process.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar

import bpy
import flowbrush
import pytest
from blender.flat_takes import empty_scene, make_shot
from flowbrush import preferences
from flowbrush.backend.capture_order import CaptureOrder
from flowbrush.backend.errors import BackendError, Code
from flowbrush.backend.queue import Item, Queue
from flowbrush.backend.take import Take, TakeSettings
from flowbrush.operators import capture, job, queue, queue_run, worker
from flowbrush.properties import queue as shown
from flowbrush.settings import take_settings

FRAMES = 3


@pytest.fixture(scope="module", autouse=True)
def registered():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    known = bpy.context.preferences.addons.new()  # what installing does; without it there are no preferences
    known.module = "flowbrush"
    flowbrush.register()
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)


class FakeStage:
    """Paints a frame a poll, and none twice; what a test is to see is in `log`."""

    log: ClassVar[list[str]] = []
    fails: ClassVar[dict[str, str]] = {}
    at: ClassVar[Callable[[str], None]] = lambda _moment: None

    def __init__(self, folder: Path, take: str, settings: TakeSettings, *, replace_other: bool) -> None:
        assert not replace_other
        self._shot = make_shot(folder, takes=(), frames=(1, FRAMES))
        self._take, self._settings, self._cancelled = take, settings, False

    def start(self) -> None:
        self.log.append(f"start {self._take} {self._settings.prompt}".strip())
        self._made = Take.start(self._shot, self._take, self._settings, {})

    def poll(self) -> list[dict]:
        if self._cancelled:
            return [{"type": "error", "code": "cancelled", "sentence": "Cancelled; finished frames are kept"}]
        if self._take in self.fails:
            return [{"type": "error", "code": "missing_model", "sentence": self.fails[self._take]}]
        done = self._made.finished(self._shot)
        if len(done) == FRAMES:
            return [{"type": "result"}]
        path = self._made.frame_path(len(done) + 1)
        path.write_bytes(b"")
        self.log.append(f"{self._take} {len(done) + 1}")
        type(self).at(f"{self._take} {len(done) + 1}")
        return [{"type": "progress", "done": len(done) + 1, "total": FRAMES, "sentence": f"Frame {len(done) + 1}"}]

    def cancel(self) -> None:
        self._cancelled = True

    def close(self) -> None:
        self.log.append(f"close {self._take}")


class FakeCapture:
    """Makes the shot in one poll."""

    title = "Capturing"

    def __init__(self, order: CaptureOrder, folder: Path) -> None:
        self.order, self.folder, self._cancelled = order, folder, False

    def start(self) -> None:
        FakeStage.log.append(f"capture {self.folder.name} {self.order.frames}")
        FakeStage.at("capture")

    def poll(self) -> list[dict]:
        if self._cancelled:
            return [{"type": "error", "code": "cancelled", "sentence": "Cancelled; finished frames are kept"}]
        if "capture" in FakeStage.fails:
            return [{"type": "error", "code": "no_camera", "sentence": FakeStage.fails["capture"]}]
        make_shot(self.folder, takes=(), frames=self.order.frames)
        return [{"type": "result"}]

    def cancel(self) -> None:
        self._cancelled = True

    def close(self) -> None:
        FakeStage.log.append("close capture")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A scene whose shot is captured, and an empty queue."""
    monkeypatch.setattr(preferences, "queue_folder", lambda: tmp_path / "queue")
    monkeypatch.setattr(queue_run, "StylizeStage", FakeStage)
    monkeypatch.setattr(queue_run, "CaptureStage", FakeCapture)
    monkeypatch.setattr(job, "INTERVAL", 0.0)
    monkeypatch.setattr(FakeStage, "log", [])
    monkeypatch.setattr(FakeStage, "fails", {})
    monkeypatch.setattr(FakeStage, "at", lambda _moment: None)
    scene = empty_scene()
    bpy.context.preferences.addons["flowbrush"].preferences.shots_folder = str(tmp_path)
    scene.flowbrush.shot_name = "walk"
    scene.frame_end = FRAMES
    scene.flowbrush.method, scene.flowbrush.seed_mode = "per_frame", "fixed"  # for which a shot needs no passes
    scene.flowbrush.fill_controls(())
    shot = make_shot(tmp_path / "walk", takes=(), frames=(1, FRAMES))
    queue.look()
    return SimpleNamespace(scene=scene, shot=shot, known=bpy.context.window_manager.flowbrush_queue)


def add(here: SimpleNamespace, *takes: str, prompt: str = "") -> None:
    for take in takes:
        here.scene.flowbrush.take, here.scene.flowbrush.prompt = take, prompt
        assert bpy.ops.flowbrush.queue_add() == {"FINISHED"}


def listed(here: SimpleNamespace) -> dict[str, str]:
    return {line.title.removeprefix("walk: "): line.state for line in here.known.entries}


def choose(here: SimpleNamespace, take: str) -> None:
    here.known.active = list(listed(here)).index(take)


def said(operator, **arguments) -> str:
    """The error of `operator`, or the sentence that it leaves in the panel."""
    try:
        assert operator(**arguments) == {"FINISHED"}
    except RuntimeError as error:
        return str(error)
    return bpy.context.window_manager.flowbrush.sentence


def painted(here: SimpleNamespace, take: str) -> int:
    return len(Take.load(here.shot, take).finished(here.shot))


def test_takes_wait_with_the_settings_that_they_were_added_with(here: SimpleNamespace) -> None:
    assert not bpy.ops.flowbrush.queue_start.poll() and not bpy.ops.flowbrush.queue_remove.poll()
    add(here, "one", prompt="a fox")
    assert bpy.context.window_manager.flowbrush.sentence == "walk: one waits in the queue"
    add(here, "two", prompt="a hare")
    assert listed(here) == {"one": "waiting", "two": "waiting"} and here.known.active == 1
    here.scene.flowbrush.prompt = "an owl"
    bpy.ops.wm.read_homefile(use_empty=True)
    here.known = bpy.context.window_manager.flowbrush_queue
    assert listed(here) == {"one": "waiting", "two": "waiting"}
    assert said(bpy.ops.flowbrush.queue_start) == "The queue is finished: 2 painted"
    assert listed(here) == {"one": "done", "two": "done"}
    assert [line for line in FakeStage.log if "start" in line] == ["start one a fox", "start two a hare"]
    assert painted(here, "one") == painted(here, "two") == FRAMES
    assert not here.known.runs and job.running() is None
    assert bpy.ops.flowbrush.queue_clear() == {"FINISHED"} and listed(here) == {}


def test_what_would_fail_later_is_told_when_it_is_added(here: SimpleNamespace) -> None:
    add(here, "one")
    assert "waits already" in said(bpy.ops.flowbrush.queue_add)
    here.scene.flowbrush.take = "../one"
    assert "cannot be a take's name" in said(bpy.ops.flowbrush.queue_add)
    Take.start(here.shot, "cel", TakeSettings(prompt="another"), {})
    here.scene.flowbrush.take = "cel"
    assert "has other settings or another model: choose a new name" in said(bpy.ops.flowbrush.queue_add)
    here.scene.flowbrush.take = "two"
    here.shot.picture_path(2).unlink()
    assert "has no camera" in said(bpy.ops.flowbrush.queue_add), "for it has to be captured again"
    give_camera(here.scene)
    assert "Save the file first" in said(bpy.ops.flowbrush.queue_add)
    replace(here.shot, source="footage").save()
    assert "Frame 2 was not captured" in said(bpy.ops.flowbrush.queue_add)
    assert listed(here) == {"one": "waiting"}


def give_camera(scene: bpy.types.Scene) -> None:
    scene.camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    scene.collection.objects.link(scene.camera)


def save(here: SimpleNamespace) -> str:
    give_camera(here.scene)
    file = str(here.shot.folder.with_name("knight.blend"))
    bpy.ops.wm.save_as_mainfile(filepath=file)
    return file


def test_what_the_shot_lacks_is_captured_before_it_is_painted(here: SimpleNamespace) -> None:
    save(here)
    add(here, "one")
    assert shown.chosen().capture == "", "it lacks nothing"
    here.scene.frame_end = FRAMES + 1
    add(here, "two")
    assert shown.chosen().capture == f"Captures frames 1 to {FRAMES + 1} of knight.blend first"
    here.scene.frame_end, here.scene.flowbrush.take = FRAMES, "three"
    here.scene.flowbrush.shot_name = "run"
    assert bpy.ops.flowbrush.queue_add() == {"FINISHED"}
    assert shown.chosen().title == "run: three"
    here.scene.flowbrush.shot_name, here.scene.flowbrush.take = "walk", "four"
    assert bpy.ops.flowbrush.queue_add(capture=True) == {"FINISHED"}
    FakeStage.log.clear()
    assert said(bpy.ops.flowbrush.queue_start) == "The queue is finished: 4 painted"
    steps = [line for line in FakeStage.log if line.startswith(("capture", "start", "close"))]
    assert steps == [
        *("start one", "close one"),
        *("capture walk (1, 4)", "close capture", "start two", "close two"),
        *("capture run (1, 3)", "close capture", "start three", "close three"),
        *("capture walk (1, 3)", "close capture", "start four", "close four"),
    ]
    assert here.scene.flowbrush.captured.startswith(f"Frames 1 to {FRAMES},"), "the panel knows"


def test_a_capture_that_is_paused_or_fails_is_as_painting_that_is(here: SimpleNamespace, monkeypatch: Any) -> None:
    save(here)
    here.scene.flowbrush.shot_name = "run"
    add(here, "one")
    monkeypatch.setattr(FakeStage, "at", lambda moment: bpy.ops.flowbrush.cancel())
    assert bpy.ops.flowbrush.queue_start() == {"CANCELLED"}
    assert [line.state for line in here.known.entries] == ["paused"]
    monkeypatch.setattr(FakeStage, "at", lambda _moment: None)
    FakeStage.fails["capture"] = "The scene has no camera"
    assert "could not be painted" in said(bpy.ops.flowbrush.queue_start)
    assert shown.chosen().sentence == FakeStage.fails.pop("capture")
    assert FakeStage.log == ["capture run (1, 3)", "close capture"] * 2
    bpy.ops.flowbrush.queue_again()
    assert said(bpy.ops.flowbrush.queue_start) == "The queue is finished: 1 painted"


def test_the_open_file_is_captured_as_it_is_and_another_one_as_it_was_saved(
    here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = save(here)
    asked: list[str] = []
    monkeypatch.setattr(capture, "scene_command", lambda _blender, _log, *arguments: asked.append(arguments[1]))
    monkeypatch.setattr(capture, "Connection", lambda _command, _log: SimpleNamespace(expect=int, stop=lambda: None))
    monkeypatch.setattr(worker, "log_file", Path)
    stage = capture.CaptureStage(capture.order_for(here.scene, (1, 3), "per_frame"), here.shot.folder)
    for _ in range(2):
        stage.start()
        stage.close()
        bpy.ops.wm.read_homefile(use_empty=True)
    assert Path(asked[0]).name == "scene.blend" and asked[1] == file


def test_a_take_that_was_begun_can_be_gone_on_with_in_the_queue(here: SimpleNamespace) -> None:
    here.scene.flowbrush.prompt = ""
    Take.start(here.shot, "one", take_settings(here.scene.flowbrush), {}).frame_path(1).write_bytes(b"")
    add(here, "one")
    said(bpy.ops.flowbrush.queue_start)
    assert painted(here, "one") == FRAMES and "one 1" not in FakeStage.log


def test_the_order_is_the_users(here: SimpleNamespace) -> None:
    add(here, "one", "two", "three")
    bpy.ops.flowbrush.queue_move(direction="UP")
    assert list(listed(here)) == ["one", "three", "two"] and shown.chosen().title == "walk: three"
    choose(here, "one")
    bpy.ops.flowbrush.queue_move(direction="DOWN")
    assert list(listed(here)) == ["three", "one", "two"] and shown.chosen().title == "walk: one"
    bpy.ops.flowbrush.queue_remove()
    bpy.ops.ed.undo_push()
    assert list(listed(here)) == ["three", "two"]
    said(bpy.ops.flowbrush.queue_start)
    assert [line for line in FakeStage.log if "start" in line] == ["start three", "start two"]


def test_undo_brings_nothing_back(here: SimpleNamespace) -> None:
    add(here, "one", "two")
    bpy.ops.ed.undo_push(message="before")
    bpy.ops.flowbrush.queue_remove()
    bpy.ops.ed.undo_push(message="after")
    bpy.ops.ed.undo()
    assert listed(here) == {"one": "waiting"}


def test_one_that_fails_is_marked_and_the_next_one_is_painted(here: SimpleNamespace) -> None:
    FakeStage.fails["two"] = "The model is missing: choose it in the panel"
    add(here, "one", "two", "three")
    assert said(bpy.ops.flowbrush.queue_start).startswith("The queue is finished: 2 painted, 1 could not be painted")
    assert listed(here) == {"one": "done", "two": "failed", "three": "done"}
    choose(here, "two")
    assert shown.chosen().sentence == FakeStage.fails.pop("two")
    choose(here, "three")
    add(here, "four")
    assert not bpy.ops.flowbrush.queue_again.poll(), "it waits"
    choose(here, "two")
    assert bpy.ops.flowbrush.queue_again() == {"FINISHED"}
    bpy.ops.flowbrush.queue_clear()
    assert listed(here) == {"two": "waiting", "four": "waiting"} and shown.chosen().sentence == ""
    assert said(bpy.ops.flowbrush.queue_start) == "The queue is finished: 2 painted"


def test_a_shot_that_has_gone_fails_by_itself(here: SimpleNamespace) -> None:
    add(here, "one")
    queue.queue().add(Item(here.shot.folder.with_name("gone"), "two", TakeSettings()))
    add(here, "three")
    said(bpy.ops.flowbrush.queue_start)
    assert [line.state for line in here.known.entries] == ["done", "failed", "done"]
    assert "shot.json does not exist" in here.known.entries[1].sentence


def test_a_queue_that_is_paused_goes_on_where_it_was(here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    add(here, "one", "two")

    def at(moment: str) -> None:
        if moment == "one 2":
            assert here.known.runs and here.known.entries[0].state == "running"
            assert not bpy.ops.flowbrush.stylize_animation.poll() and bpy.ops.flowbrush.queue_add.poll()
            with pytest.raises(RuntimeError, match="Queue is still running"):
                bpy.ops.flowbrush.capture()
            assert bpy.ops.flowbrush.cancel() == {"FINISHED"}

    monkeypatch.setattr(FakeStage, "at", at)
    assert bpy.ops.flowbrush.queue_start() == {"CANCELLED"}
    assert bpy.context.window_manager.flowbrush.sentence.startswith("The queue is paused")
    assert listed(here) == {"one": "paused", "two": "waiting"} and painted(here, "one") == 2
    assert FakeStage.log == ["start one", "one 1", "one 2", "close one"]
    said(bpy.ops.flowbrush.queue_start)
    assert listed(here) == {"one": "done", "two": "done"}
    assert FakeStage.log[4:] == ["start one", "one 3", "close one", "start two", "two 1", "two 2", "two 3", "close two"]


def test_one_that_is_removed_while_it_is_painted_stops(here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    add(here, "one", "two")

    def at(moment: str) -> None:
        if moment == "one 1":
            choose(here, "one")
            bpy.ops.flowbrush.queue_remove()
            add(here, "three")

    monkeypatch.setattr(FakeStage, "at", at)
    said(bpy.ops.flowbrush.queue_start)
    assert painted(here, "one") < FRAMES and listed(here) == {"two": "done", "three": "done"}


def test_a_restart_finds_all_of_it_and_starts_nothing(here: SimpleNamespace, tmp_path: Path) -> None:
    add(here, "one", "two")
    dying = job.Job("Queue", [queue_run.QueueStage()], lambda _message: "")
    while "one 2" not in FakeStage.log:
        dying.step()
    here.known.entries.clear()
    queue.queue().end()  # what the system does with a process that ends
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "any.blend"))
    flowbrush.unregister()
    flowbrush.register()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "any.blend"))
    here.known = bpy.context.window_manager.flowbrush_queue
    assert listed(here) == {"one": "waiting", "two": "waiting"} and job.running() is None
    said(bpy.ops.flowbrush.queue_start)
    assert listed(here) == {"one": "done", "two": "done"} and FakeStage.log.count("one 2") == 1


@pytest.mark.parametrize("paused", [False, True])
def test_it_goes_on_after_another_file_was_opened_unless_it_was_paused(
    here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, paused: bool
) -> None:
    add(here, "one", "two")
    again: list[bool] = []

    def at(moment: str) -> None:
        if moment == "one 2":
            if paused:
                bpy.ops.flowbrush.cancel()
            queue_run.remember("")
            job.running().abandon()  # as Blender ends the operator
            queue_run.go_on("")
            again.append(bpy.app.timers.is_registered(queue_run.start_again))

    monkeypatch.setattr(FakeStage, "at", at)
    bpy.ops.flowbrush.queue_start()
    assert again == [not paused] and listed(here) == {"one": "waiting", "two": "waiting"}
    if not paused:
        bpy.app.timers.unregister(queue_run.start_again)
    queue_run.remember("")
    queue_run.go_on("")
    assert not bpy.app.timers.is_registered(queue_run.start_again), "nothing runs"


def test_a_job_that_is_given_up_leaves_the_queue_to_others(here: SimpleNamespace) -> None:
    add(here, "one")
    running = job.Job("Queue", [queue_run.QueueStage()], lambda _message: "")
    while "one 1" not in FakeStage.log:
        running.step()
    assert here.known.runs
    running.abandon()
    assert listed(here) == {"one": "waiting"} and not here.known.runs and FakeStage.log[-1] == "close one"


def test_two_blenders_do_not_paint_the_same(here: SimpleNamespace) -> None:
    add(here, "one")
    other = Queue(preferences.queue_folder())
    other.begin()
    other.next()
    assert queue.stale()
    assert queue.watch() > 0 and here.known.elsewhere and listed(here) == {"one": "running"}
    add(here, "two")
    assert "Another Blender runs the queue" in said(bpy.ops.flowbrush.queue_start)
    assert FakeStage.log == []
    other.end()
    queue.watch()
    assert not here.known.elsewhere and listed(here) == {"one": "waiting", "two": "waiting"}
    said(bpy.ops.flowbrush.queue_start)
    assert listed(here) == {"one": "done", "two": "done"}


def test_without_a_backend_nothing_is_marked_as_failed(here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> None:
        raise BackendError(Code.NO_ENVIRONMENT, "The backend's Python does not run: set up the backend")

    monkeypatch.setattr(queue_run, "StylizeStage", missing)
    add(here, "one")
    assert "set up the backend" in said(bpy.ops.flowbrush.queue_start)
    assert listed(here) == {"one": "waiting"} and not here.known.runs


def test_a_file_that_cannot_be_read_is_told_in_the_panel(here: SimpleNamespace) -> None:
    add(here, "one")
    queue.queue().file.write_text("[]")
    queue.look()
    assert "queue.json to begin anew" in here.known.problem and listed(here) == {}
    assert "queue.json to begin anew" in said(bpy.ops.flowbrush.queue_add)
    queue.queue().file.unlink()
    add(here, "one")
    assert here.known.problem == "" and listed(here) == {"one": "waiting"}
