"""Method `per_frame`: img2img of every frame by itself. It flickers; it is what everything else is measured against."""

from collections.abc import Callable

from ..shot import Shot
from .plan import Result, Task
from .studio import Studio, as_stored


class PerFrame:
    """Paints each frame from its own picture."""

    def plan(self, shot: Shot, frames: range, cancelled: Callable[[], bool]) -> list[Task]:
        """One task a frame; none needs another."""
        return [Task(frame) for frame in frames]

    def run(self, task: Task, studio: Studio) -> Result:
        """Paints one frame. Raises Cancelled."""
        painted = as_stored(studio.paint(task.frame, studio.picture(task.frame)))
        return Result(studio.shown(task.frame, painted))
