"""The design's table of rooms: who may import what. Read from the source, so that lazy imports count too."""

import ast
from pathlib import Path

import flowbrush
import pytest

ROOT = Path(flowbrush.__file__).parent
HEAVY = {"torch", "diffusers", "transformers", "accelerate", "safetensors", "peft"}
ARRAYS = {"numpy", "cv2", "scipy", "OpenEXR"}
BLENDER = {"bpy", "bpy_extras", "mathutils", "bmesh", "gpu", "addon_utils", "bl_operators", "bl_ui"}
STANDARD_LIBRARY_ONLY = HEAVY | ARRAYS | BLENDER | {"av", "PIL", "uv"}

# room (a file or folder) -> what none of its files may import: outside packages, or rooms of Flowbrush
FORBIDDEN = {
    "launch.py": STANDARD_LIBRARY_ONLY,
    **{
        f"backend/{name}.py": STANDARD_LIBRARY_ONLY
        for name in (
            "errors",
            "storage",
            "parsing",
            "shot",
            "take",
            "over_time",
            "settings_file",
            "file_lock",
            "queue",
            "needs",
            "possible",
            "pose",
            "ade20k",
            "progress",
            "timings",
            "mask_expression",
            "words",
            "models/choice",
            "models/catalogue",
            "models/installed",
            "models/licence",
            "protocol",
            "client",
            "blender",
            "environment",
            *(
                f"installing/{name}"
                for name in ("__main__", "damage", "disk", "install", "machine", "marker", "progress")
            ),
            "installing/uv",
            "installing/variants",
            "footage/catalogue",
            "footage/numbering",
            "quality/measures",
        )
    },
    "backend/foreign": STANDARD_LIBRARY_ONLY,
    "backend/passes": HEAVY | BLENDER | {"scene", "operators", "panels", "backend.methods", "backend.painters"},
    "backend/motion": HEAVY | BLENDER | {"scene", "operators", "panels", "backend.methods", "backend.painters"},
    "backend/footage": BLENDER | {"scene", "operators", "panels", "backend.methods", "backend.painters", "diffusers"},
    "backend/quality": HEAVY | BLENDER | {"scene", "operators", "panels", "backend.methods", "backend.painters"},
    "backend/methods": HEAVY
    | BLENDER
    | {"scene", "operators", "panels", "backend.models", "backend.painters.diffusion"},
    "backend/painters": BLENDER | {"scene", "operators", "panels", "backend.methods"},
    "backend/models": BLENDER | {"scene", "operators", "panels", "backend.methods"},
    "scene": HEAVY | {"operators", "panels", "cv2", "scipy", "OpenEXR", "backend.methods", "backend.painters"},
    "operators": HEAVY | {"panels", "cv2", "backend.methods", "backend.painters", "backend.models.loading"},
    "panels": HEAVY | {"scene", "operators", "backend", "os", "pathlib", "subprocess", "socket", "urllib", "threading"},
}


def imports(path: Path) -> set[str]:
    """Every module that a file imports, wherever in it; Flowbrush's own relative to its root (`backend.shot`)."""
    package = path.relative_to(ROOT).with_suffix("").parts[:-1]
    found = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = ".".join(package[: len(package) - node.level + 1]) if node.level else ""
            module = ".".join(part for part in (base, node.module) if part)
            found.add(module)
            found |= {f"{module}.{name.name}" if module else name.name for name in node.names}
    return found


def files(room: str) -> list[Path]:
    path = ROOT / room
    return [path] if path.suffix == ".py" else sorted(path.rglob("*.py"))


@pytest.mark.parametrize("room", FORBIDDEN)
def test_room_imports_only_what_it_may(room: str) -> None:
    assert files(room), f"{room} has no files: does the table still name the rooms?"
    broken = [
        f"{path.relative_to(ROOT)} imports {module}"
        for path in files(room)
        for module in imports(path)
        if any(module == name or module.startswith(f"{name}.") for name in FORBIDDEN[room])
    ]
    assert not broken, broken


def test_nothing_in_the_backend_imports_bpy_except_what_training_runs_in_blender() -> None:
    broken = [
        str(path.relative_to(ROOT))
        for path in files("backend")
        if ROOT / "backend/training/scenes" not in path.parents and {m.split(".")[0] for m in imports(path)} & BLENDER
    ]
    assert not broken, broken


def test_imports_inside_the_package_are_relative() -> None:
    broken = [
        str(path.relative_to(ROOT))
        for room in ("operators", "panels", "scene", "backend", "registration.py", "properties", "preferences.py")
        for path in files(room)
        if any(m.split(".")[0] == "flowbrush" for m in imports(path))
    ]
    assert not broken, broken


def test_the_table_sees_an_import_inside_a_function(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"{__name__}.ROOT", tmp_path)
    (tmp_path / "scene").mkdir()
    (tmp_path / "scene" / "a.py").write_text("def f():\n    from ..backend import methods\n    import torch.nn\n")
    assert {"backend.methods", "torch.nn"} <= imports(tmp_path / "scene" / "a.py")
