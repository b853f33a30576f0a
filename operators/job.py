"""The one job that may run: a state machine whose steps are short enough for the window to stay alive.

The modal operator's timer calls `Job.step`; in scripts and without a window `execute` loops it.
"""

import time
import traceback
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import ClassVar, Protocol

import bpy

from ..backend.errors import Cancelled, Code, FlowbrushError
from ..backend.pace import Pace
from ..backend.protocol import Message
from ..translations import reported, said
from . import worker

INTERVAL = 0.1  # seconds between two steps


class Stage(Protocol):
    """A part of a job: one request to one subprocess."""

    title: str

    def start(self) -> None:
        """Sends the request. Raises FlowbrushError."""

    def poll(self) -> list[Message]:
        """The request's messages since the last call, without waiting."""

    def cancel(self) -> None:
        """Asks for an early end; `poll` gives it soon."""

    def close(self) -> None:
        """Lets go of what `start` took. Called once for every stage that was to start, however it ended."""


class State(StrEnum):
    """What has become of a job."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job:
    """Stages, one after the other, and what is done with the last one's result.

    finish: gets the result message, acts on it in Blender and gives a sentence for the user.
    preview: gets the path of every picture just finished.
    """

    def __init__(
        self,
        title: str,
        stages: Sequence[Stage],
        finish: Callable[[Message], str],
        preview: Callable[[str], None] = lambda _path: None,
    ) -> None:
        self.title = title
        self.state = State.RUNNING
        self.sentence = title
        self.code = ""
        self.progress = 0.0
        self.warnings: list[str] = []
        self._stages = list(stages)
        self._finish = finish
        self._preview = preview
        self._pace = Pace()
        self._index = 0
        self._started = False
        self._cancelled = False

    def step(self) -> State:
        """Goes on as far as is possible without waiting. Never raises: `sentence` tells what went wrong."""
        if self.state is State.RUNNING:
            try:
                self._advance()
            except FlowbrushError as error:
                self._fail(error.code, str(error))
            except Exception as error:  # noqa: BLE001  a job that never ends would lock every button
                traceback.print_exc()
                what = f"{type(error).__name__}: {error}"
                self._fail(Code.INTERNAL, f"Something unexpected happened ({what}); Blender's console has the details")
        return self.state

    @property
    def cancelled(self) -> bool:
        """Whether it was asked to end early."""
        return self._cancelled

    def cancel(self) -> None:
        """Asks for an early end; the state changes in one of the next steps."""
        self._cancelled = True
        self.sentence = "Cancelling"

    def abandon(self) -> None:
        """Ends at once, because Blender takes the window, the file or the extension away."""
        if self.state is State.RUNNING:
            if self._started:
                self._stages[self._index].cancel()
            self._fail(Code.CANCELLED, str(Cancelled()))

    def _advance(self) -> None:
        stage = self._stages[self._index]
        if not self._started:
            if self._cancelled:
                self._fail(Code.CANCELLED, str(Cancelled()))
                return
            self._started = True
            self.sentence = stage.title
            stage.start()
            return
        if self._cancelled:
            stage.cancel()
        for message in stage.poll():
            self._take(message)
            if self.state is not State.RUNNING or not self._started:
                return

    def _take(self, message: Message) -> None:
        match message["type"]:
            case "progress":
                self.progress = (self._index + message["done"] / max(message["total"], 1)) / len(self._stages)
                if not self._cancelled:
                    told = f"{said(self._stages[self._index].title)}: {said(message['sentence'])}"
                    self.sentence = ", ".join(filter(None, (told, said(self._speed(message)))))
            case "preview":
                self._preview(message["path"])
            case "warning":
                self.warnings.append(message["sentence"])
            case "error":
                self._fail(message["code"], message["sentence"])
            case "result" if self._index + 1 < len(self._stages):
                self._stages[self._index].close()
                self._index, self._started = self._index + 1, False
            case "result":
                sentence = self._finish(message)
                self.progress = 1.0
                self._end(State.FINISHED, sentence)

    def _speed(self, message: Message) -> str:
        """How fast it goes and how long it takes; empty where the message tells of no finished frame."""
        if "seconds" not in message:
            return ""
        self._pace.note(message["work"], message["seconds"])
        return self._pace.sentence(message["work"], message["left"])

    def _fail(self, code: str, sentence: str) -> None:
        self.code = code
        self._end(State.CANCELLED if code == Code.CANCELLED else State.FAILED, sentence)

    def _end(self, state: State, sentence: str) -> None:
        self.state, self.sentence = state, sentence
        if self._started:
            self._stages[self._index].close()


_job: Job | None = None


def running() -> Job | None:
    """The job that runs now, if any."""
    return _job


def nothing_runs(operator: type[bpy.types.Operator]) -> bool:
    """Whether `operator` may begin a job; its button says why where it may not."""
    if _job is not None:
        operator.poll_message_set(said(f"{_job.title} is still running: wait for it, or cancel it"))
    return _job is None


def cancel() -> None:
    """Asks the running job to end early."""
    if _job is not None:
        _job.cancel()


def shut_down() -> None:
    """Ends the running job and the worker, for good or until the next job."""
    global _job
    if _job is not None:
        _job.abandon()
        _job = None
    worker.stop()


class JobOperator(bpy.types.Operator):
    """Base of the operators that run a job: with the window staying free, or to the end where there is no window."""

    bl_options: ClassVar[set[str]] = {"REGISTER"}
    _timer: bpy.types.Timer | None = None

    def plan(self, context: bpy.types.Context) -> Job:
        """The job to run. Raises FlowbrushError when it cannot even begin."""
        raise NotImplementedError

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One job at a time."""
        return nothing_runs(cls)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Starts the job and comes back at once; a timer takes it further."""
        if not self._begin(context):
            return {"CANCELLED"}
        manager = context.window_manager
        manager.modal_handler_add(self)
        manager.progress_begin(0, 100)
        self._timer = manager.event_timer_add(INTERVAL, window=context.window)
        return {"RUNNING_MODAL"}

    def modal(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Escape cancels, but where something plays, which it stops; all but the timer goes on to Blender."""
        if event.type == "ESC" and event.value == "PRESS" and not context.screen.is_animation_playing:
            cancel()
            return {"RUNNING_MODAL"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if _job is None:  # the extension is being disabled
            self._leave_window(context)
            return {"CANCELLED"}
        if _job.step() is State.RUNNING:
            _show(context, _job)
            return {"PASS_THROUGH"}
        self._leave_window(context)
        return self._finish(context)

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Runs the job to its end."""
        if not self._begin(context):
            return {"CANCELLED"}
        assert _job is not None
        while _job.step() is State.RUNNING:
            _show(context, _job)
            time.sleep(INTERVAL / 2)
        return self._finish(context)

    def cancel(self, context: bpy.types.Context) -> None:
        """Blender ends the operator: another file is loaded, or the window closes."""
        global _job
        if _job is not None:
            _job.abandon()
            _show(context, _job)
            _job = None
        self._leave_window(context)

    def _begin(self, context: bpy.types.Context) -> bool:
        global _job
        try:
            _job = self.plan(context)
        except FlowbrushError as error:
            tell_error(self, context, error)
            return False
        _show(context, _job)
        return True

    def _finish(self, context: bpy.types.Context) -> set[str]:
        global _job
        assert _job is not None
        job, _job = _job, None
        _show(context, job)
        for warning in job.warnings:
            self.report({"WARNING"}, reported(warning))
        self.report({"ERROR" if job.state is State.FAILED else "INFO"}, reported(job.sentence))
        return {"FINISHED"} if job.state is State.FINISHED else {"CANCELLED"}

    def _leave_window(self, context: bpy.types.Context) -> None:
        manager = context.window_manager
        if self._timer is not None:
            manager.event_timer_remove(self._timer)
            self._timer = None
            manager.progress_end()
        for workspace in bpy.data.workspaces:
            workspace.status_text_set(None)


def tell_done(operator: bpy.types.Operator, context: bpy.types.Context, sentence: str) -> None:
    """Says that `operator` has done what it was asked: at once and, until the next one, in the panel."""
    shown = context.window_manager.flowbrush
    shown.sentence, shown.error, shown.code = sentence, "", ""
    redraw(context)
    operator.report({"INFO"}, reported(sentence))


def tell_error(operator: bpy.types.Operator, context: bpy.types.Context, error: FlowbrushError) -> None:
    """Says why `operator` could not: at once and, until the next one, in the panel."""
    shown = context.window_manager.flowbrush
    shown.error, shown.code = str(error), str(error.code)
    redraw(context)
    operator.report({"ERROR"}, reported(str(error)))


def _show(context: bpy.types.Context, job: Job) -> None:
    shown = context.window_manager.flowbrush
    now = {
        "running": job.state is State.RUNNING,
        "title": job.title,
        "sentence": job.sentence,
        "progress": job.progress,
        "error": job.sentence if job.state is State.FAILED else "",
        "code": job.code,
    }
    if all(getattr(shown, name) == value for name, value in now.items() if name != "progress") and (
        abs(shown.progress - job.progress) < 0.001
    ):
        return
    for name, value in now.items():
        setattr(shown, name, value)
    if job.state is State.RUNNING and context.workspace is not None:
        context.workspace.status_text_set(
            f"Flowbrush  {job.progress:.0%}  {said(job.sentence)}    Esc: {said('Cancel')}"
        )
        context.window_manager.progress_update(int(100 * job.progress))
    redraw(context)


def redraw(context: bpy.types.Context) -> None:
    """Draws the editors anew that have something of Flowbrush's."""
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"VIEW_3D", "SEQUENCE_EDITOR", "PREFERENCES"}:
                area.tag_redraw()
