"""The worker's own Python environment: makes it, checks it, and says what is missing.

It is kept apart from Blender's Python: torch and Blender disagree about numpy, and a broken package must not break
Blender. Packages are installed by uv (Astral), which is taken from the machine or fetched by pip.
"""

import json
import os
import shutil
import stat
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from .client import LAUNCH, QUIET_THREADS
from .errors import BackendError, Code
from .footage.catalogue import catalogue
from .storage import make_folder

REQUIREMENTS = Path(__file__).with_name("requirements.txt")
FOOTAGE = Path(__file__).with_name("requirements-footage.txt")
LOCK = Path(__file__).with_name("requirements.lock")

_LIST_PACKAGES = (
    "import importlib.metadata as m, json, sys;"
    "print(json.dumps({'python': list(sys.version_info[:2]),"
    " 'packages': {d.name.lower().replace('_', '-'): d.version for d in m.distributions() if d.name}}))"
)


def python_of(folder: Path) -> Path:
    """The Python of the environment in `folder`."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def check(python: Path, *, footage: bool = False) -> None:
    """Raises BackendError(NO_ENVIRONMENT) unless `python` runs and has every package at its locked version.

    footage: with the extra that estimates conditions of footage.
    """
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", _LIST_PACKAGES], capture_output=True, timeout=60, check=True, text=True
        )
        found = json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as error:
        raise BackendError(
            Code.NO_ENVIRONMENT,
            f"The backend's Python does not run ({python}): set up the backend, or choose another in the preferences",
        ) from error
    if tuple(found["python"]) < (3, 11):
        raise BackendError(Code.NO_ENVIRONMENT, f"{python} is older than Python 3.11: choose a newer one")
    locked = locked_versions()
    wrong = [
        f"{name} {locked[name]}" if name in locked else name
        for name in (*required_packages(), *(required_packages(FOOTAGE) if footage else ()))
        if name not in found["packages"] or (name in locked and found["packages"][name].split("+")[0] != locked[name])
    ]
    if wrong:
        raise BackendError(
            Code.NO_ENVIRONMENT, f"The backend at {python} lacks {', '.join(wrong)}: set up the backend again"
        )


def required_packages(requirements: Path = REQUIREMENTS) -> list[str]:
    """The names in a requirement file."""
    lines = (line.split("#")[0].strip() for line in requirements.read_text("utf-8").splitlines())
    return [line.split("=")[0].split("<")[0].split(">")[0].strip().lower() for line in lines if line]


def locked_versions() -> dict[str, str]:
    """Package name to version, as in requirements.lock."""
    lines = (line.split("#")[0].strip() for line in LOCK.read_text("utf-8").splitlines())
    return dict(line.split("==") for line in lines if line)


def create(
    folder: Path,
    say: Callable[[str], None],
    *,
    extra: tuple[Path, ...] = (),
    footage: bool = False,
    python: str = sys.executable,
) -> Path:
    """Makes the environment in `folder`, or brings one that is there up to date, and gives its Python.

    extra: further requirement files (development tools). footage: with the extra that estimates conditions of footage.
    Downloads; ask before. Raises BackendError(NO_ENVIRONMENT) with the installer's last words.
    """
    make_folder(folder.parent)
    uv = shutil.which("uv")
    if uv is None:
        own = folder.with_name(f"{folder.name}-uv")
        say(f"Fetching uv into {own}")
        if not python_of(own).exists():
            venv.create(own, with_pip=True)
        _run([str(python_of(own)), "-m", "pip", "install", "--quiet", f"uv=={locked_versions()['uv']}"])
        uv = str(python_of(own).with_name("uv.exe" if os.name == "nt" else "uv"))
    if not python_of(folder).exists():
        say(f"Making a Python environment in {folder}")
        _run([uv, "venv", "--quiet", "--allow-existing", "--python", python, str(folder)])
    say("Installing the backend's packages (about 1.4 GB with torch's CPU build)")
    if footage:
        say("With them those that estimate conditions of footage (about 30 MB: controlnet-aux, torchvision, timm)")
        say("Their networks' weights are not downloaded now, but each when it is asked for and allowed:")
        for line in catalogue():
            say(f"  {line}")
    chosen = (REQUIREMENTS, *((FOOTAGE,) if footage else ()), *extra)
    files = [word for path in chosen for word in ("--requirements", str(path))]
    _run([uv, "pip", "install", "--quiet", "--python", str(python_of(folder)), "--constraints", str(LOCK), *files])
    check(python_of(folder), footage=footage)
    write_launcher(folder)
    return python_of(folder)


def write_launcher(folder: Path) -> Path:
    """Puts the command `flowbrush` into the environment, running the Flowbrush that this file belongs to."""
    if os.name == "nt":
        path = folder / "Scripts" / "flowbrush.bat"
        settings = "".join(f"@set {name}={value}\r\n" for name, value in QUIET_THREADS.items())
        path.write_text(f'{settings}@"{python_of(folder)}" -I "{LAUNCH}" backend %*\r\n', "utf-8")
    else:
        path = folder / "bin" / "flowbrush"
        settings = " ".join(f"{name}={value}" for name, value in QUIET_THREADS.items())
        command = f'"{python_of(folder).absolute()}" -I "{LAUNCH}" backend "$@"'
        path.write_text(f"#!/bin/sh\nexec env {settings} {command}\n", "utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path


def _run(command: list[str]) -> None:
    # uv reads its own variables where pip is told of certificates and local wheels by these.
    environment = dict(os.environ)
    for ours, theirs in (("UV_FIND_LINKS", "PIP_FIND_LINKS"), ("SSL_CERT_FILE", "PIP_CERT")):
        if theirs in environment:
            environment.setdefault(ours, environment[theirs])
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, env=environment)
    except OSError as error:
        raise BackendError(Code.NO_ENVIRONMENT, f"{command[0]} cannot be started: {error.strerror}") from error
    except subprocess.CalledProcessError as error:
        last_words = (error.stderr or error.stdout).strip()[-600:]
        raise BackendError(
            Code.NO_ENVIRONMENT, f"The backend could not be set up; check the connection and try again. {last_words}"
        ) from error
