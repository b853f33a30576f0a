"""A lock between processes, held by one at a time: when that one ends, however it does, the system lets go of it."""

import os
import sys
import time
from pathlib import Path

from .errors import Code, StorageError
from .storage import storage_errors

if sys.platform == "win32":
    import msvcrt

    def _seize(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _seize(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


INTERVAL = 0.01  # seconds between two tries


class FileLock:
    """The lock whose file is `path`; the file stays, empty. Subprocesses do not inherit it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds it."""
        return self._descriptor is not None

    def take(self, patience: float) -> bool:
        """Whether it could be taken within `patience` seconds. Raises StorageError where the folder has no locks."""
        assert self._descriptor is None, "taken twice"
        deadline = time.monotonic() + patience
        with storage_errors(self._path):
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
        while True:
            try:
                _seize(descriptor)
            except (BlockingIOError, PermissionError):  # how systems say that another holds it
                if time.monotonic() > deadline:
                    os.close(descriptor)
                    return False
                time.sleep(INTERVAL)
            except OSError as error:
                os.close(descriptor)
                raise StorageError(
                    Code.NOT_WRITABLE, f"{self._path.parent} is on a disk that cannot lock files ({error.strerror})"
                ) from error
            else:
                self._descriptor = descriptor
                return True

    def give_back(self) -> None:
        """Lets go of it; nothing happens where it is not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
