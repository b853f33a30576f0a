"""Writing files so that a final name is only ever a whole file, and reading JSON that others wrote."""

import errno
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .errors import Code, FlowbrushError, StorageError

_NO_SPACE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_NO_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turns the system's refusal to write `path` into a StorageError that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise StorageError(
                Code.DISK_FULL, f"The disk is full: make room for {path.parent}, then start again; all finished is kept"
            ) from error
        if error.errno in _NO_PERMISSION or isinstance(error, NotADirectoryError | FileExistsError | FileNotFoundError):
            raise StorageError(
                Code.NOT_WRITABLE, f"Cannot write to {path.parent}: choose a folder that you may write to"
            ) from error
        raise


def make_folder(path: Path) -> Path:
    """Creates `path` with its parents. Raises StorageError when the system refuses."""
    with storage_errors(path / "*"):
        path.mkdir(parents=True, exist_ok=True)
    return path


def write_whole(path: Path, content: bytes | Callable[[IO[bytes]], None]) -> None:
    """Writes `content`, or has it write, to a temporary file beside `path`, flushes it to the disk and renames it.

    A reader sees the old file or the whole new one, whatever happens in between. Raises StorageError.
    """
    part = path.with_name(f".{path.name}.part")
    with storage_errors(path):
        try:
            with open(part, "wb") as file:
                if callable(content):
                    content(file)
                else:
                    file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Writes `document` whole, readable by people. Raises StorageError."""
    text = json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    write_whole(path, text.encode("utf-8"))


def add_line(path: Path, line: str) -> None:
    """Adds `line` to the text in `path`, apart from one before it that was cut short. Raises StorageError."""
    with storage_errors(path), open(path, "ab+") as file:
        if file.tell():
            file.seek(-1, os.SEEK_END)
            line = line if file.read(1) == b"\n" else f"\n{line}"
        file.write(f"{line}\n".encode())


def read_json(path: Path, limit: int, error: Callable[[str], FlowbrushError]) -> dict[str, Any]:
    """The JSON object in `path`, at most `limit` bytes long; raises `error(reason)` for anything else."""
    try:
        if path.stat().st_size > limit:
            raise error(f"{path} is larger than {limit // 1_000_000} MB")
        document = json.loads(path.read_text("utf-8"), parse_constant=_no_constant)
    except FileNotFoundError as missing:
        raise error(f"{path} does not exist") from missing
    except OSError as unreadable:
        raise error(f"{path} cannot be read ({unreadable.strerror})") from unreadable
    except (ValueError, RecursionError) as damaged:
        raise error(f"{path} is not valid JSON ({damaged})") from damaged
    if not isinstance(document, dict):
        raise error(f"{path} does not hold a JSON object")
    return document


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is not a number")
