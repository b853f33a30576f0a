"""The backend's Python environment: check it, set it up, repair it, remove it."""

import sys
import threading
from pathlib import Path

import bpy

from .. import backend_state, preferences
from ..backend import environment
from ..backend.client import LAUNCH, Connection
from ..backend.errors import FlowbrushError
from ..backend.protocol import Message
from ..translations import said
from . import worker
from .job import Job, JobOperator


class CheckStage:
    """Looks at the packages of `python`, in a thread: it takes a second."""

    title = "Checking the backend"

    def __init__(self, python: Path, *, footage: bool) -> None:
        self._python, self._footage = python, footage
        self._found: list[Message] = []

    def start(self) -> None:
        """Begins to look."""
        threading.Thread(target=self._look, daemon=True).start()

    def _look(self) -> None:
        try:
            environment.check(self._python, footage=self._footage)
        except FlowbrushError as error:
            self._found.append({"type": "error", "code": error.code, "sentence": str(error)})
        else:
            self._found.append({"type": "result", "sentence": f"The backend is complete: {self._python}"})

    def poll(self) -> list[Message]:
        """What was found, once it is."""
        return self._found

    def cancel(self) -> None:
        """Nothing is changed by looking: what is found is not waited for."""
        self._found = [{"type": "error", "code": "cancelled", "sentence": "Cancelled"}]

    def close(self) -> None:
        """Nothing to let go of."""


class InstallStage(worker.RequestStage):
    """`create`, `repair` or `remove` the environment in `folder`, by Blender's Python. Cancelling ends it at once."""

    def __init__(self, title: str, what: str, folder: Path, *, variant: str = "", online: bool = True) -> None:
        self.title = title
        self._arguments = [what, str(folder)]
        if preferences.get().use_footage:
            self._arguments.append("--footage")
        if variant:
            self._arguments += ["--variant", variant]
        if not online:
            self._arguments.append("--offline")

    def start(self) -> None:
        """Starts the installer."""
        log = worker.log_file("environment")
        command = [sys.executable, "-I", "-u", str(LAUNCH), "backend.installing", "--log", str(log)]
        self._connection = Connection([*command, *self._arguments], log)
        self._request = self._connection.expect()

    def close(self) -> None:
        """Leaves no process behind."""
        if self._connection is not None:
            self._connection.stop()


class EnvironmentOperator(JobOperator):
    """What the operators on Flowbrush's own environment share."""

    needs_network = False

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where the user has a Python of their own chosen."""
        if preferences.get().backend_python:
            cls.poll_message_set(said("You have chosen a Python of your own: clear that field first"))
            return False
        if cls.needs_network and not bpy.app.online_access:
            cls.poll_message_set(
                said("Blender may not go online: allow online access in the preferences, under System")
            )
            return False
        return super().poll(context)

    def job(self, context: bpy.types.Context, title: str, stage: InstallStage) -> Job:
        """One stage, after the worker has let go of the environment's files."""
        worker.stop()

        def finish(message: Message) -> str:
            context.window_manager.flowbrush.environment = message["sentence"]
            return str(message["sentence"])

        return Job(title, [stage], finish)


class FLOWBRUSH_OT_check_environment(JobOperator):
    """Check whether the backend's Python has every package that painting needs"""

    bl_idname = "flowbrush.check_environment"
    bl_label = "Check Backend"

    def plan(self, context: bpy.types.Context) -> Job:
        """Says what is missing, or that nothing is."""
        stage = CheckStage(preferences.backend_python(), footage=preferences.get().use_footage)
        return Job("Check Backend", [stage], lambda message: str(message["sentence"]))

    def _finish(self, context: bpy.types.Context) -> set[str]:
        outcome = super()._finish(context)
        shown = context.window_manager.flowbrush
        shown.environment = shown.error or shown.sentence
        return outcome


class FLOWBRUSH_OT_set_up_environment(EnvironmentOperator):
    """Download the packages that painting needs into a folder of their own; can be cancelled, and goes on later"""

    bl_idname = "flowbrush.set_up_environment"
    bl_label = "Set Up Backend"
    needs_network = True

    def plan(self, context: bpy.types.Context) -> Job:
        """The installer, with the variant that was chosen or fits the machine."""
        chosen = preferences.get().variant
        folder = preferences.own_environment()
        stage = InstallStage("Setting up", "create", folder, variant="auto" if chosen == "AUTO" else chosen)
        return self.job(context, "Set Up Backend", stage)


class FLOWBRUSH_OT_repair_environment(EnvironmentOperator):
    """Compare every file of the backend with what was installed, and fetch again what is damaged or missing"""

    bl_idname = "flowbrush.repair_environment"
    bl_label = "Repair Backend"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is something."""
        if backend_state.state() == "missing":
            cls.poll_message_set(said("There is no backend yet: set it up"))
            return False
        return super().poll(context)

    def plan(self, context: bpy.types.Context) -> Job:
        """The installer; without network it repairs what it can."""
        folder = preferences.own_environment()
        stage = InstallStage("Repairing", "repair", folder, online=bpy.app.online_access)
        return self.job(context, "Repair Backend", stage)


class FLOWBRUSH_OT_remove_environment(EnvironmentOperator):
    """Remove the backend's packages from the disk; shots, takes and models stay"""

    bl_idname = "flowbrush.remove_environment"
    bl_label = "Remove Backend"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where there is something."""
        if backend_state.state() == "missing":
            cls.poll_message_set(said("There is no backend that Flowbrush has made"))
            return False
        return super().poll(context)

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[str]:
        """Asks first, and says how much it is."""
        size = backend_state.size_on_disk()
        message = f"{size} in {preferences.own_environment()}" if size else str(preferences.own_environment())
        return context.window_manager.invoke_confirm(
            self, event, title=said("Remove the Backend?"), message=message, confirm_text=said("Remove"), icon="WARNING"
        )

    def execute(self, context: bpy.types.Context) -> set[str]:
        """After the answer: in the background of the window, or to the end where there is none."""
        return super().execute(context) if bpy.app.background else super().invoke(context, None)

    def plan(self, context: bpy.types.Context) -> Job:
        """The installer's removal, which knows what is Flowbrush's."""
        stage = InstallStage("Removing", "remove", preferences.own_environment())
        return self.job(context, "Remove Backend", stage)


CLASSES = (
    FLOWBRUSH_OT_check_environment,
    FLOWBRUSH_OT_set_up_environment,
    FLOWBRUSH_OT_repair_environment,
    FLOWBRUSH_OT_remove_environment,
)
