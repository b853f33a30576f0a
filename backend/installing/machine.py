"""Asks this machine what decides the variant. May take seconds where nvidia-smi is slow: call it in a thread."""

import os
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

from .variants import Machine

AMD = "0x1002"  # its PCI vendor number
_NVIDIA_MODULE = re.compile(r"Kernel Module(?: for \S+)?\s+(\d+(?:\.\d+)+)")


def look(root: Path = Path("/")) -> Machine:
    """What this machine has; what cannot be asked is not there. root: where its /proc, /sys and /dev are."""
    system = "linux" if sys.platform.startswith("linux") else sys.platform
    nvidia, amd, rocm = "", False, False
    if system == "linux":
        nvidia = nvidia_module(_text(root / "proc/driver/nvidia/version"))
        amd = any(_text(path).strip() == AMD for path in (root / "sys/class/drm").glob("card*/device/vendor"))
        rocm = (root / "dev/kfd").exists()
    if not nvidia and system != "darwin":
        nvidia = _asked_driver()
    return Machine(system, platform.machine(), nvidia, amd, rocm)


def nvidia_module(text: str) -> str:
    """The driver's version in what Linux's NVIDIA module says of itself, or empty."""
    found = _NVIDIA_MODULE.search(text)
    return found.group(1) if found else ""


def nvidia_smi(output: str) -> str:
    """The driver's version in what `nvidia-smi --query-gpu=driver_version --format=csv,noheader` printed, or empty."""
    first = (output.strip().splitlines() or [""])[0].strip()
    return first if re.fullmatch(r"\d+(\.\d+)+", first) else ""


def _asked_driver() -> str:
    # On Windows it lies beside the system's own programs, which are not always searched.
    windows = Path(os.environ.get("SYSTEMROOT", "C:/Windows")) / "System32/nvidia-smi.exe"
    program = shutil.which("nvidia-smi") or (str(windows) if os.name == "nt" and windows.exists() else "")
    if not program:
        return ""
    try:
        answer = subprocess.run(
            [program, "--query-gpu=driver_version", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=15,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
    except (OSError, subprocess.SubprocessError):
        return ""  # a driver that does not answer cannot be used
    return nvidia_smi(answer.stdout)


def _text(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:
        return ""
