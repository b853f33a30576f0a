"""Gathering at fractional positions."""

from typing import get_args

import numpy as np
import pytest
from flowbrush.backend.motion.warp import Kernel, carry, gather, inside, nearest, pixel_grid
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

KERNELS = get_args(Kernel)
SMOOTH = ("linear", "cubic", "lanczos")
sizes = st.tuples(st.integers(1, 40), st.integers(1, 40))


def noise(height: int, width: int, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(height * 100 + width).random((height, width, channels), np.float32)


@pytest.mark.parametrize("kernel", KERNELS)
@given(size=sizes)
@settings(max_examples=20)
def test_no_motion_changes_nothing(kernel, size):
    picture = noise(*size)
    assert np.array_equal(carry(picture, np.zeros((*size, 2), np.float32), kernel), picture)


@pytest.mark.parametrize("kernel", KERNELS)
@given(dx=st.integers(-6, 6), dy=st.integers(-6, 6))
@settings(max_examples=30)
def test_whole_pixels_are_copied_and_the_border_goes_on(kernel, dx, dy):
    picture = noise(20, 30)
    rows, columns = np.clip(np.arange(20) + dy, 0, 19), np.clip(np.arange(30) + dx, 0, 29)
    expected = picture[rows[:, None], columns]
    found = carry(picture, np.full((20, 30, 2), (dx, dy), np.float32), kernel)
    inner = np.s_[7:-7, 7:-7]
    assert np.array_equal(found[inner], expected[inner])
    assert found == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("kernel", KERNELS)
@given(value=st.floats(0, 1, width=32), flow=arrays(np.float32, (9, 11, 2), elements=st.floats(-50, 50, width=32)))
@settings(max_examples=30)
def test_a_plain_picture_stays_plain(kernel, value, flow):
    picture = np.full((9, 11, 3), value, np.float32)
    assert carry(picture, flow, kernel) == pytest.approx(picture, abs=1e-6)


@pytest.mark.parametrize("kernel", KERNELS)
@given(flow=arrays(np.float32, (12, 15, 2), elements=st.floats(-8, 8, width=32)))
@settings(max_examples=30)
def test_nothing_gets_brighter_or_darker_than_it_was(kernel, flow):
    picture = noise(12, 15)
    found = carry(picture, flow, kernel)
    assert found.dtype == np.float32 and found.shape == picture.shape
    assert found.min() >= picture.min() and found.max() <= picture.max()


@pytest.mark.parametrize("kernel", ("cubic", "lanczos"))
def test_an_edge_has_no_rings_however_often_it_is_carried(kernel):
    picture = np.zeros((8, 60), np.float32)
    picture[:, 30:] = 1.0
    for _ in range(10):
        picture = carry(picture, np.full((8, 60, 2), (0.37, 0.0), np.float32), kernel)
    assert (np.diff(picture, axis=1) >= -1e-6).all()  # still one rise from 0 to 1
    assert picture[4, 0] == 0.0 and picture[4, -1] == 1.0


@pytest.mark.parametrize("kernel", SMOOTH)
@given(first=st.tuples(*[st.floats(-2, 2)] * 2), second=st.tuples(*[st.floats(-2, 2)] * 2))
@settings(max_examples=30)
def test_two_translations_are_one(kernel, first, second):
    columns, rows = np.moveaxis(pixel_grid(40, 40), 2, 0)
    picture = 0.5 + 0.4 * np.sin(columns * 0.25) * np.cos(rows * 0.2)
    step = [np.full((40, 40, 2), offset, np.float32) for offset in (first, second)]
    twice = carry(carry(picture, step[0], kernel), step[1], kernel)
    once = carry(picture, step[0] + step[1], kernel)
    assert twice[10:-10, 10:-10] == pytest.approx(once[10:-10, 10:-10], abs=0.02)


@pytest.mark.parametrize("kernel", SMOOTH)
def test_positions_are_columns_then_rows(kernel):
    ramp = np.broadcast_to(np.arange(30, dtype=np.float32), (20, 30))
    positions = np.full((4, 5, 2), (12.5, 3.0), np.float32)
    assert gather(ramp, positions, kernel) == pytest.approx(np.full((4, 5), 12.5), abs=0.05)


def test_lanczos_is_sharper_than_linear():
    columns, rows = np.moveaxis(pixel_grid(60, 60), 2, 0)
    fine = 0.5 + 0.4 * np.sin(columns * 1.3) * np.sin(rows * 1.1)
    moved = 0.5 + 0.4 * np.sin((columns + 0.5) * 1.3) * np.sin((rows + 0.5) * 1.1)
    inner = np.s_[8:-8, 8:-8]
    error = {
        kernel: np.abs(carry(fine, np.full((60, 60, 2), 0.5, np.float32), kernel) - moved)[inner].mean()
        for kernel in KERNELS
    }
    assert error["lanczos"] < error["cubic"] < error["linear"] < error["nearest"]


@pytest.mark.parametrize("kernel", KERNELS)
@pytest.mark.parametrize("broken", [np.nan, np.inf, -1e30])
def test_broken_positions_do_not_reach_their_neighbours(kernel, broken):
    flow = np.zeros((9, 11, 2), np.float32)
    flow[4, 5] = broken
    picture = noise(9, 11)
    found = carry(picture, flow, kernel)
    found[4, 5] = picture[4, 5]
    assert np.array_equal(found, picture)


def test_nearest_keeps_any_type_as_it_is():
    ids = np.array([[2**31 - 1, -(2**31)], [7, -1]], np.int32)
    positions = np.float32([[[0.4, 0.3], [0.6, -0.3], [5.0, 9.0]]])
    assert nearest(ids, positions).tolist() == [[2**31 - 1, -(2**31), -1]]


def test_inside_reaches_half_a_pixel_around_the_centres():
    positions = np.float32([[[-0.5, 0], [-0.51, 0], [9.5, 4.5], [9.51, 4.5], [3, 4.51], [np.nan, 0]]])
    assert inside(positions, 5, 10).tolist() == [[True, False, True, False, False, False]]


def test_the_grid_cannot_be_changed_by_whoever_borrows_it():
    with pytest.raises(ValueError, match="read-only"):
        pixel_grid(3, 4)[0, 0] = 1
