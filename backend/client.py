"""Blender's end of the conversation: starts a subprocess, talks to it without ever waiting, and ends it.

The same class serves the worker (the backend's Python) and a background Blender that captures; see `protocol`.
"""

import contextlib
import os
import queue
import subprocess
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from .errors import BackendError, Code
from .protocol import VERSION, Message, decode, encode

LAUNCH = Path(__file__).resolve().parent.parent / "launch.py"
CANCEL_GRACE = 0.8  # seconds between asking a job to stop and ending its process
ENDINGS = ("result", "error")
OFFLINE = ("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")  # what switches model hubs off
# torch's threads spin while they wait; beside a Blender that also computes, frames then take four times as long.
QUIET_THREADS = {"OMP_WAIT_POLICY": "PASSIVE"}


def worker_command(python: Path, log: Path) -> list[str]:
    """The command line of a worker that runs in the backend environment's `python` and prints to `log`."""
    return [str(python), "-I", "-u", str(LAUNCH), "backend", "serve", "--log", str(log)]


def download_command(python: Path, log: Path, folder: Path, names: Sequence[str]) -> list[str]:
    """The command line that downloads models of the catalogue to `folder`, as one request with the id 1."""
    command = [str(python), "-I", "-u", str(LAUNCH), "backend", "download", *names, "--folder", str(folder)]
    return [*command, "--agree", "--log", str(log)]


def clean_environment() -> dict[str, str]:
    """This process's environment without what would bend another Python, and with model hubs switched off."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    offline = dict.fromkeys((*OFFLINE, "HF_HUB_DISABLE_TELEMETRY"), "1")
    return {**kept, **offline, "PYTHONUTF8": "1", **QUIET_THREADS}


class Connection:
    """A running subprocess and its outstanding requests. variables: of its environment, besides the clean ones.

    Raises BackendError(NO_ENVIRONMENT) when the command cannot be started. Standard output lines that are no messages,
    and all of standard error, go to `log`.
    """

    def __init__(self, command: list[str], log: Path, variables: Mapping[str, str] | None = None) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.log = log
        self._incoming: queue.SimpleQueue[Message | None] = queue.SimpleQueue()
        self._outstanding: dict[int, float | None] = {}  # request id -> when to end the process, once cancelled
        self._last_id = 0
        self._ended = False
        try:
            with open(log, "ab") as errors:
                self._process = subprocess.Popen(
                    command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    env={**clean_environment(), **(variables or {})},
                    creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                )
        except OSError as error:
            raise BackendError(
                Code.NO_ENVIRONMENT, f"{command[0]} cannot be started ({error.strerror}): choose or set up the backend"
            ) from error
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self._process.stdout is not None
        with open(self.log, "ab") as log:
            for line in self._process.stdout:
                message = decode(line)
                if message is None:
                    log.write(line)
                    log.flush()
                else:
                    self._incoming.put(message)
        self._incoming.put(None)

    @property
    def pid(self) -> int:
        """The subprocess's process id."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether the subprocess runs and can take a request."""
        return not self._ended and self._process.poll() is None

    @property
    def busy(self) -> bool:
        """Whether a request has not been answered by its result or error yet."""
        return bool(self._outstanding)

    def greet(self) -> None:
        """Says which protocol this side speaks; the process's own `hello` comes back through `poll`."""
        self._write({"type": "hello", "protocol": VERSION})

    def request(self, kind: str, **fields: Any) -> int:
        """Sends a request and gives its id."""
        request = self.expect()
        self._write({"type": kind, "id": request, **fields})
        return request

    def expect(self) -> int:
        """The id of a request that the process was given on its command line: its first is always 1."""
        self._last_id += 1
        self._outstanding[self._last_id] = None
        return self._last_id

    def cancel(self, request: int) -> None:
        """Asks for `request` to stop; `poll` ends the process if it has not after CANCEL_GRACE seconds."""
        if request in self._outstanding and self._outstanding[request] is None:
            self._outstanding[request] = time.monotonic() + CANCEL_GRACE
            self._write({"type": "cancel", "id": request})

    def poll(self) -> list[Message]:
        """All messages since the last call, without waiting.

        When the process has died, every outstanding request is answered with an error (`worker_died`, or `cancelled`
        where the user asked for it).
        """
        if any(limit is not None and time.monotonic() > limit for limit in self._outstanding.values()):
            self._process.kill()
        messages: list[Message] = []
        while not self._incoming.empty():
            message = self._incoming.get()
            if message is None:
                messages += self._end()
            elif self._check(message):
                messages.append(message)
        return messages

    def _check(self, message: Message) -> bool:
        if message["type"] in ENDINGS:
            request = message.get("id")
            if request is None and self._outstanding:  # it failed before it could read any request
                message["id"] = request = next(iter(self._outstanding))
            return self._outstanding.pop(request, 0) != 0 if isinstance(request, int) else True
        if message["type"] == "hello" and message.get("protocol") != VERSION:
            self._process.kill()
            raise BackendError(
                Code.PROTOCOL,
                f"The worker speaks protocol {message.get('protocol')}, not {VERSION}: set up the backend again",
            )
        return True

    def _end(self) -> list[Message]:
        self._ended = True
        status = self._process.wait()
        answers: list[Message] = []
        for request, limit in self._outstanding.items():
            code, sentence = Code.CANCELLED, "Cancelled; finished frames are kept"
            if limit is None:
                code = Code.WORKER_DIED
                sentence = f"The process ended unexpectedly (status {status}): start again; finished frames are kept"
                sentence += f". Log: {self.log}"
            answers.append({"type": "error", "id": request, "code": str(code), "sentence": sentence})
        self._outstanding.clear()
        return answers

    def messages(self, request: int, interval: float = 0.05) -> Iterator[Message]:
        """Waits for and yields the messages of `request` up to its result or error."""
        while True:
            for message in self.poll():
                if message.get("id") == request:
                    yield message
                    if message["type"] in ENDINGS:
                        return
            time.sleep(interval)

    def stop(self, grace: float = 1.0) -> None:
        """Closes the conversation; the process ends by itself, or is ended after `grace` seconds."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it has gone already
            self._process.stdin.close()
        try:
            self._process.wait(grace)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._ended = True

    def _write(self, message: Message) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):  # it has died: `poll` tells
            self._process.stdin.write(encode(message))
            self._process.stdin.flush()
