"""Finding the same surface point in another frame, however long ago that was and whatever hid it meanwhile.

A point is known by its object, its instance and its rest position. Pixels of one frame are points of a k-d tree; one in
a block of pixels of another frame asks for the nearest, and the others walk to theirs from there. Where exactly between
a pixel and its neighbours a point lies follows from how the rest position changes from pixel to pixel.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import lru_cache

import cv2
import numpy as np
from scipy.spatial import cKDTree

from .tangents import Tangents, taken
from .visibility import BACKGROUND, FOOTPRINTS, footprint, packed, surface_labels
from .warp import pixel_grid

BLOCK = 4  # pixels, in both directions
SLACK = 0.5  # the tree may answer with a point farther than the nearest by this part: the walk goes on from there
STEPS = 4
TREE_BYTES = 64  # a point
BESIDE = 1.0  # pixels: a point farther than this from the nearest pixel's centre is not on the surface seen there
# Where a walk that another pixel began is believed: it came to rest well within a pixel,
WITHIN = 0.55  # pixels
# and upon the surface, not upon one close by;
UPON = 0.25  # footprints
# or the surface runs on, turned by no more than an angle of this sine, to where nothing is indexed as far around as it
# may have gone wrong: this part of the last step and one pixel more.
LEANING = 0.1
ASTRAY = 0.5
AROUND = 8  # pixels


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

    found: bool. positions: (H, W, 2) float32, (column, row) in pixels. centres: alike, of the nearest pixel that shows
    the same surface, farther away only where it ends. scale: float32, how many times
    larger the other frame shows them than this one. All mean nothing where not found.
    """

    found: np.ndarray
    positions: np.ndarray
    centres: np.ndarray
    scale: np.ndarray


@dataclass(frozen=True)
class _Sought:
    """N pixels whose points are sought.

    pixels: (N,), flat indices in their picture. objects: (N,), numbers of the index's objects. places: (3, N) float32,
    rest positions. footprint: (N,) float32.
    """

    pixels: np.ndarray
    objects: np.ndarray
    places: np.ndarray
    footprint: np.ndarray

    def some(self, which: np.ndarray) -> "_Sought":
        """Those with the numbers `which`, (M,)."""
        arrays = (self.pixels, self.objects, self.places, self.footprint)
        return _Sought(*(array.take(which, axis=-1) for array in arrays))


@dataclass(frozen=True)
class _Walked:
    """Where the walks to N points ended.

    nearest: (N,), numbers of indexed pixels. shift: (2, N) float32, from there to the point, in pixels. found: (N,)
    bool, the point is there. sure: (N,) bool, a walk from elsewhere would end alike.
    """

    nearest: np.ndarray
    shift: np.ndarray
    found: np.ndarray
    sure: np.ndarray


