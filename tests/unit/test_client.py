"""The client against small subprocesses that behave well, badly, or not at all."""

import sys
import textwrap
import time
from pathlib import Path

import pytest
from flowbrush.backend.client import Connection, clean_environment
from flowbrush.backend.errors import BackendError, Code
from flowbrush.backend.protocol import decode, encode
from hypothesis import given
from hypothesis import strategies as st


def connect(tmp_path: Path, code: str) -> Connection:
    script = "import json, sys, time\ndef say(**m): print(json.dumps(m), flush=True)\n" + textwrap.dedent(code)
    return Connection([sys.executable, "-I", "-c", script], tmp_path / "log")


def last(connection: Connection, request: int) -> dict:
    return list(connection.messages(request))[-1]


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.text(), max_size=4))
def test_messages_survive_the_pipe(fields: dict) -> None:
    message = {**fields, "type": "x"}
    line = encode(message)
    assert line.count(b"\n") == 1 and decode(line) == message


@given(st.binary(max_size=100))
def test_anything_else_is_no_message(line: bytes) -> None:
    assert decode(line) is None or isinstance(decode(line)["type"], str)


def test_progress_and_result(tmp_path: Path) -> None:
    code = """
    print("a library says hello")
    for line in sys.stdin:
        m = json.loads(line)
        say(type="progress", id=m["id"], done=1, total=2)
        say(type="result", id=m["id"])
    """
    connection = connect(tmp_path, code)
    for _ in range(2):
        request = connection.request("work")
        assert [m["type"] for m in connection.messages(request)] == ["progress", "result"]
    assert not connection.busy and connection.alive
    connection.stop()
    assert not connection.alive
    assert "a library says hello" in (tmp_path / "log").read_text()


def test_a_worker_that_dies_answers_with_an_error(tmp_path: Path) -> None:
    connection = connect(tmp_path, "sys.stdin.readline(); sys.exit(3)")
    error = last(connection, connection.request("work"))
    assert error["code"] == Code.WORKER_DIED
    assert "status 3" in error["sentence"] and "start again" in error["sentence"]
    assert not connection.alive
    connection.stop()


def test_requests_after_death_are_answered_too(tmp_path: Path) -> None:
    connection = connect(tmp_path, "")
    time.sleep(0.3)
    assert last(connection, connection.request("work"))["code"] == Code.WORKER_DIED


def test_cancel_ends_a_process_that_does_not_listen(tmp_path: Path) -> None:
    connection = connect(tmp_path, "while True: time.sleep(1)")
    request = connection.request("work")
    connection.cancel(request)
    assert last(connection, request)["code"] == Code.CANCELLED
    assert not connection.alive


def test_cancel_is_first_asked_for(tmp_path: Path) -> None:
    code = """
    request = json.loads(sys.stdin.readline())
    cancel = json.loads(sys.stdin.readline())
    say(type="error", id=cancel["id"], code="cancelled", sentence="as you wish")
    time.sleep(30)
    """
    connection = connect(tmp_path, code)
    request = connection.request("work")
    connection.cancel(request)
    assert last(connection, request)["sentence"] == "as you wish"
    assert connection.alive
    connection.stop(grace=0)


def test_another_protocol_version_is_refused(tmp_path: Path) -> None:
    connection = connect(tmp_path, "say(type='hello', protocol=99); time.sleep(30)")
    with pytest.raises(BackendError, match="set up the backend again"):
        for _ in range(200):
            connection.poll()
            time.sleep(0.05)
    connection.stop()


def test_a_program_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(BackendError) as caught:
        Connection([str(tmp_path / "no-python")], tmp_path / "log")
    assert caught.value.code == Code.NO_ENVIRONMENT


def test_the_environment_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    environment = clean_environment()
    assert "PYTHONPATH" not in environment and environment["HF_HUB_OFFLINE"] == "1"
