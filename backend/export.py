"""Writes a shot's conditions as picture sequences, for ComfyUI and whatever else takes ControlNet's conditions.

<folder>/export.json           which capture the pictures are of
<folder>/<condition>/####.png  8-bit RGB; there only when whole
"""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from . import needs
from .errors import Cancelled, Code, ShotError, StorageError
from .passes.conditions import condition, passes_for
from .passes.exr import read_passes
from .progress import FrameDone
from .shot import Shot, frame_file
from .storage import make_folder, read_json, storage_errors, write_json, write_whole

FORMAT, VERSION = "flowbrush-conditions", 1
_MAX_RECORD = 100_000


def available(shot: Shot) -> list[str]:
    """The names of the conditions that can be made of this shot."""
    return [name for name in needs.CONDITIONS if _can_be_made(shot, name)]


def export_conditions(
    shot: Shot,
    names: Iterable[str],
    folder: Path,
    frames: tuple[int, int] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[FrameDone]:
    """Writes the conditions `names`, all that there are for none, of `frames` (both included) into `folder`.

    Pictures of the same capture that are there already are kept, those of another are replaced; an export that was
    stopped goes on. Raises SettingsError, ShotError, StorageError or Cancelled before a frame is begun; written
    pictures stay.
    """
    chosen = list(dict.fromkeys(names)) or available(shot)
    for name in chosen:
        needs.check_condition(shot, name)
    numbers = shot.captured_frames(frames)
    _begin(shot, folder, chosen)
    for done, frame in enumerate(numbers, 1):
        if cancelled():
            raise Cancelled()
        started = time.monotonic()
        missing = [name for name in chosen if not picture_path(folder, name, frame).exists()]
        passes = read_passes(shot, frame, sorted(passes_for(shot, missing)))
        for name in missing:
            _write(condition(name, passes, shot, frame), picture_path(folder, name, frame))
        yield FrameDone(frame, picture_path(folder, chosen[0], frame), done, len(numbers), time.monotonic() - started)


def picture_path(folder: Path, name: str, frame: int) -> Path:
    """Where the picture of a condition is."""
    return folder / name / frame_file(frame, "png")


def _can_be_made(shot: Shot, name: str) -> bool:
    try:
        needs.check_condition(shot, name)
    except ShotError:
        return False
    return True


def _begin(shot: Shot, folder: Path, names: list[str]) -> None:
    """Makes the folders; leaves no picture of another capture in them, and touches none that is not an export's."""
    record: dict[str, Any] = {"format": FORMAT, "version": VERSION, "capture": shot.capture, "shot": shot.name}
    path = folder / "export.json"
    former = _record(path)
    if former.get("format") != FORMAT:
        foreign = [file for name in names for file in (folder / name).glob("*.png")]
        if foreign:
            raise StorageError(
                Code.NOT_WRITABLE, f"{foreign[0].parent} holds pictures of something else: choose another folder"
            )
    elif former != record:
        with storage_errors(path):
            for name in needs.CONDITIONS:
                for file in (folder / name).glob("*.png"):
                    file.unlink()
    for name in names:
        make_folder(folder / name)
    write_json(path, record)


def _record(path: Path) -> dict[str, Any]:
    try:
        return read_json(path, _MAX_RECORD, lambda reason: ShotError(Code.BAD_SHOT, reason))
    except ShotError:  # none, or a damaged one: nothing vouches for the pictures
        return {}


def _write(picture: np.ndarray, path: Path) -> None:
    eight_bit = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    encoded, png = cv2.imencode(".png", cv2.cvtColor(eight_bit, cv2.COLOR_RGB2BGR))
    assert encoded
    write_whole(path, png.tobytes())
