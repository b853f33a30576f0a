"""The three styles as filters: what the starter model is taught to paint.

A filter draws a target from what Blender knows of a frame. All that a hand would do differently each time (wobble,
pressure, granulation, blooms) is read from one white noise picture, and the diffusion model is trained with that very
noise: the strokes are then a function of the model's own noise instead of an average over all strokes, so that three
steps are enough to paint them sharply. (The idea of coupling noise and data: Liu et al., "Flow Straight and Fast",
2022; Pooladian et al., "Multisample Flow Matching", 2023.)

All pictures are (H, W, 3) float32, 0..1, sRGB-encoded unless said otherwise.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np


@dataclass(frozen=True)
class Sitter:
    """One frame as the filters see it.

    picture (H, W, 3): the beauty picture. albedo (H, W, 3): scene-linear diffuse colour, 0 where there is none.
    lines (H, W): the line art condition, 1 on a line. surface (H, W): 1 on surfaces, 0 on the sky.
    """

    picture: np.ndarray
    albedo: np.ndarray
    lines: np.ndarray
    surface: np.ndarray


PAPER = np.array((0.972, 0.962, 0.935), np.float32)
INK = np.array((0.10, 0.09, 0.12), np.float32)

# Signs that move a band of the noise near the pixel frequency down to zero. A scene has next to nothing there, so a
# network can read the slow fields below from noise that lies over a picture.
_CARRIERS = ((0, 1), (1, 0), (1, 1))


def field(noise: np.ndarray, channel: int, sigma: float) -> np.ndarray:
    """A smooth random field (H, W), mean 0, variance 1, blobs of about `sigma` pixels; 9 channels are independent."""
    across, down = _CARRIERS[channel // 3]
    rows, columns = np.indices(noise.shape[:2])
    signs = 1 - 2 * ((rows * down + columns * across) % 2)
    return _blur(noise[..., channel % 3] * signs.astype(np.float32), sigma) * (2.0 * sigma * math.sqrt(math.pi))


def grain(noise: np.ndarray) -> np.ndarray:
    """Paper tooth (H, W), mean 0, variance about 1, structures of two to four pixels."""
    tooth = noise.sum(axis=2)
    return (_blur(tooth, 0.7) - _blur(tooth, 2.0)) * 1.6


def ink(sitter: Sitter, noise: np.ndarray) -> np.ndarray:
    """Line and wash: a dip pen's black lines that swell and break, over two transparent washes on cream paper."""
    light = _light(sitter)
    local = _boost(_flat(sitter.picture, sitter, light, (0.55,), 0.25), 1.3) ** 0.85
    edge = _shift(light, noise, 3, amount=0.6, sigma=7.0)
    density = 0.44 + 0.34 * _step(edge, 0.72, 0.07) + 0.4 * _step(edge, 0.36, 0.07) - 0.2 * _rise(edge, 1.05, 0.1)
    density = np.where(sitter.surface > 0.5, density, 0.55)
    density = density * (1.0 + 0.13 * field(noise, 2, 20.0)) + 0.03 * grain(noise) * density
    paper = PAPER + 0.012 * grain(noise)[..., None]
    wash = paper * np.power(np.clip(local, 0.03, 1.0), np.clip(density, 0.05, 1.6)[..., None])
    pressure = np.clip(0.30 + 0.06 * field(noise, 5, 6.0) + 0.16 * (np.clip(light, 0, 1) - 0.5), 0.2, 0.8)
    outline = _shift(_blur(sitter.lines, 0.9), noise, 0, amount=0.15, sigma=9.0)
    marks = _shift(_texture_lines(sitter), noise, 0, amount=0.15, sigma=9.0)
    strength = np.maximum(_rise(outline, pressure, 0.14), 0.85 * _rise(marks, pressure + 0.1, 0.2))
    return _finish(wash + (INK - wash) * (0.94 * strength)[..., None])


