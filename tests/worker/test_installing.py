"""The environment is made, cancelled, resumed, repaired and removed, from tiny packages of an index on this machine."""

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from flowbrush.backend import environment
from flowbrush.backend.client import LAUNCH, Connection
from flowbrush.backend.environment import python_of
from flowbrush.backend.errors import BackendError, Cancelled, Code, StorageError
from flowbrush.backend.installing import disk, install, marker, uv
from flowbrush.backend.installing.install import Contents
from flowbrush.backend.installing.marker import State
from tiny_index import Index, requirements, serve, wheel

SMALL = wheel("tiny_small", {"tiny_small.py": b"VALUE = 1\n", "tiny_data.bin": bytes(1000)})
LARGE = wheel("tiny_large", {"tiny_large.bin": random.Random(1).randbytes(3_000_000)})


def quiet(_done: int, _total: int, _sentence: str) -> None:
    """Hears nothing."""


def imports(python: Path) -> None:
    done = subprocess.run([str(python), "-I", "-c", "import tiny_small"], capture_output=True)
    if done.returncode:
        raise BackendError(Code.NO_ENVIRONMENT, "lacks tiny_small")


@pytest.fixture
def index(monkeypatch: pytest.MonkeyPatch) -> Iterator[Index]:
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    with serve(dict((SMALL, LARGE))) as made:
        monkeypatch.setenv("UV_DEFAULT_INDEX", made.url)
        monkeypatch.setenv("UV_NO_CONFIG", "1")
        yield made


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "ein Ordner für 絵" / "environment"


@pytest.fixture
def what(tmp_path: Path) -> Contents:
    return Contents((requirements(tmp_path, "tiny-small", "tiny-large"),), imports)


def test_it_is_made_and_a_second_time_is_nothing(index: Index, folder: Path, what: Contents) -> None:
    assert marker.state(folder) is State.MISSING
    python = install.create(folder, quiet, what)
    assert python == python_of(folder) and marker.state(folder) is State.READY
    known = marker.read(folder)
    assert known is not None and 3_000_000 < known.size < disk.used(folder) + 10_000
    install.create(folder, quiet, what)
    assert index.asked == dict.fromkeys(index.wheels, 1)
    assert str(LAUNCH) in environment.launcher_of(folder).read_text("utf-8")


def test_cancelled_it_is_not_used_and_goes_on_from_what_was_fetched(index: Index, folder: Path, what: Contents) -> None:
    index.stalled = LARGE[0]

    def impatient(_done: int, _total: int, _sentence: str) -> None:
        if index.asked[LARGE[0]] and index.asked[SMALL[0]]:
            time.sleep(0.5)  # for uv to put the small one away
            raise Cancelled

    with pytest.raises(Cancelled):
        install.create(folder, impatient, what)
    assert marker.state(folder) is State.UNFINISHED
    index.stalled = ""
    index.go_on.set()
    install.create(folder, quiet, what)
    assert marker.state(folder) is State.READY
    assert index.asked == {SMALL[0]: 1, LARGE[0]: 2}


def test_what_was_half_put_in_place_is_put_together_again(index: Index, folder: Path, what: Contents) -> None:
    install.create(folder, quiet, what)
    packages = install._packages(folder)
    marker.write(folder, marker.Marker())  # as if ended while packages were put in place
    (packages / "tiny_small.py").unlink()
    (folder / "mine.txt").write_text("a user's own file")
    assert marker.state(folder) is State.UNFINISHED
    install.create(folder, quiet, what)
    assert (packages / "tiny_small.py").exists() and (folder / "mine.txt").exists()
    assert index.asked == dict.fromkeys(index.wheels, 1), "it was fetched again"


@pytest.mark.parametrize("how", ["missing", "changed"])
def test_only_what_is_damaged_is_fetched_again(index: Index, folder: Path, what: Contents, how: str) -> None:
    install.create(folder, quiet, what)
    assert install.repair(folder, quiet, what) == []
    damaged = install._packages(folder) / "tiny_small.py"
    if how == "missing":
        damaged.unlink()
    else:
        damaged.write_bytes(b"VALUE = 2\n")  # of the same length; the kept file may be the same under another name
    assert install.repair(folder, quiet, what) == ["tiny-small"]
    assert damaged.read_bytes() == b"VALUE = 1\n"
    assert index.asked == {SMALL[0]: 2, LARGE[0]: 1}
    assert marker.state(folder) is State.READY


