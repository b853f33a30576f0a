import numpy as np
import pytest
from flowbrush.backend.motion.silhouettes import crossed_border, parting_band

SIZE = (40, 60)


def passes(depth: np.ndarray, object_id: np.ndarray) -> dict[str, np.ndarray]:
    return {"depth": depth.astype(np.float32), "object_id": object_id, "instance": np.zeros(SIZE, np.float32)}


@pytest.fixture
def right_half() -> np.ndarray:
    return np.broadcast_to(np.arange(SIZE[1]) >= 30, SIZE)


def test_the_band_lies_on_both_sides_of_an_object_that_moves(right_half: np.ndarray) -> None:
    flow = np.where(right_half[..., None], np.float32([2.0, 0.0]), np.float32([0.0, 0.0]))
    band = parting_band(passes(np.where(right_half, 1.0, 2.0), right_half.astype(np.int32)), flow, 3)
    assert band[:, 27:33].all() and band.sum() == SIZE[0] * 6


def test_surfaces_that_move_as_one_have_no_band(right_half: np.ndarray) -> None:
    flow = np.full((*SIZE, 2), 5.0, np.float32)
    assert not parting_band(passes(np.where(right_half, 1.0, 2.0), right_half.astype(np.int32)), flow, 3).any()


def test_an_object_in_front_of_itself(right_half: np.ndarray) -> None:
    flow = np.where(right_half[..., None], np.float32([0.0, 1.0]), np.float32([0.0, 0.0]))
    band = parting_band(passes(np.where(right_half, 1.0, 2.0), np.ones(SIZE, np.int32)), flow, 1)
    assert band[:, 29:31].all() and band.sum() == SIZE[0] * 2


def test_a_slanted_plane_that_turns_has_no_band() -> None:
    columns = np.broadcast_to(np.arange(SIZE[1]), SIZE)
    depth = 1.0 / (0.05 + 0.02 * columns)  # a plane seen at a grazing angle: 1/depth is linear
    flow = np.stack([0.3 * columns, np.zeros(SIZE)], axis=-1).astype(np.float32)
    assert not parting_band(passes(depth, np.ones(SIZE, np.int32)), flow, 3).any()


def test_the_border_counts_where_the_picture_crosses_it() -> None:
    flow = np.zeros((*SIZE, 2), np.float32)
    assert not crossed_border(flow, 3).any()
    flow[:, :30] = 1.0
    crossed = crossed_border(flow, 3)
    assert crossed[:, :3].all() and crossed[:3, :30].all() and not crossed[3:-3, 3:].any() and not crossed[:, 30:].any()
    assert not crossed_border(flow, 0).any()


def test_no_radius_no_band(right_half: np.ndarray) -> None:
    flow = np.where(right_half[..., None], np.float32([2.0, 0.0]), np.float32([0.0, 0.0]))
    assert not parting_band(passes(np.ones(SIZE), right_half.astype(np.int32)), flow, 0).any()
