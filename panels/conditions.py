"""The panel Conditions: what painting is held to, and what the objects are for the segmentation."""

import bpy

from .. import chips
from ..translations import said
from .tab import FlowbrushPanel, draw_text, field_layout

WIDE = 340  # pixels of the interface at scale 1, from which on a line has room for the scale


class FLOWBRUSH_UL_controls(bpy.types.UIList):
    """One condition a line: whether it is used, and how firmly."""

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
        """Where there is room, the scale can be edited in the line itself."""
        layout.use_property_split = False
        row = layout.row(align=True)
        row.prop(item, "enabled", text="")
        wide = context.region.width > WIDE * context.preferences.system.ui_scale
        split = row.split(factor=0.6 if wide else 1.0)
        split.active = item.enabled
        split.label(text=said(item.title), translate=False)
        if wide:
            split.prop(item, "scale", text="", emboss=False)
        row.operator("flowbrush.show_condition", text="", icon="HIDE_OFF", emboss=False).condition = item.name


class FLOWBRUSH_PT_conditions(FlowbrushPanel, bpy.types.Panel):
    """What painting is held to."""

    bl_label = "Conditions"
    bl_parent_id = "FLOWBRUSH_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, and the active condition's fields."""
        layout = field_layout(self, dots=True)
        chosen = context.scene.flowbrush
        if not chosen.own_controls:
            draw_text(layout, context, "Those of the style")
            layout.operator("flowbrush.controls_of_style", text="Show and Change Them", icon="GREASEPENCIL")
            return
        row = layout.row()
        row.template_list("FLOWBRUSH_UL_controls", "", chosen, "controls", chosen, "active_control", rows=4)
        buttons = row.column(align=True)
        buttons.operator_menu_enum("flowbrush.control_add", "condition", text="", icon="ADD")
        buttons.operator("flowbrush.control_remove", text="", icon="REMOVE")
        buttons.separator()
        buttons.operator("flowbrush.controls_of_style", text="", icon="LOOP_BACK")
        if chosen.active_control < len(chosen.controls):
            _draw_control(layout, chosen.controls[chosen.active_control])


def _draw_control(layout: bpy.types.UILayout, control: bpy.types.PropertyGroup) -> None:
    """How firmly, when, and by which ControlNet."""
    column = layout.column()
    column.active = control.enabled
    column.prop(control, "scale")
    part = column.column(align=True)
    part.alert = control.end <= control.start
    part.prop(control, "start", slider=True)
    part.prop(control, "end", slider=True)
    column.prop(control, "model", placeholder="With the model")
    column.prop(control, "optional")


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
    """Name, and below it the class with its colour and a button that removes it."""
    chosen = chips.class_of(owner)
    column = layout.column(align=True)
    column.label(text=owner.name, icon=icon)
    row = column.row(align=True)
    row.operator(
        "flowbrush.set_class", text=chosen.title() or "No Class", icon_value=chips.icon(chosen)
    ).target = target
    if chosen:
        row.operator_context = "EXEC_DEFAULT"
        remove = row.operator("flowbrush.set_class", text="", icon="X")
        remove.target, remove.category = target, "NONE"


CLASSES = (FLOWBRUSH_UL_controls, FLOWBRUSH_PT_conditions, FLOWBRUSH_PT_classes)
