"""Settings as a file, as pasted text and as Blender's presets."""

from pathlib import Path

import bpy
from bl_operators.presets import AddPresetBase
from bpy.props import StringProperty
from bpy_extras.io_utils import ExportHelper, ImportHelper

from ..backend.errors import FlowbrushError
from ..backend.foreign import translate
from ..backend.foreign.draft import Translation
from ..backend.settings_file import ENDING, read_settings, write_settings
from ..languages.lines import lines
from ..settings import LOOK, apply_settings, differences, take_settings
from ..translations import reported, said
from . import job

DIALOG_WIDTH = 560  # pixels, at scale 1
LINE = 88  # letters that fit into it
# The style first: it fills in the others. A list of conditions is their own only with the flag after it.
PRESET = ("style", *LOOK, "model", "model_use", "scheduler", "controls", "own_controls", "loras", "embeddings")


class FLOWBRUSH_OT_save_settings(bpy.types.Operator, ExportHelper):
    """Writes the panel's settings to a file."""

    bl_idname = "flowbrush.save_settings"
    bl_label = "Save Settings"
    bl_description = (
        "Save all that decides what a take looks like, for another scene or another machine. "
        "Not in the file: the scene, its frames, and the weights of models"
    )
    filename_ext = ENDING

    filter_glob: StringProperty(default=f"*{ENDING}", options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Writes what the panel says."""
        path = Path(self.filepath)
        try:
            write_settings(path, take_settings(context.scene.flowbrush))
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        job.tell_done(self, context, f"The settings are in {path.name}")
        return {"FINISHED"}


class FLOWBRUSH_OT_load_settings(bpy.types.Operator, ImportHelper):
    """Reads a file's settings into the panel."""

    bl_idname = "flowbrush.load_settings"
    bl_label = "Load Settings"
    bl_description = (
        "Paint as a settings file says: style, prompts, strengths, regions and method are taken from it. "
        "What this machine lacks, such as its model, is named"
    )
    bl_options = {"REGISTER", "UNDO"}
    filename_ext = ENDING

    filter_glob: StringProperty(default=f"*{ENDING}", options={"HIDDEN"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Reads the file into the panel."""
        path = Path(self.filepath)
        try:
            settings, notes = read_settings(path)
            notes += apply_settings(context.scene, settings)
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        job.tell_done(self, context, ". ".join([f"The settings are those of {path.name}", *notes]))
        return {"FINISHED"}


class FLOWBRUSH_OT_paste_settings(bpy.types.Operator):
    """Translates copied settings into the panel."""

    bl_idname = "flowbrush.paste_settings"
    bl_label = "Paste Settings"
    bl_description = (
        "Translate what was copied: the text below a picture in A1111, or a settings file of Deforum or Flowbrush; "
        "what has no counterpart is shown before anything changes"
    )
    bl_options = {"UNDO"}  # no panel to adjust it by: it has nothing to adjust

    text: StringProperty(
        name="Text",
        description="What to translate; when empty, what was copied last",
        options={"HIDDEN", "SKIP_SAVE"},
    )
    _translation: Translation
    _notes: list[str]

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Shows what would become of it."""
        if not self._translate(context):
            return {"CANCELLED"}
        return context.window_manager.invoke_props_dialog(self, width=DIALOG_WIDTH, confirm_text="Apply")

    def draw(self, _context: bpy.types.Context) -> None:
        """What is translated, and a line for all that is not."""
        _draw_lines(self.layout, self._summary(), "CHECKMARK")
        for note in self._notes:
            _draw_lines(self.layout, note, "DOT")

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Puts the translated settings into the panel, in one step that can be undone."""
        if not self._translate(context):
            return {"CANCELLED"}
        apply_settings(context.scene, self._translation.settings)
        for note in self._notes:
            self.report({"WARNING"}, reported(note))
        job.tell_done(self, context, self._summary())
        return {"FINISHED"}

    def _summary(self) -> str:
        found = self._translation
        return f"Settings of {found.program} are translated: {', '.join(found.translated.values())}"

    def _translate(self, context: bpy.types.Context) -> bool:
        self.text = self.text or context.window_manager.clipboard
        try:
            chosen = context.scene.flowbrush
            self._translation = translate(self.text, take_settings(chosen), chosen.frame_range[0])
            self._notes = [*self._translation.notes, *differences(context.scene, self._translation.settings)]
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return False
        return True


class FLOWBRUSH_OT_preset_add(AddPresetBase, bpy.types.Operator):
    """Keep style, prompts, model, strengths and method as a preset for all files, or remove one"""

    bl_idname = "flowbrush.preset_add"
    bl_label = "Add Flowbrush Preset"
    preset_menu = "FLOWBRUSH_PT_presets"
    preset_subdir = "flowbrush"
    preset_defines = ["chosen = bpy.context.scene.flowbrush"]
    preset_values = [f"chosen.{name}" for name in PRESET]


def _draw_lines(layout: bpy.types.UILayout, text: str, icon: str) -> None:
    column = layout.column(align=True)
    for line in lines(said(text), LINE):
        column.label(text=line, icon=icon, translate=False)
        icon = "BLANK1"


CLASSES = (
    FLOWBRUSH_OT_save_settings,
    FLOWBRUSH_OT_load_settings,
    FLOWBRUSH_OT_paste_settings,
    FLOWBRUSH_OT_preset_add,
)
