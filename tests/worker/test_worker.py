"""The worker as a real subprocess with the model that ships, asked and treated as Blender and users do."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from flowbrush.backend.client import LAUNCH, Connection, clean_environment, worker_command
from flowbrush.backend.errors import Code
from flowbrush.backend.quality.measures import Measures
from flowbrush.backend.shot import VERSION, Shot
from flowbrush.backend.take import Take, TakeSettings, style_settings
from processes import ends_with_its_starter
from synthetic_shot import CHANNELS, make_shot, place

INK = replace(style_settings("ink"), method="flow", seed=3)  # of which every preview is a finished frame


def start_worker(folder: Path) -> Connection:
    log = folder / "worker.log"
    return Connection(worker_command(Path(sys.executable), log), log)


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=5)


@pytest.fixture(scope="module")
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Connection]:
    """One worker for many tests, kept warm as Blender keeps it."""
    connection = start_worker(tmp_path_factory.mktemp("worker"))
    yield connection
    connection.stop()


def ask(worker: Connection, shot: Shot, take: str, settings: TakeSettings, **more: object) -> int:
    return worker.request("stylize", shot=str(shot.folder), take=take, settings=settings.document(), **more)


def answers(worker: Connection, request: int) -> list[dict]:
    return list(worker.messages(request))


def error(worker: Connection, shot: Shot, settings: TakeSettings, **more: object) -> tuple[str, str]:
    last = answers(worker, ask(worker, shot, "a", settings, **more))[-1]
    assert last["type"] == "error", last
    return last["code"], last["sentence"]


def frames_of(shot: Shot, take: str) -> list[bytes]:
    loaded = Take.load(shot, take)
    return [loaded.frame_path(f).read_bytes() for f in loaded.finished(shot)]


def wait_for(worker: Connection, request: int, kind: str) -> None:
    """Reads messages until one of `kind` comes, without consuming what follows the request's end."""
    for message in worker.messages(request):
        if message["type"] == kind:
            return


def test_it_greets_with_what_it_runs_on(tmp_path: Path) -> None:
    worker = start_worker(tmp_path)
    worker.greet()
    while not (messages := worker.poll()):
        time.sleep(0.05)
    worker.stop()
    hello = messages[0]
    assert hello["type"] == "hello" and hello["device"] in ("cpu", "cuda", "mps")
    assert hello["memory"] > 100_000_000


@pytest.mark.parametrize("method", ["per_frame", "flow"])
def test_a_take_is_made_with_progress_and_previews(worker: Connection, shot: Shot, method: str) -> None:
    messages = answers(worker, ask(worker, shot, "a", replace(INK, method=method)))
    assert messages[-1].items() >= {"type": "result", "shot": str(shot.folder), "take": "a"}.items()
    previews = [m for m in messages if m["type"] == "preview"]
    previews.sort(key=lambda m: m["frame"])
    assert [m["frame"] for m in previews] == [1, 2, 3, 4, 5]
    assert all(Path(m["path"]).is_file() for m in previews)
    assert [m["done"] for m in messages if m["type"] == "progress"] == [0, 1, 2, 3, 4, 5]
    told = [m for m in messages if m["type"] == "progress"][1:]
    assert [(m["work"], m["left"]) for m in told] == [("frame", {"frame": 4 - done}) for done in range(5)]
    assert all(m["seconds"] >= 0 for m in told)
    picture = cv2.imread(previews[0]["path"])
    assert picture.shape == (64, 96, 3) and picture.std() > 5
    hashes = Take.load(shot, "a").models
    assert set(hashes) >= {"model"} and all(re.fullmatch("[0-9a-f]{64}", value) for value in hashes.values())


