"""Surfaces that no object's own mesh holds: made or bent by Geometry Nodes, curves, hair, with or without materials."""

import numpy as np
import pytest
from blender import truth
from blender.scenes_generated import HAIR, MADE
from blender.stage import add_ball, stage, throw


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_made_surfaces_are_followed(tmp_path, made):
    scene = stage()
    throw(add_ball("Thrown", 0.3), (-2.0, -0.2, 1.5), 0.03)
    made()
    pair = truth.capture_pair(scene, tmp_path)
    assert pair.untrusted == set()
    truth.check_pictures(pair, pair.inside("Made"))  # what has no material is black: its edges show every mixed pixel
    truth.check_rays(pair, scene)
    here = pair.pixels("Made")
    assert here.sum() > 200
    assert len(np.unique(pair.now["surface"][here].round(4), axis=0)) > 50
    assert (pair.seen & here).sum() > 0.8 * here.sum()


@pytest.mark.parametrize("hair", HAIR, ids=lambda hair: hair.__name__)
def test_hair_is_followed(tmp_path, hair):
    """Rays cannot tell strands, which are narrower than pixels: the carried picture can."""
    scene = stage()
    throw(add_ball("Thrown", 0.3), (-2.0, -0.2, 1.5), 0.03)
    hair()
    pair = truth.capture_pair(scene, tmp_path)
    here = pair.pixels("Hair")
    truth.check_pictures(pair)
    assert pair.untrusted == set()
    assert here.sum() > 300
    assert (pair.seen & here).sum() > 0.5 * here.sum()
