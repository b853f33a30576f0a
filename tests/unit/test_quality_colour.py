"""CIEDE2000 against the test data that its formula was published with, and what a picture looks like."""

import cv2
import numpy as np
import pytest
from flowbrush.backend.quality.colour import ciede2000, lab
from flowbrush.backend.quality.look import colour_distance, sharpness, structure_distance
from hypothesis import given
from hypothesis import strategies as st

# Sharma, Wu and Dalal 2005, table 1: L, a, b of two colours, and their difference.
PUBLISHED = """
50 2.6772 -79.7751  50 0 -82.7485  2.0425
50 3.1571 -77.2803  50 0 -82.7485  2.8615
50 2.8361 -74.0200  50 0 -82.7485  3.4412
50 -1.3802 -84.2814  50 0 -82.7485  1.0000
50 -1.1848 -84.8006  50 0 -82.7485  1.0000
50 -0.9009 -85.5211  50 0 -82.7485  1.0000
50 0 0  50 -1 2  2.3669
50 -1 2  50 0 0  2.3669
50 2.4900 -0.0010  50 -2.4900 0.0009  7.1792
50 2.4900 -0.0010  50 -2.4900 0.0010  7.1792
50 2.4900 -0.0010  50 -2.4900 0.0011  7.2195
50 2.4900 -0.0010  50 -2.4900 0.0012  7.2195
50 -0.0010 2.4900  50 0.0009 -2.4900  4.8045
50 -0.0010 2.4900  50 0.0010 -2.4900  4.8045
50 -0.0010 2.4900  50 0.0011 -2.4900  4.7461
50 2.5 0  50 0 -2.5  4.3065
50 2.5 0  73 25 -18  27.1492
50 2.5 0  61 -5 29  22.8977
50 2.5 0  56 -27 -3  31.9030
50 2.5 0  58 24 15  19.4535
50 2.5 0  50 3.1736 0.5854  1.0000
50 2.5 0  50 3.2972 0  1.0000
50 2.5 0  50 1.8634 0.5757  1.0000
50 2.5 0  50 3.2592 0.3350  1.0000
60.2574 -34.0099 36.2677  60.4626 -34.1751 39.4387  1.2644
63.0109 -31.0961 -5.8663  62.8187 -29.7946 -4.0864  1.2630
61.2901 3.7196 -5.3901  61.4292 2.2480 -4.9620  1.8731
35.0831 -44.1164 3.7933  35.0232 -40.0716 1.5901  1.8645
22.7233 20.0904 -46.6940  23.0331 14.9730 -42.5619  2.0373
36.4612 47.8580 18.3852  36.2715 50.5065 21.2231  1.4146
90.8027 -2.0831 1.4410  91.1528 -1.6435 0.0447  1.4441
90.9257 -0.5406 -0.9208  88.6381 -0.8985 -0.7239  1.5381
6.7747 -0.2908 -2.4247  5.8714 -0.0985 -2.2286  0.6377
2.0776 0.0795 -1.1350  0.9033 -0.0636 -0.5514  0.9082
"""
COLOUR = st.tuples(st.floats(0, 100), st.floats(-100, 100), st.floats(-100, 100))


def picture(seed: int = 0) -> np.ndarray:
    smooth = cv2.GaussianBlur(np.random.default_rng(seed).uniform(0, 1, (48, 64, 3)).astype(np.float32), (0, 0), 1.0)
    return np.clip((smooth - 0.5) * 3.0 + 0.5, 0, 1)


def test_ciede2000_meets_its_published_data() -> None:
    table = np.array(PUBLISHED.split(), np.float64).reshape(34, 7)
    assert np.abs(ciede2000(table[:, :3], table[:, 3:6]) - table[:, 6]).max() <= 0.5001e-4


@given(COLOUR, COLOUR)
def test_ciede2000_is_the_same_both_ways_and_nothing_for_the_same(one: tuple, other: tuple) -> None:
    first, second = np.array(one), np.array(other)
    assert ciede2000(first, second) == pytest.approx(float(ciede2000(second, first)), abs=1e-9)
    assert ciede2000(first, first) == 0.0


def test_single_precision_is_enough() -> None:
    one, other = lab(picture(1)), lab(picture(2))
    exact = ciede2000(one.astype(np.float64), other.astype(np.float64))
    assert np.abs(ciede2000(one, other) - exact).max() < 0.01


def test_white_and_black_in_lab() -> None:
    colours = lab(np.array([[[1, 1, 1], [0, 0, 0], [1, 0, 0]]], np.float32))[0]
    np.testing.assert_allclose(colours, [(100, 0, 0), (0, 0, 0), (53.24, 80.09, 67.20)], atol=0.05)


def test_blur_takes_sharpness_and_leaves_colour() -> None:
    sharp = picture()
    values = [sharpness(cv2.GaussianBlur(sharp, (0, 0), sigma)) for sigma in (0.5, 1.0, 2.0)]
    assert sharpness(sharp) > values[0] > values[1] > values[2] > 0.0
    assert sharpness(np.full((8, 8, 3), 0.3, np.float32)) == 0.0


def test_a_picture_is_at_no_distance_from_itself() -> None:
    assert colour_distance(lab(picture()), lab(picture())) == 0.0
    assert structure_distance(picture(), picture()) == pytest.approx(0.0, abs=1e-6)


def test_colour_and_structure_are_told_apart() -> None:
    render = picture()
    brighter = render * 0.8 + 0.2  # the same structure, a little weaker
    redrawn = picture(7)
    blurred = cv2.GaussianBlur(render, (0, 0), 4.0)
    assert colour_distance(lab(render), lab(brighter)) > 5.0
    assert structure_distance(render, brighter) < 0.05
    assert structure_distance(render, redrawn) > 0.1
    assert structure_distance(render, blurred) > 0.1
