"""The words that the starter model knows, and its tokenizer: one token for each of them, letters for all else."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from ..words import Words

if TYPE_CHECKING:
    from transformers import CLIPTokenizer

STYLES = {
    "ink": ("ink",),
    "cel": ("cel", "anime"),
    "hatching": ("hatching", "pencil", "sketch"),
    "watercolour": ("watercolour", "watercolor"),
    "gouache": ("gouache", "oil"),
}
"""How each style may be called."""

TONES = {"light": 1.0, "bright": 1.0, "dark": -1.0}
WARMTHS = {"warm": 1.0, "cold": -1.0, "cool": -1.0}
LINES = {"thick": 1.0, "bold": 1.0, "thin": -1.0, "fine": -1.0}
GROUNDS = {"paper": 1.0, "plain": -1.0}
TINTS = (
    "red", "orange", "yellow", "golden", "green", "blue", "violet", "purple", "pink", "brown", "sepia", "grey", "gray",
    "monochrome",
)  # fmt: skip

FILLERS = (
    "a", "an", "the", "of", "in", "on", "with", "and", "at", "lines", "line", "ground", "colours", "colors", "drawing",
    "painting", "illustration", "picture", "style",
)  # fmt: skip
"""Words that change nothing, so that a sentence can be written with the others."""

CHANGING: tuple[str, ...] = (*chain.from_iterable(STYLES.values()), *TONES, *WARMTHS, *LINES, *GROUNDS, *TINTS)
"""The words that change the picture."""

KNOWN: tuple[str, ...] = (*CHANGING, *FILLERS)

WORDS = Words(CHANGING, FILLERS)
"""As the model's folder tells them to whoever writes prompts."""

TOKENS = 20
"""That the model reads, with the marks of start and end. With CLIP's 77, nearly all would be padding."""

START, END = "<|startoftext|>", "<|endoftext|>"


def new_tokenizer() -> CLIPTokenizer:
    """A tokenizer in CLIP's form that reads every word of `KNOWN` as one token, and all else by its bytes.

    Known words are added tokens and not merges: merges do not see where a word begins, and "blink" would hold "ink".
    """
    from transformers import AddedToken, CLIPTokenizer

    letters = _byte_letters()
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), START, END]
    tokenizer = CLIPTokenizer(
        vocab={piece: number for number, piece in enumerate(pieces)}, merges=[], model_max_length=TOKENS
    )
    # Normalized, so that capitals are the same words.
    tokenizer.add_tokens([AddedToken(word, single_word=True, normalized=True) for word in KNOWN])
    return tokenizer


def _byte_letters() -> list[str]:
    """The 256 printable characters that stand for bytes, in the order of GPT-2's and CLIP's vocabularies."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [chr(byte) for byte in plain] + [chr(256 + place) for place in range(256 - len(plain))]
