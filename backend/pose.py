"""The file pose/####.json: where the joints of each person are in a frame's picture, in OpenPose's own format.

The format is that of OpenPose (CMU-Perceptual-Computing-Lab/openpose, doc/02_output.md) as the ControlNet extensions
read and write it: `canvas_width`, `canvas_height`, and for each of `people` the lists `pose_keypoints_2d` (18 joints,
in the order of `BODY`), `hand_left_keypoints_2d`, `hand_right_keypoints_2d` (21 each) and `face_keypoints_2d` (70),
three numbers a joint: x, y, confidence. They draw a joint if its confidence is 1; a joint that is known and not to be
drawn has its place and confidence 0, one that is not known three zeros. Our own `flowbrush` in each person adds the
name of its armature and the `State` of each joint.

Coordinates are pixels of the canvas, x right, y down, a pixel's centre at whole numbers. Left and right are the
person's own.
"""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from .errors import Code, ShotError
from .parsing import Fields
from .storage import make_folder, read_json, write_json

BODY = (
    "nose",
    "neck",
    "right_shoulder",
    "right_elbow",
    "right_wrist",
    "left_shoulder",
    "left_elbow",
    "left_wrist",
    "right_hip",
    "right_knee",
    "right_ankle",
    "left_hip",
    "left_knee",
    "left_ankle",
    "right_eye",
    "left_eye",
    "right_ear",
    "left_ear",
)
HAND = 21  # the wrist, then four joints for each of thumb, index, middle, ring and little finger, from root to tip
FACE = 70  # the 68 of dlib and Multi-PIE, then the right and the left pupil
# The joints of `BODY` in OpenPose's newer order of 25.
_OF_25 = (*range(8), *range(9, 19))
_VERSION = 1.3  # of OpenPose's format
MAX_PEOPLE = 1000
MAX_BYTES = 50_000_000
MAX_CANVAS = 1_000_000  # pixels


class State(StrEnum):
    """What is known of a joint: only a visible one is what a detector of poses would find."""

    VISIBLE = "visible"
    OCCLUDED = "occluded"  # something else is in front of it
    AWAY = "away"  # on the far side of its own head or hand
    OUTSIDE = "outside"  # of the picture
    MISSING = "missing"  # has no bone, or is behind the camera


@dataclass(frozen=True)
class Joint:
    """A joint's place in the picture, pixels, and whether it is drawn; the place means nothing if it is missing."""

    x: float
    y: float
    state: State
    drawn: bool


MISSING = Joint(0.0, 0.0, State.MISSING, False)


@dataclass(frozen=True)
class Person:
    """One person's joints: `BODY`, `HAND` and `FACE` many, or none of a kind where there is nothing to know them by."""

    name: str
    body: tuple[Joint, ...]
    left_hand: tuple[Joint, ...] = ()
    right_hand: tuple[Joint, ...] = ()
    face: tuple[Joint, ...] = ()


_LISTS = {
    "body": "pose_keypoints_2d",
    "left_hand": "hand_left_keypoints_2d",
    "right_hand": "hand_right_keypoints_2d",
    "face": "face_keypoints_2d",
}
# How many joints a list may hold, ours first: OpenPose's newer bodies have 25, some detectors leave the pupils out.
_COUNTS = {"body": (18, 25), "left_hand": (HAND,), "right_hand": (HAND,), "face": (FACE, 68)}


def write_people(path: Path, people: tuple[Person, ...], resolution: tuple[int, int]) -> None:
    """Writes the people in a picture of `resolution` (width, height). Raises StorageError."""
    make_folder(path.parent)
    write_json(
        path,
        {
            "version": _VERSION,
            "canvas_width": resolution[0],
            "canvas_height": resolution[1],
            "people": [_written(person) for person in people],
        },
    )


def read_people(path: Path, resolution: tuple[int, int]) -> tuple[Person, ...]:
    """The people in the file, scaled from its canvas to a picture of `resolution` (width, height).

    The file may come from any editor of poses: bodies of 18 or 25 joints, lists that are empty, null or absent,
    nothing of Flowbrush's own. Raises ShotError (BAD_SHOT).
    """
    document = Fields(read_json(path, MAX_BYTES, _bad), path.name, _bad)
    scale = (
        resolution[0] / document.integer("canvas_width", 1, MAX_CANVAS),
        resolution[1] / document.integer("canvas_height", 1, MAX_CANVAS),
    )
    return tuple(_person(item, scale, n) for n, item in enumerate(document.items("people", MAX_PEOPLE), 1))


def _written(person: Person) -> dict[str, Any]:
    lists = {kind: getattr(person, kind) for kind in _LISTS}
    return {
        "person_id": [-1],
        **{
            _LISTS[kind]: [round(v, 3) for joint in joints for v in (joint.x, joint.y, float(joint.drawn))]
            for kind, joints in lists.items()
        },
        "flowbrush": {
            "name": person.name,
            "states": {kind: [joint.state for joint in joints] for kind, joints in lists.items() if joints},
        },
    }


def _person(item: Any, scale: tuple[float, float], number: int) -> Person:
    where = f"person {number}"
    fields = Fields(item, where, _bad)
    ours = fields.child("flowbrush", {})
    states = ours.child("states", {})
    joints = {
        kind: _joints(item.get(name), f"{where}: '{name}'", _COUNTS[kind], states.texts(kind, FACE, []), scale)
        for kind, name in _LISTS.items()
    }
    body = joints.pop("body") or (MISSING,) * len(BODY)
    return Person(ours.text("name", where), body, **joints)


def _joints(
    numbers: Any, where: str, counts: tuple[int, ...], states: tuple[str, ...], scale: tuple[float, float]
) -> tuple[Joint, ...]:
    """The joints of a list of numbers; those that it is short of are missing. counts: how many it may hold."""
    if not numbers:
        return ()
    if not isinstance(numbers, list) or len(numbers) not in [3 * count for count in counts]:
        raise _bad(f"{where} must hold three numbers for each of {counts[0]} joints")
    # Some editors write null where there is no joint.
    given = Fields({"numbers": [0.0 if v is None else v for v in numbers]}, where, _bad)
    values = given.numbers("numbers", len(numbers))
    if max(map(abs, values)) > MAX_CANVAS:
        raise _bad(f"{where} holds a joint that is far outside of any picture")
    known = (*states, *[""] * len(values))
    found = [
        _joint(values[3 * at] * scale[0], values[3 * at + 1] * scale[1], values[3 * at + 2], known[at])
        for at in range(len(values) // 3)
    ]
    if len(found) == _COUNTS["body"][1]:
        found = [found[at] for at in _OF_25]
    return (*found, *(MISSING,) * (counts[0] - len(found)))


def _joint(x: float, y: float, confidence: float, state: str) -> Joint:
    """A joint is drawn as its confidence says: somebody may have edited it since its state was written."""
    known = State(state) if state in set(State) else State.MISSING
    if confidence > 0:
        return Joint(x, y, State.VISIBLE if known == State.MISSING else known, True)
    return MISSING if known == State.MISSING else Joint(x, y, known, False)


def _bad(reason: str) -> ShotError:
    return ShotError(Code.BAD_SHOT, f"This is not a usable pose: {reason}; capture the shot again")
