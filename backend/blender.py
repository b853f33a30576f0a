"""Running Blender, or a Python that has the `bpy` module, as a subprocess that works on a scene."""

import importlib.util
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from .client import LAUNCH, Connection
from .errors import BackendError, Code

VARIABLE = "FLOWBRUSH_BLENDER"


def find_blender(chosen: str = "") -> str:
    """Which Blender, or Python with bpy, to use: `chosen`, $FLOWBRUSH_BLENDER, this Python, or the one on PATH.

    Raises BackendError(NO_BLENDER) when there is none.
    """
    named = chosen or os.environ.get(VARIABLE, "")
    if named:
        if found := shutil.which(named):
            return found
        raise BackendError(
            Code.NO_BLENDER, f"There is no program {named}: give the path of Blender, or of a Python with bpy"
        )
    if importlib.util.find_spec("bpy") is not None:
        return sys.executable
    if found := shutil.which("blender"):
        return found
    raise BackendError(
        Code.NO_BLENDER, f"Blender was not found: install it, or give its path with --blender or in ${VARIABLE}"
    )


def scene_command(blender: str, log: Path, *arguments: str) -> list[str]:
    """The command line that runs `scene` with `arguments` in `blender` (see `find_blender`), without a window.

    It is one request, with id 1, answered as in `protocol`; what Blender prints goes to `log`.
    """
    return blender_command(blender, "scene", "--log", str(log), *arguments)


def blender_command(blender: str, *arguments: str) -> list[str]:
    """The command line that runs a module of Flowbrush with arguments in `blender` (see `find_blender`)."""
    if Path(blender).name.lower().startswith("python"):
        return [blender, "-I", "-u", str(LAUNCH), *arguments]
    return [blender, "--background", "--python-exit-code", "1", "--python", str(LAUNCH), "--", *arguments]


def run_scene(blender: str, arguments: list[str], say: Callable[[str], None]) -> None:
    """Runs one command of `scene` in Blender and tells its progress. Raises the error that it answers with.

    Blender's log is kept where something went wrong.
    """
    log = Path(tempfile.mkdtemp(prefix="flowbrush-")) / "blender.log"
    connection = Connection(scene_command(find_blender(blender), log, *arguments), log)
    request = connection.expect()
    try:
        for message in connection.messages(request):
            if message["type"] == "error":
                raise BackendError(Code(message["code"]), message["sentence"])
            if "sentence" in message:
                say(("Note: " if message["type"] == "warning" else "") + message["sentence"])
    finally:
        connection.stop()
    shutil.rmtree(log.parent)
