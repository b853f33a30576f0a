"""Pictures of masks: where in a frame is what a mask expression means.

A mask is made of ids that Blender rendered with one sample in the middle of each pixel, so its border is exact to a
pixel and hard. Softness is measured in pixels of the picture and the same in every frame: a border does not breathe.
"""

from collections.abc import Mapping, Sequence

import cv2
import numpy as np

from ..mask_expression import EVERYTHING, And, Expression, Ids, Mask, Name, Not, Or, Word

Passes = Mapping[str, np.ndarray]


def pixels(mask: Mask, passes: Passes, shape: tuple[int, int]) -> np.ndarray:
    """(H, W) bool: where the mask is. passes: (H, W) integers each, those of `mask.passes`. shape: H, W."""
    return _pixels(mask.expression, mask.meaning, passes, shape)


def softened(hard: np.ndarray, softness: float) -> np.ndarray:
    """(H, W) bool → (H, W) float32, 0..1: blurred across its border, which stays at 0.5.

    softness: standard deviation in pixels; 0 keeps the border hard, 0.5 only smooths its steps. Farther than four
    times the softness from the border the mask is exactly 0 and 1.
    """
    mask = hard.astype(np.float32)
    if softness <= 0:
        return mask
    reach = int(np.ceil(4.0 * softness))
    size = (2 * reach + 1, 2 * reach + 1)
    blurred = cv2.GaussianBlur(mask, size, softness, borderType=cv2.BORDER_REPLICATE)
    # Weights that add up to one but for rounding must not let what is far from the border differ from 0 and 1.
    blurred[cv2.erode(mask, np.ones(size, np.uint8), borderType=cv2.BORDER_REPLICATE) > 0] = 1.0
    return np.clip(blurred, 0.0, 1.0)


def layered(masks: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Masks (H, W) float32 of layers, each lying on those before it → how much of each is seen, and first of what
    lies below them all. They add up to one everywhere.
    """
    free = np.ones_like(masks[0])
    seen: list[np.ndarray] = []
    for mask in reversed(masks):
        seen.append(free * mask)
        free = free * (1.0 - mask)
    return [free, *reversed(seen)]


def _pixels(expression: Expression, meaning: Mapping[Name, Ids], passes: Passes, shape: tuple[int, int]) -> np.ndarray:
    match expression:
        case Word(word):
            return np.ones(shape, bool) if word == EVERYTHING else passes["object_id"] == 0
        case Name():
            ids = meaning[expression]
            return np.isin(passes[ids.source], sorted(ids.numbers))
        case Not(part):
            return ~_pixels(part, meaning, passes, shape)
        case And(parts):
            return np.logical_and.reduce([_pixels(part, meaning, passes, shape) for part in parts])
        case Or(parts):
            return np.logical_or.reduce([_pixels(part, meaning, passes, shape) for part in parts])