def test_a_take_is_measured_with_progress_and_heat_maps(worker: Connection, shot: Shot) -> None:
    take = Take.start(shot, "a", TakeSettings(), {})
    empty = answers(worker, worker.request("measure", shot=str(shot.folder), take="a"))[-1]
    assert (empty["type"], empty["code"]) == ("error", Code.BAD_TAKE)
    for frame in shot.frame_numbers:
        shutil.copy(shot.picture_path(frame), take.frame_path(frame))
    messages = answers(worker, worker.request("measure", shot=str(shot.folder), take="a"))
    assert messages[-1].items() >= {"type": "result", "shot": str(shot.folder), "take": "a"}.items()
    maps = [cv2.imread(m["path"], cv2.IMREAD_UNCHANGED) for m in messages if m["type"] == "preview"]
    assert [heat.shape for heat in maps] == [(64, 96)] * 5
    assert Measures.load(take.folder).frames == (1, 2, 3, 4, 5)


def test_cancel_keeps_what_is_finished_and_the_worker(worker: Connection, shot: Shot) -> None:
    whole = ask(worker, shot, "whole", INK)
    assert answers(worker, whole)[-1]["type"] == "result"
    request = ask(worker, shot, "a", INK)
    wait_for(worker, request, "preview")
    worker.cancel(request)
    last = answers(worker, request)[-1]
    assert last["code"] == Code.CANCELLED
    assert 1 <= len(frames_of(shot, "a")) < 5
    assert worker.alive
    assert answers(worker, ask(worker, shot, "a", INK))[-1]["type"] == "result"
    assert frames_of(shot, "a") == frames_of(shot, "whole")


def test_a_killed_worker_leaves_whole_frames_and_a_take_that_resumes(tmp_path: Path, shot: Shot) -> None:
    worker = start_worker(tmp_path)
    assert answers(worker, ask(worker, shot, "whole", INK))[-1]["type"] == "result"
    worker.stop()
    for delay in (0.0, 0.07, 0.2):
        worker = start_worker(tmp_path)
        request = ask(worker, shot, "killed", INK)
        wait_for(worker, request, "preview")
        time.sleep(delay)
        os.kill(worker.pid, signal.SIGKILL)
        last = answers(worker, request)[-1]
        assert last["code"] == Code.WORKER_DIED or last["type"] == "result"
        for path in (shot.folder / "takes" / "killed" / "frames").glob("[0-9]*.png"):
            assert cv2.imread(str(path)).shape == (64, 96, 3)
    worker = start_worker(tmp_path)
    assert answers(worker, ask(worker, shot, "killed", INK))[-1]["type"] == "result"
    worker.stop()
    assert frames_of(shot, "killed") == frames_of(shot, "whole")


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for the worker in /proc")
def test_the_worker_ends_when_blender_is_killed(tmp_path: Path, shot: Shot) -> None:
    # A process that stands for Blender starts the worker, sets it to work and says its process id.
    blender = f"""
from flowbrush.backend.client import Connection, worker_command
from flowbrush.backend.take import style_settings
log = Path({str(tmp_path)!r}) / "log"
worker = Connection(worker_command(Path(sys.executable), log), log)
request = worker.request("stylize", shot={str(shot.folder)!r}, take="a", settings=style_settings("ink").document())
for message in worker.messages(request):
    if message["type"] == "preview":
        print(worker.pid, flush=True)
        time.sleep(60)
"""
    assert ends_with_its_starter(blender)


def damage_exr(shot: Shot) -> None:
    path = shot.exr_path(2)
    path.write_bytes(path.read_bytes()[:400])


def remove_shot(shot: Shot) -> None:
    (shot.folder / "shot.json").unlink()


def test_conditions_are_written_with_progress_and_errors_are_sentences(
    worker: Connection, shot: Shot, tmp_path: Path
) -> None:
    fields = {"shot": str(shot.folder), "folder": str(tmp_path / "maps"), "frames": [2, 3]}
    said = answers(worker, worker.request("conditions", conditions=["depth"], **fields))
    assert [message["type"] for message in said] == ["preview", "progress"] * 2 + ["result"]
    assert said[3]["done"] == said[3]["total"] == 2 and said[-1]["folder"] == fields["folder"]
    assert sorted(p.name for p in (tmp_path / "maps" / "depth").iterdir()) == ["0002.png", "0003.png"]
    refused = answers(worker, worker.request("conditions", conditions=["lineart_freestyle"], **fields))[-1]
    assert refused["code"] == Code.MISSING_PASS and "capture it again" in refused["sentence"]
    damaged = answers(worker, worker.request("conditions", **{**fields, "frames": [1]}, conditions=[]))[-1]
    assert damaged["code"] == Code.PROTOCOL


