"""Surface points found again across many frames, and paint along silhouettes, against formulas."""

import moving_spheres
import numpy as np
import pytest
from flowbrush.backend.methods.areas import AREA
from flowbrush.backend.methods.keyframes import choose_keyframes
from flowbrush.backend.methods.line_style import LineStyle
from flowbrush.backend.methods.painted_surface import PaintedSurface
from flowbrush.backend.motion.outline import Outline, continued, outline, soften_borders
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


def test_what_a_line_covers_is_continued_from_its_own_surface() -> None:
    passes = disc(48.0)
    lines = outline(passes, 4.0)
    picture = np.where(passes["object_id"][..., None] == 2, np.uint8([200, 40, 40]), np.uint8([20, 90, 160]))
    inked = np.where(lines.band[..., None], np.uint8(0), picture)
    assert np.abs(continued(inked, ~lines.band, lines.labels, passes["depth"]).astype(int) - picture).max() <= 1
    alone = continued(inked, passes["object_id"] == 1, lines.labels, passes["depth"])
    assert np.array_equal(alone[passes["object_id"] == 2], inked[passes["object_id"] == 2]), "nothing of it is known"


def test_a_part_of_a_surface_is_continued_from_what_is_as_far_away() -> None:
    left = np.zeros((40, 40), bool)
    left[:, :20] = True
    labels, depth = np.ones((40, 40, 2), np.int32), np.where(left, 4.0, 6.0).astype(np.float32)
    picture = np.where(left[..., None], np.float32(0.2), np.float32(0.8)).repeat(3, axis=2)
    known = np.abs(np.arange(40)[None] - 19.5) > 3
    result = continued(np.where(known[..., None], picture, np.float32(0.0)), known & (depth > 0), labels, depth)
    np.testing.assert_allclose(result, picture, atol=0.01)


def drawn_ball(left: float, turn: float, width: float) -> tuple[np.ndarray, np.ndarray, Outline]:
    """A textured ball before a wall as a pen draws it, and without lines."""
    passes = disc(left, turn)
    waves = 0.5 + 0.2 * np.sin(passes["surface"] * 9.0)
    bare = np.where(passes["object_id"][..., None] == 2, waves, 0.3 + 0.1 * waves).astype(np.float32)
    rows, columns = np.mgrid[:96, :96]
    beside = np.abs(np.hypot(columns - left, rows - 48.0) - 24.0)
    cover = 0.9 * np.clip((width - beside) + 0.5, 0.0, 1.0)[..., None]
    return (bare + cover * (np.array([0.1, 0.05, 0.2]) - bare)).astype(np.float32), bare, outline(passes, 5.0)


@pytest.mark.parametrize("width", [1.2, 2.5])
def test_lines_are_drawn_elsewhere_as_they_were_drawn_here(width: float) -> None:
    painted, bare, lines = drawn_ball(44.0, 0.0, width)
    surfaces = lines.labels[..., 0]
    style = LineStyle.measure(surfaces, lines, painted, bare, np.ones((96, 96), bool))
    row = style.surfaces.tolist().index(2)
    np.testing.assert_allclose(style.ink[row], [0.1, 0.05, 0.2], atol=0.06)
    there, bare_there, lines_there = drawn_ball(51.5, 0.6, width)
    redrawn = LineStyle.from_state(style.state()).drawn(bare_there, lines_there.labels[..., 0], lines_there)
    assert np.abs(redrawn - there).mean() < 0.25 * np.abs(bare_there - there).mean()
    covered = style.altering(surfaces, lines)
    assert covered[np.abs(painted - bare).max(axis=2) > 0.1].all() and not covered[~lines.band].mean() > 0.05


def test_a_painter_without_lines_gets_none() -> None:
    _, bare, lines = drawn_ball(44.0, 0.0, 2.0)
    surfaces = lines.labels[..., 0]
    style = LineStyle.measure(surfaces, lines, bare, bare, np.ones((96, 96), bool))
    assert not style.altering(surfaces, lines).any()
    np.testing.assert_allclose(style.drawn(bare, surfaces, lines), bare, atol=1e-6)


def test_of_lines_the_first_that_knows_an_object_is_followed() -> None:
    def style(surfaces: list[int], ink: float) -> LineStyle:
        count = len(surfaces)
        cover = np.ones((count, 3), np.float32)
        return LineStyle(np.int32(surfaces), np.full((count, 3), ink, np.float32), cover, cover > 0.0)

    both = LineStyle.together([style([-1, 2], 0.1), style([2, -1, 3], 0.7)])
    assert dict(zip(both.surfaces.tolist(), both.ink[:, 0].tolist(), strict=True)) == pytest.approx(
        {-1: 0.1, 2: 0.1, 3: 0.7}
    )


def test_an_object_that_is_not_known_is_drawn_like_those_of_its_area() -> None:
    painted, bare, lines = drawn_ball(44.0, 0.0, 2.0)
    surfaces = lines.labels[..., 0]
    style = LineStyle.measure(surfaces, lines, painted, bare, np.ones((96, 96), bool))
    renamed = np.where(surfaces == 2, 7, surfaces)
    np.testing.assert_allclose(style.drawn(bare, renamed, lines), style.drawn(bare, surfaces, lines), atol=0.02)
    np.testing.assert_array_equal(style.drawn(bare, renamed + AREA, lines), bare)


def test_paint_seen_smaller_does_not_glitter() -> None:
    def wall(zoom: float) -> dict[str, np.ndarray]:
        rows, columns = np.mgrid[:64, :64].astype(np.float32)
        surface = np.dstack(((columns - 32) / zoom, (rows - 32) / zoom, 0 * rows)).astype(np.float32)
        ones = np.ones((64, 64), np.float32)
        return {"object_id": ones.astype(np.int32), "instance": ones, "surface": surface, "depth": ones}

    everything = np.ones((64, 64), bool)
    checks = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)[..., None].repeat(3, axis=2)
    surface = PaintedSurface(wall(4.0), outline(wall(4.0), 3.0), checks, everything, ~everything)
    same, smaller = (surface.find(Points.of(wall(zoom)), everything) for zoom in (4.0, 1.0))
    assert same.colours.std() > 0.4 and len(same.at) == 64 * 64
    assert len(smaller.at) > 150
    assert smaller.colours.std() < 0.05 and abs(smaller.colours.mean() - 0.5) < 0.02


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
    assert 4 <= len(chosen) <= 16
    shown = set().union(*(range(4 * frame, 4 * frame + 90) for frame in chosen))
    assert all(len(shown & set(range(4 * frame, 4 * frame + 90))) > 0.95 * 90 for frame in range(61))
