"""The hand: everything that differs from one painter to the next, read from one white noise picture (H, W, 3)."""

import math
from functools import lru_cache

import cv2
import numpy as np
from scipy.special import ndtri

from .sitter import Sitter
from .tone import blur, rise

# Signs that move a band of the noise near the pixel frequency down to zero. A scene has next to nothing there, so a
# network can read the slow fields below from noise that lies over a picture.
_CARRIERS = ((0, 1), (1, 0), (1, 1))
_DIRECTIONS = 8
_DIAGONAL = math.radians(-52.0)  # a right hand's strokes rise to the right


def carried(noise: np.ndarray, channel: int) -> np.ndarray:
    """White noise (H, W); what is slower than the pixels is independent between the 9 channels."""
    across, down = _CARRIERS[channel // 3]
    rows, columns = np.indices(noise.shape[:2])
    signs = 1 - 2 * ((rows * down + columns * across) % 2)
    return noise[..., channel % 3] * signs.astype(np.float32)


def field(noise: np.ndarray, channel: int, sigma: float) -> np.ndarray:
    """A smooth random field (H, W), mean 0, variance 1, blobs of about `sigma` pixels; 9 channels are independent."""
    return blur(carried(noise, channel), sigma) * (2.0 * sigma * math.sqrt(math.pi))


def grain(noise: np.ndarray) -> np.ndarray:
    """Paper tooth (H, W), mean 0, variance about 1, structures of two to four pixels."""
    tooth = noise.sum(axis=2)
    return (blur(tooth, 0.7) - blur(tooth, 2.0)) * 1.6


def shift(image: np.ndarray, noise: np.ndarray, channel: int, amount: float, sigma: float) -> np.ndarray:
    """Moves each pixel by a smooth random vector of about `amount` pixels; takes `channel` and the next one."""
    return moved(image, amount * field(noise, channel, sigma), amount * field(noise, channel + 1, sigma))


def moved(image: np.ndarray, right: np.ndarray, down: np.ndarray) -> np.ndarray:
    """The image as it is `right` and `down` pixels from each place."""
    rows, columns = np.indices(image.shape[:2], np.float32)
    return cv2.remap(image, columns + right, rows + down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101)


def directions(sitter: Sitter, turn: float = 0.0) -> np.ndarray:
    """The angle (H, W), radians clockwise from the right, in which strokes follow the form.

    They run along the surface at a constant distance from the eye; where that says nothing, as on what faces the
    camera, they are diagonal. A hand hatches in patches: angles lie close to one of eight. (Hertzmann and Zorin,
    "Illustrating smooth surfaces", 2000, on why strokes should follow the surface.) `turn` is added to all of them.
    """
    right, up = 1.0 - 2.0 * sitter.normal[..., 0], 2.0 * sitter.normal[..., 1] - 1.0
    # Angles are doubled, because a stroke has no head: -up is down, and a quarter turn changes both signs.
    cosine = up * up - right * right + 0.06 * math.cos(2 * _DIAGONAL)
    sine = 2.0 * right * up + 0.06 * math.sin(2 * _DIAGONAL)
    angle = 0.5 * np.arctan2(blur(sine, 2.5), blur(cosine, 2.5))
    angle = angle - 0.85 * np.sin(2 * _DIRECTIONS * angle) / (2 * _DIRECTIONS)
    return (angle + turn).astype(np.float32)


def along(image: np.ndarray, angle: np.ndarray, length: float) -> np.ndarray:
    """Gaussian mean along straight lines of the given angles; `length` is the standard deviation in pixels.

    Line integral convolution (Cabral and Leedom, 1993) with lines that do not bend.
    """
    right, down = np.cos(angle), np.sin(angle)
    gap = length / 9.0  # a third of the distance of the places below: first between them, then over all of them
    image = (image + moved(image, -gap * right, -gap * down) + moved(image, gap * right, gap * down)) / 3.0
    total, sum_of_weights = np.zeros_like(image), 0.0
    for place in np.linspace(-2.0, 2.0, 13).tolist():
        weight = math.exp(-0.5 * place * place)
        total += weight * moved(image, place * length * right, place * length * down)
        sum_of_weights += weight
    return total / sum_of_weights


def hatches(noise: np.ndarray, channel: int, angle: np.ndarray, period: float, length: float) -> np.ndarray:
    """Parallel ridges (H, W), mean 0, variance about 1, in the given angles, about `period` pixels apart."""
    return along(_band(carried(noise, channel), period), angle, length) / _loudness(period, length)


def bristles(noise: np.ndarray, channel: int, angle: np.ndarray, width: float, length: float) -> np.ndarray:
    """Elongated blobs (H, W), mean 0, variance about 1: the touches of a brush of about `width` pixels."""
    return hatches(noise, channel, angle, 4.0 * width, length)


def covering(ridges: np.ndarray, share: np.ndarray, softness: float) -> np.ndarray:
    """Where the highest ridges are, so that they cover about this `share` (H, W) of the ground."""
    highest = rise(ridges, -ndtri(np.clip(share, 0.002, 0.998)).astype(np.float32), softness)
    return highest * rise(share, 0.03, 0.03)


def outline(sitter: Sitter, width: np.ndarray | float, softness: float = 0.35) -> np.ndarray:
    """The line art (H, W), 0..1, drawn with a pen about `width` pixels wide; `width` may differ from place to place.

    The stored lines are about two pixels wide. Their blur falls off with the distance, so a threshold widens them.
    """
    spread = blur(np.minimum(sitter.lines * 1.25, 1.0), 1.6)
    return rise(spread, 0.48 * np.exp(-((np.asarray(width) / 3.6) ** 2) / 0.9) + 0.03, 0.3 * softness)


def _band(white: np.ndarray, period: float) -> np.ndarray:
    return blur(white, period / 6.5) - blur(white, period / 3.2)


@lru_cache(maxsize=64)
def _loudness(period: float, length: float) -> float:
    """The standard deviation that `hatches` has before it is divided by it."""
    impulse = np.zeros((129, 129), np.float32)
    impulse[64, 64] = 1.0
    kernel = along(_band(impulse, period), np.full((129, 129), 0.4, np.float32), length)
    return float(np.sqrt((kernel**2).sum()))
