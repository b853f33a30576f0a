"""Chains: paint carried over many frames lies where the surface is, and was resampled once."""

import moving_spheres
import numpy as np
import pytest
from flowbrush.backend.motion.chain import UNKNOWN, Chain, advance, gather_sources, painted, start
from flowbrush.backend.motion.visibility import visible_in_previous
from flowbrush.backend.motion.warp import carry, pixel_grid
from hypothesis import given, settings
from hypothesis import strategies as st

HEIGHT, WIDTH = 24, 40
EVERYWHERE = np.ones((HEIGHT, WIDTH), bool)


def shift(dx: float, dy: float) -> np.ndarray:
    return np.full((HEIGHT, WIDTH, 2), (dx, dy), np.float32)


def test_a_painted_frame_is_its_own_source():
    chain = start(-3, HEIGHT, WIDTH)
    picture = np.random.default_rng(1).random((HEIGHT, WIDTH, 3), np.float32)
    asked = []

    def load(frame: int) -> np.ndarray:
        asked.append(frame)
        return picture

    assert np.array_equal(gather_sources(chain, load), picture)
    assert asked == [-3]


@given(steps=st.lists(st.tuples(st.floats(-1.5, 1.5), st.floats(-1.5, 1.5)), min_size=1, max_size=6))
@settings(max_examples=40)
def test_translations_add_up(steps):
    chain = start(1, HEIGHT, WIDTH)
    for dx, dy in steps:
        chain = advance(chain, shift(dx, dy), EVERYWHERE)
    known = chain.source != UNKNOWN
    middle = np.s_[10:-10, 12:-12]
    assert known[middle].all()
    expected = pixel_grid(HEIGHT, WIDTH) + np.sum(steps, axis=0).astype(np.float32)
    # At the picture's border a position may be continued from half a pixel away, here as everywhere exactly.
    assert np.abs(chain.position - expected)[known].max() < 1e-3
    assert not chain.position[~known].any()


def test_slow_motion_is_not_rounded_away():
    chain = start(1, HEIGHT, WIDTH)
    for _ in range(100):
        chain = advance(chain, shift(0.01, -0.005), EVERYWHERE)
    offset = (chain.position - pixel_grid(HEIGHT, WIDTH))[8, 8]
    assert offset == pytest.approx((1.0, -0.5), abs=1e-3)


def test_what_is_not_visible_has_no_paint_until_it_is_painted():
    visible = EVERYWHERE.copy()
    visible[5:9, 5:9] = False
    chain = advance(start(1, HEIGHT, WIDTH), shift(0, 0), visible)
    assert np.array_equal(chain.source == UNKNOWN, ~visible)
    chain = painted(chain, 2, ~visible)
    frames = {n: np.full((HEIGHT, WIDTH, 3), n, np.float32) for n in (1, 2)}
    assert np.array_equal(gather_sources(chain, frames.__getitem__)[..., 0], np.where(visible, 1, 2))


def test_a_hole_neither_grows_nor_is_smeared_over():
    visible = EVERYWHERE.copy()
    visible[8:16, 10:20] = False
    chain = advance(start(1, HEIGHT, WIDTH), shift(0, 0), visible)
    for _ in range(6):
        chain = advance(chain, shift(-0.4, 0.0), EVERYWHERE)
    holes = (chain.source == UNKNOWN)[:, 5:]  # paint that enters from the left side is missing as well
    assert abs(holes.sum() - 80) <= 8


def test_across_a_seam_between_sources_positions_are_not_mixed():
    source = np.where(np.arange(WIDTH) < 20, 1, 2).astype(np.int32) * np.ones((HEIGHT, 1), np.int32)
    position = pixel_grid(HEIGHT, WIDTH) + np.where(source == 1, 0.0, 500.0)[..., None]
    chain = advance(Chain(source, position.astype(np.float32)), shift(0.3, 0.3), EVERYWHERE)
    offset = chain.position - pixel_grid(HEIGHT, WIDTH)
    known = chain.source != UNKNOWN
    assert np.abs(offset[known & (chain.source == 1)] - 0.3).max() < 1e-4
    assert np.abs(offset[known & (chain.source == 2)] - 500.3).max() < 1e-3
    assert (chain.source[5, :20] == 1).all() and (chain.source[5, 20:] == 2)[:-1].all()


def test_along_a_seam_positions_are_still_blended():
    """Paint of two frames that was magnified: offsets grow down the picture, also in the two columns of the seam."""
    source = np.where(np.arange(WIDTH) < 20, 1, 2).astype(np.int32) * np.ones((HEIGHT, 1), np.int32)
    chain = advance(Chain(source, pixel_grid(HEIGHT, WIDTH) * np.float32(1.2)), shift(0.0, 0.25), EVERYWHERE)
    rows = np.arange(HEIGHT - 1) + 0.25
    for column in (18, 19, 20, 21):
        assert chain.position[:-1, column, 1] == pytest.approx(rows * 1.2, abs=1e-4)


def test_across_an_edge_within_one_source_positions_are_not_mixed():
    """Two surfaces painted in the same frame that lay far apart there."""
    position = pixel_grid(HEIGHT, WIDTH) + np.where(np.arange(WIDTH) < 20, 0.0, 60.0)[:, None]
    chain = Chain(np.ones((HEIGHT, WIDTH), np.int32), position.astype(np.float32))
    chain = advance(chain, shift(0.3, 0.0), EVERYWHERE)
    offset = (chain.position - pixel_grid(HEIGHT, WIDTH))[5, :-1, 0]
    assert np.minimum(np.abs(offset - 0.3), np.abs(offset - 60.3)).max() < 1e-4


@pytest.mark.parametrize("broken", [np.nan, np.inf, 1e30, -1e30])
def test_vectors_that_are_no_numbers_carry_nothing(broken):
    flow = shift(0, 0)
    flow[3, 4] = broken
    chain = advance(start(1, HEIGHT, WIDTH), flow, EVERYWHERE)
    assert chain.source[3, 4] == UNKNOWN and (chain.source == UNKNOWN).sum() == 1
    assert np.isfinite(chain.position).all()


def test_after_many_frames_paint_is_where_the_surface_is_and_sharper_than_repeated_warping():
    last = 6
    height, width = moving_spheres.HEIGHT, moving_spheres.WIDTH
    first = moving_spheres.texture(0)
    chain, repeated = start(0, height, width), first
    for time in range(1, last + 1):
        flow, _ = moving_spheres.motion(time, time - 1)
        now, before = moving_spheres.passes(time), moving_spheres.passes(time - 1)
        chain = advance(chain, flow, visible_in_previous(now, before, flow))
        repeated = carry(repeated, flow)
    direct, seen = moving_spheres.motion(last, 0)
    known = chain.source != UNKNOWN
    error = np.linalg.norm(chain.position - pixel_grid(height, width) - direct, axis=2)[known]
    assert np.median(error) < 0.01 and np.percentile(error, 95) < 0.05 and np.mean(error > 1.0) < 0.002
    assert (known & ~seen).sum() < 0.005 * known.sum()
    assert (known & seen).sum() > 0.95 * seen.sum()
    truth, both = moving_spheres.texture(last), known & seen

    def decibels(picture: np.ndarray) -> float:
        return -10 * np.log10(np.mean((picture - truth)[both] ** 2))

    once = gather_sources(chain, {0: first}.__getitem__)
    assert decibels(once) > decibels(repeated) + 0.5
