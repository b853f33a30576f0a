"""The top of the Flowbrush tab: what is next, what runs, and why the last job did not finish."""

import bpy

from .. import backend_state
from ..properties.next_step import step_in
from . import settings
from .tab import FlowbrushPanel, draw_job, draw_step


class FLOWBRUSH_PT_main(FlowbrushPanel, bpy.types.Panel):
    """The next step, or what runs."""

    bl_label = "Flowbrush"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Before there is a backend, the panel that sets it up stands alone."""
        return backend_state.is_set_up()

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Presets, and settings from elsewhere."""
        settings.draw_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Progress and Cancel while a job runs; else the next step, and an error until the next job."""
        if not context.window_manager.flowbrush.running:
            draw_step(self.layout, step_in(context))
        draw_job(self.layout, context)


CLASSES = (FLOWBRUSH_PT_main,)
