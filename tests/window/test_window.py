"""Flowbrush in a real Blender window: its buttons are clicked, its effects are looked for, its screen is photographed.

Blender comes from Debian, unpacked into .environments/ by make_root. The pictures are in build/screenshots/.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from flowbrush.backend.shot import Shot
from made_footage import pan, write_movie

sys.path.insert(0, str(Path(__file__).parent))
from debian import HERE, REPOSITORY, Root

SCREENSHOTS = REPOSITORY / "build" / "screenshots"
FRAMES = 6


@pytest.fixture(scope="module", params=["trixie", "sid"])
def root(request: pytest.FixtureRequest) -> Root:
    made = Root(request.param)
    made.make()
    return made


@pytest.fixture(scope="module")
def prepared(root: Root, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The built extension and the demo's scene."""
    return root.prepare(tmp_path_factory.mktemp(root.suite))


Perform = Callable[[str], dict[str, Any]]


@pytest.fixture
def perform(root: Root, prepared: tuple[Path, Path], tmp_path: Path) -> Perform:
    """Installs the extension for a new user, runs a script of session.py in a window, and gives what it found."""

    def run(script: str) -> dict[str, Any]:
        home, (archive, demo) = tmp_path / "home", prepared
        scene = shutil.copy(demo, tmp_path / "knight.blend")
        root.install(home, archive)
        window = ["--enable-event-simulate", "--gpu-backend", "opengl", "--window-geometry", "0", "0", "1920", "1200"]
        arguments = ["--python", HERE / "session.py", "--", script, tmp_path, sys.executable, str(FRAMES)]
        root.run(home, HERE / "on_screen", "blender", *window, scene, *arguments, limit=900)
        pictures = SCREENSHOTS / root.suite
        pictures.mkdir(parents=True, exist_ok=True)
        for picture in tmp_path.glob("*.png"):
            shutil.copy(picture, pictures)
        found: dict[str, Any] = json.loads((tmp_path / "found.json").read_text("utf-8"))
        assert "failure" not in found, found["failure"]
        return found

    return run


@pytest.fixture
def trixie_only(root: Root) -> None:
    """For scripts that need not be seen in every version."""
    if root.suite != "trixie":
        pytest.skip("seen in Debian trixie's Blender; one script is enough to see that the other version works too")


def gone(pid: int) -> bool:
    """Whether the process has ended, or does within five seconds."""
    for _ in range(50):
        if not Path(f"/proc/{pid}").exists():
            return True
        time.sleep(0.1)
    return False


def test_before_there_is_a_backend_one_panel_stands_alone(perform: Perform) -> None:
    assert "neither button nor field for capture" in perform("first_run")["capture"]


def test_from_a_scene_to_the_timeline_with_the_buttons_alone(perform: Perform, tmp_path: Path) -> None:
    found = perform("whole_way")
    assert found["pictures"] and found["second style"] == [True, True]
    assert found["typed"][0] == "dark fox" and 'does not know "fox"' in found["typed"][1]
    for operator in ("capture", "stylize_frame", "stylize_animation"):
        assert found[operator]["error"] == ""
        assert found[f"{operator} runs"] == [f"FLOWBRUSH_OT_{operator}"]  # modal: the window stayed free
    shot = tmp_path / "flowbrush" / "knight"
    names = [f"{frame:04d}" for frame in range(1, FRAMES + 1)]
    assert [path.stem for path in sorted((shot / "passes").glob("*.exr"))] == names
    assert [path.stem for path in sorted((shot / "takes" / "take 1" / "frames").glob("*.png"))] == names
    assert found["captured"].startswith(f"Frames 1 to {FRAMES}, ")
    assert found["image"] == [256, 256, "0003.png"] and found["shown"]
    assert found["worker"] and found["same worker"]
    assert found["listed"] == {"still": [1, 1, True], "take 1": [FRAMES, FRAMES, True]}
    assert found["strips"] == [["IMAGE", 1, FRAMES + 1]]
    assert found["report"] == {"error": "", "sentence": "The report of take 1 is in the browser"}
    (page,) = found["shown pages"]
    assert Path(unquote(urlsplit(page).path)) == shot / "takes" / "take 1" / "report" / "index.html"
    assert (shot / "takes" / "take 1" / "report" / "index.html").read_text("utf-8").startswith("<!doctype html>")
    assert found["exported"] == [f"depth/{frame:04d}.png" for frame in range(1, FRAMES + 1)]
    assert found["chips"] == 150 and found["class"] == "plaything"
    assert gone(found["worker"])