def cel(sitter: Sitter, noise: np.ndarray) -> np.ndarray:
    """Anime cel: flat light and shadow with a clean border, saturated local colour, thin dark outline."""
    light = _shift(_light(sitter), noise, 3, amount=0.5, sigma=9.0)
    flat = _boost(_flat(sitter.picture, sitter, light, (0.62, 0.28), 0.035), 1.22)
    pressure = np.clip(0.33 + 0.04 * field(noise, 5, 8.0), 0.22, 0.6)
    outline = _shift(_blur(sitter.lines, 0.8), noise, 0, amount=0.1, sigma=10.0)
    strength = np.maximum(_rise(outline, pressure, 0.13), 0.5 * _rise(_texture_lines(sitter), 0.5, 0.2))
    contour = 0.22 * flat + 0.02
    return _finish(flat + (contour - flat) * strength[..., None])


def watercolour(sitter: Sitter, noise: np.ndarray) -> np.ndarray:
    """Washes with dark rims, blooms and granulation on rough paper, over a faint pencil drawing.

    Pigment density d changes a colour C to C - (C - C^2)(d - 1) (Bousseau et al., "Interactive Watercolor Rendering
    with Temporal Coherence and Abstraction", 2006).
    """
    light = _shift(_light(sitter), noise, 3, amount=0.8, sigma=6.0)
    flat = _flat(sitter.picture, sitter, light, (0.74, 0.36), 0.07)
    colour = _boost(0.85 * flat + 0.15 * _smooth(sitter.picture), 1.35) ** 0.75
    outline = _shift(sitter.lines, noise, 0, amount=0.3, sigma=8.0)
    colour = _shift(colour, noise, 0, amount=0.3, sigma=8.0)
    tone = cv2.cvtColor(colour, cv2.COLOR_RGB2GRAY)
    # Pigment gathers where a wash ends: on the dark side of a border, and along outlines.
    rim = np.clip((_blur(tone, 3.0) - _blur(tone, 0.8)) * 6.0, 0, 1) + 0.5 * _rise(_blur(outline, 1.2), 0.25, 0.25)
    dry = _rise(_blur(outline, 2.0) * (1.0 + 0.9 * field(noise, 5, 9.0)), 0.5, 0.2)
    density = 0.9 + 0.17 * field(noise, 2, 22.0) + 0.07 * field(noise, 8, 8.0) + 0.75 * rim
    density = density - 0.4 * _rise(light, 1.05, 0.12) - 0.55 * dry + 0.085 * grain(noise)
    painted = colour - (colour - colour * colour) * (density - 1.0)[..., None]
    painted = painted + (1.0 - painted) * (0.45 * dry)[..., None]
    paper = PAPER * 1.012 - 0.018 * np.maximum(grain(noise), -1.0)[..., None]
    pencil = np.maximum(_rise(_blur(sitter.lines, 0.6), 0.5 + 0.1 * grain(noise), 0.3), 0.8 * _texture_lines(sitter))
    return _finish(painted * paper * (1.0 - 0.45 * pencil[..., None]))


FILTERS: dict[str, Callable[[Sitter, np.ndarray], np.ndarray]] = {"ink": ink, "cel": cel, "watercolour": watercolour}
"""Style name to filter; a filter takes the sitter and white noise (H, W, 3) and returns the painted picture."""


def to_linear(srgb: np.ndarray) -> np.ndarray:
    """sRGB-encoded to linear (IEC 61966-2-1)."""
    return np.where(srgb <= 0.04045, srgb / 12.92, ((np.maximum(srgb, 0.04045) + 0.055) / 1.055) ** 2.4)


def to_srgb(linear: np.ndarray) -> np.ndarray:
    """Linear to sRGB-encoded (IEC 61966-2-1), clipped to 0..1."""
    clipped = np.clip(linear, 0.0, 1.0)
    return np.where(clipped <= 0.0031308, clipped * 12.92, 1.055 * np.maximum(clipped, 1e-6) ** (1 / 2.4) - 0.055)


