"""The panel Output: the take, and its way to the timeline."""

import bpy

from .tab import FlowbrushPanel, draw_main_button, field_layout


class FLOWBRUSH_PT_output(FlowbrushPanel, bpy.types.Panel):
    """What comes out."""

    bl_label = "Output"
    bl_parent_id = "FLOWBRUSH_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """The take's name, making it, and its way to the timeline."""
        layout = field_layout(self)
        row = layout.row(align=True)
        row.prop(context.scene.flowbrush, "take")
        row.operator("flowbrush.new_take", text="", icon="ADD")
        draw_main_button(layout, "flowbrush.stylize_animation", "RENDER_ANIMATION")
        row = layout.row(align=True)
        row.operator("flowbrush.queue_add", icon="PRESET_NEW")
        row.operator("flowbrush.queue_add", text="", icon="RENDER_STILL").capture = True
        layout.operator("flowbrush.watch_take", icon="PLAY")
        layout.operator("flowbrush.load_into_sequencer", icon="SEQUENCE")
        layout.operator("flowbrush.report", text="Report", icon="URL")


CLASSES = (FLOWBRUSH_PT_output,)
