"""Noise on surfaces: white in every frame, and the same where the same surface is seen."""

from itertools import pairwise

import cv2
import numpy as np
import pytest
from flowbrush.backend.motion.noise import surface_noise

SIDE = 192
GRID = [(4, 16), (8, 32)]  # pixels of a latent's side, channels
Passes = dict[str, np.ndarray]


def bowl(zoom: float = 1.0, shift: float = 0.0, angle: float = 0.0, side: int = SIDE) -> Passes:
    """A wavy surface about the picture's middle, seen closer, moved right by `shift` pixels or turned by `angle`."""
    rows, columns = np.mgrid[:side, :side] - (side - 1) / 2
    x, y = (columns - shift) / zoom, rows / zoom
    x, y = np.cos(angle) * x - np.sin(angle) * y, np.sin(angle) * x + np.cos(angle) * y
    return passes(np.dstack((x * 0.01, y * 0.01, 0.3 * np.sin(x * 0.01))))


def ground(side: int = SIDE, object_id: int = 1) -> Passes:
    """A plane below a round column, both from right before the camera to far away: many sizes of surface."""
    rows, columns = np.mgrid[:side, :side].astype(np.float64)
    depth = 30.0 / (rows + 1.0)
    place = np.dstack(((columns - side / 2) * depth / side, depth, np.zeros_like(depth)))
    seen = passes(place, object_id)
    angle = (columns - side / 2) / (side / 4)
    column = np.abs(angle) < 1.0
    round_it = np.dstack((np.arcsin(np.clip(angle, -1, 1)), rows / 20.0, np.zeros_like(angle)))
    seen["surface"][column] = round_it[column]
    seen["object_id"][column] = 3
    return seen


def passes(place: np.ndarray, object_id: int = 1) -> Passes:
    shape = place.shape[:2]
    return {
        "object_id": np.full(shape, object_id, np.int32),
        "instance": np.zeros(shape, np.float32),
        "surface": place.astype(np.float32),
        "depth": np.ones(shape, np.float32),
    }


def correlation(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).mean())


def followed(a: np.ndarray, b: np.ndarray, cell: int, zoom: float, shift: float, angle: float) -> float:
    """How far noise `b` of a moved `bowl` is that of `a` at the same surface points, both blurred over two latents."""
    side = a.shape[1]
    rows, columns = (np.mgrid[:side, :side] + 0.5) * cell - SIDE / 2
    x = (np.cos(angle) * columns + np.sin(angle) * rows) * zoom + shift
    y = (np.cos(angle) * rows - np.sin(angle) * columns) * zoom
    x, y = (((part + SIDE / 2) / cell - 0.5).astype(np.float32) for part in (x, y))
    inside = (np.minimum(x, y) > 4) & (np.maximum(x, y) < side - 5)
    inside[[*range(4), *range(-4, 0)]] = inside[:, [*range(4), *range(-4, 0)]] = False
    both = []
    for here, there in zip(a, b, strict=True):
        there = cv2.remap(cv2.GaussianBlur(there, (0, 0), 2.0 * zoom), x, y, cv2.INTER_CUBIC)
        both.append(np.corrcoef(cv2.GaussianBlur(here, (0, 0), 2.0)[inside], there[inside])[0, 1])
    return float(np.mean(both))


SCENES = {
    "still": bowl(),
    "closer": bowl(1.3),
    "close": bowl(2.2),
    "turned": bowl(1.0, angle=0.5),
    "cut off": {name: array[:-3, :-1] for name, array in bowl().items()},
    "far and near": ground(),
    "one place": passes(np.zeros((SIDE, SIDE, 3))),
    "far from everything": passes(np.full((SIDE, SIDE, 3), 3e38)),
}


