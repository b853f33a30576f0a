"""What tests of painting ask for: small pictures, requests, and what the answer is compared with."""

from typing import Any

import numpy as np
from flowbrush.backend.painters.painter import PaintRequest
from flowbrush.backend.take import ControlSettings

SIZE = (48, 64)  # rows, columns
DEPTH, NORMAL = ControlSettings("depth"), ControlSettings("normal", scale=0.7)


def smooth(seed: int, shape: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture of soft blobs, (H, W, 3)."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] / 16.0
    waves = [np.sin(rows * (1 + seed % 3) + k) * np.cos(columns + seed + k) for k in range(3)]
    return (0.5 + 0.4 * np.stack(waves, axis=-1)).astype(np.float32)


def request(shape: tuple[int, int] = SIZE, **changes: Any) -> PaintRequest:
    conditions = {"depth": smooth(1, shape), "normal": smooth(2, shape)}
    given = {"initial": smooth(0, shape), "conditions": conditions, "prompt": "ink", "negative_prompt": ""}
    return PaintRequest(**{**given, "strength": 0.8, "seed": 7, **changes})


def middle_mask(shape: tuple[int, int] = SIZE) -> np.ndarray:
    """A soft-edged spot of 16 by 16 pixels."""
    mask = np.zeros(shape, np.float32)
    mask[16:32, 24:40] = 0.5
    mask[18:30, 26:38] = 1
    return mask


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


def never() -> bool:
    return False


def warn_never(sentence: str) -> None:
    raise AssertionError(f"warned: {sentence}")
