"""Runs a plan on this machine: a few tasks at once, each after those that it needs are on the disk.

A task whose result is there is not run again, so a plan can be resumed after anything. Tasks read what others stored,
never what is still in memory: that is why a resumed take has the same bytes as one that was never interrupted.

When a shot was captured again, or what of the settings changes over time does so otherwise, `renewed` comes first. It
leaves those results that depend on nothing that changed.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from .. import made
from ..errors import Cancelled
from ..shot import Shot
from ..storage import storage_errors, write_whole
from ..take import Take
from .inputs import digests
from .plan import Method, Result, Task
from .studio import AT_ONCE, Studio


def run_plan(plan: list[Task], method: Method, studio: Studio, at_once: int = AT_ONCE) -> Iterator[Task]:
    """Runs the tasks of `plan` that are not done, and yields each when its result is stored.

    They begin in the plan's order, as many as `at_once`, and may end in another.

    The studio's take is of the studio's shot as it is now, see `renewed`. Raises Cancelled when `studio.cancelled()`
    says so, and whatever the method raises; finished frames stay.
    """
    take = studio.take
    assert take.capture == studio.shot.capture, "a take of another capture must be renewed first"
    _remove_leftovers(take)
    made_from = digests(plan, studio.shot, take.settings)
    waiting = deque(pending(plan, take))
    running: dict[Future[Task], Task] = {}

    def work(task: Task) -> Task:
        _store(method.run(task, studio), task, take)
        return task

    with ThreadPoolExecutor(at_once) as threads:
        try:
            while waiting or running:
                if studio.cancelled():
                    raise Cancelled()
                unfinished = {task.which for task in running.values()}
                if waiting and len(running) < at_once and unfinished.isdisjoint(waiting[0].reads):
                    task = waiting.popleft()
                    made.add(take.folder, task.which, made_from[task.which])
                    running[threads.submit(work, task)] = task
                    continue
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    del running[future]
                    yield future.result()
        finally:
            studio.stop()


def renewed(take: Take, plan: list[Task], shot: Shot) -> Take:
    """`take` as one of `shot` as it is now: results of `plan` that would not come out the same again are removed.

    Results that the plan does not name stay; they count again when a plan does. The take's folder is of its former
    capture and settings until all that is outdated is gone, so this may be interrupted. Raises ShotError, StorageError.
    """
    former, take = Take.load(shot, take.name), replace(take, capture=shot.capture)
    made_from, noted = digests(plan, shot, take.settings), made.read(take.folder)
    for task in [task for task in plan if picture_path(take, task).exists()]:
        # Older takes have no notes: where nothing changed all of them hold.
        if task.which not in noted and take == former:
            made.add(take.folder, task.which, made_from[task.which])
        elif noted.get(task.which) != made_from[task.which]:
            _remove(take, task)
    if take != former:
        take.save()
    return take


def pending(plan: list[Task], take: Take) -> list[Task]:
    """The tasks to run: those without a finished picture, and those whose state such a task needs and which is gone."""
    chosen: list[Task] = []
    needed: set[Path] = set()
    for task in reversed(plan):
        state = _state(take, task)
        is_needed = state in needed and not task.refines
        if not picture_path(take, task).exists() or (is_needed and not state.exists()):
            chosen.append(task)
            needed.update(_states_read(take, task))
    return chosen[::-1]


def picture_path(take: Take, task: Task) -> Path:
    """Where the picture of `task` is or will be: when it is there, the task is done."""
    if task.is_keyframe:
        return take.keyframe_path(task.frame)
    return take.painted_path(task.frame) if task.is_paint else take.frame_path(task.frame)


def _state(take: Take, task: Task) -> Path:
    return take.keyframe_state_path(task.frame) if task.is_keyframe else take.state_path(task.frame)


def _states_read(take: Take, task: Task) -> list[Path]:
    return [*map(take.keyframe_state_path, task.keyframes), *map(take.state_path, task.needs)]


def _store(result: Result, task: Task, take: Take) -> None:
    # It stays when all is done: whatever changes in the shot later, only what depends on that is made again.
    if result.state:
        write_whole(_state(take, task), lambda file: np.savez_compressed(file, allow_pickle=False, **result.state))
    if result.painted is not None:
        write_whole(take.painted_path(task.frame), _png(result.painted))
    # Last, because a finished picture promises that all else of it is there.
    write_whole(picture_path(take, task), _png(result.picture))


def _remove(take: Take, task: Task) -> None:
    # The picture first, which promises the others.
    files = [picture_path(take, task), _state(take, task)]
    files += [] if task.is_keyframe else [take.painted_path(task.frame)]
    with storage_errors(files[0]):
        for path in files:
            path.unlink(missing_ok=True)


def _png(picture: np.ndarray) -> bytes:
    encoded, png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert encoded
    return png.tobytes()


def _remove_leftovers(take: Take) -> None:
    for part in take.folder.glob("*/.*.part"):
        part.unlink(missing_ok=True)
