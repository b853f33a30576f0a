"""Conditions: a shot's ControlNet conditions as picture sequences, and the classes that its segmentation shows."""

import bpy
from bpy.props import EnumProperty, StringProperty

from .. import chips, preferences
from ..backend import needs
from ..backend.ade20k import COLOURS, PROPERTY
from ..backend.errors import Code, SettingsError
from ..properties.control import title_of
from ..translations import reported
from . import picture
from .capture import captured_shot
from .job import Job, JobOperator
from .still import render_of, still_shot
from .worker import WorkerStage

NONE = "NONE"


class FLOWBRUSH_OT_export_conditions(JobOperator):
    """Write the chosen conditions of all captured frames as PNG sequences, for ComfyUI and other programs"""

    bl_idname = "flowbrush.export_conditions"
    bl_label = "Export Conditions"

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the worker, on the captured shot."""
        export = context.scene.flowbrush.export
        names = [name for name in needs.CONDITIONS if name in export.conditions]
        if not names:
            raise SettingsError(Code.BAD_SETTINGS, "No condition is chosen: choose what to export")
        shot = captured_shot(context.scene)
        for name in names:
            needs.check_condition(shot, name)
        folder = str(preferences.export_folder(context.scene))
        stage = WorkerStage("Exporting", "conditions", shot=str(shot.folder), folder=folder, conditions=names)
        return Job("Export Conditions", [stage], lambda message: f"The conditions are in {message['folder']}")


class FLOWBRUSH_OT_show_condition(JobOperator):
    """Look at this condition of the current frame in the Image Editor, beside the render"""

    bl_idname = "flowbrush.show_condition"
    bl_label = "Look at Condition"

    condition: StringProperty(name="Condition", description="The name of the condition", options={"SKIP_SAVE"})

    def plan(self, context: bpy.types.Context) -> Job:
        """The worker draws it, of the captured shot where that can give it; else the frame is captured for it."""
        needs.need(self.condition)
        frame = context.scene.frame_current
        folder, stages, warnings = still_shot(context.scene, frame, [self.condition])
        request = {"shot": str(folder), "folder": str(folder / "preview"), "conditions": [self.condition]}
        stages.append(WorkerStage("Drawing", "conditions", **request, frames=[frame, frame]))

        def show(path: str) -> None:
            picture.show(path, render_of(folder, path))
            picture.open_editor()

        done = f"{title_of(self.condition)} of frame {frame}"
        job = Job("Look at Condition", stages, lambda _message: f"{done} is in the Image Editor", show)
        job.warnings += warnings
        return job


def _classes(_operator: bpy.types.Operator, _context: bpy.types.Context | None) -> list[tuple[str, str, str, int, int]]:
    return _ITEMS


_ITEMS: list[tuple[str, str, str, int, int]] = []  # Blender keeps no reference to the texts


def fill_classes() -> None:
    """Lists the classes with their colours; called once these have icons."""
    _ITEMS[:] = [(NONE, "No Class", "Black in the segmentation", chips.icon(""), 0)]
    for number, name in enumerate(COLOURS, 1):
        red, green, blue = COLOURS[name]
        _ITEMS.append((name, name.title(), f"{red}, {green}, {blue} in the segmentation", chips.icon(name), number))


class FLOWBRUSH_OT_set_class(bpy.types.Operator):
    """Choose what this is for the segmentation, of the 150 classes of ADE20K"""

    bl_idname = "flowbrush.set_class"
    bl_label = "Set Class"
    bl_options = {"REGISTER", "UNDO"}
    bl_property = "category"

    category: EnumProperty(name="Class", description="Class in ADE20K", items=_classes)
    target: EnumProperty(
        name="Target",
        description="Whose class is set",
        items=[
            ("OBJECT", "Selected Objects", "The active object and all others that are selected"),
            ("COLLECTION", "Active Collection", "All in it that have no class of their own"),
        ],
        options={"SKIP_SAVE"},
    )

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Lets the user search the classes by name."""
        context.window_manager.invoke_search_popup(self)
        return {"FINISHED"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Writes the custom property, or removes it."""
        if self.target == "OBJECT":
            owners = {item for item in (context.object, *context.selected_objects) if item is not None}
        else:
            owners = {context.collection}
        editable = [owner for owner in owners if owner.is_editable]
        if not editable:
            self.report(
                {"ERROR"}, reported("Nothing to set: select objects that belong to this file or are overridden")
            )
            return {"CANCELLED"}
        for owner in editable:
            if self.category != NONE:
                owner[PROPERTY] = self.category
            elif PROPERTY in owner:
                del owner[PROPERTY]
        for area in context.screen.areas if context.screen else ():
            area.tag_redraw()
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_export_conditions, FLOWBRUSH_OT_show_condition, FLOWBRUSH_OT_set_class)
