"""Decides which files in a shot folder show what a capture that begins now would show, and lets only these stay.

`capture.json` beside shot.json says for every frame what each of its files was made from, as fingerprints. A file stays
if its fingerprint is the same now; everything else goes before anything is rendered, so that no shot mixes two scenes,
and whatever is found in the folder later is what the record says it is.
"""

import json
import re
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import bpy

from ..backend import needs
from ..backend.errors import Code, ShotError
from ..backend.parsing import Fields
from ..backend.shot import MAX_BYTES, MAX_FRAME, Shot
from ..backend.storage import make_folder, read_json, storage_errors, write_json
from .fingerprint import digest
from .survey import State

VERSION = 2
_FRAME_FILE = re.compile(r"(-?\d{4,})\.(exr|png)")
# Other code may capture otherwise.
_CODE = digest(*(path.read_bytes() for path in sorted(Path(__file__).parent.glob("*.py"))))
_HEX = re.compile(r"[0-9a-f]{32}")
PARTS = ("passes", "pictures", "conditions")  # the folders of a shot that are kept; people are found anew each time


@dataclass(frozen=True)
class Print:
    """What the files of a frame are made from: a fingerprint for each of PARTS.

    depth: nearest and farthest surface in its passes, metres; None where that is not known yet.
    """

    parts: Mapping[str, str]
    depth: tuple[float, float] | None = None


@dataclass(frozen=True)
class Record:
    """What lies in a shot's folder.

    passes: those in each frame's file. numbers: a digest of which objects and materials have which numbers in them.
    """

    passes: tuple[str, ...] = ()
    numbers: str = ""
    frames: dict[int, Print] = field(default_factory=dict)

    @staticmethod
    def load(folder: Path) -> "Record":
        """The record in `folder`; an empty one where there is none, or a damaged one, which vouches for nothing."""
        try:
            given = Fields(read_json(folder / "capture.json", MAX_BYTES, _bad), "capture.json", _bad)
            given.integer("version", VERSION, VERSION)
            frames = given.child("frames")
            return Record(
                tuple(name for name in needs.PASSES if name in given.texts("passes", len(needs.PASSES))),
                given.text("numbers"),
                {_frame(name): _print(frames.child(name)) for name in frames.names()},
            )
        except ShotError:
            return Record()

    def save(self, folder: Path) -> None:
        """Writes capture.json whole. Raises StorageError."""
        frames = {
            str(frame): {**made.parts, **({"depth": list(made.depth)} if made.depth else {})}
            for frame, made in sorted(self.frames.items())
        }
        about = {"version": VERSION, "passes": list(self.passes), "numbers": self.numbers}
        write_json(folder / "capture.json", {**about, "frames": frames})


def prints(states: Mapping[int, State], common: Mapping[str, Any], picture: Mapping[str, Any]) -> dict[int, Print]:
    """The fingerprints of frames in these states, made by this Blender with this code and these settings.

    common: the settings that count for every part. picture: those that count for the
    picture and what Blender draws only.
    """
    base = digest(_CODE, bpy.app.version_string.encode(), json.dumps(common, sort_keys=True).encode())
    light = json.dumps(picture, sort_keys=True).encode()
    return {
        frame: Print(
            {
                "passes": digest(base, state.passes.encode()).hex(),
                "pictures": digest(base, light, state.picture.encode()).hex(),
                "conditions": digest(base, light, state.picture.encode()).hex(),
            }
        )
        for frame, state in states.items()
    }


def worth_keeping(former: Record, now: Mapping[int, Print], passes: Iterable[str]) -> tuple[str, ...]:
    """The passes to capture: the wanted ones, and what else is in frames that could stay as they are."""
    wanted = set(passes)
    if any(_is_same(former, frame, now, "passes") for frame in now):
        wanted |= set(former.passes)
    return tuple(name for name in needs.PASSES if name in wanted)


def begin(shot: Shot, former: Record, now: Mapping[int, Print]) -> Record:
    """Leaves in the shot's folder what shows the same as a capture now, and nothing else of a former capture.

    shot: what is known before any frame is rendered. Returns the new record, written to the folder, with what is known
    of the frames that stay. Raises StorageError.
    """
    was_shot = any((shot.folder / name).exists() for name in ("shot.json", "capture.json"))
    numbers = digest(repr([[(i.id, i.name) for i in items] for items in (shot.objects, shot.materials)]).encode()).hex()
    same_passes = (set(shot.passes), numbers) == (set(former.passes), former.numbers)
    with storage_errors(shot.folder / "capture.json"):
        for rough in shot.folder.glob(".capture-*"):  # of a Blender that was killed
            shutil.rmtree(rough)
        for part, frame, file in _files(shot.folder):
            stays = _is_same(former, frame, now, part) and (part != "passes" or same_passes)
            if not stays and (was_shot or frame in now):
                file.unlink()
        (shot.folder / "shot.json").unlink(missing_ok=True)  # it comes back when all frames are there
    kept = {
        frame: replace(made, depth=former.frames[frame].depth)
        if same_passes and _is_same(former, frame, now, "passes")
        else made
        for frame, made in now.items()
    }
    record = Record(tuple(shot.passes), numbers, {**former.frames, **kept})
    for part in ("passes", "pictures"):
        make_folder(shot.folder / part)
    record.save(shot.folder)
    return record


def of_frames(now: Mapping[int, Print]) -> dict[int, str]:
    """For each frame a digest of what its passes and its picture are made from."""
    return {
        frame: digest(*(made.parts[part].encode() for part in ("passes", "pictures"))).hex()
        for frame, made in now.items()
    }


def name(shot: Shot, now: Mapping[int, Print]) -> str:
    """Names what is captured: the same whenever all frames show the same."""
    known = asdict(
        replace(shot, folder=Path(), name="", notices=(), passes={}, drawn={}, has_pose=False, capture="", prints={})
    )
    known["folder"] = ""
    frames = {frame: dict(made.parts) for frame, made in now.items()}
    return sha256(json.dumps([known, frames], sort_keys=True).encode()).hexdigest()[:16]


def _is_same(former: Record, frame: int, now: Mapping[int, Print], part: str) -> bool:
    """Whether a part of a frame is recorded as a capture now would make it; frames that it would not make are."""
    if frame not in former.frames:
        return False
    return frame not in now or former.frames[frame].parts[part] == now[frame].parts[part]


def _files(folder: Path) -> Iterator[tuple[str, int, Path]]:
    """The files of frames: their part, their frame."""
    for part in PARTS:
        for file in folder.glob(f"{part}/*/*" if part == "conditions" else f"{part}/*"):
            if found := _FRAME_FILE.fullmatch(file.name):
                yield part, int(found[1]), file


def _frame(name: str) -> int:
    if not re.fullmatch(r"-?\d{1,7}", name) or abs(int(name)) > MAX_FRAME:
        raise _bad(f"'{name}' is no frame")
    return int(name)


def _print(fields: Fields) -> Print:
    parts = {part: fields.text(part) for part in PARTS}
    if not all(_HEX.fullmatch(text) for text in parts.values()):
        raise _bad("a fingerprint is none")
    depth = fields.numbers("depth", 2) if "depth" in fields.names() else None
    return Print(parts, (depth[0], depth[1]) if depth else None)


def _bad(reason: str) -> ShotError:
    return ShotError(Code.BAD_SHOT, reason)
