"""The file that tells an environment that Flowbrush made from any other folder, and how far it has come."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from ..environment import launcher_of, python_of
from ..errors import BackendError, Code, FlowbrushError
from ..storage import make_folder, read_json, write_json

FILE = "flowbrush-environment.json"
FORMAT = 1
_LIMIT = 10_000  # bytes


@dataclass(frozen=True)
class Marker:
    """variant: which build of PyTorch; empty for whatever the index had. size: bytes on disk, once complete."""

    variant: str = ""
    complete: bool = False
    size: int = 0


class State(StrEnum):
    """What is in an environment's folder."""

    MISSING = "missing"
    UNFINISHED = "unfinished"
    READY = "ready"


def read(folder: Path) -> Marker | None:
    """The marker in `folder`; None where Flowbrush has not made it, or the marker is damaged."""
    try:
        document = read_json(folder / FILE, _LIMIT, _damaged)
    except FlowbrushError:
        return None
    variant, complete, size = (document.get(name) for name in ("variant", "complete", "size"))
    sound = isinstance(variant, str) and isinstance(complete, bool) and type(size) is int and size >= 0
    return Marker(variant, complete, size) if sound and document.get("format") == FORMAT else None  # type: ignore[arg-type]


def write(folder: Path, marker: Marker) -> None:
    """Writes the marker whole. Raises StorageError."""
    write_json(folder / FILE, {"format": FORMAT, **asdict(marker)})


def state(folder: Path) -> State:
    """What is in `folder`, at the cost of reading one small file; starts no process."""
    marker = read(folder) or _of_earlier_flowbrush(folder)
    if marker is None:
        return State.MISSING
    return State.READY if marker.complete and python_of(folder).exists() else State.UNFINISHED


def claim(folder: Path) -> Marker:
    """The marker in `folder`, which is made where it does not exist.

    Raises BackendError(NOT_WRITABLE) where the folder holds files that Flowbrush has not made, and StorageError.
    """
    marker = read(folder) or _of_earlier_flowbrush(folder)
    if marker is None:
        if folder.is_symlink() or (folder.exists() and (not folder.is_dir() or any(folder.iterdir()))):
            raise BackendError(
                Code.NOT_WRITABLE,
                f"{folder} holds files that Flowbrush has not made: choose another place for the backend",
            )
        make_folder(folder)
        marker = Marker()
    return marker


def _of_earlier_flowbrush(folder: Path) -> Marker | None:
    # It wrote no marker, but its launcher, as the last step.
    return Marker(complete=True) if launcher_of(folder).is_file() and (folder / "pyvenv.cfg").is_file() else None


def _damaged(reason: str) -> BackendError:
    return BackendError(Code.NO_ENVIRONMENT, reason)
