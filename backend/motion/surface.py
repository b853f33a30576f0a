"""Finding the same surface point in another frame, however long ago that was and whatever hid it meanwhile.

A point is known by its object, its instance and its rest position. Pixels of one frame are points of a k-d tree; a
pixel of another frame asks for the nearest, and where exactly between that pixel and its neighbours the point lies
follows from how the rest position changes from pixel to pixel there.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.spatial import cKDTree

from .visibility import BACKGROUND, FOOTPRINTS, footprint, surface_labels
from .warp import pixel_grid

STEPS = 2
TREE_BYTES = 64  # a point
BESIDE = 1.0  # pixels: a point farther than this from the nearest pixel's centre is not on the surface seen there


@dataclass(frozen=True)
class Points:
    """The surface points that the pixels of a frame show.

    labels: (H, W, 2) int32, object and instance, or BACKGROUND. surface: (H, W, 3) float32, rest positions. footprint:
    (H, W) float32, how far these move from one pixel to the next, both directions added.
    """

    labels: np.ndarray
    surface: np.ndarray
    footprint: np.ndarray

    @staticmethod
    def of(passes: Mapping[str, np.ndarray]) -> "Points":
        """From the passes in `visibility.SURFACE`."""
        labels = surface_labels(passes)
        return Points(labels, passes["surface"], footprint(passes["surface"], labels))


@dataclass(frozen=True)
class Places:
    """Where a frame shows the points of another one, (H, W) each.

    found: bool. positions: (H, W, 2) float32, (column, row) in pixels. scale: float32, how many times larger the other
    frame shows them than this one. Both mean nothing where not found.
    """

    found: np.ndarray
    positions: np.ndarray
    scale: np.ndarray


class SurfaceIndex:
    """Those points of a frame that its pixels `where`, (H, W) bool, show. Takes memory for these pixels only."""

    def __init__(self, points: Points, where: np.ndarray) -> None:
        shown = where & (points.labels[..., 0] != BACKGROUND)
        self._corner, box = _box(shown)
        points = Points(points.labels[box], points.surface[box], points.footprint[box])
        rows, columns = np.nonzero(shown[box])
        self._pixels = np.stack((columns, rows), axis=1).astype(np.float32)
        self._places = points.surface[rows, columns]
        self._labels = _packed(points.labels[rows, columns])
        self._reach = points.footprint[rows, columns]
        self._pull, self._metric = _inverted(_slopes(points)[rows, columns])
        # Which of these pixels lies where in the box.
        self._at: np.ndarray = np.full(points.footprint.shape, -1, np.int32)
        self._at[rows, columns] = np.arange(len(rows))
        self._known = np.unique(self._labels)
        # Objects lie side by side along a fourth axis, farther apart than any of them is large.
        self._apart = 4.0 * float(np.abs(self._places).max(initial=1.0))
        self._tree = cKDTree(self._fourth(self._places, self._labels))
        margin = FOOTPRINTS * float(self._reach.max(initial=0.0))
        self._low = self._places.min(axis=0, initial=np.inf) - margin
        self._high = self._places.max(axis=0, initial=-np.inf) + margin

    @property
    def memory(self) -> int:
        """About how many bytes it takes."""
        arrays = (self._pixels, self._places, self._labels, self._reach, self._pull, self._metric, self._at)
        return sum(array.nbytes for array in arrays) + len(self._pixels) * TREE_BYTES

    def find(self, points: Points, where: np.ndarray) -> Places:
        """Where this frame shows what the pixels `where`, (H, W) bool, of another frame show.

        Not found is what this frame does not show, what lies beside the indexed pixels, and the background.
        """
        height, width = where.shape
        rows, columns = np.nonzero(where)
        places, labels = points.surface[rows, columns], _packed(points.labels[rows, columns])
        may_be = ((places >= self._low) & (places <= self._high)).all(axis=1) & np.isin(labels, self._known)
        if not may_be.any():
            return _nowhere(height, width)
        rows, columns, places, labels = rows[may_be], columns[may_be], places[may_be], labels[may_be]
        _, nearest = self._tree.query(self._fourth(places, labels), workers=-1)
        shift, rest = self._solved(nearest, places)
        # On a surface seen at a slant the nearest point need not be that of the nearest pixel: walk there.
        walking = np.arange(len(nearest))
        for _ in range(STEPS):
            beside = self._pixel_beside(nearest[walking], shift[walking])
            moved = beside != nearest[walking]
            walking = walking[moved]
            nearest[walking] = beside[moved]
            shift[walking], rest[walking] = self._solved(nearest[walking], places[walking])
        near = (np.abs(shift).max(axis=1) <= BESIDE) & (rest <= FOOTPRINTS * 0.5 * self._reach[nearest])
        found = np.zeros((height, width), bool)
        found[rows, columns] = near & (self._labels[nearest] == labels)
        positions, scale = pixel_grid(height, width).copy(), np.ones((height, width), np.float32)
        positions[rows, columns] = self._corner + self._pixels[nearest] + shift
        scale[rows, columns] = self._reach[nearest] / np.maximum(points.footprint[rows, columns], 1e-9)
        return Places(found, positions, scale)

    def _solved(self, pixels: np.ndarray, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """How far from the centres of `pixels` (N,) the surface has `places` (N, 3): the shift (N, 2) in pixels, by
        least squares, and what is left in between, (N,), metres.
        """
        offset = places - self._places[pixels]
        pull, metric = self._pull[pixels], self._metric[pixels]
        along, down = (
            (pull[:, k] * offset[:, 0] + pull[:, k + 1] * offset[:, 1] + pull[:, k + 2] * offset[:, 2]) for k in (0, 3)
        )
        on_surface = metric[:, 0] * along**2 + 2.0 * metric[:, 1] * along * down + metric[:, 2] * down**2
        squares = offset[:, 0] ** 2 + offset[:, 1] ** 2 + offset[:, 2] ** 2
        return np.stack((along, down), axis=1), np.sqrt(np.maximum(squares - on_surface, 0.0))

    def _pixel_beside(self, pixels: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """The numbers of the pixels that lie `shift` (N, 2) from `pixels`, or these where there is none."""
        height, width = self._at.shape
        there_at = np.rint(self._pixels[pixels] + np.clip(shift, -width, width)).astype(np.int64)
        columns, rows = there_at[:, 0], there_at[:, 1]
        there = self._at[np.clip(rows, 0, height - 1), np.clip(columns, 0, width - 1)]
        return np.where(there >= 0, there, pixels)

    def _fourth(self, places: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """(N, 4) float64: places, and the place of their object on the fourth axis."""
        return np.column_stack((places, np.searchsorted(self._known, labels) * self._apart))


@lru_cache(maxsize=2)
def _nowhere(height: int, width: int) -> Places:
    places = Places(np.zeros((height, width), bool), pixel_grid(height, width), np.ones((height, width), np.float32))
    places.found.setflags(write=False)
    places.scale.setflags(write=False)
    return places


def _box(shown: np.ndarray) -> tuple[np.ndarray, tuple[slice, slice]]:
    """The (column, row) of the first pixel, (2,) float32, and the slices of the smallest part of a picture that holds
    all of `shown`, (H, W) bool, and one more pixel on each side: what a surface does there takes its neighbours to say.
    """
    lines = [np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0)]
    rows, columns = (slice(max(k[0] - 1, 0), k[-1] + 2) if len(k) else slice(0, 1) for k in lines)
    return np.array((columns.start, rows.start), np.float32), (rows, columns)


def _packed(labels: np.ndarray) -> np.ndarray:
    """(…, 2) int32 → (…) int64, alike exactly where both are."""
    return labels[..., 0].astype(np.int64) * 2**32 + labels[..., 1]


def _slopes(points: Points) -> np.ndarray:
    """(H, W, 3, 2) float32: how the rest position changes from a pixel to the next one right, and down.

    Of the two neighbours in a direction the nearer one on the same object counts, as for the footprint.
    """
    surface, labels = points.surface, points.labels
    slopes = np.zeros((*surface.shape, 2), np.float32)
    for direction, axis in ((0, 1), (1, 0)):
        step = np.diff(surface, axis=axis)
        length = np.linalg.norm(step, axis=2)
        change = np.diff(labels, axis=axis)
        length[(change[..., 0] | change[..., 1]) != 0] = np.inf
        edge = ((1, 1), (0, 0)) if axis == 0 else ((0, 0), (1, 1))
        length = np.pad(length, edge, constant_values=np.inf)
        step = np.pad(step, (*edge, (0, 0)))
        first, second = (
            (slice(None, -1), slice(1, None))
            if axis == 0
            else (
                (slice(None), slice(None, -1)),
                (slice(None), slice(1, None)),
            )
        )
        before, after = length[first], length[second]
        # Where both neighbours lie on the same smooth surface their mean is the better slope.
        both = np.maximum(before, after) <= 2.0 * np.minimum(before, after)
        nearer = np.where((before < after)[..., None], step[first], step[second])
        slope = np.where(both[..., None], (step[first] + step[second]) / 2.0, nearer)
        slopes[..., direction] = np.where(np.isfinite(np.minimum(before, after))[..., None], slope, 0.0)
    return slopes


def _inverted(slopes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of `slopes`, (N, 3, 2): what takes an offset to a shift by least squares, (N, 6) float32, along before down; and
    the squares of a shift's length, (N, 3) float32: along, mixed, down. Both are 0 where the slopes span no plane.
    """
    across, down = slopes[..., 0].astype(np.float64), slopes[..., 1].astype(np.float64)
    metric = np.stack([(one * other).sum(axis=1) for one, other in ((across, across), (across, down), (down, down))], 1)
    determinant = metric[:, 0] * metric[:, 2] - metric[:, 1] ** 2
    sound = determinant > 1e-6 * (metric[:, 0] + metric[:, 2]) ** 2
    share = np.where(sound, 1.0 / np.where(sound, determinant, 1.0), 0.0)[:, None]
    pull = np.hstack((metric[:, 2:] * across - metric[:, 1:2] * down, metric[:, :1] * down - metric[:, 1:2] * across))
    return (pull * share).astype(np.float32), np.where(sound[:, None], metric, 0.0).astype(np.float32)