@pytest.mark.parametrize(("cell", "channels"), GRID)
@pytest.mark.parametrize("scene", SCENES)
def test_noise_is_white(cell: int, channels: int, scene: str) -> None:
    noise = surface_noise(SCENES[scene], cell, channels, seed=3)
    assert noise.shape == (channels, SIDE // cell, SIDE // cell)
    assert noise.dtype == np.float32
    allowed = 5.0 / np.sqrt(noise.size)
    assert abs(noise.mean()) < allowed
    assert abs(noise.var() - 1.0) < allowed * np.sqrt(2.0)
    assert abs((noise**4).mean() - 3.0) < allowed * np.sqrt(96.0)
    beside = {
        (down, right): correlation(noise[:, down:, right:], noise[:, : -down or None, : -right or None])
        for down in range(4)
        for right in range(4)
        if down or right
    }
    beside["other way"] = correlation(noise[:, 1:, :-1], noise[:, :-1, 1:])
    beside["other channel"] = correlation(noise[1:], noise[:-1])
    assert {name: value for name, value in beside.items() if abs(value) > allowed * 1.2} == {}


@pytest.mark.parametrize("make", [bowl, ground])
def test_no_two_latents_share_anything(make: object) -> None:
    """Whatever lies beside what: over so many channels a shared cube would show in the covariance."""
    channels = 4000
    noise = surface_noise(make(side=48), 4, channels, seed=3).reshape(channels, -1)
    covariance = noise.T @ noise / channels
    expected = np.sqrt(np.where(np.eye(len(covariance)) > 0, 2.0, 1.0) / channels)
    assert (np.abs(covariance - np.eye(len(covariance))) / expected).max() < 6.0


@pytest.mark.parametrize(("cell", "channels"), GRID)
@pytest.mark.parametrize(
    ("zoom", "shift", "angle"),
    [(1.0, 0.5, 0), (1.0, 1.7, 0), (1.02, 0, 0), (1.4, 0, 0), (1.0, 0, 0.03), (1.0, 0, 0.5), (1.2, 0.6, -0.3)],
)
def test_noise_stays_on_its_surface(cell: int, channels: int, zoom: float, shift: float, angle: float) -> None:
    still = surface_noise(bowl(), cell, channels, seed=3)
    moved = surface_noise(bowl(zoom, shift * cell, angle), cell, channels, seed=3)
    assert followed(still, moved, cell, zoom, shift * cell, angle) > 0.85
    astray = followed(still, moved, cell, zoom, (shift + 9.0) * cell, angle)
    assert abs(astray) < 0.4, "only what is at the same place is the same"


@pytest.mark.parametrize(("cell", "channels"), GRID)
def test_noise_moves_by_whole_latents_unchanged(cell: int, channels: int) -> None:
    still = surface_noise(bowl(), cell, channels, seed=3)
    one = surface_noise(bowl(shift=cell), cell, channels, seed=3)
    assert correlation(still[:, 4:-4, 4:-5], one[:, 4:-4, 5:-4]) > 0.95
    assert abs(correlation(still, one)) < 0.05


def test_noise_stays_while_the_camera_comes_closer_and_closer() -> None:
    zooms = np.geomspace(1.0, 4.2, 40)
    seen = [surface_noise(bowl(zoom), 4, 16, seed=3) for zoom in zooms]
    factor = float(zooms[1])
    steps = [followed(a, b, 4, factor, 0.0, 0.0) for a, b in pairwise(seen)]
    assert min(steps) > 0.85, "the noise changes all at once"
    assert followed(seen[0], seen[-1], 4, float(zooms[-1]), 0.0, 0.0) > 0.7, "what was there is lost"
    finest = seen[-1][:, 16:-16, 16:-16]
    assert abs(correlation(finest[:, 1:], finest[:, :-1])) < 0.05, "the noise became coarse"


def test_noise_is_found_again_after_the_surface_was_hidden() -> None:
    behind = bowl()
    behind["object_id"][:, 60:120] = 2
    behind["surface"][:, 60:120] += 100.0
    whole, partly = surface_noise(bowl(), 4, 8, seed=3), surface_noise(behind, 4, 8, seed=3)
    assert correlation(whole[:, :, :12], partly[:, :, :12]) > 0.95
    assert correlation(whole[:, :, 34:], partly[:, :, 34:]) > 0.95
    assert abs(correlation(whole[:, :, 16:29], partly[:, :, 16:29])) < 0.05


def test_seeds_objects_and_instances_have_noise_of_their_own() -> None:
    noise = surface_noise(bowl(), 4, 8, seed=3)
    assert abs(correlation(noise, surface_noise(bowl(), 4, 8, seed=4))) < 0.05
    for name in ("instance", "object_id"):
        other = bowl()
        other[name] += 1
        assert abs(correlation(noise, surface_noise(other, 4, 8, seed=3))) < 0.05
    np.testing.assert_array_equal(noise, surface_noise(bowl(), 4, 8, seed=3))
