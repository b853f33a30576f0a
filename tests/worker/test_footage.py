"""Footage on its whole way: a made movie becomes a shot, the shot a take, in the real worker with the starter model."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.client import LAUNCH, Connection, clean_environment, worker_command
from flowbrush.backend.errors import Code
from flowbrush.backend.passes.exr import read_picture
from flowbrush.backend.quality.contact_sheet import contact_sheet, read_frame
from flowbrush.backend.quality.flicker import warping_error
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import ControlSettings, Take, style_settings
from made_footage import pan, write_images, write_movie

STYLE = replace(style_settings("ink"), controls=(ControlSettings("colour"),), guidance=1.0)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    log = tmp_path_factory.mktemp("worker") / "worker.log"
    connection = Connection(worker_command(Path(sys.executable), log), log)
    yield connection
    connection.stop()


@pytest.fixture
def movie(tmp_path: Path) -> Path:
    """A pan, a cut, another pan."""
    return write_movie(tmp_path / "a.mp4", [*pan(1, 3), *pan(2, 1)], sound=True)


def test_a_movie_becomes_takes_by_both_methods(worker: Connection, movie: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shot"
    messages = list(worker.messages(worker.request("footage", footage=str(movie), shot=str(folder), settings={})))
    assert messages[-1].items() >= {"type": "result", "shot": str(folder)}.items()
    assert [m["done"] for m in messages if m["type"] == "progress"] == [0, 1, 2, 3, 4]
    assert any("sound" in m["sentence"] for m in messages if m["type"] == "warning")
    shot = Shot.load(folder)
    assert shot.cuts == (4,)
    takes, error = [], {}
    for method in ("flow", "per_frame"):
        settings = replace(STYLE, method=method).document()
        request = worker.request("stylize", shot=str(folder), take=method, settings=settings)
        assert list(worker.messages(request))[-1]["type"] == "result"
        takes.append(Take.load(shot, method))
        error[method] = warping_error(shot, shot.frame_numbers, partial(read_frame, takes[-1]))
    assert error["flow"] < 0.8 * error["per_frame"]
    assert np.abs(read_frame(takes[0], 3) - read_picture(shot, 3)).mean() > 0.02, "it is painted"
    contact_sheet(shot, takes, tmp_path / "sheet.png", columns=3)


def test_cancel_keeps_frames_and_going_on_finishes(worker: Connection, tmp_path: Path) -> None:
    footage = write_images(tmp_path / "footage", pan(1, 8, size=(320, 192)))
    request = worker.request("footage", footage=str(footage), shot=str(tmp_path / "shot"))
    for message in worker.messages(request):
        if message["type"] == "preview":
            worker.cancel(request)
            break
    assert list(worker.messages(request))[-1]["code"] == Code.CANCELLED
    assert 1 <= len(list((tmp_path / "shot").glob("passes/*.exr"))) < 8
    again = worker.request("footage", footage=str(footage), shot=str(tmp_path / "shot"))
    assert list(worker.messages(again))[-1]["type"] == "result"
    assert Shot.load(tmp_path / "shot").missing_frames() == []


@pytest.mark.parametrize(
    ("settings", "code"),
    [({}, Code.BAD_FOOTAGE), ({"size": [1, 1]}, Code.BAD_SETTINGS), ({"rate": "fast"}, Code.BAD_SETTINGS)],
)
def test_errors_have_codes(worker: Connection, tmp_path: Path, settings: dict, code: Code) -> None:
    request = worker.request("footage", footage=str(tmp_path / "a.mp4"), shot=str(tmp_path / "shot"), settings=settings)
    assert list(worker.messages(request))[-1]["code"] == code


def test_a_condition_that_footage_lacks_is_told(worker: Connection, movie: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shot"
    list(worker.messages(worker.request("footage", footage=str(movie), shot=str(folder))))
    settings = replace(STYLE, controls=(ControlSettings("depth"),)).document()
    last = list(worker.messages(worker.request("stylize", shot=str(folder), take="a", settings=settings)))[-1]
    assert last["code"] == Code.MISSING_PASS and "estimate" in last["sentence"]


def test_a_style_does_without_what_is_optional_and_says_so(worker: Connection, movie: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shot"
    list(worker.messages(worker.request("footage", footage=str(movie), shot=str(folder))))
    gouache = style_settings("gouache")
    controls = tuple(control for control in gouache.controls if control.condition != "lineart")
    settings = replace(gouache, controls=controls, method="per_frame", frames=(1, 1)).document()
    messages = list(worker.messages(worker.request("stylize", shot=str(folder), take="a", settings=settings)))
    assert messages[-1]["type"] == "result"
    told = [message["sentence"] for message in messages if message["type"] == "warning"]
    assert all(any(f"without '{name}'" in sentence for sentence in told) for name in ("depth", "normal"))
    assert Take.load(Shot.load(folder), "a").settings.controls == (ControlSettings("colour"),)


def test_estimating_without_weights_says_where_they_belong(worker: Connection, movie: Path, tmp_path: Path) -> None:
    folder = tmp_path / "shot"
    list(worker.messages(worker.request("footage", footage=str(movie), shot=str(folder))))
    request = worker.request("estimate", shot=str(folder), conditions=["normal"], weights=str(tmp_path))
    last = list(worker.messages(request))[-1]
    assert last["code"] == Code.MISSING_MODEL and "scannet.pt" in last["sentence"]


def test_the_command_line_makes_a_shot(movie: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-I", str(LAUNCH), "backend", "footage", str(movie), str(tmp_path / "shot")]
    options = ["--frames", "2", "4", "--size", "48", "32", "--fps", "24000/1001"]
    done = subprocess.run([*command, *options], capture_output=True, text=True, timeout=100, env=clean_environment())
    assert done.returncode == 0, done.stderr
    assert "3/3" in done.stdout and "Note: The sound" in done.stderr
    shot = Shot.load(tmp_path / "shot")
    assert (shot.frames, shot.resolution, shot.fps) == ((2, 4), (48, 32), (24000, 1001))
