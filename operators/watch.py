"""A take while it is painted: its last picture beside the render, its line in the list, and its strips, which grow."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

from ..backend.errors import FlowbrushError
from ..backend.shot import Shot
from ..backend.take import Take
from ..properties.takes import takes_of
from ..scene import growing
from ..translations import reported, said
from . import job, picture, refresh
from .capture import captured_shot
from .job import Job
from .still import render_of

Place = Callable[[bpy.types.Scene, Shot, Take], Any]


class Painted:
    """The take `name` of the shot in `folder`, which need not be there before its first picture.

    place: puts the take on the timeline, whole or not; it gets the scene in the window, and may raise FlowbrushError.
    """

    def __init__(self, folder: Path, name: str, place: Place = growing.watch) -> None:
        self.folder = folder
        self.name = name
        self._place = place
        self._loaded: Shot | None = None

    def has(self, path: str) -> bool:
        """Whether the picture at `path` is one of the take's."""
        return Path(path).is_relative_to(self.folder / "takes" / self.name)

    def show(self, path: str) -> None:
        """Shows the picture that was just finished, wherever the take is seen. Raises ShotError, SettingsError."""
        global _now
        _now = self, job.running()
        picture.show(path, render_of(self.folder, path))
        refresh.look_at_take(self._shot, self.name)
        self._update()

    def watch(self, scene: bpy.types.Scene) -> None:
        """Puts it on the timeline, where it grows. Raises ShotError, SettingsError, SceneError."""
        self._place(scene, self._shot, Take.load(self._shot, self.name))
        self._update()

    def _update(self) -> None:
        take = Take.load(self._shot, self.name)
        for scene in bpy.data.scenes:
            growing.update(scene, self._shot, take)

    @property
    def _shot(self) -> Shot:
        """Read once: nobody captures it anew while it is painted."""
        if self._loaded is None:
            self._loaded = Shot.load(self.folder)
        return self._loaded


_now: tuple[Painted, Job | None] | None = None  # the last one that had a picture, and the job that painted it


def painted_now() -> Painted | None:
    """The take that the running job paints, once it has a picture."""
    running = job.running()
    return _now[0] if _now is not None and running is not None and _now[1] is running else None


class FLOWBRUSH_OT_watch_take(bpy.types.Operator):
    """Put the take on the timeline while it is painted: finished frames appear, the render stands in for the others"""

    bl_idname = "flowbrush.watch_take"
    bl_label = "Play While Painting"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only for the take that is painted now, or the one in the panel where that has begun and is not whole."""
        if painted_now() is not None:
            return True
        known = takes_of(context.scene)
        line = known.takes.get(context.scene.flowbrush.take) if known else None
        if line is None or line.finished == line.wanted:
            cls.poll_message_set(said("The take in the panel is not being painted: press Stylize Animation first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Adds the strip; the job brings it up to date."""
        scene = context.scene
        try:
            take = painted_now() or Painted(captured_shot(scene).folder, scene.flowbrush.take)
            take.watch(scene)
        except FlowbrushError as error:
            self.report({"ERROR"}, reported(str(error)))
            return {"CANCELLED"}
        self.report({"INFO"}, reported(f"{take.name} is on the timeline, and grows"))
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_watch_take,)
