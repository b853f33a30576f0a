"""What a report's player can show: the render, the take, other takes of the shot, and where the take flickers."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from ...errors import Code, ShotError
from ...passes.exr import read_png
from ...shot import Shot
from ...take import Take
from ..measures import heat_path, texels_path

LAYOUT = 1  # of the movie; another number makes all movies anew
MOST_OTHERS = 4
HOTTEST = 64  # levels of a heat map from which on it is drawn in the last colour
MISSING = 96  # grey level of a picture that is not there
PALE = 0.3  # brightness of the picture below a heat map


@dataclass(frozen=True)
class Source:
    """Pictures of one kind. files: of each frame that there is. below: for heat maps, the pictures they lie on."""

    name: str
    files: dict[int, Path]
    below: "Source | None" = None

    def picture(self, frame: int, size: tuple[int, int]) -> np.ndarray:
        """(H, W, 3) uint8 RGB of `size` (width, height); grey where there is none. Raises ShotError for damaged ones"""
        if frame not in self.files:
            return np.full((size[1], size[0], 3), MISSING, np.uint8)
        if self.below is None:
            return _levels(self.files[frame], size)
        heat = np.minimum(_levels(self.files[frame], size)[..., 0] / np.float32(HOTTEST), 1.0)
        colours = cv2.applyColorMap(np.rint(255.0 * heat).astype(np.uint8), cv2.COLORMAP_INFERNO)[..., ::-1]
        grey = cv2.cvtColor(self.below.picture(frame, size), cv2.COLOR_RGB2GRAY)[..., None]
        opaque = np.sqrt(heat)[..., None]
        return np.rint(PALE * grey * (1.0 - opaque) + colours * opaque).astype(np.uint8)


def sources(shot: Shot, take: Take, frames: Sequence[int]) -> tuple[list[Source], list[str]]:
    """The render, `take`, its heat maps and other takes of the same capture, and sentences on what is left out."""
    own = _source(take.name, {frame: take.frame_path(frame) for frame in frames})
    found = [_source("Render", {frame: shot.picture_path(frame) for frame in frames}), own]
    for name, path_of in (("Where it flickers", heat_path), ("Where points change colour", texels_path)):
        heat = _source(name, {frame: path_of(take.folder, frame) for frame in frames}, own)
        found += [heat] if heat.files else []
    others, notes = _others(shot, take)
    for other in others:
        source = _source(other.name, {frame: other.frame_path(frame) for frame in frames})
        found += [source] if source.files else []
    return found, notes


def fingerprint(shot: Shot, found: Sequence[Source], frames: Sequence[int]) -> str:
    """The same for the same pictures, as far as sizes and times of their files tell."""
    facts = [[one.name, [[frame, _stamp(path)] for frame, path in one.files.items()]] for one in found]
    document = [LAYOUT, shot.resolution, shot.fps, list(frames), facts]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()[:16]


def _others(shot: Shot, take: Take) -> tuple[list[Take], list[str]]:
    """Takes beside `take`, the newest first, and why some are not among them."""
    folders = [file.parent for file in take.folder.parent.glob("*/take.json") if file.parent.name != take.name]
    folders.sort(key=lambda folder: ((folder / "take.json").stat().st_mtime_ns, folder.name), reverse=True)
    chosen: list[Take] = []
    notes: list[str] = []
    for folder in folders:
        try:
            other = Take.load(shot, folder.name)
        except ShotError as error:
            notes.append(f"The take '{folder.name}' is left out: {error}")
            continue
        if other.capture != take.capture:
            notes.append(f"The take '{other.name}' is left out: it is of another capture")
        elif len(chosen) == MOST_OTHERS:
            notes.append(f"The take '{other.name}' is left out: the player holds the {MOST_OTHERS} newest others")
        else:
            chosen.append(other)
    return chosen, notes


def _source(name: str, paths: dict[int, Path], below: Source | None = None) -> Source:
    return Source(name, {frame: path for frame, path in paths.items() if path.is_file()}, below)


def _stamp(path: Path) -> tuple[int, int]:
    facts = path.stat()
    return facts.st_size, facts.st_mtime_ns


def _levels(path: Path, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8. Raises ShotError (BAD_TAKE)."""
    return np.rint(255.0 * read_png(path, size, Code.BAD_TAKE, "remove it, and make it again")).astype(np.uint8)
