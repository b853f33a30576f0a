"""Coloured pencil: strokes that follow the form, a crossing layer in the shadows, graphite outlines on paper."""

import numpy as np

from ..words import Manner
from .sitter import Sitter, background, veil
from .strokes import covering, directions, field, grain, hatches, outline, shift
from .tone import dark_features, graded, luma, mix, paper, saturate, smooth, toned

_GRAPHITE = np.array((0.20, 0.20, 0.23), np.float32)
_SLANT, _CROSSING = -0.4, 1.15  # radians


def hatching(sitter: Sitter, noise: np.ndarray, manner: Manner) -> np.ndarray:
    """Strokes are ridges of filtered noise, cut off where they cover as much paper as the tone asks for.

    Far things are pressed lighter.

    After Praun et al., "Real-time hatching", 2001 (tone by coverage, in nested strokes) with the noise of Cabral and
    Leedom, 1993, instead of stored strokes.
    """
    scene = smooth(np.power(toned(sitter.picture, manner), 0.85))
    tooth, angle = grain(noise), directions(sitter, _SLANT)
    colour, rough = paper(manner, 1.0)
    period = 6.0 * (1.0 + 0.3 * manner.line)
    pigment = 1.0 - 0.6 * luma(scene) - 0.4 * scene.min(axis=2)
    lighter = 1.0 - 0.45 * veil(sitter)
    pigment = pigment * lighter * (1.0 - 0.75 * abs(manner.ground) * background(sitter))
    bite = 0.2 * rough * tooth
    first = covering(hatches(noise, 0, angle, period, 10.0) + bite, 0.12 + 0.85 * pigment, 0.6)
    second = covering(hatches(noise, 1, angle + _CROSSING, period, 10.0) + bite, 1.3 * (pigment - 0.45), 0.6)
    pencil = saturate(scene, 1.7)
    ground = colour * (1.0 + 0.018 * rough * tooth[..., None])
    rubbed = ground * mix(np.ones_like(scene), pencil, 0.7 * np.clip(pigment, 0, 1))
    drawn = mix(rubbed, 0.8 * pencil, 0.85 * first)
    drawn = mix(drawn, 0.35 * pencil + 0.45 * _GRAPHITE, 0.8 * second)
    strokes = [
        outline(Sitter(scene, sitter.normal, sitter.depth, shift(sitter.lines, noise, channel, 0.7, 8.0)), width, 0.6)
        for channel, width in ((3, 1.5 + manner.line), (5, 1.1 + 0.9 * manner.line))
    ]
    pressed = np.maximum(0.9 * strokes[0], 0.6 * strokes[1]) * np.clip(0.9 + 0.2 * field(noise, 8, 7.0), 0.3, 1.0)
    lines = np.maximum(pressed, 0.8 * dark_features(sitter.picture)) * np.clip(1.0 + 0.16 * rough * tooth, 0.3, 1.0)
    return graded(mix(drawn, _GRAPHITE, np.clip(0.92 * lighter * lines, 0, 1)), manner)
