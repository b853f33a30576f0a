"""Points on surfaces, their colours, and what came back; the drift of objects; motion that is seen."""

import cv2
import numpy as np
import pytest
from flowbrush.backend.motion.surface import Points, SurfaceIndex
from flowbrush.backend.quality.colour import ciede2000
from flowbrush.backend.quality.drift import ENOUGH, Drift
from flowbrush.backend.quality.flicker import Link, mean_square, squared_difference
from flowbrush.backend.quality.flow_difference import tof
from flowbrush.backend.quality.texels import CLOSEST, IN_A_FRAME, Texels, spacing
from hypothesis import given, settings
from hypothesis import strategies as st

HEIGHT, WIDTH = 24, 32


def plane(shift: int = 0) -> Points:
    """A flat surface seen face-on, moved to the right by whole pixels."""
    rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    labels = np.ones((HEIGHT, WIDTH, 2), np.int32)
    return Points(
        labels, np.stack((columns - shift, rows, 0 * rows), axis=2), np.full((HEIGHT, WIDTH), 2.0, np.float32)
    )


def see(texels: Texels, points: Points, clear: np.ndarray, *labs: np.ndarray) -> object:
    return texels.see(points, SurfaceIndex(points, np.ones(clear.shape, bool)), clear, np.stack(labs))


