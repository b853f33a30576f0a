"""Makes, repairs and removes an environment. Whatever ends these in the middle, they can be run again.

All is in one folder: the environment, `cache` (where uv keeps what it has fetched; further names of the same files,
where the disk can do that) and `uv`. The marker says whether the environment is complete; one that is not is never
used, and is put together again from the cache.
"""

import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from .. import environment
from ..environment import LOCK, python_of
from ..errors import BackendError, Code
from ..storage import storage_errors
from . import damage, disk, marker, uv
from .marker import Marker, State
from .progress import Progress, Tell
from .variants import VARIANTS

CACHE, UV = "cache", "uv"
# All that uv and the packages put into an environment, by name: nothing else is ever removed.
_VENV: tuple[str, ...] = (
    "bin",
    "lib",
    "lib64",
    "include",
    "share",
    "etc",
    "Scripts",
    "Lib",
    "Include",
    "pyvenv.cfg",
    "CACHEDIR.TAG",
)
_VENV += (".gitignore", ".lock")
# Where the user has named an index or wheels of their own, torch comes from there as well.
_SOURCES = ("UV_TORCH_BACKEND", "UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_FIND_LINKS", "UV_NO_INDEX")
_LOOK_AGAIN = 0.2  # seconds between two looks at a running uv
_LAST_WORDS = 600  # letters of what uv said last that a user reads


@dataclass(frozen=True)
class Contents:
    """What an environment is to hold: requirement files, and a check that raises BackendError where something lacks."""

    requirements: tuple[Path, ...]
    check: Callable[[Path], None]


def contents(*, footage: bool = False, also: tuple[Path, ...] = ()) -> Contents:
    """What the worker needs. footage: with the extra for footage. also: further requirement files."""
    own = (environment.REQUIREMENTS, *((environment.FOOTAGE,) if footage else ()))
    return Contents((*own, *also), lambda python: environment.check(python, footage=footage))


def create(
    folder: Path, tell: Tell, what: Contents, *, variant: str | None = None, python: str = sys.executable
) -> Path:
    """Makes the environment in `folder`, goes on with it, or brings it up to date, and gives its Python. Downloads.

    variant: of PyTorch, see `variants`; empty takes what the package index has, None the one that is there. python:
    what a new environment is made from. Raises BackendError(NO_ENVIRONMENT) with the installer's last words,
    BackendError(NOT_WRITABLE) where the folder is not Flowbrush's, StorageError, and Cancelled from `tell`.
    """
    known = marker.claim(folder)
    wanted = Marker(known.variant if variant is None else variant)
    size = VARIANTS[wanted.variant].sizes.get(sys.platform) if wanted.variant else None
    whole = size.disk * disk.MB if size else 0
    if not known.complete:
        disk.need(folder, max(whole - disk.used(folder / CACHE), 0))
    marker.write(folder, wanted)
    if not known.complete or known.variant != wanted.variant or not _runs(python_of(folder)):
        _remove(folder, _VENV)
    program = _uv(folder, tell)
    if not python_of(folder).exists():
        tell(0, 0, "Making a Python environment")
        _run([str(program), "venv", "--allow-existing", "--python", python, str(folder)], folder, tell)
    words = [word for path in what.requirements for word in ("--requirements", str(path))]
    _install(program, folder, tell, words, wanted.variant, whole)
    what.check(python_of(folder))
    environment.write_launcher(folder)
    marker.write(folder, replace(wanted, complete=True, size=disk.used(folder)))
    return python_of(folder)


def repair(folder: Path, tell: Tell, what: Contents, *, python: str = sys.executable) -> list[str]:
    """Fetches and installs again what is damaged in `folder`, and what is missing; gives the damaged packages' names.

    An environment whose Python is gone is made anew from `python`. Raises as `create` does.
    """
    if marker.state(folder) is State.MISSING:
        raise _no_environment(f"There is nothing to repair in {folder}: set up the backend")
    known = marker.claim(folder)
    broken: list[str] = []
    if known.complete and _runs(python_of(folder)):
        broken = damage.damaged(_packages(folder), lambda done, total: tell(done, total, "Comparing every file"))
    if broken:
        if "UV_OFFLINE" in os.environ:
            raise _no_environment(f"{', '.join(broken)} must be fetched again: allow online access, then repair")
        program = _uv(folder, tell)
        marker.write(folder, Marker(known.variant))
        # What is kept may be the same damaged files under other names.
        _run([str(program), "cache", "clean", "--cache-dir", str(folder / CACHE), *broken], folder, tell)
        words = [word for name in broken for word in ("--reinstall-package", name)]
        words += [word for path in what.requirements for word in ("--requirements", str(path))]
        _install(program, folder, tell, words, known.variant, 0)
        marker.write(folder, known)
    create(folder, tell, what, python=python)
    return broken


