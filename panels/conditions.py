"""The panel Conditions: what painting is held to, and what the objects are for the segmentation."""

import bpy

from .. import chips
from .tab import FlowbrushPanel


class FLOWBRUSH_PT_conditions(FlowbrushPanel, bpy.types.Panel):
    """What painting is held to."""

    bl_label = "Conditions"
    bl_parent_id = "FLOWBRUSH_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The sub-panels."""


class FLOWBRUSH_PT_classes(FlowbrushPanel, bpy.types.Panel):
    """What the objects are, for the segmentation."""

    bl_label = "Segmentation Classes"
    bl_parent_id = "FLOWBRUSH_PT_conditions"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """An object's own class wins; else it has its nearest collection's."""
        layout = self.layout
        if context.object is not None:
            _draw_class(layout, context.object, "OBJECT", "OBJECT_DATA")
        if context.collection is not None:
            _draw_class(layout, context.collection, "COLLECTION", "OUTLINER_COLLECTION")


def _draw_class(layout: bpy.types.UILayout, owner: bpy.types.ID, target: str, icon: str) -> None:
    """Name, class with its colour, and a button that removes it."""
    chosen = chips.class_of(owner)
    split = layout.split(factor=0.4)
    split.label(text=owner.name, icon=icon)
    row = split.row(align=True)
    row.operator(
        "flowbrush.set_class", text=chosen.title() or "No Class", icon_value=chips.icon(chosen)
    ).target = target
    if chosen:
        row.operator_context = "EXEC_DEFAULT"
        remove = row.operator("flowbrush.set_class", text="", icon="X")
        remove.target, remove.category = target, "NONE"


CLASSES = (FLOWBRUSH_PT_conditions, FLOWBRUSH_PT_classes)
