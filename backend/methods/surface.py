"""Method `surface`: paint every surface once, and find it again in every frame, however it moved or was hidden.

Keyframes are painted first, in the order in which they add most surface; each starts from what earlier ones painted,
and only its new surface is painted. Every frame is then put together from them in one resampling, through the surface
coordinate. What no keyframe shows is painted in its own frame and found again later like everything else. Outlines
belong to the view: where a silhouette appears its line is painted, and then moves along with it (`motion.outline`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np

from ..errors import Cancelled
from ..motion.chain import UNKNOWN, Chain, gather_sources, painted
from ..motion.light import light_change, relit
from ..motion.outline import Outline, behind_lines, follow_outline, soften_borders
from ..motion.places import with_sky
from ..motion.surface import Points
from ..motion.tracking import tracking
from ..motion.visibility import SURFACE
from ..motion.warp import gather_at
from ..passes.exr import read_passes
from ..shot import Shot
from .colour import ColourHold
from .keyframes import choose_keyframes
from .plan import Result, Task
from .seams import feathered, fitted, ring_mask
from .studio import Studio, as_stored

LARGER = 1.7  # times as large as an earlier keyframe shows it: a surface seen this close is painted again
SPECKS = 0.0003  # of the picture; less than this is filled from around and not painted
DASHES = 0.001  # of the picture; fewer pixels without their line wait until there are more of them
Passes = dict[str, np.ndarray]


class Surface:
    """Paints surfaces, not frames."""

    def plan(self, shot: Shot, frames: range, cancelled: Callable[[], bool]) -> list[Task]:
        """Keyframes first, each needing those before it; then all frames in order. Raises Cancelled."""

        def places(frame: int) -> dict[str, np.ndarray]:
            if cancelled():
                raise Cancelled()
            return with_sky(read_passes(shot, frame, SURFACE), shot, frame)

        chosen = choose_keyframes(frames, places)
        keyframes = [Task(frame, keyframes=tuple(chosen[:i]), is_keyframe=True) for i, frame in enumerate(chosen)]
        return [*keyframes, *(Task(frame, tuple(frames[:i]), tuple(chosen)) for i, frame in enumerate(frames))]

    def run(self, task: Task, studio: Studio) -> Result:
        """Paints a keyframe, or puts a frame together. Raises Cancelled."""
        return _paint_keyframe(task, studio) if task.is_keyframe else _put_together(task, studio)


@dataclass(frozen=True)
class _Found:
    """What earlier paint makes of a frame.

    picture: (H,W,3) float32, 0 where there is no paint. missing: (H,W) bool, there is none. open: (H,W) bool, there is
    none, or what there is was painted much smaller.
    """

    picture: np.ndarray
    missing: np.ndarray
    open: np.ndarray


def _paint_keyframe(task: Task, studio: Studio) -> Result:
    frame = task.frame
    passes = studio.places(frame)
    lines = studio.outline(frame)
    hold: dict[str, np.ndarray] = {}
    if not task.keyframes:
        render = studio.picture(frame)
        picture = studio.paint(frame, render)
        own = np.ones(lines.band.shape, bool)
        surfaces = studio.areas(frame).tell_apart(passes["object_id"])
        hold = ColourHold.measure(surfaces, ~lines.band, render, picture).state()
    else:
        found = _found(task, studio, passes)
        blend = feathered(found.open) * ~found.missing + found.missing
        fresh = _painted(task, studio, passes, lines, found)
        picture = found.picture + blend[..., None] * (fresh - found.picture)
        own = blend > 0.0
    return Result(as_stored(picture), {"own": _bits(own & ~lines.band, passes, studio), **hold})


def _put_together(task: Task, studio: Studio) -> Result:
    frame = task.frame
    passes = studio.places(frame)
    lines = studio.outline(frame)
    found = _found(task, studio, passes)
    chain, drawn_at = _outlines_before(task, studio, lines)
    drawn = chain.source != UNKNOWN
    weight = np.where(found.missing, np.float32(1.0), lines.strength) * drawn
    picture = found.picture + weight[..., None] * (gather_sources(chain, studio.with_lines) - found.picture)
    undrawn = lines.near & ~drawn
    clean = behind_lines(lines)
    continued = found.missing & ~drawn & lines.spilled & (clean >= 0)
    unpainted = found.missing & ~drawn & ~continued
    own, state = np.zeros_like(unpainted), {}
    shown_at = studio.areas(frame).painted
    if shown_at is not None:
        kept = shown_at == 0.0
        unpainted &= ~kept
        undrawn &= ~kept
        continued &= ~kept
        picture[kept] = studio.picture(frame)[kept]
    if unpainted.mean() < SPECKS and undrawn.mean() < DASHES:
        specks = unpainted.astype(np.uint8)
        picture = cv2.inpaint(as_stored(picture), specks, 3, cv2.INPAINT_TELEA) / np.float32(255.0)
    else:
        fresh = _painted(task, studio, passes, lines, _Found(picture, unpainted, unpainted | undrawn))
        # Not blended with what is beside it, which belongs to other frames and would look otherwise in this one.
        weight = np.where(unpainted, np.float32(1.0), lines.strength * undrawn)
        picture += weight[..., None] * (fresh - picture)
        own = unpainted & ~lines.band
        in_band = undrawn | (unpainted & lines.band)
        chain = painted(chain, frame, in_band)
        drawn_at = np.where(in_band, lines.distance, drawn_at)
        spilt = lines.spilled & (cv2.dilate(undrawn.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0)
        state = {"spilt": np.flatnonzero(spilt).astype(np.uint32), "spilt_paint": as_stored(fresh[spilt])}
    picture[continued] = picture.reshape(-1, 3)[clean[continued]]
    state |= {"own": _bits(own, passes, studio), **_stored_lines(chain, drawn_at)}
    painting = as_stored(soften_borders(picture, lines))
    return Result(studio.shown(frame, painting), state, None if shown_at is None else painting)


def _bits(own: np.ndarray, passes: Passes, studio: Studio) -> np.ndarray:
    """What was painted here to be found again, as bits: not where rest positions mean nothing from frame to frame."""
    distrusted = [item.id for item in studio.shot.objects if not item.trusted]
    return np.packbits(own & ~np.isin(passes["object_id"], distrusted))


def _found(task: Task, studio: Studio, passes: Passes) -> _Found:
    """What the task's keyframes and frames hold of a frame with these passes; later keyframes lie on earlier ones."""
    shape = passes["object_id"].shape
    picture = np.zeros((*shape, 3), np.float32)
    missing, small = np.ones(shape, bool), np.zeros(shape, bool)
    follows = studio.settings.light == "follow"
    light = np.zeros(shape, np.float32)
    points = Points.of(passes)
    # Frames paint only what no keyframe shows: the order of the two does not matter, and keyframes show most.
    earlier = [(frame, True) for frame in reversed(task.keyframes)] + [(frame, False) for frame in reversed(task.needs)]
    for frame, is_keyframe in earlier:
        index = studio.painted_surface(frame, is_keyframe)
        place = index.find(points, missing) if index else None
        if place and place.found.any():
            paint = studio.keyframe(frame) if is_keyframe else studio.finished(frame)
            picture[place.found] = gather_at(paint, place.positions[place.found])
            if follows:
                light[place.found] = gather_at(studio.luminance(frame), place.positions[place.found], "linear")
            missing &= ~place.found
            small |= place.found & (place.scale > LARGER)
        if not missing.any():
            break
    if follows and not missing.all():
        known = ~missing & ~studio.outline(task.frame).band
        picture = relit(picture, light_change(studio.luminance(task.frame), light, known) * ~missing)
    return _Found(picture, missing, missing | small)


