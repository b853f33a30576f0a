"""A last pass over all frames: each is painted over once more when its method is done with it, with little strength.

What the method takes from one frame into others stays the paint that it was before: only the picture that is shown is
refined, so nothing is ever painted over twice. The pass starts from noise on surfaces, whatever the method does: what
it adds stays where the surfaces are.
"""

from collections.abc import Callable
from dataclasses import replace

from ..shot import Shot
from .plan import Method, Result, Task
from .studio import Studio, as_stored


class Refined:
    """Does what `method` does, and refines its frames by `TakeSettings.refine`."""

    def __init__(self, method: Method) -> None:
        self._method = method

    def plan(self, shot: Shot, frames: range, cancelled: Callable[[], bool]) -> list[Task]:
        """The method's plan, with one task more after that of each frame. Raises Cancelled."""
        plan: list[Task] = []
        for task in self._method.plan(shot, frames, cancelled):
            plan += [task] if task.is_keyframe else [replace(task, is_paint=True), Task(task.frame, refines=True)]
        return plan

    def run(self, task: Task, studio: Studio) -> Result:
        """Does one task. Raises Cancelled."""
        if task.refines:
            painted = studio.finished(task.frame)
            if studio.settings.at(task.frame).refine > 0.0:
                painted = studio.paint(task.frame, painted, refine=True)
            return Result(studio.shown(task.frame, as_stored(painted)))
        result = self._method.run(task, studio)
        return replace(result, picture=result.painted, painted=None) if result.painted is not None else result
