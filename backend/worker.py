"""The worker: takes requests on standard input, makes takes, and reports; ends when standard input does."""

import os
import queue
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from .errors import BackendError, Code
from .export import export_conditions, export_mask
from .needs import CONDITIONS
from .parsing import Fields
from .progress import FrameDone
from .protocol import VERSION, Channel, Message
from .quality.measure import measure
from .shot import MAX_FRAME, Shot
from .stylize import stylize
from .take import Take, TakeSettings


class Worker:
    """Works on one request after another, while a thread listens for more, for `cancel` and for the end."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._requests: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._cancelled: set[int] = set()

    def serve(self) -> None:
        """Runs until standard input ends."""
        threading.Thread(target=self._listen, daemon=True).start()
        self._channel.send("hello", protocol=VERSION, **about_this_machine())
        while True:
            self._answer(self._requests.get())

    def _listen(self) -> None:
        for message in self._channel.receive():
            if message["type"] == "cancel":
                self._cancelled.add(message.get("id", 0))
            else:
                self._requests.put(message)
        # Whoever started this process has gone. A frame gets its final name only when whole, so ending here is safe.
        os._exit(0)

    def _answer(self, message: Message) -> None:
        request = message.get("id")
        try:
            if message["type"] == "hello":
                if message.get("protocol") != VERSION:
                    raise BackendError(
                        Code.PROTOCOL, f"This worker speaks protocol {VERSION}: set up the backend again"
                    )
            elif message["type"] == "stylize" and isinstance(request, int):
                self._stylize(request, message)
            elif message["type"] == "conditions" and isinstance(request, int):
                self._conditions(request, message)
            elif message["type"] == "masks" and isinstance(request, int):
                self._masks(request, message)
            elif message["type"] == "report" and isinstance(request, int):
                self._report(request, message)
            elif message["type"] == "footage" and isinstance(request, int):
                self._footage(request, message)
            elif message["type"] == "estimate" and isinstance(request, int):
                self._estimate(request, message)
            elif message["type"] == "measure" and isinstance(request, int):
                self._measure(request, message)
            else:
                raise BackendError(Code.PROTOCOL, f"This worker does not know the request '{message['type']}'")
        except Exception as error:  # noqa: BLE001  whatever a library raises: the user is told, and the worker goes on
            self._channel.send_error(request, error)

    def _stylize(self, request: int, message: Message) -> None:
        channel = self._channel
        shot = Shot.load(Path(_text(message, "shot")))
        settings = TakeSettings.parse(message.get("settings") or {})
        name = _text(message, "take")
        channel.send("progress", id=request, done=0, total=0, sentence="Loading the model")
        frames = stylize(
            shot,
            name,
            settings,
            warn=self._warn(request),
            cancelled=lambda: request in self._cancelled,
            replace_other=message.get("replace") is True,
        )
        self._tell(request, frames)
        channel.send("result", id=request, shot=str(shot.folder), take=name)

    def _footage(self, request: int, message: Message) -> None:
        from .footage.capture import FootageSettings, capture_footage

        folder = Path(_text(message, "shot"))
        settings = FootageSettings.parse(message.get("settings") or {})
        self._channel.send("progress", id=request, done=0, total=0, sentence="Opening the footage")
        frames = capture_footage(
            Path(_text(message, "footage")),
            folder,
            settings,
            warn=self._warn(request),
            cancelled=lambda: request in self._cancelled,
        )
        self._tell(request, frames)
        self._channel.send("result", id=request, shot=str(folder))

    def _estimate(self, request: int, message: Message) -> None:
        from .footage.estimate import estimate_conditions

        shot = Shot.load(Path(_text(message, "shot")))
        names = [name for name in message.get("conditions") or [] if isinstance(name, str)]
        weights = _text(message, "weights")
        self._channel.send("progress", id=request, done=0, total=0, sentence="Loading the estimator")
        # Nothing is downloaded here: the worker runs with the hub switched off.
        frames = estimate_conditions(
            shot, names, Path(weights) if weights else None, cancelled=lambda: request in self._cancelled
        )
        self._tell(request, frames)
        self._channel.send("result", id=request, shot=str(shot.folder))

    def _measure(self, request: int, message: Message) -> None:
        shot = Shot.load(Path(_text(message, "shot")))
        take = Take.load(shot, _text(message, "take"))
        self._tell(request, measure(shot, take, lambda: request in self._cancelled))
        self._channel.send("result", id=request, shot=str(shot.folder), take=take.name)

    def _report(self, request: int, message: Message) -> None:
        from .quality.report.make import measure_and_report, report_path

        shot = Shot.load(Path(_text(message, "shot")))
        take = Take.load(shot, _text(message, "take"))
        self._channel.send("progress", id=request, done=0, total=0, sentence="Reading the take")
        self._tell(request, measure_and_report(shot, take, cancelled=lambda: request in self._cancelled))
        self._channel.send("result", id=request, page=str(report_path(take)))

    def _warn(self, request: int) -> Callable[[str], None]:
        return lambda sentence: self._channel.send("warning", id=request, sentence=sentence)

    def _tell(self, request: int, frames: Iterator[FrameDone]) -> None:
        """Does the work that `frames` yields from, and tells of every frame."""
        for frame in frames:
            self._channel.send("preview", id=request, frame=frame.frame, path=str(frame.path))
            self._channel.send(
                "progress",
                id=request,
                done=frame.done,
                total=frame.total,
                sentence=f"{frame.kind.capitalize()} {frame.frame} is done",
                work=frame.kind,
                seconds=round(frame.seconds, 3),
                left=frame.left or {frame.kind: frame.total - frame.done},
            )

    def _conditions(self, request: int, message: Message) -> None:
        shot = Shot.load(Path(_text(message, "shot")))
        folder = Path(_text(message, "folder"))
        given = Fields(message, "The request", _bad_request)
        frames = _pair(given.integers("frames", -MAX_FRAME, MAX_FRAME, 2)) if "frames" in message else None
        names = given.texts("conditions", len(CONDITIONS))
        self._tell(request, export_conditions(shot, names, folder, frames, lambda: request in self._cancelled))
        self._channel.send("result", id=request, folder=str(folder))

    def _masks(self, request: int, message: Message) -> None:
        shot = Shot.load(Path(_text(message, "shot")))
        folder = Path(_text(message, "folder"))
        softness = Fields(message, "The request", _bad_request).number("softness", default=0.0)
        warn, cancelled = self._warn(request), lambda: request in self._cancelled
        frames = export_mask(shot, _text(message, "mask"), folder, warn, softness, cancelled=cancelled)
        self._tell(request, frames)
        self._channel.send("result", id=request, folder=str(folder))


def about_this_machine() -> dict[str, Any]:
    """The compute device and its memory, for the worker's greeting."""
    import torch

    if torch.cuda.is_available():
        memory = torch.cuda.get_device_properties(0).total_memory
        return {"device": "cuda", "name": torch.cuda.get_device_name(0), "memory": memory}
    if torch.backends.mps.is_available():
        return {"device": "mps", "name": "Apple GPU", "memory": torch.mps.recommended_max_memory()}
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 0
    return {"device": "cpu", "name": f"{os.cpu_count()} cores", "memory": pages}


def _text(message: Message, name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str):
        raise BackendError(Code.PROTOCOL, f"The request lacks its '{name}'")
    return value


def _pair(numbers: tuple[int, ...]) -> tuple[int, int]:
    if len(numbers) != 2:
        raise _bad_request("'frames' must be a first and a last frame")
    return numbers[0], numbers[1]


def _bad_request(reason: str) -> BackendError:
    return BackendError(Code.PROTOCOL, reason)
