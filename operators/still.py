"""One frame by itself: on the captured shot where that holds it, else captured apart from the shot, and only once."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import bpy

from .. import preferences
from ..backend import needs
from ..backend.capture_order import CaptureOrder
from ..backend.errors import ShotError
from ..backend.protocol import Message
from ..backend.shot import Shot
from ..scene import edits
from .capture import CaptureStage, check_scene, needed_for, order_for, unsaved_images
from .job import Stage

STILL = "still"
_stills: dict[Path, tuple[CaptureOrder, edits.Look | None]] = {}  # what was captured into a folder, and how it looked


class StillStage(CaptureStage):
    """Captures one frame by itself. look: how the scene looks now."""

    def __init__(self, order: CaptureOrder, folder: Path, look: edits.Look | None) -> None:
        super().__init__(order, folder)
        self._look = look

    def start(self) -> None:
        """Forgets what was there."""
        _stills.pop(self._folder, None)
        super().start()

    def poll(self) -> list[Message]:
        """The messages; with the last of them the still is there."""
        messages = super().poll()
        if any(message["type"] == "result" for message in messages):
            _stills[self._folder] = self._order, self._look
        return messages


def still_shot(
    scene: bpy.types.Scene, frame: int, conditions: Iterable[str] = ()
) -> tuple[Path, list[Stage], list[str]]:
    """The folder of a shot that holds `frame` and can give `conditions`, the stages that make it, and warnings.

    Raises SceneError, SettingsError or ShotError.
    """
    wanted = tuple(conditions)
    folder = preferences.shot_folder(scene)
    if _holds(folder, frame, needed_for(scene, "per_frame", wanted)[0], wanted):
        return folder, [], []
    check_scene(scene)
    folder = folder.with_name(f"{folder.name} {STILL}")
    order = order_for(scene, (frame, frame), "per_frame", conditions=wanted)
    look = edits.look(scene)
    if _is_current(folder, order, look):
        return folder, [], []
    return folder, [StillStage(order, folder, look)], unsaved_images()


def render_of(folder: Path, picture: str) -> Path | None:
    """The render of the frame that `picture` shows, in the shot's `folder`; None where there is none."""
    path = folder / "pictures" / Path(picture).name  # a frame's files have one name in all folders
    return path if path.is_file() else None


def _is_current(folder: Path, order: CaptureOrder, look: edits.Look | None) -> bool:
    """Whether `order` would give what is in `folder`, where the scene looks like `look`."""
    if look is None or folder not in _stills:
        return False
    done, then = _stills[folder]
    if then != look or replace(done, passes=order.passes, extras=order.extras) != order:
        return False
    try:
        return order.done_in(Shot.load(folder))
    except ShotError:  # somebody has taken it away
        return False


def _holds(folder: Path, frame: int, passes: Iterable[str], conditions: Iterable[str]) -> bool:
    if not (folder / "shot.json").exists():
        return False
    shot = Shot.load(folder)
    if frame not in shot.frame_numbers or frame in shot.missing_frames():
        return False
    try:
        for name in conditions:
            needs.check_condition(shot, name)
    except ShotError:
        if shot.source == "footage":  # which cannot be captured: the user is told what to do
            raise
        return False
    return shot.source == "footage" or set(passes) <= shot.passes.keys()
