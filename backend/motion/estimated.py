"""Flow estimated from two pictures, for footage; a Blender scene gives exact vectors.

DIS optical flow (Kroeger, Timofte, Dai and Van Gool, ECCV 2016) as OpenCV has it finds motion where there is texture.
Flat colours, as in drawn and plainly shaded pictures, show none: there it is taken over from what is sure around,
across the colour but not across its borders (`smoother`), and all is refined once more on the pictures (Brox et al.,
ECCV 2004). The arithmetic does not depend on the number of threads: the same pictures give the same bytes.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from .smoother import smoothed
from .visibility import ESTIMATED, consistent

NAME = "DIS optical flow"
FINEST_SCALE = 0  # whole pixels: half the error of OpenCV's preset (tests/bench/flow_error.py)
# How much texture (the smaller eigenvalue of the gradients' covariance, brightness 0..1) counts half: to give motion to
# others, and to keep one's own.
GIVES, KEEPS = 1e-3, 1e-4
NEIGHBOURHOOD = 7  # pixels, for the texture
SURE_OF_NOTHING = 1e-6


@dataclass(frozen=True)
class Motion:
    """What moves between two pictures.

    there: the flow from the first to the second; back: the other way; (H, W, 2) float32, as in `vectors`. followed: the
    share of the second picture that could be followed to the first and back by its texture alone, 0..1.
    """

    there: np.ndarray
    back: np.ndarray
    followed: float


def estimate_motion(first: np.ndarray, second: np.ndarray) -> Motion:
    """The motion between two pictures, (H, W, 3) uint8 RGB."""
    grey, other = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (first, second))
    there, back = dis_flow(grey, other), dis_flow(other, grey)
    sure, sure_back = consistent(there, back, **ESTIMATED), consistent(back, there, **ESTIMATED)
    return Motion(
        there=_refined(grey, other, _completed(first, grey, there, sure)),
        back=_refined(other, grey, _completed(second, other, back, sure_back)),
        followed=float(sure_back.mean()),
    )


def dis_flow(grey: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The flow from one picture to another, (H, W) uint8 each, as DIS finds it: without motion where no texture is."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    search.setFinestScale(FINEST_SCALE)
    flow: np.ndarray = search.calc(grey, other, None)
    return flow


def _completed(picture: np.ndarray, grey: np.ndarray, flow: np.ndarray, sure: np.ndarray) -> np.ndarray:
    """`flow` where the picture has texture; elsewhere what is around and `sure`, (H, W) bool.

    What has texture keeps its flow even where that leads astray: there it is told by following it back.
    """
    texture = cv2.cornerMinEigenVal(grey.astype(np.float32) / 255.0, NEIGHBOURHOOD, ksize=3)
    gives = (sure * texture / (texture + GIVES) + SURE_OF_NOTHING)[..., None]
    keeps = (texture / (texture + KEEPS))[..., None]
    spread = smoothed(np.dstack((flow * gives, gives)), picture)
    return keeps * flow + (1.0 - keeps) * spread[..., :2] / spread[..., 2:]


def _refined(grey: np.ndarray, other: np.ndarray, flow: np.ndarray) -> np.ndarray:
    refined: np.ndarray = cv2.VariationalRefinement.create().calc(grey, other, np.ascontiguousarray(flow, np.float32))
    return refined
