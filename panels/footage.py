"""Footage that becomes the scene's shot, step by step, in the sequencer's tab; Restyle does all of it in one go."""

import bpy

from ..translations import said
from .tab import SequencerPanel


class FLOWBRUSH_PT_footage(SequencerPanel, bpy.types.Panel):
    """From a movie or images to a take."""

    bl_label = "Footage"
    bl_parent_id = "FLOWBRUSH_PT_sequencer"

    def draw(self, context: bpy.types.Context) -> None:
        """The shot, and what is done with it, in the order of work."""
        layout = self.layout
        shot = context.scene.flowbrush
        layout.label(
            text=f"{shot.folder_name}: {said(shot.captured)}" if shot.captured else "No shot yet", icon="FILE_FOLDER"
        )
        column = layout.column(align=True)
        column.operator("flowbrush.shot_from_strip", icon="SEQ_STRIP_META")
        column.operator("flowbrush.shot_from_file", icon="FILEBROWSER")
        column = layout.column(align=True)
        column.operator("flowbrush.estimate_conditions", icon="SHADERFX")
        column.operator("flowbrush.stylize_animation", icon="RENDER_ANIMATION")
        column.operator("flowbrush.queue_add", icon="PRESET_NEW")
        column.operator("flowbrush.load_into_sequencer", icon="SEQUENCE")


CLASSES = (FLOWBRUSH_PT_footage,)
