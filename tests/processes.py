"""What tests ask the system about other processes."""

from pathlib import Path


def is_running(pid: int) -> bool:
    """Whether `pid` runs; a zombie that nobody waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
