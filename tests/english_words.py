"""The English sentences of Flowbrush that a user reads, collected from its source; those with holes as templates."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

from flowbrush.backend.take import load_styles
from flowbrush.scene.bone_names import FINGERS, LIMBS, SIDES

INTERFACE = ("panels", "operators", "properties", "preferences.py", "settings.py", "backend_state.py")
ROOMS = ("backend", "scene")  # of these only what their errors say
KINDS = ("model", "lora", "embedding", "vae")  # of the catalogue's entries; the others come with these
SILENT = ("backend/training/", "backend/quality/", "backend/__main__.py", "scene/__main__.py", "__main__.py")
SPOKEN = (  # all that they say
    "backend/pace.py",
    "backend/worker.py",
    "backend/words.py",
    "backend/installing/install.py",
    "backend/installing/variants.py",
    "backend/installing/progress.py",
    "backend/models/download.py",
    "backend/foreign/deforum.py",
    "backend/foreign/draft.py",
    "backend/foreign/infotext.py",
)
# What is not read as English: names, code, and what Blender says by itself
NAMES = frozenset(
    (
        "Flowbrush",
        "IP-Adapter",
        "LoRA",
        "ControlNet",
        "UniPC",
        "Euler",
        "OpenPose",
        "OpenCV",
        "OpenEXR",
        "FlowbrushSettings",
        "FlowbrushRegion",
        "FlowbrushTake",
        "Non-Color",
        "Apache-2.0",
        "BSD-3-Clause",
        "Canny",
        "None",
    )
)

UNSAID = frozenset(  # what is looked for in another program's output, stands in files, or is no language
    (
        "Scripts",
        "Lib",
        "Include",
        "Accept-Encoding",
        "blob {0}\0",
        "The request",
        "{0} cores",
        "Apple GPU",
        "'frames' must be a first and a last frame",
        "Flowbrush  {0}  {1}    Esc: {2}",
        "Resolved ",
        "Prepared ",
        "Painted ",
        "not ",
        "take 1",
        "hero & !sword",
        "diffusers, transformers",
        "PyTorch, SciPy, NumPy",
        "BSD-3-Clause, GPL-2.0-or-later",
        "MIT or Apache-2.0",
        "{0} in {1}",
        "euler a",
        "dpm++ 2m karras",
        "dpm++ 2m automatic",
        "Negative prompt:",
        "ControlNet \\d+",
        "Sampler",
        "Size",
        "CFG scale",
        "Denoising strength",
        "Schedule type",
        "Module",
        "Guidance Start",
        "Guidance End",
        "{0}, {1}, {2} in the segmentation",
        "Apple Metal",
        "DDIM Trailing",
        "DPM++ 2M Karras",
        "chosen = bpy.context.scene.flowbrush",
    )
)

# Built of parts or of names in the code, or one word between others
ALSO = (
    "1 Frame",
    "{0} Frames",
    "{0} frames/s",
    "{0} s a frame",
    "{0} keyframes/s",
    "{0} s a keyframe",
    "{0} s",
    "Up",
    "Keyframe",
    "downloaded",
    "object",
    "collection",
    "material",
    "embedding",
    "object, collection or material",
    "object with the custom property",
    "object whose property {0} is",
    "did you mean {0}?",
    "look at the names in the Outliner",
    "an object",
    "a collection",
    "a material",
    "{0} is both {1} and {2}: the {3} is meant, or say {4}",
    "a name is missing",
    "this quote is not closed",
    "'&' or '|' is missing",
    "this ')' closes nothing",
    "the '(' at character {0} is not closed",
    "more than {0} signs within each other",
    "at character {0}, '{1}',",
    "at its end",
    "Cancelled; finished frames are kept",
    "has other settings or another model",
    "is of another capture, and was made by a Flowbrush that did not note which frames that concerns",
    *(name.replace("_", " ").title() for name in load_styles()),
    *(f"{side} {name}".title() for side in SIDES for name in ("eye", "ear", *sum(LIMBS, ()), *FINGERS)),
    "Head",
    "Nose",
    "Help: {0}",
)


def words(root: Path) -> dict[str, str]:
    """Every sentence, and where it stands first."""
    found: dict[str, str] = {}
    for path in sorted(root.rglob("*.py")):
        name = path.relative_to(root).as_posix()
        if name in SILENT or name.startswith(SILENT[:2]):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        if name.split("/")[0] in INTERFACE or name in SPOKEN:
            some = _all(tree)
        elif name.split("/")[0] in ROOMS:
            some = _errors(tree)
        else:
            continue
        for line, sentence in some:
            found.setdefault(sentence, f"{name}:{line}")
    return {**dict.fromkeys(ALSO, "english_words.ALSO"), **dict.fromkeys(_catalogue(root), "catalogue.toml"), **found}


def _catalogue(root: Path) -> Iterator[str]:
    """What the catalogue says of licences, and of all that is shown as more than a name."""
    given = tomllib.loads((root / "backend" / "models" / "catalogue.toml").read_text("utf-8"))
    for entry in given["model"].values():
        if entry["kind"] in KINDS:
            yield entry["about"]
    for licence in given["licence"].values():
        yield licence["terms"]


def template(node: ast.expr) -> str | None:
    """The text of a literal, with numbered holes; None for what is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if not isinstance(node, ast.JoinedStr):
        return None
    text, hole = "", 0
    for part in node.values:
        if isinstance(part, ast.Constant):
            text += part.value
        else:
            text += f"{{{hole}}}"
            hole += 1
    return text


