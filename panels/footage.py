"""The Flowbrush tab in the sequencer's sidebar: footage becomes a shot, and the shot a take."""

import bpy

from ..translations import said
from .tab import SequencerPanel, draw_job, draw_main_button, field_layout
from .takes import draw_takes


class FLOWBRUSH_PT_footage(SequencerPanel, bpy.types.Panel):
    """What runs, and the shot."""

    bl_label = "Flowbrush"

    def draw(self, context: bpy.types.Context) -> None:
        """Progress while a job runs, and the way from a strip or a file to a shot."""
        layout = self.layout
        draw_job(layout, context)
        shot = context.scene.flowbrush
        layout.label(
            text=f"{shot.folder_name}: {said(shot.captured)}" if shot.captured else "No shot yet", icon="FILE_FOLDER"
        )
        draw_main_button(layout, "flowbrush.shot_from_strip", "SEQ_STRIP_META")
        layout.operator("flowbrush.shot_from_file", icon="FILEBROWSER")
        layout.operator("flowbrush.estimate_conditions", icon="SHADERFX")


class FLOWBRUSH_PT_footage_take(SequencerPanel, bpy.types.Panel):
    """How it is painted, and what comes out."""

    bl_label = "Take"
    bl_parent_id = "FLOWBRUSH_PT_footage"

    def draw(self, context: bpy.types.Context) -> None:
        """The style and the method; all other settings are in the 3D View's tab."""
        layout = field_layout(self)
        column = layout.column()
        for name in ("style", "method", "take"):
            column.prop(context.scene.flowbrush, name)
        draw_main_button(layout, "flowbrush.stylize_animation", "RENDER_ANIMATION")
        layout.operator("flowbrush.queue_add", icon="PRESET_NEW")
        layout.operator("flowbrush.load_into_sequencer", icon="SEQUENCE")


class FLOWBRUSH_PT_footage_takes(SequencerPanel, bpy.types.Panel):
    """The same in the sequencer, beside the strips that show takes."""

    bl_label = "Takes"
    bl_parent_id = "FLOWBRUSH_PT_footage"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The list, the chosen take, the comparison."""
        draw_takes(self.layout, context)


CLASSES = (FLOWBRUSH_PT_footage, FLOWBRUSH_PT_footage_take, FLOWBRUSH_PT_footage_takes)
