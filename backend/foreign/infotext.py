"""A1111's generation parameters: the text below a picture, and in its file.

    a fox, ink
    Negative prompt: blurry
    Steps: 20, Sampler: Euler a, CFG scale: 7, Seed: 965400086, Size: 512x512, ControlNet 0: "Module: canny, Weight: 1"

Values with a comma, a colon or a line's end are JSON strings. Read as modules/infotext_utils.py of
https://github.com/AUTOMATIC1111/stable-diffusion-webui and scripts/infotext.py of
https://github.com/Mikubill/sd-webui-controlnet write it; sites that show pictures often join the lines.
"""

import json
import re

from .draft import Draft, Translation, number, short

_PARAMETERS = re.compile(r"\bSteps:\s?\d")
_NEGATIVE = "Negative prompt:"
_UNIT = re.compile(r"ControlNet \d+")
_END = re.compile(r"[,\n]")
_NAME = re.compile(r"[\w /+-]{1,60}")
_DECODER = json.JSONDecoder()


def recognised(text: str) -> bool:
    """Whether `text` is such a text; a prompt alone could be anything."""
    return _NEGATIVE in text or _PARAMETERS.search(text) is not None


def translate(text: str, draft: Draft) -> Translation:
    """Into `draft`. Raises SettingsError for what is senseless."""
    starts = [match.start() for match in _PARAMETERS.finditer(text)]
    start = starts[-1] if starts else len(text)
    prompt, _, negative = text[:start].partition(_NEGATIVE)
    fields = _fields(text[start:])
    draft.prompts(prompt, negative)
    for name, take in (
        ("Steps", draft.steps),
        ("CFG scale", draft.guidance),
        ("Seed", draft.seed),
        ("Denoising strength", draft.strength),
    ):
        if name in fields:
            take(number(fields.pop(name)))
    if "Sampler" in fields:
        draft.scheduler(fields.pop("Sampler"), fields.pop("Schedule type", ""))
    if "Size" in fields:
        draft.note(f"The size {short(fields.pop('Size'))} is left out: pictures are as large as the scene renders them")
    if "Model" in fields:
        draft.note(f"The model {short(fields.pop('Model'))} is not looked for: choose it in the panel Model")
    for name in [name for name in fields if _UNIT.fullmatch(name)]:
        unit = _fields(fields.pop(name))
        scale, first, last = (unit.get(key) for key in ("Weight", "Guidance Start", "Guidance End"))
        draft.control(unit.get("Module", ""), unit.get("Model", ""), number(scale), number(first), number(last))
    draft.left_out([f"{name} {value}" for name, value in fields.items()])
    return draft.translation()


def _fields(text: str) -> dict[str, str]:
    """The values by their names; a value ends at a comma or a line's end, or where its JSON ends."""
    found: dict[str, str] = {}
    position = 0
    while (colon := text.find(":", position)) >= 0:
        name = text[position:colon].replace("\n", ",").rpartition(",")[2].strip()
        begin = colon + 1
        while begin < len(text) and text[begin] == " ":
            begin += 1
        value, end = _value(text, begin)
        if _NAME.fullmatch(name):
            found.setdefault(name, value)
        position = end
    return found


def _value(text: str, begin: int) -> tuple[str, int]:
    """A value that starts at `begin`, and where it ends."""
    if text[begin : begin + 1] == '"':
        try:
            return _DECODER.raw_decode(text, begin)
        except ValueError:
            pass  # a quotation mark like any other sign
    found = _END.search(text, begin)
    end = found.start() if found else len(text)
    return text[begin:end].strip(), end
