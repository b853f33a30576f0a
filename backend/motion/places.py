"""The sky as a surface: what is infinitely far away has a place too, the direction in which it is seen."""

from collections.abc import Mapping

import numpy as np

from ..shot import Camera, Shot
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
    grid = pixel_grid(height, width).astype(np.float64)
    if camera.kind != "PERSP":
        return np.dstack((grid / height, np.zeros((height, width)))).astype(np.float32)
    near = np.ones((height, width, 4))
    near[..., 0] = (grid[..., 0] + 0.5) / width * 2.0 - 1.0
    near[..., 1] = 1.0 - (grid[..., 1] + 0.5) / height * 2.0
    near[..., 2] = -1.0  # on the near plane, which is finite in every projection
    point = near @ np.linalg.inv(np.array(camera.projection).reshape(4, 4)).T
    axes = np.array(camera.matrix_world).reshape(4, 4)[:3, :3]
    direction = point[..., :3] / point[..., 3:] @ (axes / np.linalg.norm(axes, axis=0)).T
    return (direction / np.linalg.norm(direction, axis=2, keepdims=True)).astype(np.float32)