def test_masks_are_written_with_progress_notices_and_errors(worker: Connection, shot: Shot, tmp_path: Path) -> None:
    fields = {"shot": str(shot.folder), "folder": str(tmp_path / "mask"), "softness": 1.5}
    said = answers(worker, worker.request("masks", mask="Square", **fields))
    frames = len(shot.frame_numbers)
    assert [message["type"] for message in said] == ["preview", "progress"] * frames + ["result"]
    assert len(list((tmp_path / "mask").glob("*.png"))) == frames and said[-1]["folder"] == fields["folder"]
    refused = answers(worker, worker.request("masks", mask="Squre", **fields))[-1]
    assert refused["code"] == Code.BAD_MASK and "did you mean Square?" in refused["sentence"]
    damaged = answers(worker, worker.request("masks", mask="Square", **{**fields, "softness": "much"}))[-1]
    assert damaged["code"] == Code.PROTOCOL


def name_a_shot_of_the_future(shot: Shot) -> None:
    path = shot.folder / "shot.json"
    path.write_text(path.read_text().replace(f'"version": {VERSION}', f'"version": {VERSION + 1}'))


@pytest.mark.parametrize(
    ("harm", "settings", "code", "advice"),
    [
        (damage_exr, INK, Code.BAD_EXR, "capture"),
        (remove_shot, INK, Code.BAD_SHOT, "does not exist"),
        (name_a_shot_of_the_future, INK, Code.BAD_SHOT, "capture it again"),
        (None, replace(INK, model="no/such/model"), Code.MISSING_MODEL, "no/such/model"),
        (None, replace(INK, frames=(90, 99)), Code.EMPTY_RANGE, "choose"),
    ],
)
def test_what_is_wrong_is_told_in_a_sentence(
    worker: Connection, shot: Shot, harm: Callable | None, settings: TakeSettings, code: Code, advice: str
) -> None:
    if harm:
        harm(shot)
    told, sentence = error(worker, shot, settings)
    assert told == code and advice in sentence
    assert "Traceback" not in sentence
    assert worker.alive


def test_a_pickle_is_refused(worker: Connection, shot: Shot, tmp_path: Path) -> None:
    (tmp_path / "model.ckpt").write_bytes(b"\x80\x04.")
    told, sentence = error(worker, shot, replace(INK, model=str(tmp_path / "model.ckpt")))
    assert told == Code.UNSAFE_MODEL and "safetensors" in sentence


def test_a_missing_pass_is_named(worker: Connection, tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "poor", last=2, passes=tuple(name for name in CHANNELS if name != "vector"))
    told, sentence = error(worker, shot, replace(INK, method="flow"))
    assert told == Code.MISSING_PASS and "'vector'" in sentence and "capture" in sentence


def test_a_full_disk_is_told_and_nothing_half_is_left(worker: Connection, shot: Shot, small_disk: Path) -> None:
    (shot.folder / "takes").symlink_to(small_disk)
    told, sentence = error(worker, shot, INK)
    assert told == Code.DISK_FULL and "make room" in sentence
    for path in small_disk.glob("a/frames/*"):
        assert cv2.imread(str(path)).shape == (64, 96, 3)
    assert not list(small_disk.glob("*/*/.*.part"))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system of 48 KB."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48k", "none", str(disk)], capture_output=True)
    if mount.returncode != 0:
        pytest.skip("needs the right to mount a small file system")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_another_take_of_that_name_is_not_overwritten_unasked(worker: Connection, shot: Shot) -> None:
    still = replace(INK, frames=(2, 2))
    assert answers(worker, ask(worker, shot, "a", still))[-1]["type"] == "result"
    told, sentence = error(worker, shot, replace(still, seed=4))
    assert told == Code.BAD_TAKE and "new name" in sentence
    assert answers(worker, ask(worker, shot, "a", replace(still, seed=4), replace=True))[-1]["type"] == "result"
    assert Take.load(shot, "a").settings.seed == 4


