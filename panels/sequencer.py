"""The Flowbrush tab in the sequencer's sidebar: what is next, how it is painted, what comes out."""

import bpy

from .. import backend_state
from ..properties.next_step import step_in
from . import settings
from .tab import SequencerPanel, draw_job, draw_step, draw_text, draw_words, field_layout
from .takes import draw_takes


class FLOWBRUSH_PT_sequencer(SequencerPanel, bpy.types.Panel):
    """The next step, or what runs."""

    bl_label = "Flowbrush"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Presets, and settings from elsewhere."""
        settings.draw_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Progress while a job runs; else the next step, and an error until the next job."""
        layout = self.layout
        if not backend_state.is_set_up():
            draw_text(layout, context, "Set up Flowbrush first: in the 3D View's sidebar, tab Flowbrush", icon="INFO")
        elif not context.window_manager.flowbrush.running:
            draw_step(layout, step_in(context))
        draw_job(layout, context)
        if context.window_manager.flowbrush.running:
            layout.operator("flowbrush.watch_take", text="Play While Painting", icon="PLAY")


class FLOWBRUSH_PT_sequencer_style(SequencerPanel, bpy.types.Panel):
    """How it is painted."""

    bl_label = "Style"
    bl_parent_id = "FLOWBRUSH_PT_sequencer"

    def draw(self, context: bpy.types.Context) -> None:
        """What is chosen most often; all other settings are in the 3D View's tab."""
        layout = field_layout(self)
        chosen = context.scene.flowbrush
        layout.template_icon_view(chosen, "style", show_labels=True, scale=4.0, scale_popup=6.0)
        column = layout.column()
        for name in ("style", "prompt", "negative_prompt"):
            column.prop(chosen, name)
        draw_words(column, context, chosen)
        for name in ("strength", "method"):
            column.prop(chosen, name)


class FLOWBRUSH_PT_sequencer_output(SequencerPanel, bpy.types.Panel):
    """What comes out."""

    bl_label = "Output"
    bl_parent_id = "FLOWBRUSH_PT_sequencer"

    def draw(self, context: bpy.types.Context) -> None:
        """The take's name."""
        row = field_layout(self).row(align=True)
        row.prop(context.scene.flowbrush, "take")
        row.operator("flowbrush.new_take", text="", icon="ADD")


class FLOWBRUSH_PT_sequencer_takes(SequencerPanel, bpy.types.Panel):
    """The takes, beside the strips that show them."""

    bl_label = "Takes"
    bl_parent_id = "FLOWBRUSH_PT_sequencer_output"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, the chosen take, the comparison."""
        draw_takes(self.layout, context)


CLASSES = (
    FLOWBRUSH_PT_sequencer,
    FLOWBRUSH_PT_sequencer_style,
    FLOWBRUSH_PT_sequencer_output,
    FLOWBRUSH_PT_sequencer_takes,
)
