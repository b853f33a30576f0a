"""Restyle Strip in the sequencer: a panel of the tab, and an entry in the strips' menus."""

import bpy

from .tab import SequencerPanel, draw_main_button, draw_words, field_layout

MENUS = ("SEQUENCER_MT_strip", "SEQUENCER_MT_context_menu")


class FLOWBRUSH_PT_restyle(SequencerPanel, bpy.types.Panel):
    """The way from a strip to its restyled version in one go."""

    bl_label = "Restyle"
    bl_parent_id = "FLOWBRUSH_PT_footage"

    def draw(self, context: bpy.types.Context) -> None:
        """What is chosen most often; all other settings are in the 3D View's tab."""
        layout = field_layout(self)
        chosen = context.scene.flowbrush
        column = layout.column()
        column.prop(chosen, "style")
        column.prop(chosen, "prompt")
        draw_words(column, context, chosen)
        column.prop(chosen, "strength")
        draw_main_button(layout, "flowbrush.restyle_strip", "BRUSH_DATA")


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


CLASSES = (FLOWBRUSH_PT_restyle,)
