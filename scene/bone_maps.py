"""Finds out which bones of an armature are a person's joints, from the bones' names, their order and their places.

The names' words are in `bone_names`. The order of the bones decides what a word leaves open: a "shoulder" above an
"arm" is a collar bone, one above an "elbow" is the joint itself. The places tell people from animals, and left from
right where a rig was named by somebody who stood in front of it.

A joint lies at the head of its bone. Places are in the armature's own space, at rest; any axis may be up.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from .bone_names import CONVENTIONS, FACE, FINGERS, HEAD, LIMBS, NECK, SIDES, TOES, Convention, finger, read_name

T = TypeVar("T")
LIMB_JOINTS = tuple(f"{side}_{name}" for side in SIDES for limb in LIMBS for name in limb)
# What a bone can be set for, in the order in which a user reads it.
JOINTS = (
    "head",
    "nose",
    *(f"{side}_{name}" for side in SIDES for name in ("eye", "ear")),
    *LIMB_JOINTS,
    *(f"{side}_{name}" for side in SIDES for name in FINGERS),
)
ENOUGH = 0.75  # of head and limbs
_UPRIGHT = -0.5  # cosine between the ways from the hips to the neck and to the knees; animals on four feet have about 0
_NEEDED = tuple(f"{side}_{name}" for side in SIDES for name in ("shoulder", "hip", "knee"))

# The human bones of VRM 1, by the names of the properties in which the VRM add-on keeps them.
VRM_BONES = {
    "head": "head",
    **{
        f"{side}_{bone}": f"{side}_{joint}"
        for side in SIDES
        for bone, joint in (
            ("eye", "eye"),
            ("upper_arm", "shoulder"),
            ("lower_arm", "elbow"),
            ("hand", "wrist"),
            ("upper_leg", "hip"),
            ("lower_leg", "knee"),
            ("foot", "ankle"),
            ("thumb_metacarpal", "thumb"),
            *((f"{name}_proximal", name) for name in list(FINGERS)[1:]),
        )
    },
}


@dataclass(frozen=True)
class Bone:
    """A bone at rest. parent: its name. head, tail: (3,). deforms: whether it moves meshes; controls do not."""

    name: str
    parent: str | None
    head: np.ndarray
    tail: np.ndarray
    deforms: bool = True


@dataclass(frozen=True)
class BoneMap:
    """The bones of a person, by names of `JOINTS`: a joint is at the head of its bone, fingers are their first bone.

    convention: who names bones this way, for the user. confidence: the share of head and limbs that was found, 0 to 1.
    """

    convention: str
    bones: dict[str, str]
    confidence: float


class Skeleton:
    """An armature's bones with their names read, and who is above whom."""

    def __init__(self, bones: Iterable[Bone]) -> None:
        self.bones = {bone.name: bone for bone in bones}
        self.names = {name: read_name(name) for name in self.bones}
        self.children: dict[str | None, list[str]] = defaultdict(list)
        self._named: dict[tuple[str, str], list[str]] = defaultdict(list)
        for bone in self.bones.values():
            self.children[bone.parent].append(bone.name)
            self._named[self.names[bone.name].side, self.names[bone.name].word].append(bone.name)

    def above(self, name: str) -> Iterator[str]:
        """All bones above this one, the nearest first."""
        parent = self.bones[name].parent
        while parent is not None:
            yield parent
            parent = self.bones[parent].parent

    def named(self, side: str, words: Iterable[str]) -> list[str]:
        """The bones of that side with one of these words, the likeliest first.

        The better word comes first, then bones that deform, then the lower number, then the bone further up.
        """
        return [name for word in words for name in sorted(self._named.get((side, word), ()), key=self._order)]

    def _order(self, name: str) -> tuple[bool, tuple[int, ...], int, str]:
        return not self.bones[name].deforms, self.names[name].numbers, len(list(self.above(name))), name

    def chain(self, first: str, most: int) -> list[str]:
        """`first` and the bones after it, always those that go on longest, at most so many."""
        found = [first]
        while len(found) < most and self.children[found[-1]]:
            found.append(max(self.children[found[-1]], key=lambda name: self._length(name, most)))
        return found

    def _length(self, name: str, most: int) -> int:
        return 1 + max((self._length(child, most - 1) for child in self.children[name] if most > 1), default=0)

    def places(self, bones: Mapping[str, str]) -> dict[str, np.ndarray]:
        """Where the joints of these bones are at rest."""
        return {joint: self.bones[bone].head for joint, bone in bones.items()}


