"""Flow estimated from two pictures, for footage; a Blender scene gives exact vectors.

DIS optical flow (Kroeger, Timofte, Dai and Van Gool, ECCV 2016), as OpenCV has it. The arithmetic does not depend on
the number of threads, so that the same pictures give the same bytes.
"""

import cv2
import numpy as np

NAME = "DIS optical flow"
# Down to whole pixels: three to six times as slow as OpenCV's preset, with a third less error (tests/bench/flow_error).
FINEST_SCALE = 0


def estimate_flow(picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The flow from `picture` to `other`, (H, W, 3) uint8 RGB each: (H, W, 2) float32 as in `vectors`."""
    estimator = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    estimator.setFinestScale(FINEST_SCALE)
    grey, other_grey = (cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (picture, other))
    flow: np.ndarray = estimator.calc(grey, other_grey, None)
    return flow
