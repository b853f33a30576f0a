"""What the camera does: every kind that can be captured is captured right, the others are refused."""

from blender import truth
from blender.stage import add_ball, stage, throw


def test_still(tmp_path):
    scene = stage()
    throw(add_ball("Ball"))
    pair = truth.capture_pair(scene, tmp_path)
    truth.check_pictures(pair)
    truth.check_rays(pair, scene)
