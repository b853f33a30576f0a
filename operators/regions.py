"""The list of regions: adding, removing and moving them, and writing the selection as a mask."""

import bpy

from ..scene import names


def add(scene: bpy.types.Scene, mask: str) -> None:
    """Adds a region above the others, with the prompts of the scene's style, and makes it the active one."""
    chosen = scene.flowbrush
    region = chosen.regions.add()
    region.style = chosen.style
    region.mask = mask
    chosen.active_region = len(chosen.regions) - 1


class RegionOperator(bpy.types.Operator):
    """Base of the operators that need an active region."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where the list is empty."""
        chosen = context.scene.flowbrush
        if chosen.active_region < len(chosen.regions):
            return True
        cls.poll_message_set("Add a region first")
        return False


class FLOWBRUSH_OT_region_add(bpy.types.Operator):
    """Add a part of the picture that has a prompt of its own"""

    bl_idname = "flowbrush.region_add"
    bl_label = "Add Region"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Its mask is left to the user."""
        add(context.scene, "")
        return {"FINISHED"}


class FLOWBRUSH_OT_region_add_selected(bpy.types.Operator):
    """Add a region for the selected objects, or for the active collection where nothing is selected"""

    bl_idname = "flowbrush.region_add_selected"
    bl_label = "Add from Selection"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Writes the selection as a mask expression."""
        mask = names.selected(context)
        if not mask:
            self.report({"ERROR"}, "Select objects that are rendered, or a collection of them; for many, a collection")
            return {"CANCELLED"}
        add(context.scene, mask)
        return {"FINISHED"}


class FLOWBRUSH_OT_region_remove(RegionOperator):
    """Remove the active region"""

    bl_idname = "flowbrush.region_remove"
    bl_label = "Remove Region"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """The one below it becomes active."""
        chosen = context.scene.flowbrush
        chosen.regions.remove(chosen.active_region)
        chosen.active_region = max(0, min(chosen.active_region, len(chosen.regions) - 1))
        return {"FINISHED"}


class FLOWBRUSH_OT_region_move(RegionOperator):
    """Move the active region in the list; lower ones lie above higher ones in the picture"""

    bl_idname = "flowbrush.region_move"
    bl_label = "Move Region"

    direction: bpy.props.EnumProperty(
        name="Direction",
        items=[("UP", "Up", "Towards the start of the list"), ("DOWN", "Down", "Towards the end of the list")],
    )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Stops at the ends of the list."""
        chosen = context.scene.flowbrush
        place = chosen.active_region + (-1 if self.direction == "UP" else 1)
        if 0 <= place < len(chosen.regions):
            chosen.regions.move(chosen.active_region, place)
            chosen.active_region = place
        return {"FINISHED"}


CLASSES = (
    FLOWBRUSH_OT_region_add,
    FLOWBRUSH_OT_region_add_selected,
    FLOWBRUSH_OT_region_remove,
    FLOWBRUSH_OT_region_move,
)
