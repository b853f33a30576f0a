"""What the words of the starter model ask for (`vocabulary` lists them), and prompts that ask for it."""

import random
from dataclasses import dataclass, fields

from .vocabulary import FILLERS, GROUNDS, LINES, STYLES, TONES, WARMTHS, WORDS
from .vocabulary import TINTS as TINT_WORDS

TINTS = tuple(word for word in TINT_WORDS if word != "gray")
"""The tints there are, by name; gray is grey."""


@dataclass(frozen=True)
class Manner:
    """How a style is to be painted; all neutral as it comes.

    tone -1 dark..1 light; warmth -1 cold..1 warm; line -1 thin..1 thick; ground -1 plain, 0 the style's own, 1 paper;
    tint is "" or one of `TINTS`.
    """

    tone: float = 0.0
    warmth: float = 0.0
    line: float = 0.0
    ground: float = 0.0
    tint: str = ""


WISHES: dict[str, tuple[str, float | str]] = {
    **{word: ("tone", value) for word, value in TONES.items()},
    **{word: ("warmth", value) for word, value in WARMTHS.items()},
    **{word: ("line", value) for word, value in LINES.items()},
    **{word: ("ground", value) for word, value in GROUNDS.items()},
    **{tint: ("tint", tint) for tint in TINTS},
    "gray": ("tint", "grey"),
}
"""Word to the property of `Manner` that it sets, and the value."""

_STYLE_OF = {word: style for style, words in STYLES.items() for word in words}
_NOUNS = {"tone": "colours colors", "warmth": "colours colors", "line": "line lines", "ground": "ground"}
_NOUNS["tint"] = _NOUNS["tone"]
_KINDS = ("drawing", "painting", "illustration", "picture", "style")
_NAMES = tuple(one.name for one in fields(Manner))


def random_manner(dice: random.Random) -> Manner:
    """Neutral half of the time, else with one to three wishes; the ground, which is seldom seen, is wished for most."""
    if dice.random() < 0.5:
        return Manner()
    wishes: dict[str, float | str] = {}
    for name in dice.sample(_NAMES, dice.choice((1, 1, 1, 2, 2, 3))):
        wishes[name] = dice.choice(TINTS) if name == "tint" else dice.choice((-1.0, 1.0))
    if dice.random() < 0.4:
        wishes["ground"] = dice.choice((-1.0, 1.0))
    return Manner(**wishes)  # type: ignore[arg-type]


def prompt_of(style: str, manner: Manner, dice: random.Random) -> str:
    """A random phrase that asks for the style in this manner; `manner_of` reads it back.

    Values between -1, 0 and 1 have no words: the nearest of these is said.
    """
    phrases = [dice.choice((word, f"{word} {dice.choice(_KINDS)}")) for word in (dice.choice(STYLES[style]),)]
    for name in _NAMES:
        value = getattr(manner, name)
        value = value if name == "tint" else float(round(value))
        if value:
            word = dice.choice([one for one, wish in WISHES.items() if wish == (name, value)])
            phrases.append(dice.choice((word, f"{word} {dice.choice(_NOUNS[name].split())}")))
    dice.shuffle(phrases)
    words = dice.choice((" ", " ", ", ", " with ", " and ")).join(phrases).split(" ")
    for _ in range(dice.choice((0, 0, 0, 1, 2))):
        words.insert(dice.randint(0, len(words)), dice.choice(FILLERS))
    return " ".join(words)


def manner_of(prompt: str) -> tuple[str, Manner, list[str]]:
    """What a prompt asks for: the style ("" if it names none), the manner, and the unknown words in their order.

    Of several words for the same thing the last counts.
    """
    style = ""
    wishes: dict[str, float | str] = {}
    for word in WORDS.understood(prompt).split():
        if word in _STYLE_OF:
            style = _STYLE_OF[word]
        elif word in WISHES:
            name, value = WISHES[word]
            wishes[name] = value
    return style, Manner(**wishes), list(WORDS.unknown(prompt))  # type: ignore[arg-type]
