"""Which bones of the active armature are a person's joints, for OpenPose conditions."""

import bpy

from ..properties.person import FlowbrushPerson
from ..translations import said
from .tab import FlowbrushPanel, draw_text, field_layout

SETTINGS = ("use", "occluded", "found")
NEEDED = ("right_shoulder", "left_shoulder", "right_hip", "left_hip")
FIRST_OF_GROUP = ("right_shoulder", "left_shoulder", "right_thumb", "left_thumb")


class FLOWBRUSH_PT_people(FlowbrushPanel, bpy.types.Panel):
    """The joints of the active armature."""

    bl_label = "People"
    bl_parent_id = "FLOWBRUSH_PT_conditions"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Whether it is a person, which bones are which joints, and what is missing."""
        layout = field_layout(self)
        armature = context.object
        if armature is None or armature.type != "ARMATURE":
            draw_text(layout, context, "Select an armature to see which bones are joints for OpenPose", icon="INFO")
            return
        person = armature.flowbrush_person
        layout.prop(person, "use")
        column = layout.column()
        column.active = person.use
        column.prop(person, "occluded")
        row = column.row(align=True)
        row.operator("flowbrush.detect_bones", text="Detect", icon="VIEWZOOM")
        row.operator("flowbrush.clear_bones", text="Clear", icon="X")
        joints = [name for name in FlowbrushPerson.__annotations__ if name not in SETTINGS]
        chosen = {name for name in joints if getattr(person, name)}
        if person.found:
            draw_text(column, context, person.found, icon="INFO" if chosen else "ERROR")
        elif not chosen:
            draw_text(column, context, "Found from the bones' names when the shot is captured", icon="INFO")
        if chosen and (missing := [name for name in NEEDED if name not in chosen]):
            words = ", ".join(said(person.bl_rna.properties[name].name) for name in missing)
            draw_text(column, context, f"No person without {words}", icon="ERROR")
        for name in joints:
            if name in FIRST_OF_GROUP:
                column.separator()
            row = column.row()
            row.alert = bool(getattr(person, name)) and getattr(person, name) not in armature.data.bones
            row.prop_search(person, name, armature.data, "bones")


CLASSES = (FLOWBRUSH_PT_people,)
