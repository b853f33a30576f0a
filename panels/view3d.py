"""The Flowbrush tab in the 3D View's sidebar, from top to bottom in the order of work."""

import textwrap

import bpy

from . import settings

PACKAGE = __package__.rpartition(".")[0]
PIXELS_A_LETTER = 7  # of the interface's font at scale 1, on average


class FlowbrushPanel:
    """What all panels of the tab share."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Flowbrush"


class FLOWBRUSH_PT_main(FlowbrushPanel, bpy.types.Panel):
    """What runs, and why the last job did not finish."""

    bl_label = "Flowbrush"

    def draw_header_preset(self, context: bpy.types.Context) -> None:
        """Presets, and settings from elsewhere."""
        settings.draw_header(self.layout)

    def draw(self, context: bpy.types.Context) -> None:
        """Progress and Cancel while a job runs; an error until the next one."""
        draw_job(self.layout, context)


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
            frames.prop(shot, "frame_start")
            frames.prop(shot, "frame_end")
        else:
            frames.prop(scene, "frame_start", text="Frame Start")
            frames.prop(scene, "frame_end", text="End")
        column.prop(shot, "use_custom_range")
        size = column.column(align=True)
        size.prop(scene.render, "resolution_x", text="Resolution X")
        size.prop(scene.render, "resolution_y", text="Y")
        size.prop(scene.render, "resolution_percentage", text="%")
        column.prop(shot, "samples")
        column.prop(shot, "shot_name", placeholder=shot.folder_name)
        row = layout.row(align=True)
        row.label(text=shot.captured or "Not looked at yet", icon="FILE_FOLDER")
        row.operator("flowbrush.refresh", text="", icon="FILE_REFRESH")
        draw_main_button(layout, "flowbrush.capture", "RENDER_STILL")


class FLOWBRUSH_PT_style(FlowbrushPanel, bpy.types.Panel):
    """How it is painted."""

    bl_label = "Style"
    bl_parent_id = "FLOWBRUSH_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """The style, what it filled in, and a try on one frame."""
        layout = field_layout(self)
        chosen = context.scene.flowbrush
        layout.template_icon_view(chosen, "style", show_labels=True, scale=6.0, scale_popup=6.0)
        column = layout.column()
        for name in ("style", "prompt", "negative_prompt"):
            column.prop(chosen, name)
        draw_words(column, context, chosen)
        for name in ("strength", "steps", "guidance", "seed", "model"):
            column.prop(chosen, name)
        draw_main_button(layout, "flowbrush.stylize_frame", "IMAGE_DATA")


class FLOWBRUSH_PT_motion(FlowbrushPanel, bpy.types.Panel):
    """How the frames hang together."""

    bl_label = "Motion"
    bl_parent_id = "FLOWBRUSH_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """The method, and what paint does in changing light."""
        chosen, layout = context.scene.flowbrush, field_layout(self)
        layout.prop(chosen, "method")
        if chosen.method == "surface":
            layout.prop(chosen, "light")


class FLOWBRUSH_PT_steadiness(FlowbrushPanel, bpy.types.Panel):
    """What makes any method steadier; closed, so that the buttons below stay in sight."""

    bl_label = "Steadiness"
    bl_parent_id = "FLOWBRUSH_PT_motion"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The noise, a last pass, and what frames look at."""
        layout = field_layout(self)
        for name in ("seed_mode", "refine", "shared_attention"):
            layout.prop(context.scene.flowbrush, name)


class FLOWBRUSH_PT_take(FlowbrushPanel, bpy.types.Panel):
    """What comes out."""

    bl_label = "Take"
    bl_parent_id = "FLOWBRUSH_PT_main"

    def draw(self, context: bpy.types.Context) -> None:
        """The take's name, making it, and its way to the timeline."""
        layout = field_layout(self)
        layout.prop(context.scene.flowbrush, "take")
        draw_main_button(layout, "flowbrush.stylize_animation", "RENDER_ANIMATION")
        layout.operator("flowbrush.load_into_sequencer", icon="SEQUENCE")
        layout.operator("flowbrush.report", icon="URL")


def field_layout(panel: bpy.types.Panel) -> bpy.types.UILayout:
    """The panel's layout, with names to the left of their fields, and no dots to animate them."""
    panel.layout.use_property_split = True
    panel.layout.use_property_decorate = False
    return panel.layout


def draw_job(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How the running job is doing, or how the last one ended, and a button that cancels."""
    job = context.window_manager.flowbrush
    if job.running:
        layout.progress(factor=job.progress, text=job.title)
        draw_text(layout, context, job.sentence)
    elif job.error:
        box = layout.box()
        box.alert = True
        draw_text(box, context, job.error, icon="ERROR")
        if job.code == "no_environment":
            row = box.row()
            row.alert = False
            row.operator("preferences.addon_show", text="Open Preferences").module = PACKAGE
    elif job.sentence:
        draw_text(layout, context, job.sentence, icon="INFO" if job.code == "cancelled" else "CHECKMARK")
    layout.operator("flowbrush.cancel", icon="X")


def draw_words(layout: bpy.types.UILayout, context: bpy.types.Context, owner: bpy.types.PropertyGroup) -> None:
    """Below the prompts of `owner`: which of their words change nothing."""
    if owner.words:
        draw_text(layout, context, owner.words, icon="INFO")


def draw_main_button(layout: bpy.types.UILayout, operator: str, icon: str) -> None:
    """The button that a panel leads up to."""
    column = layout.column()
    column.scale_y = 1.4
    column.operator(operator, icon=icon)


def draw_text(layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE") -> None:
    """A sentence in as many lines as the sidebar's width asks for."""
    width = context.region.width / context.preferences.system.ui_scale
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in textwrap.wrap(text, max(20, int((width - 60) / PIXELS_A_LETTER))):
        column.label(text=line, icon=icon)
        icon = "BLANK1" if icon != "NONE" else icon


CLASSES = (
    FLOWBRUSH_PT_main,
    FLOWBRUSH_PT_shot,
    FLOWBRUSH_PT_style,
    FLOWBRUSH_PT_motion,
    FLOWBRUSH_PT_steadiness,
    FLOWBRUSH_PT_take,
)
