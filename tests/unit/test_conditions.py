"""Conditions against pictures whose answer is known by construction."""

from dataclasses import replace

import cv2
import hypothesis.extra.numpy as hypothesis_numpy
import numpy as np
import pytest
from flowbrush.backend.ade20k import COLOURS
from flowbrush.backend.errors import Code, SettingsError, ShotError
from flowbrush.backend.needs import (
    CONDITIONS,
    EXTRAS,
    METHODS,
    PASSES,
    SURFACE_NOISE,
    check_condition,
    check_method,
    needed,
)
from flowbrush.backend.passes.conditions import MAKERS, condition, metric_range, passes_for
from flowbrush.backend.passes.segmentation import BACKGROUND_CLASS, object_colour
from flowbrush.backend.shot import Camera, DrawnCondition, Pass, SceneObject, Shot
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_shot import make_shot

SIZE = 96
FOCAL = 1.2 * SIZE / 2.0


def shot_of(kind: str = "PERSP", matrix: np.ndarray | None = None, near: float = 2.0, far: float = 10.0) -> Shot:
    world = tuple(float(n) for n in (np.eye(4) if matrix is None else matrix).ravel())
    projection = (2.0 * FOCAL / SIZE if kind == "PERSP" else 2.0 / 6.0,) + (0.0,) * 15
    return Shot(
        folder=None, name="made", scene="", blender="", engine="", view_layer="", fps=(24, 1),
        resolution=(SIZE, SIZE), pixel_aspect=(1.0, 1.0), frames=(1, 1), near=near, far=far, cuts=(),
        cameras={1: Camera("c", kind, world, projection)}, objects=(), materials=(), passes={},
    )  # fmt: skip


def flat(depth: float = 5.0) -> dict[str, np.ndarray]:
    """A wall that faces the camera."""
    ones = np.ones((SIZE, SIZE), np.int32)
    normal = np.zeros((SIZE, SIZE, 3), np.float32)
    normal[..., 2] = 1.0
    return {
        "depth": np.full((SIZE, SIZE), depth, np.float32),
        "normal": normal,
        "object_id": ones,
        "material_id": ones,
    }


def plane(normal: tuple[float, float, float], distance: float, kind: str = "PERSP") -> np.ndarray:
    """Planar depth of the plane through (0, 0, -distance), inf where the camera does not meet it."""
    columns, rows = np.meshgrid(np.arange(SIZE) - (SIZE - 1) / 2, -(np.arange(SIZE) - (SIZE - 1) / 2))
    x, y, z = normal
    if kind == "ORTHO":
        return (distance + (x * columns + y * rows) * 6.0 / SIZE / z).astype(np.float32)
    facing = z - (x * columns + y * rows) / FOCAL
    return np.where(facing > 1e-6, distance * z / np.maximum(facing, 1e-6), np.inf).astype(np.float32)


