"""The worker that all jobs of this Blender share: started when first needed, kept warm, ended with the extension."""

import atexit
from pathlib import Path

import bpy

from ..backend import environment
from ..backend.client import Connection, worker_command
from ..preferences import PACKAGE

_worker: Connection | None = None
_python: Path | None = None


def get(python: Path) -> Connection:
    """The warm worker; a new one if there is none, it has died, it is stuck in a job
    that was given up, or another `python` is wanted.

    Raises BackendError(NO_ENVIRONMENT).
    """
    global _worker, _python
    if _worker is None or not _worker.alive or _worker.busy or _python != python:
        stop()
        environment.check(python)
        log = log_file("worker")
        _worker = Connection(worker_command(python, log), log)
        _worker.greet()
        _python = python
        atexit.register(stop)
    return _worker


def stop() -> None:
    """Ends the worker, if one runs."""
    global _worker
    atexit.unregister(stop)
    if _worker is not None:
        _worker.stop()
        _worker = None


def log_file(name: str) -> Path:
    """Where a subprocess's own words go."""
    return Path(bpy.utils.extension_path_user(PACKAGE, path="logs", create=True)) / f"{name}.log"