def _painted(task: Task, studio: Studio, passes: Passes, lines: Outline, found: _Found) -> np.ndarray:
    """(H,W,3) float32: paint for all that is open in `found`, in the colours and the tone of what is there."""
    render = studio.picture(task.frame)
    ring = ring_mask(found.open)
    # What is there but too coarse is painted over, as it is; around it the painter shows how it would paint that today.
    coarse = found.open & ~found.missing
    start = np.where(((ring > 0.0) & ~coarse)[..., None], render, found.picture)
    fresh = studio.paint(task.frame, start, ring)
    surfaces = studio.areas(task.frame).tell_apart(passes["object_id"])
    hold = ColourHold.from_state(studio.keyframe_state(task.keyframes[0]))
    fresh = hold.apply(surfaces, ~lines.band, render, fresh, ring > 0.0)
    return fitted(fresh, found.picture, ring > 0.0, found.open, surfaces)


def _outlines_before(task: Task, studio: Studio, lines: Outline) -> tuple[Chain, np.ndarray]:
    """The paint along silhouettes that the frame before leaves to this one; see `follow_outline`."""
    frame, (height, width) = task.frame, lines.distance.shape
    chain = Chain(np.full((height, width), UNKNOWN, np.int32), np.zeros((height, width, 2), np.float32))
    drawn_at = np.full((height, width), np.inf, np.float32)
    if frame - 1 not in task.needs or studio.shot.segment_start(frame) == frame:
        return chain, drawn_at
    state = studio.state(frame - 1)
    pixels = state["line_pixels"]
    chain.source.ravel()[pixels] = state["line_source"]
    chain.position.reshape(-1, 2)[pixels] = state["line_position"]
    drawn_at.ravel()[pixels] = state["line_distance"]
    follow = tracking(studio.shot)
    now, then = studio.passes(frame, follow.passes), studio.passes(frame - 1, follow.passes)
    flow = follow.to_previous(now, frame)
    return follow_outline(chain, drawn_at, lines, studio.outline(frame - 1), flow, follow.seen_before(now, then, flow))


def _stored_lines(chain: Chain, drawn_at: np.ndarray) -> dict[str, np.ndarray]:
    pixels = np.flatnonzero(chain.source != UNKNOWN)
    return {
        "line_pixels": pixels.astype(np.uint32),
        "line_source": chain.source.ravel()[pixels],
        "line_position": chain.position.reshape(-1, 2)[pixels],
        "line_distance": drawn_at.ravel()[pixels],
    }
