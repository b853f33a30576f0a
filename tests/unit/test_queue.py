"""The queue's file: what is in it comes back, Blenders that share it do not harm each other, and no file breaks it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from flowbrush.backend import queue
from flowbrush.backend.capture_order import CaptureOrder
from flowbrush.backend.errors import Code, FlowbrushError, QueueError
from flowbrush.backend.file_lock import FileLock
from flowbrush.backend.queue import Item, Queue, State
from flowbrush.backend.take import ControlSettings, RegionSettings, TakeSettings
from hypothesis import example, given
from hypothesis import settings as trials
from hypothesis import strategies as st

SHOT = Path("/shots/walk").absolute()
ORDER = CaptureOrder(str(Path("/walk.blend").absolute()), "Scene", (-3, 9), 4, ("depth",), ("pose",))
WRONG_ORDERS: tuple[dict[str, object], ...] = (
    {"file": "walk.blend"},
    {"file": ""},
    {"frames": [1]},
    {"frames": [2, 1]},
    {"frames": [0, 10**9]},
    {"samples": 0},
    {"passes": ["colour"]},
    {"extras": ["../pose"]},
    {"passes": ["depth"] * 99},
)


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "PATIENCE", 0.0)


@pytest.fixture
def shared(tmp_path: Path) -> Queue:
    return Queue(tmp_path / "queue")


def item(take: str, **settings: str) -> Item:
    return Item(SHOT, take, TakeSettings(**settings))


def filled(shared: Queue, *takes: str) -> list[Item]:
    for take in takes:
        shared.add(item(take))
    return shared.items()


def takes(shared: Queue) -> list[str]:
    return [known.take for known in shared.items()]


def states(shared: Queue) -> list[str]:
    return [known.state.value for known in shared.items()]


def test_an_item_comes_back_with_all_its_settings(shared: Queue) -> None:
    assert shared.items() == [] and shared.stamp == (0, 0) and not shared.folder.exists()
    settings = TakeSettings(
        prompt="a fox, 狐",
        controls=(ControlSettings("depth", scale=0.5),),
        regions=(RegionSettings("hero & !sword", "gold"),),
        frames=(3, 9),
        allow_pickle=True,
    )
    added = Item(SHOT, "take 1", settings, capture=ORDER)
    shared.add(added)
    assert Queue(shared.folder).items() == [added]
    assert added.title == "walk: take 1" and added.open


def test_items_are_moved_removed_and_cleared(shared: Queue) -> None:
    one, two, three = filled(shared, "one", "two", "three")
    shared.move(three.id, -1)
    assert takes(shared) == ["one", "three", "two"]
    shared.move(one.id, -1)
    shared.move(two.id, 1)
    shared.move("no such item", 1)
    assert takes(shared) == ["one", "three", "two"]
    shared.settle(three.id, State.DONE)
    shared.settle(one.id, State.FAILED, "The disk is full")
    shared.clear()
    assert takes(shared) == ["one", "two"], "what failed stays until it is removed"
    shared.remove(one.id)
    shared.remove(one.id)
    assert takes(shared) == ["two"]


def test_what_is_done_or_failed_can_wait_again(shared: Queue) -> None:
    one, two = filled(shared, "one", "two")
    shared.settle(one.id, State.FAILED, "The disk is full")
    shared.again(one.id)
    assert shared.items() == [one, two]


def test_a_take_waits_once(shared: Queue) -> None:
    (one,) = filled(shared, "one")
    with pytest.raises(QueueError, match="'one' of walk waits already"):
        shared.add(item("one", prompt="another"))
    shared.add(Item(SHOT.with_name("run"), "one", TakeSettings()))
    shared.settle(one.id, State.DONE)
    shared.add(item("one"))
    assert len(shared.items()) == 3


def test_a_queue_has_an_end(shared: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(queue, "MAX_ITEMS", 2)
    filled(shared, "one", "two")
    with pytest.raises(QueueError, match="holds 2 takes"):
        shared.add(item("three"))
    assert takes(shared) == ["one", "two"]


def test_it_is_run_from_the_top(shared: Queue) -> None:
    one, two, three = filled(shared, "one", "two", "three")
    shared.settle(one.id, State.DONE)
    shared.begin()
    assert shared.next() == queue.replace(two, state=State.RUNNING)
    assert states(shared) == ["done", "running", "waiting"]
    shared.move(three.id, -1)
    shared.settle(two.id, State.FAILED, "The model is missing")
    assert shared.next().take == "three"
    shared.remove(three.id)
    shared.settle(three.id, State.DONE)
    assert takes(shared) == ["one", "two"], "what was removed while it ran does not come back"
    assert shared.next() is None
    assert shared.items()[1].sentence == "The model is missing"


def test_one_blender_runs_it_and_all_may_change_it(shared: Queue) -> None:
    other = Queue(shared.folder)
    one, _ = filled(shared, "one", "two")
    shared.begin()
    shared.next()
    assert shared.runs_here and not shared.runs_elsewhere() and other.runs_elsewhere() and not other.runs_here
    with pytest.raises(QueueError, match="Another Blender runs the queue"):
        other.begin()
    assert states(other) == ["running", "waiting"]
    before = shared.stamp
    other.add(item("three"))
    other.remove(one.id)
    assert shared.stamp != before and takes(shared) == ["two", "three"]
    shared.end()
    assert not other.runs_elsewhere()
    other.begin()
    assert other.next().take == "two"


def test_a_change_waits_for_another_ones(shared: Queue) -> None:
    filled(shared, "one")
    lock = FileLock(shared.folder / "changing.lock")
    assert lock.take(0.0)
    with pytest.raises(QueueError, match="try again"):
        shared.clear()
    lock.give_back()
    shared.clear()


PAINTS_AND_DIES = """
import os, sys
from pathlib import Path
from flowbrush.backend.queue import Queue
shared = Queue(Path(sys.argv[1]))
shared.begin()
print(shared.next().take, flush=True)
sys.stdin.read()
os._exit(9)
"""


def test_what_a_blender_painted_that_died_waits_again(shared: Queue) -> None:
    filled(shared, "one", "two")
    with subprocess.Popen(
        [sys.executable, "-c", PAINTS_AND_DIES, str(shared.folder)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    ) as other:
        assert other.stdout.readline().strip() == b"one"
        assert shared.runs_elsewhere() and states(shared) == ["running", "waiting"]
        other.stdin.close()
        other.wait(20)
    assert not shared.runs_elsewhere() and states(shared) == ["waiting", "waiting"]
    assert json.loads(shared.file.read_text())["items"][0]["state"] == "running", "it could not say so"
    shared.begin()
    assert json.loads(shared.file.read_text())["items"][0]["state"] == "waiting"
    assert shared.next().take == "one"


def test_a_change_that_fails_changes_nothing(shared: Queue, monkeypatch: pytest.MonkeyPatch) -> None:
    filled(shared, "one")
    before = shared.file.read_bytes()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(FlowbrushError) as refused:
        shared.add(item("two"))
    assert refused.value.code is Code.DISK_FULL and shared.file.read_bytes() == before
    monkeypatch.undo()
    shared.add(item("two"))


def test_settings_that_cannot_be_read_fail_their_item_alone(shared: Queue) -> None:
    filled(shared, "one", "two")
    document = json.loads(shared.file.read_text())
    document["items"][0]["settings"]["brushes"] = 3
    shared.file.write_text(json.dumps(document))
    one, two = shared.items()
    assert one.state is State.FAILED and "'brushes' is not a setting" in one.sentence and one.settings is None
    assert two.state is State.WAITING
    shared.move(two.id, -1)
    assert shared.items() == [two, one]


@pytest.mark.parametrize(
    "changed",
    [
        {"shot": "walk"},
        {"shot": "../walk"},
        {"take": "../one"},
        {"take": ""},
        {"state": "painted"},
        {"id": "1"},
        {"id": None},
        {"settings": []},
        {"sentence": 1},
        *({"capture": ORDER.document() | wrong} for wrong in WRONG_ORDERS),
    ],
)
def test_a_damaged_item_is_told(shared: Queue, changed: dict) -> None:
    filled(shared, "one")
    document = json.loads(shared.file.read_text())
    document["items"][0] |= changed
    shared.file.write_text(json.dumps(document))
    with pytest.raises(QueueError, match=r"remove .*queue\.json") as refused:
        shared.items()
    assert refused.value.code is Code.BAD_QUEUE
    shared.file.unlink()
    assert shared.items() == []


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
fields = st.sampled_from(("id", "shot", "take", "state", "sentence", "settings"))
whole = st.fixed_dictionaries(
    {
        "id": st.sampled_from(("a" * 32, "b" * 32)) | values,
        "shot": st.sampled_from((str(SHOT), "walk")) | values,
        "take": st.sampled_from(("one", "two", "..")) | values,
        "state": st.sampled_from(tuple(State)) | values,
        "settings": st.dictionaries(st.sampled_from(("seed", "prompt", "controls")), values) | values,
    }
)
documents = st.fixed_dictionaries(
    {"format": st.just(queue.FORMAT), "version": st.just(queue.VERSION)},
    optional={"items": st.lists(whole | st.dictionaries(fields, values) | values, max_size=3) | values},
)


@given((documents | values).map(json.dumps).map(str.encode) | st.binary(max_size=60))
@example(b'{"format": "flowbrush-queue", "version": 1, "items": ' + b"[" * 5000)
@trials(max_examples=150, deadline=None)
def test_any_file_is_read_or_refused_with_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    shared = Queue(tmp_path_factory.getbasetemp() / "hostile")
    shared.folder.mkdir(exist_ok=True)
    shared.file.write_bytes(content)
    try:
        items = shared.items()
    except QueueError:
        with pytest.raises(QueueError):
            shared.clear()
        assert shared.file.read_bytes() == content, "what cannot be read is not written over"
        return
    shared.move("", 1)
    assert shared.items() == items
