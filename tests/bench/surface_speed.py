"""What finding surfaces again costs, against a k-d tree that is asked for every pixel, in the same run.

    python tests/bench/surface_speed.py [SHOT --frames 1 24 25]

Without the folder of a shot the scene is that of `tests/moving_spheres.py`. The last of the frames is found in each
of the others. Asking for every pixel is the least that a search without blocks does: where between the pixels a point
lies is not in it. Both sides take what processors there are.
"""

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from flowbrush.backend.motion import surface
from flowbrush.backend.motion.places import with_sky
from flowbrush.backend.motion.surface import Points, SurfaceIndex
from flowbrush.backend.motion.visibility import BACKGROUND, SURFACE
from flowbrush.backend.passes.exr import read_passes
from flowbrush.backend.shot import Shot
from scipy.spatial import cKDTree

sys.path.insert(0, str(Path(__file__).parents[1]))
import moving_spheres

ROUNDS = 5


def milliseconds(*works: Callable[[], object]) -> list[float]:
    """The best of a few rounds of each, in turns, after one that warms up."""
    times: list[list[float]] = [[] for _ in works]
    for _ in range(ROUNDS + 1):
        for work, taken in zip(works, times, strict=True):
            begun = time.perf_counter()
            work()
            taken.append(time.perf_counter() - begun)
    return [min(taken[1:]) * 1e3 for taken in times]


class EveryPixel:
    """A k-d tree of a frame's pixels, objects far apart along a fourth axis, that each pixel of another one asks."""

    def __init__(self, points: Points) -> None:
        shown = points.labels[..., 0] != BACKGROUND
        self._known, number = np.unique(labels(points)[shown], return_inverse=True)
        self._apart = 4.0 * float(np.abs(points.surface[shown]).max())
        self._tree = cKDTree(np.column_stack((points.surface[shown], number * self._apart)))

    def find(self, points: Points, where: np.ndarray) -> np.ndarray:
        """(N,): the nearest pixels of those `where`, (H, W) bool, whose object is there."""
        there = where & np.isin(labels(points), self._known)
        number = np.searchsorted(self._known, labels(points)[there])
        nearest: np.ndarray = self._tree.query(
            np.column_stack((points.surface[there], number * self._apart)), workers=-1
        )[1]
        return nearest


def labels(points: Points) -> np.ndarray:
    """(H, W) float64, alike exactly where object and instance are."""
    return points.labels[..., 0] * 2.0**32 + points.labels[..., 1]


def differences(index: SurfaceIndex, now: Points, everywhere: np.ndarray) -> str:
    """How far what blocks find differs from what it would be were each pixel a block."""
    blocks = index.find(now, everywhere)
    whole, surface.BLOCK = surface.BLOCK, 1
    each = index.find(now, everywhere)
    surface.BLOCK = whole
    both = blocks.found & each.found
    moved = np.linalg.norm(blocks.positions - each.positions, axis=2)[both] > 0.05
    return (
        f"of {each.found.sum()} found, {(each.found & ~blocks.found).sum()} are lost, "
        f"{(blocks.found & ~each.found).sum()} more found, {moved.sum()} moved by more than 0.05 pixels"
    )


def report(then: Points, now: Points) -> None:
    """Prints one table."""
    everywhere = np.ones(now.footprint.shape, bool)
    index, every = SurfaceIndex(then, everywhere), EveryPixel(then)
    hidden = ~index.find(now, everywhere).found
    print(f"  {differences(index, now, everywhere)}")
    for name, ours, theirs in (
        ("index", lambda: SurfaceIndex(then, everywhere), lambda: EveryPixel(then)),
        ("find", lambda: index.find(now, everywhere), lambda: every.find(now, everywhere)),
        ("find what is not there", lambda: index.find(now, hidden), lambda: every.find(now, hidden)),
    ):
        cost, plain = milliseconds(ours, theirs)
        print(f"  {name:24} {cost:8.1f} ms, every pixel asked {plain:8.1f} ms: {plain / cost:5.1f} times as fast")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shot", type=Path, nargs="?")
    parser.add_argument("--frames", type=int, nargs="+")
    options = parser.parse_args()
    if options.shot is None:
        frames, passes = options.frames or [0, 13, 14], moving_spheres.passes
    else:
        shot = Shot.load(options.shot)
        frames = options.frames or [shot.frames[0], shot.frames[1] - 1, shot.frames[1]]

        def passes(frame: int) -> dict[str, np.ndarray]:
            return with_sky(read_passes(shot, frame, SURFACE), shot, frame)

    now = Points.of(passes(frames[-1]))
    print("{1} x {0}".format(*now.footprint.shape))
    for frame in frames[:-1]:
        print(f"frame {frames[-1]} in frame {frame}")
        report(Points.of(passes(frame)), now)


if __name__ == "__main__":
    main()
