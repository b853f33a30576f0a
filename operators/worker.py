"""The worker that all jobs of this Blender share: started when first needed, kept warm, ended with the extension."""

import atexit
from pathlib import Path
from typing import Any

import bpy

from ..backend import environment
from ..backend.client import Connection, worker_command
from ..backend.models.installed import VARIABLE as MODELS_VARIABLE
from ..backend.protocol import Message
from ..preferences import PACKAGE, backend_python, models_folder

_worker: Connection | None = None
_made_for: tuple[Path, Path] | None = None  # the backend's Python and the models folder


def get(python: Path) -> Connection:
    """The warm worker; a new one if there is none, it has died, it is stuck in a job
    that was given up, or another `python` or models folder is wanted.

    Raises BackendError(NO_ENVIRONMENT).
    """
    global _worker, _made_for
    folder = models_folder()
    if _worker is None or not _worker.alive or _worker.busy or _made_for != (python, folder):
        stop()
        environment.check(python)
        log = log_file("worker")
        _worker = Connection(worker_command(python, log), log, {MODELS_VARIABLE: str(folder)})
        _worker.greet()
        _made_for = python, folder
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


class RequestStage:
    """What the stages of a job (see `job.Stage`) share: each is one request to a subprocess, known from `start` on."""

    _connection: Connection | None = None
    _request: int

    def poll(self) -> list[Message]:
        """What the subprocess has said about this request."""
        assert self._connection is not None
        return [message for message in self._connection.poll() if message.get("id") == self._request]

    def cancel(self) -> None:
        """The subprocess stops within a step or a frame, or is ended."""
        if self._connection is not None:
            self._connection.cancel(self._request)


class WorkerStage(RequestStage):
    """A stage that the worker does: the request `kind` with `fields`.

    Raises BackendError(NO_ENVIRONMENT) when the worker cannot run.
    """

    def __init__(self, title: str, kind: str, **fields: Any) -> None:
        self.title = title
        self._python = backend_python()
        self._kind, self._fields = kind, fields
        get(self._python)  # says at once when it cannot run, and loads its libraries while a capture goes on

    def start(self) -> None:
        """Sends the request to the warm worker, or to a new one."""
        self._connection = get(self._python)
        self._request = self._connection.request(self._kind, **self._fields)

    def close(self) -> None:
        """Nothing to do: the worker stays warm for the next job."""
