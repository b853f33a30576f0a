"""Start Queue: one job that lasts as long as something waits. It is the job machine's one stage, and runs others."""

from collections.abc import Callable

import bpy
from bpy.app.handlers import persistent

from ..backend.errors import Code, QueueError, SettingsError, ShotError, StorageError
from ..backend.protocol import Message
from ..backend.queue import Item, State
from ..backend.shot import Shot
from ..translations import said
from . import refresh
from .capture import CaptureStage
from .job import Job, JobOperator, running
from .queue import look, queue, stale
from .stylize import StylizeStage
from .watch import Painted

PAUSED: Message = {
    "type": "error",
    "code": str(Code.CANCELLED),
    "sentence": "The queue is paused: Start goes on with it",
}


class QueueStage:
    """Paints what waits, one item after the other; one that fails is marked, and the next one begins.

    Cancelling it pauses the queue: the item that was being painted waits again, and goes on where it was. An item that
    is taken out of the queue while it is painted is cancelled by itself. What has to do with the backend's Python, and
    not with an item, ends the job.
    """

    def __init__(self) -> None:
        self.title = "Queue"
        self.done = self.failed = 0
        self._item: Item | None = None
        self._stage: CaptureStage | StylizeStage | None = None
        self._painted: Painted | None = None
        self._shot: Shot
        self._cancelled = False

    def start(self) -> None:
        """Keeps other Blenders from running it. Raises QueueError, StorageError."""
        queue().begin()
        look()

    def poll(self) -> list[Message]:
        """What the item says that is being painted; its result and its error do not end the queue."""
        if self._stage is None:
            return [PAUSED] if self._cancelled else self._next()
        if stale():
            look()
        if self._item is not None and self._item.id not in bpy.context.window_manager.flowbrush_queue.entries:
            self._stage.cancel()  # it was taken out of the queue, here or in another Blender
        messages: list[Message] = []
        for message in self._stage.poll():
            match message["type"]:
                case "result" if isinstance(self._stage, CaptureStage):
                    return [*messages, *self._begin(self._paint)]
                case "result":
                    self.done += 1
                    self._settle(State.DONE)
                case "error":
                    messages += self._failed(message["code"], message["sentence"])
                case _:
                    messages.append(message)
        return messages

    def cancel(self) -> None:
        """Pauses."""
        self._cancelled = True
        if self._stage is not None:
            self._stage.cancel()

    def close(self) -> None:
        """What was being painted counts as waiting from now on, because nobody runs the queue."""
        if self._stage is not None:
            self._stage.close()
        queue().end()
        look()

    @property
    def sentence(self) -> str:
        """How it went."""
        failed = f", {self.failed} could not be painted: the list says why" if self.failed else ""
        return f"The queue is finished: {self.done} painted{failed}"

    def show(self, path: str) -> None:
        """Shows the picture of a frame that was just finished."""
        if self._painted is not None:
            self._painted.show(path)

    def _next(self) -> list[Message]:
        """Begins with the next item. The answer is the queue's where none is left."""
        self._item = queue().next()
        if self._item is None:
            return [{"type": "result"}]
        self._painted = Painted(self._item.shot, self._item.take)
        look()
        return self._begin(self._paint if self._item.capture is None else self._capture)

    def _begin(self, stage: Callable[[Item], CaptureStage | StylizeStage]) -> list[Message]:
        """Begins with a part of the item, and lets go of the one before."""
        assert self._item is not None
        if self._stage is not None:
            self._stage.close()
            self._stage = None
        try:
            self._stage = stage(self._item)
            self._stage.start()
        except (ShotError, SettingsError, StorageError) as error:
            return self._failed(error.code, str(error))
        return [{"type": "progress", "done": 0, "total": 0, "sentence": "Starting"}]

    def _capture(self, item: Item) -> CaptureStage:
        assert item.capture is not None
        stage = CaptureStage(item.capture, item.shot)
        self.title = f"{item.title}: {stage.title}"
        return stage

    def _paint(self, item: Item) -> StylizeStage:
        self.title = item.title
        if item.settings is None:
            raise SettingsError(Code.BAD_SETTINGS, "Its settings cannot be read any more: add it again")
        self._shot = Shot.load(item.shot)
        if item.capture is not None:
            refresh.look_at_shot(item.shot)
        return StylizeStage(item.shot, item.take, item.settings, replace_other=False)

    def _failed(self, code: str, sentence: str) -> list[Message]:
        """What becomes of an item that was not finished."""
        assert self._item is not None
        title = self._item.title
        if code == Code.CANCELLED:  # the queue is paused, or it was taken out
            self._settle(State.PAUSED)
            return []
        self.failed += 1
        self._settle(State.FAILED, sentence)
        return [{"type": "warning", "sentence": f"{title}: {sentence}"}]

    def _settle(self, state: State, sentence: str = "") -> None:
        assert self._item is not None
        if self._stage is not None:
            self._stage.close()
        item, self._item, self._stage = self._item, None, None
        queue().settle(item.id, state, sentence)
        if state is State.DONE:
            refresh.look_at_takes(self._shot)
        look()


class FLOWBRUSH_OT_queue_start(JobOperator):
    """Paint what waits in the queue, one take after the other. Whichever file is open, it goes on"""

    bl_idname = "flowbrush.queue_start"
    bl_label = "Start Queue"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One job at a time, and not for nothing."""
        known = context.window_manager.flowbrush_queue
        if not any(line.state in (State.WAITING, State.PAUSED) for line in known.entries):
            cls.poll_message_set(said("Nothing waits in the queue: press Add to Queue first"))
            return False
        return super().poll(context)

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage, which begins what waits."""
        look()  # another Blender may have begun it since
        if context.window_manager.flowbrush_queue.elsewhere:
            raise QueueError(Code.BAD_QUEUE, "Another Blender runs the queue: wait for it, or pause it there")
        global _job
        stage = QueueStage()
        _job = Job("Queue", [stage], lambda _message: stage.sentence, stage.show)
        return _job


_job: Job | None = None  # the last one
_goes_on = False


@persistent  # type: ignore[untyped-decorator]  # of bpy, which has no types
def remember(_file: str) -> None:
    """Handler for before a file is opened, which ends the operator that runs the queue."""
    global _goes_on
    _goes_on = _job is not None and running() is _job and not _job.cancelled


@persistent  # type: ignore[untyped-decorator]
def go_on(_file: str) -> None:
    """Handler for after that: the queue needs nothing of the file, and the user has not stopped it."""
    look()  # a file holds the list that was shown when it was saved
    if _goes_on:
        bpy.app.timers.register(start_again, first_interval=0.1)  # when the new window is there


def start_again() -> None:
    """Timer: presses Start Queue."""
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        if bpy.ops.flowbrush.queue_start.poll():
            bpy.ops.flowbrush.queue_start("INVOKE_DEFAULT")


CLASSES = (FLOWBRUSH_OT_queue_start,)
