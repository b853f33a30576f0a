"""The one command that makes the starter model: its stages, in order, and that it stops where one fails."""

import subprocess
import sys
from pathlib import Path

import pytest
from flowbrush.backend.training import make
from flowbrush.backend.training.make import Stage, stages


def test_each_stage_reads_what_an_earlier_one_wrote(tmp_path: Path) -> None:
    made = stages(tmp_path, Path("material"), 10, 20)
    assert [stage.step for stage in made] == ["scenes", "scenes", "examples", "train", "export", "judge"]
    assert [stage.in_blender for stage in made] == [True, True, False, False, False, False]
    written = {stage.arguments[0] for stage in made[:2]}
    for stage in made[2:]:
        assert stage.arguments[0] in written, f"nothing has written what {stage.step} reads"
        written.add(stage.arguments[1])


def test_without_material_nothing_is_held_out(tmp_path: Path) -> None:
    assert [stage.step for stage in stages(tmp_path, None, 10, 20)] == ["scenes", "examples", "train", "export"]


def test_commands_run_where_they_must() -> None:
    assert Stage("scenes", ("raw",), in_blender=True).command("/opt/blender")[:2] == ["/opt/blender", "--background"]
    assert Stage("scenes", ("raw",), in_blender=True).command("/x/python3")[:2] == ["/x/python3", "-I"]
    ours = Stage("train", ("a", "b")).command("/opt/blender")
    assert ours[0] == sys.executable and ours[-4:] == ["backend.training", "train", "a", "b"]


def test_it_stops_where_a_stage_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def run(command: list[str], **options: object) -> None:
        ran.append(command[command.index("backend.training") + 1])
        if ran[-1] == "examples":
            raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", run)
    with pytest.raises(subprocess.CalledProcessError):
        make.main([str(tmp_path / "work"), "--blender", sys.executable])
    assert ran == ["scenes", "examples"]
