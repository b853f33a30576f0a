"""Surface points found again across many frames, and paint along silhouettes, against formulas."""

import moving_spheres
import numpy as np
import pytest
from flowbrush.backend.methods.keyframes import choose_keyframes
from flowbrush.backend.motion.chain import UNKNOWN, Chain, painted
from flowbrush.backend.motion.outline import Outline, behind_lines, follow_outline, outline, soften_borders
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


def test_an_index_takes_memory_for_what_it_holds() -> None:
    passes = moving_spheres.passes(0.0)
    points = Points.of(passes)
    spot = ~EVERYWHERE
    spot[180:200, 200:230] = True
    spot &= np.isfinite(passes["depth"])
    assert spot.sum() > 500
    index = SurfaceIndex(points, spot)
    assert index.memory < 600 * 200
    assert np.array_equal(index.find(points, EVERYWHERE).found & spot, spot)
    whole = SurfaceIndex(points, EVERYWHERE).find(points, spot)
    np.testing.assert_allclose(index.find(points, spot).positions[spot], whole.positions[spot], atol=1e-4)


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
    beside = (truth < 4.0) & (truth > -2.5)
    assert np.abs(lines.distance - truth)[beside].max() < 1.0
    assert (np.sign(lines.distance) == np.sign(truth))[beside & (np.abs(truth) > 0.8)].all()
    assert not lines.band[(truth > 7.0) | (truth < -6.5)].any()
    assert (passes["object_id"] == 2)[lines.near].all() and (passes["object_id"] == 1)[lines.spilled].all()
    assert (passes["object_id"].ravel()[lines.front[beside]] == 2).all()
    assert not outline(passes, 0.0).band.any()


def followed(turn: float) -> tuple[Chain, np.ndarray, Outline, Outline]:
    """The paint along the ball's silhouette after it moved by three pixels and turned; and both silhouettes."""
    before, now = outline(disc(40.0), 4.0), outline(disc(43.0, turn), 4.0)
    nothing = Chain(np.full((96, 96), UNKNOWN, np.int32), np.zeros((96, 96, 2), np.float32))
    drawn = painted(nothing, 1, before.near)
    inside = disc(43.0)["object_id"] == 2
    flow = np.zeros((96, 96, 2), np.float32)
    rows, columns = np.mgrid[:96, :96].astype(np.float32)
    x, y = (columns - 43.0) / 24.0, (rows - 48.0) / 24.0
    z = np.sqrt(np.maximum(1.0 - x**2 - y**2, 0.0))
    flow[inside, 0] = (24.0 * (np.cos(turn) * x - np.sin(turn) * z) + 40.0 - columns)[inside]
    visible = np.where(inside, np.sin(turn) * x + np.cos(turn) * z > 0.0, True)
    drawn_at = np.where(before.near, before.distance, np.inf).astype(np.float32)
    chain, drawn_at = follow_outline(drawn, drawn_at, now, before, flow, visible)
    assert ((drawn_at < np.inf) == (chain.source == 1)).all()
    return chain, drawn_at, now, before


@pytest.mark.parametrize("turn", [0.0, 0.05, 0.3])
def test_a_line_moves_with_its_silhouette_also_where_the_surface_turns_under_it(turn: float) -> None:
    chain, drawn_at, now, before = followed(turn)
    kept = chain.source == 1
    assert kept[now.near].mean() > 0.97 and not kept[~now.near].any()
    kept &= now.near
    assert np.abs(drawn_at - now.distance)[kept].max() <= 0.75
    there = np.rint(chain.position[kept]).astype(int)
    assert before.near[there[:, 1], there[:, 0]].all()
    # Along the silhouette it stays about where it was.
    along = pixel_grid(96, 96)[kept] - (43.0, 48.0) - (chain.position[kept] - (40.0, 48.0))
    assert np.quantile(np.linalg.norm(along, axis=1), 0.9) < 4.0


def test_what_is_behind_lines_is_continued_from_its_own_surface() -> None:
    passes = disc(48.0)
    lines = outline(passes, 4.0)
    clean = behind_lines(lines)
    there = lines.spilled & (clean >= 0)
    assert there[lines.spilled].all()
    assert (passes["object_id"].ravel()[clean[there]] == 1).all() and not lines.band.ravel()[clean[there]].any()


def test_borders_run_out_softly_behind_what_is_in_front() -> None:
    lines = outline(disc(48.0), 4.0)
    picture = np.where(disc(48.0)["object_id"][..., None] == 2, np.float32(0.0), np.float32(1.0)).repeat(3, axis=2)
    soft = soften_borders(picture, lines)
    assert np.array_equal(soft[~lines.spilled], picture[~lines.spilled])
    beside = lines.spilled & (lines.distance > -1.0)
    assert 0.5 < soft[beside].mean() < 0.95 and soft[lines.distance < -2.5].min() > 0.98


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
