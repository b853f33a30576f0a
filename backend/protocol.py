"""Messages between Blender and its subprocesses: one JSON object a line on standard input and output.

Requests (to the process): `hello`, `stylize`, `measure`, `report`, `footage`, `estimate`, `conditions`, `masks`,
`cancel`. Answers: `hello`, `progress`, `preview`, `warning`, `result`, `error`. Every message has a `type`; all but
`hello` carry the `id` of the request they belong to. End of standard input means: exit. Nothing listens on a port.
"""

import json
import os
import sys
import threading
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .errors import Code, FlowbrushError

VERSION = 1
MAX_LINE = 4_000_000

Message = dict[str, Any]


def encode(message: Message) -> bytes:
    """One line of UTF-8 JSON with its newline."""
    return json.dumps(message, ensure_ascii=False, allow_nan=False).encode("utf-8") + b"\n"


def decode(line: bytes) -> Message | None:
    """The message in `line`, or None where the line is something else (a library's print, say)."""
    if len(line) > MAX_LINE:
        return None
    try:
        message = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError):
        return None
    return message if isinstance(message, dict) and isinstance(message.get("type"), str) else None


class Channel:
    """A subprocess's end of the conversation.

    Takes the process's standard output for itself: whatever else prints there, C libraries included, goes to `log`.
    """

    def __init__(self, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        sys.stdout.flush()
        sys.stderr.flush()
        self._out = os.dup(1)
        log_file = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(log_file, 1)
        os.dup2(log_file, 2)
        os.close(log_file)
        self._lock = threading.Lock()

    def send(self, kind: str, **fields: Any) -> None:
        """Sends one message. Where nobody listens any more the process has no purpose: it ends."""
        line = encode({"type": kind, **fields})
        with self._lock:
            try:
                while line:
                    line = line[os.write(self._out, line) :]
            except BrokenPipeError:
                os._exit(1)

    def send_error(self, request: int | None, error: BaseException) -> None:
        """Sends `error` with its code and sentence; the traceback goes to the log."""
        traceback.print_exception(error, file=sys.stderr)
        sys.stderr.flush()
        if isinstance(error, FlowbrushError):
            self.send("error", id=request, code=str(error.code), sentence=str(error))
        else:
            sentence = f"Something unexpected happened ({type(error).__name__}: {error}); the log file has the details"
            self.send("error", id=request, code=str(Code.INTERNAL), sentence=sentence)

    def receive(self) -> Iterator[Message]:
        """Yields the messages on standard input until it ends; other lines are passed over."""
        for line in sys.stdin.buffer:
            if (message := decode(line)) is not None:
                yield message
