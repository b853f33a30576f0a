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
        column = field_layout(self).column()
        for name in ("vae", "clip_skip", "prediction"):
            column.prop(context.scene.flowbrush.model_use, name)


CLASSES = (FLOWBRUSH_PT_model_use,)
