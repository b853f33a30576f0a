"""Prompts without the signs that A1111 and Deforum give a meaning and that a text encoder would take for words.

The signs: https://github.com/AUTOMATIC1111/stable-diffusion-webui/wiki/Features (attention, prompt editing, LoRA) and
https://github.com/deforum-art/sd-webui-deforum/wiki (formulas in backticks as weights).
"""

import re
from dataclasses import dataclass

_NETWORK = re.compile(r"<(lora|lyco|hypernet):([^:<>]*):?([^:<>]*)[^<>]*>", re.IGNORECASE)
_EDITED = re.compile(r"\[[^][:|]*:([^][:|]*):[\d. ]*\]")  # [from:to:when]
_ALTERNATING = re.compile(r"\[([^][|]*)\|[^][]*\]")  # [one|other]
_WEIGHT = re.compile(r":\s?(?:[-+]?[\d.]+|`[^`]*`)\s?\)")
_BRACKET = re.compile(r"(?<!\\)[][()]")
_ESCAPED = re.compile(r"\\([][()])")


@dataclass(frozen=True)
class Plain:
    """A prompt in words.

    weighted: whether some had weights. changing: whether some came and went. loras: named, with their
    weights as they are written. networks: named, of other kinds.
    """

    text: str
    weighted: bool
    changing: bool
    loras: tuple[tuple[str, str], ...]
    networks: tuple[str, ...]


def plain(prompt: str) -> Plain:
    """The words of `prompt`."""
    named = _NETWORK.findall(prompt)
    loras = tuple((name, weight) for kind, name, weight in named if kind.lower() == "lora")
    networks = tuple(name for kind, name, _ in named if kind.lower() != "lora")
    text, edited = _EDITED.subn(r"\1", _NETWORK.sub("", prompt))
    text, alternating = _ALTERNATING.subn(r"\1", text)
    text, weighted = _BRACKET.subn("", _WEIGHT.sub(")", text))
    parts = (" ".join(part.split()) for part in _ESCAPED.sub(r"\1", text).split(","))
    return Plain(", ".join(filter(None, parts)), weighted > 0, edited + alternating > 0, loras, networks)
