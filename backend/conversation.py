"""One request that a process is given on its command line: what it says meanwhile, and whether it is still wanted."""

import os
import threading

from .errors import Cancelled
from .protocol import VERSION, Channel

REQUEST = 1


class Conversation:
    """What a command says to whoever started it, and whether that one still wants it.

    result: a sentence that goes with its end, if there is more to say than that.
    """

    def __init__(self, channel: Channel) -> None:
        self.result = ""
        self._channel = channel
        self._cancelled = threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()
        channel.send("hello", protocol=VERSION)

    def _listen(self) -> None:
        for message in self._channel.receive():
            if message["type"] == "cancel":
                self._cancelled.set()
        # Whoever started this process has gone. Files get their final name only when whole, so ending here is safe.
        os._exit(0)

    @property
    def cancelled(self) -> bool:
        """Whether the user asked to stop."""
        return self._cancelled.is_set()

    def notice(self, sentence: str) -> None:
        """Tells the user something that is no error."""
        self._channel.send("warning", id=REQUEST, sentence=sentence)

    def progress(self, done: int, total: int, sentence: str, seconds: float | None = None) -> None:
        """Tells how far the work is, and what its last frame took. Raises Cancelled when the user asked to stop."""
        pace = {} if seconds is None else {"work": "frame", "seconds": seconds, "left": {"frame": total - done}}
        self._channel.send("progress", id=REQUEST, done=done, total=total, sentence=sentence, **pace)
        if self._cancelled.is_set():
            raise Cancelled()
