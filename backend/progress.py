"""What long work tells between two frames."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FrameDone:
    """One frame is finished and stored at `path`; `done` of `total` frames are. seconds: what this frame took."""

    frame: int
    path: Path
    done: int
    total: int
    seconds: float
