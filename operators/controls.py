"""The list of conditions that painting is held to: adding and removing them, and those of the style."""

import bpy
from bpy.props import EnumProperty

from ..backend.errors import FlowbrushError
from ..backend.needs import CONDITIONS
from ..backend.take import MAX_CONTROLS
from ..properties.export import CONDITION_TEXTS
from ..properties.styles import style_of
from ..scene import keyed_lists
from ..translations import said
from . import job


class ControlOperator(bpy.types.Operator):
    """Base of the operators that change the list, which before the first change is the style's."""

    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Makes the list the scene's own, and changes it."""
        chosen = context.scene.flowbrush
        try:
            if not chosen.own_controls:
                chosen.fill_controls(style_of(chosen).controls)
            self.change(chosen)
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        return {"FINISHED"}

    def change(self, chosen: bpy.types.PropertyGroup) -> None:
        """Changes `chosen.controls`. Raises FlowbrushError."""
        raise NotImplementedError


class FLOWBRUSH_OT_control_add(ControlOperator):
    """Hold painting to one more condition"""

    bl_idname = "flowbrush.control_add"
    bl_label = "Add Condition"

    condition: EnumProperty(
        name="Condition",
        description="What is added",
        items=[
            (name, title, description, number)
            for name, (title, description, number) in CONDITION_TEXTS.items()
            if name in CONDITIONS
        ],
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not more than a take can have."""
        if len(context.scene.flowbrush.controls) >= MAX_CONTROLS:
            cls.poll_message_set(said(f"{MAX_CONTROLS} conditions are the most that a take can have: remove one first"))
            return False
        return True

    def change(self, chosen: bpy.types.PropertyGroup) -> None:
        """As firmly as the model was made for."""
        chosen.controls.add().name = self.condition
        chosen.active_control = len(chosen.controls) - 1


class FLOWBRUSH_OT_control_remove(ControlOperator):
    """Remove the active condition"""

    bl_idname = "flowbrush.control_remove"
    bl_label = "Remove Condition"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where none is active."""
        chosen = context.scene.flowbrush
        if chosen.own_controls and chosen.active_control >= len(chosen.controls):
            cls.poll_message_set(said("Add a condition first"))
            return False
        return True

    def change(self, chosen: bpy.types.PropertyGroup) -> None:
        """The one below it becomes active."""
        keyed_lists.remove(chosen, "controls", chosen.active_control)
        chosen.active_control = max(0, min(chosen.active_control, len(chosen.controls) - 1))


class FLOWBRUSH_OT_controls_of_style(ControlOperator):
    """Take the conditions, their scales and their ranges from the style again"""

    bl_idname = "flowbrush.controls_of_style"
    bl_label = "Conditions of the Style"

    def change(self, chosen: bpy.types.PropertyGroup) -> None:
        """In the place of all in the list."""
        chosen.fill_controls(style_of(chosen).controls)


CLASSES = (FLOWBRUSH_OT_control_add, FLOWBRUSH_OT_control_remove, FLOWBRUSH_OT_controls_of_style)
