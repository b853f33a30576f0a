"""Downloading folder from a server that speaks the hub's language, and misbehaves in every way that a network can."""

import json
import random
import sys
import time
from pathlib import Path

import hub
import pytest
from flowbrush.backend.client import Connection, download_command
from flowbrush.backend.models.installed import RECORD, listed

CATALOGUE = """
[licence.mine]
name = "Mine"
link = "https://example.org/licence"
commercial = "yes"
terms = "All is allowed."

[model.mine]
kind = "model"
name = "Mine"
family = "sd15"
licence = "mine"
repo = "me/mine"
files = ["unet/config.json", "unet/model.safetensors"]
renamed = { "unet/model.safetensors" = "unet/diffusion_pytorch_model.safetensors" }
"""
WEIGHTS = random.Random(5).randbytes(400_000)
CONFIG = b'{"cross_attention_dim": 768}'
FILES = {"unet/config.json": CONFIG, "unet/model.safetensors": WEIGHTS, "unet/model.bin": b"not asked for"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "models"
    folder.mkdir()
    (folder / "catalogue.toml").write_text(CATALOGUE)
    return folder


def start(server: hub.Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Connection, int]:
    monkeypatch.setenv("HF_ENDPOINT", server.url)
    monkeypatch.setenv("HF_HOME", str(folder.parent / "hub"))
    log = folder.parent / "download.log"
    connection = Connection(download_command(Path(sys.executable), log, folder, ["mine"]), log)
    return connection, connection.expect()


def fetch(server: hub.Hub, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict]:
    connection, request = start(server, folder, monkeypatch)
    try:
        return list(connection.messages(request))
    finally:
        connection.stop()


def whole(folder: Path) -> bool:
    own = folder / "mine"
    files = {path.relative_to(own).as_posix() for path in own.rglob("*") if path.is_file()}
    assert files <= {"unet/config.json", "unet/diffusion_pytorch_model.safetensors", RECORD}
    if not own.exists():
        return False
    assert (own / "unet/diffusion_pytorch_model.safetensors").read_bytes() == WEIGHTS
    assert (own / "unet/config.json").read_bytes() == CONFIG
    return "mine" in listed(folder)


def ranges(server: hub.Hub) -> list[str]:
    return [asked for path, asked in server.requests if path.endswith(".safetensors")]


def test_a_model_comes_whole_and_its_record_says_what_it_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub.serving(hub.Hub(FILES)) as server:
        messages = fetch(server, folder, monkeypatch)
        assert messages[-1]["type"] == "result", messages[-1]
        assert whole(folder)
        record = json.loads((folder / "mine" / RECORD).read_text())
        assert record["revision"] == hub.COMMIT and len(record["files"]["unet/config.json"]) == 64
        assert not list((folder / ".partial").iterdir())
        assert not any("model.bin" in path for path, _ in server.requests)
        # What is there is not fetched again.
        server.requests.clear()
        assert fetch(server, folder, monkeypatch)[-1]["type"] == "result"
        assert server.requests == []


@pytest.mark.parametrize("ignores_ranges", [False, True])
def test_a_cut_connection_is_gone_on_with(folder: Path, monkeypatch: pytest.MonkeyPatch, ignores_ranges: bool) -> None:
    with hub.serving(hub.Hub(FILES, cut=[150_000], ignores_ranges=ignores_ranges)) as server:
        assert fetch(server, folder, monkeypatch)[-1]["type"] == "result"
        assert whole(folder)
        assert [bool(asked) for asked in ranges(server)] == [False, True]


def test_a_wrong_checksum_leaves_nothing_and_the_next_download_is_right(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with hub.serving(hub.Hub(FILES, lie=True)) as server:
        last = fetch(server, folder, monkeypatch)[-1]
        assert last["code"] == "download" and "checksum" in last["sentence"]
        assert not whole(folder)
        server.lie = False
        assert fetch(server, folder, monkeypatch)[-1]["type"] == "result"
        assert whole(folder)


@pytest.mark.parametrize(
    ("status", "headers", "said"),
    [
        (401, {}, "no more"),
        (404, {"X-Error-Code": "RepoNotFound"}, "no more"),
        (404, {"X-Error-Code": "RevisionNotFound"}, "no more"),
        (403, {"X-Error-Code": "GatedRepo"}, "accept their licence"),
        (403, {}, "403"),
    ],
)
def test_a_refusal_says_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch, status: int, headers: dict[str, str], said: str
) -> None:
    with hub.serving(hub.Hub(FILES, status=status, headers=headers)) as server:
        last = fetch(server, folder, monkeypatch)[-1]
    assert last["code"] == "download" and said in last["sentence"], last
    assert not whole(folder)


def test_files_that_are_gone_and_other_revisions_are_told(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub.serving(hub.Hub({"unet/config.json": CONFIG})) as server:
        assert "has no file" in fetch(server, folder, monkeypatch)[-1]["sentence"]
    text = CATALOGUE + f'revision = "{"1" * 40}"\n'
    (folder / "catalogue.toml").write_text(text)
    with hub.serving(hub.Hub(FILES)) as server:
        assert "not the revision" in fetch(server, folder, monkeypatch)[-1]["sentence"]
    (folder / "catalogue.toml").write_text(CATALOGUE + f'sha256 = {{ "unet/model.safetensors" = "{"0" * 64}" }}\n')
    with hub.serving(hub.Hub(FILES)) as server:
        assert "not the file" in fetch(server, folder, monkeypatch)[-1]["sentence"]
        assert ranges(server) == []


def test_cancelling_ends_soon_and_the_next_download_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with hub.serving(hub.Hub({**FILES}, slow=1.5)) as server:
        connection, request = start(server, folder, monkeypatch)
        try:
            parts = folder / ".partial"
            while not any(path.stat().st_size for path in parts.rglob("*.safetensors.part")):
                assert not connection.poll() or connection.busy
                time.sleep(0.05)
            connection.cancel(request)
            last = list(connection.messages(request))[-1]
        finally:
            connection.stop()
        assert last["code"] == "cancelled"
        assert not whole(folder)
        server.slow = 0.0
        server.requests.clear()
        assert fetch(server, folder, monkeypatch)[-1]["type"] == "result"
        assert whole(folder)
        assert ranges(server)[0].startswith("bytes=")


def test_no_room_on_the_disk_is_told_before_anything_comes(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Huge(hub.Hub):
        def about(self) -> bytes:
            return super().about().replace(b"400000", b"%d" % 10**17)

    with hub.serving(Huge(FILES)) as server:
        last = fetch(server, folder, monkeypatch)[-1]
        assert last["code"] == "disk_full"
        assert ranges(server) == []


def test_a_folder_in_the_way_is_not_touched(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "mine").mkdir()
    (folder / "mine" / "diary.txt").write_text("mine")
    with hub.serving(hub.Hub(FILES)) as server:
        assert fetch(server, folder, monkeypatch)[-1]["code"] == "not_writable"
    assert [path.name for path in (folder / "mine").iterdir()] == ["diary.txt"]
