"""Points on the surfaces, followed through all frames: how much each changes its colour, and how it comes back.

Points lie on a grid of the frame that shows their surface first, and are found in every later frame by the surface
coordinate, however long they were hidden meanwhile. Several videos of one shot are looked at together.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..motion.surface import Points, SurfaceIndex
from ..motion.warp import gather, inside, nearest
from .colour import ciede2000

IN_A_FRAME = 2048  # points that a frame shows, about; how far the grid's points lie apart follows from that
CLOSEST = 8  # pixels between them in small pictures
MOST = 30000  # points; beyond that no more are laid, so that memory does not grow with the shot (OpenCV: below 2**15)
BIN, BINS = 0.01, 20000  # CIEDE2000: how finely what came back is counted, for its median


@dataclass(frozen=True)
class Seen:
    """What a frame shows of the N points of earlier frames that it sees.

    objects: (N,) int32, the objects whose points they are, 0 for the sky. colours, first: (V, N, 3) CIELAB, now and in
    the frame that laid them. variance: (V,) CIELAB squared, mean over the points, or None. returned: (V,) CIEDE2000,
    median over the points that came back, or None. heat: (H, W) float32, CIELAB distance of the first video from the
    mean of its frames before, in squares around the points; 0 elsewhere.
    """

    objects: np.ndarray
    colours: np.ndarray
    first: np.ndarray
    variance: np.ndarray | None
    returned: np.ndarray | None
    heat: np.ndarray


class Texels:
    """The points of a shot and the colours that V videos gave them so far; frames are seen in order.

    hidden: frames after which what was not seen has come back, 1 or more. A point is seen where `clear`.

    The variance is Flowbrush's own measure: of the colours that a point has in the frames that see it, unbiased and
    added over L, a and b; mean over the points. Welford's increments (Technometrics 4 (3), 1962), whose sum it is, tell
    how much each frame adds. What came back is compared with its mean colour in all frames before.
    """

    def __init__(self, videos: int, hidden: int) -> None:
        self._hidden = hidden
        self._at = -1  # the frame that was seen last, counted from 0
        self._points = Points(
            np.zeros((1, 0, 2), np.int32), np.zeros((1, 0, 3), np.float32), np.zeros((1, 0), np.float32)
        )
        self._count: np.ndarray = np.zeros(0, np.int64)  # of frames that saw the point
        self._last: np.ndarray = np.zeros(0, np.int64)  # of them
        self._first: np.ndarray = np.zeros((videos, 0, 3))
        self._mean: np.ndarray = np.zeros((videos, 0, 3))
        self._squares: np.ndarray = np.zeros((videos, 0))
        self._came_back: np.ndarray = np.zeros((videos, BINS), np.int64)

    def see(self, points: Points, index: SurfaceIndex, clear: np.ndarray, labs: np.ndarray) -> Seen:
        """The next frame: its points, all of them indexed, and its pictures, (V, H, W, 3) float32 CIELAB.

        clear: (H, W) bool, where a colour belongs to the surface: away from silhouettes, and not where rest positions
        mean nothing.
        """
        self._at += 1
        places = index.find(self._points, np.ones((1, len(self._count)), bool))
        column_row = places.positions[0]
        # What lies less than a pixel beside the picture is found too, but its colour is not to be had.
        found = np.flatnonzero(places.found[0] & inside(column_row, *clear.shape))
        near = found[_looked_up(clear.astype(np.uint8), column_row[found]) > 0]
        colours = _sampled(labs, column_row[near])
        seen = self._compare(near, colours, column_row[near], clear.shape)
        there = _around(column_row[found], np.ones(len(found), np.float32), clear.shape)
        self._lay(points, clear & (there == 0.0), labs)
        return seen

    def _compare(self, seen: np.ndarray, colours: np.ndarray, at: np.ndarray, shape: tuple[int, int]) -> Seen:
        objects, first = self._points.labels[0, seen, 0], self._first[:, seen]
        if not len(seen):
            return Seen(objects, colours, first, None, None, np.zeros(shape, np.float32))
        before, count = self._mean[:, seen], self._count[seen]
        change = colours - before
        distance = np.square(change).sum(axis=2)
        added = distance * (count / (count + 1.0))
        back = self._at - self._last[seen] > self._hidden
        returned = None
        if back.any():
            apart = ciede2000(colours[:, back], before[:, back])
            returned = np.median(apart, axis=1)
            for video, values in enumerate(apart):
                bins = np.minimum(values / BIN, BINS - 1).astype(np.int64)
                self._came_back[video] += np.bincount(bins, minlength=BINS)
        self._mean[:, seen] += change / (count + 1.0)[:, None]
        self._squares[:, seen] += added
        self._count[seen] += 1
        self._last[seen] = self._at
        heat = _around(at, np.sqrt(distance[0]).astype(np.float32), shape)
        return Seen(objects, colours, first, added.mean(axis=1), returned, heat)

    def _lay(self, points: Points, free: np.ndarray, labs: np.ndarray) -> None:
        """Begins to follow what the grid shows of surfaces in `free`, (H, W) bool."""
        rows, columns = _grid(free)
        new = min(len(rows), MOST - len(self._count))
        chosen = np.linspace(0, len(rows) - 1, new).astype(np.int64)  # all, or where there is no room evenly few
        rows, columns = rows[chosen], columns[chosen]
        self._points = Points(
            np.concatenate((self._points.labels, points.labels[rows, columns][None]), axis=1),
            np.concatenate((self._points.surface, points.surface[rows, columns][None]), axis=1),
            np.concatenate((self._points.footprint, points.footprint[rows, columns][None]), axis=1),
        )
        self._count = np.append(self._count, np.ones(new, np.int64))
        self._last = np.append(self._last, np.full(new, self._at, np.int64))
        colours = labs[:, rows, columns].astype(np.float64)
        self._first = np.concatenate((self._first, colours), axis=1)
        self._mean = np.concatenate((self._mean, colours), axis=1)
        self._squares = np.concatenate((self._squares, np.zeros((len(labs), new))), axis=1)

    @property
    def followed(self) -> int:
        """How many points there are."""
        return len(self._count)

    @property
    def seen(self) -> int:
        """How often one of them was seen."""
        return int(self._count.sum())

    @property
    def came_back(self) -> int:
        """How often one came back."""
        return int(self._came_back[0].sum())

    def variance(self) -> np.ndarray | None:
        """(V,) CIELAB squared: the mean over all points that more than one frame sees, or None."""
        often = self._count > 1
        if not often.any():
            return None
        variance: np.ndarray = (self._squares[:, often] / (self._count[often] - 1)).mean(axis=1)
        return variance

    def returned(self) -> np.ndarray | None:
        """(V,) CIEDE2000: the median over all that came back, to 0.01, or None."""
        if not self.came_back:
            return None
        half = np.cumsum(self._came_back, axis=1) >= (self.came_back + 1) // 2
        return (half.argmax(axis=1) + 0.5) * BIN


def spacing(shape: tuple[int, int]) -> int:
    """How many pixels the grid's points lie apart in a picture of this height and width."""
    return max(CLOSEST, int(np.sqrt(shape[0] * shape[1] / IN_A_FRAME)))


def _grid(free: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Rows and columns of the grid's points in `free`."""
    step = spacing(free.shape)
    start = step // 2
    rows, columns = np.nonzero(free[start::step, start::step])
    return rows * step + start, columns * step + start


def _sampled(labs: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(V, N, 3) float64: the colours of (V, H, W, 3) at (N, 2)."""
    if not len(positions):
        return np.zeros((len(labs), 0, 3))
    return np.stack([gather(picture, positions[None])[0] for picture in labs]).astype(np.float64)


def _looked_up(image: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(N,): the pixels of (H, W) nearest to (N, 2)."""
    return nearest(image, np.rint(positions)[None])[0] if len(positions) else image[:0, 0]


def _around(positions: np.ndarray, values: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) like `values`, (N,): squares of the grid's size around (N, 2), the largest value on top, 0 elsewhere."""
    picture = np.zeros(shape, np.float32)
    columns, rows = np.rint(positions).astype(np.int64).T
    np.maximum.at(picture, (np.clip(rows, 0, shape[0] - 1), np.clip(columns, 0, shape[1] - 1)), values)
    return cv2.dilate(picture, np.ones((spacing(shape),) * 2, np.uint8))