@pytest.mark.usefixtures("trixie_only")
def test_cancel_and_escape_stop_and_the_same_job_goes_on(perform: Perform) -> None:
    found = perform("cancelling")
    assert found["button"]["sentence"].startswith("Cancelled")
    assert found["button"]["error"] == "" and found["button"]["runs"] == []
    assert found["escape"]["sentence"].startswith("Cancelled")
    assert found["escape"]["runs"] == []
    assert 1 <= found["escape"]["frames"] < FRAMES
    assert found["resumed"] == {"frames": FRAMES, "kept": True}


@pytest.mark.usefixtures("trixie_only")
def test_a_job_ends_with_its_file_and_with_the_extension(perform: Perform) -> None:
    found = perform("going_away")
    assert found["shown after opening"] is False
    for reason in ("opened", "disabled"):
        assert found[reason] == {"alive": False, "runs": []}


@pytest.mark.usefixtures("trixie_only")
def test_the_worker_dies_with_blender(perform: Perform, tmp_path: Path) -> None:
    found = perform("killed")
    assert gone(found["worker"])
    frames = list((tmp_path / "flowbrush" / "knight" / "takes" / "take 1" / "frames").glob("[0-9]*.png"))
    assert 1 <= len(frames) < FRAMES
    assert all(frame.read_bytes().endswith(b"IEND\xaeB`\x82") for frame in frames)  # whole: PNG's last chunk


@pytest.mark.usefixtures("trixie_only")
@pytest.mark.skipif(find_spec("controlnet_aux") is None, reason="the footage extra is not installed here")
def test_from_a_movie_on_the_timeline_to_a_take_above_it(perform: Perform, tmp_path: Path) -> None:
    write_movie(tmp_path / "dance.mp4", pan(1, 5, size=(160, 96)))
    found = perform("from_footage")
    assert found["shot"] == ["dance", "Frames 11 to 15, 160 × 96"]
    assert "estimate conditions" in found["lacking"]
    for operator in ("shot_from_strip", "estimate_conditions", "stylize_animation"):
        assert found[operator]["error"] == ""
    assert found["strips"] == [["MOVIE", 11, 16], ["IMAGE", 11, 16]]
    assert Shot.load(tmp_path / "flowbrush" / "dance").drawn["lineart"].estimated


@pytest.mark.usefixtures("trixie_only")
def test_strips_are_restyled_in_place(perform: Perform, tmp_path: Path) -> None:
    write_movie(tmp_path / "dance.mp4", pan(1, 5, size=(160, 96)), 30)
    found = perform("restyling")
    assert found["restyle_strip"]["error"] == "" and found["restyle_strip runs"] == ["FLOWBRUSH_OT_restyle_strip"]
    assert found["restyle_strip"]["sentence"] == "2 strips are restyled"
    of_movie, of_scene = (FRAMES + 2, FRAMES + 4), (2, 4)
    assert found["strips"] == [
        ["dance", 1, *of_movie],
        ["dance Restyled", 2, *of_movie],
        ["knight", 1, *of_scene],
        ["knight Restyled", 2, *of_scene],
    ]
    assert found["undone"] == ["dance", "knight"]
    assert len(list((tmp_path / "flowbrush").glob("knight Edit */takes/take 1/frames/*.png"))) == 4
    shot = Shot.load(tmp_path / "flowbrush" / "knight Edit knight")
    assert {camera.name for camera in shot.cameras.values()} == {"Other"}, "the strip's own camera"


@pytest.mark.usefixtures("trixie_only")
def test_errors_are_sentences_that_stay_in_the_panel(perform: Perform) -> None:
    found = perform("refusals")
    assert found["no camera"] == "The scene has no camera: add one, or make a camera the scene's active one"
    assert found["environment missing"].startswith("The backend's Python does not run")
