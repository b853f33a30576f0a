"""A settings file: how a take is painted, to be painted so again in another scene or on another machine.

`look.flowbrush` is JSON: {"format": "flowbrush-settings", "version": 1, "settings": {...}}, the settings as take.json
has them, without those of MACHINE_BOUND. A model that is a folder or file stays named, so that it can be looked for.
"""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from .additions import EmbeddingSettings, LoraSettings
from .parsing import Fields
from .storage import read_json, write_json
from .take import ControlSettings, RegionSettings, TakeSettings, bad_settings

ENDING = ".flowbrush"
FORMAT = "flowbrush-settings"
VERSION = 1
MAX_FILE = 1_000_000
# What a machine or one take decides, and what nobody may decide for somebody else: to load weights that can run code.
MACHINE_BOUND = ("device", "precision", "frames", "allow_pickle")
_PARTS = {
    "controls": ControlSettings,
    "regions": RegionSettings,
    "loras": LoraSettings,
    "embeddings": EmbeddingSettings,
}
_NAMED = 8  # left out settings in one sentence


def portable(settings: TakeSettings) -> TakeSettings:
    """`settings` with the defaults of MACHINE_BOUND."""
    default = TakeSettings()
    return replace(settings, **{name: getattr(default, name) for name in MACHINE_BOUND})


def write_settings(path: Path, settings: TakeSettings) -> None:
    """Writes what of `settings` another machine can use. Raises StorageError."""
    document = {name: value for name, value in settings.document().items() if name not in MACHINE_BOUND}
    write_json(path, {"format": FORMAT, "version": VERSION, "settings": document})


def read_settings(path: Path) -> tuple[TakeSettings, list[str]]:
    """The settings in a file, and a sentence on what of it is left out. Raises SettingsError."""
    return parse_settings(read_json(path, MAX_FILE, bad_settings), path.name)


def is_settings(document: dict[str, Any]) -> bool:
    """Whether `document` says that it is what `write_settings` writes."""
    return document.get("format") == FORMAT


def parse_settings(document: dict[str, Any], where: str) -> tuple[TakeSettings, list[str]]:
    """As `read_settings`, from a file's content; `where` names it."""
    given = Fields(document, where, bad_settings)
    if not is_settings(document):
        raise bad_settings(f"{where} is not a settings file of Flowbrush")
    if given.integer("version", 0, 1_000_000) > VERSION:
        raise bad_settings(f"{where} was written by a newer Flowbrush: update this one")
    left_out: list[str] = []
    known = _known(given.mapping("settings"), TakeSettings, left_out)
    for name, kind in _PARTS.items():
        if isinstance(parts := known.get(name), list):
            known[name] = [_known(part, kind, left_out) if isinstance(part, dict) else part for part in parts]
    settings = TakeSettings.parse(known, where)
    return settings, [_sentence(left_out)] if left_out else []


def _known(document: dict[str, Any], kind: type, left_out: list[str]) -> dict[str, Any]:
    """The fields of `document` that `kind` has and a file may set; the names of the others go to `left_out`."""
    names = {field.name for field in fields(kind)} - set(MACHINE_BOUND)
    left_out += [name for name in document if name not in names]
    return {name: value for name, value in document.items() if name in names}


def _sentence(left_out: list[str]) -> str:
    names = sorted({name[:40].encode("utf-8", "replace").decode() for name in left_out})
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return f"Left out, because this version takes no such settings from a file: {', '.join(names[:_NAMED])}{more}"