def test_repair_without_network_says_what_it_would_fetch(
    index: Index, folder: Path, what: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    install.create(folder, quiet, what)
    (install._packages(folder) / "tiny_small.py").unlink()
    monkeypatch.setenv("UV_OFFLINE", "1")
    with pytest.raises(BackendError, match="tiny-small must be fetched again: allow online access"):
        install.repair(folder, quiet, what)


@pytest.mark.skipif(os.name == "nt", reason="an environment's Python is no link on Windows")
def test_an_environment_whose_python_is_gone_is_made_anew(index: Index, folder: Path, what: Contents) -> None:
    install.create(folder, quiet, what)
    python_of(folder).unlink()
    python_of(folder).symlink_to(folder / "gone")
    assert install.repair(folder, quiet, what) == []
    imports(python_of(folder))
    assert index.asked == dict.fromkeys(index.wheels, 1)


def test_removal_takes_only_what_flowbrush_made(index: Index, folder: Path, what: Contents, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "picture.png").write_bytes(b"mine")
    install.create(folder, quiet, what)
    (folder / "lib" / "link").symlink_to(outside)
    (folder / "mine.txt").write_text("a user's own file")
    assert install.remove(folder) > 3_000_000
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]
    assert (outside / "picture.png").exists()
    with pytest.raises(BackendError, match="not made by Flowbrush"):
        install.remove(folder)
    with pytest.raises(BackendError, match="choose another place"):
        install.create(folder, quiet, what)
    (folder / "mine.txt").unlink()
    install.create(folder, quiet, what)
    install.remove(folder)
    assert not folder.exists()


def test_a_strange_or_damaged_marker_is_no_marker(tmp_path: Path) -> None:
    for text in ("", "[]", '{"format": 2}', '{"format": 1, "variant": 3, "complete": true, "size": 1}', "{" * 20_000):
        (tmp_path / marker.FILE).write_text(text)
        assert marker.read(tmp_path) is None and marker.state(tmp_path) is State.MISSING
        with pytest.raises(BackendError, match="not made by Flowbrush"):
            install.remove(tmp_path)


def test_too_small_a_disk_is_told_before_anything_is_fetched(
    index: Index, folder: Path, what: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _path: type("Usage", (), {"free": 7_000_000})())
    with pytest.raises(StorageError, match=r"and 7 MB are free: make room") as caught:
        install.create(folder, quiet, what, variant="cpu")
    assert caught.value.code == Code.DISK_FULL and not index.asked and not (folder / "bin").exists()


def test_an_index_that_does_not_answer_is_an_error_with_uvs_words(
    index: Index, folder: Path, what: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(BackendError, match=r"(?s)check the connection.*127\.0\.0\.1"):
        install.create(folder, quiet, what)
    assert marker.state(folder) is State.UNFINISHED


def test_uv_is_fetched_from_the_users_index_and_must_be_the_locked_one(index: Index, tmp_path: Path) -> None:
    name = "uv.exe" if os.name == "nt" else "uv"
    file, content = wheel("uv", {f"uv-1.0.data/scripts/{name}": b"#!/bin/sh\necho uv 99.0\n"})
    index.wheels[file] = content
    right = uv.Wheel(file, hashlib.sha256(content).hexdigest())
    program = uv.fetch(tmp_path / "own", {"PIP_INDEX_URL": index.url}, right)
    assert uv.find(tmp_path / "own") == program
    with pytest.raises(BackendError, match="checksum differs"):
        uv.fetch(tmp_path / "other", {"PIP_INDEX_URL": index.url}, uv.Wheel(file, "0" * 64))
    with pytest.raises(BackendError, match="does not have"):
        uv.fetch(tmp_path / "other", {"PIP_INDEX_URL": index.url}, uv.Wheel("uv-2.0-py3-none-any.whl", "0" * 64))
    with pytest.raises(BackendError, match="cannot be reached"):
        uv.fetch(tmp_path / "other", {"PIP_INDEX_URL": "http://127.0.0.1:9/simple"}, right)
    assert not (tmp_path / "other").exists()


def test_cancelled_by_its_message_the_installer_ends_with_uv(index: Index, folder: Path, tmp_path: Path) -> None:
    """The real contents, one of which the index is asked for and never answers."""
    index.stalled = "torch"
    command = [sys.executable, "-I", str(LAUNCH), "backend.installing", "--log", str(tmp_path / "log")]
    connection = Connection([*command, "create", str(folder)], tmp_path / "log")
    request = connection.expect()
    messages = connection.messages(request)
    assert next(messages)["type"] == "progress"
    while not index.asked["torch"]:
        time.sleep(0.05)
    assert running_on(folder)
    connection.cancel(request)
    last = list(messages)[-1]
    assert (last["type"], last["code"]) == ("error", "cancelled")
    assert last["sentence"].startswith("Cancelled; what was fetched is kept"), "it had to be ended"
    connection.stop()
    assert not connection.alive and not running_on(folder)
    assert marker.state(folder) is State.UNFINISHED


def running_on(folder: Path) -> list[int]:
    """The processes that have `folder` on their command line."""
    found = psutil.process_iter(["pid", "cmdline"])
    return [process.pid for process in found if any(str(folder) in word for word in process.info["cmdline"] or ())]
