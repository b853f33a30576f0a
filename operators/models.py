"""Models of the catalogue: choose one, download it with what it needs, remove it with its files."""

from typing import Any

import bpy
from bpy.props import StringProperty

from .. import preferences
from ..backend import environment
from ..backend.additions import MAX_ADDITIONS
from ..backend.client import Connection, download_command
from ..backend.errors import Code, FlowbrushError, ModelError
from ..backend.models import installed
from ..backend.models.catalogue import Entry, Licence
from ..backend.protocol import Message
from ..backend.take import TakeSettings
from ..languages.lines import lines
from ..properties import models
from ..translations import said
from . import job, worker
from .job import Job, JobOperator

FEW_STEPS = 8  # of the starter's styles; models without a LoRA for few steps need more
WIDTH, LINE = 420, 66  # pixels of a question at scale 1, and letters that fit into it


class DownloadStage(worker.RequestStage):
    """Downloads the entries with these ids into the models folder, in a process of the backend's Python."""

    def __init__(self, names: list[str]) -> None:
        self.title = "Downloading"
        self._names = names
        self._python = preferences.backend_python()
        environment.check(self._python)

    def start(self) -> None:
        """Starts the process, the only one for which the hub is switched on."""
        log = worker.log_file("download")
        command = download_command(self._python, log, preferences.models_folder(), self._names)
        self._connection = Connection(command, log)
        self._request = self._connection.expect()

    def close(self) -> None:
        """Leaves no process behind."""
        if self._connection is not None:
            self._connection.stop()


class Asks:
    """Base of the operators that show licences before they go on. `name`: ids, apart by spaces."""

    bl_options = {"INTERNAL"}
    name: str

    def draw(self, context: bpy.types.Context) -> None:
        """Each model with its size, then each licence with what it allows."""
        column = self.layout.column(align=True)  # type: ignore[attr-defined]
        entries = self.entries()
        for entry in entries:
            text = f"{entry.name} ({models.FAMILIES[entry.family]}), {said(models.size_of([entry]))}"
            column.label(text=text, icon="IMPORT", translate=False)
        if len(entries) > 1:
            column.label(text=said(f"Together {models.size_of(entries)}"), icon="BLANK1")
        for licence in _licences(entries):
            _draw_licence(self.layout, licence, [entry for entry in entries if entry.licence == licence])  # type: ignore[attr-defined]

    def entries(self) -> list[Entry]:
        """What is asked about."""
        entries = models.known().entries
        return [entries[name] for name in self.name.split() if name in entries]

    def agree(self) -> None:
        """Remembers the answer. Raises StorageError."""
        for licence in _licences(self.entries()):
            installed.agree(preferences.models_folder(), licence.id)


