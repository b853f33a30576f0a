"""Line and wash: a dip pen's swelling black line, spot blacks, and two flat washes on light paper."""

import numpy as np

from ..words import Manner
from .sitter import Sitter, background, open_ground
from .strokes import bristles, directions, field, grain, outline, shift
from .tone import blur, dark_features, gentle, graded, luma, mix, paper, relight, rise, saturate, smooth, toned

_INK = np.array((0.055, 0.05, 0.075), np.float32)
_SHADE = np.array((0.50, 0.53, 0.63), np.float32)


def ink(sitter: Sitter, noise: np.ndarray, manner: Manner) -> np.ndarray:
    """Colour is one pale flat wash; shadow is a second one of thin ink; the darkest places are brushed black."""
    scene = smooth(toned(sitter.picture, manner))
    light = shift(luma(scene), noise, 3, 1.2, 6.0)
    colour, rough = paper(manner, 0.5)
    tooth = grain(noise)
    ground = colour * (1.0 + 0.016 * rough * tooth[..., None])

    hue = saturate(relight(scene, 0.62 + 0.3 * light), 1.25)
    pool = 1.0 + 0.06 * field(noise, 2, 14.0)
    bare = rise(light, 0.80, gentle(light, 0.03, 0.15))
    first = np.clip((0.85 - 0.6 * bare) * pool, 0.0, 1.0)
    first = first * (1.0 - 0.8 * abs(manner.ground) * background(sitter))
    wash = ground * mix(np.ones_like(hue), hue, first)
    second = rise(-light, -0.36, gentle(light, 0.025, 0.2))
    wash = wash * mix(np.ones_like(hue), _SHADE, 0.75 * second * pool)

    touch = bristles(noise, 7, directions(sitter), 1.3, 6.0)
    black = rise(-light + 0.025 * touch, -0.13, 0.02)
    pressure = 0.55 * field(noise, 1, 7.0) + 1.3 * (0.5 - blur(light, 3.0))
    width = (2.0 + pressure) * (1.0 + 0.45 * manner.line)
    wobble = Sitter(scene, sitter.normal, sitter.depth, shift(sitter.lines, noise, 0, 0.5, 8.0))
    lines = outline(wobble, np.clip(width, 0.9, 6.0) * (0.7 + 0.3 * open_ground(sitter, 5.0)), 0.3)
    strength = np.maximum(np.maximum(lines, black), dark_features(sitter.picture))
    return graded(mix(wash, _INK, strength), manner)
