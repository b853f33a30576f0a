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


class FLOWBRUSH_PT_advanced(FlowbrushPanel, bpy.types.Panel):
    """What makes any method steadier, and what seldom needs a change."""

    bl_label = "Advanced"
    bl_parent_id = "FLOWBRUSH_PT_motion"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The noise, a last pass, what frames look at, and where paint belongs to the view."""
        layout = field_layout(self, dots=True)
        for name in ("seed_mode", "refine", "shared_attention", "edge_band", "crop_to_mask"):
            layout.prop(context.scene.flowbrush, name)


CLASSES = (FLOWBRUSH_PT_motion, FLOWBRUSH_PT_advanced)
