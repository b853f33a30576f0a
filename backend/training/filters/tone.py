"""Tones and colours: all that happens to a pixel, or to its neighbourhood, whatever the hand.

Pictures are (H, W, 3) float32, 0..1, sRGB-encoded; planes are (H, W) float32.
"""

import cv2
import numpy as np

from ..words import Manner

PAPER = np.array((0.975, 0.965, 0.94), np.float32)
OLD_PAPER = np.array((0.91, 0.85, 0.735), np.float32)
WHITE = np.array((1.0, 1.0, 1.0), np.float32)
LUMA = np.array((0.299, 0.587, 0.114), np.float32)

# Colour words: what a middle grey becomes, and how much of the scene's own colours gives way.
TINTS: dict[str, tuple[tuple[float, float, float], float]] = {
    "red": ((0.84, 0.20, 0.17), 0.8),
    "orange": ((0.92, 0.47, 0.12), 0.8),
    "yellow": ((0.86, 0.70, 0.12), 0.8),
    "golden": ((0.80, 0.58, 0.20), 0.8),
    "green": ((0.22, 0.60, 0.28), 0.8),
    "blue": ((0.17, 0.42, 0.80), 0.8),
    "violet": ((0.47, 0.30, 0.78), 0.8),
    "purple": ((0.60, 0.25, 0.66), 0.8),
    "pink": ((0.92, 0.45, 0.62), 0.8),
    "brown": ((0.54, 0.36, 0.22), 0.75),
    "sepia": ((0.58, 0.46, 0.33), 0.94),
    "grey": ((0.50, 0.50, 0.50), 0.80),
    "monochrome": ((0.50, 0.50, 0.50), 1.0),
}


def blur(image: np.ndarray, sigma: float) -> np.ndarray:
    """Gaussian blur; `sigma` in pixels."""
    return cv2.GaussianBlur(image, (0, 0), sigma, borderType=cv2.BORDER_REFLECT_101)


def rise(values: np.ndarray, middle: np.ndarray | float, width: np.ndarray | float) -> np.ndarray:
    """0 below middle - width, 1 above middle + width, smooth between."""
    place = np.clip((values - middle) / (2.0 * width) + 0.5, 0.0, 1.0)
    return (place * place * (3.0 - 2.0 * place)).astype(np.float32)


def mix(below: np.ndarray, above: np.ndarray, amount: np.ndarray | float) -> np.ndarray:
    """`above` laid over `below`; a plane (H, W) of amounts counts for all channels."""
    share = amount[..., None] if isinstance(amount, np.ndarray) and amount.ndim == 2 else amount
    return (below + (above - below) * share).astype(np.float32)


def luma(picture: np.ndarray) -> np.ndarray:
    """Brightness (H, W)."""
    return picture @ LUMA


def saturate(picture: np.ndarray, amount: float) -> np.ndarray:
    """Colours `amount` times as far from grey."""
    grey = luma(picture)[..., None]
    return np.clip(grey + (picture - grey) * amount, 0.0, 1.0).astype(np.float32)


def relight(picture: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The picture's hues at the brightness `wanted` (H, W); what would be too bright for its hue becomes paler."""
    scaled = picture * (wanted / np.maximum(luma(picture), 0.02))[..., None]
    within = 1.0 / np.maximum(scaled.max(axis=2, keepdims=True), 1.0)
    return mix(scaled * within, np.ones_like(scaled), 0.8 * (1.0 - within))


def smooth(picture: np.ndarray, passes: int = 2) -> np.ndarray:
    """Removes fine texture and keeps edges: the bilateral filter (Tomasi and Manduchi, 1998), repeated."""
    for _ in range(passes):
        picture = cv2.bilateralFilter(picture, 9, 0.11, 3.0)
    return picture


def tones(
    light: np.ndarray, edges: tuple[float, ...], levels: tuple[float, ...], softness: np.ndarray | float
) -> np.ndarray:
    """Light in flat tones: `levels` (one more than `edges`, both rising), with soft steps at `edges`.

    Winnemoeller, Olsen and Gooch, "Real-time video abstraction", 2006.
    """
    flat = np.full_like(light, levels[0])
    for edge, low, high in zip(edges, levels, levels[1:], strict=False):
        flat += (high - low) * rise(light, edge, softness)
    return flat


def gentle(light: np.ndarray, crisp: float, soft: float) -> np.ndarray:
    """The softness (H, W) of steps between tones: `crisp`, but `soft` where light changes slowly, as on a floor.

    Otherwise a slow change would get a border that nothing in the scene explains.
    """
    steep = np.hypot(*np.gradient(blur(light, 2.0)))
    return crisp + (soft - crisp) * rise(-steep, -0.004, 0.0025)


def dark_features(picture: np.ndarray) -> np.ndarray:
    """Narrow dark things of the texture, as eyes, mouths and seams are (H, W), 0..1; no borders of light or shadow.

    The black top-hat transform (Meyer, 1979): what a closing fills.
    """
    light = blur(luma(picture), 0.6)
    closed = cv2.morphologyEx(light, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (9, 9)))
    return rise(closed - light, 0.22, 0.12)


def toned(picture: np.ndarray, manner: Manner) -> np.ndarray:
    """The scene as the words light and dark want it, before it is painted."""
    return np.power(np.clip(picture, 0.0, 1.0), 2.0 ** (-0.75 * manner.tone)).astype(np.float32)


def paper(manner: Manner, own: float) -> tuple[np.ndarray, float]:
    """The ground: its colour (3,), and how rough it is, where the style's own roughness is `own`."""
    if manner.ground > 0:
        return mix(PAPER, OLD_PAPER, manner.ground), own + (1.5 - own) * manner.ground
    return mix(PAPER, WHITE, -manner.ground), own * (1.0 + manner.ground)


def graded(picture: np.ndarray, manner: Manner) -> np.ndarray:
    """The painted picture in the palette that the words ask for, clipped to 0..1."""
    picture = np.clip(picture, 0.0, 1.0)
    picture = np.power(picture, 2.0 ** (-0.22 * manner.tone))
    if manner.tint:
        colour, amount = TINTS[manner.tint]
        picture = mix(picture, _duotone(luma(picture), np.array(colour, np.float32)), amount)
    warmth = 0.42 * manner.warmth
    gains = np.array((1.0 - 0.55 * warmth, 1.0 - 0.05 * abs(warmth), 1.0 + 1.1 * warmth), np.float32)
    return np.clip(np.power(np.clip(picture, 0.0, 1.0), np.maximum(gains, 0.3)), 0.0, 1.0).astype(np.float32)


def _duotone(light: np.ndarray, colour: np.ndarray) -> np.ndarray:
    """Black, `colour` and white, by brightness: the colour stands where its own brightness is."""
    own = float(colour @ LUMA)
    down, up = np.clip(light / own, 0, 1), np.clip((light - own) / (1.0 - own), 0, 1)
    return (colour * down[..., None] + (1.0 - colour) * up[..., None]).astype(np.float32)
