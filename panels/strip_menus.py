"""Restyle Strip in the sequencer: an entry in the strips' menus."""

import bpy

MENUS = ("SEQUENCER_MT_strip", "SEQUENCER_MT_context_menu")


def register() -> None:
    """Puts the operator at the end of the menu Strip and of the context menu."""
    for name in MENUS:
        getattr(bpy.types, name).append(_draw_entry)


def unregister() -> None:
    """Takes it out again."""
    for name in MENUS:
        getattr(bpy.types, name).remove(_draw_entry)


def _draw_entry(menu: bpy.types.Menu, _context: bpy.types.Context) -> None:
    menu.layout.separator()
    menu.layout.operator("flowbrush.restyle_strip", icon="BRUSH_DATA")
