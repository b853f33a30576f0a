"""Captures the scenes of `blender.scenes_*` with EEVEE and casts the rays that tell the truth. Run by Blender itself:

blender --background --python scene_shots.py -- FOLDER PACKAGE

PACKAGE is the extension's folder. Leaves FOLDER/<scene>/shot and FOLDER/<scene>/truth.npz.
"""

import runpy
import sys
import time
from pathlib import Path

import bpy
import numpy as np

FOLDER, PACKAGE = map(Path, sys.argv[sys.argv.index("--") + 1 :])
sys.path.append(str(Path(__file__).resolve().parents[1]))
runpy.run_path(str(PACKAGE / "launch.py"))["register_package"]()

from blender import ray_truth, scenes_cameras, scenes_generated, scenes_instances  # noqa: E402
from blender.stage import NOW, add_ball, link, stage, throw  # noqa: E402
from flowbrush.backend.shot import Shot  # noqa: E402
from flowbrush.scene import compat  # noqa: E402
from flowbrush.scene.capture import CaptureSettings, capture  # noqa: E402


def orthographic(scene: bpy.types.Scene) -> None:
    """Instances in instances, seen in parallel."""
    scenes_cameras.orthographic(scene.camera)
    scenes_instances.collections_in_collections()


def surfaces(scene: bpy.types.Scene) -> None:
    """Instances, generated and bent surfaces and hair beside each other.

    The lens zooms and shifts in front of pixels that are not square, and the camera is sheared.
    """
    for change in (scenes_cameras.moving_lens, scenes_cameras.wide_pixels, scenes_cameras.on_a_crooked_parent):
        change(scene.camera)
    builds = (
        scenes_instances.collections_in_collections,
        scenes_generated.bent_by_nodes,
        scenes_instances.by_particles,
        scenes_generated.a_text,
        scenes_generated.bent_hair,
        scenes_instances.by_geometry_nodes,
    )
    scene.render.resolution_percentage = 250  # much is small, and all silhouettes
    for number, build in enumerate(builds):
        before = set(scene.objects)
        build()
        handle = link(f"Handle {number}", None)
        handle.location, handle.scale = (
            (1.8 * (number % 3) - 1.6, 1.8 * (number // 3), 0.5 * (number // 3)),
            (0.6, 0.6, 0.6),
        )
        for item in set(scene.objects) - before - {handle}:
            item.parent = item.parent or handle


def main() -> None:
    """Builds, captures and casts."""
    for build in (orthographic, surfaces):
        started = time.perf_counter()
        scene = stage()
        scene.render.engine = compat.EEVEE
        throw(add_ball("Thrown", 0.3), (-2.0, -0.2, 1.5), 0.03)
        build(scene)
        folder = FOLDER / build.__name__
        list(capture(scene, folder / "shot", CaptureSettings(NOW - 1, NOW, samples=8)))
        shot = Shot.load(folder / "shot")
        rays = ray_truth.cast(scene, shot.cameras, NOW, shot.resolution)
        np.savez(folder / "truth.npz", names=rays.names.astype(str), landed=rays.landed, seen=rays.seen)
        print(f"{build.__name__}: {time.perf_counter() - started:.1f} s", flush=True)


main()
