"""The list of regions: adding, removing and moving them, writing the selection as a mask, and masks as pictures."""

import re

import bpy

from .. import preferences
from ..scene import keyed_lists, names
from ..translations import reported, said
from .capture import captured_shot
from .job import Job, JobOperator
from .worker import WorkerStage

SIGNS = {"!": "not ", "&": "and", "|": "or", "*": "any"}


def add(scene: bpy.types.Scene, mask: str) -> None:
    """Adds a region above the others, with the prompts of the scene's style, and makes it the active one."""
    chosen = scene.flowbrush
    region = chosen.regions.add()
    region.style = chosen.style
    region.mask = mask
    chosen.active_region = len(chosen.regions) - 1


def has_active_region(operator: type[bpy.types.Operator], context: bpy.types.Context) -> bool:
    """Whether there is one; the button says it where there is none."""
    chosen = context.scene.flowbrush
    if chosen.active_region < len(chosen.regions):
        return True
    operator.poll_message_set(said("Add a region first"))
    return False


class RegionOperator(bpy.types.Operator):
    """Base of the operators that need an active region."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where the list is empty."""
        return has_active_region(cls, context)


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
    bl_label = "Add Region from Selection"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Writes the selection as a mask expression."""
        mask = names.selected(context)
        if not mask:
            self.report(
                {"ERROR"}, reported("Select objects that are rendered, or a collection of them; for many, a collection")
            )
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
        keyed_lists.remove(chosen, "regions", chosen.active_region)
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
            keyed_lists.move(chosen, "regions", chosen.active_region, place)
            chosen.active_region = place
        return {"FINISHED"}


class FLOWBRUSH_OT_export_mask(JobOperator):
    """Write the active region's mask of all captured frames as a PNG sequence, for compositing and other programs"""

    bl_idname = "flowbrush.export_mask"
    bl_label = "Export Mask"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One job at a time, and not where the list is empty."""
        return super().poll(context) and has_active_region(cls, context)

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the worker, on the captured shot."""
        chosen = context.scene.flowbrush
        region = chosen.regions[chosen.active_region].settings
        folder = preferences.export_folder(context.scene) / "masks" / folder_name(region.mask)
        fields = {"shot": str(captured_shot(context.scene).folder), "folder": str(folder)}
        stage = WorkerStage("Exporting", "masks", mask=region.mask, softness=region.softness, **fields)
        return Job("Export Mask", [stage], lambda message: f"The mask is in {message['folder']}")


def folder_name(mask: str) -> str:
    """A mask expression as the name of a folder: `hero and not sword`."""
    words = re.sub(r"[!&|*]", lambda sign: SIGNS[sign[0]], mask)
    return re.sub(r"[^\w .()+-]", "_", words)[:60].strip(" .") or "mask"


CLASSES = (
    FLOWBRUSH_OT_region_add,
    FLOWBRUSH_OT_region_add_selected,
    FLOWBRUSH_OT_region_remove,
    FLOWBRUSH_OT_region_move,
    FLOWBRUSH_OT_export_mask,
)
