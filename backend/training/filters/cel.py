"""Cel animation: flat tones with crisp borders, saturated colour, one clean dark outline."""

import numpy as np

from ..words import Manner
from .sitter import Sitter, background, open_ground
from .strokes import field, grain, outline, shift
from .tone import dark_features, gentle, graded, luma, mix, paper, relight, saturate, smooth, toned, tones

_EDGES = (0.10, 0.24, 0.42, 0.62, 0.83)
_LEVELS = (0.055, 0.17, 0.33, 0.53, 0.74, 0.95)


def cel(sitter: Sitter, noise: np.ndarray, manner: Manner) -> np.ndarray:
    """Abstraction after Winnemoeller, Olsen and Gooch, "Real-time video abstraction", 2006.

    Where light changes slowly the borders of tones are soft, so that a sky or a floor keeps an airbrush's gradient.
    """
    scene = smooth(toned(sitter.picture, manner), 3)
    light = luma(scene)
    softness = gentle(light, 0.012, 0.1)
    flat = saturate(relight(scene, tones(shift(light, noise, 3, 0.4, 9.0), _EDGES, _LEVELS, softness)), 1.35)
    colour, rough = paper(manner, 0.0)
    if manner.ground:
        flat = mix(flat, np.broadcast_to(colour, flat.shape), 0.85 * abs(manner.ground) * background(sitter))
    width = (1.9 + 1.2 * manner.line + 0.12 * field(noise, 5, 8.0)) * (0.75 + 0.25 * open_ground(sitter, 5.0))
    strength = np.maximum(outline(sitter, width, 0.45), 0.85 * dark_features(sitter.picture))
    painted = mix(flat, 0.16 * flat, strength)
    if manner.ground > 0:
        painted = painted * mix(np.ones(3, np.float32), colour, manner.ground) + 0.022 * rough * grain(noise)[..., None]
    return graded(painted, manner)
