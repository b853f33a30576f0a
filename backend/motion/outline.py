"""Paint that belongs to the view: what is drawn along a silhouette moves with the silhouette, not with a surface point.

A pixel near a silhouette is known by how far from it it is, and on which side. On the near side it moves like its own
surface; on the far side it moves like the surface in front, whose outline it shows. Its paint can be carried on as long
as it stays at the same distance: while a thing moves, but not while it turns and its silhouette wanders over it.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from .chain import UNKNOWN, Chain, advance
from .silhouettes import ends, neighbours
from .warp import inside, nearest, pixel_grid

FAR = 1.5  # pixels
WANDERED = 0.75  # pixels: as far may a silhouette wander over its surface before it is drawn anew


@dataclass(frozen=True)
class Outline:
    """Where silhouettes are, (H, W) each.

    distance: float32, pixels to the nearest silhouette, positive on its near side, negative on its far side, infinite
    beyond the radius. front: int64, the flat index of the nearest pixel whose surface ends there in front of another.
    """

    distance: np.ndarray
    front: np.ndarray

    @property
    def band(self) -> np.ndarray:
        """(H, W) bool: within the radius."""
        return np.isfinite(self.distance)


def outline(passes: Mapping[str, np.ndarray], radius: float) -> Outline:
    """The silhouettes of a frame. passes: those in `silhouettes.NEEDS`. radius: in pixels, on the near side.

    On the far side at most `FAR` pixels count: half a pen's width and its soft edge. What moves along there covers a
    surface that stays.
    """
    depth = passes["depth"]
    in_front = np.zeros(depth.shape, bool)
    for axis, end in enumerate(ends(passes)):
        first, second = neighbours(axis)
        nearer = depth[first] <= depth[second]
        in_front[first] |= end & nearer
        in_front[second] |= end & ~nearer
    if not in_front.any():
        return Outline(np.full(depth.shape, np.inf, np.float32), np.zeros(depth.shape, np.int64))
    apart, number = cv2.distanceTransformWithLabels(
        (~in_front).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    of_number = np.zeros(number.max() + 1, np.int64)
    of_number[number[in_front]] = np.flatnonzero(in_front)
    front = of_number[number]
    ident = passes["object_id"].ravel()
    same = (ident[front] == passes["object_id"]) & (passes["instance"].ravel()[front] == passes["instance"])
    # Beside its own front a pixel of the same object lies behind only where there is a jump in depth between them.
    behind = ~same | (depth > depth.ravel()[front] * 1.03)
    distance = np.where(behind, 0.5 - apart, apart + 0.5)
    within = (distance <= radius) & (distance >= -min(radius, FAR))
    return Outline(np.where(within, distance, np.inf).astype(np.float32), front)


def follow_outline(
    chain: Chain, drawn_at: np.ndarray, now: Outline, flow: np.ndarray, visible: np.ndarray
) -> tuple[Chain, np.ndarray]:
    """Carries the paint along silhouettes to the frame of `now`.

    chain: of the frame before, with paint near its silhouettes only. drawn_at: (H, W) float32, at which distance from
    its silhouette the paint of each of its pixels was drawn. flow, visible: of surfaces, to the frame before.
    Returns the chain of this frame and its own `drawn_at`; what wandered is `UNKNOWN`.
    """
    height, width = flow.shape[:2]
    far = now.distance < 0
    flow = np.where(far[..., None], flow.reshape(-1, 2)[now.front], flow)
    visible = np.where(far, visible.ravel()[now.front], visible) & now.band
    arrived = np.rint(pixel_grid(height, width) + flow)
    visible &= inside(arrived, height, width)
    before = nearest(drawn_at, np.where(visible[..., None], arrived, 0.0))
    with np.errstate(invalid="ignore"):  # infinite where nothing was drawn
        stayed = np.abs(before - now.distance) <= WANDERED
    carried = advance(chain, flow, visible & stayed)
    return carried, np.where(carried.source != UNKNOWN, before, np.inf).astype(np.float32)
