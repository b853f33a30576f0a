"""What a method is: a plan of tasks that need each other, and the work of one task.

A plan says nothing of where it runs. The executor here runs it on this machine.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from ..made import Which
from ..shot import Shot
from ..take import TakeSettings
from .studio import Studio


@dataclass(frozen=True)
class Task:
    """The work on one frame of the take, or on a keyframe, which is painted for the others to take from.

    It needs the frames in `needs` and the keyframes in `keyframes`; the plan lists these before it. It reads what the
    shot has of its own frame, the results of what it needs, and whatever these tasks read: nothing else, because its
    result is kept as long as all that is the same (see `inputs`).
    is_paint: its picture is the paint of the frame, which a later task that `refines` reads and makes the picture of.
    """

    frame: int
    needs: tuple[int, ...] = ()
    keyframes: tuple[int, ...] = ()
    is_keyframe: bool = False
    is_paint: bool = False
    refines: bool = False

    @property
    def which(self) -> Which:
        """What it makes."""
        return "keyframes" if self.is_keyframe else _frames(self.is_paint), self.frame

    @property
    def reads(self) -> list[Which]:
        """What it needs others to have made."""
        frames = _frames(self.is_paint)
        needed = [*(("keyframes", frame) for frame in self.keyframes), *((frames, frame) for frame in self.needs)]
        return [*needed, (_frames(True), self.frame)] if self.refines else needed


def _frames(is_paint: bool) -> str:
    return "painted" if is_paint else "frames"


@dataclass(frozen=True)
class Result:
    """What a task leaves behind.

    picture: (H,W,3) uint8 sRGB. state: arrays that tasks needing this one read, empty where there are none.
    painted: (H,W,3) uint8 sRGB, all paint, where the picture shows a part of it and other tasks carry it on.
    """

    picture: np.ndarray
    state: dict[str, np.ndarray] = field(default_factory=dict)
    painted: np.ndarray | None = None


class Method(Protocol):
    """One way to stylize a shot; the passes that it reads, besides those of the conditions, are in `needs.METHODS`."""

    def plan(self, shot: Shot, frames: range, cancelled: Callable[[], bool]) -> list[Task]:
        """The tasks for `frames`, each after those that it needs. Raises Cancelled when `cancelled()` says so."""

    def run(self, task: Task, studio: Studio) -> Result:
        """Does one task. Raises Cancelled."""


def whole_plan(
    method: Method, shot: Shot, frames: range, settings: TakeSettings, cancelled: Callable[[], bool]
) -> list[Task]:
    """The plan of `method` for `frames`; where another prompt begins, nothing is from before it. Raises Cancelled."""
    return [task for stretch in settings.stretches(frames) for task in method.plan(shot, stretch, cancelled)]
