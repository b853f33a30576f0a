"""The pictures of the benchmark: neighbouring frames of every method where it is worst, following what is there."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from flowbrush.backend.motion.tracking import tracking
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.quality.contact_sheet import read_frame
from flowbrush.backend.quality.measures import heat_path
from flowbrush.backend.quality.sheet import sheet
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import Take

PART = 4  # the strip shows a square of 1/PART of the picture's height
COLUMNS = ("where", "render", "2 before", "1 before", "worst", "1 after")
WIDTH = 168  # pixels, of one picture of a strip


@dataclass(frozen=True)
class Place:
    """A square of a frame: its left upper corner and its side, pixels."""

    frame: int
    left: int
    top: int
    side: int

    def cut(self, picture: np.ndarray) -> np.ndarray:
        """The square of a picture."""
        return picture[self.top : self.top + self.side, self.left : self.left + self.side]


def worst_place(shot: Shot, take: Take) -> Place:
    """The square and frame of the largest warping error over one frame, by the heat maps of a measured take."""
    width, height = shot.resolution
    side = max(8, min(width, height) // PART)
    worst, found = -1.0, Place(shot.frames[0], 0, 0, side)
    for frame in shot.frame_numbers:
        heat = cv2.imread(str(heat_path(take.folder, frame)), cv2.IMREAD_GRAYSCALE)
        if heat is None:
            continue
        square = np.square(heat.astype(np.float32))
        # Every mean stands where the corner of its square is; those that leave the picture are left out.
        means = cv2.boxFilter(square, cv2.CV_32F, (side, side), anchor=(0, 0))[: height - side + 1, : width - side + 1]
        top, left = np.unravel_index(int(means.argmax()), means.shape)
        if means[top, left] > worst:
            worst, found = float(means[top, left]), Place(frame, int(left), int(top), side)
    return found


def followed(shot: Shot, place: Place, step: int) -> Place:
    """Where most of what a square shows is one frame later (step 1) or before (-1); the same square at a cut."""
    frame = place.frame + step
    if frame not in shot.frame_numbers or shot.segment_start(frame) != shot.segment_start(place.frame):
        return replace(place, frame=min(max(frame, shot.frames[0]), shot.frames[1]))
    follow = tracking(shot)
    passes = read_passes(shot, place.frame, follow.passes)
    flow = (follow.to_next if step > 0 else follow.to_previous)(passes, place.frame)
    right, down = np.median(place.cut(flow).reshape(-1, 2), axis=0)
    width, height = shot.resolution
    left = int(np.clip(round(place.left + float(right)), 0, width - place.side))
    top = int(np.clip(round(place.top + float(down)), 0, height - place.side))
    return replace(place, frame=frame, left=left, top=top)


def strips(shot: Shot, takes: Sequence[Take]) -> np.ndarray:
    """One row of COLUMNS for each take, (H,W,3) float32 0..1."""
    rows = {}
    for take in takes:
        place = worst_place(shot, take)
        before = followed(shot, place, -1)
        near = [followed(shot, before, -1), before, place, followed(shot, place, 1)]
        whole = read_frame(take, place.frame).copy()
        corner = (place.left + place.side, place.top + place.side)
        cv2.rectangle(whole, (place.left, place.top), corner, (1.0, 0.0, 0.0), 2)
        parts = [one.cut(read_frame(take, one.frame)) for one in near]
        shown = [_square(whole), place.cut(read_picture(shot, place.frame)), *parts]
        rows[f"{take.name} {place.frame}"] = shown
    return sheet([f"{shot.folder.name}: {COLUMNS[0]}", *COLUMNS[1:]], rows, WIDTH)


def _square(picture: np.ndarray) -> np.ndarray:
    """The whole picture as large as its longer side, with white above and below."""
    short = picture.shape[1] - picture.shape[0]
    return np.pad(picture, ((short // 2, short - short // 2), (0, 0), (0, 0)), constant_values=1.0)
