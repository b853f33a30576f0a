"""The panel Model: which model paints, under which licence, and whether all that it needs is there."""

from typing import Any

import bpy

from ..properties import models
from ..translations import said
from .tab import FlowbrushPanel, draw_text, field_layout


class FLOWBRUSH_MT_models(bpy.types.Menu):
    """The models of the catalogue by family; those that are there have a check mark."""

    bl_label = "Models"

    def draw(self, _context: bpy.types.Context) -> None:
        """The starter, then a column for every family."""
        row = self.layout.row()
        now = models.known()
        first = row.column()
        first.label(text="Comes Along")
        first.operator("flowbrush.choose_model", text="Starter", icon="CHECKMARK").name = models.STARTER
        for kind in ("lora", "embedding", "vae"):
            first.separator()
            first.label(text=models.KINDS[kind])
            for entry in now.entries.values():
                if entry.kind == kind:
                    # There it is added to the take; else it is downloaded first.
                    verb = "choose_model" if entry.id in now.there else "download_model"
                    _draw_entry(first, now, entry, f"flowbrush.{verb}")
        for family, title in models.FAMILIES.items():
            column = row.column()
            column.label(text=title)
            for entry in now.entries.values():
                if entry.kind == "model" and entry.family == family:
                    _draw_entry(column, now, entry, "flowbrush.choose_model")


class FLOWBRUSH_PT_model(FlowbrushPanel, bpy.types.Panel):
    """What paints."""

    bl_label = "Model"
    bl_parent_id = "FLOWBRUSH_PT_main"
    bl_options = {"DEFAULT_CLOSED"}

    def draw(self, context: bpy.types.Context) -> None:
        """The menu, what is to be known of the model, and its ControlNets."""
        layout = field_layout(self)
        setting = context.scene.flowbrush.model.strip()
        now = models.known()
        layout.menu("FLOWBRUSH_MT_models", text=models.title_of_model(setting), icon="NODE_MATERIAL")
        if now.problem:
            draw_text(layout, context, now.problem, icon="ERROR")
        entry = now.entries.get(setting)
        if entry is not None:
            _draw_about(layout, context, now, entry)
        _draw_conditions(layout, context, now)
        layout.prop(context.scene.flowbrush, "model", text="File")


def _draw_entry(layout: Any, now: models.Known, entry: Any, operator: str) -> None:
    there = entry.id in now.there
    title = entry.name if there or not entry.megabytes else f"{entry.name}  ({said(models.size_of([entry]))})"
    if entry.kind != "model":
        title = f"{title}, {models.FAMILIES[entry.family]}"
    layout.operator(operator, text=title, icon="CHECKMARK" if there else "IMPORT", translate=False).name = entry.id


def _draw_about(layout: Any, context: bpy.types.Context, now: models.Known, entry: Any) -> None:
    box = layout.box()
    draw_text(box, context, entry.about)
    box.label(text=models.FAMILIES[entry.family], translate=False)
    row = box.row(align=True)
    row.label(text=entry.licence.name, translate=False)
    row.operator("wm.url_open", text="", icon="URL").url = entry.licence.link
    allowed = entry.licence.commercial in ("yes", "conditions")
    draw_text(box, context, models.COMMERCIAL[entry.licence.commercial], icon="CHECKMARK" if allowed else "ERROR")
    if entry.id in now.there:
        row = box.row(align=True)
        row.label(text="Downloaded", icon="CHECKMARK")
        row.operator("flowbrush.remove_model", text="", icon="TRASH").name = entry.id
        if missing := [one.id for one in now.with_needs((entry.id,))]:
            _draw_download(box, now, missing, "Download What It Needs")
        return
    _draw_download(box, now, [entry.id], "Download")


def _draw_conditions(layout: Any, context: bpy.types.Context, now: models.Known) -> None:
    conditions = models.conditions_of(context.scene)
    if not conditions:
        return
    column = layout.column(align=True)
    column.label(text="ControlNets of the conditions in use")
    for one in conditions:
        lack = "" if one.found else f": {said('not there yet' if one.entry else 'none for this model')}"
        icon = "CHECKMARK" if one.found else "ERROR"
        draw_text(column, context, f"{said(one.title)}{lack}", icon, translate=False)
    if missing := list(dict.fromkeys(one.entry for one in conditions if one.entry)):
        _draw_download(layout, now, missing, "Download ControlNets")


def _draw_download(layout: Any, now: models.Known, names: list[str], text: str) -> None:
    size = models.size_of(now.with_needs(tuple(names)))
    layout.operator("flowbrush.download_model", text=f"{said(text)} ({said(size)})", icon="IMPORT").name = " ".join(
        names
    )


CLASSES = (FLOWBRUSH_MT_models, FLOWBRUSH_PT_model)
