"""Report: the worker makes a page of the take, and the browser shows it."""

from pathlib import Path

import bpy

from .. import preferences
from ..backend.errors import Code, ShotError
from ..backend.take import Take
from ..translations import said
from .capture import captured_shot
from .job import Job, JobOperator
from .load import take_field
from .worker import WorkerStage


class FLOWBRUSH_OT_report(JobOperator):
    """Show the take in the browser: beside the render, with what was measured of it"""

    bl_idname = "flowbrush.report"
    bl_label = "Open Report"

    take: take_field()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not while a job runs, and only where a take has a finished frame."""
        if not super().poll(context):
            return False
        if not _has_frames(context.scene):
            cls.poll_message_set(said("No take has a finished frame: press Stylize Animation first"))
            return False
        return True

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the worker, on the take as far as it is finished."""
        shot = captured_shot(context.scene)
        take = Take.load(shot, self.take or context.scene.flowbrush.take)
        if not take.finished(shot):
            raise ShotError(
                Code.BAD_TAKE, f"The take '{take.name}' has no finished frame: press Stylize Animation first"
            )
        stage = WorkerStage("Making the report", "report", shot=str(shot.folder), take=take.name)
        return Job("Report", [stage], lambda message: _show(Path(message["page"]), take.name))


def _has_frames(scene: bpy.types.Scene) -> bool:
    """Asked whenever the panel is drawn: looks for one file, and reads none."""
    takes = preferences.shot_folder(scene) / "takes"
    return next(takes.glob("*/frames/[0-9-]*.png"), None) is not None


def _show(page: Path, name: str) -> str:
    bpy.ops.wm.url_open(url=page.as_uri())
    return f"The report of {name} is in the browser"


CLASSES = (FLOWBRUSH_OT_report,)
