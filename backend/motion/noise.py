"""Noise that belongs to surfaces: the same surface point gets the same noise in every frame that shows it.

Space around each object is divided into cubes, each with numbers of its own from a hash, and these into eight smaller
ones, and so on. A latent is given the cubes of about half its width that it shows more of than any other latent does;
its noise is their sum, divided by the root of their number. No cube is given twice, so the latents of a frame are
independent, of mean 0 and variance 1: white noise, exactly, whatever moved. (The idea of summing what a pixel covers:
Chang et al., How I Warped Your Noise, ICLR 2024; that of giving each piece to one pixel only: Deng et al.,
Infinite-Resolution Integral Noise Warping, 2024.)

As the camera comes closer finer cubes take over. The n of them that are seen share the number of the cube that they
divide, v, and add numbers of their own, h: each has v / sqrt(n) + h - mean(h), which is independent of the others, and
their sum is the large cube's (the conditional sampling of Chang et al.): the noise gets finer and what was there stays.

What is promised, and tested in tests/unit/test_noise.py. White: mean, variance and kurtosis of a frame are 0, 1 and 3,
and the correlations with the latents up to three beside each, and with other channels, are 0, all within five standard
deviations of what so many independent normal numbers show; and over 4000 channels the covariance of all latents of a
small frame is the identity within six, where surfaces of several sizes, far and near, lie side by side. Steady: seen
1.4 times as large, turned by 30 degrees or moved by part of a latent, the noise at a surface point correlates by at
least 0.85 with what it was, after a blur over two latents, and is the same where everything is.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from .visibility import footprint, surface_labels

CUBES_ACROSS = 2.0  # a latent's view, in each direction
ABOVE = 8  # sizes of cubes above the largest that is given; their numbers are what a camera that comes closer keeps
# A place in metres that is no corner of anything: planes at round coordinates do not lie where two cubes meet.
ORIGIN = np.array([-0.3819660113, -0.7236067977, -0.5278640450])
PRECISION = 2.0**-20  # of a coordinate: finer cubes would be those of rounding
SMALLEST = 2.0**-30  # metres
_LEAF = np.uint64(0xD1B54A32D192ED03)


def surface_noise(places: Mapping[str, np.ndarray], cell: int, channels: int, seed: int) -> np.ndarray:
    """(channels, H / cell, W / cell rounded up) float32, independent numbers of mean 0 and variance 1.

    places: object_id, instance, surface and depth of one frame, (H, W) each or (H, W, 3), see `places.with_sky`. cell:
    pixels of a latent's side.
    """
    height, width = places["object_id"].shape
    beyond = ((0, -height % cell), (0, -width % cell))
    place, labels = places["surface"].astype(np.float64), surface_labels(places)
    size = footprint(place, labels) / 2.0 * (cell / CUBES_ACROSS)
    level = np.rint(np.log2(np.maximum(size, np.abs(place).max(axis=2) * PRECISION + SMALLEST))).astype(np.int64)
    place, labels, level = (
        np.pad(array, (*beyond, *((0, 0),) * (array.ndim - 2)), mode="edge") for array in (place, labels, level)
    )
    tree, cubes = _grown(place.reshape(-1, 3), labels.reshape(-1, 2), level.ravel(), seed)
    row, column = np.indices(level.shape) // cell
    rows, columns = (side // cell for side in level.shape)
    noise = tree.noise(_Shares.of(cubes, (row * columns + column).ravel()), rows * columns, channels)
    return noise.reshape(channels, rows, columns)


@dataclass(frozen=True)
class _Shares:
    """Which latent is given which cubes.

    given: (cubes,) the latent that each is given to. poor, cube, rank: latents that are given none, where cubes are
    large or seen in many places; the cube that each shows most of, and how many latents show more of that one.
    """

    given: np.ndarray
    poor: np.ndarray
    cube: np.ndarray
    rank: np.ndarray

    @staticmethod
    def of(cubes: np.ndarray, latents: np.ndarray) -> "_Shares":
        """cubes, latents: (N,) int64, the cube that each pixel shows, all numbers from 0 on, and its latent."""
        count = int(latents.max()) + 1
        pairs, shown = np.unique(cubes * count + latents, return_counts=True)
        cube, latent = np.divmod(pairs, count)
        order = np.lexsort((-shown, cube))
        cube, latent, shown = cube[order], latent[order], shown[order]
        first = np.flatnonzero(np.r_[True, cube[1:] != cube[:-1]])
        given = latent[first]
        without = np.flatnonzero(np.bincount(given, minlength=count)[latent] == 0)
        most = without[np.lexsort((-shown[without], latent[without]))]
        poor, at = np.unique(latent[most], return_index=True)
        return _Shares(given, poor, cube[most[at]], most[at] - first[cube[most[at]]])


@dataclass(frozen=True)
class _Level:
    """The cubes of one size. above: (N,) int64, the cube that each is a part of; number: (N,) uint64, their hashes.

    The last `leaves` are the cubes of that size themselves which latents are given, as parts beside smaller ones.
    """

    above: np.ndarray
    number: np.ndarray
    leaves: int


@dataclass(frozen=True)
class _Tree:
    """All cubes of a frame. top: (N,) uint64, the hashes of the largest ones. levels: from the largest down."""

    top: np.ndarray
    levels: list[_Level]

    def noise(self, shares: _Shares, count: int, channels: int) -> np.ndarray:
        """(channels, count) float32: the noise of all latents."""
        noise = np.empty((channels, count), np.float32)
        owned = np.bincount(shares.given, minlength=count)
        leaves = np.concatenate([level.number[len(level.number) - level.leaves :] for level in self.levels[::-1]])
        lonely = _mixed(leaves[shares.cube] + shares.rank.astype(np.uint64))
        # Two at a time, because there are as many cubes as latents and more.
        for first in range(0, channels, 2):
            for channel, values in zip(range(first, channels), self._values(first), strict=False):
                noise[channel] = np.bincount(shares.given, values, count) / np.sqrt(np.maximum(owned, 1))
            noise[first : first + 2, shares.poor] = _gaussian(lonely, first)[: channels - first]
        return noise

    def _values(self, channel: int) -> np.ndarray:
        """(2, cubes) float32: what the cubes that latents are given have in `channel` and the next one."""
        found = []
        values = _gaussian(self.top, channel)
        for level in self.levels:
            parts = np.bincount(level.above)
            passed_on = (values / np.sqrt(parts, dtype=np.float32))[:, level.above]
            several = np.flatnonzero(parts[level.above] > 1)
            own = _gaussian(level.number[several], channel)
            above = level.above[several]
            for value, part in zip(passed_on, own, strict=True):
                mean = np.bincount(above, part, len(parts)) / parts
                value[several] += part - mean[above].astype(np.float32)
            values = passed_on[:, : len(level.number) - level.leaves]
            found.append(passed_on[:, len(level.number) - level.leaves :])
        return np.concatenate(found[::-1], axis=1)


def _grown(place: np.ndarray, labels: np.ndarray, level: np.ndarray, seed: int) -> tuple[_Tree, np.ndarray]:
    """The cubes that pixels show, and for each pixel, (N,) int64, the number of its cube in the tree's order.

    place: (N, 3) float64. labels: (N, 2), of object and instance. level: (N,) int64, the cube's side is 2 ** level.
    """
    levels: list[_Level] = []
    cubes = np.empty(len(level), np.int64)
    inside, known, count = np.empty((0, 5), np.int64), np.empty(0, np.uint64), 0
    for power in range(int(level.min()), int(level.max()) + ABOVE + 1):
        # A level's cubes hold those of the level below and the cubes that pixels show.
        inside[:, 2:] >>= 1
        pixels = np.flatnonzero(level == power)
        shown = np.floor((place[pixels] - ORIGIN) / 2.0**power).astype(np.int64)
        new, leaf = _unlike(np.column_stack((labels[pixels], shown)), seed, power)
        cubes[pixels] = count + leaf
        count += len(new[0])
        inside = np.concatenate((inside, new[1]))
        (numbers, inside), above = _unlike(inside, seed, power)
        levels.append(_Level(above, np.concatenate((known, new[0] ^ _LEAF)), len(new[0])))
        known = numbers
    return _Tree(known, levels[::-1]), cubes


def _unlike(cubes: np.ndarray, seed: int, level: int) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
    """The hashes and the rows of the different ones among `cubes`, (N, 5) int64, and for each of them its number."""
    numbers = np.full(len(cubes), seed, np.uint64)
    for part in (np.int64(level), *cubes.T):
        numbers = _mixed(numbers ^ part.astype(np.uint64))
    numbers, first, which = np.unique(numbers, return_index=True, return_inverse=True)
    return (numbers, cubes[first]), which.ravel()


def _gaussian(numbers: np.ndarray, channel: int) -> np.ndarray:
    """(2, N) float32: normally distributed, for `channel` and the next one, of `numbers`, (N,) uint64 (Box, Muller)."""
    bits = _mixed(numbers + np.array([channel + 1], np.uint64) * np.uint64(0x9E3779B97F4A7C15))
    first = ((bits >> np.uint64(40)).astype(np.float32) + np.float32(0.5)) * np.float32(2.0**-24)
    second = (bits & np.uint64(0xFFFFFF)).astype(np.float32) * np.float32(2.0**-24 * 2.0 * np.pi)
    radius = np.sqrt(-2.0 * np.log(first))
    return np.stack((radius * np.cos(second), radius * np.sin(second)))


def _mixed(number: np.ndarray) -> np.ndarray:
    """A hash of each uint64, whose bits all depend on all of its bits (the finalizer of splitmix64, Steele 2014)."""
    number = (number ^ (number >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    number = (number ^ (number >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return number ^ (number >> np.uint64(31))
