"""What is to be captured, in words that can wait in the queue: nothing in them is of an open file."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from .errors import FlowbrushError
from .needs import EXTRAS, PASSES, POSE
from .parsing import Fields
from .shot import Shot

MOST_SAMPLES = 4096
LAST_FRAME = 1_048_574  # of Blender's timeline


@dataclass(frozen=True)
class CaptureOrder:
    """A capture of the scene named `scene` in the .blend `file`, which is "" for one that was never saved.

    frames: first and last, both included. samples: of the picture. passes, extras: as `needs.needed` gives them.
    camera: the full name of one that is used in place of the scene's; "" for the scene's.
    """

    file: str
    scene: str
    frames: tuple[int, int]
    samples: int
    passes: tuple[str, ...]
    extras: tuple[str, ...]
    camera: str = ""

    def done_in(self, shot: Shot) -> bool:
        """Whether `shot` holds all that it asks for; what of the scene has changed since is not looked at."""
        frames = shot.frame_numbers
        if self.frames[0] not in frames or self.frames[1] not in frames or shot.missing_frames():
            return False
        drawn = all(shot.has_pose if extra == POSE else extra in shot.drawn for extra in self.extras)
        return drawn and set(self.passes) <= shot.passes.keys()

    def document(self) -> dict[str, Any]:
        """As JSON-ready fields."""
        return asdict(self)

    @classmethod
    def parse(cls, given: Fields, bad: Callable[[str], FlowbrushError]) -> "CaptureOrder":
        """An order for later out of its fields, each checked. Raises what `bad` makes of a reason."""
        file = given.text("file")
        if not Path(file).is_absolute():
            raise bad(f"{given.where}: 'file' must be a whole path")
        frames = given.integers("frames", -LAST_FRAME, LAST_FRAME, 2)
        if len(frames) != 2 or frames[1] < frames[0]:
            raise bad(f"{given.where}: 'frames' must be a first and a last frame")
        passes, extras = given.texts("passes", len(PASSES)), given.texts("extras", len(EXTRAS))
        if not (set(passes) <= set(PASSES) and set(extras) <= set(EXTRAS)):
            raise bad(f"{given.where}: 'passes' or 'extras' has one that is not known")
        samples = given.integer("samples", 1, MOST_SAMPLES)
        return cls(file, given.text("scene"), (frames[0], frames[1]), samples, passes, extras, given.text("camera", ""))