def sphere(radius: float, distance: float) -> dict[str, np.ndarray]:
    """A sphere on the optical axis before nothing."""
    columns, rows = np.meshgrid(np.arange(SIZE) - (SIZE - 1) / 2, -(np.arange(SIZE) - (SIZE - 1) / 2))
    ray = np.stack((columns / FOCAL, rows / FOCAL, -np.ones_like(columns)), axis=2)
    a, b = (ray * ray).sum(2), distance
    inside = b * b - a * (distance**2 - radius**2)
    depth = np.where(inside > 0, (b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
    hit = np.isfinite(depth)
    point = ray * np.where(hit, depth, 0)[..., None] + np.where(hit[..., None], (0.0, 0.0, distance), 0.0)
    return {
        "depth": depth.astype(np.float32),
        "normal": (point / radius).astype(np.float32),
        "object_id": hit.astype(np.int32),
        "material_id": hit.astype(np.int32),
    }


@pytest.mark.parametrize("name", ["depth", "normal", "lineart", "canny_geometry", "object_colours"])
def test_every_condition_is_a_picture_and_a_function_of_its_passes(name):
    passes, shot = sphere(1.5, 5.0), shot_of()
    first, second = (MAKERS[name](passes, shot, 1) for _ in range(2))
    assert first.shape == (SIZE, SIZE, 3) and first.dtype == np.float32
    assert 0.0 <= first.min() < first.max() <= 1.0
    assert np.array_equal(first, second)
    assert set(CONDITIONS[name].passes) <= set(passes)


def test_colour_is_the_picture_of_the_frame(tmp_path):
    picture = np.random.default_rng(1).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    shot = replace(shot_of(), folder=tmp_path)
    shot.picture_path(1).parent.mkdir()
    cv2.imwrite(str(shot.picture_path(1)), picture[..., ::-1])
    made = MAKERS["colour"]({}, shot, 1)
    assert made.dtype == np.float32 and np.array_equal(np.rint(made * 255), picture)


def test_depth_is_linear_in_inverse_depth_over_the_range_of_the_shot():
    passes = flat()
    passes["depth"][:, 0], passes["depth"][:, 1], passes["depth"][:, 2], passes["depth"][:, 3] = (
        2,
        10,
        np.inf,
        20,
    )
    grey = MAKERS["depth"](passes, shot_of(), 1)
    assert grey[0, :4, 0] == pytest.approx([1, 0, 0, 0], abs=1e-6)
    assert grey[5, 50] == pytest.approx([(1 / 5 - 1 / 10) / (1 / 2 - 1 / 10)] * 3, abs=1e-6)


@pytest.mark.parametrize(("near", "far"), [(5.0, 5.0), (0.0, 0.0), (0.0, 5.0)])
def test_depth_of_a_range_without_extent_is_still_a_picture(near, far):
    passes = flat()
    passes["depth"][0] = np.inf
    grey = MAKERS["depth"](passes, shot_of(near=near, far=far), 1)
    assert np.isfinite(grey).all() and not grey[0].any()


@given(
    st.floats(0.01, 1e4),
    st.floats(0.01, 1e4),
    hypothesis_numpy.arrays(np.float32, (4, 5), elements=st.floats(0.0, 2e4, width=32)),
)
@settings(max_examples=100)
def test_depth_is_in_range_falls_with_distance_and_does_not_depend_on_the_unit(near, far, depth):
    near, far = min(near, far), max(near, far)
    grey = MAKERS["depth"]({"depth": depth}, shot_of(near=near, far=far), 1)[..., 0]
    assert grey.min() >= 0.0 and grey.max() <= 1.0
    order = np.argsort(depth, axis=None)
    assert (np.diff(grey.ravel()[order]) <= 1e-6).all()
    other = MAKERS["depth"]({"depth": depth * 4}, shot_of(near=near * 4, far=far * 4), 1)[..., 0]
    assert other == pytest.approx(grey, abs=1e-4)


def test_metric_depth_is_linear_between_two_distances_of_the_whole_shot(tmp_path):
    shot = make_shot(tmp_path / "shot", last=3)  # a wall at 5 m, a square before it at 3 m
    assert metric_range(shot.folder, "") == (3.0, 5.0)
    depth = np.array([[2.0, 3.0, 3.5, 4.0, 5.0, np.inf]], np.float32)
    for frame in (1, 3):
        grey = MAKERS["depth_metric"]({"depth": depth}, shot, frame)[0, :, 0]
        assert grey == pytest.approx([1.0, 1.0, 0.75, 0.5, 0.0, 0.0])


def test_edges_of_geometry_are_a_pixel_wide_and_weak_ones_join_strong_ones():
    passes = flat()
    passes["object_id"] = np.where(np.arange(SIZE) < 30, 1, 2) * np.ones((SIZE, 1), np.int32)
    picture = MAKERS["canny_geometry"](passes, shot_of(), 1)
    assert set(np.unique(picture)) == {0.0, 1.0} and (picture[50, :, 0] == (np.arange(SIZE) == 29)).all()
    lean = flat()
    angle = np.radians(np.where(np.arange(SIZE) < 48, 29, 60))[:, None]  # a fold, weak above and sharp below
    lean["normal"][:, 40:] = np.stack([np.sin(angle), 0 * angle, np.cos(angle)], -1)
    assert MAKERS["canny_geometry"](lean, shot_of(), 1)[5:45, 39].all(), "the weak half is drawn too"
    lean["normal"][48:] = lean["normal"][:48]
    assert not MAKERS["canny_geometry"](lean, shot_of(), 1).any(), "and is not by itself"


@pytest.mark.parametrize(
    ("seen", "colour"),
    [
        ((0, 0, 1), (0.5, 0.5, 1.0)),  # towards the camera: blue
        ((-1, 0, 0), (1.0, 0.5, 0.5)),  # left: red
        ((1, 0, 0), (0.0, 0.5, 0.5)),
        ((0, 1, 0), (0.5, 1.0, 0.5)),  # up: green
        ((0, -1, 0), (0.5, 0.0, 0.5)),
        ((0.6, 0, 0.8), (0.2, 0.5, 0.9)),
        ((0, 0, 0), (0.5, 0.5, 1.0)),  # background
    ],
)
def test_normals_are_in_the_camera_s_space_and_in_normalbae_s_colours(seen, colour):
    angle = 0.7
    turn = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1]])
    tilt = np.array([[1, 0, 0], [0, np.cos(1.1), -np.sin(1.1)], [0, np.sin(1.1), np.cos(1.1)]])
    matrix = np.eye(4)
    matrix[:3, :3] = turn @ tilt * (1.0, 2.0, 0.5)  # a scaled camera object sees the same
    matrix[:3, 3] = 3.0, -4.0, 5.0
    passes = flat()
    passes["normal"] = np.broadcast_to(turn @ tilt @ np.array(seen, float), (SIZE, SIZE, 3)).astype(np.float32)
    assert MAKERS["normal"](passes, shot_of(matrix=matrix), 1)[3, 3] == pytest.approx(colour, abs=1e-5)


