"""The queue's list: a take is added to it, moved up and down, taken out, and waits again."""

from dataclasses import replace
from pathlib import Path

import bpy
from bpy.props import BoolProperty, EnumProperty

from .. import preferences
from ..backend.capture_order import CaptureOrder
from ..backend.errors import Code, FlowbrushError, QueueError, ShotError
from ..backend.queue import Item, Queue, State
from ..backend.shot import Shot, checked_name
from ..backend.take import Take, TakeSettings
from ..properties import queue as shown
from ..properties.settings import METHOD_TEXTS
from ..settings import take_settings
from ..translations import reported, said
from . import job
from .capture import captured_shot, check_scene, order_for, unsaved_images

WATCH = 2.0  # seconds between two looks at what other Blenders do

_queue: Queue | None = None
_listed: tuple[int, int] | None = None  # the stamp of what the panel shows


def queue() -> Queue:
    """The user's queue; the same object for as long as the extension is enabled, because it holds the lock."""
    global _queue
    folder = preferences.queue_folder()
    if _queue is None or _queue.folder != folder:
        _queue = Queue(folder)
    return _queue


def look(choose: str = "") -> None:
    """Lists what is on disk. choose: the id of the item that is chosen then, if not the one that was."""
    global _listed
    _listed = queue().stamp
    known = bpy.context.window_manager.flowbrush_queue
    before = shown.chosen()
    wanted = choose or (before.name if before is not None else "")
    items: list[Item] = []
    known.problem = ""
    try:
        known.runs, known.elsewhere = queue().runs_here, queue().runs_elsewhere()
        items = queue().items()
    except FlowbrushError as error:
        known.problem = str(error)
    known.entries.clear()
    for item in items:
        _tell(known.entries.add(), item)
    found = known.entries.find(wanted)
    known.active = found if found >= 0 else min(known.active, max(len(items) - 1, 0))


def _tell(line: shown.FlowbrushQueueItem, item: Item) -> None:
    line.name, line.title, line.folder = item.id, item.title, str(item.shot)
    line.state, line.sentence = str(item.state), item.sentence
    if (order := item.capture) is not None:
        first, last = order.frames
        line.capture = f"Captures frames {first} to {last} of {Path(order.file).name} first"
    if item.settings is not None:
        style = item.settings.style or Path(item.settings.model).stem
        line.about = f"{said(style.replace('_', ' ').title())}, {said(METHOD_TEXTS[item.settings.method][0])}"
        line.prompt = item.settings.prompt


def stale() -> bool:
    """Whether the queue was changed since it was listed."""
    return queue().stamp != _listed


def watch() -> float:
    """Timer: lists what another Blender has changed. One look at the file's date, until there is something."""
    known = bpy.context.window_manager.flowbrush_queue
    if stale() or queue().runs_elsewhere() != known.elsewhere:
        look()
        job.redraw(bpy.context)
    return WATCH


