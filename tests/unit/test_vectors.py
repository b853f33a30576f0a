"""The vector pass's signs, and where the camera moves the background."""

import moving_spheres
import numpy as np
import pytest
from flowbrush.backend.motion.vectors import background_flow, flow_to_next, flow_to_previous, to_next, to_previous
from flowbrush.backend.motion.warp import pixel_grid
from flowbrush.backend.shot import Camera, Shot

WIDTH, HEIGHT = 64, 36


def made_camera(*, yaw: float = 0.0, pitch: float = 0.0, lens: float = 1.5, kind: str = "PERSP", place: float = 0.0):
    """Turned left by `yaw`, then up by `pitch`; lens is half the picture's width per metre at one metre."""
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    tilt = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    world = np.eye(4)
    world[:3, :3], world[:3, 3] = turn @ tilt * (2.0, 1.0, 0.5), place  # the camera object is scaled
    projection = np.diag((lens, lens * WIDTH / HEIGHT, -1.0, 0.0))
    projection[2, 3], projection[3, 2] = -0.2, -1.0
    return Camera("c", kind, tuple(world.ravel().tolist()), tuple(projection.ravel().tolist()))


def raw_vector() -> np.ndarray:
    """What Blender writes where a point was 3 right and 2 above, and will be 5 right and 7 above."""
    vector = np.zeros((HEIGHT, WIDTH, 4), np.float32)
    vector[...] = (3.0, 2.0, -5.0, -7.0)
    return vector


def test_the_first_half_leads_back_and_the_second_ahead():
    assert to_previous(raw_vector())[4, 5].tolist() == [3.0, -2.0]
    assert to_next(raw_vector())[4, 5].tolist() == [5.0, -7.0]


def test_a_camera_that_turns_left_moves_the_background_right():
    angle = 0.05
    flow = background_flow(made_camera(), made_camera(yaw=angle), WIDTH, HEIGHT)
    row, column = (HEIGHT - 1) // 2, (WIDTH - 1) // 2
    offset = (column + 0.5) / WIDTH * 2 - 1
    expected = (1.5 * np.tan(np.arctan(offset / 1.5) + angle) - offset) * WIDTH / 2
    assert flow.shape == (HEIGHT, WIDTH, 2) and flow.dtype == np.float32
    assert flow[row, column, 0] == pytest.approx(expected, rel=1e-4) and expected > 2
    assert abs(flow[row, column, 1]) < 0.05


def test_a_camera_that_tilts_up_moves_the_background_down():
    flow = background_flow(made_camera(yaw=1.0), made_camera(yaw=1.0, pitch=0.05), WIDTH, HEIGHT)
    assert (flow[..., 1] > 1.0).all()


def test_a_camera_that_only_travels_leaves_the_background():
    flow = background_flow(made_camera(yaw=0.3), made_camera(yaw=0.3, place=100.0), WIDTH, HEIGHT)
    assert np.abs(flow).max() < 1e-4


def test_zooming_moves_the_background_outwards():
    flow = background_flow(made_camera(), made_camera(lens=1.8), WIDTH, HEIGHT)
    centred = pixel_grid(HEIGHT, WIDTH) - ((WIDTH - 1) / 2, (HEIGHT - 1) / 2)
    assert flow == pytest.approx(centred * 0.2, abs=1e-4)


def test_what_is_behind_the_other_camera_leaves_the_picture():
    flow = background_flow(made_camera(), made_camera(yaw=np.pi), WIDTH, HEIGHT)
    there = pixel_grid(HEIGHT, WIDTH) + flow
    assert np.isfinite(flow).all() and (there < -1).all()


def test_parallel_rays_do_not_move_the_background():
    assert not background_flow(made_camera(), made_camera(yaw=0.2, kind="ORTHO"), WIDTH, HEIGHT).any()


def test_background_flow_is_what_rays_find():
    size = (moving_spheres.WIDTH, moving_spheres.HEIGHT)
    truth, _ = moving_spheres.motion(8, 7)
    flow = background_flow(moving_spheres.camera(8), moving_spheres.camera(7), *size)
    behind = np.isinf(moving_spheres.passes(8)["depth"])
    assert behind.any() and np.abs(flow - truth)[behind].max() < 1e-3
    assert np.abs(truth[behind]).max() > 2


def test_surfaces_keep_their_vectors_and_background_takes_the_camera_s(tmp_path):
    cameras = {1: made_camera(), 2: made_camera(yaw=0.1), 3: made_camera(yaw=0.3)}
    shot = Shot(
        folder=tmp_path, name="made", scene="", blender="", engine="", view_layer="", fps=(24, 1),
        resolution=(WIDTH, HEIGHT), pixel_aspect=(1.0, 1.0), frames=(1, 3), near=1.0, far=2.0, cuts=(),
        cameras=cameras, objects=(), materials=(), passes={},
    )  # fmt: skip
    depth = np.full((HEIGHT, WIDTH), np.inf, np.float32)
    depth[:, 10:20] = 1.5
    passes = {"vector": raw_vector(), "depth": depth}
    back, ahead = flow_to_previous(passes, shot, 2), flow_to_next(passes, shot, 2)
    assert np.array_equal(back[:, 10:20], to_previous(passes["vector"])[:, 10:20])
    assert np.array_equal(ahead[:, 10:20], to_next(passes["vector"])[:, 10:20])
    assert np.array_equal(back[:, 20:], background_flow(cameras[2], cameras[1], WIDTH, HEIGHT)[:, 20:])
    assert np.array_equal(ahead[:, 20:], background_flow(cameras[2], cameras[3], WIDTH, HEIGHT)[:, 20:])
