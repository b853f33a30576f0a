"""The panel LoRA and Embeddings: what is added to the model."""

import bpy

from .tab import FlowbrushPanel, field_layout


class FLOWBRUSH_UL_additions(bpy.types.UIList):
    """A LoRA with its weight, or an embedding's word, a line each."""

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
        """The weight can be edited in the line itself."""
        layout.use_property_split = False
        row = layout.row(align=True)
        row.prop(item, "enabled", text="")
        split = row.split(factor=0.6)
        split.active = item.enabled
        split.label(text=item.title, translate=False)
        if "weight" in item.bl_rna.properties:
            split.prop(item, "weight", text="", emboss=False)


class FLOWBRUSH_PT_additions(FlowbrushPanel, bpy.types.Panel):
    """What is added to the model."""

    bl_label = "LoRA and Embeddings"
    bl_parent_id = "FLOWBRUSH_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Two lists, each with the active one's fields below."""
        layout = field_layout(self, dots=True)
        _draw_list(layout, context, "loras", "flowbrush.lora", ("file", "weight"))
        layout.separator()
        _draw_list(layout, context, "embeddings", "flowbrush.embedding", ("file", "token"))


def _draw_list(
    layout: bpy.types.UILayout, context: bpy.types.Context, kind: str, operator: str, fields: tuple[str, ...]
) -> None:
    chosen = context.scene.flowbrush
    layout.label(text=chosen.bl_rna.properties[kind].name)
    row = layout.row()
    row.template_list("FLOWBRUSH_UL_additions", kind, chosen, kind, chosen, f"active_{kind}", rows=3)
    buttons = row.column(align=True)
    buttons.operator(f"{operator}_add", text="", icon="ADD")
    buttons.operator(f"{operator}_remove", text="", icon="REMOVE")
    additions, active = getattr(chosen, kind), getattr(chosen, f"active_{kind}")
    if active < len(additions):
        column = layout.column()
        column.active = additions[active].enabled
        for field in fields:
            column.prop(additions[active], field)


CLASSES = (FLOWBRUSH_UL_additions, FLOWBRUSH_PT_additions)
