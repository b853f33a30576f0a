"""Load into Sequencer: the take becomes an image strip at its place on the timeline."""

from typing import Any

import bpy

from ..backend.errors import FlowbrushError
from ..backend.take import Take
from ..scene import strips
from ..translations import reported, said
from . import job
from .capture import captured_shot


def take_field() -> Any:
    """The field of an operator that can be about another take than the one whose name is in the panel."""
    return bpy.props.StringProperty(
        name="Take", description="Which take; when empty, the one whose name is in the panel", options={"SKIP_SAVE"}
    )


class FLOWBRUSH_OT_load_into_sequencer(bpy.types.Operator):
    """Put the take on the sequencer's timeline, at the frames it was made from"""

    bl_idname = "flowbrush.load_into_sequencer"
    bl_label = "Load into Sequencer"
    bl_options = {"REGISTER", "UNDO"}

    take: take_field()

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not while the take may be growing."""
        if job.running() is not None:
            cls.poll_message_set(said("Wait for the running job, or cancel it"))
        return job.running() is None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Reads the take and adds the strip."""
        try:
            shot = captured_shot(context.scene)
            take = Take.load(shot, self.take or context.scene.flowbrush.take)
            notices = strips.load_take(context.scene, shot, take)
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        for notice in notices:
            self.report({"WARNING"}, reported(notice))
        job.tell_done(self, context, f"{take.name} is on the timeline")
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_load_into_sequencer,)
