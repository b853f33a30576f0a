import numpy as np
from flowbrush.backend.methods.seams import RING, fitted, ring_mask, without_specks

SIZE = (60, 80)


def test_new_paint_takes_the_tone_around_it_surface_by_surface() -> None:
    rng = np.random.default_rng(1)
    texture = rng.uniform(-0.05, 0.05, (*SIZE, 3)).astype(np.float32)
    surface = np.broadcast_to(np.arange(SIZE[1]) >= 40, SIZE).astype(np.int32)
    carried = np.float32(0.5) + texture
    fresh = carried + np.where(surface[..., None] == 1, np.float32(0.07), np.float32(-0.05))
    new = np.zeros(SIZE, bool)
    new[25:35, 20:60] = True
    painted = ring_mask(new) > 0
    result = fitted(fresh, carried, painted, new, surface)
    assert np.abs((result - carried)[new]).max() < 0.02
    assert np.array_equal(result[~painted], fresh[~painted])


def test_far_from_carried_paint_new_paint_stays_as_it_is() -> None:
    fresh = np.full((*SIZE, 3), 0.7, np.float32)
    everything = np.ones(SIZE, bool)
    surface = np.zeros(SIZE, np.int32)
    assert np.array_equal(fitted(fresh, fresh * 0, everything, everything, surface), fresh)


def test_the_ring_reaches_around_new_paint() -> None:
    new = np.zeros(SIZE, bool)
    new[30, 40] = True
    ring = ring_mask(new) > 0
    assert ring[30, 40 + RING] and ring[30 - RING, 40] and not ring[30, 40 + RING + 1]


def test_single_pixels_of_another_time_are_smoothed_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    picture = rng.uniform(0.0, 1.0, (24, 24, 3)).astype(np.float32)
    source = np.ones((24, 24), np.int32)
    source[:, 12:] = 2
    assert np.array_equal(without_specks(picture, source), picture), "a straight seam is no speck"
    source[6, 6], picture[6, 6] = 2, 5.0
    smooth = without_specks(picture, source)
    assert smooth[6, 6].max() <= 1.0
    smooth[6, 6] = picture[6, 6]
    assert np.array_equal(smooth, picture)


def test_new_paint_takes_the_tone_of_what_is_beside_it() -> None:
    surface = np.ones((40, 60), np.int32)
    new = np.zeros((40, 60), bool)
    new[:, 30:] = True
    strokes = np.random.default_rng(0).normal(0.0, 0.01, (40, 60, 3)).astype(np.float32)
    carried = 0.5 + strokes
    fresh = carried + np.float32([0.12, -0.05, 0.1])
    result = fitted(fresh, carried, ring_mask(new) > 0, new, surface)
    assert np.abs(result - carried)[new].max() < 0.02
    unlike = fitted(fresh + 0.3, carried, ring_mask(new) > 0, new, surface)
    assert (unlike - carried)[new].mean() > 0.15, "what was painted as something else is left so"
