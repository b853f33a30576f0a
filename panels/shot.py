"""The panel Shot: camera, frames, size, and what of them is captured."""

import bpy

from ..translations import said
from .tab import FlowbrushPanel, draw_main_button, field_layout


class FLOWBRUSH_PT_shot(FlowbrushPanel, bpy.types.Panel):
    """What is captured."""

    bl_label = "Shot"
    bl_parent_id = "FLOWBRUSH_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """Camera, frames and size are the scene's own."""
        layout = field_layout(self)
        scene = context.scene
        shot = scene.flowbrush
        column = layout.column()
        row = column.row()
        row.alert = scene.camera is None
        row.prop(scene, "camera")
        frames = column.column(align=True)
        if shot.use_custom_range:
            frames.alert = shot.frame_end < shot.frame_start
            frames.prop(shot, "frame_start", text="Start")
            frames.prop(shot, "frame_end")
        else:
            frames.prop(scene, "frame_start", text="Start")
            frames.prop(scene, "frame_end", text="End")
        column.prop(shot, "use_custom_range")
        size = column.column(align=True)
        size.prop(scene.render, "resolution_x", text="Size X")
        size.prop(scene.render, "resolution_y", text="Y")
        size.prop(scene.render, "resolution_percentage", text="%")
        column.prop(shot, "samples")
        column.prop(shot, "shot_name", placeholder=shot.folder_name)
        row = layout.row(align=True)
        row.label(text=said(shot.captured) or "Not looked at yet", icon="FILE_FOLDER")
        row.operator("flowbrush.refresh", text="", icon="FILE_REFRESH")
        draw_main_button(layout, "flowbrush.capture", "RENDER_STILL")


CLASSES = (FLOWBRUSH_PT_shot,)
