"""How far estimated flow is from the true one, what following it there and back is worth, and what it costs.

    python tests/bench/flow_error.py

Run with the backend's Python and Flowbrush on its path. The pictures with true flow lie in `shared/material/flow`
beside the checkout, or where FLOWBRUSH_SHARED says.
"""

import os
import time
from pathlib import Path

import cv2
import numpy as np
from flowbrush.backend.motion.estimated import estimate_motion
from flowbrush.backend.motion.flow_file import read_flo
from flowbrush.backend.motion.visibility import ESTIMATED, consistent
from flowbrush.backend.motion.warp import inside, pixel_grid

SHARED = Path(os.environ.get("FLOWBRUSH_SHARED", Path(__file__).parents[3] / "shared")) / "material" / "flow"
PRESETS = {"ultrafast": 0, "fast": 1, "medium": 2}


def preset(number: int, picture: np.ndarray, other: np.ndarray) -> np.ndarray:
    grey = [cv2.cvtColor(each, cv2.COLOR_RGB2GRAY) for each in (picture, other)]
    return cv2.DISOpticalFlow.create(number).calc(*grey, None)


def ways() -> dict:
    return {
        **{name: lambda a, b, n=n: preset(n, a, b) for name, n in PRESETS.items()},
        "ours": lambda a, b: estimate_motion(a, b).there,
    }


def read(path: Path) -> np.ndarray:
    return cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)


def sets() -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
    """First and second picture, true flow, where it is known, where its point is hidden in the second."""
    sintel, whale = SHARED / "sintel_alley_1", SHARED / "middlebury_RubberWhale"
    hidden, invalid = (cv2.imread(str(sintel / "gt" / k / "frame_0002.png"), 0) > 0 for k in ("occlusions", "invalid"))
    true = read_flo(whale / "flow10.flo")
    known = np.isfinite(true).all(axis=2)
    pair = read(sintel / "frame_0002.png"), read(sintel / "frame_0003.png")
    return {
        "sintel": (*pair, read_flo(sintel / "gt" / "frame_0002.flo"), ~invalid, hidden),
        "whale": (read(whale / "frame10.png"), read(whale / "frame11.png"), true, known, np.zeros_like(known)),
    }


def timed(way, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, float]:
    """The flow, and the seconds of processor time that it took; other work on the machine does not count."""
    way(first, second)
    began = time.process_time()
    flow = way(first, second)
    return flow, time.process_time() - began


def error() -> None:
    print("end-point error, pixels")
    for name, (first, second, true, known, hidden) in sets().items():
        for way_name, way in ways().items():
            flow, seconds = timed(way, first, second)
            off = np.linalg.norm(flow - np.nan_to_num(true), axis=2)
            seen = f"{off[known & ~hidden].mean():.3f}"
            print(
                f"  {name:<7} {way_name:<10} all {off[known].mean():.3f}  seen {seen}  "
                f"95 % below {np.percentile(off[known], 95):.2f}  {1000 * seconds:5.0f} ms"
            )


def visibility() -> None:
    print("what is trusted on sintel: there and back, at the place where the flow ends and at the same pixel")
    first, second, _, known, hidden = sets()["sintel"]
    tolerance = ESTIMATED["tolerance"] ** 2
    for name, way in ways().items():
        there, back = way(first, second), way(second, first)
        squares = (there**2).sum(axis=2) + (back**2).sum(axis=2)
        same = ((there + back) ** 2).sum(axis=2) <= tolerance + ESTIMATED["growth"] * squares
        same &= inside(pixel_grid(*same.shape) + there, *same.shape)
        for how, trusted in (("warped", consistent(there, back, **ESTIMATED)), ("same pixel", same)):
            right = (trusted & ~hidden & known).sum()
            gone = (~trusted & hidden & known).sum()
            print(
                f"  {name:<10} {how:<11} seen: precision {right / (trusted & known).sum():.4f} "
                f"recall {right / (~hidden & known).sum():.4f}   hidden: "
                f"precision {gone / (~trusted & known).sum():.3f} recall {gone / (hidden & known).sum():.3f}"
            )


def cost() -> None:
    print("seconds of one processor for a frame (there and back), and how many times the preset medium that is")
    first, second = sets()["sintel"][:2]
    for size in ((512, 512), (1920, 1080)):
        pair = [cv2.resize(each, size, interpolation=cv2.INTER_CUBIC) for each in (first, second)]
        seconds = {name: 2 * timed(lambda a, b, n=n: preset(n, a, b), *pair)[1] for name, n in PRESETS.items()}
        seconds["ours"] = timed(estimate_motion, *pair)[1]
        listed = "  ".join(f"{name} {value:.2f}" for name, value in seconds.items())
        print(f"  {size[0]} x {size[1]}: {listed}  ratio {seconds['ours'] / seconds['medium']:.1f}")


if __name__ == "__main__":
    error()
    visibility()
    cost()
