"""What the panels of the Flowbrush tab share: where they are, and how fields, sentences and large buttons are drawn."""

import bpy

from ..languages import CONTEXT
from ..languages.lines import PIXELS_A_LETTER, lines
from ..properties.next_step import Step
from ..translations import said

PACKAGE = __package__.rpartition(".")[0]


class FlowbrushPanel:
    """What all panels of the tab in the 3D View share."""

    bl_space_type = "VIEW_3D"
    bl_region_type = "UI"
    bl_category = "Flowbrush"
    bl_translation_context = CONTEXT


class SequencerPanel(FlowbrushPanel):
    """The same tab in the sequencer's sidebar."""

    bl_space_type = "SEQUENCE_EDITOR"


def field_layout(panel: bpy.types.Panel, *, dots: bool = False) -> bpy.types.UILayout:
    """The panel's layout, with names to the left of their fields, and on the right, if so, dots to animate them."""
    panel.layout.use_property_split = True
    panel.layout.use_property_decorate = dots
    return panel.layout


def draw_job(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    """How the running job is doing and a button that cancels it, or how the last one ended."""
    job = context.window_manager.flowbrush
    if job.running:
        layout.progress(factor=job.progress, text=said(job.title))
        draw_text(layout, context, job.sentence)
        layout.operator("flowbrush.cancel", text="Cancel", icon="X")
    elif job.error:
        box = draw_error(layout, context)
        if job.code == "no_environment":
            column = box.column(align=True)
            column.alert = False
            column.operator("flowbrush.repair_environment", icon="TOOL_SETTINGS")
            column.operator("preferences.addon_show", text="Open Preferences", icon="PREFERENCES").module = PACKAGE
    elif job.sentence:
        draw_text(layout, context, job.sentence, icon="INFO" if job.code == "cancelled" else "CHECKMARK")


def draw_error(layout: bpy.types.UILayout, context: bpy.types.Context) -> bpy.types.UILayout:
    """Why the last job did not finish, with its code, which opens the manual. Gives the box, for what may help."""
    job = context.window_manager.flowbrush
    box = layout.box()
    box.alert = True
    draw_text(box, context, job.error, icon="ERROR")
    row = box.row()
    row.alert = False
    row.operator("flowbrush.open_manual", text=said(f"Help: {job.code}"), icon="HELP", translate=False).code = job.code
    return box


def draw_words(layout: bpy.types.UILayout, context: bpy.types.Context, owner: bpy.types.PropertyGroup) -> None:
    """Below the prompts of `owner`: which of their words change nothing."""
    if owner.words:
        draw_text(layout, context, owner.words, icon="INFO")


def draw_main_button(layout: bpy.types.UILayout, operator: str, icon: str) -> None:
    """The button that a panel leads up to."""
    column = layout.column()
    column.scale_y = 1.4
    column.operator(operator, icon=icon)


def draw_step(layout: bpy.types.UILayout, step: Step) -> None:
    """One large button for what is to be done next."""
    column = layout.column()
    column.scale_y = 1.8
    button = column.operator(step.operator, text=said(step.label), icon=step.icon)
    for name, value in step.arguments.items():
        setattr(button, name, value)


def draw_text(
    layout: bpy.types.UILayout, context: bpy.types.Context, text: str, icon: str = "NONE", *, translate: bool = True
) -> None:
    """A sentence in as many lines as the sidebar's width asks for. translate: not for what the user wrote."""
    width = context.region.width / context.preferences.system.ui_scale
    room = width - (60 if icon == "NONE" else 80)
    column = layout.column(align=True)
    column.scale_y = 0.8
    for line in lines(said(text) if translate else text, max(20, int(room / PIXELS_A_LETTER))):
        column.label(text=line, icon=icon, translate=False)
        icon = "BLANK1" if icon != "NONE" else icon
