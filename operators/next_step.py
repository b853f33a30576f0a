"""The large button's step as an operator of its own, for a key and for the search."""

import bpy

from ..properties.next_step import step_in
from ..translations import reported
from .job import nothing_runs


class FLOWBRUSH_OT_next_step(bpy.types.Operator):
    """Do what the large button at the top of the tab does: what comes next on the way from scene to timeline"""

    bl_idname = "flowbrush.next_step"
    bl_label = "Next Step"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """The button is gone while a job runs."""
        return nothing_runs(cls)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """With the window staying free."""
        return self._do(context, "INVOKE_DEFAULT")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """To its end."""
        return self._do(context, "EXEC_DEFAULT")

    def _do(self, context: bpy.types.Context, how: str) -> set[str]:
        step = step_in(context)
        operator = getattr(bpy.ops.flowbrush, step.operator.removeprefix("flowbrush."))
        try:
            outcome = operator(how, True, **step.arguments)  # the step that an undo takes back is its own
        except RuntimeError as error:  # Blender's way to hand its errors on
            self.report({"ERROR"}, reported(str(error).strip().removeprefix("Error: ")))
            return {"CANCELLED"}
        return {"CANCELLED"} if "CANCELLED" in outcome else {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_next_step,)
