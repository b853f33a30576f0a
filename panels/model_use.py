"""The panel Model Options: how the model is used."""

import bpy

from .tab import FlowbrushPanel, field_layout


class FLOWBRUSH_PT_model_use(FlowbrushPanel, bpy.types.Panel):
    """What most models need nothing of."""

    bl_label = "Model Options"
    bl_parent_id = "FLOWBRUSH_PT_model"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The fields."""
        layout = field_layout(self)
        use = context.scene.flowbrush.model_use
        column = layout.column()
        for name in ("vae", "clip_skip", "prediction"):
            column.prop(use, name)
        column = layout.column()
        column.prop(use, "reference")
        if use.reference:
            column.prop(use, "reference_scale")
            column.prop(use, "reference_model", placeholder="Downloaded")


CLASSES = (FLOWBRUSH_PT_model_use,)