class SurfaceIndex:
    """Those points of a frame that its pixels `where`, (H, W) bool, show. Takes memory for these pixels only."""

    def __init__(self, points: Points, where: np.ndarray) -> None:
        shown, labels = where & (points.labels[..., 0] != BACKGROUND), packed(points.labels)
        pixels = np.flatnonzero(shown)
        self._pixels = np.stack(np.divmod(pixels, shown.shape[1])[::-1]).astype(np.float32)
        self._tangents = Tangents.of(points.surface, labels, pixels)
        self._reach = points.footprint.take(pixels)
        self._known = np.unique(labels.take(pixels))
        self._objects = np.searchsorted(self._known, labels.take(pixels)).astype(np.int32)
        self._corner, self._at = _numbered(shown)
        self._low, self._high = _bounds(self._tangents.places, FOOTPRINTS * self._reach, self._objects)
        # Objects lie side by side along a fourth axis, farther apart than any of them is large.
        self._apart = 4.0 * float(np.abs(self._tangents.places).max(initial=1.0))
        # Much of what is sought lies far from all that is here, and a tree that is not balanced is quick to say so.
        fourth = self._fourth(self._tangents.places, self._objects)
        self._tree = cKDTree(fourth, balanced_tree=False, compact_nodes=False)

    @property
    def memory(self) -> int:
        """About how many bytes it takes."""
        arrays = (self._pixels, self._tangents, self._reach, self._objects, self._at)
        return sum(array.nbytes for array in arrays) + self._reach.size * TREE_BYTES

    def find(self, points: Points, where: np.ndarray) -> Places:
        """Where this frame shows what the pixels `where`, (H, W) bool, of another frame show.

        Not found is what this frame does not show, what lies beside the indexed pixels, and the background.
        """
        height, width = where.shape
        sought = self._sought(points, where)
        if not sought.pixels.size:
            return _nowhere(height, width)
        led, start, alone = self._led(sought, width)
        walked = self._walked(led, start)
        alone = _joined(alone, led.some(np.flatnonzero(~walked.sure)))
        asked = self._walked(alone, self._nearest(alone)[0])
        found, scale = np.zeros(height * width, bool), np.ones(height * width, np.float32)
        positions, centres = (pixel_grid(height, width).reshape(-1, 2).copy() for _ in range(2))
        for part, walk, there in ((led, walked, walked.found & walked.sure), (alone, asked, asked.found)):
            pixels, nearest = part.pixels.compress(there), walk.nearest.compress(there)
            found[pixels] = True
            centres[pixels] = self._pixels.take(nearest, axis=1).T
            positions[pixels] = centres[pixels] + walk.shift.compress(there, axis=1).T
            scale[pixels] = self._reach.take(nearest) / np.maximum(part.footprint.compress(there), 1e-9)
        shape = height, width
        return Places(
            found.reshape(shape), positions.reshape(*shape, 2), centres.reshape(*shape, 2), scale.reshape(shape)
        )

    def _sought(self, points: Points, where: np.ndarray) -> _Sought:
        """What of the pixels `where`, (H, W) bool, may be here: it is of these objects and within their bounds."""
        pixels = np.flatnonzero(where)
        labels = packed(points.labels).take(pixels)
        objects = np.searchsorted(self._known[:-1], labels)  # the last for all that is beyond the others
        known = np.flatnonzero(self._known.take(objects) == labels) if self._known.size else pixels[:0]
        pixels, objects = pixels.take(known), objects.take(known)
        places = taken(points.surface, pixels)
        within = (places >= self._low.take(objects, axis=1)) & (places <= self._high.take(objects, axis=1))
        sought = _Sought(pixels, objects, places, points.footprint.take(pixels))
        return sought.some(np.flatnonzero(within.all(axis=0)))

    def _led(self, sought: _Sought, width: int) -> tuple[_Sought, np.ndarray, _Sought]:
        """Asks the tree for one pixel of each block of a picture so wide; it leads the others of its object.

        Returns all that are led, and the indexed pixels, (N,), where their walks begin, but for those that are too far
        from any; and the pixels of other objects than their leader's.
        """
        rows, columns = np.divmod(sought.pixels, width)
        across = -(-width // BLOCK)
        block = rows // BLOCK * across + columns // BLOCK
        leader_of = np.zeros((int(rows[-1]) // BLOCK + 1) * across, np.intp)
        leader_of[block] = np.arange(block.size)
        leader = leader_of.take(block)
        leads = np.flatnonzero(leader == np.arange(leader.size))
        leaders = sought.some(leads)
        leader_of[block.take(leads)] = np.arange(leads.size)
        leader = leader_of.take(block)
        start, apart = self._nearest(leaders)
        # As far around a leader as this nothing is found, because what is found lies so near to an indexed pixel.
        empty = np.maximum(apart - 2.0 * np.maximum(leaders.footprint, self._reach.take(start)), 0.0) ** 2
        way = leaders.places.take(leader, axis=1)
        way -= sought.places
        way *= way
        alike = leaders.objects.take(leader) == sought.objects
        led = np.flatnonzero(alike & (way.sum(axis=0) >= empty.take(leader)))
        return sought.some(led), start.take(leader.take(led)), sought.some(np.flatnonzero(~alike))

    def _nearest(self, sought: _Sought) -> tuple[np.ndarray, np.ndarray]:
        """An indexed pixel about as near as any to each point, (N,); and how far all are at least, (N,) float32."""
        apart, nearest = self._tree.query(self._fourth(sought.places, sought.objects), eps=SLACK, workers=-1)
        return nearest, (apart / (1.0 + SLACK)).astype(np.float32)

    def _walked(self, sought: _Sought, start: np.ndarray) -> _Walked:
        """From the indexed pixels `start`, (N,), over the surface to those that show the points or lie beside them."""
        nearest, shift = self._steps(start, sought.objects, sought.places, STEPS)
        beside, longest = self._beside(nearest, shift), np.maximum(np.abs(shift[0]), np.abs(shift[1]))
        straight, above = self._tangents.apart(nearest, sought.places, shift)
        reach, alike = self._reach.take(nearest), self._objects.take(nearest) == sought.objects
        hidden = (beside >= 0) & (self._objects.take(np.maximum(beside, 0)) != sought.objects)
        found = alike & ~hidden & (longest <= BESIDE) & (above <= (FOOTPRINTS * 0.5 * reach) ** 2)
        # Where neighbours span no plane there is no way to walk.
        settled = (longest <= WITHIN) & (above <= (UPON * reach) ** 2) & ((above < straight) | (straight == 0.0))
        bare = np.where(beside < 0, -beside >= 1.0 + ASTRAY * longest, longest <= BESIDE)
        missing = alike & bare & (above <= LEANING**2 * straight)
        return _Walked(nearest, shift, found, np.where(found, settled, missing))

    def _steps(
        self, nearest: np.ndarray, objects: np.ndarray, places: np.ndarray, steps: int
    ) -> tuple[np.ndarray, np.ndarray]:
        """Up to so many steps, each to the pixel of the same object that shows the place, as far as the one before can
        tell; returns the last pixels, (N,), and the shift from there, (2, N).
        """
        shift = self._tangents.shift(nearest, places)
        beside = self._beside(nearest, shift)
        alike = self._objects.take(np.maximum(beside, 0)) == objects
        moved = np.flatnonzero((beside >= 0) & (beside != nearest) & alike)
        if steps and moved.size:
            nearest = nearest.copy()
            further = self._steps(beside.take(moved), objects.take(moved), places.take(moved, axis=1), steps - 1)
            nearest[moved], shift[:, moved] = further
        return nearest, shift

    def _beside(self, pixels: np.ndarray, shift: np.ndarray) -> np.ndarray:
        """(N,): the indexed pixels that lie `shift`, (2, N), from `pixels`, (N,); or less than 0, see `_numbered`."""
        height, width = self._at.shape
        there = self._pixels.take(pixels, axis=1)
        there += shift
        there -= self._corner
        np.rint(there, out=there)
        columns, rows = np.clip(there[0], 0, width - 1), np.clip(there[1], 0, height - 1)
        return self._at.take(rows.astype(np.intp) * width + columns.astype(np.intp))

    def _fourth(self, places: np.ndarray, objects: np.ndarray) -> np.ndarray:
        """(N, 4) float64: places, (3, N), and the place of their object on the fourth axis."""
        return np.column_stack((places.T, objects * self._apart))


@lru_cache(maxsize=2)
def _nowhere(height: int, width: int) -> Places:
    grid = pixel_grid(height, width)
    places = Places(np.zeros((height, width), bool), grid, grid, np.ones((height, width), np.float32))
    places.found.setflags(write=False)
    places.scale.setflags(write=False)
    return places


def _joined(one: _Sought, other: _Sought) -> _Sought:
    pairs = ((getattr(one, field.name), getattr(other, field.name)) for field in fields(_Sought))
    return _Sought(*(np.concatenate(pair, axis=-1) for pair in pairs))


def _numbered(shown: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The part of a picture that holds all of `shown`, (H, W) bool, with AROUND more on each side: the (column, row) of
    its first pixel, (2, 1) float32; and of each of its pixels the number among all shown, (h, w) int32, or, negative,
    how many pixels the nearest of these is away.
    """
    rows, columns = (np.flatnonzero(shown.any(axis=axis)) for axis in (1, 0))
    if not rows.size:
        return np.zeros((2, 1), np.float32), np.full((1, 1), -AROUND, np.int32)
    part = np.pad(shown[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], AROUND)
    number = -cv2.distanceTransform((~part).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5).astype(np.int32)
    number[part] = np.arange(np.count_nonzero(part))
    return np.array([[columns[0] - AROUND], [rows[0] - AROUND]], np.float32), number


def _bounds(places: np.ndarray, margin: np.ndarray, objects: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The lowest and the highest corner, (3, K) each, of what the N pixels of each of K objects show.

    places: (3, N). margin: (N,), how far what a pixel shows may lie from its centre. objects: (N,), numbers below K.
    """
    order = np.argsort(objects, kind="stable")
    first = np.flatnonzero(np.diff(objects.take(order), prepend=-1))
    low, high = (places - margin).take(order, axis=1), (places + margin).take(order, axis=1)
    return np.minimum.reduceat(low, first, axis=1), np.maximum.reduceat(high, first, axis=1)
