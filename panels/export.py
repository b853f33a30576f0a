"""The panel Export, of Conditions: what goes to other programs."""

import bpy

from .tab import FlowbrushPanel, draw_main_button, field_layout


class FLOWBRUSH_PT_export(FlowbrushPanel, bpy.types.Panel):
    """Exact ControlNet conditions for other programs."""

    bl_label = "Export"
    bl_parent_id = "FLOWBRUSH_PT_conditions"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Which, and where they go."""
        layout = field_layout(self)
        export = context.scene.flowbrush.export
        names = layout.column(align=True)
        names.use_property_split = False  # or their names would be cut off
        names.prop(export, "conditions")
        layout.prop(export, "folder", placeholder="In the shot's folder")
        draw_main_button(layout, "flowbrush.export_conditions", "EXPORT")


CLASSES = (FLOWBRUSH_PT_export,)
