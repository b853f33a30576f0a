"""Warping with measured flow reproduces real pictures: axes, signs and pixel centres are right.

The sets are not part of the project: they lie in `shared/material/flow` beside the checkout, or in the folder that
FLOWBRUSH_SHARED names. Flow of the first picture leads to the second; the first is reproduced from the second.
"""

import os
from pathlib import Path

import cv2
import numpy as np
import pytest
from flowbrush.backend.motion.estimated import estimate_motion
from flowbrush.backend.motion.flow_file import read_flo
from flowbrush.backend.motion.visibility import ESTIMATED, consistent
from flowbrush.backend.motion.warp import Kernel, carry, inside, pixel_grid

SHARED = Path(os.environ.get("FLOWBRUSH_SHARED", Path(__file__).parents[3] / "shared"))
FLOW = SHARED / "material" / "flow"

pytestmark = [
    pytest.mark.shared,
    pytest.mark.skipif(not FLOW.is_dir(), reason=f"the true flow sets are not at {FLOW}"),
]


def picture(path: Path) -> np.ndarray:
    return cv2.imread(str(path)).astype(np.float32) / 255.0


def sintel() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """First picture, second picture, flow, and where the flow is valid and its point not hidden in the second."""
    folder = FLOW / "sintel_alley_1"
    marks = [cv2.imread(str(folder / "gt" / kind / "frame_0002.png"), 0) for kind in ("occlusions", "invalid")]
    flow = read_flo(folder / "gt" / "frame_0002.flo")
    return (
        picture(folder / "frame_0002.png"),
        picture(folder / "frame_0003.png"),
        flow,
        (marks[0] == 0) & (marks[1] == 0),
    )


def rubber_whale() -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """First picture, second picture, flow, and where it is known."""
    folder = FLOW / "middlebury_RubberWhale"
    flow = read_flo(folder / "flow10.flo")
    return picture(folder / "frame10.png"), picture(folder / "frame11.png"), flow, np.isfinite(flow).all(axis=2)


def decibels(first: np.ndarray, second: np.ndarray, flow: np.ndarray, where: np.ndarray, kernel: Kernel) -> float:
    warped = carry(second, np.nan_to_num(flow), kernel)
    return float(-10 * np.log10(np.mean((warped - first)[where].astype(np.float64) ** 2)))


def test_sintel_is_reproduced():
    first, second, flow, where = sintel()
    assert 0.9 < where.mean() < 0.99
    assert decibels(first, second, flow, where, "linear") == pytest.approx(37.0, abs=0.5)
    assert decibels(first, second, flow, where, "lanczos") > 38.0
    assert decibels(first, second, -flow, where, "linear") < 30
    assert decibels(first, second, flow[..., ::-1], where, "linear") < 35
    assert decibels(first, second, flow + np.float32(0.5), where, "linear") < 35


def test_rubber_whale_is_reproduced():
    first, second, flow, where = rubber_whale()
    assert 0.98 < where.mean() < 0.99
    # 39 dB is the bar; bilinear sampling of all known pixels gives 39.7.
    assert decibels(first, second, flow, where, "linear") == pytest.approx(39.7, abs=0.1)
    assert decibels(first, second, flow, where, "lanczos") > 40.0
    assert decibels(first, second, -flow, where, "linear") < 35


def estimated(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The flow there and back."""
    one, other = (np.rint(picture[..., ::-1] * 255).astype(np.uint8) for picture in (first, second))
    motion = estimate_motion(one, other)
    return motion.there, motion.back


@pytest.mark.parametrize(("pair", "limit"), [(sintel, 0.25), (rubber_whale, 0.13)])
def test_estimated_flow_ends_near_the_true_one(pair, limit):
    first, second, flow, where = pair()
    error = np.linalg.norm(estimated(first, second)[0] - np.nan_to_num(flow), axis=2)[where]
    assert error.mean() < limit, f"{error.mean():.3f} pixels"


def test_following_there_and_back_tells_what_is_seen():
    """At the place where the flow ends; the sum of both flows at one pixel throws away twice as much that is seen."""
    first, second, _, _ = sintel()
    folder = FLOW / "sintel_alley_1" / "gt"
    hidden, invalid = (cv2.imread(str(folder / kind / "frame_0002.png"), 0) > 0 for kind in ("occlusions", "invalid"))
    there, back = estimated(first, second)

    def lost_and_found(seen: np.ndarray) -> tuple[float, float]:
        """How much of what is seen is not trusted, and how much of what is not trusted is truly hidden."""
        return float((~seen)[~hidden & ~invalid].mean()), float(hidden[~seen & ~invalid].mean())

    lost, found = lost_and_found(consistent(there, back, **ESTIMATED))
    squares = (there**2).sum(axis=2) + (back**2).sum(axis=2)
    same_pixel = ((there + back) ** 2).sum(axis=2) <= ESTIMATED["tolerance"] ** 2 + ESTIMATED["growth"] * squares
    height, width = same_pixel.shape
    lost_wrongly, found_wrongly = lost_and_found(same_pixel & inside(pixel_grid(height, width) + there, height, width))
    assert lost < 0.03 and lost < 0.65 * lost_wrongly
    assert found > 1.4 * found_wrongly