def noise(random: np.random.Generator) -> np.ndarray:
    return random.normal(50.0, 5.0, (HEIGHT, WIDTH, 3)).astype(np.float32)


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(2, 6))
def test_the_variance_is_that_of_the_colours_seen(seed: int, frames: int) -> None:
    random = np.random.default_rng(seed)
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    masks = [everywhere, *(random.random((HEIGHT, WIDTH)) < 0.7 for _ in range(frames - 1))]
    pictures = [noise(random) for _ in range(frames)]
    texels = Texels(2, hidden=frames)
    increments = [see(texels, plane(), *seen) for seen in zip(masks, pictures, [p + 3 for p in pictures], strict=True)]
    grid = np.mgrid[CLOSEST // 2 : HEIGHT : CLOSEST, CLOSEST // 2 : WIDTH : CLOSEST].reshape(2, -1).T
    expected = []
    for row, column in grid:
        colours = np.array([p[row, column] for p, mask in zip(pictures, masks, strict=True) if mask[row, column]])
        if len(colours) > 1:
            expected.append(colours.var(axis=0, ddof=1, dtype=np.float64).sum())
    assert texels.followed == len(grid)
    if expected:
        assert texels.variance() == pytest.approx([np.mean(expected)] * 2, rel=1e-4)
    else:
        assert texels.variance() is None
    assert increments[0].variance is None


def test_large_pictures_and_long_shots_have_no_more_points(monkeypatch: pytest.MonkeyPatch) -> None:
    assert spacing((HEIGHT, WIDTH)) == CLOSEST
    for shape in ((512, 512), (1080, 1920), (2160, 4096)):
        assert IN_A_FRAME <= shape[0] * shape[1] / spacing(shape) ** 2 < 1.3 * IN_A_FRAME
    monkeypatch.setattr("flowbrush.backend.quality.texels.MOST", 20)
    texels, everywhere = Texels(1, hidden=2), np.ones((HEIGHT, WIDTH), bool)
    followed = []
    for shift in range(0, 10 * WIDTH, WIDTH):
        see(texels, plane(shift), everywhere, noise(np.random.default_rng(shift)))
        followed.append(texels.followed)
    assert followed == [12, *[20] * 9]


def test_points_are_followed_with_their_surface() -> None:
    texels, still = Texels(1, hidden=2), Texels(1, hidden=2)
    paint = noise(np.random.default_rng(0))
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    for shift in (0, 3, 5):
        see(texels, plane(shift), everywhere, np.roll(paint, shift, axis=1))
        see(still, plane(shift), everywhere, paint)
    assert texels.variance() == pytest.approx([0.0], abs=1e-6)
    assert still.variance()[0] > 20.0, "paint that stays on the screen was not noticed"


def test_new_surface_gets_points_of_its_own() -> None:
    texels = Texels(1, hidden=2)
    paint, everywhere = noise(np.random.default_rng(0)), np.ones((HEIGHT, WIDTH), bool)
    see(texels, plane(), everywhere, paint)
    before = texels.followed
    see(texels, plane(), everywhere, paint)
    assert texels.followed == before == 12
    see(texels, plane(2 * CLOSEST), everywhere, paint)
    assert texels.followed == 18


def test_what_was_hidden_long_enough_is_judged_when_it_comes_back() -> None:
    one, other = np.array((60.0, 20.0, 10.0)), np.array((55.0, 25.0, 0.0))
    paint = np.broadcast_to(one, (HEIGHT, WIDTH, 3)).astype(np.float32)
    changed = np.broadcast_to(other, (HEIGHT, WIDTH, 3)).astype(np.float32)
    everywhere = np.ones((HEIGHT, WIDTH), bool)
    hidden = everywhere.copy()
    hidden[:, : WIDTH // 2] = False
    texels = Texels(2, hidden=3)
    seen = [see(texels, plane(), mask, paint, paint) for mask in (everywhere, hidden, hidden)]
    seen.append(see(texels, plane(), everywhere, paint, paint))  # after two frames only
    assert all(one.returned is None for one in seen) and texels.returned() is None
    for _ in range(3):
        see(texels, plane(), hidden, paint, paint)
    back = see(texels, plane(), everywhere, changed, paint)
    expected = float(ciede2000(one, other))
    assert back.returned == pytest.approx([expected, 0.0], abs=1e-4)
    assert texels.returned() == pytest.approx([expected, 0.0], abs=0.01)
    assert texels.came_back == 6
    assert back.heat[:, : WIDTH // 2].max() == pytest.approx(np.linalg.norm(one - other), abs=1e-3)


def test_an_object_drifts_from_its_first_colours() -> None:
    objects = np.repeat((1, 2, 3), (20, 10, ENOUGH - 1)).astype(np.int32)
    random = np.random.default_rng(0).normal(0, 4, (2, len(objects), 3))
    first = np.array((50.0, 0.0, 0.0)) + random
    now = np.array((50.0, 0.0, 0.0)) + random[:, ::-1]
    now[:, objects == 1] = first[:, objects == 1][:, ::-1]  # changes of single points, none of all
    now[:, objects == 2] = first[:, objects == 2]
    now[0, objects == 2] += (6.0, 4.0, -3.0)
    drift = Drift()
    expected = float(ciede2000(now[0, objects == 2].mean(axis=0), first[0, objects == 2].mean(axis=0)))
    assert drift.see(objects, now, first) == pytest.approx([expected / 3, 0.0], abs=1e-9)
    assert drift.see(objects, first, first) == pytest.approx([0.0, 0.0], abs=1e-9)
    assert drift.see(objects[-2:], now[:, -2:], first[:, -2:]) is None, "too few points to be an object"
    assert [(one.id, one.points) for one in drift.objects()] == [(1, 40), (2, 20)]
    assert drift.objects()[1].differences == pytest.approx([expected / 2, 0.0], abs=1e-9)


def test_motion_that_is_seen_is_compared_with_the_true_one() -> None:
    random = np.random.default_rng(1).uniform(0, 1, (96, 128, 3)).astype(np.float32)
    before = np.clip((cv2.GaussianBlur(random, (0, 0), 1.5) - 0.5) * 4 + 0.5, 0, 1)
    now = np.roll(before, (2, 3), axis=(0, 1))
    flow = np.broadcast_to(np.array((-3.0, -2.0), np.float32), (96, 128, 2))
    amid = np.zeros((96, 128), bool)
    amid[16:-16, 16:-16] = True
    assert tof(now, before, Link(flow, amid)) < 0.1
    assert tof(now, before, Link(flow + np.array((1.5, 2.0), np.float32), amid)) == pytest.approx(2.5, abs=0.1)
    assert tof(now, before, Link(flow, np.zeros((96, 128), bool))) is None


@given(st.floats(0.01, 0.1))
@settings(max_examples=10)
def test_noise_has_twice_its_variance_as_warping_error(sigma: float) -> None:
    random = np.random.default_rng(2)
    one, other = (random.normal(0.5, sigma, (128, 128, 3)).astype(np.float32) for _ in range(2))
    half = np.zeros((128, 128), bool)
    half[:, 64:] = True
    link = Link(np.zeros((128, 128, 2), np.float32), half)
    squares = squared_difference(one, other, link)
    assert mean_square(squares, link.visible) == pytest.approx(2 * sigma**2, rel=0.05)
    assert not squares[~half].any()