def _all(tree: ast.AST) -> Iterator[tuple[int, str]]:
    passed = _not_said(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef):
            yield from _tooltip(node)
        if id(node) in passed:
            continue
        if isinstance(node, ast.JoinedStr):
            passed |= {id(part) for part in node.values}
        if isinstance(node, ast.Constant | ast.JoinedStr):
            sentence = template(node)
            if sentence is not None and is_english(sentence):
                yield node.lineno, sentence


def _errors(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and re.search(r"(Error|Cancelled)$", ast.unparse(node.func)):
            for given in node.args[1:]:
                sentence = template(given)
                if sentence is not None and " " in sentence and is_english(sentence):
                    yield given.lineno, sentence


def is_english(sentence: str) -> bool:
    """Whether it has words: not an identifier, a name, a path or an option of Blender."""
    plain = re.sub(r"\{\d+\}", "", sentence)
    if (
        plain.strip() in NAMES
        or sentence in UNSAID
        or sentence.startswith("^")
        or not re.search("[a-z]{2}", plain)
        or re.search(r"_(PT|MT|UL|OT)_|bpy\.", plain)
    ):
        return False
    return bool(re.search(r"[A-Za-z],? |[ ][a-z]", plain) or re.fullmatch(r"[A-Z][A-Za-z-]+", plain))


def _tooltip(node: ast.ClassDef) -> Iterator[tuple[int, str]]:
    """What Blender shows as the tooltip of an operator or a menu: its docstring, unless it has a description."""
    given = {target.id for part in node.body if isinstance(part, ast.Assign) for target in part.targets}  # type: ignore[attr-defined]
    if re.search("_(OT|MT)_", node.name) and "bl_description" not in given:
        yield node.lineno, ast.get_docstring(node, clean=False) or ""


def _not_said(tree: ast.AST) -> set[int]:
    """Docstrings, annotations, what asserts say, and what stands inside an expression of an f-string's hole."""
    passed: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                passed.add(id(first.value))
        if isinstance(node, ast.Assert) and node.msg is not None:
            passed.add(id(node.msg))
        if isinstance(node, ast.FunctionDef | ast.AnnAssign | ast.arg):
            for part in (getattr(node, "returns", None), getattr(node, "annotation", None)):
                if isinstance(part, ast.Constant):
                    passed.add(id(part))
    return passed
