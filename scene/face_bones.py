"""Where a person's face is: nose, eyes and ears, and the 70 points of a detailed face, from bones or from the head.

Bones are named as Rigify names them; other rigs have at most eyes. Where there is no bone, nose, eyes and ears are put
where they are in an average head: in the shape of the mesh on the head bone, or along the bone itself if there is none.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import bpy
import numpy as np

from .bone_maps import Skeleton, axes
from .bone_names import SIDES

# Of the head's height from chin to crown, its width, and its depth; from the usual canon of drawing heads, where eyes
# are half way up, five eyes fill the width, and the ears are between brow and nose.
_EYE_UP, _NOSE_UP, _EAR_UP = 0.5, 0.33, 0.45
_EYE_ASIDE, _EAR_BEHIND = 0.2, 0.5
# In lengths of the bone from the base of the skull to the crown: left, forward, up; measured on Rigify's human.
_ALONG_BONE = {"nose": (0.0, 0.80, 0.32), "eye": (0.2, 0.60, 0.53), "ear": (0.45, 0.05, 0.41)}
# In distances between the eyes, from the middle between them; from the same.
_FROM_EYES = {"nose": (0.0, 0.73, -0.48), "ear": (0.89, -0.87, -0.31)}
_LENGTHS = (0.08, 0.13)  # of the stature: what a head bone's length can be to say how large the head is
_HEAD_SHARES, _LOWER = (1 / 6.5, 1 / 3), 0.04  # a head's share of the stature, grown up and cartoon; of its height
_LOWEST = 0.25  # of the way from the bone to the crown: chins hang lower only if they are beards

# Points of the face on bones: the word, the number in the name, and how far along the bone.
_MIDDLE = {
    8: "chin 0 0",
    27: "nose 0 0",
    28: "nose 0 .5",
    29: "nose 1 0",
    30: "nose 2 0",
    33: "nose 4 0",
}
# The right side's points, and their left counterparts.
_PAIRS = {
    (0, 16): "jaw 0 0",
    (1, 15): "jaw 0 .25",
    (2, 14): "jaw 0 .5",
    (3, 13): "jaw 0 .75",
    (4, 12): "jaw 1 0",
    (5, 11): "jaw 1 .33",
    (6, 10): "jaw 1 .67",
    (7, 9): "jaw 1 1",
    (17, 26): "browt 1 0",
    (18, 25): "browt 1 .5",
    (19, 24): "browt 2 0",
    (20, 23): "browt 2 .5",
    (21, 22): "browt 3 0",
    (31, 35): "nose 1 0",
    (32, 34): "nose 1 .4",
    (36, 45): "lidt 0 0",
    (37, 44): "lidt 1 .5",
    (38, 43): "lidt 3 0",
    (39, 42): "lidb 0 0",
    (40, 47): "lidb 1 0",
    (41, 46): "lidb 2 .5",
    (48, 54): "lipt 1 1",
    (49, 53): "lipt 1 .25",
    (50, 52): "lipt 0 .5",
    (59, 55): "lipb 1 .25",
    (58, 56): "lipb 0 .5",
}
PUPILS = (68, 69)
_LIP_MIDDLES = {51: "lipt 0 0", 57: "lipb 0 0"}  # where the left and the right half meet


@dataclass(frozen=True)
class Spot:
    """A point that moves with a bone: (3,) in the space of the bone at rest. deltas: by the names of the shape keys of
    `key` that move it there, how far."""

    bone: str
    place: np.ndarray
    key: bpy.types.Key | None = None
    deltas: Mapping[str, np.ndarray] = field(default_factory=dict)


def landmarks(skeleton: Skeleton, bones: Mapping[str, str]) -> dict[int, Spot]:
    """The points of the detailed face that are on bones, by their number from 0 to 69.

    The 68 of dlib and Multi-PIE, then the pupils, which are at the front end of bones of eyes; the others only if most
    of them are there. The lips' inner line has no bones.
    """
    wanted = {
        **{number: ("", text) for number, text in _MIDDLE.items()},
        **{number: ("left", text) for number, text in _LIP_MIDDLES.items()},
        **{n: (side, text) for pair, text in _PAIRS.items() for n, side in zip(pair, SIDES, strict=True)},
    }
    found = {}
    for number, (side, text) in wanted.items():
        word, index, along = text.split()
        same = [name for name in skeleton.named(side, (word,)) if sum(skeleton.names[name].numbers) == int(index)]
        if same:
            found[number] = _along(skeleton, same[0], float(along))
    pupils = {n: bones[f"{side}_eye"] for n, side in zip(PUPILS, SIDES, strict=True) if f"{side}_eye" in bones}
    return (found if len(found) > len(wanted) // 2 else {}) | {n: _along(skeleton, b, 1.0) for n, b in pupils.items()}


def _along(skeleton: Skeleton, bone: str, part: float) -> Spot:
    length = float(np.linalg.norm(skeleton.bones[bone].tail - skeleton.bones[bone].head))
    return Spot(bone, np.array((0.0, part * length, 0.0)))


def features(
    skeleton: Skeleton, bones: Mapping[str, str], shapes: Iterable[np.ndarray], stature: float
) -> dict[str, np.ndarray]:
    """Nose, eyes and ears of a head at rest, (3,) each in the armature's space.

    bones: by names of `bone_maps.JOINTS`, with the head. shapes: (N, 3) each, the vertices at rest of what is on the
    head. stature: the person's height, in the armature's space as well.
    """
    places = skeleton.places(bones)
    frame = axes(places)
    head = skeleton.bones[bones["head"]]
    shape = _bare([(places - head.head) @ frame.T for places in shapes])
    if shape is not None:
        estimated = _of_shape(shape, stature)
    elif "left_eye" in bones and "right_eye" in bones:
        middle = frame @ ((places["left_eye"] + places["right_eye"]) / 2 - head.head)
        span = float(np.linalg.norm(places["left_eye"] - places["right_eye"]))
        estimated = {name: middle + offset for name, offset in _mirrored(_FROM_EYES, span).items()}
    else:
        length = float(np.clip(np.linalg.norm(head.tail - head.head) / stature, *_LENGTHS)) * stature
        estimated = _mirrored(_ALONG_BONE, length)
    known = {name: places[name] for name in places if name.endswith(("nose", "eye", "ear"))}
    return {name: head.head + place @ frame for name, place in estimated.items()} | known


def _mirrored(table: Mapping[str, tuple[float, float, float]], scale: float) -> dict[str, np.ndarray]:
    """The places of a table whose eyes and ears are the left ones, with the right ones."""
    left = {name: scale * np.array(place) for name, place in table.items()}
    sides = {"left": np.ones(3), "right": np.array((-1.0, 1.0, 1.0))}
    return {
        f"{side}_{name}" if name != "nose" else name: place * sign
        for name, place in left.items()
        for side, sign in sides.items()
    }


def _bare(shapes: list[np.ndarray]) -> np.ndarray | None:
    """The head itself among what is on it: of all things about as high as the highest, the least high is no helmet."""
    heights = {number: float(np.ptp(points[:, 2])) for number, points in enumerate(shapes) if len(points) > 3}
    high = {number: height for number, height in heights.items() if height > 0.6 * max(heights.values())}
    return shapes[min(high, key=lambda number: high[number])] if high else None


def _of_shape(points: np.ndarray, stature: float) -> dict[str, np.ndarray]:
    """Nose, eyes and ears of vertices around the head bone: (N, 3) to the left, forward and up from where it begins."""
    low, high = np.percentile(points, (2, 98), axis=0)
    crown = high[2]
    low[2] = max(low[2], -_LOWEST * crown)
    height, width = crown - low[2], high[0] - low[0]
    centre = (low[0] + high[0]) / 2

    def front(aside: float, up: float) -> float:
        """How far forward the surface is at a place of the face; that of the whole head where it has no vertices."""
        near = (np.abs(points[:, 0] - aside) < 0.12 * width) & (np.abs(points[:, 2] - up) < 0.1 * height)
        return float(np.max(points[near, 1], initial=-np.inf)) if near.sum() > 2 else float(high[1])

    # The larger the head, the more it is a child's or a cartoon's: its face is further down.
    down = float(np.interp(height / stature, _HEAD_SHARES, (0.0, _LOWER)))
    eye, nose, ear = (low[2] + (share - down) * height for share in (_EYE_UP, _NOSE_UP, _EAR_UP))
    found = {"nose": np.array((centre, front(centre, nose), nose))}
    for side, sign in (("left", 1.0), ("right", -1.0)):
        aside = centre + sign * _EYE_ASIDE * width
        found[f"{side}_eye"] = np.array((aside, front(aside, eye), eye))
        edge = high[0] if sign > 0 else low[0]
        found[f"{side}_ear"] = np.array((edge, low[1] + _EAR_BEHIND * (high[1] - low[1]), ear))
    return found
