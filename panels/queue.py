"""The queue: what waits to be painted, what is painted now, and what became of the rest."""

import bpy

from ..properties import queue as shown
from .tab import FlowbrushPanel, SequencerPanel, draw_text

ICONS = {"waiting": "TIME", "running": "PLAY", "paused": "PAUSE", "done": "CHECKMARK", "failed": "ERROR"}


class FLOWBRUSH_UL_queue(bpy.types.UIList):
    """One take a line: its shot, its name, and how it is doing."""

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
        """The one that this Blender paints shows how far it is."""
        split = layout.split(factor=0.65)
        split.alert = item.state == "failed"
        split.label(text=item.title, translate=False, icon=ICONS[item.state])
        if item.state == "running" and data.runs:
            progress = context.window_manager.flowbrush.progress
            split.progress(factor=progress, text=f"{progress:.0%}")
        else:
            split.label(text=item.bl_rna.properties["state"].enum_items[item.state].name)


class FLOWBRUSH_PT_queue(FlowbrushPanel, bpy.types.Panel):
    """The queue, in the 3D View."""

    bl_label = "Queue"
    bl_parent_id = "FLOWBRUSH_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, its buttons, and what is known of the chosen item."""
        draw_queue(self.layout, context)


class FLOWBRUSH_PT_sequencer_queue(SequencerPanel, bpy.types.Panel):
    """The same in the sequencer."""

    bl_label = "Queue"
    bl_parent_id = "FLOWBRUSH_PT_sequencer"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, its buttons, and what is known of the chosen item."""
        draw_queue(self.layout, context)


def draw_queue(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """The list with Start or Pause below it, and the chosen item."""
    known = context.window_manager.flowbrush_queue
    if known.problem:
        box = layout.box()
        box.alert = True
        draw_text(box, context, known.problem, icon="ERROR")
    row = layout.row()
    row.template_list("FLOWBRUSH_UL_queue", "", known, "entries", known, "active", rows=5)
    buttons = row.column(align=True)
    buttons.operator("flowbrush.queue_add", text="", icon="ADD")
    buttons.operator("flowbrush.queue_remove", text="", icon="REMOVE")
    buttons.separator()
    buttons.operator("flowbrush.queue_move", text="", icon="TRIA_UP").direction = "UP"
    buttons.operator("flowbrush.queue_move", text="", icon="TRIA_DOWN").direction = "DOWN"
    buttons.separator()
    buttons.operator("flowbrush.queue_again", text="", icon="LOOP_BACK")
    row = layout.row(align=True)
    row.scale_y = 1.4
    if known.runs:
        row.operator("flowbrush.cancel", text="Pause", icon="PAUSE")
    else:
        row.operator("flowbrush.queue_start", icon="PLAY")
    layout.operator("flowbrush.queue_clear", text="Clear Finished", icon="BRUSH_DATA")
    if known.elsewhere:
        draw_text(layout, context, "Another Blender runs the queue", icon="INFO")
    if (item := shown.chosen()) is not None:
        _draw_item(layout, context, item)


def _draw_item(layout: bpy.types.UILayout, context: bpy.types.Context, item: bpy.types.PropertyGroup) -> None:
    if item.sentence:
        row = layout.row()
        row.alert = True
        draw_text(row, context, item.sentence, icon="ERROR")
    draw_text(layout, context, item.title, translate=False)  # which the list may cut short
    layout.label(text=item.about, translate=False)
    if item.prompt:
        draw_text(layout, context, item.prompt, translate=False)
    if item.capture:
        draw_text(layout, context, item.capture, icon="RENDER_STILL")
    draw_text(layout, context, item.folder, icon="FILE_FOLDER", translate=False)


CLASSES = (FLOWBRUSH_UL_queue, FLOWBRUSH_PT_queue, FLOWBRUSH_PT_sequencer_queue)
