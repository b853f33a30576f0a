"""The method that others published, to be compared with: the formulas of SD-CN-Animation.

After Alexey Borsky's extension for AUTOMATIC1111's web UI (github.com/volotat/SD-CN-Animation, video to video, version
0.9 with its default settings), written anew from what it does:

1. The previous stylized frame is sampled at the nearest pixel along the flow.
2. That is doubted where the flow there and the flow back, both read at the same pixel, do not add up to nothing, and
   where the source frame carried in the same way differs from the source. Doubt is blurred, and half of the last
   frame's is added to it ("occlusion trailing").
3. The source is painted at full strength, its histogram is matched to the source's, and it is blended in by the doubt.
4. The blend is painted over once more at strength 0.15 and matched again. This is the picture; the next frame goes on
   from the blend.

Two things are as they were meant and not as they were written, in favour of the method: its flow is scaled with width
and height swapped, which is only right in square pictures, and its sampling grid is off by up to half a pixel. It also
starts anew at a cut, of which it knows nothing. Its flow is RAFT's; here it is given Blender's vectors or DIS.
"""

from collections.abc import Callable

import cv2
import numpy as np
from flowbrush.backend.methods.plan import Result, Task
from flowbrush.backend.methods.studio import Studio, as_stored
from flowbrush.backend.motion.estimated import dis_flow
from flowbrush.backend.motion.tracking import tracking
from flowbrush.backend.motion.warp import pixel_grid
from flowbrush.backend.shot import Shot

FLOW_WEIGHT, CHANGE_WEIGHT = 50.0, 2.0
STANDS = 20.0  # disagreement counts less the more it moves, and nothing from 1/20 of the picture's size on
BLUR = 3.0  # pixels
TRAIL = 0.5
SECOND_STRENGTH = 0.15

Flows = tuple[np.ndarray, np.ndarray]
"""(H,W,2) float32 each, pixels: from a frame to the one before, and from that one to the frame."""


def blenders_vectors(studio: Studio, frame: int) -> Flows:
    """The flows between `frame` and the one before by the shot's vectors."""
    follow = tracking(studio.shot)
    now, before = studio.passes(frame, follow.passes), studio.passes(frame - 1, follow.passes)
    return follow.to_previous(now, frame), follow.to_next(before, frame - 1)


def estimated(studio: Studio, frame: int) -> Flows:
    """The same as OpenCV's DIS sees it in the pictures."""
    now, before = (cv2.cvtColor(as_stored(studio.picture(number)), cv2.COLOR_RGB2GRAY) for number in (frame, frame - 1))
    return dis_flow(now, before), dis_flow(before, now)


class Published:
    """See the module's text. second: a studio whose painter and settings are for the second pass."""

    def __init__(self, flows: Callable[[Studio, int], Flows], second: Studio) -> None:
        self._flows = flows
        self._second = second

    def plan(self, shot: Shot, frames: range, cancelled: Callable[[], bool]) -> list[Task]:
        """Each frame needs the one before it, except the first of a segment."""
        starts = {shot.segment_start(frame) for frame in frames} | {frames.start}
        return [Task(frame, () if frame in starts else (frame - 1,)) for frame in frames]

    def run(self, task: Task, studio: Studio) -> Result:
        """Paints one frame."""
        frame, render = task.frame, studio.picture(task.frame)
        source = as_stored(render)
        fresh = matched(as_stored(studio.paint(frame, render)), source) / np.float32(255.0)
        if not task.needs:
            return Result(
                as_stored(fresh), {"styled": as_stored(fresh), "trail": np.zeros(fresh.shape[:2], np.float32)}
            )
        state = studio.state(frame - 1)
        back, forth = self._flows(studio, frame)
        carried = nearest_along(state["styled"] / np.float32(255.0), back)
        trail = doubt(back, forth, nearest_along(studio.picture(frame - 1), back), render) + TRAIL * state["trail"]
        share = np.clip(trail, 0.0, 1.0)[..., None]
        under = share * render + (1.0 - share) * carried
        styled = as_stored(share * fresh + (1.0 - share) * under)
        again = as_stored(self._second.paint(frame, styled / np.float32(255.0)))
        return Result(matched(again, source), {"styled": styled, "trail": trail.astype(np.float32)})


def nearest_along(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """The pixels of `picture` (H,W,3) float32 nearest to where `flow` leads; beyond its border it is mirrored."""
    positions = pixel_grid(*flow.shape[:2]) + flow
    found: np.ndarray = cv2.remap(picture, positions, None, cv2.INTER_NEAREST, borderMode=cv2.BORDER_REFLECT)
    return found


def doubt(back: np.ndarray, forth: np.ndarray, carried: np.ndarray, render: np.ndarray) -> np.ndarray:
    """(H,W) float32 0..1: how much of what was carried is painted over.

    back, forth: flows, read at the same pixel. carried, render: the source of the frame before carried here, and this
    frame's, (H,W,3) float32 0..1.
    """
    height, width = back.shape[:2]
    size = np.array([width, height], np.float32)
    disagree = np.linalg.norm((back + forth) / size, axis=2)
    stands = np.clip(1.0 - STANDS * np.linalg.norm(back / size, axis=2), 0.0, 1.0)
    changed = np.abs(carried - render).max(axis=2)
    raw = np.maximum(FLOW_WEIGHT * disagree * stands, CHANGE_WEIGHT * changed).astype(np.float32)
    window = min(width, height) // 15 | 1
    blurred = cv2.GaussianBlur(raw, (window, window), BLUR)
    return np.clip(blurred, 0.0, 1.0)


def matched(picture: np.ndarray, source: np.ndarray) -> np.ndarray:
    """`picture` with the histogram of `source`, uint8 each; all channels are one histogram, as published.

    Histogram specification (Gonzalez and Woods, Digital Image Processing), without dithering.
    """
    counts, wanted = (np.bincount(one.ravel(), minlength=256) for one in (picture, source))
    [levels] = np.nonzero(wanted)
    reached = np.cumsum(wanted)[levels] / source.size
    table = np.interp(np.cumsum(counts) / picture.size, reached, levels)
    return np.clip(table, 0, 255).astype(np.uint8)[picture]
