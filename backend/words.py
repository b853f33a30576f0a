"""Which words a model knows, where it knows only some: its folder then holds `words.json`, as `Words.write` makes it.

Such a model is given the words that it knows and nothing else, so that all others truly change nothing.
"""

import re
import unicodedata
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

from .errors import Code, FlowbrushError, ModelError
from .parsing import Fields
from .storage import read_json, write_json

FILE = "words.json"
MAX_FILE = 1_000_000
MAX_WORDS = 10_000
NAMED = 8  # unknown words in one sentence
_WORD = re.compile(r"\w+(?:['’]\w+)*")


@dataclass(frozen=True)
class Words:
    """The words of a model, in small letters. changing: those that change the picture. fillers: those that do not."""

    changing: tuple[str, ...]
    fillers: tuple[str, ...]

    @staticmethod
    def of_model(folder: Path) -> "Words | None":
        """Of the model in `folder`; None for one that says nothing of its words. Raises ModelError (BAD_MODEL)."""
        if not (folder / FILE).is_file():
            return None
        given = Fields(read_json(folder / FILE, MAX_FILE, _bad), str(folder / FILE), _bad)
        return Words(given.texts("changing", MAX_WORDS), given.texts("fillers", MAX_WORDS))

    def write(self, folder: Path) -> None:
        """Into the model's folder. Raises StorageError."""
        write_json(folder / FILE, asdict(self))

    @cached_property
    def known(self) -> frozenset[str]:
        """All of them."""
        return frozenset((*self.changing, *self.fillers))

    def understood(self, text: str) -> str:
        """The known words of `text`, in their order."""
        return " ".join(word for word in _words(text) if word in self.known)

    def unknown(self, *texts: str) -> tuple[str, ...]:
        """The words of `texts` that are not known, each once, in small letters; numbers are no words."""
        words = (word for text in texts for word in _words(text) if any(sign.isalpha() for sign in word))
        return tuple(dict.fromkeys(word for word in words if word not in self.known))

    def notice(self, model: str, *texts: str) -> str:
        """A sentence for the user about what `model` does not know of its prompts; empty where it knows all."""
        unknown = self.unknown(*texts)
        if not unknown:
            return ""
        named = ", ".join(f'"{word}"' for word in unknown[:NAMED])
        more = f" and {len(unknown) - NAMED} more" if len(unknown) > NAMED else ""
        nothing = "they change nothing" if len(unknown) > 1 else "it changes nothing"
        return f"The model {model} does not know {named}{more}: {nothing}. It knows {', '.join(self.changing)}"


def _words(text: str) -> list[str]:
    return _WORD.findall(unicodedata.normalize("NFC", text).lower())


def _bad(reason: str) -> FlowbrushError:
    return ModelError(Code.BAD_MODEL, f"This model cannot be used: {reason}")