def remove(folder: Path) -> int:
    """Removes what Flowbrush made in `folder`, and gives its size in bytes; other files there stay.

    Raises BackendError(NOT_WRITABLE) where Flowbrush has not made the folder, and StorageError.
    """
    if folder.is_symlink() or marker.state(folder) is State.MISSING:
        raise BackendError(Code.NOT_WRITABLE, f"{folder} was not made by Flowbrush: it is left as it is")
    size = disk.used(folder)
    marker.write(folder, Marker())
    _remove(folder, (*_VENV, CACHE, UV))
    with storage_errors(folder / marker.FILE):
        (folder / marker.FILE).unlink()
        if not any(folder.iterdir()):
            folder.rmdir()
    return size


def _uv(folder: Path, tell: Tell) -> Path:
    return uv.find_or_fetch(folder / UV, lambda sentence: tell(0, 0, sentence))


def _install(program: Path, folder: Path, tell: Tell, words: list[str], variant: str, whole: int) -> None:
    """whole: bytes that uv's cache will have in the end, 0 where that is not known."""
    backend = VARIANTS[variant].backends.get(sys.platform) if variant else None
    own = [name for name in _SOURCES if name in _variables(folder)]
    if backend and own:
        tell(0, 0, f"{own[0]} is set: torch comes from there, whichever build that has")
    chosen = ["--torch-backend", backend] if backend and not own else []
    command = [str(program), "pip", "install", "--python", str(python_of(folder)), "--constraints", str(LOCK)]
    _run([*command, *chosen, *words], folder, tell, whole)


def _run(command: list[str], folder: Path, tell: Tell, whole: int = 0) -> None:
    """Runs uv to its end, or until `tell` raises: then it is ended at once."""
    try:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=_variables(folder),
            encoding="utf-8",
            errors="replace",
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except OSError as error:
        raise _no_environment(f"{command[0]} cannot be started: {error.strerror}") from error
    lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
    on_disk = [0]
    ended = threading.Event()
    threading.Thread(target=_read, args=(process, lines), daemon=True).start()
    threading.Thread(target=_weigh, args=(folder / CACHE, on_disk, ended), daemon=True).start()
    said: list[str] = []
    progress = Progress(whole)
    try:
        while True:
            try:
                line = lines.get(timeout=_LOOK_AGAIN)
            except queue.Empty:
                line = ""
            if line is None:
                break
            if line:
                said.append(line)
                progress.hear(line)
                print(line, flush=True)  # for the log
            else:
                tell(*progress.now(on_disk[0]))
    finally:
        ended.set()
        process.kill()
        status = process.wait()
    if status:
        words = "\n".join(said).strip()[-_LAST_WORDS:]
        raise _no_environment(f"The backend could not be set up; check the connection and try again. {words}")


def _read(process: subprocess.Popen[str], lines: "queue.SimpleQueue[str | None]") -> None:
    assert process.stdout is not None
    for line in process.stdout:
        lines.put(line.rstrip())
    process.wait()
    lines.put(None)


def _weigh(cache: Path, on_disk: list[int], ended: threading.Event) -> None:
    while not ended.wait(1.0):
        on_disk[0] = disk.used(cache)


def _variables(folder: Path) -> dict[str, str]:
    """uv reads its own variables where pip is told of indices, certificates and local wheels by these."""
    found = {name: value for name, value in os.environ.items() if value}
    of_pip = {"UV_FIND_LINKS": "PIP_FIND_LINKS", "UV_DEFAULT_INDEX": "PIP_INDEX_URL", "SSL_CERT_FILE": "PIP_CERT"}
    for ours, theirs in of_pip.items():
        if theirs in found:
            found.setdefault(ours, found[theirs])
    own = {"UV_CACHE_DIR": str(folder / CACHE), "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    return {**found, **own}


def _runs(python: Path) -> bool:
    try:
        return subprocess.run([str(python), "-I", "-c", ""], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _packages(folder: Path) -> Path:
    found = [*folder.glob("lib/python*/site-packages"), *folder.glob("Lib/site-packages")]
    if not found:
        raise _no_environment(f"{folder} has no folder of packages: remove the backend, then set it up again")
    return found[0]


def _remove(folder: Path, names: tuple[str, ...]) -> None:
    """Links are removed, not what they point to. Raises StorageError."""
    for path in (folder / name for name in names):
        with storage_errors(path):
            if path.is_symlink() or path.is_file():
                path.unlink()
            elif path.exists():
                shutil.rmtree(path)


def _no_environment(sentence: str) -> BackendError:
    return BackendError(Code.NO_ENVIRONMENT, sentence)
