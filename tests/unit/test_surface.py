"""Surface points found again across many frames, and paint along silhouettes, against formulas."""

import moving_spheres
import numpy as np
import pytest
from flowbrush.backend.methods.keyframes import choose_keyframes
from flowbrush.backend.motion.chain import UNKNOWN, Chain, painted
from flowbrush.backend.motion.outline import follow_outline, outline
from flowbrush.backend.motion.surface import Points, SurfaceIndex
from flowbrush.backend.motion.warp import pixel_grid

EVERYWHERE = np.ones((moving_spheres.HEIGHT, moving_spheres.WIDTH), bool)


@pytest.mark.parametrize("time", [1.0, 6.0, 14.0])
def test_points_are_found_where_the_formulas_put_them(time: float) -> None:
    now, before = moving_spheres.passes(time), moving_spheres.passes(0.0)
    flow, seen = moving_spheres.motion(time, 0.0)
    surface = np.isfinite(now["depth"])
    places = SurfaceIndex(Points.of(before), EVERYWHERE).find(Points.of(now), EVERYWHERE)
    assert not places.found[~surface].any()
    claimed, truth = places.found & surface, seen & surface
    right = claimed & truth
    assert right.sum() / claimed.sum() > 0.995
    assert right.sum() / truth.sum() > 0.97
    apart = np.linalg.norm(places.positions - pixel_grid(*claimed.shape) - flow, axis=2)[right]
    # Without going between the pixels half of them would be 0.4 pixels off.
    assert np.median(apart) < 0.02 and np.quantile(apart, 0.99) < 0.3


def test_only_indexed_pixels_are_found() -> None:
    passes = moving_spheres.passes(0.0)
    points = Points.of(passes)
    left = EVERYWHERE.copy()
    left[:, moving_spheres.WIDTH // 2 :] = False
    places = SurfaceIndex(points, left).find(points, EVERYWHERE)
    surface = np.isfinite(passes["depth"])
    assert places.found[surface & left].all()
    assert not places.found[:, moving_spheres.WIDTH // 2 + 1 :].any()
    assert not SurfaceIndex(points, ~EVERYWHERE).find(points, EVERYWHERE).found.any()


def test_scale_tells_how_much_closer_the_camera_came() -> None:
    def wall(zoom: float) -> Points:
        rows, columns = np.mgrid[:60, :80].astype(np.float32)
        shape = (60, 80)
        surface = np.dstack(((columns - 40) / zoom, (rows - 30) / zoom, np.zeros(shape))).astype(np.float32)
        ones = np.ones(shape, np.float32)
        return Points.of({"object_id": ones.astype(np.int32), "instance": ones, "surface": surface, "depth": ones})

    near, far = wall(2.0), wall(1.0)
    all_of_it = np.ones((60, 80), bool)
    places = SurfaceIndex(far, all_of_it).find(near, all_of_it)
    assert places.found.all()
    np.testing.assert_allclose(places.scale[5:-5, 5:-5], 2.0, rtol=0.05)


def disc(left: float, turn: float = 0.0, side: int = 96) -> dict[str, np.ndarray]:
    """A ball in front of a wall; it moves to the right, and its surface turns about the upright axis."""
    rows, columns = np.mgrid[:side, :side].astype(np.float32)
    x, y = (columns - left) / 24.0, (rows - side / 2) / 24.0
    inside = x**2 + y**2 < 1.0
    z = np.sqrt(np.maximum(1.0 - x**2 - y**2, 0.0))
    turned = np.cos(turn) * x - np.sin(turn) * z, y, np.sin(turn) * x + np.cos(turn) * z
    wall = (columns * 0.04, rows * 0.04, np.zeros_like(rows))
    return {
        "object_id": np.where(inside, 2, 1).astype(np.int32),
        "instance": np.zeros((side, side), np.float32),
        "surface": np.where(inside[..., None], np.dstack(turned), np.dstack(wall)).astype(np.float32),
        "depth": np.where(inside, 5.0 - z, 9.0).astype(np.float32),
    }


def test_distance_tells_the_sides_of_a_silhouette() -> None:
    passes = disc(48.0)
    lines = outline(passes, 5.0)
    rows, columns = np.mgrid[:96, :96]
    truth = 24.0 - np.hypot(columns - 48.0, rows - 48.0)
    near = (truth < 4.0) & (truth > -1.2)
    assert np.abs(lines.distance - truth)[near].max() < 1.0
    assert (np.sign(lines.distance) == np.sign(truth))[near & (np.abs(truth) > 0.8)].all()
    assert np.isinf(lines.distance[(truth > 7.0) | (truth < -3.0)]).all()
    assert (passes["object_id"].ravel()[lines.front[near]] == 2).all()
    assert not outline(passes, 0.0).band.any()


def kept(turn: float) -> np.ndarray:
    """Which pixels of the band keep their paint as the ball moves by three pixels and turns."""
    before, now = outline(disc(40.0), 4.0), outline(disc(43.0, turn), 4.0)
    nothing = Chain(np.full((96, 96), UNKNOWN, np.int32), np.zeros((96, 96, 2), np.float32))
    drawn = painted(nothing, 1, before.band)
    inside = disc(43.0)["object_id"] == 2
    flow = np.zeros((96, 96, 2), np.float32)
    rows, columns = np.mgrid[:96, :96].astype(np.float32)
    x, y = (columns - 43.0) / 24.0, (rows - 48.0) / 24.0
    z = np.sqrt(np.maximum(1.0 - x**2 - y**2, 0.0))
    flow[inside, 0] = (24.0 * (np.cos(turn) * x - np.sin(turn) * z) + 40.0 - columns)[inside]
    visible = np.where(inside, np.sin(turn) * x + np.cos(turn) * z > 0.0, True)
    chain, _ = follow_outline(drawn, np.where(before.band, before.distance, np.inf), now, flow, visible)
    return (chain.source == 1)[now.band]


def test_an_outline_moves_with_what_it_outlines_on_both_of_its_sides() -> None:
    assert kept(0.0).mean() > 0.97


def test_an_outline_is_drawn_anew_where_the_surface_turns_under_it() -> None:
    assert kept(0.5).mean() < 0.75


def test_keyframes_show_everything_once() -> None:
    def strip(frame: int) -> dict[str, np.ndarray]:
        """A camera that travels along a wall, four pixels a frame."""
        rows, columns = np.mgrid[:60, :90].astype(np.float32)
        ones = np.ones((60, 90), np.float32)
        surface = np.dstack((columns + 4 * frame, rows, 0 * ones)).astype(np.float32)
        return {"object_id": ones.astype(np.int32), "instance": ones, "surface": surface, "depth": ones}

    still = choose_keyframes(range(1, 21), lambda _: strip(0))
    assert len(still) == 1
    chosen = choose_keyframes(range(61), strip)
    assert 4 <= len(chosen) <= 8
    shown = set().union(*(range(4 * frame, 4 * frame + 90) for frame in chosen))
    assert len(shown) > 0.93 * (60 * 4 + 90)
