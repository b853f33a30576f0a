"""What Blender asks for: `python launch.py backend.installing --log LOG create|repair|remove FOLDER`, in messages."""

import argparse
import os
import sys
import threading
import time
from pathlib import Path

from ..errors import BackendError, Cancelled, Code, FlowbrushError
from ..protocol import VERSION, Channel
from .disk import in_words
from .install import contents, create, remove, repair
from .machine import look
from .variants import VARIANTS, choose

REQUEST = 1
_GRACE = 2.0  # seconds between the end of standard input and the end of this process


class Conversation:
    """What the installer says to Blender, and whether that still wants it."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._cancelled = threading.Event()
        self._last = ""
        threading.Thread(target=self._listen, daemon=True).start()
        channel.send("hello", protocol=VERSION)

    def _listen(self) -> None:
        for message in self._channel.receive():
            if message["type"] == "cancel":
                self._cancelled.set()
        self._cancelled.set()  # Blender has gone: uv is to be ended with this process
        time.sleep(_GRACE)
        os._exit(1)

    def tell(self, done: int, total: int, sentence: str) -> None:
        """Tells how far the work is, where that is news. Raises Cancelled."""
        if self._cancelled.is_set():
            raise Cancelled("Cancelled; what was fetched is kept, and is not fetched again")
        if (news := f"{done} {total} {sentence}") != self._last:
            self._last = news
            self._channel.send("progress", id=REQUEST, done=done, total=total, sentence=sentence)


def run(given: argparse.Namespace, talk: Conversation) -> str:
    """Does what is asked for, and gives the sentence that tells so."""
    what = contents(footage=given.footage)
    if given.what == "create":
        variant = given.variant
        if variant == "auto":
            choice = choose(look())
            if not choice.variant:
                raise BackendError(Code.NO_ENVIRONMENT, choice.reason)
            variant = choice.variant
        create(given.folder, talk.tell, what, variant=variant)
        return "The backend is ready"
    if given.what == "repair":
        broken = repair(given.folder, talk.tell, what)
        return f"The backend was repaired: {', '.join(broken)}" if broken else "The backend is complete and undamaged"
    talk.tell(0, 0, f"Removing {given.folder}")
    return f"The backend was removed: {in_words(remove(given.folder))} are free again"


def main() -> int:
    """Runs one request; its outcome is told in messages."""
    parser = argparse.ArgumentParser(prog="flowbrush backend.installing")
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("what", choices=("create", "repair", "remove"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("--variant", choices=("auto", *VARIANTS), default="auto", help="auto: what fits this machine")
    parser.add_argument("--offline", action="store_true", help="use only what is on the disk")
    parser.add_argument("--footage", action="store_true")
    given = parser.parse_args()
    channel = Channel(given.log)
    if given.offline:
        os.environ["UV_OFFLINE"] = "1"
    talk = Conversation(channel)
    try:
        sentence = run(given, talk)
    except FlowbrushError as error:
        channel.send_error(REQUEST, error)
        return 1
    except Exception as error:  # noqa: BLE001  whoever started this must hear of it
        channel.send_error(REQUEST, error)
        return 1
    channel.send("result", id=REQUEST, sentence=sentence)
    return 0


if __name__ == "__main__":
    sys.exit(main())
