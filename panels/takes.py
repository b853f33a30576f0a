"""The takes of the shot: a list, what is known of the chosen one, and what can be done with it."""

import bpy

from ..properties import takes as take_list
from ..translations import said
from .tab import FlowbrushPanel, draw_text

STARS = range(1, 6)
WIDE = 420  # pixels of the interface at scale 1, from which on a line has room for style and method


class FLOWBRUSH_UL_takes(bpy.types.UIList):
    """One take a line: its picture, name, style and method, frames and stars."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: bpy.types.AnyType,
        item: bpy.types.AnyType,
        icon: int,
        active_data: bpy.types.AnyType,
        active_property: str,
    ) -> None:
        """A take that is not whole says how far it is."""
        row = layout.row()
        row.alert = bool(item.problem)
        row.label(
            text=item.name, translate=False, **({"icon_value": item.icon} if item.icon else {"icon": "IMAGE_DATA"})
        )
        if context.region.width > WIDE * context.preferences.system.ui_scale:
            row.label(text=item.about, translate=False)
        row = row.row()
        row.alignment = "RIGHT"
        if item.finished < item.wanted:
            row.label(text=f"{item.finished}/{item.wanted}")
        if item.stars:
            row.label(text=str(item.stars), icon="SOLO_ON")


class FLOWBRUSH_PT_takes(FlowbrushPanel, bpy.types.Panel):
    """The takes, in the 3D View."""

    bl_label = "Takes"
    bl_parent_id = "FLOWBRUSH_PT_output"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, the chosen take, the comparison."""
        draw_takes(self.layout, context)


def draw_takes(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The list of the scene's shot, or a button that looks for it."""
    known = take_list.takes_of(context.scene)
    if known is None:
        row = layout.row(align=True)
        row.label(text="Not looked at yet", icon="FILE_FOLDER")
        row.operator("flowbrush.refresh", text="", icon="FILE_REFRESH")
        return
    row = layout.row()
    row.template_list("FLOWBRUSH_UL_takes", "", known, "takes", known, "active", rows=3)
    buttons = row.column(align=True)
    buttons.operator("flowbrush.refresh", text="", icon="FILE_REFRESH")
    buttons.separator()
    buttons.operator("flowbrush.remove_take", text="", icon="TRASH")
    if known.active < len(known.takes):
        _draw_take(layout, context, known.takes[known.active])
    column = layout.column(align=True)
    column.operator_menu_enum("flowbrush.compare_takes", "other", text="Compare with", icon="MOD_MIRROR")
    if known.compares:
        row = column.row(align=True)
        row.prop(known, "border", slider=True)
        row.operator("flowbrush.end_comparison", text="", icon="X")


def _draw_take(layout: bpy.types.UILayout, context: bpy.types.Context, take: bpy.types.PropertyGroup) -> None:
    row = layout.row()
    if take.icon:
        row.template_icon(take.icon, scale=4.0)
    column = row.column(align=True)
    column.label(text=take.about, translate=False)
    column.label(text=said(f"{take.finished} of {take.wanted} frames"))
    stars = column.row(align=True)
    for count in STARS:
        icon = "SOLO_ON" if count <= take.stars else "SOLO_OFF"
        stars.operator("flowbrush.rate_take", text="", icon=icon, emboss=False).stars = count
    if take.problem:
        draw_text(layout, context, take.problem, icon="ERROR")
    if take.prompt:
        draw_text(layout, context, take.prompt, translate=False)
    column = layout.column(align=True)
    column.operator("flowbrush.load_into_sequencer", icon="SEQUENCE").take = take.name
    column.operator("flowbrush.swap_take", icon="UV_SYNC_SELECT")
    column.operator("flowbrush.report", text="Report", icon="URL").take = take.name
    column.operator("flowbrush.restore_settings", icon="LOOP_BACK")


CLASSES = (FLOWBRUSH_UL_takes, FLOWBRUSH_PT_takes)
