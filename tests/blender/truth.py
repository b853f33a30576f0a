"""Captures two frames of a scene in this Blender, and has them judged (see `shot_truth`)."""

from pathlib import Path

import bpy
from blender import ray_truth, shot_truth
from blender.shot_truth import Pair, check_pictures, pair_of
from blender.stage import NOW
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture

__all__ = ["NOW", "Pair", "capture_pair", "check_pictures", "check_rays"]


def capture_pair(scene: bpy.types.Scene, folder: Path, frame: int = NOW, samples: int = 8) -> Pair:
    """Captures `frame` and the one before it as they are in `scene`."""
    list(capture(scene, folder, CaptureSettings(frame - 1, frame, samples=samples)))
    return pair_of(Shot.load(folder), frame)


def check_rays(pair: Pair, scene: bpy.types.Scene) -> tuple[float, float]:
    """See `shot_truth.check_rays`; the rays are cast into the scene as it is in Blender."""
    rays = ray_truth.cast(scene, pair.shot.cameras, pair.frame, pair.shot.resolution)
    return shot_truth.check_rays(pair, rays.names, rays.landed, rays.seen)
