"""Blender's vector pass as flows: for every pixel, where its surface point is in a neighbouring frame.

A flow is (H, W, 2) float32: (dx right, dy down) in pixels. The point seen at (column, row) is found at
(column + dx, row + dy) in the other frame. Pixel centres are at integers, row 0 is the top row.
"""

from collections.abc import Mapping

import numpy as np

from ..shot import Camera, Shot
from .warp import pixel_grid


def to_previous(vector: np.ndarray) -> np.ndarray:
    """The flow to the frame before, from a raw vector pass (H, W, 4).

    Blender stores previous minus current in the first two channels, in pixels with y up.
    """
    return np.stack((vector[..., 0], -vector[..., 1]), axis=2)


def to_next(vector: np.ndarray) -> np.ndarray:
    """The flow to the frame after, from a raw vector pass (H, W, 4).

    Blender stores current minus next in the last two channels, in pixels with y up.
    """
    return np.stack((-vector[..., 2], vector[..., 3]), axis=2)


def flow_to_previous(passes: Mapping[str, np.ndarray], shot: Shot, frame: int) -> np.ndarray:
    """`to_previous` with the background moved by the camera; needs the passes vector and depth.

    Blender writes no vectors where there is no surface. The first frame of a segment has no previous one.
    """
    return _with_background(to_previous(passes["vector"]), passes["depth"], shot, frame, frame - 1)


def flow_to_next(passes: Mapping[str, np.ndarray], shot: Shot, frame: int) -> np.ndarray:
    """`to_next` with the background moved by the camera; needs the passes vector and depth.

    The last frame of a segment has no next one.
    """
    return _with_background(to_next(passes["vector"]), passes["depth"], shot, frame, frame + 1)


def background_flow(camera: Camera, other: Camera, width: int, height: int) -> np.ndarray:
    """The flow of what is infinitely far away, from `camera`'s picture to `other`'s; (height, width, 2) float32.

    Only turning and zooming move it. Directions behind the other camera get a flow that leaves the picture. Cameras
    with parallel rays see one single direction, which does not move.
    """
    if camera.kind != "PERSP" or other.kind != "PERSP":
        return np.zeros((height, width, 2), np.float32)
    seen = looks(camera, width, height) @ np.linalg.inv(_axes(other)).T @ _square(other.projection)[:, :3].T
    forward = seen[..., 3] > 1e-9
    depth = np.where(forward, seen[..., 3], 1.0)
    column = (seen[..., 0] / depth + 1.0) / 2.0 * width - 0.5
    row = (1.0 - seen[..., 1] / depth) / 2.0 * height - 0.5
    there = np.where(forward[..., None], np.stack((column, row), axis=2), -2.0 * max(width, height))
    return (there - pixel_grid(height, width)).astype(np.float32)


def looks(camera: Camera, width: int, height: int) -> np.ndarray:
    """(height, width, 3) float64: the direction in the world in which each pixel of a camera with perspective looks,
    of any length."""
    # On the near plane, which is finite in every projection, and where all pixels have the same w.
    to_world = _axes(camera) @ np.linalg.inv(_square(camera.projection))[:3]
    across = ((np.arange(width) + 0.5) / width * 2.0 - 1.0)[:, None] * to_world[:, 0]
    up = (1.0 - (np.arange(height) + 0.5) / height * 2.0)[:, None] * to_world[:, 1]
    directions: np.ndarray = across + (up - to_world[:, 2] + to_world[:, 3])[:, None]
    return directions


def _with_background(flow: np.ndarray, depth: np.ndarray, shot: Shot, frame: int, other: int) -> np.ndarray:
    behind = background_flow(shot.cameras[frame], shot.cameras[other], *shot.resolution)
    return np.where(np.isfinite(depth)[..., None], flow, behind)


def _square(numbers: tuple[float, ...]) -> np.ndarray:
    return np.array(numbers, np.float64).reshape(4, 4)


def _axes(camera: Camera) -> np.ndarray:
    """(3, 3): the camera's right, up and backward directions in the world as columns, without its scale.

    They are not at right angles for a camera whose parents are scaled unevenly and turned.
    """
    axes = _square(camera.matrix_world)[:3, :3]
    return axes / np.linalg.norm(axes, axis=0)
