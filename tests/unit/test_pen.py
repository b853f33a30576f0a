"""The pen that draws lines in space, against lines whose places in the picture are known."""

import cv2
import numpy as np
import pytest
from flowbrush.backend.shot import Camera
from flowbrush.scene.pen import draw_lines, grey_png
from hypothesis import given, settings
from hypothesis import strategies as st

WIDTH, HEIGHT = 64, 48
IDENTITY = tuple(np.eye(4).ravel())


def camera(kind: str = "PERSP") -> Camera:
    """At the origin, looking along -z; one metre away it sees 4 by 3 metres, 16 pixels a metre."""
    if kind == "ORTHO":
        projection = np.diag([0.5, 2 / 3, -0.01, 1.0])
    else:
        projection = np.array([[0.5, 0, 0, 0], [0, 2 / 3, 0, 0], [0, 0, -1, -0.2], [0, 0, -1, 0]], float)
    return Camera("c", kind, IDENTITY, tuple(projection.ravel()))


def draw(*lines: list[tuple[float, float, float]], kind: str = "PERSP", thickness: float = 2.0) -> np.ndarray:
    return draw_lines([np.array(line, float) for line in lines], camera(kind), (WIDTH, HEIGHT), thickness)


@pytest.mark.parametrize("kind", ["PERSP", "ORTHO"])
def test_a_line_is_where_the_camera_sees_it_and_as_thick_as_asked(kind):
    distance = 3.0 if kind == "PERSP" else 1.0
    # From pixel (15.5, 10.5) to (15.5, 40.5): y is up in space and down in the picture.
    x, top, bottom = (16 - WIDTH / 2) / 16, (HEIGHT / 2 - 11) / 16, (HEIGHT / 2 - 41) / 16
    ink = draw([(x * distance, top * distance, -distance), (x * distance, bottom * distance, -distance)], kind=kind)
    assert ink.shape == (HEIGHT, WIDTH) and ink.dtype == np.float32
    assert ink[15:36].sum(axis=1) == pytest.approx(np.full(21, 2.0), abs=0.15)
    assert ink[20, 15] > 0.9 and ink[20, 16] > 0.9 and not ink[20, :14].any() and not ink[20, 18:].any()
    assert not ink[:8].any() and not ink[43:].any()
    assert draw([(0, 0.5, -1), (0, -0.5, -1)], thickness=5.0)[24].sum() == pytest.approx(5.0, abs=0.2)


def test_only_what_is_before_the_camera_and_in_the_picture_is_drawn():
    assert not draw().any()
    assert not draw([(0, 0, 1), (1, 0, 1)]).any(), "behind"
    assert not draw([(50, 50, -1), (60, 50, -1)]).any(), "beside"
    across = draw([(-1e6, 0, -1), (1e6, 0, -1)])
    assert across[[23, 24]].min() > 0.9, "a line a thousand kilometres long is drawn where it is seen"


@given(st.lists(st.tuples(*[st.floats(-1e3, 1e3)] * 3), min_size=2, max_size=6))
@settings(max_examples=60)
def test_any_line_gives_a_picture(points):
    ink = draw(points)
    assert np.isfinite(ink).all() and ink.min() >= 0.0 and ink.max() <= 1.0


def test_crossing_lines_are_not_brighter_and_their_order_does_not_matter():
    one, two = [(-1, 0, -1), (1, 0, -1)], [(0, -1, -1), (0, 1, -1)]
    both = draw(one, two)
    assert np.array_equal(both, np.maximum(draw(one), draw(two)))
    assert np.array_equal(both, draw(two, one))


def test_the_png_holds_the_greys():
    grey = np.random.default_rng(1).uniform(-0.1, 1.1, (7, 5))
    read = cv2.imdecode(np.frombuffer(grey_png(grey), np.uint8), cv2.IMREAD_UNCHANGED)
    assert np.array_equal(read, np.rint(np.clip(grey, 0, 1) * 255))
