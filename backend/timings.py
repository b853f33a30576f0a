"""How long the frames of a take took, in the take's folder: a line of JSON for each that was made.

{"frame": 7, "keyframe": false, "seconds": 1.25, "refined": false}

Lines are only ever added. A frame that was made again has a later line; a line that was cut short is passed over.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from .errors import Code, ShotError
from .parsing import Fields
from .shot import MAX_FRAME
from .storage import add_line

FILE = "timings.jsonl"
MAX_BYTES = 100_000_000


@dataclass(frozen=True)
class Timing:
    """What making a frame, the keyframe of that number, or refining the frame took."""

    frame: int
    keyframe: bool
    seconds: float
    refined: bool = False


def add(folder: Path, timing: Timing) -> None:
    """Adds to the timings of the take in `folder`. Raises StorageError."""
    add_line(folder / FILE, json.dumps(asdict(timing)))


def read(folder: Path) -> list[Timing]:
    """The last timing of each frame, keyframe and refinement, by frame; none where nothing was noted."""
    path = folder / FILE
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return []
    latest = {}
    for line in path.read_text("utf-8", errors="replace").splitlines():
        if (timing := _timing(line)) is not None:
            latest[timing.frame, timing.keyframe, timing.refined] = timing
    return [latest[place] for place in sorted(latest)]


def _timing(line: str) -> Timing | None:
    try:
        given = Fields(json.loads(line), FILE, _bad)
        frame = given.integer("frame", -MAX_FRAME, MAX_FRAME)
        return Timing(frame, given.flag("keyframe"), given.number("seconds", 0.0), given.flag("refined", False))
    except (ValueError, RecursionError, ShotError):
        return None


def _bad(reason: str) -> ShotError:
    return ShotError(Code.BAD_TAKE, reason)
