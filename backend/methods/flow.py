"""Method `flow`: paint the first frame of a segment, carry it along the shot's motion vectors, paint what is new.

Carried paint is gathered from the pictures in which it was painted, in one resampling, however many frames ago that
was (`motion.chain`). Painted anew is what became visible, and a thin band along silhouettes where the two sides move
apart, because an outline belongs to the view and not to the surface. The picture is composed of carried and painted
paint only, never of the render, except where the take's mask keeps the render; there nothing is carried either. New
paint gets the colours that the first frame gave each object in each of its regions.
"""

from collections.abc import Callable

import numpy as np

from ..motion.chain import UNKNOWN, Chain, advance, gather_sources, painted, start
from ..motion.silhouettes import crossed_border
from ..motion.tracking import Tracking, tracking
from ..shot import Shot
from .colour import ColourHold
from .plan import Result, Task
from .seams import feathered, fitted, ring_mask
from .studio import Studio, as_stored


class Flow:
    """Carries the previous frame and paints what it does not show."""

    def plan(self, shot: Shot, frames: range, cancelled: Callable[[], bool]) -> list[Task]:
        """Each frame needs the one before it, except the first of a segment."""
        starts = {shot.segment_start(frame) for frame in frames} | {frames.start}
        return [Task(frame, () if frame in starts else (frame - 1,)) for frame in frames]

    def run(self, task: Task, studio: Studio) -> Result:
        """Paints or carries one frame. Raises Cancelled."""
        return self._carry(task.frame, studio) if task.needs else self._begin(task.frame, studio)

    def _begin(self, frame: int, studio: Studio) -> Result:
        painting = as_stored(studio.paint(frame, studio.picture(frame)))
        follow = tracking(studio.shot)
        passes = studio.passes(frame, follow.passes)
        inside = ~follow.silhouette_band(passes, 2 * _radius(studio))
        surfaces = studio.areas(frame).tell_apart(follow.surfaces(passes))
        hold = ColourHold.measure(surfaces, inside, studio.picture(frame), painting / np.float32(255.0))
        return _result(studio, frame, painting, start(frame, *painting.shape[:2]), hold)

    def _carry(self, frame: int, studio: Studio) -> Result:
        follow = tracking(studio.shot)
        now, before = studio.passes(frame, follow.passes), studio.passes(frame - 1, follow.passes)
        state = studio.state(frame - 1)
        hold = ColourHold.from_state(state)
        radius = _radius(studio)
        # An outline painted where two surfaces now part would stick to one of them: it is left behind ...
        left_behind = _of_this_view(follow, before, follow.to_next(before, frame - 1), radius)
        flow = follow.to_previous(now, frame)
        chain = advance(_without(_chain(state), left_behind), flow, follow.seen_before(now, before, flow))
        render, areas = studio.picture(frame), studio.areas(frame)
        carried = gather_sources(chain, studio.finished)
        # ... and drawn anew where they part now.
        new = (chain.source == UNKNOWN) | _of_this_view(follow, now, flow, radius)
        if areas.painted is not None:
            kept = areas.painted == 0.0
            new &= ~kept
            carried[kept] = render[kept]
        if not new.any():
            return _result(studio, frame, as_stored(carried), chain, hold)

        ring = ring_mask(new)
        fresh = studio.paint(frame, np.where(ring[..., None] > 0.0, render, carried), ring)
        surfaces = areas.tell_apart(follow.surfaces(now))
        fresh = hold.apply(surfaces, ~follow.silhouette_band(now, 2 * radius), render, fresh, ring > 0.0)
        fresh = fitted(fresh, carried, ring > 0.0, new, surfaces)
        mask = feathered(new)
        painting = as_stored(carried + mask[..., None] * (fresh - carried))
        return _result(studio, frame, painting, painted(chain, frame, new), hold)


def _result(studio: Studio, frame: int, painting: np.ndarray, chain: Chain, hold: ColourHold) -> Result:
    """`painting`, (H,W,3) uint8, with what the next frame goes on from."""
    shown_at = studio.areas(frame).painted
    if shown_at is None:
        return Result(painting, {**_state(chain), **hold.state()})
    chain = _without(chain, shown_at == 0.0)
    return Result(studio.shown(frame, painting), {**_state(chain), **hold.state()}, painting)


def _radius(studio: Studio) -> int:
    """How far from a silhouette paint belongs to this view, pixels."""
    return round(studio.settings.edge_band * studio.shot.resolution[1] / 1000.0)


def _of_this_view(follow: Tracking, passes: dict[str, np.ndarray], flow: np.ndarray, radius: int) -> np.ndarray:
    """(H,W) bool: where paint belongs to the view and not to a surface."""
    return follow.parting_band(passes, flow, radius) | crossed_border(flow, radius)


def _without(chain: Chain, pixels: np.ndarray) -> Chain:
    return Chain(np.where(pixels, np.int32(UNKNOWN), chain.source), chain.position)


def _state(chain: Chain) -> dict[str, np.ndarray]:
    return {"source": chain.source, "position": chain.position}


def _chain(state: dict[str, np.ndarray]) -> Chain:
    return Chain(state["source"], state["position"])