def _light(sitter: Sitter) -> np.ndarray:
    """How brightly a surface is lit, without its own colour; 1 is well lit. 1 on the sky."""
    shown = to_linear(sitter.picture) @ _LUMINANCE
    own = sitter.albedo @ _LUMINANCE
    ratio = np.where(own > 0.02, shown / np.maximum(own, 0.02), shown / 0.5).astype(np.float32)
    ratio = cv2.medianBlur(ratio, 5)
    seen = ratio[sitter.surface > 0.5]
    full = np.percentile(seen, 85) if seen.size else 1.0
    light = cv2.bilateralFilter(np.clip(ratio / max(full, 1e-3), 0, 1.6).astype(np.float32), 9, 0.15, 3.0)
    return np.where(sitter.surface > 0.5, light, 1.0).astype(np.float32)


def _flat(
    picture: np.ndarray, sitter: Sitter, light: np.ndarray, limits: tuple[float, ...], softness: float
) -> np.ndarray:
    """The picture in flat tones: its own colours under the mean light of each band of `light` (limits descending)."""
    shown = to_linear(_smooth(picture)).astype(np.float32)
    bright, own = shown @ _LUMINANCE, _blur(sitter.albedo @ _LUMINANCE, 0.6)
    coloured = (own > 0.02) & (sitter.surface > 0.5)
    below = [_step(light, limit, softness) for limit in limits]
    weights = [1.0 - below[0], *(here - after for here, after in pairwise(below)), below[-1]]
    lit = np.zeros_like(own)
    for weight in weights:
        inside = weight * coloured
        lit += weight * ((bright * inside).sum() / max(float((own * inside).sum()), 1e-3))
    # Only the brightness is flattened: hue and saturation stay those that the view transform made.
    change = np.clip(own * lit / np.maximum(bright, 1e-3), 0.3, 2.5)
    return to_srgb(shown * np.where(coloured, change, 1.0)[..., None]).astype(np.float32)


def _smooth(picture: np.ndarray) -> np.ndarray:
    """Removes fine texture, keeps edges."""
    return cv2.bilateralFilter(cv2.bilateralFilter(picture, 7, 0.09, 3.0), 7, 0.09, 3.0)


def _texture_lines(sitter: Sitter) -> np.ndarray:
    """Dark lines along edges of the surface's own colours (difference of Gaussians, Winnemoeller et al. 2012)."""
    own = cv2.cvtColor(to_srgb(sitter.albedo).astype(np.float32), cv2.COLOR_RGB2GRAY)
    away = 1.0 - cv2.dilate((sitter.lines > 0.3).astype(np.float32), np.ones((5, 5), np.uint8))
    return np.clip((_blur(own, 1.9) - _blur(own, 0.9)) * 9.0 - 0.25, 0, 1) * away


def _boost(picture: np.ndarray, saturation: float) -> np.ndarray:
    grey = (picture @ _LUMA)[..., None]
    return np.clip(grey + (picture - grey) * saturation, 0, 1).astype(np.float32)


def _shift(image: np.ndarray, noise: np.ndarray, channel: int, amount: float, sigma: float) -> np.ndarray:
    """Moves each pixel by a smooth random vector of about `amount` pixels."""
    rows, columns = np.indices(image.shape[:2], np.float32)
    right, down = field(noise, channel, sigma), field(noise, channel + 1, sigma)
    return cv2.remap(
        image, columns + amount * right, rows + amount * down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101
    )


def _rise(values: np.ndarray, middle: np.ndarray | float, width: float) -> np.ndarray:
    """0 below middle - width, 1 above middle + width, smooth between."""
    place = np.clip((values - middle) / (2.0 * width) + 0.5, 0, 1)
    return (place * place * (3.0 - 2.0 * place)).astype(np.float32)


def _step(values: np.ndarray, middle: float, width: float) -> np.ndarray:
    """1 below `middle`, 0 above, smooth within `width`."""
    return 1.0 - _rise(values, middle, width)


def _blur(image: np.ndarray, sigma: float) -> np.ndarray:
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)


def _finish(picture: np.ndarray) -> np.ndarray:
    return np.clip(picture, 0, 1).astype(np.float32)


_LUMINANCE = np.array((0.2126, 0.7152, 0.0722), np.float32)
_LUMA = np.array((0.299, 0.587, 0.114), np.float32)
