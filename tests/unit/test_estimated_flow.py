"""Motion of flat colours, which show none by themselves, and the smoothing that gives it to them."""

import cv2
import numpy as np
from flowbrush.backend.motion.estimated import estimate_motion
from flowbrush.backend.motion.smoother import smoothed
from made_footage import texture

SIZE = (160, 120)


def drawing(left: int) -> np.ndarray:
    """A flat box with a drawn mark in each corner before a textured wall."""
    picture = texture(1, SIZE)
    cv2.rectangle(picture, (left, 30), (left + 60, 90), (220, 150, 80), -1)
    for x, y in ((left + 5, 35), (left + 50, 35), (left + 5, 80), (left + 50, 80)):
        cv2.rectangle(picture, (x, y), (x + 5, y + 5), (20, 20, 20), -1)
        cv2.line(picture, (x, y), (x + 8, y + 3), (250, 250, 250), 1)
    return picture


def test_flat_colour_moves_with_what_is_drawn_on_it() -> None:
    motion = estimate_motion(drawing(40), drawing(46))
    inside = motion.there[45:75, 55:88]
    assert np.abs(inside - (6, 0)).mean() < 0.8
    assert np.abs(motion.there[5:20, 5:150]).mean() < 0.2, "the wall stays"
    assert motion.followed > 0.5


def test_values_spread_within_a_colour_and_not_across_its_border() -> None:
    guide = np.zeros((64, 96, 3), np.uint8)
    guide[:, 48:] = (200, 120, 40)
    known = np.zeros((64, 96, 1), np.float32)
    known[10, 10] = known[50, 80] = 1.0
    values = known * np.where(np.arange(96) < 48, 3.0, -5.0).astype(np.float32)[None, :, None]
    spread = smoothed(np.dstack((values, known + np.float32(1e-9))), guide)
    found = spread[..., 0] / spread[..., 1]
    assert np.abs(found[:, :44] - 3).max() < 0.1 and np.abs(found[:, 52:] + 5).max() < 0.1


def test_what_is_even_stays() -> None:
    even = np.full((40, 50, 2), 2.5, np.float32)
    assert np.abs(smoothed(even, texture(3, (50, 40))) - 2.5).max() < 1e-3
    assert smoothed(np.zeros((700, 900, 1), np.float32), texture(3, (900, 700))).shape == (700, 900, 1)
