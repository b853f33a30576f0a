"""The queue: takes to be painted one after the other. It outlives Blender, and all of a user's Blenders share it.

queue.json      the items in order, with all that painting them needs, so that it does not matter which file is open
changing.lock   held for the moment of a change
running.lock    held by the Blender that paints, as long as it does
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from .capture_order import CaptureOrder
from .errors import Code, QueueError, SettingsError, ShotError
from .file_lock import FileLock
from .parsing import MAX_TEXT, Fields
from .shot import checked_name
from .storage import make_folder, read_json, write_json
from .take import TakeSettings

FORMAT = "flowbrush-queue"
VERSION = 1
MAX_ITEMS = 500
MAX_FILE = 100_000_000  # settings over time can be long
PATIENCE = 0.5  # seconds that a change waits for another Blender's, which takes a few thousandths


class State(StrEnum):
    """What has become of an item."""

    WAITING = "waiting"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class Item:
    """A take that is to be painted.

    shot: the shot's folder. settings: as they were when it was added; None where this version cannot read them.
    sentence: why it failed. capture: what of the shot is captured before; None to paint what is there.
    """

    shot: Path
    take: str
    settings: TakeSettings | None
    state: State = State.WAITING
    sentence: str = ""
    id: str = field(default_factory=lambda: uuid.uuid4().hex)
    capture: CaptureOrder | None = None

    @property
    def title(self) -> str:
        """Its name for the user."""
        return f"{self.shot.name}: {self.take}"

    @property
    def open(self) -> bool:
        """Whether it is still to be painted."""
        return self.state in (State.WAITING, State.RUNNING, State.PAUSED)

    def document(self) -> dict[str, Any]:
        """As JSON-ready fields."""
        document: dict[str, Any] = {"id": self.id, "shot": str(self.shot), "take": self.take}
        document |= {"state": str(self.state), "sentence": self.sentence[:MAX_TEXT]}
        if self.capture is not None:
            document["capture"] = self.capture.document()
        return document if self.settings is None else {**document, "settings": self.settings.document()}


class Queue:
    """The queue in `folder`, which need not exist yet. Its methods raise QueueError and StorageError."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running = FileLock(folder / "running.lock")

    @property
    def file(self) -> Path:
        """Where the items are."""
        return self.folder / "queue.json"

    @property
    def stamp(self) -> tuple[int, int]:
        """Another one after every change, by whichever Blender."""
        try:
            status = self.file.stat()
        except FileNotFoundError:
            return 0, 0
        return status.st_mtime_ns, status.st_ino

    @property
    def runs_here(self) -> bool:
        """Whether this object began to run it."""
        return self._running.held

    def runs_elsewhere(self) -> bool:
        """Whether another Blender runs it."""
        if self.runs_here or not self.folder.is_dir():
            return False
        free = self._running.take(0.0)
        self._running.give_back()
        return not free

    def items(self) -> list[Item]:
        """All of them in order. What a Blender was painting that has ended waits again."""
        items = self._read()
        if self.runs_here or self.runs_elsewhere():
            return items
        return [_waiting(item) if item.state is State.RUNNING else item for item in items]

    def add(self, item: Item) -> None:
        """Puts `item` last. Refuses a second one that would paint the same take."""
        with self._change() as items:
            if any(known.open and (known.shot, known.take) == (item.shot, item.take) for known in items):
                raise QueueError(
                    Code.BAD_QUEUE, f"'{item.take}' of {item.shot.name} waits already: give this take another name"
                )
            if len(items) >= MAX_ITEMS:
                raise QueueError(Code.BAD_QUEUE, f"The queue holds {MAX_ITEMS} takes: clear those that are finished")
            items.append(item)

    def remove(self, item: str) -> None:
        """Takes the item with the id `item` out; whoever paints it stops when it sees that."""
        with self._change() as items:
            items[:] = [known for known in items if known.id != item]

    def move(self, item: str, step: int) -> None:
        """Moves an item by `step` places, -1 for one up, as far as there are any."""
        with self._change() as items:
            for index, known in enumerate(items):
                if known.id == item:
                    items.insert(min(max(index + step, 0), len(items) - 1), items.pop(index))
                    return

    def again(self, item: str) -> None:
        """Lets an item that is done or failed wait again."""
        self._replace(item, lambda known: known if known.open else _waiting(known))

    def clear(self) -> None:
        """Takes out what is done."""
        with self._change() as items:
            items[:] = [known for known in items if known.state is not State.DONE]

    def begin(self) -> None:
        """Makes this the only Blender that runs it, until `end` or until the process ends."""
        make_folder(self.folder)
        if not self._running.take(PATIENCE):
            raise QueueError(Code.BAD_QUEUE, "Another Blender runs the queue: wait for it, or pause it there")
        try:
            with self._change() as items:  # of a Blender that ended while it painted
                items[:] = [_waiting(item) if item.state is State.RUNNING else item for item in items]
        except BaseException:
            self._running.give_back()
            raise

    def end(self) -> None:
        """Lets other Blenders run it."""
        self._running.give_back()

    def next(self) -> Item | None:
        """The first item that waits or was paused, which is marked as running; None where there is none."""
        assert self.runs_here, "only who runs it may"
        with self._change() as items:
            for index, item in enumerate(items):
                if item.state in (State.WAITING, State.PAUSED):
                    items[index] = replace(item, state=State.RUNNING)
                    return items[index]
        return None

    def settle(self, item: str, state: State, sentence: str = "") -> None:
        """Marks an item; one that was removed in the meantime stays so."""
        self._replace(item, lambda known: replace(known, state=state, sentence=sentence))

    def _replace(self, item: str, change: Callable[[Item], Item]) -> None:
        with self._change() as items:
            items[:] = [change(known) if known.id == item else known for known in items]

    @contextmanager
    def _change(self) -> Iterator[list[Item]]:
        """The items, to be changed in place; they are written where the block ends without an error."""
        lock = FileLock(make_folder(self.folder) / "changing.lock")
        if not lock.take(PATIENCE):
            raise QueueError(Code.BAD_QUEUE, "Another Blender is changing the queue: try again")
        try:
            items = self._read()
            yield items
            document = {"format": FORMAT, "version": VERSION, "items": [item.document() for item in items]}
            write_json(self.file, document)
        finally:
            lock.give_back()

    def _read(self) -> list[Item]:
        if not self.file.exists():
            return []

        def bad(reason: str) -> QueueError:
            return QueueError(Code.BAD_QUEUE, f"The queue cannot be read, remove {self.file} to begin anew: {reason}")

        given = Fields(read_json(self.file, MAX_FILE, bad), self.file.name, bad)
        if given.text("format") != FORMAT or given.integer("version", 0, 1_000_000) != VERSION:
            raise bad("it was not written by this version of Flowbrush")
        items = [_item(child, bad) for child in given.children("items", MAX_ITEMS)]
        if len({item.id for item in items}) < len(items):
            raise bad("two items have the same id")
        return items


def _waiting(item: Item) -> Item:
    return replace(item, state=State.WAITING, sentence="")


def _item(given: Fields, bad: Callable[[str], QueueError]) -> Item:
    shot = Path(given.text("shot"))
    if not shot.is_absolute():
        raise bad(f"{given.where}: 'shot' must be a whole path")
    if not re.fullmatch("[0-9a-f]{32}", given.text("id")):
        raise bad(f"{given.where}: 'id' must be 32 hexadecimal digits")
    try:
        take = checked_name(given.text("take"))
    except ShotError as error:
        raise bad(f"{given.where}: {error}") from error
    state, sentence = State(given.text("state", choices=tuple(State))), given.text("sentence", "")
    settings = None
    if "settings" in given.names():
        try:
            settings = TakeSettings.parse(given.mapping("settings"), f"{given.where}: 'settings'")
        except SettingsError as error:
            state, sentence = State.FAILED, str(error)[:MAX_TEXT]
    capture = CaptureOrder.parse(given.child("capture"), bad) if "capture" in given.names() else None
    return Item(shot, take, settings, state, sentence, given.text("id"), capture)
