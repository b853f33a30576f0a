"""Where paint of one time meets paint of another, so that no edge is seen."""

import cv2
import numpy as np

RING = 12  # pixels around new paint that are painted too, only to see how it differs from what is there
REACH = 8.0  # pixels, standard deviation: how far a difference is carried into new paint
FEATHER = 1.5  # pixels over which new paint blends into what is there
ALIKE = 2  # of its four neighbours: fewer with paint of the same time, and a pixel is a speck
FEW = 32  # pixels of a surface around new paint; fewer say nothing of how it was painted
MOST = 0.15  # of 0..1; what differs more was painted as something else
LARGEST = 0.08  # of 0..1; a larger difference is a stroke, not a tone, and says nothing


def ring_mask(new: np.ndarray) -> np.ndarray:
    """(H,W) float32: 1 on `new` (H,W) bool and within RING pixels of it."""
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * RING + 1, 2 * RING + 1))
    return cv2.dilate(new.astype(np.float32), disc)


def feathered(new: np.ndarray) -> np.ndarray:
    """(H,W) float32: 1 where `new`, (H,W) bool, falling to 0 within FEATHER pixels around it."""
    outside = cv2.distanceTransform((~new).astype(np.uint8), cv2.DIST_L2, 5)
    return np.clip(1.0 - outside / (FEATHER + 1.0), 0.0, 1.0).astype(np.float32)


def fitted(
    fresh: np.ndarray, carried: np.ndarray, painted: np.ndarray, new: np.ndarray, surface: np.ndarray
) -> np.ndarray:
    """`fresh`, (H,W,3) float32, in the tone that `carried` has around each piece of `new`, surface by surface.

    painted: (H,W) bool, where `fresh` holds paint. new: (H,W) bool, where it will be used; the rest of `painted` shows
    how much lighter or darker this painting is than the one before. surface: (H,W) int, one number for each object.

    Each surface's usual difference is taken from all its new paint. What is left is spread into it by normalized
    convolution (Knutsson and Westin 1993), and fades where no carried paint is near.
    """
    difference = carried - fresh
    result = fresh.copy()
    for number in np.unique(surface[new]):
        here = surface == number
        beside = painted & ~new & here
        if np.count_nonzero(beside) < FEW:
            continue
        usual = np.clip(np.median(difference[beside], axis=0), -MOST, MOST)
        rest = difference - usual
        weight = (beside & (np.abs(rest).max(axis=2) <= LARGEST)).astype(np.float32)
        total = cv2.GaussianBlur(weight, (0, 0), REACH)[..., None]
        spread = cv2.GaussianBlur(rest * weight[..., None], (0, 0), REACH)
        inside = painted & here
        result[inside] += usual + (spread / (total + 0.01))[inside]
    return np.clip(result, 0.0, 1.0)


def without_specks(picture: np.ndarray, source: np.ndarray) -> np.ndarray:
    """`picture`, (H,W,3) float32, smoothed where hardly a neighbour has its paint from the same `source`, (H,W) int32.

    Where what one keyframe drew as a line ends on a surface, paint of it and of another alternates from pixel to pixel.
    0: the paint has no source, and stays.
    """
    alike = np.zeros(source.shape, np.uint8)
    for axis, shift in ((0, 1), (0, -1), (1, 1), (1, -1)):
        alike += np.roll(source, shift, axis) == source
    specks = (alike < ALIKE) & (source != 0)
    smooth = cv2.medianBlur(picture, 3)
    return np.where(specks[..., None], smooth, picture)
