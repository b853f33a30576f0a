"""Where silhouettes are, and what paint does beside them.

A pixel near a silhouette is known by how far from it it is. Paint there belongs to the view and not to a surface: on
the near side lies the line that is drawn along the silhouette, and a pen spills some of it onto the far side.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from scipy.spatial import cKDTree

from .silhouettes import ends, neighbours
from .visibility import packed, surface_labels

SPILL = 4.5  # pixels: as far behind a silhouette a painter's line may reach
TOUCHING = 1.005  # times as far away: no farther behind
EDGE = 0.6  # pixels, standard deviation: how softly what is in front ends over what is behind
SMOOTH = 0.8  # pixels, standard deviation, for the stairs of a silhouette that passes tell to a pixel
STAIRS = 2.0  # pixels from a silhouette within which they are seen
REACH = 12  # pixels: from how far a surface is continued
NEIGHBOURS = 8  # pixels from which it is
SAME_DEPTH = 0.03  # natural logarithm: what is so much farther away may be another part of the surface
NOWHERE = 1e4  # pixels: the distance where there is no silhouette


@dataclass(frozen=True)
class Outline:
    """Where silhouettes are, (H, W) each.

    distance: float32, pixels to the nearest silhouette, positive on its near side, negative on its far side. front:
    int64, the flat index of the nearest pixel whose surface ends there in front of another. labels: (H, W, 2) int32,
    see `surface_labels`. radius: how far on the near side paint belongs to the view, pixels; 0: nowhere.
    """

    distance: np.ndarray
    front: np.ndarray
    labels: np.ndarray
    radius: float

    @property
    def near(self) -> np.ndarray:
        """(H, W) bool: what is drawn along a silhouette."""
        return (self.distance > 0.0) & (self.distance <= self.radius)

    @property
    def spilled(self) -> np.ndarray:
        """(H, W) bool: behind a silhouette, where its line may reach."""
        return (self.distance < 0.0) & (self.distance >= -(SPILL if self.radius else 0.0))

    @property
    def band(self) -> np.ndarray:
        """(H, W) bool: where paint may be that is not the surface's."""
        return self.near | self.spilled

    @cached_property
    def smooth_distance(self) -> np.ndarray:
        """(H, W) float32: `distance` in the band, without the stairs that pixels make of a silhouette."""
        smooth = cv2.GaussianBlur(np.clip(self.distance, -STAIRS, STAIRS), (0, 0), SMOOTH)
        # Farther away there are no stairs, but places where it jumps from one silhouette's far side to another's near.
        return np.where(np.abs(self.distance) < STAIRS, smooth, self.distance)


def outline(passes: Mapping[str, np.ndarray], radius: float) -> Outline:
    """The silhouettes of a frame. passes: those in `silhouettes.NEEDS`. radius: in pixels."""
    depth, labels = passes["depth"], surface_labels(passes)
    in_front = np.zeros(depth.shape, bool)
    for axis, end in enumerate(ends(passes)):
        first, second = neighbours(axis)
        # Where two things touch, neither is in front: each has its half of the line.
        in_front[first] |= end & (depth[first] <= depth[second] * TOUCHING)
        in_front[second] |= end & (depth[second] <= depth[first] * TOUCHING)
    if not in_front.any():
        return Outline(np.full(depth.shape, NOWHERE, np.float32), np.zeros(depth.shape, np.int64), labels, radius)
    apart, front = _nearest_of(in_front)
    surface = packed(labels)
    same = surface.ravel()[front] == surface
    # Beside its own front a pixel of the same object lies behind only where there is a jump in depth between them.
    behind = ~same | (depth > depth.ravel()[front] * 1.03)
    return Outline(np.where(behind, 0.5 - apart, apart + 0.5).astype(np.float32), front, labels, radius)


def soften_borders(picture: np.ndarray, lines: Outline) -> np.ndarray:
    """`picture`, (H, W, 3) float32, with what is in front running out softly over what is behind.

    Passes tell to a pixel which side it shows; paint put together by them would have stairs along every silhouette.
    """
    # No farther to the near side than the blur sees: beside another silhouette that distance is of other things.
    border = (lines.distance > 0.0) & (lines.distance < 4.0 * EDGE)
    cover = cv2.GaussianBlur(border.astype(np.float32), (0, 0), EDGE)
    cover[~lines.spilled] = 0.0
    return picture + cover[..., None] * (picture.reshape(-1, 3)[lines.front] - picture)


def continued(picture: np.ndarray, known: np.ndarray, labels: np.ndarray, depth: np.ndarray) -> np.ndarray:
    """`picture`, (H, W, 3) of any type, with all but the pixels `known`, (H, W) bool, continued from those around.

    labels: (H, W, 2) int32, see `surface_labels`; each surface is continued from itself, and rather from what is as far
    away as it. depth: (H, W) float32. What has nothing of its surface around it stays as it is.
    """
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * REACH + 1, 2 * REACH + 1))
    around = known & (cv2.dilate((~known).astype(np.uint8), disc) > 0)
    unknown_at, around_at = np.flatnonzero(~known), np.flatnonzero(around)
    if not len(unknown_at) or not len(around_at):
        return picture.copy()
    # Surfaces lie side by side along a third axis, too far apart to be near.
    surface = packed(labels).ravel()
    _, number = np.unique(np.concatenate((surface[around_at], surface[unknown_at])), return_inverse=True)
    width = known.shape[1]
    places = [
        np.column_stack((at % width, at // width, of_it * NOWHERE))
        for at, of_it in ((around_at, number[: len(around_at)]), (unknown_at, number[len(around_at) :]))
    ]
    apart, which = cKDTree(places[0]).query(places[1], NEIGHBOURS, distance_upper_bound=2.0 * REACH, workers=-1)
    nearness = np.log(np.maximum(depth.ravel(), 1e-6))
    from_at = around_at[np.minimum(which, len(around_at) - 1)]
    farther = (nearness[from_at] - nearness[unknown_at][:, None]) / SAME_DEPTH
    weight = np.where(np.isfinite(apart), np.exp(-np.minimum(farther**2, 50.0)) / np.maximum(apart, 1.0) ** 2, 0.0)
    total = weight.sum(axis=1, keepdims=True)
    share = (weight / np.maximum(total, 1e-30)).astype(np.float32)
    flat = picture.reshape(-1, 3)
    mixed = (flat[from_at].astype(np.float32) * share[..., None]).sum(axis=1)
    if picture.dtype == np.uint8:
        mixed = np.rint(mixed)
    result = picture.copy()
    result.reshape(-1, 3)[unknown_at] = np.where(total > 0.0, mixed, flat[unknown_at])
    return result


def _nearest_of(pixels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """How far the nearest of `pixels`, (H, W) bool, of which there is at least one, is, (H, W) float32 in pixels; and
    its flat index, (H, W) int64.
    """
    apart, number = cv2.distanceTransformWithLabels(
        (~pixels).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_number = np.zeros(number.max() + 1, np.int64)
    of_number[number[pixels]] = np.flatnonzero(pixels)
    return apart, of_number[number]
