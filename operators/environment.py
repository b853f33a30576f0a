"""The backend's Python environment: check it, set it up."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import bpy

from .. import preferences
from ..backend import environment
from ..backend.client import LAUNCH, clean_environment
from ..backend.errors import BackendError, Code, FlowbrushError
from ..backend.protocol import Message
from . import worker
from .job import Job, JobOperator


class FLOWBRUSH_OT_check_environment(bpy.types.Operator):
    """Check whether the backend's Python has every package that painting needs"""

    bl_idname = "flowbrush.check_environment"
    bl_label = "Check Backend"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Says what is missing, or that nothing is."""
        shown = context.window_manager.flowbrush
        python = preferences.backend_python()
        try:
            environment.check(python, footage=preferences.get().use_footage)
        except FlowbrushError as error:
            shown.environment = str(error)
            self.report({"ERROR"}, str(error))
            return {"CANCELLED"}
        shown.environment = f"The backend is complete: {python}"
        self.report({"INFO"}, shown.environment)
        return {"FINISHED"}


class SetUpStage:
    """Makes the environment in `folder`. A process group of its own: the installer that it starts ends with it."""

    def __init__(self, folder: Path, *, footage: bool) -> None:
        self.title = "Setting up the backend"
        self._options = ["--footage"] if footage else []
        self._folder = folder
        self._log = worker.log_file("environment")
        self._process: subprocess.Popen[bytes] | None = None
        self._cancelled = False
        self._last_words = ""

    def start(self) -> None:
        """Starts the command line's `environment create` with Blender's Python."""
        command = [sys.executable, "-I", "-u", str(LAUNCH), "backend", "environment", "create", str(self._folder)]
        command += self._options
        try:
            with open(self._log, "wb") as log:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    env=clean_environment(),
                    start_new_session=True,
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise BackendError(
                Code.NO_ENVIRONMENT, f"Blender's Python cannot be started ({sys.executable}: {error.strerror})"
            ) from error

    def poll(self) -> list[Message]:
        """What the command has printed last, as progress; its end as result or error."""
        assert self._process is not None
        status = self._process.poll()
        lines = self._log.read_text("utf-8", "replace").strip().splitlines()
        words = lines[-1].removeprefix("flowbrush: ") if lines else ""
        if self._cancelled:
            return [{"type": "error", "code": Code.CANCELLED, "sentence": "Cancelled; the backend is not complete"}]
        if status == 0:
            return [{"type": "result"}]
        if status is not None:
            return [{"type": "error", "code": Code.NO_ENVIRONMENT, "sentence": f"{words} Log: {self._log}"}]
        if words == self._last_words:
            return []
        self._last_words = words
        return [{"type": "progress", "done": 0, "total": 0, "sentence": words}]

    def cancel(self) -> None:
        """Ends the command and what it has started."""
        self._cancelled = True
        self.close()

    def close(self) -> None:
        """Leaves no process behind."""
        if self._process is None or self._process.poll() is not None:
            return
        if os.name == "nt":
            self._process.kill()
        else:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()


class FLOWBRUSH_OT_set_up_environment(JobOperator):
    """Download the packages that painting needs, about 1.4 GB, into a folder of their own"""

    bl_idname = "flowbrush.set_up_environment"
    bl_label = "Set Up Backend"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where the user allows Blender to go online, and has no Python of their own chosen."""
        if preferences.get().backend_python:
            cls.poll_message_set("You have chosen a Python of your own: clear that field first")
            return False
        if not bpy.app.online_access:
            cls.poll_message_set("Blender may not go online: allow online access in the preferences, under System")
            return False
        return super().poll(context)

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the installer."""
        worker.stop()  # it has files of the environment open
        python = preferences.backend_python()

        def finish(_message: Message) -> str:
            context.window_manager.flowbrush.environment = f"The backend is complete: {python}"
            return "The backend is ready"

        return Job(
            "Set Up Backend", [SetUpStage(preferences.own_environment(), footage=preferences.get().use_footage)], finish
        )


CLASSES = (FLOWBRUSH_OT_check_environment, FLOWBRUSH_OT_set_up_environment)
