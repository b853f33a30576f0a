"""Parts of the picture with prompts of their own, and the part that is painted at all."""

import bpy

from ..translations import said
from .tab import FlowbrushPanel, draw_text, draw_words, field_layout


class FLOWBRUSH_UL_regions(bpy.types.UIList):
    """One region a line: whether it is used, its mask, and whether its mask has a meaning."""

    def draw_item(
        self,
        context: bpy.types.Context,
        layout: bpy.types.UILayout,
        data: bpy.types.AnyType,
        item: bpy.types.AnyType,
        icon: int,
        active_data: bpy.types.AnyType,
        active_property: str,
    ) -> None:
        """The mask can be edited in the line itself."""
        layout.use_property_split = False
        row = layout.row(align=True)
        row.prop(item, "enabled", text="")
        split = row.split(factor=0.65)
        split.active = item.enabled
        split.alert = bool(item.problem)
        split.prop(item, "mask", text="", emboss=False, placeholder="hero & !sword")
        split.label(text=item.prompt, translate=False)


class FLOWBRUSH_PT_regions(FlowbrushPanel, bpy.types.Panel):
    """Where another prompt holds, and where the render is kept."""

    bl_label = "Regions"
    bl_parent_id = "FLOWBRUSH_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, the active region's fields, the mask of what is painted."""
        layout = field_layout(self, dots=True)
        chosen = context.scene.flowbrush
        row = layout.row()
        row.template_list("FLOWBRUSH_UL_regions", "", chosen, "regions", chosen, "active_region", rows=3)
        buttons = row.column(align=True)
        buttons.operator("flowbrush.region_add", text="", icon="ADD")
        buttons.operator("flowbrush.region_remove", text="", icon="REMOVE")
        buttons.separator()
        buttons.operator("flowbrush.region_move", text="", icon="TRIA_UP").direction = "UP"
        buttons.operator("flowbrush.region_move", text="", icon="TRIA_DOWN").direction = "DOWN"
        layout.operator("flowbrush.region_add_selected", text="Add from Selection", icon="RESTRICT_SELECT_OFF")
        if chosen.active_region < len(chosen.regions):
            self._draw_region(context, chosen.regions[chosen.active_region])
        column = layout.column()
        _draw_mask(column, context, chosen, "paint", chosen.paint_problem, chosen.paint_notice)
        if chosen.paint.strip():
            column.prop(chosen, "paint_softness")

    def _draw_region(self, context: bpy.types.Context, region: bpy.types.PropertyGroup) -> None:
        column = self.layout.column()
        column.active = region.enabled
        _draw_mask(column, context, region, "mask", region.problem, region.notice)
        for name in ("softness", "style", "prompt", "negative_prompt"):
            column.prop(region, name)
        draw_words(column, context, region)
        row = column.row(heading=said("Strength"), align=True)
        row.use_property_decorate = False
        row.prop(region, "use_strength", text="")
        field = row.row()
        field.active = region.use_strength
        field.prop(region, "strength", text="")
        row.prop_decorator(region, "strength")
        self.layout.operator("flowbrush.export_mask", icon="EXPORT")


def _draw_mask(
    layout: bpy.types.UILayout,
    context: bpy.types.Context,
    owner: bpy.types.PropertyGroup,
    name: str,
    problem: str,
    notice: str,
) -> None:
    """A mask's field, and below it what is wrong with it or worth knowing."""
    row = layout.row()
    row.alert = bool(problem)
    row.prop(owner, name, placeholder="hero & !sword")
    if problem:
        row = layout.row()
        row.alert = True
        draw_text(row, context, problem, icon="ERROR")
    elif notice:
        draw_text(layout, context, notice, icon="INFO")


CLASSES = (FLOWBRUSH_UL_regions, FLOWBRUSH_PT_regions)
