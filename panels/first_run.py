"""The first panel that a newcomer meets: what will be set up, where, how large that is, and one button."""

import bpy

from .. import backend_state, preferences
from ..translations import said
from .tab import FlowbrushPanel, draw_error, draw_text


class FLOWBRUSH_PT_first_run(FlowbrushPanel, bpy.types.Panel):
    """Sets up the backend; the other panels come when there is one."""

    bl_label = "Welcome to Flowbrush"

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where there is no backend yet."""
        return not backend_state.is_set_up()

    def draw(self, context: bpy.types.Context) -> None:
        """One thing at a time: while it is set up, only how far that is."""
        layout, job = self.layout, context.window_manager.flowbrush
        if job.running:
            layout.progress(factor=job.progress, text=said(job.title))
            draw_text(layout, context, job.sentence)
            layout.operator("flowbrush.cancel", text="Cancel", icon="X")
            return
        if job.error:
            draw_error(layout, context)
        unfinished = backend_state.state() == "unfinished"
        if unfinished and not job.error:
            draw_text(
                layout, context, job.sentence or "Setting up was interrupted. It goes on where it was", icon="INFO"
            )
        elif not job.error:
            text = (
                "Before the first picture, Flowbrush needs its painting engine. It is set up once, apart from Blender."
            )
            draw_text(layout, context, text)
        _draw_offer(layout, context)
        _draw_online(layout, context)
        column = layout.column()
        column.scale_y = 1.8
        column.operator(
            "flowbrush.set_up_environment", text="Go On" if unfinished else "Set Up Flowbrush", icon="IMPORT"
        )
        if unfinished:
            layout.operator("flowbrush.remove_environment", text="Remove What Is There", icon="TRASH")
        else:
            text = "A small model for five styles is included: you can paint as soon as this is done"
            draw_text(layout, context, text, icon="CHECKMARK")


class FLOWBRUSH_PT_first_run_contents(FlowbrushPanel, bpy.types.Panel):
    """What is installed, and under which licences."""

    bl_label = "What Is Installed"
    bl_parent_id = "FLOWBRUSH_PT_first_run"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The main parts, and what installs them."""
        text = "Packages of the Python Package Index and of pytorch.org, in one folder that can be removed again:"
        draw_text(self.layout, context, text)
        column = self.layout.column(align=True)
        offer = backend_state.offer()
        for what, licence in backend_state.LICENCES:
            if "CUDA" in what and (offer is None or offer.variant != "cuda"):
                continue
            column.label(text=what)
            row = column.row()
            row.enabled = False
            row.label(text=licence, icon="BLANK1")


class FLOWBRUSH_PT_first_run_existing(FlowbrushPanel, bpy.types.Panel):
    """For those who have an environment."""

    bl_label = "Use a Python That Is There"
    bl_parent_id = "FLOWBRUSH_PT_first_run"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """Its path; what it lacks is told when it is checked."""
        draw_text(self.layout, context, "Its python program, in an environment with torch and diffusers:")
        self.layout.prop(preferences.get(), "backend_python", text="")


def _draw_offer(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    chosen = preferences.get()
    box = layout.box().column()
    box.label(text="Where", icon="FILE_FOLDER")
    box.prop(chosen, "backend_place", text="", placeholder="Blender's folder for extensions")
    box.separator()
    box.label(text="What", icon="SYSTEM")
    box.prop(chosen, "variant", text="")
    offer = backend_state.offer()
    if offer is None:
        box.label(text="Looking at this machine")
        return
    title = f"{said(offer.title)}: " if chosen.variant == "AUTO" and offer.title else ""
    for text in filter(None, (f"{title}{said(offer.reason)}", offer.needs, offer.size)):
        draw_text(box, context, text)


def _draw_online(layout: bpy.types.UILayout, context: bpy.types.Context) -> None:
    if not bpy.app.online_access:
        box = layout.box().column()
        draw_text(box, context, "This downloads, and Blender may not go online yet:", icon="INTERNET_OFFLINE")
        box.prop(context.preferences.system, "use_online_access")


CLASSES = (FLOWBRUSH_PT_first_run, FLOWBRUSH_PT_first_run_contents, FLOWBRUSH_PT_first_run_existing)
