"""Vectors and visibility against the truth: accelerating motion, bending arm, moving camera, moving shift, 16:9."""

from pathlib import Path

import bpy
import numpy as np
import pytest
from blender import ray_truth, scenes
from flowbrush.backend.motion.vectors import flow_to_previous, to_next, to_previous
from flowbrush.backend.motion.visibility import visible_in_previous
from flowbrush.backend.motion.warp import carry
from flowbrush.backend.passes.exr import read_passes, read_picture
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture

WIDTH, HEIGHT, NOW = 384, 216, 7
NAMES = ("vector", "depth", "object_id", "instance", "surface")


@pytest.fixture(scope="module", params=[False, True], ids=["fixed lens", "moving shift"])
def shot(request, tmp_path_factory) -> Shot:
    folder = tmp_path_factory.mktemp("shot")
    scene = scenes.motion_scene(WIDTH, HEIGHT, shift=request.param)
    list(capture(scene, folder, CaptureSettings(NOW - 1, NOW, samples=24)))
    return Shot.load(folder)


def psnr(a: np.ndarray, b: np.ndarray, where: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((a - b)[where] ** 2)))


def test_the_picture_before_carried_by_the_vectors_is_the_picture_now(shot):
    now, before = read_passes(shot, NOW, NAMES), read_passes(shot, NOW - 1, NAMES)
    picture, former = read_picture(shot, NOW), read_picture(shot, NOW - 1)
    flow = flow_to_previous(now, shot, NOW)
    seen = visible_in_previous(now, before, flow) & np.isfinite(now["depth"])

    assert seen.mean() > 0.9
    measured = psnr(carry(former, flow), picture, seen)
    print(f"carried picture: {measured:.2f} dB on {seen.mean():.3f} of the frame")
    assert measured >= 40.0
    # The test must tell the right vectors from those that are almost right.
    vector = now["vector"]
    backwards = {
        "next for previous": -to_next(vector),
        "y the other way": to_previous(vector) * (1, -1),
        "without correction": to_previous(vector - np.float32(shot.cameras[NOW].vector_offset)),
    }
    if not any(shot.cameras[NOW].vector_offset):
        del backwards["without correction"]
    for name, wrong in backwards.items():
        assert psnr(carry(former, wrong.astype(np.float32)), picture, seen) < 38.0, name


def test_visibility_agrees_with_rays(shot):
    scene = bpy.context.scene
    now, before = read_passes(shot, NOW, NAMES), read_passes(shot, NOW - 1, NAMES)
    flow = flow_to_previous(now, shot, NOW)
    claimed = visible_in_previous(now, before, flow)

    here, there = ray_truth.geometry(scene, NOW), ray_truth.geometry(scene, NOW - 1)
    hits = ray_truth.look(here, shot.cameras[NOW], WIDTH, HEIGHT)
    surface = (hits.triangle != ray_truth.MISS) & np.isfinite(now["depth"])
    points = hits.places(there.corners)
    landed = ray_truth.project(shot.cameras[NOW - 1], points, WIDTH, HEIGHT)
    column, row = landed[..., 0], landed[..., 1]
    inside = (column >= -0.5) & (column < WIDTH - 0.5) & (row >= -0.5) & (row < HEIGHT - 0.5)
    hiding = np.full((HEIGHT, WIDTH), ray_truth.MISS)
    hiding[surface & inside] = ray_truth.hidden_by(there, shot.cameras[NOW - 1], points[surface & inside])
    truth = surface & inside & (hiding == ray_truth.MISS)

    grid = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), axis=-1)
    error = np.linalg.norm(landed[..., :2] - grid - flow, axis=-1)[surface & inside]
    assert np.quantile(error, 0.999) < 0.05, "the vectors do not lead to where the geometry was"
    own = (here.objects[hits.triangle] == "Figure") & (there.objects[hiding] == "Figure")
    own &= surface & inside & ~truth
    assert own.sum() > 100, "the scene has no self-occlusion to find"
    assert claimed[own].mean() < 0.05, "what the figure's own arm hid is taken for visible"
    right = (claimed & truth)[surface].sum()
    precision, recall = right / claimed[surface].sum(), right / truth.sum()
    print(f"precision {precision:.5f}, recall {recall:.5f}, of {truth.sum()} visible pixels")
    assert precision >= 0.999 and recall >= 0.98, (precision, recall)


def test_the_shot_says_what_was_corrected(shot):
    offset = np.array(shot.cameras[NOW].vector_offset)
    assert offset[2:].tolist() == [0.0, 0.0], "nothing follows the last frame"
    moving = bpy.context.scene.camera.data.animation_data is not None
    assert bool(offset[:2].any()) == moving
    if moving:
        camera = bpy.context.scene.camera.data
        shifts = [[curve.evaluate(f) for f in (NOW - 1, NOW)] for curve in _curves(camera)]
        # Blender's shift is in units of the picture's longer side; it moves the picture the other way.
        expected = [(now - before) * WIDTH for before, now in shifts]
        assert np.allclose(offset[:2], expected, atol=1e-3)


def _curves(camera: bpy.types.Camera) -> list[bpy.types.FCurve]:
    from flowbrush.scene import compat

    return sorted(compat.action_curves(camera.animation_data), key=lambda curve: curve.data_path)


def test_folder_holds_what_the_shot_promises(shot):
    assert shot.missing_frames() == []
    assert sorted(p.name for p in Path(shot.folder).iterdir()) == ["capture.json", "passes", "pictures", "shot.json"]
