"""How points of a shot are followed: objects whose vectors are not to be trusted are not."""

from dataclasses import replace

import numpy as np
from flowbrush.backend.motion.tracking import tracking
from flowbrush.backend.passes.exr import read_passes
from synthetic_shot import make_shot


def test_what_is_not_to_be_trusted_is_never_seen_before(tmp_path):
    shot = make_shot(tmp_path)
    wall, square = shot.objects
    for objects, expected in (
        (shot.objects, {wall.id, square.id}),
        ((wall, replace(square, distrust="It is made of glass")), {wall.id}),
    ):
        follow = tracking(replace(shot, objects=objects))
        now, before = (read_passes(shot, frame, follow.passes) for frame in (3, 2))
        seen = follow.seen_before(now, before, follow.to_previous(now, 3))
        assert set(np.unique(now["object_id"][seen])) == expected


def test_a_surface_without_a_number_is_not_trusted_and_the_background_is(tmp_path):
    shot = make_shot(tmp_path)
    follow = tracking(shot)
    now, before = (read_passes(shot, frame, follow.passes) for frame in (3, 2))
    flow = follow.to_previous(now, 3)
    nobody = [{**passes, "object_id": np.zeros_like(passes["object_id"])} for passes in (now, before)]
    assert not follow.seen_before(*nobody, flow).any()
    nothing = [{**passes, "depth": np.full_like(passes["depth"], np.inf)} for passes in nobody]
    assert follow.seen_before(*nothing, np.zeros_like(flow)).mean() > 0.9
