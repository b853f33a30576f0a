"""Settings of other programs as settings of a take: the text below a picture of A1111, and Deforum's settings files."""

import json
from typing import Any

from ..settings_file import is_settings, parse_settings
from ..take import TakeSettings, bad_settings
from . import deforum, infotext
from .draft import Draft, Translation

MAX_PASTE = 500_000  # characters; Deforum's files have some 15 000


def translate(text: str, base: TakeSettings, first: int = 0) -> Translation:
    """What `text` says in the words of `base`, which stays where it says nothing.

    text: A1111's generation parameters, the JSON of a Deforum settings file, or that of Flowbrush's own. first: the
    frame of the shot that another program's frame 0 becomes. Raises SettingsError for any other text, and for what is
    senseless.
    """
    if len(text) > MAX_PASTE:
        raise bad_settings(f"the text is longer than {MAX_PASTE} characters")
    text = text.strip()
    document = _object(text) if text.startswith("{") else {}
    if is_settings(document):
        settings, notes = parse_settings(document, "the pasted text")
        return Translation("Flowbrush", settings, {"all": "all"}, tuple(notes))
    if deforum.recognised(document):
        return deforum.translate(document, Draft(base, "Deforum", first))
    if infotext.recognised(text):
        return infotext.translate(text, Draft(base, "A1111"))
    raise bad_settings(
        "the text is neither of A1111 nor of Deforum nor of Flowbrush; copy what stands below a picture in A1111, or "
        "all of a settings file"
    )


def _object(text: str) -> dict[str, Any]:
    """The JSON object that `text` is; empty for anything else."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}
