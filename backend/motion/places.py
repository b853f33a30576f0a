"""The sky as a surface: what is infinitely far away has a place too, the direction in which it is seen."""

from collections.abc import Mapping

import numpy as np

from ..shot import Camera, Shot
from .vectors import looks
from .visibility import SURFACE
from .warp import pixel_grid

SKY_DEPTH = 1e8  # metres; behind everything, and still a number


def with_sky(passes: Mapping[str, np.ndarray], shot: Shot, frame: int) -> dict[str, np.ndarray]:
    """The passes in `visibility.SURFACE`, the background as object 0 at `SKY_DEPTH` with a direction as rest position.

    Through a camera with parallel rays all of the background lies in one direction: there it is a screen behind the
    scene and its rest position is the pixel, in picture heights.
    """
    nothing = ~np.isfinite(passes["depth"])
    directions = sky_directions(shot.cameras[frame], *shot.resolution)
    return {
        **{name: passes[name] for name in SURFACE},
        "object_id": np.where(nothing, np.int32(0), passes["object_id"]),
        "instance": np.where(nothing, np.float32(0.0), passes["instance"]),
        "surface": np.where(nothing[..., None], directions, passes["surface"]),
        "depth": np.where(nothing, np.float32(SKY_DEPTH), passes["depth"]),
    }


def sky_directions(camera: Camera, width: int, height: int) -> np.ndarray:
    """(height, width, 3) float32: the direction in the world, of length 1, in which each pixel looks."""
    if camera.kind != "PERSP":
        return np.dstack((pixel_grid(height, width) / np.float32(height), np.zeros((height, width), np.float32)))
    direction = looks(camera, width, height)
    return (direction / np.linalg.norm(direction, axis=2, keepdims=True)).astype(np.float32)
