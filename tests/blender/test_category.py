"""Whose class an object has in the segmentation: its own, or its nearest collection's."""

from contextlib import closing

import bpy
import numpy as np
from blender import scenes
from flowbrush.backend.ade20k import COLOURS
from flowbrush.backend.passes.conditions import condition
from flowbrush.backend.passes.exr import read_passes
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture


def test_the_nearest_class_counts_and_is_seen_in_its_colour(tmp_path):
    scene = scenes.empty_scene(64, 32)
    vertices, faces = scenes.grid(1, 1)
    outer, inner, plain = (bpy.data.collections.new(name) for name in ("Outer", "Inner", "Plain"))
    scene.collection.children.link(outer)
    outer.children.link(inner)
    inner.children.link(plain)
    outer["ade20k"], inner["ade20k"] = "tree", "person"
    scene.collection["ade20k"] = "dragon"  # no class at all
    for place, (name, collection, own) in enumerate(
        [
            ("own", inner, "flag"),
            ("near", inner, ""),
            ("far", plain, "dragon"),
            ("outer", outer, 3),
            ("none", None, ""),
        ]
    ):
        item = scenes.add_mesh(name, vertices * (0.4, 1, 1) + (place - 2, 0, 0), faces, None)
        if collection is not None:
            scene.collection.objects.unlink(item)
            collection.objects.link(item)
        if own != "":
            item["ade20k"] = own
    scenes.add_camera(lambda _: (0.0, 0.0, 10.0), (0.0, 0.0, 0.0))
    settings = CaptureSettings(1, 1, samples=1, denoise=False, passes=("object_id",))
    with closing(capture(scene, tmp_path / "shot", settings)) as frames:
        list(frames)
    shot = Shot.load(tmp_path / "shot")
    classes = {item.name: item.category for item in shot.objects}
    assert classes == {"own": "flag", "near": "person", "far": "person", "outer": "tree", "none": ""}
    ids = read_passes(shot, 1, ("object_id",))
    picture = np.rint(condition("segmentation", ids, shot, 1) * 255).astype(int)
    for item in shot.objects:
        seen = picture[ids["object_id"] == item.id]
        assert len(seen) > 10 and (seen == COLOURS.get(item.category, (0, 0, 0))).all()
    assert (picture[ids["object_id"] == 0] == COLOURS["sky"]).all()
