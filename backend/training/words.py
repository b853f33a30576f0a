"""The words that the starter model knows beside a style's name, and what they ask for."""

import random
from dataclasses import dataclass, fields

STYLES: dict[str, tuple[str, ...]] = {
    "ink": ("ink",),
    "cel": ("cel", "anime"),
    "hatching": ("hatching", "pencil", "sketch"),
    "watercolour": ("watercolour", "watercolor"),
    "gouache": ("gouache", "oil"),
}
"""Style to the words that name it, the usual one first."""

TINTS = (
    "red", "orange", "yellow", "golden", "green", "blue", "violet", "purple", "pink", "brown", "sepia", "grey",
    "monochrome",
)  # fmt: skip
FILLERS = (
    "a", "an", "the", "of", "in", "on", "with", "and", "at", "lines", "line", "ground", "colours", "colors",
    "drawing", "painting", "illustration", "picture", "style",
)  # fmt: skip
"""Known words that change nothing."""


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
    **dict.fromkeys(("light", "bright"), ("tone", 1.0)),
    "dark": ("tone", -1.0),
    "warm": ("warmth", 1.0),
    **dict.fromkeys(("cold", "cool"), ("warmth", -1.0)),
    **dict.fromkeys(("thick", "bold"), ("line", 1.0)),
    **dict.fromkeys(("thin", "fine"), ("line", -1.0)),
    "paper": ("ground", 1.0),
    "plain": ("ground", -1.0),
    **{tint: ("tint", tint) for tint in TINTS},
    "gray": ("tint", "grey"),
}
"""Word to the property of `Manner` that it sets, and the value."""

KNOWN = tuple(dict.fromkeys((*(word for words in STYLES.values() for word in words), *WISHES, *FILLERS)))
"""Every word with a meaning, each once."""

_STYLE_OF = {word: style for style, words in STYLES.items() for word in words}
_NOUNS = {"tone": "colours colors", "warmth": "colours colors", "line": "line lines", "ground": "ground"}
_NOUNS["tint"] = _NOUNS["tone"]
_KINDS = ("drawing", "painting", "illustration", "picture", "style")
_NAMES = tuple(one.name for one in fields(Manner))


def random_manner(dice: random.Random) -> Manner:
    """Neutral half of the time, else with one to three wishes."""
    if dice.random() < 0.5:
        return Manner()
    wishes: dict[str, float | str] = {}
    for name in dice.sample(_NAMES, dice.choice((1, 1, 1, 2, 2, 3))):
        wishes[name] = dice.choice(TINTS) if name == "tint" else dice.choice((-1.0, 1.0))
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
    style, unknown = "", []
    wishes: dict[str, float | str] = {}
    for word in "".join(letter if letter.isalnum() else " " for letter in prompt.lower()).split():
        if word in _STYLE_OF:
            style = _STYLE_OF[word]
        elif word in WISHES:
            name, value = WISHES[word]
            wishes[name] = value
        elif word not in FILLERS:
            unknown.append(word)
    return style, Manner(**wishes), unknown  # type: ignore[arg-type]
