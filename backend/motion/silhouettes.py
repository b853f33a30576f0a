"""Where one surface ends in front of another, and the two do not move together."""

from collections.abc import Mapping

import cv2
import numpy as np

from .visibility import packed, surface_labels

NEEDS = ("object_id", "instance", "depth")
STEP = 0.03  # a jump in depth, relative to the nearer side, from which a surface counts as ending inside its object
MOTION_BORDER = (0.01, 0.002)  # of the squared motion, and squared pixels a pixel
APART = 0.05  # pixels a frame from which two sides count as moving apart


def parting_band(passes: Mapping[str, np.ndarray], flow: np.ndarray, radius: int) -> np.ndarray:
    """(H, W) bool: within `radius` pixels of a silhouette whose two sides move apart.

    flow: (H, W, 2), pixels, of the same frame. What is drawn along such a silhouette belongs to this view: carried on,
    it would stick to one of the two surfaces. Where both sides move as one, it can be carried like everything else.
    """
    parting = [end & (np.abs(np.diff(flow, axis=axis)).max(axis=2) > APART) for axis, end in enumerate(ends(passes))]
    return _band(parting, radius)


def motion_border_band(flow: np.ndarray, radius: int) -> np.ndarray:
    """(H, W) bool: within `radius` pixels of where an estimated flow, (H, W, 2), breaks.

    It is taken to break where it changes faster from pixel to pixel than its length explains (Sundaram, Brox and
    Keutzer 2010, equation 6).
    """
    change = sum(np.gradient(flow[..., k], axis=axis) ** 2 for k in (0, 1) for axis in (0, 1))
    border = (change > MOTION_BORDER[0] * (flow**2).sum(axis=2) + MOTION_BORDER[1]).astype(np.uint8)
    if radius <= 0:
        return np.zeros(border.shape, bool)
    return cv2.dilate(border, _disc(radius)).astype(bool)


def crossed_border(flow: np.ndarray, radius: int) -> np.ndarray:
    """(H, W) bool: within `radius` pixels of the border where the picture moves; painters are unsure there."""
    border = np.ones(flow.shape[:2], bool)
    border[radius : -radius or None, radius : -radius or None] = False
    return border & (np.abs(flow).max(axis=2) > APART)


def silhouette_band(passes: Mapping[str, np.ndarray], radius: int) -> np.ndarray:
    """(H, W) bool: within `radius` pixels of any silhouette."""
    return _band(ends(passes), radius)


def ends(passes: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Between which neighbours a surface ends: (H-1, W) bool down the columns, (H, W-1) bool along the rows."""
    labels, nearness = packed(surface_labels(passes)), 1.0 / np.maximum(passes["depth"], 1e-6)
    found = []
    for axis in (0, 1):
        first, second = neighbours(axis)
        changes = labels[first] != labels[second]
        found.append(changes | (_bend(nearness, axis) > STEP * np.maximum(nearness[first], nearness[second])))
    return found


def _band(edges: list[np.ndarray], radius: int) -> np.ndarray:
    height, width = edges[1].shape[0], edges[0].shape[1]
    edge = np.zeros((height, width), np.uint8)
    if radius > 0:
        for axis in (0, 1):
            for side in neighbours(axis):
                edge[side] |= edges[axis].astype(np.uint8)
        # One pixel of the radius is the edge itself, which lies on both sides.
        edge = cv2.dilate(edge, _disc(radius))
    return edge.astype(bool)


def _disc(radius: int) -> np.ndarray:
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius - 1, 2 * radius - 1))


def neighbours(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    """The two halves of each pair of neighbours, down the columns (axis 0) or along the rows (1)."""
    first, second = slice(None, -1), slice(1, None)
    return ((first,), (second,)) if axis == 0 else ((slice(None), first), (slice(None), second))


def _bend(nearness: np.ndarray, axis: int) -> np.ndarray:
    """How far neighbours are from continuing their own side straight; 0 on any plane, where 1/depth is linear."""
    step = np.diff(nearness, axis=axis)
    before = np.diff(step, axis=axis, prepend=np.take(step, [0], axis=axis))
    after = np.diff(step, axis=axis, append=np.take(step, [-1], axis=axis))
    return np.minimum(np.minimum(np.abs(before), np.abs(after)), np.abs(step))
