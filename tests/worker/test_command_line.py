"""The command line as a user types it."""

import subprocess
import sys
import venv
from dataclasses import replace
from pathlib import Path

import pytest
from flowbrush.backend import environment
from flowbrush.backend.client import LAUNCH, clean_environment
from flowbrush.backend.errors import BackendError, Code
from flowbrush.backend.quality.measures import Measures
from flowbrush.backend.settings_file import write_settings
from flowbrush.backend.take import RegionSettings, Take, style_settings
from synthetic_shot import make_shot


def flowbrush(*arguments: str, **variables: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-I", str(LAUNCH), "backend", *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=300, env={**clean_environment(), **variables}
    )


def test_help_teaches_every_command() -> None:
    top = flowbrush("--help")
    assert top.returncode == 0 and "examples:" in top.stdout
    making = ("capture", "footage", "stylize", "conditions", "masks")
    for command in (*making, "measure", "report", "sequence", "demo", "environment"):
        assert command in top.stdout
        assert flowbrush(command, "--help").returncode == 0


def test_stylize_makes_a_take_and_says_where(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=2)
    done = flowbrush("stylize", str(shot.folder), "--take", "a", "--style", "ink", "--method", "flow")
    assert done.returncode == 0, done.stderr
    assert "2/2" in done.stdout and str(shot.folder / "takes" / "a") in done.stdout
    assert sorted(p.name for p in (shot.folder / "takes" / "a" / "frames").iterdir()) == ["0001.png", "0002.png"]
    again = flowbrush("stylize", str(shot.folder), "--take", "a", "--style", "ink", "--method", "flow")
    assert again.returncode == 0 and "0001.png" not in again.stdout, "finished frames were painted again"
    measured = flowbrush("measure", str(shot.folder), "a")
    assert measured.returncode == 0 and "Warping error over 1 frame" in measured.stdout, measured.stderr
    assert Measures.load(shot.take_folder("a")).frames == (1, 2)


def test_a_settings_file_makes_the_same_take(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=2)
    look = tmp_path / "look.flowbrush"
    write_settings(look, replace(style_settings("ink"), method="per_frame", seed=7))
    command = ("stylize", str(shot.folder), "--take", "a")
    done = flowbrush(*command, "--settings", str(look))
    assert done.returncode == 0, done.stderr
    same = flowbrush(*command, "--style", "ink", "--method", "per_frame", "--seed", "7")
    assert same.returncode == 0 and "0001.png" not in same.stdout, "it was another take's settings"
    both = flowbrush(*command, "--style", "ink", "--settings", str(look))
    assert both.returncode == 1 and "a style and a settings file" in both.stderr


def test_conditions_are_written_and_said_where(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=2)
    done = flowbrush("conditions", str(shot.folder), "depth", "canny", "--out", str(tmp_path / "maps"))
    assert done.returncode == 0, done.stderr
    assert "2/2" in done.stdout and str(tmp_path / "maps") in done.stdout
    assert sorted(p.name for p in (tmp_path / "maps").iterdir()) == ["canny", "depth", "export.json"]
    assert sorted(p.name for p in (tmp_path / "maps" / "canny").iterdir()) == ["0001.png", "0002.png"]


def test_masks_are_written_and_said_where(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=2)
    done = flowbrush("masks", str(shot.folder), "Square & Paint", "--soft", "2", "--out", str(tmp_path / "maps"))
    assert done.returncode == 0, done.stderr
    assert "2/2" in done.stdout and str(tmp_path / "maps") in done.stdout
    assert sorted(p.name for p in (tmp_path / "maps").iterdir()) == ["0001.png", "0002.png", "export.json"]


def test_regions_and_what_is_painted_can_be_said(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=1)
    regions = ("--region", "Square", "cel", "--region", "Wall", "drawn by a child")
    done = flowbrush("stylize", str(shot.folder), "--take", "a", "--style", "ink", *regions, "--paint", "Square")
    assert done.returncode == 0, done.stderr
    settings = Take.load(shot, "a").settings
    assert settings.regions == (
        RegionSettings("Square", "cel", "watercolour"),
        RegionSettings("Wall", "drawn by a child", ""),
    )
    assert settings.paint == "Square"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("stylize", "nowhere", "--take", "a"), "does not exist"),
        (("stylize", "SHOT", "--take", "a", "--style", "baroque"), "choose one of"),
        (("stylize", "SHOT", "--take", "a", "--strength", "7"), "between 0.0 and 1.0"),
        (("stylize", "SHOT", "--take", "../a", "--style", "ink"), "cannot be a take's name"),
        (("stylize", "SHOT", "--take", "a", "--style", "ink", "--frames", "8", "9"), "choose"),
        (("footage", "nowhere.mp4", "SHOT"), "does not exist"),
        (("footage", "SHOT", "other", "--size", "1", "1"), "must lie between"),
        (("capture", "a.blend", "SHOT", "--blender", "no-such-blender"), "Blender"),
        (("conditions", "SHOT", "magic", "--out", "maps"), "choose one of"),
        (("masks", "SHOT", "Sqare", "--out", "maps"), "did you mean Square?"),
        (("masks", "SHOT", "Square &", "--out", "maps"), "a name is missing"),
        (("masks", "SHOT", "Square", "--out", "maps", "--soft", "nan"), "between 0 and 100"),
        (("stylize", "SHOT", "--take", "a", "--style", "ink", "--region", "(Wall", "cel"), "is not closed"),
        (("environment", "check", "nowhere"), "set up the backend"),
    ],
)
def test_errors_are_sentences(tmp_path: Path, arguments: tuple[str, ...], sentence: str) -> None:
    shot = make_shot(tmp_path / "shot", last=2)
    done = flowbrush(*(str(shot.folder) if word == "SHOT" else word for word in arguments))
    assert done.returncode == 1
    assert sentence in done.stderr and done.stderr.startswith("flowbrush: ") and "Traceback" not in done.stderr


def test_without_blender_capture_says_what_to_do(tmp_path: Path) -> None:
    done = flowbrush("capture", "a.blend", str(tmp_path), PATH=str(tmp_path), FLOWBRUSH_BLENDER="")
    assert done.returncode == 1 and "--blender" in done.stderr and "[no_blender]" in done.stderr


def test_an_environment_without_the_packages_is_told_which(tmp_path: Path) -> None:
    venv.create(tmp_path / "bare")
    with pytest.raises(BackendError, match="lacks torch") as caught:
        environment.check(environment.python_of(tmp_path / "bare"))
    assert caught.value.code == Code.NO_ENVIRONMENT


def test_this_environment_is_complete_and_everything_required_is_locked() -> None:
    environment.check(Path(sys.executable))
    assert set(environment.required_packages()) <= set(environment.locked_versions())


def test_the_launcher_runs_from_anywhere(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    launcher = environment.write_launcher(tmp_path)
    done = subprocess.run([str(launcher), "--help"], capture_output=True, text=True, cwd="/")
    assert done.returncode == 0 and "flowbrush capture" in done.stdout
