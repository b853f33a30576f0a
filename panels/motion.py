"""The panel Motion: the method, and what makes it steadier."""

import bpy

from ..properties.takes import takes_of
from ..translations import said
from .tab import FlowbrushPanel, field_layout

BUTTONS_A_ROW = 5


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
        known = takes_of(context.scene)
        take = known.takes.get(chosen.take) if known is not None else None
        if take is not None and take.keyframes:
            _draw_keyframes(layout, context, take)


def _draw_keyframes(layout: bpy.types.UILayout, context: bpy.types.Context, take: bpy.types.PropertyGroup) -> None:
    """The frames that were painted for the others, each a button that goes there."""
    layout.label(text=said(f"Painted in {take.name}"), icon="KEYFRAME_HLT")
    grid = layout.grid_flow(row_major=True, columns=BUTTONS_A_ROW, even_columns=True, align=True)
    for frame in take.keyframe_numbers:
        here = frame == context.scene.frame_current
        grid.operator("flowbrush.go_to_keyframe", text=str(frame), depress=here).frame = frame
    layout.operator("flowbrush.mark_keyframes", text="Mark on Timeline", icon="MARKER_HLT")


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
