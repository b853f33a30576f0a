"""Instances of every kind and depth: each is followed for itself and keeps its number while it moves."""

import bpy
import numpy as np
import pytest
from blender import ray_truth, truth
from blender.scenes_instances import KINDS, by_particles
from blender.stage import stage
from flowbrush.operators.capture import bring_caches


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_instances_are_followed_one_by_one(tmp_path, kind):
    scene = stage()
    kind()
    pair = truth.capture_pair(scene, tmp_path)
    assert pair.untrusted == set()
    truth.check_pictures(pair)
    truth.check_rays(pair, scene)
    numbers = [_numbers(pair, scene, frame) for frame in (truth.NOW, truth.NOW - 1)]
    seen = numbers[0].keys() & numbers[1].keys()
    assert len(seen) >= 5
    assert {key: numbers[0][key] for key in seen} == {key: numbers[1][key] for key in seen}
    assert len({(name, numbers[0][name, place]) for name, place in seen}) == len(seen), "two have one number"


def test_what_was_baked_to_disk_is_there_in_the_copy_that_is_captured(tmp_path):
    """Blender looks for it beside the file, by the file's name."""
    original, copy = tmp_path / "scene.of.mine.blend", tmp_path / "copy" / "scene.blend"
    copy.parent.mkdir()
    stage()
    bpy.ops.wm.save_as_mainfile(filepath=str(original))
    by_particles(on_disk=True)
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.save_as_mainfile(filepath=str(copy), copy=True)
    expected = _places()
    bring_caches(original, copy)
    bpy.ops.wm.open_mainfile(filepath=str(copy))
    assert _places() == expected and len(expected) == 12


def _places() -> list[tuple[float, ...]]:
    bpy.context.scene.frame_set(truth.NOW)
    instances = bpy.context.evaluated_depsgraph_get().object_instances
    return [tuple(instance.matrix_world.translation) for instance in instances if instance.is_instance]


def _numbers(pair: truth.Pair, scene: bpy.types.Scene, frame: int) -> dict[tuple[str, int], float]:
    """The number in the pass `instance` of each object and instance, by its place in Blender's list."""
    passes = pair.now if frame == truth.NOW else pair.before
    geometry = ray_truth.geometry(scene, frame)
    hits = ray_truth.look(geometry, pair.shot.cameras[frame], *pair.shot.resolution)
    ids = {item.name: item.id for item in pair.shot.objects}
    found = {}
    for number in np.unique(geometry.instances[hits.triangle[hits.triangle != ray_truth.MISS]]):
        here = (geometry.instances[hits.triangle] == number) & (hits.triangle != ray_truth.MISS)
        name = geometry.objects[hits.triangle[here][0]]
        own = passes["instance"][here & (passes["object_id"] == ids[name])]
        if own.size > 20:
            values, counts = np.unique(own, return_counts=True)
            assert counts.max() > 0.9 * own.size, "an instance has several numbers"
            found[name, int(number)] = float(values[counts.argmax()])
    return found