class FLOWBRUSH_OT_choose_model(Asks, bpy.types.Operator):
    """Paint with this model"""

    bl_idname = "flowbrush.choose_model"
    bl_label = "Choose Model"
    bl_options = {"REGISTER", "UNDO", "INTERNAL"}

    name: StringProperty(name="Model", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def description(cls, _context: bpy.types.Context, given: Any) -> str:
        """What the model is, its licence and its size."""
        entry = models.known().entries.get(given.name)
        if entry is None:
            return said("The small model that comes with Flowbrush: five styles, fast on any machine. GPL-3.0-or-later")
        state = "downloaded" if entry.id in models.known().there else f"to be downloaded, {models.size_of([entry])}"
        use = models.COMMERCIAL[entry.licence.commercial]
        return f"{said(entry.about)}. {entry.licence.name}: {said(use)}; {said(state)}"

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Shows the licence of what is there and was never agreed to, as in a folder from another machine."""
        now = models.known()
        entry = now.entries.get(self.name)
        if entry is None or entry.id not in now.there or entry.licence.id in now.agreed:
            return self.execute(context)
        return context.window_manager.invoke_props_dialog(
            self, width=WIDTH, title=said("Licence"), confirm_text=said("Agree and Use")
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Sets the model, or adds what is added to one."""
        now = models.known()
        entry = now.entries.get(self.name)
        try:
            if entry is None and self.name != models.STARTER:
                raise ModelError(Code.MISSING_MODEL, f"The catalogue has no '{self.name}'")
            if entry is not None and entry.id in now.there:
                self.agree()
            chosen = context.scene.flowbrush
            use = _add if entry is not None and entry.kind != "model" else _set_model
            sentence = use(chosen, self.name)
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        job.tell_done(self, context, sentence)
        return {"FINISHED"}


class FLOWBRUSH_OT_download_model(Asks, bpy.types.Operator):
    """Download the model, after its licence and its size were shown"""

    bl_idname = "flowbrush.download_model"
    bl_label = "Download"

    name: StringProperty(name="Models", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Only where Blender may go online, and nothing else runs."""
        return _may_go_online(cls) and job.nothing_runs(cls)

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Asks, with all that is to be known before."""
        asked = "Agree and Download" if _licences(self.entries()) else "Download"
        return context.window_manager.invoke_props_dialog(
            self, width=WIDTH, title=said("Download Models"), confirm_text=said(asked)
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begins the download, which goes on while the window stays free."""
        try:
            self.agree()
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        bpy.ops.flowbrush.fetch_models("INVOKE_DEFAULT", name=self.name)
        return {"FINISHED"}

    def entries(self) -> list[Entry]:
        """With what they need, without what is there."""
        now = models.known()
        return now.with_needs(tuple(name for name in self.name.split() if name in now.entries))


def _may_go_online(cls: type[bpy.types.Operator]) -> bool:
    """For an operator's poll, which tells why not."""
    if not bpy.app.online_access:
        cls.poll_message_set(said("Blender may not go online: allow online access in the preferences, under System"))
    return bool(bpy.app.online_access)


class FLOWBRUSH_OT_fetch_models(JobOperator):
    """Download models whose licences were agreed to"""

    bl_idname = "flowbrush.fetch_models"
    bl_label = "Download Models"
    bl_options = {"INTERNAL"}

    name: StringProperty(name="Models", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where Blender may go online."""
        return _may_go_online(cls) and super().poll(context)

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage. Raises ModelError for what is not in the catalogue or was not agreed to."""
        now = models.known()
        names = tuple(name for name in self.name.split() if name in now.entries)
        wanted = now.with_needs(names)
        if not wanted:
            raise ModelError(Code.MISSING_MODEL, "All of these models are there already")
        if open_licences := {entry.licence.name for entry in wanted if entry.licence.id not in now.agreed}:
            raise ModelError(Code.DOWNLOAD, f"Read and agree to the licence first: {', '.join(sorted(open_licences))}")
        last = wanted[-1].name if len(wanted) == 1 else f"{len(wanted)} models"

        def finish(_message: Message) -> str:
            return f"{last} can be used now"

        return Job("Download Models", [DownloadStage([entry.id for entry in wanted])], finish)


class FLOWBRUSH_OT_remove_model(bpy.types.Operator):
    """Remove the downloaded model from the disk with all its files, after asking. This cannot be undone"""

    bl_idname = "flowbrush.remove_model"
    bl_label = "Remove Model"
    bl_options = {"INTERNAL"}

    name: StringProperty(name="Model", options={"HIDDEN", "SKIP_SAVE"})

    @classmethod
    def poll(cls, _context: bpy.types.Context) -> bool:
        """Not while a job may be reading it."""
        if job.running() is not None:
            cls.poll_message_set(said("Wait for the running job, or cancel it"))
        return job.running() is None

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks."""
        message = said(f"'{models.title_of_model(self.name)}' is removed from the disk, and can be downloaded again.")
        outcome: set[str] = context.window_manager.invoke_confirm(
            self, event, title=said("Remove Model"), message=message, confirm_text=said("Remove"), icon="WARNING"
        )
        return outcome

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Removes the folder; the worker, which may have it open, begins anew."""
        worker.stop()
        try:
            installed.remove(preferences.models_folder(), self.name)
        except FlowbrushError as error:
            job.tell_error(self, context, error)
            return {"CANCELLED"}
        job.tell_done(self, context, f"{models.title_of_model(self.name)} is removed")
        return {"FINISHED"}


def _set_model(chosen: Any, name: str) -> str:
    was_starter = chosen.model == models.STARTER
    chosen.model = name
    title = models.title_of_model(name)
    if was_starter and name != models.STARTER and chosen.steps <= FEW_STEPS:
        chosen.steps, chosen.guidance = TakeSettings.steps, TakeSettings.guidance
        steps, guidance = chosen.steps, chosen.guidance
        return f"The model is {title}. Such models need more: steps are {steps} now, guidance {guidance:g}"
    return f"The model is {title}"


def _add(chosen: Any, name: str) -> str:
    entry, there = models.known().entries[name], models.known().there.get(name)
    if there is None:
        raise ModelError(Code.MISSING_MODEL, f"{entry.name} is not there yet: download it first")
    if entry.kind == "vae":
        chosen.model_use.vae = str(there.path)
        return f"The VAE is {entry.name}. {entry.about}"
    additions = chosen.loras if entry.kind == "lora" else chosen.embeddings
    if len(additions) >= MAX_ADDITIONS:
        raise ModelError(Code.MISSING_MODEL, f"{MAX_ADDITIONS} are the most that a take can have: remove one first")
    additions.add().file = str(there.path)
    return f"{entry.name} is added. {entry.about}"


def _licences(entries: list[Entry]) -> list[Licence]:
    return list({entry.licence.id: entry.licence for entry in entries}.values())


def _draw_licence(layout: Any, licence: Licence, entries: list[Entry]) -> None:
    box = layout.box().column(align=True)
    icon = "CHECKMARK" if licence.commercial == "yes" else "INFO" if licence.commercial == "conditions" else "ERROR"
    box.label(text=f"{licence.name}: {said(models.COMMERCIAL[licence.commercial])}", icon=icon)
    for line in lines(said(licence.terms), LINE):
        box.label(text=line, icon="BLANK1", translate=False)
    box.operator("wm.url_open", text="Read the Licence", icon="URL").url = licence.link
    for page in dict.fromkeys(entry.page for entry in entries):
        box.operator("wm.url_open", text=page.removeprefix("https://"), icon="URL").url = page


CLASSES = (
    FLOWBRUSH_OT_choose_model,
    FLOWBRUSH_OT_download_model,
    FLOWBRUSH_OT_fetch_models,
    FLOWBRUSH_OT_remove_model,
)