def recognise(skeleton: Skeleton, known: Mapping[str, str] | None = None) -> BoneMap | None:
    """The person that these bones are, or None if they are none.

    known: bones that are sure, by names of `JOINTS`, as the VRM add-on knows them.
    """
    given = {joint: bone for joint, bone in (known or {}).items() if bone in skeleton.bones}
    best = BoneMap("", {}, 0.0)
    for convention, words in CONVENTIONS.items():
        found = _limbs(skeleton, words) | given
        if head := found.get("head") or _head(skeleton, found):
            found["head"] = head
        confidence = sum(joint in found for joint in ("head", *LIMB_JOINTS)) / (1 + len(LIMB_JOINTS))
        if confidence > best.confidence:
            best = BoneMap("VRM" if given else convention, found, confidence)
    if best.confidence < ENOUGH or not set(_NEEDED) <= set(best.bones) or not _is_upright(skeleton.places(best.bones)):
        return None
    ahead = _ahead(skeleton, best.bones)
    bones = {**_face(skeleton, best.bones, ahead), **_fingers(skeleton, best.bones), **best.bones}
    return BoneMap(best.convention, other_sides(bones) if ahead < 0 else bones, best.confidence)


def axes(places: Mapping[str, np.ndarray]) -> np.ndarray:
    """(3, 3): unit vectors to the left, forward and up of a person, in rows, from where shoulders and hips are."""
    shoulders, hips = (np.mean([places[f"{side}_{name}"] for side in SIDES], axis=0) for name in ("shoulder", "hip"))
    across = sum(places[f"left_{name}"] - places[f"right_{name}"] for name in ("shoulder", "hip"))
    up = unit(shoulders - hips)
    forward = unit(np.cross(across, up))
    return np.array([np.cross(up, forward), forward, up])


def unit(vector: np.ndarray) -> np.ndarray:
    """`vector` at length 1; one without a length stays 0."""
    length = float(np.linalg.norm(vector))
    return vector / length if length > 0 else np.zeros_like(vector)


def other_sides(named: Mapping[str, T]) -> dict[str, T]:
    """The same with the names of left and right changed over."""
    other = {"left": "right", "right": "left"}
    parts = {name: name.partition("_") for name in named}
    return {f"{other[side]}_{rest}" if rest else name: named[name] for name, (side, _, rest) in parts.items()}


def _limbs(skeleton: Skeleton, words: Convention) -> dict[str, str]:
    found: dict[str, str] = {}
    for side in SIDES:
        for limb in LIMBS:
            found |= {f"{side}_{joint}": bone for joint, bone in _limb(skeleton, side, limb, words).items()}
    return found


def _limb(skeleton: Skeleton, side: str, limb: tuple[str, ...], words: Convention) -> dict[str, str]:
    """The three bones of an arm or leg, found from the middle one, as far as they are there."""
    uppers, middles, lowers = (skeleton.named(side, getattr(words, joint)) for joint in limb)
    best: dict[str, str] = {}
    for at in middles:
        chain = list(skeleton.above(at))
        # Twist bones between have numbers; of two without, as collar bone and arm can be, the near one is the joint.
        upper = sorted(set(uppers) & set(chain), key=lambda n: (skeleton.names[n].numbers, chain.index(n)))
        below = [name for name in lowers if at in skeleton.above(name)]
        apart = [name for name in lowers if name != at and name not in chain]  # feet that legs reach for by IK
        found = dict(zip(limb, (upper[:1], [at], (below or apart)[:1]), strict=True))
        if sum(map(len, found.values())) > len(best):
            best = {joint: names[0] for joint, names in found.items() if names}
    return best


