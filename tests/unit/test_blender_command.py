import sys
from pathlib import Path

import pytest
from flowbrush.backend.blender import VARIABLE, find_blender, scene_command
from flowbrush.backend.client import LAUNCH
from flowbrush.backend.errors import BackendError, Code


def program(folder: Path, name: str) -> Path:
    path = folder / name
    path.write_text("#!/bin/sh\n")
    path.chmod(0o755)
    return path


def test_what_is_chosen_comes_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = program(tmp_path, "one"), program(tmp_path, "two")
    monkeypatch.setenv(VARIABLE, str(two))
    assert find_blender(str(one)) == str(one)
    assert find_blender() == str(two)


def test_blender_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(BackendError, match="--blender") as caught:
        find_blender()
    assert caught.value.code == Code.NO_BLENDER
    blender = program(tmp_path, "blender")
    assert find_blender() == str(blender)


def test_a_chosen_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        find_blender(str(tmp_path / "nothing"))
    assert caught.value.code == Code.NO_BLENDER


def test_blender_and_python_are_started_differently(tmp_path: Path) -> None:
    with_python = scene_command(sys.executable, tmp_path / "log", "capture", "a.blend")
    assert with_python[:4] == [sys.executable, "-I", "-u", str(LAUNCH)]
    with_blender = scene_command("/opt/blender", tmp_path / "log", "capture", "a.blend")
    assert "--background" in with_blender and with_blender[-5:] == with_python[-5:]
