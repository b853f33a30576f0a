"""Conditions that are made from the picture, against what their definitions promise."""

import cv2
import numpy as np
import pytest
from flowbrush.backend.passes import picture_conditions as made
from hypothesis import given, settings
from hypothesis import strategies as st

SIZES = st.tuples(st.integers(8, 70), st.integers(8, 70))


def noise(size: tuple[int, int], seed: int) -> np.ndarray:
    """A picture (H, W, 3) of smooth random colours with one hard step in it."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(size=(size[0] // 4 + 1, size[1] // 4 + 1, 3)).astype(np.float32)
    picture = cv2.resize(coarse, size[::-1], interpolation=cv2.INTER_LINEAR)
    picture[:, size[1] // 2 :] *= 0.3
    return np.clip(picture, 0, 1)


@given(SIZES, st.integers(0, 1000))
@settings(max_examples=40)
def test_each_is_a_picture_of_the_same_size_and_the_same_every_time(size, seed):
    picture = noise(size, seed)
    lines = np.zeros(size, np.float32)
    for make in (made.canny, made.tile, made.shuffle, lambda p: made.soft_edges(p, lines)):
        first, second = make(picture), make(picture.copy())
        assert first.shape == picture.shape and first.dtype == np.float32
        assert first.min() >= 0.0 and first.max() <= 1.0
        assert np.array_equal(first, second)


@given(SIZES, st.integers(0, 1000))
@settings(max_examples=40)
def test_canny_is_opencv_s(size, seed):
    picture = noise(size, seed)
    expected = cv2.Canny(np.rint(picture * 255).astype(np.uint8), 100, 200)
    assert np.array_equal(made.canny(picture) * 255, np.repeat(expected[..., None], 3, axis=2))


def test_tile_keeps_colours_and_loses_what_is_smaller_than_its_cells():
    flat = np.full((64, 96, 3), (0.2, 0.5, 0.9), np.float32)
    assert made.tile(flat) == pytest.approx(flat, abs=1e-6)
    checks = np.indices((64, 96)).sum(0)[..., None] % 2 * np.ones(3, np.float32)
    assert made.tile(checks.astype(np.float32)) == pytest.approx(np.full((64, 96, 3), 0.5), abs=1e-6)
    halves = np.zeros((64, 96, 3), np.float32)
    halves[:, 48:] = 1.0
    assert made.tile(halves)[32, [8, 88], 0] == pytest.approx([0.0, 1.0], abs=1e-3)


def test_shuffle_moves_every_frame_alike_and_invents_no_colours():
    picture = noise((64, 64), 1)
    assert picture.min() - 1e-6 <= made.shuffle(picture).min() and made.shuffle(picture).max() <= picture.max() + 1e-6
    # Half of two frames is half of their shuffles: the flow does not depend on what is seen.
    other = noise((64, 64), 2)
    assert made.shuffle((picture + other) / 2) == pytest.approx(
        (made.shuffle(picture) + made.shuffle(other)) / 2, abs=1e-5
    )
    assert np.abs(made.shuffle(picture) - picture).mean() > 0.05


def test_shuffle_is_the_same_at_twice_the_size():
    picture = noise((128, 128), 3)
    large = cv2.resize(picture, (256, 256), interpolation=cv2.INTER_LINEAR)
    small = cv2.resize(made.shuffle(large), (128, 128), interpolation=cv2.INTER_AREA)
    assert np.abs(small - made.shuffle(picture)).mean() < 0.02


def test_soft_edges_are_white_on_lines_weaker_on_colours_and_black_elsewhere():
    picture = np.full((128, 128, 3), 0.4, np.float32)
    picture[:, 96:] = 0.9
    lines = np.zeros((128, 128), np.float32)
    lines[:, 31:33] = 1.0
    row = made.soft_edges(picture, lines)[64, :, 0]
    assert row[31] > 0.95 and row[32] > 0.95
    assert 0.4 < row[[95, 96]].min() <= row[[95, 96]].max() <= made.TEXTURE_STRENGTH
    assert row[64] < 0.01 and row[5] < 0.01
    assert row[28:36].argmax() in (3, 4) and row[94:98].argmax() in (1, 2)


def test_soft_edges_do_not_follow_a_frame_s_contrast():
    picture = np.full((128, 128, 3), 0.4, np.float32)
    picture[:, 20:] = 0.45
    before = made.soft_edges(picture, np.zeros((128, 128), np.float32))
    picture[:, 110:] = 1.0  # something bright comes in at the other side
    after = made.soft_edges(picture, np.zeros((128, 128), np.float32))
    assert after[:, :80] == pytest.approx(before[:, :80], abs=1e-6)
