"""The scene is bit for bit as it was: random files, captured while something goes wrong at a random moment.

`--seeds 0:200` runs that many, `--seeds 17` one alone. What a capture promises of what its user does meanwhile: it
stays, and all else is as it was before, the frame included.
"""

import re
from contextlib import closing
from pathlib import Path
from typing import Any

import bpy
import pytest
from blender import blend_file, rna_dump
from blender.fuzz import faults
from blender.fuzz.chance import Chance
from blender.fuzz.random_scene import build, settle
from flowbrush.backend import needs
from flowbrush.scene.capture import CaptureSettings, capture

# What Blender counts, or draws lots for, when something is added: two edits of the same file differ in it.
_COUNTED = (".session_uid", "bNode.identifier", "bNode.ui_order")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "seed" in metafunc.fixturenames:
        metafunc.parametrize("seed", metafunc.config.getoption("seeds") or _some_seeds())


def _some_seeds() -> range:
    """Others in each version of Blender."""
    major, minor, _ = bpy.app.version
    first = 1000 * major + 100 * minor
    return range(first, first + 12)


def test_a_random_file_is_as_it_was(seed: int, tmp_path: Path) -> None:
    chance = Chance(f"fault {seed}")
    fault = faults.choose(chance)
    print(f"seed {seed}: {fault.name}")
    build(seed, tmp_path)
    faults.mark_as_own()
    if fault.edit is not None:
        scene = _opened(tmp_path / "seed.blend", save=True)
        if fault.edit is not faults.goes_to_another_frame:
            fault.edit(Chance(seed), scene)  # what it would be without a capture
        settle()
        before = _state()
        scene = _opened(tmp_path / "seed.blend")
    else:
        _state()  # asking and saving fill in what Blender had left open
        before = _state()
        scene = bpy.context.scene
    _capture(chance, scene, tmp_path / "shot", fault, seed)
    if fault.edit is not None:
        settle()
    changed = _changed(before, fault.edit is not None)
    assert not changed, "\n".join([f"seed {seed}, {fault.name}:", *changed[:30]])


def _opened(path: Path, save: bool = False) -> bpy.types.Scene:
    """The scene of the file, which is saved before if wanted: so that two edits begin with the same bytes."""
    if save:
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=False)
    bpy.ops.wm.open_mainfile(filepath=str(path), use_scripts=False)
    _state()
    return bpy.context.scene


def _capture(chance: Chance, scene: bpy.types.Scene, folder: Path, fault: faults.Fault, seed: int) -> None:
    first = chance.choice((1, 2, -3))
    settings = CaptureSettings(
        first,
        first + chance.randint(0, 2),
        samples=1,
        denoise=False,
        size=(chance.choice((24, 33)), 16) if chance.often(0.7) else None,
        view_layer=chance.choice(scene.view_layers).name if chance.often(0.3) else "",
        passes=chance.choice((needs.PASSES, tuple(chance.some(needs.PASSES)))),
        extras=tuple(chance.some(needs.EXTRAS, 0.15)),
    )
    edit = fault.edit
    try:
        with fault.around(), closing(capture(scene, folder, settings)) as frames:
            for done, _ in enumerate(frames, 1):
                if done == fault.edit_after and edit is not None:
                    edit(Chance(seed), scene)
                    edit = None
                if done >= fault.steps:
                    break
    except BaseException as error:  # noqa: BLE001  whatever was raised on purpose, and what a capture makes of it
        print(f"raised {error!r}")
    if edit is not None and edit is not faults.goes_to_another_frame:  # it came to an end before
        edit(Chance(seed), scene)


def _state() -> tuple[blend_file.Saved, dict[str, Any]]:
    saved = blend_file.saved()  # first: saving notes down what is used of libraries
    return saved, rna_dump.dump()


def _changed(before: tuple[blend_file.Saved, dict[str, Any]], opened_anew: bool) -> list[str]:
    saved, dump = _state()
    seen = rna_dump.difference(before[1], dump)
    lines = [
        *blend_file.difference(before[0], saved),
        *(f"{path}: {old!r:.200} → {new!r:.200}" for path, (old, new) in seen.items()),
    ]
    counted = _COUNTED if opened_anew else ()
    return [line for line in lines if not _is_shadow(line) and not any(name in line for name in counted)]


def _is_shadow(line: str) -> bool:
    """What Blender keeps for itself: the data-block that it renders to (what is seen there has a test of its own), and
    before 5.2 a hidden socket in the compositor of every pass that there ever was, in the order it met them."""
    if line.startswith(("IMRender Result", "images['Render Result']")):
        return True
    hidden = "NTCompositing" in line or re.search(r"node_tree\..*outputs\[\d+\]\.(identifier|default_value)", line)
    return bpy.app.version < (5, 2, 0) and bool(hidden)
