"""The manual in the browser: its first page, or the place of an error."""

import bpy

from .. import context_help
from ..translations import said


class FLOWBRUSH_OT_open_manual(bpy.types.Operator):
    """Open the manual in the browser, where it tells of the error if there is one. It came along: no network is used"""

    bl_idname = "flowbrush.open_manual"
    bl_label = "Flowbrush Manual"

    code: bpy.props.StringProperty(
        name="Error Code", description="Which error is looked up; when empty, none", options={"SKIP_SAVE", "HIDDEN"}
    )

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where the manual came along."""
        if not context_help.came_along():
            cls.poll_message_set(said("This copy of Flowbrush has no manual: install the zip that make build writes"))
            return False
        return True

    def execute(self, _context: bpy.types.Context) -> set[str]:
        """The browser shows it."""
        bpy.ops.wm.url_open(url=context_help.address(self.code))
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_open_manual,)
