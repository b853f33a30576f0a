"""The worker's own Python environment: what belongs into it, and what is missing.

It is kept apart from Blender's Python: torch and Blender disagree about numpy, and a broken package must not break
Blender. `installing` makes it.
"""

import json
import os
import stat
import subprocess
from pathlib import Path

from .client import LAUNCH, QUIET_THREADS
from .errors import BackendError, Code

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
    lines = (line.split("#")[0].removesuffix("\\").strip() for line in LOCK.read_text("utf-8").splitlines())
    return dict(line.split("==") for line in lines if "==" in line)


def launcher_of(folder: Path) -> Path:
    """The command `flowbrush` in the environment in `folder`."""
    return folder / ("Scripts/flowbrush.bat" if os.name == "nt" else "bin/flowbrush")


def write_launcher(folder: Path) -> Path:
    """Puts the command `flowbrush` into the environment, running the Flowbrush that this file belongs to."""
    path = launcher_of(folder)
    if os.name == "nt":
        settings = "".join(f"@set {name}={value}\r\n" for name, value in QUIET_THREADS.items())
        path.write_text(f'{settings}@"{python_of(folder)}" -I "{LAUNCH}" backend %*\r\n', "utf-8")
    else:
        settings = " ".join(f"{name}={value}" for name, value in QUIET_THREADS.items())
        command = f'"{python_of(folder).absolute()}" -I "{LAUNCH}" backend "$@"'
        path.write_text(f"#!/bin/sh\nexec env {settings} {command}\n", "utf-8")
        path.chmod(path.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path
