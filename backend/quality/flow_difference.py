"""tOF: whether what is painted seems to move as the surfaces do."""

import cv2
import numpy as np

from ..motion.estimated import dis_flow
from .flicker import Link


def tof(picture: np.ndarray, before: np.ndarray, link: Link) -> float | None:
    """Mean distance in pixels between the motion that is seen in two pictures and the true motion `link`.

    After Chu et al., Learning Temporal Coherence via Self-Supervision for GAN-based Video Generation (TecoGAN, ACM TOG
    39 (4), 2020): the difference of the optical flows of a result and of its ground truth. The true flow
    is known here; it is compared over the pixels whose surface both frames show. The flow of the result is DIS (see
    `motion.estimated`), which by itself errs where there is no texture: compare with the render's own value.
    Pictures: (H, W, 3) float32 0..1. None where nothing is seen in both.
    """
    if not link.visible.any():
        return None
    seen = dis_flow(_grey(picture), _grey(before))
    return float(np.linalg.norm(seen - link.flow, axis=2)[link.visible].mean(dtype=np.float64))


def _grey(picture: np.ndarray) -> np.ndarray:
    """(H, W) uint8."""
    return cv2.cvtColor(np.rint(picture * 255.0).clip(0, 255).astype(np.uint8), cv2.COLOR_RGB2GRAY)