@pytest.mark.parametrize("kind", ["PERSP", "ORTHO"])
@pytest.mark.parametrize("normal", [(0, 0, 1), (0.9, 0, 0.44), (0.1, 0.99, 0.1), (-0.6, 0.6, 0.53)])
def test_a_slanted_plane_has_no_lines(kind, normal):
    passes = flat()
    passes["depth"] = plane(normal, 5.0, kind)
    whole = np.isfinite(passes["depth"])
    passes["object_id"] = whole.astype(np.int32)
    drawing = MAKERS["lineart"](passes, shot_of(kind), 1)[..., 0]
    if whole.all():
        assert drawing.max() == 0.0
    else:  # the horizon, and nothing else
        assert drawing.max() > 0.7
        assert (drawing > 0.02).mean() < 5 * SIZE / SIZE**2


@pytest.mark.parametrize("kind", ["PERSP", "ORTHO"])
def test_an_edge_within_one_object_is_drawn_where_it_is_and_two_pixels_wide(kind):
    passes = flat()
    passes["depth"][:, 40:] = 4.0
    row = MAKERS["lineart"](passes, shot_of(kind), 1)[50, :, 0]
    assert row[39] == pytest.approx(row[40]) and row[39] > 0.7
    assert row.sum() == pytest.approx(1.7, abs=0.25)
    assert not row[:37].any() and not row[43:].any()


def test_a_sphere_has_its_outline_only():
    passes = sphere(1.5, 5.0)
    drawing = MAKERS["lineart"](passes, shot_of(), 1)[..., 0]
    radius = FOCAL * 1.5 / np.sqrt(5.0**2 - 1.5**2)
    from_centre = np.hypot(*np.meshgrid(*[np.arange(SIZE) - (SIZE - 1) / 2] * 2))
    assert drawing[np.abs(from_centre - radius) > 3.5].max() < 0.02
    assert drawing[np.abs(from_centre - radius) < 0.4].min() > 0.5


def test_a_fold_beside_an_outline_does_not_thicken_it():
    passes = flat()
    passes["object_id"] = np.where(np.arange(SIZE) < 30, 1, 2) * np.ones((SIZE, 1), np.int32)
    plain = MAKERS["lineart"](passes, shot_of(), 1)
    passes["normal"][:, 31:] = (1.0, 0.0, 0.0)
    assert MAKERS["lineart"](passes, shot_of(), 1) == pytest.approx(plain, abs=1e-6)


def test_outlines_are_stronger_than_materials_and_materials_than_creases():
    passes = flat()
    passes["object_id"] = passes["object_id"].copy()
    passes["material_id"] = passes["material_id"].copy()
    passes["object_id"][:, 20:] = 2
    passes["material_id"][:, 45:] = 2
    passes["normal"][:, 70:] = (1.0, 0.0, 0.0)
    row = MAKERS["lineart"](passes, shot_of(), 1)[50, :, 0]
    outline, material, crease = row[15:25].max(), row[40:50].max(), row[65:75].max()
    assert outline > material > crease > 0.3


