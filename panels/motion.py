"""The panel Motion: the method, and what makes it steadier."""

import bpy

from .tab import FlowbrushPanel, field_layout


class FLOWBRUSH_PT_motion(FlowbrushPanel, bpy.types.Panel):
    """How the frames hang together."""

    bl_label = "Motion"
    bl_parent_id = "FLOWBRUSH_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """The method, and what paint does in changing light."""
        chosen, layout = context.scene.flowbrush, field_layout(self)
        layout.prop(chosen, "method")
        if chosen.method == "surface":
            layout.prop(chosen, "light")


class FLOWBRUSH_PT_steadiness(FlowbrushPanel, bpy.types.Panel):
    """What makes any method steadier; closed, so that the buttons below stay in sight."""

    bl_label = "Steadiness"
    bl_parent_id = "FLOWBRUSH_PT_motion"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The noise, a last pass, and what frames look at."""
        layout = field_layout(self)
        for name in ("seed_mode", "refine", "shared_attention"):
            layout.prop(context.scene.flowbrush, name)


CLASSES = (FLOWBRUSH_PT_motion, FLOWBRUSH_PT_steadiness)
