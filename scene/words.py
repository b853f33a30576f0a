"""What a model says of the words in a prompt while it is written."""

from functools import lru_cache
from pathlib import Path

import bpy

from ..backend.errors import ModelError
from ..backend.models.choice import model_path
from ..backend.words import Words


def notice(model: str, *prompts: str) -> str:
    """A sentence about the words of `prompts` that the model of this setting does not know; empty for nothing."""
    path = model_path(bpy.path.abspath(model.strip()))
    words = _words(path)
    return words.notice(path.name, *prompts) if words else ""


@lru_cache(maxsize=8)
def _words(path: Path) -> Words | None:
    # The panel asks at every redraw.
    try:
        return Words.of_model(path)
    except (ModelError, OSError):  # said when it is to paint
        return None
