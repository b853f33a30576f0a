"""What tests ask the system about other processes."""

import subprocess
import sys
import time
from pathlib import Path

from flowbrush.backend.client import LAUNCH, clean_environment

_WITH_THE_PACKAGE = f"""
import importlib.util, sys, time
from pathlib import Path
spec = importlib.util.spec_from_file_location("launch", {str(LAUNCH)!r})
launch = importlib.util.module_from_spec(spec); spec.loader.exec_module(launch); launch.register_package()
"""


def ends_with_its_starter(code: str) -> bool:
    """Whether a process ends soon after the one that started it is killed.

    code: what the starter runs, with the package at hand; it prints the other's process id and goes on.
    """
    command = [sys.executable, "-I", "-c", _WITH_THE_PACKAGE + code]
    starter = subprocess.Popen(command, stdout=subprocess.PIPE, env=clean_environment())
    assert starter.stdout is not None
    started = int(starter.stdout.readline())
    starter.kill()
    starter.wait()
    deadline = time.monotonic() + 5  # the bound that users are promised
    while is_running(started) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_running(started)


def is_running(pid: int) -> bool:
    """Whether `pid` runs; a zombie that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
