"""The panel Style: the gallery, the prompts and the numbers that go with them."""

import bpy

from ..properties.picture import pair
from .tab import FlowbrushPanel, draw_main_button, draw_words, field_layout


class FLOWBRUSH_PT_style(FlowbrushPanel, bpy.types.Panel):
    """How it is painted."""

    bl_label = "Style"
    bl_parent_id = "FLOWBRUSH_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """The style, what it filled in, and a try on one frame."""
        layout = field_layout(self, dots=True)
        chosen = context.scene.flowbrush
        layout.template_icon_view(chosen, "style", show_labels=True, scale=6.0, scale_popup=6.0)
        column = layout.column()
        for name in ("style", "prompt", "negative_prompt"):
            column.prop(chosen, name)
        draw_words(column, context, chosen)
        for name in ("strength", "steps", "guidance", "scheduler", "seed"):
            column.prop(chosen, name)
        draw_main_button(layout, "flowbrush.stylize_frame", "IMAGE_DATA")
        if pair() is not None:
            layout.prop(context.window_manager.flowbrush_picture, "border", slider=True)


CLASSES = (FLOWBRUSH_PT_style,)