def test_object_colours_keep_objects_apart():
    passes = flat()
    passes["object_id"] = np.arange(SIZE * SIZE, dtype=np.int32).reshape(SIZE, SIZE) % 200
    picture = MAKERS["object_colours"](passes, shot_of(), 1)
    assert picture[0, 0] == pytest.approx((0, 0, 0))
    assert picture[0, 7] == pytest.approx(object_colour(7), abs=1e-6)
    colours = np.array([object_colour(number) for number in range(200)]) * 255
    apart = np.linalg.norm(colours[:, None] - colours[None], axis=2) + np.eye(200) * 1e3
    assert apart[:40, :40].min() > 20
    assert apart.min() > 15


@given(data=st.data())
@settings(max_examples=30)
def test_segmentation_is_exact_in_ade20k_s_colours_and_has_no_others(data):
    names = data.draw(st.lists(st.sampled_from([*COLOURS, "", "dragon"]), min_size=1, max_size=30))
    shot = replace(shot_of(), objects=tuple(SceneObject(n, f"o{n}", category=c) for n, c in enumerate(names, 1)))
    ids = data.draw(hypothesis_numpy.arrays(np.int32, (5, 7), elements=st.integers(0, len(names) + 2)))
    picture = np.rint(MAKERS["segmentation"]({"object_id": ids}, shot, 1) * 255).astype(int)
    for number, colour in zip(ids.ravel(), picture.reshape(-1, 3), strict=True):
        name = BACKGROUND_CLASS if number == 0 else names[number - 1] if number <= len(names) else ""
        assert tuple(colour) == COLOURS.get(name, (0, 0, 0))


def test_ade20k_has_its_150_classes():
    assert len(COLOURS) == 150
    shared = {c for c in COLOURS.values() if list(COLOURS.values()).count(c) > 1}
    assert shared == {(140, 140, 140)} == {COLOURS["road"], COLOURS["skyscraper"]}, "only these two share a colour"
    assert all(0 <= part <= 255 for colour in COLOURS.values() for part in colour)
    # Some of each hundred, copied by hand from SceneParsing's color150 table.
    for name, colour in {
        "wall": (120, 120, 120),
        "sky": (6, 230, 230),
        "person": (150, 5, 61),
        "armchair": (8, 255, 214),
        "book": (255, 163, 0),
        "streetlight": (0, 71, 255),
        "fountain": (8, 184, 170),
        "animal": (255, 0, 122),
        "flag": (92, 0, 255),
    }.items():
        assert COLOURS[name] == colour


def test_every_condition_can_be_made_of_what_is_captured_for_it():
    for name, made_of in CONDITIONS.items():
        assert made_of.extra in (*EXTRAS, "") and set(made_of.passes) <= set(PASSES)
        assert name in MAKERS or made_of.extra == name, f"nobody makes {name}"
    assert set(MAKERS) <= set(CONDITIONS)


def test_only_what_method_and_conditions_need_is_captured():
    assert needed("per_frame", ["colour"]) == ((), ())
    assert needed("per_frame", ["normal", "depth"]) == (("depth", "normal"), ())
    assert set(needed("flow", ["lineart"])[0]) == {*METHODS["flow"], "normal", "material_id"}
    assert needed("per_frame", [], surface_noise=True) == (SURFACE_NOISE, ())
    assert needed("per_frame", [], ["object:hero", "everything"]) == (("object_id",), ())
    assert needed("per_frame", [], ["hero | !material:skin"]) == (("object_id", "material_id"), ())
    with pytest.raises(SettingsError, match="choose one of depth"):
        needed("flow", ["magic"])


def test_a_shot_without_what_a_condition_needs_says_so():
    shot = replace(shot_of(), passes={"depth": Pass(("Z",), "")})
    check_condition(shot, "depth")
    check_condition(shot, "colour")
    for check in (lambda: check_condition(shot, "normal"), lambda: check_method(shot, "flow")):
        with pytest.raises(ShotError, match="capture it again") as caught:
            check()
        assert caught.value.code is Code.MISSING_PASS


def test_pictures_that_lie_in_the_shot_come_before_making_them(tmp_path):
    shot = replace(shot_of(), folder=tmp_path, drawn={"normal": DrawnCondition("by an estimator", estimated=True)})
    picture = np.random.default_rng(2).integers(0, 256, (SIZE, SIZE, 3), np.uint8)
    shot.drawn_path("normal", 1).parent.mkdir(parents=True)
    cv2.imwrite(str(shot.drawn_path("normal", 1)), picture[..., ::-1])
    check_condition(shot, "normal")
    assert passes_for(shot, ["normal", "depth"]) == {"depth"}
    assert np.array_equal(np.rint(condition("normal", {}, shot, 1) * 255), picture)
