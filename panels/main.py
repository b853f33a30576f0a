"""The top of the Flowbrush tab: what runs, and why the last job did not finish."""

import bpy

from . import settings
from .tab import FlowbrushPanel, draw_job


class FLOWBRUSH_PT_main(FlowbrushPanel, bpy.types.Panel):
    """What runs, and why the last job did not finish."""

    bl_label = "Flowbrush"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Presets, and settings from elsewhere."""
        settings.draw_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Progress and Cancel while a job runs; an error until the next one."""
        draw_job(self.layout, context)


CLASSES = (FLOWBRUSH_PT_main,)
