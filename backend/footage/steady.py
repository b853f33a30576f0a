"""Depth that an estimator gave frame by frame, brought to one scale.

An estimator's depth is known up to a scale and a shift, which change from frame to frame: drawn as it is, it flickers.
Where points can be followed, both are held: between neighbouring frames the followed points say by how much the spread
and the mean jump, and a scale and a shift for every frame are chosen that take these jumps back. A weak pull towards
each frame's own values keeps the sum of many small errors from drifting; it acts over about 1 / sqrt(PULL) frames.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solveh_banded

PULL = 0.01  # of a frame's own values, against 1 for agreeing with the frame before
FEWEST = 64  # followed points that say something


@dataclass(frozen=True)
class Followed:
    """Mean and spread (standard deviation) of points in this frame and, the same points, in the frame before."""

    mean: float
    spread: float
    mean_before: float
    spread_before: float


def followed(depth: np.ndarray, depth_before: np.ndarray, seen: np.ndarray) -> Followed | None:
    """What the points `seen`, (H, W) bool, have in common: `depth` (H, W), and `depth_before` carried onto this frame.

    None where too few are seen, or where they are all alike.
    """
    here, before = depth[seen], depth_before[seen]
    if here.size < FEWEST:
        return None
    found = Followed(float(here.mean()), float(here.std()), float(before.mean()), float(before.std()))
    level = 1e-3 * max(abs(found.mean), abs(found.mean_before), 1e-6)
    return found if min(found.spread, found.spread_before) > level else None


def hold(means: Sequence[float], pairs: Sequence[Followed | None]) -> np.ndarray:
    """Scale and shift of every frame, (N, 2) float64: steady = scale * depth + shift.

    means: each frame's mean depth. pairs: what each frame has in common with the one before; None for the first of a
    segment.
    """
    jumps = [np.log(pair.spread_before / pair.spread) if pair else np.nan for pair in pairs]
    scales = np.exp(_settled(np.array(jumps), np.zeros(len(means))))
    moves = [
        scales[t - 1] * pair.mean_before - scales[t] * pair.mean if pair else np.nan for t, pair in enumerate(pairs)
    ]
    shifts = _settled(np.array(moves), np.array(means) * (1.0 - scales))
    return np.stack((scales, shifts), axis=1)


def _settled(jumps: np.ndarray, own: np.ndarray) -> np.ndarray:
    """(N,): values that differ from the one before by `jumps`, where that is no NaN, and are pulled to `own`.

    Least squares; the equations are tridiagonal.
    """
    known = np.isfinite(jumps)
    jump = np.where(known, jumps, 0.0)
    tied = known.astype(np.float64)
    after = np.append(tied[1:], 0.0)
    banded = np.zeros((2, len(own)))
    banded[0] = PULL + tied + after
    banded[1] = -after
    right = PULL * own + jump - np.append(jump[1:], 0.0)
    settled: np.ndarray = solveh_banded(banded, right, lower=True)
    return settled
