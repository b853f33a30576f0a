"""Finds the packages of an environment whose files are not as they were installed."""

import base64
import csv
import hashlib
from collections.abc import Callable
from pathlib import Path

_CHUNK = 1 << 20


def damaged(packages: Path, tell: Callable[[int, int], None] = lambda _done, _total: None) -> list[str]:
    """The names of packages in the folder `packages` (site-packages) with a file that is missing or changed.

    Compares every file with its size and SHA-256 in the package's RECORD; reads the whole environment, seconds for
    each GB. tell: gets how many packages are looked at, of how many.
    """
    folders = sorted(packages.glob("*.dist-info"))
    found = []
    for done, folder in enumerate(folders, 1):
        if not _whole(packages, folder):
            found.append(folder.name.removesuffix(".dist-info").rsplit("-", 1)[0].lower().replace("_", "-"))
        tell(done, len(folders))
    return found


def _whole(packages: Path, folder: Path) -> bool:
    try:
        with open(folder / "RECORD", encoding="utf-8", newline="") as file:
            rows = [row for row in csv.reader(file) if len(row) == 3 and row[1].startswith("sha256=")]
        return bool(rows) and all(_matches(packages / name, checksum, size) for name, checksum, size in rows)
    except (OSError, ValueError):
        return False


def _matches(path: Path, checksum: str, size: str) -> bool:
    """Raises OSError where the file cannot be read."""
    if size and path.stat().st_size != int(size):
        return False
    summed = hashlib.sha256()
    with open(path, "rb") as file:
        while part := file.read(_CHUNK):
            summed.update(part)
    return base64.urlsafe_b64encode(summed.digest()).rstrip(b"=").decode() == checksum.removeprefix("sha256=")
