"""Presets, and settings as files and text: two small buttons in the tab's header."""

from typing import Any

import bpy
from bl_ui.utils import PresetPanel


class FLOWBRUSH_PT_presets(PresetPanel, bpy.types.Panel):
    """Presets of how to paint, kept for all files."""

    bl_label = "Flowbrush Presets"
    preset_subdir = "flowbrush"
    preset_operator = "script.execute_preset"
    preset_add_operator = "flowbrush.preset_add"

    def path_menu(self, folders: list[str], operator: str, **options: Any) -> None:
        """The presets, and a field for a new one. Before the first there is no folder, which Blender calls missing."""
        bpy.types.Menu.path_menu(self, folders or bpy.utils.preset_paths(""), operator, **options)


class FLOWBRUSH_MT_settings(bpy.types.Menu):
    """Settings that come from elsewhere or go there, and the backend"""

    bl_label = "Settings"

    def draw(self, context: bpy.types.Context) -> None:
        """Files, and the clipboard."""
        # A menu in a header would run them at once, without asking for a file.
        self.layout.operator_context = "INVOKE_DEFAULT"
        self.layout.operator("flowbrush.load_settings", icon="FILE_FOLDER")
        self.layout.operator("flowbrush.save_settings", icon="FILE_TICK")
        self.layout.separator()
        self.layout.operator("flowbrush.paste_settings", icon="PASTEDOWN")
        self.layout.separator()
        self.layout.operator("flowbrush.check_environment", icon="CHECKMARK")
        self.layout.operator("flowbrush.repair_environment", icon="TOOL_SETTINGS")
        self.layout.operator("flowbrush.remove_environment", icon="TRASH")
        self.layout.separator()
        self.layout.operator("flowbrush.open_manual", icon="HELP")


def draw_header(layout: bpy.types.UILayout) -> None:
    """Both buttons, at the header's right."""
    row = layout.row(align=True)
    row.menu("FLOWBRUSH_MT_settings", text="", icon="DOWNARROW_HLT")
    FLOWBRUSH_PT_presets.draw_panel_header(row)


CLASSES = (FLOWBRUSH_PT_presets, FLOWBRUSH_MT_settings)
