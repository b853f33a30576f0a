"""One picture that shows a shot, its conditions and its takes, frame by frame."""

from pathlib import Path

import cv2
import numpy as np

from ..passes.conditions import condition, passes_for
from ..passes.exr import read_passes, read_picture
from ..shot import Shot
from ..storage import write_whole
from ..take import Take

CELL = 256  # pixels, width of one picture on the sheet
LABEL = 22  # pixels, height of a row's label


def contact_sheet(shot: Shot, takes: list[Take], path: Path, columns: int = 6) -> None:
    """Writes a PNG: a row each for the render, the conditions and every take; `columns` frames evenly spread.

    Raises StorageError.
    """
    frames = [int(f) for f in np.linspace(shot.frames[0], shot.frames[1], columns).round()]
    rows = [_row("render", [read_picture(shot, f) for f in frames])]
    conditions = dict.fromkeys(c.condition for take in takes for c in take.settings.controls)
    for name in conditions:
        passes = passes_for(shot, [name])
        rows.append(_row(name, [condition(name, read_passes(shot, f, passes), shot, f) for f in frames]))
    for take in takes:
        title = f"{take.name}: {take.settings.style}, {take.settings.method}"
        rows.append(_row(title, [read_frame(take, f) for f in frames]))
    encoded, png = cv2.imencode(".png", np.vstack(rows))
    assert encoded
    write_whole(path, png.tobytes())


def read_frame(take: Take, frame: int) -> np.ndarray:
    """The stylized picture of `frame`, (H,W,3) float32 0..1; grey where it is not done yet."""
    stored = cv2.imread(str(take.frame_path(frame)), cv2.IMREAD_COLOR)
    if stored is None:
        return np.full((CELL, CELL, 3), 0.5, np.float32)
    return cv2.cvtColor(stored, cv2.COLOR_BGR2RGB).astype(np.float32) / 255.0


def _row(title: str, pictures: list[np.ndarray]) -> np.ndarray:
    """A labelled row of pictures as (h,w,3) uint8 BGR."""
    cells = []
    for picture in pictures:
        height = round(CELL * picture.shape[0] / picture.shape[1])
        small = cv2.resize(picture, (CELL, height), interpolation=cv2.INTER_AREA)
        cells.append(cv2.cvtColor(np.rint(small * 255).clip(0, 255).astype(np.uint8), cv2.COLOR_RGB2BGR))
    label = np.full((LABEL, CELL * len(cells), 3), 32, np.uint8)
    cv2.putText(label, title, (6, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (230, 230, 230), 1, cv2.LINE_AA)
    return np.vstack([label, np.hstack(cells)])
