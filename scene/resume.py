"""Decides whether the frames in a shot folder belong to the capture that begins now.

`capture.json` beside shot.json says what the frames were made from. They are kept only if all of it is the same: the
file (by its bytes), Blender, settings, objects and materials. Anything else starts again, and removes the former
frames first, so that no shot mixes two scenes.
"""

import hashlib
import json
import re
import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any
from uuid import uuid4

from ..backend.errors import Code, ShotError
from ..backend.shot import MAX_BYTES, Shot
from ..backend.storage import make_folder, read_json, storage_errors, write_json

_FRAME_FILE = re.compile(r"-?\d{4,}\.(exr|png)")


def begin(shot: Shot, settings: dict[str, Any], source: str) -> str:
    """Leaves in the shot's folder what may be kept, and nothing else of a former capture. Raises StorageError.

    shot: what is known before any frame is rendered. settings: all that changes a frame's content. source: a
    fingerprint of the file that the scene came from; with "" nothing is kept. Returns a name for what is captured:
    the same one whenever the same is captured again, as far as that is known.
    """
    made_from = _as_json(
        {
            "source": source,
            "settings": settings,
            "blender": shot.blender,
            "scene": shot.scene,
            "objects": [asdict(item) for item in shot.objects],
            "materials": [asdict(item) for item in shot.materials],
        }
    )
    path = shot.folder / "capture.json"
    with storage_errors(path):
        for rough in shot.folder.glob(".capture-*"):  # of a Blender that was killed
            shutil.rmtree(rough)
        if not source or _former(path) != made_from:
            _remove_former(shot.folder)
        (shot.folder / "shot.json").unlink(missing_ok=True)  # it comes back when all frames are there
    make_folder(shot.folder / "passes")
    make_folder(shot.folder / "pictures")
    write_json(path, made_from)
    known = json.dumps([made_from, shot.frames] if source else uuid4().hex, sort_keys=True)
    return hashlib.sha256(known.encode()).hexdigest()[:16]


def _former(path: Path) -> dict[str, Any] | None:
    try:
        return read_json(path, MAX_BYTES, lambda reason: ShotError(Code.BAD_SHOT, reason))
    except ShotError:  # no record, or a damaged one: nothing vouches for the frames
        return None


def _remove_former(folder: Path) -> None:
    if not (folder / "shot.json").exists() and not (folder / "capture.json").exists():
        return
    for file in (*folder.glob("passes/*.exr"), *folder.glob("pictures/*.png"), *folder.glob("conditions/*/*.png")):
        if _FRAME_FILE.fullmatch(file.name):
            file.unlink()


def _as_json(value: Any) -> Any:
    """Tuples as the lists that JSON makes of them."""
    if isinstance(value, dict):
        return {str(key): _as_json(item) for key, item in value.items()}
    return [_as_json(item) for item in value] if isinstance(value, list | tuple) else value
