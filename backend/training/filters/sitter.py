"""What a filter sees of a frame: the very pictures that the diffusion model is given, and nothing else."""

from dataclasses import dataclass

import numpy as np

from .tone import blur, rise


@dataclass(frozen=True)
class Sitter:
    """One frame, as the ControlNet conditions show it; float32, 0..1.

    picture (H, W, 3): the rendered picture, sRGB-encoded. normal (H, W, 3), depth (H, W), lines (H, W): the conditions
    `normal`, `depth` and `lineart` of `passes.conditions`.
    """

    picture: np.ndarray
    normal: np.ndarray
    depth: np.ndarray
    lines: np.ndarray


def mirror(sitter: Sitter) -> Sitter:
    """The same frame, left and right exchanged; so are the sides that surfaces face."""
    normal = np.concatenate((1.0 - sitter.normal[..., :1], sitter.normal[..., 1:]), axis=2)
    planes = (sitter.picture, normal, sitter.depth, sitter.lines)
    return Sitter(*(np.ascontiguousarray(plane[:, ::-1]) for plane in planes))


def open_ground(sitter: Sitter, reach: float) -> np.ndarray:
    """1 where at most one line is near, 0 where several are, as in a face (H, W): there a hand is careful."""
    return 1.0 - rise(blur(sitter.lines, reach) * reach, 1.7, 0.8)


def background(sitter: Sitter) -> np.ndarray:
    """1 where there is no surface, 0 on surfaces (H, W): as far as can be, and facing the camera squarely."""
    squarely = rise(sitter.normal[..., 2], 0.985, 0.01)
    return blur(squarely * rise(-sitter.depth, -0.012, 0.01), 0.7)


def veil(sitter: Sitter) -> np.ndarray:
    """How much air lies before what is seen (H, W): 0 at the nearest surface, 1 at the farthest and beyond."""
    return blur((1.0 - sitter.depth) ** 2, 1.0)
