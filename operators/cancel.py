"""Cancel: the button for what Escape does as well."""

import bpy

from ..translations import said
from . import job


class FLOWBRUSH_OT_cancel(bpy.types.Operator):
    """Stop what Flowbrush is doing; finished frames are kept"""

    bl_idname = "flowbrush.cancel"
    bl_label = "Cancel Flowbrush"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only while a job runs."""
        if job.running() is None:
            cls.poll_message_set(said("Nothing is running"))
        return job.running() is not None

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Asks the job; its next steps see to the rest."""
        job.cancel()
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_cancel,)
