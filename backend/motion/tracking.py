"""How the points of a shot are followed from one frame to the next: the one place that asks where its passes come from.

A Blender scene knows every surface. Footage has nothing but pictures: its vectors are estimated, and where they may be
trusted is told by following them there and back.
"""

from collections.abc import Mapping
from typing import Protocol

import numpy as np

from ..needs import MOTION, MOTION_OF_FOOTAGE
from ..shot import Shot
from . import silhouettes, vectors, visibility

Passes = Mapping[str, np.ndarray]


class Tracking(Protocol):
    """Follows points between neighbouring frames of one segment. Arrays are (H, W), flows (H, W, 2) as in `vectors`."""

    passes: tuple[str, ...]
    """The passes that every function here is given."""

    def to_previous(self, passes: Passes, frame: int) -> np.ndarray:
        """The flow to the frame before. The first frame of a segment has none."""

    def to_next(self, passes: Passes, frame: int) -> np.ndarray:
        """The flow to the frame after. The last frame of a segment has none."""

    def seen_before(self, now: Passes, before: Passes, flow: np.ndarray) -> np.ndarray:
        """Bool: the point that a pixel shows is seen in the frame before, where `flow` leads."""

    def followed(self, passes: Passes) -> np.ndarray:
        """Bool: what a pixel shows can be followed at all."""

    def parting_band(self, passes: Passes, flow: np.ndarray, radius: int) -> np.ndarray:
        """Bool: within `radius` pixels of where two surfaces move apart."""

    def silhouette_band(self, passes: Passes, radius: int) -> np.ndarray:
        """Bool: within `radius` pixels of where one surface ends in front of another."""

    def surfaces(self, passes: Passes) -> np.ndarray:
        """Int32: alike where two pixels show the same object."""


def tracking(shot: Shot) -> Tracking:
    """How the points of `shot` are followed."""
    return SceneTracking(shot) if shot.source == "scene" else FootageTracking()


class SceneTracking:
    """By the passes of a Blender scene, exactly.

    Objects whose vectors are not to be trusted count as never seen, and so does a surface without a number, of which
    nothing is known: one with a material that a capture could not change, or beyond the numbers that Blender has.
    """

    passes: tuple[str, ...] = MOTION

    def __init__(self, shot: Shot) -> None:
        self._shot = shot
        self._distrusted = [item.id for item in shot.objects if not item.trusted]

    def to_previous(self, passes: Passes, frame: int) -> np.ndarray:
        """See `Tracking`."""
        return vectors.flow_to_previous(passes, self._shot, frame)

    def to_next(self, passes: Passes, frame: int) -> np.ndarray:
        """See `Tracking`."""
        return vectors.flow_to_next(passes, self._shot, frame)

    def seen_before(self, now: Passes, before: Passes, flow: np.ndarray) -> np.ndarray:
        """See `Tracking`."""
        return visibility.visible_in_previous(now, before, flow) & self.followed(now)

    def followed(self, passes: Passes) -> np.ndarray:
        """See `Tracking`."""
        nameless = (passes["object_id"] == 0) & np.isfinite(passes["depth"])
        return ~np.isin(passes["object_id"], self._distrusted) & ~nameless

    def parting_band(self, passes: Passes, flow: np.ndarray, radius: int) -> np.ndarray:
        """See `Tracking`."""
        return silhouettes.parting_band(passes, flow, radius)

    def silhouette_band(self, passes: Passes, radius: int) -> np.ndarray:
        """See `Tracking`."""
        return silhouettes.silhouette_band(passes, radius)

    def surfaces(self, passes: Passes) -> np.ndarray:
        """See `Tracking`."""
        return passes["object_id"]


class FootageTracking:
    """By estimated vectors and their agreement, after Sundaram, Brox and Keutzer (ECCV 2010), section 3.2.

    Every picture is one surface: what is an object in it is not known.
    """

    passes: tuple[str, ...] = MOTION_OF_FOOTAGE

    def to_previous(self, passes: Passes, frame: int) -> np.ndarray:
        """See `Tracking`."""
        return vectors.to_previous(passes["vector"])

    def to_next(self, passes: Passes, frame: int) -> np.ndarray:
        """See `Tracking`."""
        return vectors.to_next(passes["vector"])

    def seen_before(self, now: Passes, before: Passes, flow: np.ndarray) -> np.ndarray:
        """See `Tracking`."""
        return visibility.consistent(flow, vectors.to_next(before["vector"]), **visibility.ESTIMATED)

    def followed(self, passes: Passes) -> np.ndarray:
        """See `Tracking`."""
        return np.ones(passes["vector"].shape[:2], bool)

    def parting_band(self, passes: Passes, flow: np.ndarray, radius: int) -> np.ndarray:
        """See `Tracking`."""
        return silhouettes.motion_border_band(flow, radius)

    def silhouette_band(self, passes: Passes, radius: int) -> np.ndarray:
        """See `Tracking`."""
        flows = vectors.to_previous(passes["vector"]), vectors.to_next(passes["vector"])
        return np.logical_or(*(silhouettes.motion_border_band(flow, radius) for flow in flows))

    def surfaces(self, passes: Passes) -> np.ndarray:
        """See `Tracking`."""
        return np.zeros(passes["vector"].shape[:2], np.int32)
