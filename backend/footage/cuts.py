"""Where one segment of footage ends and another begins.

Paint cannot be carried across a cut, so a cut is defined by that: hardly anything can be followed from one picture to
the next and back, or what can be followed looks nothing alike. The first says nothing where a picture is empty, like
the black before a fade, because nothing in it contradicts standing still; the second says nothing of brightness, so
that a flash is no cut. A pan too fast to follow is one.
"""

import cv2
import numpy as np

from ..motion.estimated import Motion
from ..motion.visibility import ESTIMATED, consistent
from ..motion.warp import carry

FOLLOWED = 0.25  # of the picture; made cuts leave up to 0.14, a new thing that covers half the picture 0.28
ALIKE = 0.25  # correlation of brightness
FLAT = 3.0  # standard deviation of brightness, 0..255, of a picture that shows nothing


def is_cut(before: np.ndarray, here: np.ndarray, motion: Motion) -> bool:
    """Whether a cut lies between two pictures, (H, W, 3) uint8 RGB. motion: from `before` to `here`."""
    old, new = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (before, here))
    if max(old.std(), new.std()) < FLAT:
        return False
    if motion.followed < FOLLOWED:
        return True
    seen = consistent(motion.back, motion.there, **ESTIMATED)
    old, new = carry(old, motion.back, "linear")[seen], new[seen]
    if not len(new):
        return True
    covariance = float(((old - old.mean()) * (new - new.mean())).mean())
    return covariance < ALIKE * max(float(old.std() * new.std()), 1e-6)
