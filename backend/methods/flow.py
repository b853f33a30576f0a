"""Method `flow`: paint the first frame of a segment, carry it along Blender's own motion vectors, paint what is new.

Carried paint is gathered from the pictures in which it was painted, in one resampling, however many frames ago that
was (`motion.chain`). Painted anew is what became visible, and a thin band along silhouettes where the two sides move
apart, because an outline belongs to the view and not to the surface. The picture is composed of carried and painted
paint only, never of the render. New paint gets the colours that the first frame gave each object.
"""

import cv2
import numpy as np

from ..motion.chain import Chain, advance, gather_sources, start
from ..motion.vectors import to_previous
from ..motion.visibility import edge_band, visible_in_previous
from ..shot import Shot
from .colour import ColourHold
from .plan import Result, Task
from .studio import Studio, as_stored

FEATHER = 1.5  # pixels over which new paint blends into carried paint
APART = 0.05  # pixels a frame from which the two sides of a silhouette count as moving apart


class Flow:
    """Carries the previous frame and paints what it does not show."""

    passes: tuple[str, ...] = ("vector", "object_id", "instance", "surface", "depth")

    def plan(self, shot: Shot, frames: range) -> list[Task]:
        """Each frame needs the one before it, except the first of a segment."""
        starts = {shot.segment_start(frame) for frame in frames} | {frames.start}
        return [Task(frame, () if frame in starts else (frame - 1,)) for frame in frames]

    def run(self, task: Task, studio: Studio) -> Result:
        """Paints or carries one frame. Raises Cancelled."""
        return self._carry(task.frame, studio) if task.needs else self._begin(task.frame, studio)

    def _begin(self, frame: int, studio: Studio) -> Result:
        picture = as_stored(studio.paint(frame, studio.picture(frame)))
        passes = studio.passes(frame, self.passes)
        hold = ColourHold.measure(passes["object_id"], studio.picture(frame), picture / np.float32(255.0))
        chain = start(frame, picture.shape[:2])
        return Result(picture, {**_state(chain, _band(passes, studio)), **hold.state()})

    def _carry(self, frame: int, studio: Studio) -> Result:
        now, before = studio.passes(frame, self.passes), studio.passes(frame - 1, self.passes)
        state = studio.state(frame - 1)
        hold = ColourHold.from_state(state)
        flow = to_previous(now["vector"])
        known = visible_in_previous(now, before, flow)
        chain = advance(_chain(state), flow, known)
        band = _band(now, studio)
        carried = gather_sources(chain, studio.finished)
        new = (chain.source < 0) | band
        if not new.any():
            return Result(as_stored(carried), {**_state(chain, band), **hold.state()})

        render = studio.picture(frame)
        mask = _feathered(new)
        painted = studio.paint(frame, np.where((chain.source < 0)[..., None], render, carried), mask)
        painted = hold.apply(now["object_id"], render, painted, mask > 0.0)
        weight = mask[..., None]
        picture = as_stored(weight * painted + (1.0 - weight) * carried)
        return Result(picture, {**_state(chain.repainted(frame, new), band), **hold.state()})


def _band(passes: dict[str, np.ndarray], studio: Studio) -> np.ndarray:
    """(H,W) bool: near a silhouette whose two sides move apart."""
    height = studio.shot.resolution[1]
    radius = round(studio.settings.edge_band * height / 1000.0)
    if radius == 0:
        return np.zeros(passes["depth"].shape, bool)
    window = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    flow = to_previous(passes["vector"])
    spread = cv2.dilate(flow, window) - cv2.erode(flow, window)
    return edge_band(passes, radius) & (np.abs(spread).max(axis=-1) > APART)


def _feathered(new: np.ndarray) -> np.ndarray:
    """(H,W) float32: 1 where `new`, falling to 0 within FEATHER pixels around it."""
    outside = cv2.distanceTransform((~new).astype(np.uint8), cv2.DIST_L2, 5)
    return np.clip(1.0 - outside / (FEATHER + 1.0), 0.0, 1.0).astype(np.float32)


def _state(chain: Chain, band: np.ndarray) -> dict[str, np.ndarray]:
    # Paint in the band shows an outline seen from here: the next frame must not carry it.
    return {"source": np.where(band, np.int32(-1), chain.source), "position": chain.position}


def _chain(state: dict[str, np.ndarray]) -> Chain:
    return Chain(state["source"], state["position"])
