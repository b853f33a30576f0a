"""Flowbrush in the menu Render, so that F3 finds what the tab's buttons do: it searches the menus."""

import bpy

GROUPS = (
    (("next_step", "FORWARD"),),
    (
        ("capture", "RENDER_STILL"),
        ("stylize_frame", "IMAGE_DATA"),
        ("stylize_animation", "RENDER_ANIMATION"),
        ("load_into_sequencer", "SEQUENCE"),
        ("watch_take", "PLAY"),
        ("new_take", "ADD"),
    ),
    (("queue_add", "PRESET_NEW"), ("queue_start", "PLAY")),
    (("shot_from_file", "FILEBROWSER"), ("report", "URL"), ("export_conditions", "EXPORT")),
    (("region_add_selected", "RESTRICT_SELECT_OFF"), ("mark_keyframes", "MARKER_HLT"), ("prompt_add", "MARKER")),
    (("load_settings", "FILE_FOLDER"), ("save_settings", "FILE_TICK"), ("paste_settings", "PASTEDOWN")),
    (("set_up_environment", "IMPORT"), ("check_environment", "CHECKMARK")),
    (("open_manual", "HELP"),),
    (("cancel", "X"),),
)


class FLOWBRUSH_MT_render(bpy.types.Menu):
    """From the scene to a stylized animation on the timeline"""

    bl_label = "Flowbrush"

    def draw(self, _context: bpy.types.Context) -> None:
        """In the order of work."""
        self.layout.operator_context = "INVOKE_DEFAULT"
        for index, group in enumerate(GROUPS):
            if index:
                self.layout.separator()
            for operator, icon in group:
                self.layout.operator(f"flowbrush.{operator}", icon=icon)


def register() -> None:
    """Puts it at the end of the menu Render."""
    bpy.types.TOPBAR_MT_render.append(_draw_entry)


def unregister() -> None:
    """Takes it out again."""
    bpy.types.TOPBAR_MT_render.remove(_draw_entry)


def _draw_entry(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.menu("FLOWBRUSH_MT_render", icon="BRUSH_DATA")


CLASSES = (FLOWBRUSH_MT_render,)
