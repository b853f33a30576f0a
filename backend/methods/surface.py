"""Method `surface`: paint every surface once, and find it again in every frame, however it moved or was hidden.

Keyframes are painted first, in the order in which they add most surface; each starts from what earlier ones painted,
and only its new surface is painted. Every frame is then put together from them in one resampling, through the surface
coordinate. Lines along silhouettes belong to the view: how the painter draws them is measured in the keyframes, and
every frame has them along its own silhouettes (`line_style`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np

from ..errors import Cancelled
from ..motion.light import answer_to_light, light_change, luminance, relit
from ..motion.outline import continued, soften_borders
from ..motion.places import with_sky
from ..motion.surface import Points
from ..motion.visibility import SURFACE
from ..motion.warp import gather_at
from ..passes.exr import read_passes
from ..shot import Shot
from .colour import ColourHold
from .keyframes import LARGER, choose_keyframes
from .line_style import LineStyle
from .plan import Result, Task
from .seams import feathered, fitted, ring_mask, without_specks
from .studio import Studio, as_stored

THIN = 4.0  # pixels: what is missing no farther than that from paint is continued from it
SLIVER = 5  # pixels: of what is narrower no painter makes more than a speck
SPECKS = 0.0001  # of the picture; as much may be filled with what lies beside it, of whatever surface
PATCH = 0.004  # of the picture; more than that of a frame that cannot be continued is painted for it
Passes = dict[str, np.ndarray]


class Surface:
    """Paints surfaces, not frames."""

    def plan(self, shot: Shot, frames: range, cancelled: Callable[[], bool]) -> list[Task]:
        """Keyframes first, each needing those before it; then all frames. Raises Cancelled."""

        def places(frame: int) -> dict[str, np.ndarray]:
            if cancelled():
                raise Cancelled()
            return with_sky(read_passes(shot, frame, SURFACE), shot, frame)

        chosen = choose_keyframes(frames, places)
        keyframes = [Task(frame, keyframes=tuple(chosen[:i]), is_keyframe=True) for i, frame in enumerate(chosen)]
        return [*keyframes, *(Task(frame, keyframes=tuple(chosen)) for frame in frames)]

    def run(self, task: Task, studio: Studio) -> Result:
        """Paints a keyframe, or puts a frame together. Raises Cancelled."""
        return _paint_keyframe(task, studio) if task.is_keyframe else _put_together(task, studio)


@dataclass(frozen=True)
class _Found:
    """What keyframes make of a frame, without lines along silhouettes.

    picture: (H,W,3) float32, continued where there is no paint. missing, lost, coarse, guessed: (H,W) bool, there is
    none; nor any of its surface close by; what there is was painted much smaller; or it stands for what a line covered,
    and here is no line.
    """

    picture: np.ndarray
    missing: np.ndarray
    lost: np.ndarray
    coarse: np.ndarray
    guessed: np.ndarray

    @cached_property
    def open(self) -> np.ndarray:
        """(H,W) bool: what is painted anew if the frame is a keyframe; no slivers, which are better continued."""
        everything = (self.missing | self.coarse | self.guessed).astype(np.uint8)
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (SLIVER, SLIVER))
        return cv2.morphologyEx(everything, cv2.MORPH_OPEN, disc).astype(bool) | self.lost


def _paint_keyframe(task: Task, studio: Studio) -> Result:
    frame = task.frame
    lines, render = studio.outline(frame), studio.picture(frame)
    surfaces = studio.areas(frame).tell_apart(studio.places(frame)["object_id"])
    earlier = [LineStyle.from_state(studio.keyframe_state(keyframe)) for keyframe in task.keyframes]
    hold: dict[str, np.ndarray] = {}
    if not task.keyframes:
        picture = studio.paint(frame, render)
        own = np.ones(lines.band.shape, bool)
        hold = ColourHold.measure(surfaces, ~lines.band, render, picture).state()
        answer = answer_to_light(luminance(np.clip(picture, 0.0, 1.0)), studio.luminance(frame), surfaces, ~lines.band)
        hold["answer_to_light"] = np.array(answer, np.float32)
    else:
        found = _found(task, studio)
        base = LineStyle.together(earlier).drawn(found.picture, surfaces, lines)
        blend = feathered(found.open)
        picture = base + blend[..., None] * (_painted(task, studio, base, found) - base)
        own = (blend > 0.0) | found.missing
    painting = as_stored(picture)
    bare = continued(painting, ~lines.band, lines.labels, studio.places(frame)["depth"])
    painted, bare = painting / np.float32(255.0), bare / np.float32(255.0)
    style = LineStyle.measure(surfaces, lines, painted, bare, own)
    lined = LineStyle.together([*earlier, style]).altering(surfaces, lines)
    distrusted = [item.id for item in studio.shot.objects if not item.trusted]
    kept = own & ~np.isin(studio.places(frame)["object_id"], distrusted)
    bits = {"own": np.packbits(kept), "lined": np.packbits(lined)}
    return Result(painting, {**bits, **style.state(), **hold})


def _put_together(task: Task, studio: Studio) -> Result:
    frame = task.frame
    lines, areas = studio.outline(frame), studio.areas(frame)
    surfaces = areas.tell_apart(studio.places(frame)["object_id"])
    found = _found(task, studio)
    style = LineStyle.together(LineStyle.from_state(studio.keyframe_state(frame)) for frame in task.keyframes)
    patch = cv2.distanceTransform(found.missing.astype(np.uint8), cv2.DIST_L2, 5) > THIN
    lost = found.lost
    if areas.painted is not None:
        patch, lost = patch & (areas.painted > 0.0), lost & (areas.painted > 0.0)
    picture = style.drawn(soften_borders(found.picture, lines), surfaces, lines)
    if patch.mean() >= PATCH or lost.mean() >= SPECKS:
        picture = np.where((found.missing & found.open)[..., None], _painted(task, studio, picture, found), picture)
    painting = as_stored(picture)
    return Result(studio.shown(frame, painting), painted=None if areas.painted is None else painting)


def _found(task: Task, studio: Studio) -> _Found:
    """What the task's keyframes hold of its frame; later keyframes lie on earlier ones."""
    places, lines = studio.places(task.frame), studio.outline(task.frame)
    shape = lines.band.shape
    points = Points.of(places)
    picture = np.zeros((*shape, 3), np.float32)
    light = np.zeros(shape, np.float32)
    missing, unsure, small = np.ones(shape, bool), np.ones(shape, bool), np.zeros(shape, bool)
    source = np.zeros(shape, np.int32)
    follows = studio.settings.light == "follow"
    for number, keyframe in enumerate(reversed(task.keyframes), 1):
        paint = studio.painted_surface(keyframe).find(points, unsure)
        # What a line covered is only guessed: an earlier keyframe may show it.
        used = missing.ravel()[paint.at] | ~paint.guessed
        at = paint.at[used]
        picture.reshape(-1, 3)[at] = paint.colours[used]
        if follows:
            light.ravel()[at] = gather_at(studio.luminance(keyframe), paint.positions[used], "linear")
        small.ravel()[at] = paint.scale[used] > LARGER
        source.ravel()[at] = np.where(paint.guessed[used], -number, number)
        missing.ravel()[at] = False
        unsure.ravel()[at[~paint.guessed[used]]] = False
        if not unsure.any():
            break
    if follows and not missing.all():
        known = ~unsure & ~lines.band
        change = light_change(studio.luminance(task.frame), light, known) * ~missing
        # A painter that draws shadows paler than they are does so as well where they move.
        picture = relit(picture, change * studio.keyframe_state(task.keyframes[0])["answer_to_light"])
    picture[missing] = np.nan
    picture = continued(picture, ~missing, lines.labels, places["depth"])
    lost = np.isnan(picture[..., 0])
    # For the painter to start from, and for the eye where it is but a speck: whatever is beside it.
    if lost.any():
        picture = np.nan_to_num(continued(picture, ~lost, np.zeros_like(lines.labels), np.ones_like(places["depth"])))
    return _Found(without_specks(picture, source), missing, lost, small, unsure & ~missing & ~lines.band)


