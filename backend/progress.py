"""What long work tells between two frames."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FrameDone:
    """One frame is finished and stored at `path`; `done` of `total` frames are. seconds: what this frame took.

    kind: what it was, where some cost more than others. left: how many of each kind are still to be done; None where
    all are of one kind.
    """

    frame: int
    path: Path
    done: int
    total: int
    seconds: float
    kind: str = "frame"
    left: Mapping[str, int] | None = None
