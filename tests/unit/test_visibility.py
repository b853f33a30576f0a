"""Visibility against a truth found by casting rays."""

import moving_spheres
import numpy as np
import pytest
from flowbrush.backend.motion.visibility import consistent, visible_in_previous

# One step; several steps; a step in which everything is faster.
STEPS = [(1, 0), (4, 0), (8, 7)]


def precision_and_recall(found: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    both = (found & truth).sum()
    return both / found.sum(), both / truth.sum()


@pytest.mark.parametrize(("now", "before"), STEPS)
def test_visibility_is_what_rays_see(now, before):
    flow, truth = moving_spheres.motion(now, before)
    found = visible_in_previous(moving_spheres.passes(now), moving_spheres.passes(before), flow)
    precision, recall = precision_and_recall(found, truth)
    assert precision >= 0.999 and recall >= 0.98
    assert truth.mean() < 0.985  # or there would be nothing to find


def test_without_the_surface_coordinate_self_occlusion_is_missed():
    """What the test above would let through if it could not fail: ids alone do not see the hand before the body."""
    flow, truth = moving_spheres.motion(4, 0)
    now, before = moving_spheres.passes(4), moving_spheres.passes(0)
    body = now["object_id"] == 2
    found = visible_in_previous(now, before, flow)
    for frame in (now, before):
        frame["surface"] = np.zeros_like(frame["surface"])
    without = visible_in_previous(now, before, flow)
    assert precision_and_recall(without[body], truth[body])[0] < 0.95 < 0.99
    assert precision_and_recall(found[body], truth[body])[0] > 0.99


def test_forward_and_backward_vectors_agree_where_the_point_is_seen():
    flow, truth = moving_spheres.motion(8, 7)
    back, _ = moving_spheres.motion(7, 8)
    precision, recall = precision_and_recall(consistent(flow, back), truth)
    assert precision >= 0.995 and recall >= 0.98


def wall(height: int = 20, width: int = 30) -> dict[str, np.ndarray]:
    columns, rows = np.meshgrid(np.arange(width), np.arange(height))
    return {
        "object_id": np.ones((height, width), np.int32),
        "instance": np.zeros((height, width), np.float32),
        "surface": np.stack((columns, rows, np.zeros_like(rows)), axis=2).astype(np.float32),
        "depth": np.full((height, width), 5.0, np.float32),
    }


def test_what_stands_still_is_seen_whole_in_spite_of_noise_in_the_vectors():
    scene = moving_spheres.passes(2)
    noise = np.random.default_rng(1).normal(0, 0.003, (*scene["depth"].shape, 2)).astype(np.float32)
    assert visible_in_previous(scene, scene, noise).all()


def test_a_point_outside_the_picture_is_not_seen():
    now = wall()
    before = {**now, "surface": now["surface"] + np.float32((3.0, 0.0, 0.0))}  # everything moved left by three
    flow = np.full((20, 30, 2), (-3.0, 0.0), np.float32)
    found = visible_in_previous(now, before, flow)
    assert not found[:, :3].any() and found[:, 3:].all()


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf, 1e30])
def test_vectors_that_are_no_numbers_see_nothing(broken):
    now = wall()
    flow = np.zeros((20, 30, 2), np.float32)
    flow[4, 5] = broken
    found = visible_in_previous(now, now, flow)
    assert not found[4, 5] and found.sum() == found.size - 1
    assert not consistent(flow, np.zeros_like(flow))[4, 5]


def test_instances_of_one_object_are_not_each_other():
    now, before = wall(), wall()
    before["instance"] = before["instance"].copy()
    before["instance"][:, 10:20] = 0.5
    found = visible_in_previous(now, before, np.zeros((20, 30, 2), np.float32))
    assert not found[:, 10:20].any() and found[:, :10].all() and found[:, 20:].all()


def test_background_is_seen_on_background_only():
    now, before = wall(), wall()
    for frame, columns in ((now, slice(10, 30)), (before, slice(20, 30))):
        frame["object_id"], frame["depth"] = frame["object_id"].copy(), frame["depth"].copy()
        frame["surface"] = frame["surface"].copy()
        frame["object_id"][:, columns], frame["depth"][:, columns], frame["surface"][:, columns] = 0, np.inf, 0
    found = visible_in_previous(now, before, np.zeros((20, 30, 2), np.float32))
    assert found[:, :10].all() and not found[:, 10:20].any() and found[:, 20:].all()


def test_beside_its_own_silhouette_a_point_is_seen_beside_another_s_it_is_not():
    now, before = wall(), wall()
    near, far = 3.0, 9.0
    before["object_id"] = np.where(np.arange(30) < 15, 1, 2) * np.ones((20, 1), np.int32)
    for other, seen in ((far, True), (near, False)):
        before["depth"] = np.where(np.arange(30) < 15, 5.0, other) * np.ones((20, 1), np.float32)
        flow = np.full((20, 30, 2), (0.4, 0.0), np.float32)  # the last column of the wall lies 0.4 of the way across
        place = now["surface"] + np.float32((0.4, 0.0, 0.0))
        assert visible_in_previous({**now, "surface": place}, before, flow)[5, 14] == seen


@pytest.mark.parametrize("turned", [False, True])
def test_the_step_across_a_hidden_part_is_no_footprint(turned):
    """A fold of the same surface lies before its own right half, whose coordinates go on four pixels farther."""
    side = np.arange(30) < 15
    now, before = wall(30, 30), wall(30, 30)
    now["surface"] = now["surface"] + np.float32((4.0, 0.0, 0.0))
    before["surface"] = np.where(side[:, None], before["surface"], now["surface"])
    seen = np.broadcast_to(~side, (30, 30))
    if turned:
        now["surface"], before["surface"], seen = (
            now["surface"].swapaxes(0, 1),
            before["surface"].swapaxes(0, 1),
            seen.T,
        )
    assert np.array_equal(visible_in_previous(now, before, np.zeros((30, 30, 2), np.float32)), seen)