def _painted(task: Task, studio: Studio, base: np.ndarray, found: _Found) -> np.ndarray:
    """(H,W,3) float32: paint for all that is open in `found`, in the colours and the tone of `base` around it."""
    render, lines = studio.picture(task.frame), studio.outline(task.frame)
    ring = ring_mask(found.open)
    # Around new paint the painter shows how it would paint today what is there: from what the new paint starts from.
    start = np.where(((ring > 0.0) & ~_nearer(found.coarse, found.open & ~found.coarse))[..., None], render, base)
    fresh = studio.paint(task.frame, start, ring)
    surfaces = studio.areas(task.frame).tell_apart(studio.places(task.frame)["object_id"])
    hold = ColourHold.from_state(studio.keyframe_state(task.keyframes[0]))
    fresh = hold.apply(surfaces, ~lines.band, render, fresh, ring > 0.0)
    return fitted(fresh, base, ring > 0.0, found.open, surfaces)


def _nearer(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """(H,W) bool: the nearest of the pixels `one` is nearer than that of `other`, (H,W) bool both."""
    if not one.any() or not other.any():
        return np.full(one.shape, one.any())
    apart = [cv2.distanceTransform((~pixels).astype(np.uint8), cv2.DIST_L2, 5) for pixels in (one, other)]
    nearer: np.ndarray = apart[0] < apart[1]
    return nearer
