"""Paint that belongs to the view: a line is drawn on the near side of its silhouette, and moves with the silhouette.

A pixel near a silhouette is known by how far from it it is. On the near side it shows what is drawn along the
silhouette, and finds this again at the same distance in the frame before: where the silhouette rests on its surface
that is the same surface point, and where the surface turns under it, it is another one. On the far side lies the
background, which stays where it is: what a pen spilled onto it is no paint of the background.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np

from .chain import UNKNOWN, Chain, advance
from .silhouettes import ends, neighbours
from .visibility import surface_labels
from .warp import gather, inside, nearest, pixel_grid

SPILL = 4.5  # pixels: as far behind a silhouette a painter's line may reach
WANDERED = 0.75  # pixels: as far may a silhouette wander over its surface before its paint is moved along with it
SLIPPED = 0.75  # pixels: paint drawn at a distance that differs by more is not the same part of a line
SEARCH = 2  # pixels around where a silhouette should have been
AWAY = 0.2  # how much a pixel of that is worth against one of distance from the silhouette
TOUCHING = 1.005  # times as far away: no farther behind
EDGE = 0.6  # pixels, standard deviation: how softly what is in front ends over what is behind
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

    @property
    def strength(self) -> np.ndarray:
        """(H, W) float32: how much paint is the line's: all of it for half the radius, and less and less beyond."""
        falling = np.clip(2.0 * (1.0 - self.distance / max(self.radius, 1e-6)), 0.0, 1.0)
        return np.where(self.near, falling, 0.0).astype(np.float32)


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
    same = (labels.reshape(-1, 2)[front] == labels).all(axis=2)
    # Beside its own front a pixel of the same object lies behind only where there is a jump in depth between them.
    behind = ~same | (depth > depth.ravel()[front] * 1.03)
    return Outline(np.where(behind, 0.5 - apart, apart + 0.5).astype(np.float32), front, labels, radius)


def follow_outline(
    chain: Chain, drawn_at: np.ndarray, now: Outline, before: Outline, flow: np.ndarray, visible: np.ndarray
) -> tuple[Chain, np.ndarray]:
    """Carries the paint along silhouettes to the frame of `now`.

    chain: of the frame before, with paint in its band only. drawn_at: (H, W) float32, at which distance from its
    silhouette the paint of each of its pixels was drawn. flow, visible: of surfaces, to the frame before. Returns the
    chain of this frame and its own `drawn_at`; what has no paint to follow is `UNKNOWN`.
    """
    shape, near, grid = visible.shape, now.near, pixel_grid(*visible.shape)
    if not (near & visible).any():
        return Chain(np.full(shape, UNKNOWN, np.int32), np.zeros((*shape, 2), np.float32)), np.full_like(
            drawn_at, np.inf
        )
    arrived = grid + np.where(near[..., None], _spread(flow, near & visible), flow)
    arrived = np.where(inside(arrived, *shape)[..., None], arrived, 0.0).astype(np.float32)
    rests = near & visible & (np.abs(_at(drawn_at, arrived) - now.distance) <= WANDERED)
    wandered = near & ~rests & inside(grid + flow, *shape)
    where = np.flatnonzero(wandered)
    moved = (
        arrived
        + _inward(before.distance, arrived) * (now.distance - gather(before.distance, arrived, "linear"))[..., None]
    )
    matching, found = _matching(drawn_at, before, now, moved, where)
    arrived.reshape(-1, 2)[where] = matching
    there = rests | (now.spilled & visible & (_at(before.labels, arrived) == now.labels).all(axis=2))
    there.ravel()[where] = found
    carried = advance(chain, arrived - grid, there)
    return carried, np.where(carried.source != UNKNOWN, _at(drawn_at, arrived), np.inf).astype(np.float32)


def _matching(
    drawn_at: np.ndarray, before: Outline, now: Outline, moved: np.ndarray, pixels: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """For the pixels (N,) of `now`, by flat index, the pixel (N, 2) of the frame before whose paint was drawn at the
    same distance on the same surface, nearest to where they `moved`, (H, W, 2); and whether there is one, (N,) bool.
    """
    height, width = drawn_at.shape
    wished = moved.reshape(-1, 2)[pixels]
    distance, labels = now.distance.ravel()[pixels], now.labels.reshape(-1, 2)[pixels]
    centre = np.rint(np.clip(wished, 0, (width - 1, height - 1))).astype(np.int64)
    best = np.full(len(pixels), np.inf, np.float32)
    place = np.zeros((len(pixels), 2), np.float32)
    for down in range(-SEARCH, SEARCH + 1):
        for right in range(-SEARCH, SEARCH + 1):
            tap = np.clip(centre + np.array((right, down)), 0, (width - 1, height - 1))
            at = tap[:, 1] * width + tap[:, 0]
            slipped = np.abs(drawn_at.ravel()[at] - distance)
            same = (slipped <= SLIPPED) & (before.labels.reshape(-1, 2)[at] == labels).all(axis=1)
            cost = np.where(same, slipped + AWAY * np.linalg.norm(tap - wished, axis=1), np.inf)
            better = cost < best
            best[better], place[better] = cost[better], tap[better]
    return place, np.isfinite(best)


def soften_borders(picture: np.ndarray, lines: Outline) -> np.ndarray:
    """`picture`, (H, W, 3) float32, with what is in front running out softly over what is behind.

    Passes tell to a pixel which side it shows; paint put together by them would have stairs along every silhouette.
    """
    # No farther to the near side than the blur sees: beside another silhouette that distance is of other things.
    border = (lines.distance > 0.0) & (lines.distance < 4.0 * EDGE)
    cover = cv2.GaussianBlur(border.astype(np.float32), (0, 0), EDGE)
    cover[~lines.spilled] = 0.0
    return picture + cover[..., None] * (picture.reshape(-1, 3)[lines.front] - picture)


def behind_lines(lines: Outline) -> np.ndarray:
    """(H, W) int64: for each pixel the flat index of the nearest one where no line is; -1 where that is of another
    surface.

    What lies behind a silhouette and was never seen far from one is continued from there: paint would hold the line.
    """
    # What is in front is left out as far as the line reaches behind it, lest its pixels be the nearest.
    clean = np.where(lines.distance > 0.0, lines.distance > max(lines.radius, SPILL + 1.0), ~lines.spilled)
    if not clean.any():
        return np.full(clean.shape, -1, np.int64)
    _, nearest_clean = _nearest_of(clean)
    same = (lines.labels.reshape(-1, 2)[nearest_clean] == lines.labels).all(axis=2)
    return np.where(same, nearest_clean, -1)


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


def _spread(flow: np.ndarray, known: np.ndarray) -> np.ndarray:
    """`flow`, (H, W, 2), continued from the pixels `known` to all others: each takes that of the nearest."""
    _, nearest_known = _nearest_of(known)
    return flow.reshape(-1, 2)[nearest_known]


def _inward(distance: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """(H, W, 2) float32: away from the silhouette towards what is in front, length 1, at `positions`."""
    smooth = cv2.GaussianBlur(np.clip(distance, -NOWHERE, NOWHERE), (0, 0), 1.0)
    slope = np.dstack([cv2.Sobel(smooth, cv2.CV_32F, *axis, ksize=3) for axis in ((1, 0), (0, 1))])
    slope = gather(slope, positions, "linear")
    return slope / np.maximum(np.linalg.norm(slope, axis=2, keepdims=True), np.float32(1e-6))


def _at(image: np.ndarray, positions: np.ndarray) -> np.ndarray:
    return nearest(image, np.rint(positions))
