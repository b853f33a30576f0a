"""Writes a shot's conditions and masks as picture sequences, for ComfyUI, compositing and whatever else takes them.

<folder>/export.json           which capture the pictures are of, and of which mask
<folder>/<condition>/####.png  8-bit RGB; there only when whole
<folder>/####.png              a mask: 8-bit grey; there only when whole
"""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from . import needs
from .errors import Cancelled, Code, SettingsError, ShotError, StorageError
from .passes.conditions import condition, passes_for
from .passes.exr import read_passes
from .passes.masks import pixels, softened
from .progress import FrameDone
from .shot import Shot, frame_file
from .storage import make_folder, read_json, storage_errors, write_json, write_whole
from .take import MAX_SOFTNESS

FORMAT, MASK_FORMAT, VERSION = "flowbrush-conditions", "flowbrush-mask", 1
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
    record = {"format": FORMAT, "version": VERSION, "capture": shot.capture, "shot": shot.name}
    _begin(folder, record, [folder / name for name in chosen], [folder / name for name in needs.CONDITIONS])
    for done, frame in enumerate(numbers, 1):
        if cancelled():
            raise Cancelled()
        started = time.monotonic()
        missing = [name for name in chosen if not picture_path(folder, name, frame).exists()]
        passes = read_passes(shot, frame, sorted(passes_for(shot, missing)))
        for name in missing:
            _write(condition(name, passes, shot, frame), picture_path(folder, name, frame))
        yield FrameDone(frame, picture_path(folder, chosen[0], frame), done, len(numbers), time.monotonic() - started)


def export_mask(
    shot: Shot,
    text: str,
    folder: Path,
    warn: Callable[[str], None],
    softness: float = 0.0,
    frames: tuple[int, int] | None = None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Iterator[FrameDone]:
    """Writes the mask `text`, white inside, of `frames` (both included) into `folder`; softness: of its border, pixels.

    Pictures of the same capture and mask are kept, those of another are replaced; an export that was stopped goes on.
    warn: gets sentences for the user. Raises SettingsError, ShotError, StorageError or Cancelled before a frame is
    begun; written pictures stay.
    """
    if not 0.0 <= softness <= MAX_SOFTNESS:
        raise SettingsError(Code.BAD_SETTINGS, f"The softness of a mask lies between 0 and {MAX_SOFTNESS:g} pixels")
    mask = needs.mask_in(shot, text)
    for notice in mask.notices:
        warn(notice)
    numbers = shot.captured_frames(frames)
    record = {"format": MASK_FORMAT, "version": VERSION, "capture": shot.capture, "shot": shot.name}
    _begin(folder, {**record, "mask": str(mask.expression), "softness": softness}, [folder], [folder])
    for done, frame in enumerate(numbers, 1):
        if cancelled():
            raise Cancelled()
        started = time.monotonic()
        path = folder / frame_file(frame, "png")
        if not path.exists():
            passes = read_passes(shot, frame, mask.passes)
            _write(softened(pixels(mask, passes, shot.resolution[::-1]), softness), path)
        yield FrameDone(frame, path, done, len(numbers), time.monotonic() - started)


def picture_path(folder: Path, name: str, frame: int) -> Path:
    """Where the picture of a condition is."""
    return folder / name / frame_file(frame, "png")


def _can_be_made(shot: Shot, name: str) -> bool:
    try:
        needs.check_condition(shot, name)
    except ShotError:
        return False
    return True


def _begin(folder: Path, record: dict[str, Any], places: list[Path], former_places: list[Path]) -> None:
    """Makes the folders `places`; leaves no picture of another export in them, and touches none that is no export's."""
    path = folder / "export.json"
    former = _record(path)
    if former.get("format") != record["format"]:
        foreign = [file for place in places for file in place.glob("*.png")]
        if foreign:
            raise StorageError(
                Code.NOT_WRITABLE, f"{foreign[0].parent} holds pictures of something else: choose another folder"
            )
    elif former != record:
        with storage_errors(path):
            for place in former_places:
                for file in place.glob("*.png"):
                    file.unlink()
    for place in places:
        make_folder(place)
    write_json(path, record)


def _record(path: Path) -> dict[str, Any]:
    try:
        return read_json(path, _MAX_RECORD, lambda reason: ShotError(Code.BAD_SHOT, reason))
    except ShotError:  # none, or a damaged one: nothing vouches for the pictures
        return {}


def _write(picture: np.ndarray, path: Path) -> None:
    eight_bit = np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)
    encoded, png = cv2.imencode(".png", eight_bit[..., ::-1] if eight_bit.ndim == 3 else eight_bit)
    assert encoded
    write_whole(path, png.tobytes())
