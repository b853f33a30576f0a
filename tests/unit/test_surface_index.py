"""That asking the tree for one pixel of a block and walking on from there finds what asking for every pixel finds."""

import cv2
import moving_spheres
import numpy as np
import pytest
from flowbrush.backend.motion import surface
from flowbrush.backend.motion.surface import Places, Points, SurfaceIndex
from flowbrush.backend.motion.visibility import footprint
from hypothesis import given, settings
from hypothesis import strategies as st

SIDE, AWAY = 44, 7  # pixels: of a picture, and how far another one is moved against it


def exhaustive(index: SurfaceIndex, points: Points, where: np.ndarray) -> Places:
    """What is found where each pixel is a block, and the tree gives the nearest."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(surface, "BLOCK", 1)
        patch.setattr(surface, "SLACK", 0.0)
        return index.find(points, where)


def some(part: str, shape: tuple[int, int]) -> np.ndarray:
    random = np.random.default_rng(1).random(shape, np.float32)
    if part == "all":
        return np.ones(shape, bool)
    if part == "bits":
        return cv2.dilate((random < 0.004).astype(np.uint8), np.ones((2, 2), np.uint8)) > 0
    smooth = cv2.GaussianBlur(random, (0, 0), 4)
    return smooth > np.quantile(smooth, 0.8)


@pytest.mark.parametrize("part", ["all", "blobs", "bits"])
@pytest.mark.parametrize("time", [0.0, 6.0, 14.0])
def test_blocks_find_what_every_pixel_finds(time: float, part: str) -> None:
    then, now = (Points.of(moving_spheres.passes(at)) for at in (0.0, time))
    shape = then.footprint.shape
    index, everywhere = SurfaceIndex(then, some(part, shape)), np.ones(shape, bool)
    blocks, each = index.find(now, everywhere), exhaustive(index, now, everywhere)
    assert each.found.any()
    assert (blocks.found != each.found).sum() <= 0.002 * each.found.sum()
    both = blocks.found & each.found
    apart = np.linalg.norm(blocks.positions - each.positions, axis=2)[both]
    assert (apart > 0.05).sum() <= 0.002 * both.sum()
    assert np.isclose(blocks.scale[both], each.scale[both], rtol=0.01).mean() > 0.99


def planes(random: np.random.Generator, thinnest: int) -> Points:
    """A large picture cut into rectangles, some thin, each on one of a few planes, some seen at a grazing angle.

    Two planes are of one object, and lie apart in it like an arm and the chest behind it.
    """
    side = SIDE + AWAY
    lines, columns = (
        np.repeat(np.arange(side), random.choice((1, 2, 3, 9), side).clip(thinnest))[:side] for _ in range(2)
    )
    plane = random.integers(0, 5, (side, side))[lines[:, None], columns[None]]
    slopes = random.normal(0.0, 0.01, (5, 3, 2)) * random.choice((1.0, 1.0, 100.0), (5, 1, 2))
    origin = random.normal(0.0, 1.0, (5, 3)) + np.arange(5)[:, None] * 300.0
    grid = np.stack(np.mgrid[:side, :side], axis=2)
    place = (origin[plane] + (slopes[plane] @ grid[..., None])[..., 0]).astype(np.float32)
    labels = np.stack((np.minimum(plane, 3), np.zeros_like(plane)), axis=2).astype(np.int32)
    return Points(labels, place, footprint(place, labels))


def part_of(points: Points, row: int, column: int) -> Points:
    here = (slice(row, row + SIDE), slice(column, column + SIDE))
    return Points(points.labels[here].copy(), points.surface[here].copy(), points.footprint[here].copy())


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.integers(0, AWAY), st.integers(0, AWAY), st.sampled_from((1.0, 0.5, 0.1, 0.01)))
def test_whatever_lies_in_a_block_is_found(seed: int, down: int, right: int, held: float) -> None:
    """Things of one pixel, several objects in a block, planes at grazing angles, and an index of scattered pixels."""
    random = np.random.default_rng(seed)
    whole = planes(random, thinnest=2)
    then, now = part_of(whole, 0, 0), part_of(whole, down, right)
    holds, wanted = random.random((SIDE, SIDE)) < held, random.random((SIDE, SIDE)) < random.choice((1.0, 0.3))
    holds[[0, -1]] = holds[:, [0, -1]] = False  # there one line of a thing may be all that is left of it
    places = SurfaceIndex(then, holds).find(now, wanted)
    rows, columns = np.mgrid[down : down + SIDE, right : right + SIDE]
    inside = (rows < SIDE) & (columns < SIDE)
    kept = np.zeros((SIDE, SIDE), bool)
    kept[inside] = holds[rows[inside], columns[inside]]
    missed = kept & wanted & ~places.found
    assert not missed.any()
    apart = np.hypot(places.positions[..., 0] - columns, places.positions[..., 1] - rows)
    assert apart[kept & wanted].max(initial=0.0) < 0.05
    assert not places.found[~wanted].any()


def test_what_is_seen_at_a_grazing_angle_is_found() -> None:
    """A floor up to its horizon, the last lines of which are many metres apart, with an index of every other line."""
    rows, columns = np.mgrid[:80, :120].astype(np.float32)
    deep = 40.0 / (rows + 1.5)
    floor = np.dstack(((columns - 60.0) * deep / 100.0, deep, np.zeros_like(deep))).astype(np.float32)
    labels = np.ones((80, 120, 2), np.int32)
    points = Points(labels, floor, footprint(floor, labels))
    everywhere = np.ones((80, 120), bool)
    for first in (0, 1):
        half = np.zeros((80, 120), bool)
        half[first::2] = True
        assert SurfaceIndex(points, half).find(points, everywhere).found[half].all()
    only_far = np.zeros((80, 120), bool)
    only_far[:3] = True
    near = SurfaceIndex(points, only_far).find(points, everywhere)
    assert near.found[only_far].all() and not near.found[6:].any()


def test_what_the_index_does_not_hold_does_not_ask_the_tree_for_every_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    then, now = (Points.of(moving_spheres.passes(at)) for at in (0.0, 14.0))
    index = SurfaceIndex(then, np.ones(then.footprint.shape, bool))
    hidden = ~index.find(now, np.ones(then.footprint.shape, bool)).found
    asked = []
    ask = SurfaceIndex._nearest

    def counted(self: SurfaceIndex, sought: surface._Sought) -> tuple[np.ndarray, np.ndarray]:
        asked.append(sought.pixels.size)
        return ask(self, sought)

    monkeypatch.setattr(SurfaceIndex, "_nearest", counted)
    assert index.find(now, hidden).found.sum() <= 0.001 * hidden.sum()
    assert 0 < sum(asked) < 0.5 * hidden.sum()
