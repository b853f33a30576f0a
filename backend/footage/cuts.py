"""Where one segment of footage ends and another begins.

Paint cannot be carried across a cut, so a cut is defined by that: hardly anything can be followed from one picture to
the next and back, or what can be followed looks nothing alike. The first says nothing where a picture is empty, like
the black before a fade, because nothing in it contradicts standing still; the second says nothing of brightness, so
that a flash is no cut. A pan too fast to follow is one.
"""

import cv2
import numpy as np

from ..motion.visibility import ESTIMATED, consistent
from ..motion.warp import carry

FOLLOWED = 0.25  # of the picture; made cuts leave up to 0.14, a new thing that covers half the picture 0.28
ALIKE = 0.25  # correlation of brightness
FLAT = 3.0  # standard deviation of brightness, 0..255, of a picture that shows nothing


def is_cut(before: np.ndarray, here: np.ndarray, to_before: np.ndarray, to_here: np.ndarray) -> bool:
    """Whether a cut lies between two pictures, (H, W, 3) uint8 RGB, with the flows (H, W, 2) between them.

    to_before: from `here` to `before`; to_here: the other way.
    """
    old, new = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32) for picture in (before, here))
    if max(old.std(), new.std()) < FLAT:
        return False
    followed = consistent(to_before, to_here, **ESTIMATED)
    if followed.mean() < FOLLOWED:
        return True
    old, new = carry(old, to_before, "linear")[followed], new[followed]
    covariance = float(((old - old.mean()) * (new - new.mean())).mean())
    return covariance < ALIKE * max(float(old.std() * new.std()), 1e-6)