def _head(skeleton: Skeleton, found: Mapping[str, str]) -> str:
    """The head: called so, on the chest if there are several; else the last of the neck's bones; else nothing."""
    arms = [list(skeleton.above(found[f"{side}_shoulder"])) for side in SIDES if f"{side}_shoulder" in found]
    chest = [name for name in arms[0] if name in arms[-1]] if arms else []
    heads = skeleton.named("", HEAD)
    if heads:
        return max(heads, key=lambda name: len(set(chest) & set(skeleton.above(name))))
    neck = chest[:1]
    while rising := [n for n in skeleton.children[neck[-1]] if skeleton.names[n].word in NECK] if neck else []:
        neck.append(rising[0])
    return neck[-1] if len(neck) > 1 else ""


def _is_upright(places: Mapping[str, np.ndarray]) -> bool:
    """Whether spine and legs point away from each other."""
    hips, neck, knees = (
        np.mean([places[f"{side}_{name}"] for side in SIDES], axis=0) for name in ("hip", "shoulder", "knee")
    )
    return bool(unit(neck - hips) @ unit(knees - hips) < _UPRIGHT)


def _ahead(skeleton: Skeleton, found: Mapping[str, str]) -> int:
    """1, or -1 where feet, knees and elbows say that what the names of the sides make the front is the back."""
    places = skeleton.places(found)
    forward = axes(places)[1]
    votes = 0.0
    for side in SIDES:
        if ankle := found.get(f"{side}_ankle"):
            toes = [name for name in skeleton.named(side, TOES) if ankle in skeleton.above(name)]
            foot = (skeleton.bones[toes[0]].head if toes else skeleton.bones[ankle].tail) - places[f"{side}_ankle"]
            votes += float(unit(foot) @ forward)
        for limb, sign in zip(LIMBS, (-1, 1), strict=True):
            upper, bend, lower = (places.get(f"{side}_{name}") for name in limb)
            if upper is not None and bend is not None and lower is not None:
                along = unit(lower - upper)
                aside = (bend - upper) - ((bend - upper) @ along) * along
                votes += sign * float(np.clip(20 * (aside @ forward) / np.linalg.norm(lower - upper), -1, 1))
    return -1 if votes < -1.0 else 1


def _face(skeleton: Skeleton, found: Mapping[str, str], ahead: int) -> dict[str, str]:
    """Nose, eyes and ears where they are bones on the head: the nose is the foremost of its bones, the others the
    nearest, as rigs have targets to look at in front of the face."""
    if "head" not in found:
        return {}
    head = skeleton.bones[found["head"]]
    size = float(np.linalg.norm(head.tail - head.head))
    forward = axes(skeleton.places(found))[1] * ahead
    face = {}
    for side, name in (("", "nose"), *((side, name) for side in SIDES for name in ("eye", "ear"))):
        named = {n: skeleton.bones[n].head - head.head for n in skeleton.named(side, FACE[name])}
        on = [n for n in named if head.name in skeleton.above(n) or np.linalg.norm(named[n]) < 1.2 * size]
        if on and side:
            face[f"{side}_{name}"] = min(on, key=lambda n: float(np.linalg.norm(named[n])))
        elif on:
            face[name] = max(on, key=lambda n: float(named[n] @ forward))
    return face


def _fingers(skeleton: Skeleton, found: Mapping[str, str]) -> dict[str, str]:
    """The first bone of each finger of a hand, if it has two fingers at least of two bones at least."""
    fingers: dict[str, str] = {}
    for side in SIDES:
        arm = found.get(f"{side}_elbow", "")
        below = [n for n in skeleton.bones if skeleton.names[n].side == side and arm in skeleton.above(n)]
        below.sort(key=lambda n: (not skeleton.bones[n].deforms, len(list(skeleton.above(n))), n))
        hand: dict[str, str] = {}
        for name in below:
            if (one := finger(skeleton.names[name])) and len(skeleton.chain(name, 2)) == 2:
                hand.setdefault(f"{side}_{one}", name)
        fingers |= hand if len(hand) > 1 else {}
    return fingers
