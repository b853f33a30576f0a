"""Under which licence a model may be used, as far as its files say."""

import json
import re
from pathlib import Path

from .choice import MAX_HEADER

MAX_CARD = 1_000_000
_FRONT = re.compile(r"\A---\s*\n(.*?)\n---\s*(\n|\Z)", re.DOTALL)
_FIELDS = re.compile(r"^(license_name|license)[ \t]*:[ \t]*(\S.*?)[ \t]*$", re.MULTILINE)
_KEYS = ("modelspec.license", "license")


def licence_of(path: Path) -> str:
    """What the model at `path` says of its licence; empty where it says nothing, or is not there.

    Of a folder: the field `license` in front of its README.md (Hugging Face's model card). Of a safetensors file: the
    field `modelspec.license` of its metadata (Stability AI's ModelSpec).
    """
    try:
        return _of_folder(path / "README.md") if path.is_dir() else _of_file(path)
    except (OSError, ValueError, RecursionError):
        return ""


def _of_folder(card: Path) -> str:
    if not card.is_file() or card.stat().st_size > MAX_CARD:
        return ""
    front = _FRONT.match(card.read_text("utf-8"))
    fields = dict(_FIELDS.findall(front[1])) if front else {}
    # The hub's word for a licence that is not on its list is 'other'; its name then has a field of its own.
    return (fields.get("license_name") or fields.get("license", "")).strip("\"'")


def _of_file(path: Path) -> str:
    if path.suffix != ".safetensors":
        return ""
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length)) if length <= MAX_HEADER else {}
    metadata = header.get("__metadata__") if isinstance(header, dict) else None
    given = [metadata.get(key) for key in _KEYS] if isinstance(metadata, dict) else []
    return next((text for text in given if isinstance(text, str) and text), "")