class QueueOperator(bpy.types.Operator):
    """Base of the operators that change the queue. They may while it runs, here or in another Blender."""

    bl_options = {"REGISTER"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Changes the file, and lists what is in it."""
        try:
            item = self.change(context)
        except FlowbrushError as error:
            look()
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        look(choose=item)
        return {"FINISHED"}

    def change(self, context: bpy.types.Context) -> str:
        """Changes the queue, and gives the id of the item to choose, or "". Raises FlowbrushError."""
        raise NotImplementedError


class ItemOperator(QueueOperator):
    """Base of those that are about the item that is chosen in the list."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where nothing is chosen."""
        if shown.chosen() is None:
            cls.poll_message_set(said("The queue is empty: press Add to Queue first"))
        return shown.chosen() is not None

    def change(self, context: bpy.types.Context) -> str:
        """Changes the chosen item."""
        line = shown.chosen()
        assert line is not None, "see poll"
        self.change_item(line.name)
        return ""

    def change_item(self, item: str) -> None:
        """Changes the item with the id `item`. Raises FlowbrushError."""
        raise NotImplementedError


class FLOWBRUSH_OT_queue_add(QueueOperator):
    """Paint this take later, with the settings that the tab has now. What its shot lacks is captured before"""

    bl_idname = "flowbrush.queue_add"
    bl_label = "Add to Queue"

    capture: BoolProperty(
        name="Capture Again",
        description="Capture the scene as it is when its turn comes, also where the shot lacks nothing. "
        "Frames that have not changed are kept",
        options={"SKIP_SAVE"},
    )

    @classmethod
    def description(cls, _context: bpy.types.Context, given: bpy.types.OperatorProperties) -> str:
        """Of the button that captures again, what that is."""
        return said(cls.bl_rna.properties["capture"].description) if given.capture else ""

    def change(self, context: bpy.types.Context) -> str:
        """Finds out now what would else be told when nobody looks."""
        scene, chosen = context.scene, context.scene.flowbrush
        folder = preferences.shot_folder(scene)
        shot = Shot.load(folder) if (folder / "shot.json").exists() else None
        order = _capture(scene, shot, always=self.capture)
        if order is None:
            shot = captured_shot(scene)
            settings = take_settings(chosen, shot.frame_numbers)
            shot.captured_frames(settings.frames)
        else:
            settings = take_settings(chosen)
            for warning in unsaved_images():
                self.report({"WARNING"}, reported(warning))
        if shot is not None:
            _check_name(shot, chosen.take, settings)
        item = Item(folder.absolute(), checked_name(chosen.take), settings, capture=order)
        queue().add(item)
        job.tell_done(self, context, f"{item.title} waits in the queue")
        return item.id


def _capture(scene: bpy.types.Scene, shot: Shot | None, *, always: bool) -> CaptureOrder | None:
    """What is to be captured before; None for nothing. always: also where `shot` lacks nothing.

    Raises SceneError or QueueError for what cannot be captured later.
    """
    if shot is not None and shot.source == "footage":
        return None
    chosen = scene.flowbrush
    order = order_for(scene, chosen.frame_range, chosen.method)
    if shot is not None and not always and order.done_in(shot):
        return None
    check_scene(scene)
    if not order.file:
        raise QueueError(Code.BAD_QUEUE, "Save the file first: the shot is captured from it when its turn comes")
    return order


def _check_name(shot: Shot, take: str, settings: TakeSettings) -> None:
    """Raises ShotError where no take can have that name, or where one has it that cannot become this one."""
    if not (shot.take_folder(take) / "take.json").exists():
        return
    there = Take.load(shot, take)
    if obstacle := there.obstacle(replace(there, settings=settings, capture=shot.capture)):
        raise ShotError(Code.BAD_TAKE, f"The take '{take}' {obstacle}: choose a new name for this one")


class FLOWBRUSH_OT_queue_remove(ItemOperator):
    """Take this one out of the queue. If it is being painted that stops; its finished frames are kept"""

    bl_idname = "flowbrush.queue_remove"
    bl_label = "Remove from Queue"

    def change_item(self, item: str) -> None:
        """The Blender that paints it sees that it is gone."""
        queue().remove(item)


class FLOWBRUSH_OT_queue_move(ItemOperator):
    """Paint this one earlier or later than the others"""

    bl_idname = "flowbrush.queue_move"
    bl_label = "Move in Queue"

    direction: EnumProperty(
        name="Direction",
        items=(("UP", "Up", "Before the one above it"), ("DOWN", "Down", "After the one below it")),
    )

    def change_item(self, item: str) -> None:
        """By one place."""
        queue().move(item, -1 if self.direction == "UP" else 1)


class FLOWBRUSH_OT_queue_again(ItemOperator):
    """Let this one wait again: only what failed, or what a new capture of its shot has changed, is painted"""

    bl_idname = "flowbrush.queue_again"
    bl_label = "Queue Again"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only what is done or has failed."""
        line = shown.chosen()
        if line is not None and line.state not in (State.DONE, State.FAILED):
            cls.poll_message_set(said("It waits already"))
            return False
        return super().poll(context)

    def change_item(self, item: str) -> None:
        """Where it is in the list."""
        queue().again(item)


class FLOWBRUSH_OT_queue_clear(QueueOperator):
    """Take all that are done out of the queue; the takes stay where they are"""

    bl_idname = "flowbrush.queue_clear"
    bl_label = "Clear Finished from Queue"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is something to clear."""
        if any(line.state == State.DONE for line in context.window_manager.flowbrush_queue.entries):
            return True
        cls.poll_message_set(said("Nothing in the queue is done"))
        return False

    def change(self, context: bpy.types.Context) -> str:
        """What failed stays, to be looked at."""
        queue().clear()
        return ""


CLASSES = (
    FLOWBRUSH_OT_queue_add,
    FLOWBRUSH_OT_queue_remove,
    FLOWBRUSH_OT_queue_move,
    FLOWBRUSH_OT_queue_again,
    FLOWBRUSH_OT_queue_clear,
)
