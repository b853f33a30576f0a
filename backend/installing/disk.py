"""What files take on the disk, and whether there is room for more."""

import os
import shutil
from pathlib import Path

from ..errors import Code, StorageError

MB = 1_000_000
_SPARE = 300 * MB  # what an installer needs besides


def used(folder: Path) -> int:
    """Bytes of all files in `folder`, each counted once however many names it has there. Links are not followed."""
    seen: set[tuple[int, int]] = set()
    total = 0
    waiting = [folder]
    while waiting:
        try:
            with os.scandir(waiting.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        waiting.append(Path(entry.path))
                        continue
                    # Not entry.stat: on Windows that does not tell how many names a file has.
                    status = Path(entry.path).lstat()
                    if status.st_nlink > 1:
                        if (status.st_dev, status.st_ino) in seen:
                            continue
                        seen.add((status.st_dev, status.st_ino))
                    total += status.st_size
        except OSError:
            continue  # it went while it was looked at
    return total


def need(folder: Path, size: int) -> None:
    """Raises StorageError(DISK_FULL) where the disk of `folder`, which need not exist yet, lacks `size` bytes."""
    there = next(path for path in (folder, *folder.parents) if path.exists())
    free = shutil.disk_usage(there).free
    if free < size + _SPARE:
        wanted, there_is = in_words(size + _SPARE), in_words(free)
        sentence = (
            f"The backend needs {wanted} in {folder}, and {there_is} are free: make room, or choose another place"
        )
        raise StorageError(Code.DISK_FULL, sentence)


def in_words(size: int) -> str:
    """Bytes as a user reads them."""
    return f"{size / 1000 / MB:.1f} GB" if size >= 1000 * MB else f"{size / MB:.0f} MB"
