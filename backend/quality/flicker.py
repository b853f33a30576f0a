"""Warping error: how much a surface changes its colour from one frame to the next.

After Lai et al., Learning Blind Video Temporal Consistency (ECCV 2018), section 4.2, with the shot's own vectors and
visibility (Blender's true ones, unless it is footage), and the root of the mean square instead of the mean square.
"""

from collections.abc import Callable

import numpy as np

from ..motion.tracking import tracking
from ..motion.warp import carry
from ..passes.exr import read_passes
from ..shot import Shot


def warping_error(shot: Shot, frames: range, load: Callable[[int], np.ndarray]) -> float:
    """Root mean square difference between each frame and the one before carried onto it, in 8-bit levels (0..255).

    Over the pixels whose surface both frames show; cuts are left out. load(frame): (H,W,3) float32 0..1.
    The render has an error of its own (moving light, antialiasing): compare with it.
    """
    follow = tracking(shot)
    squares, pixels = 0.0, 0
    for frame in frames[1:]:
        if shot.segment_start(frame) == frame:
            continue
        now, before = read_passes(shot, frame, follow.passes), read_passes(shot, frame - 1, follow.passes)
        flow = follow.to_previous(now, frame)
        visible = follow.seen_before(now, before, flow)
        difference = (load(frame) - carry(load(frame - 1), flow))[visible]
        squares += float(np.square(difference, dtype=np.float64).sum())
        pixels += difference.size
    return 255.0 * float(np.sqrt(squares / max(pixels, 1)))