def test_a_shot_that_was_captured_again_is_painted_where_it_changed(worker: Connection, tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "again", capture="first")
    assert answers(worker, ask(worker, shot, "a", replace(INK, method="per_frame")))[-1]["type"] == "result"
    changed = make_shot(shot.folder, capture="again", place=lambda frame: place(frame) + 5 * (frame == 5))
    messages = answers(worker, ask(worker, changed, "a", replace(INK, method="per_frame")))
    assert messages[-1]["type"] == "result"
    assert sorted(m["frame"] for m in messages if m["type"] == "preview") == [4, 5]
    assert any("3 of 5 finished frames are kept" in m["sentence"] for m in messages if m["type"] == "warning")
    assert Take.load(changed, "a").capture == "again"


def test_senseless_requests_are_answered(worker: Connection, shot: Shot) -> None:
    for kind, fields, code in (
        ("dance", {}, Code.PROTOCOL),
        ("stylize", {"take": "a"}, Code.PROTOCOL),
        ("stylize", {"shot": str(shot.folder), "take": "../a", "settings": {}}, Code.BAD_TAKE),
        ("stylize", {"shot": str(shot.folder), "take": "a", "settings": {"steps": "many"}}, Code.BAD_SETTINGS),
        ("stylize", {"shot": str(shot.folder), "take": "a", "settings": [1]}, Code.BAD_SETTINGS),
    ):
        assert answers(worker, worker.request(kind, **fields))[-1]["code"] == code
    assert worker.alive


def test_other_extensions_beside_ours_are_not_imported(tmp_path: Path) -> None:
    others = shutil.ignore_patterns(".*", "build", "tests", "starter", "__pycache__")
    shutil.copytree(LAUNCH.parent, tmp_path / "flowbrush", ignore=others)
    for name in ("numpy", "torch"):
        (tmp_path / f"{name}.py").write_text("raise SystemExit('somebody else was imported')")
    launch = str(tmp_path / "flowbrush" / "launch.py")
    command = [sys.executable, "-I", launch, "backend", "stylize", "nowhere", "--take", "a"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=clean_environment())
    assert "does not exist" in done.stderr, done.stderr


def test_painting_does_not_depend_on_what_was_painted_before(worker: Connection, shot: Shot) -> None:
    for take in ("a", "b"):
        assert answers(worker, ask(worker, shot, take, replace(INK, method="per_frame", frames=(3, 3))))
        assert answers(worker, ask(worker, shot, f"{take} other", replace(style_settings("cel"), frames=(1, 1))))
    assert frames_of(shot, "a") == frames_of(shot, "b")
    assert not np.array_equal(frames_of(shot, "a other"), frames_of(shot, "a"))


def test_a_report_is_made_of_a_take(worker: Connection, shot: Shot) -> None:
    assert answers(worker, ask(worker, shot, "a", replace(INK, method="per_frame")))[-1]["type"] == "result"
    messages = answers(worker, worker.request("report", shot=str(shot.folder), take="a"))
    assert messages[-1]["type"] == "result", messages[-1]
    page = Path(messages[-1]["page"])
    assert page == shot.folder / "takes" / "a" / "report" / "index.html" and "Seconds a frame" in page.read_text()
    assert [m["done"] for m in messages if m["type"] == "progress"] == [0, *range(1, 11)]
    last = answers(worker, worker.request("report", shot=str(shot.folder), take="b"))[-1]
    assert last["code"] == Code.BAD_TAKE
