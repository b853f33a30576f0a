"""What programs and people call the bones of a person, and how such names are read.

Names are read the same way whoever gave them: prefixes, separators, capitals and the sign for the side are taken off,
which leaves a word ("mixamorig:LeftForeArm", "DEF-forearm.L" and "l_forearm" are all the left "forearm").
"""

import re
import unicodedata
from dataclasses import dataclass, fields

SIDES = ("right", "left")
LIMBS = (("shoulder", "elbow", "wrist"), ("hip", "knee", "ankle"))


@dataclass(frozen=True)
class BoneName:
    """A bone's name in parts: `left`, `right` or nothing, the word, and the digits after it."""

    side: str
    word: str
    digits: tuple[str, ...]

    @property
    def numbers(self) -> tuple[int, ...]:
        """The digits as numbers."""
        return tuple(map(int, self.digits))


@dataclass(frozen=True)
class Convention:
    """What somebody calls the bones that begin at these joints; the better word first."""

    shoulder: tuple[str, ...]
    elbow: tuple[str, ...]
    wrist: tuple[str, ...]
    hip: tuple[str, ...]
    knee: tuple[str, ...]
    ankle: tuple[str, ...]


def _words(text: str) -> Convention:
    return Convention(*(tuple(words.split("|")) for words in text.split()))


# In each: shoulder, elbow, wrist, hip, knee, ankle.
CONVENTIONS = {
    "Rigify": _words("upperarm forearm hand thigh shin foot"),
    "Mixamo": _words("arm forearm hand upleg leg foot"),
    "Rokoko": _words("arm forearm hand thigh shin foot"),
    "MakeHuman": _words("upperarm lowerarm wrist upperleg lowerleg foot"),
    "VRM": _words("upperarm lowerarm hand upperleg lowerleg foot"),
    "Unreal": _words("upperarm lowerarm hand thigh calf foot"),
    "3ds Max Biped": _words("upperarm forearm hand thigh calf foot"),
    "MMD": _words("腕 ひじ 手首 足 ひざ 足首"),
    "MMD, English": _words("arm elbow wrist leg knee ankle"),
    "CMU": _words("humerus radius wrist|hand femur tibia foot"),
    "BVH": _words("shoulder elbow wrist hip knee ankle"),
    "Daz": _words("shldrbend|shldr forearmbend|forearm hand thighbend|thigh shin foot"),
    "Auto-Rig Pro": _words("armstretch forearmstretch hand thighstretch legstretch foot"),
    "mixed names": _words(
        "upperarm|uparm|armupper|arm|humerus|shoulder|shldr|腕 "
        "forearm|lowerarm|lowarm|armlower|elbow|radius|ひじ|肘 "
        "wrist|hand|palm|手首 "
        "upperleg|upleg|thigh|legupper|femur|hip|leg|足 "
        "lowerleg|lowleg|leglower|shin|calf|knee|tibia|leg|ひざ|膝 "
        "foot|ankle|足首"
    ),
}
HEAD = ("head", "頭")
NECK = ("neck", "spine", "首")
FACE = {"nose": ("nose", "鼻"), "eye": ("eye", "eyeball", "faceeye", "目"), "ear": ("ear", "耳")}
TOES = ("toe", "toes", "toebase", "ball", "つま先")
FINGERS = {
    "thumb": ("thumb", "handthumb", "親指"),
    "index": ("index", "handindex", "findex", "indexfinger", "fore", "人指", "人差指"),
    "middle": ("middle", "handmiddle", "fmiddle", "middlefinger", "mid", "中指"),
    "ring": ("ring", "handring", "fring", "ringfinger", "third", "薬指"),
    "little": ("little", "handpinky", "fpinky", "littlefinger", "pinky", "小指"),
}
_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_SIDE = {"l": "left", "left": "left", "lft": "left", "r": "right", "right": "right", "rgt": "right"}
# Letters that say who made a rig, not what a bone is; the second kind only in front of everything else.
_NOISE = {"mixamorig", "bip", "biped", "valve", "c", "x", "cc", "base", "adj", "bone", "jnt", "joint", "jt"}
_NOISE_BEFORE = {"def", "org", "j", "b", "bn", "sk", "skel", "rig"}
_PHALANX = re.compile("(metacarpal|proximal|intermediate|medial|distal|tip)$")
_KNOWN = {
    *(word for words in CONVENTIONS.values() for field in fields(words) for word in getattr(words, field.name)),
    *(word for table in (FINGERS, FACE) for words in table.values() for word in words),
    *TOES,
}


def read_name(name: str) -> BoneName:
    """Takes a bone's name apart. Full width and half width letters are the same; a name space is left out."""
    text = re.split(r"[:|]", unicodedata.normalize("NFKC", name))[-1]
    text = text.replace("左", " left ").replace("右", " right ")
    side = ""
    words: list[str] = []
    digits: list[str] = []
    for token in _TOKEN.findall(text):
        lower = token.lower()
        if lower in _SIDE and not side:
            side = _SIDE[lower]
        elif lower.isdigit():
            digits += [lower] if words else []
        elif lower not in _NOISE and (words or lower not in _NOISE_BEFORE):
            words.append(lower)
    word = "".join(words)
    if not side:
        for letters in _SIDE:
            if word not in _KNOWN and (rest := word.removeprefix(letters)) in _KNOWN and rest != word:
                return BoneName(_SIDE[letters], rest, tuple(digits))
    return BoneName(side, word, tuple(digits))


def finger(name: BoneName) -> str:
    """Which of `FINGERS` a bone is part of; empty for none, as for the bones in the palm."""
    word = _PHALANX.sub("", name.word)
    one = next((one for one, words in FINGERS.items() if word in words), "")
    if word == "finger" and name.digits:
        # Rokoko counts from 1 and says which part; Biped's Finger02 is the third part of the thumb, Finger0.
        number = name.numbers[0] - 1 if name.word != word else int(name.digits[0][0])
        one = tuple(FINGERS)[number] if 0 <= number < len(FINGERS) else ""
    return "" if name.word.endswith("metacarpal") and one != "thumb" else one
