"""What each result of a take was made from, in the take's folder: a line of JSON for each that was stored.

{"part": "frames", "frame": 7, "made_from": "5b0c…"}

Lines are only ever added, each before the picture that it is about. A frame that was made again has a later line; a
line that was cut short is passed over.
"""

import json
import re
from pathlib import Path

from .errors import Code, ShotError
from .parsing import Fields
from .shot import MAX_FRAME
from .storage import add_line

FILE = "made.jsonl"
MAX_BYTES = 100_000_000
_DIGEST = re.compile(r"[0-9a-f]{64}")
Which = tuple[str, int]
"""The folder of a result's picture, and its frame."""


def begin(folder: Path) -> None:
    """Notes in the take's `folder` that whatever will be made there is written down. Raises StorageError."""
    add_line(folder / FILE, "")


def known(folder: Path) -> bool:
    """Whether it is written down from what the results in `folder` were made: older takes do without."""
    return (folder / FILE).is_file()


def add(folder: Path, which: Which, made_from: str) -> None:
    """Adds what a result is made from, a SHA-256. Raises StorageError."""
    part, frame = which
    add_line(folder / FILE, json.dumps({"part": part, "frame": frame, "made_from": made_from}))


def read(folder: Path) -> dict[Which, str]:
    """The last that was noted of each result of the take in `folder`."""
    path = folder / FILE
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return {}
    lines = path.read_text("utf-8", errors="replace").splitlines()
    return dict(noted for line in lines if (noted := _noted(line)) is not None)


def _noted(line: str) -> tuple[Which, str] | None:
    try:
        given = Fields(json.loads(line), FILE, _bad)
        part, frame = given.text("part"), given.integer("frame", -MAX_FRAME, MAX_FRAME)
        made_from = given.text("made_from")
    except (ValueError, RecursionError, ShotError):
        return None
    return ((part, frame), made_from) if _DIGEST.fullmatch(made_from) else None


def _bad(reason: str) -> ShotError:
    return ShotError(Code.BAD_TAKE, reason)
