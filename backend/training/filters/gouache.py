"""Gouache: opaque saturated touches of a flat brush along the surface, no outlines."""

import numpy as np

from ..words import Manner
from .sitter import Sitter, background, open_ground, veil
from .strokes import along, bristles, directions, field, grain, moved, outline
from .tone import blur, dark_features, gentle, graded, luma, mix, paper, relight, rise, saturate, smooth, toned, tones

_EDGES = (0.08, 0.17, 0.27, 0.38, 0.50, 0.62, 0.74, 0.86)
_LEVELS = (0.05, 0.125, 0.22, 0.325, 0.44, 0.56, 0.68, 0.80, 0.93)
_SLANT, _CROSSING = -0.3, 0.35  # radians
_AIR = np.array((0.93, 1.0, 1.09), np.float32)
_WARM = np.array((0.05, 0.0, -0.06), np.float32)


def gouache(sitter: Sitter, noise: np.ndarray, manner: Manner) -> np.ndarray:
    """Each touch of the brush takes one tone and one shade of the colour; the paint stands in ridges that catch light.

    Far things are paler and cooler: aerial perspective.

    After Litwinowicz, "Processing images and video for an impressionist effect", 1997 (touches along a direction, each
    of one colour) and Hertzmann, "Fast paint texture", 2002 (relief).
    """
    angle = directions(sitter, _SLANT)
    brush = 2.8 * (1.0 + 0.25 * manner.line)
    touch, other = bristles(noise, 0, angle, brush, 10.0), bristles(noise, 4, angle + _CROSSING, 1.6 * brush, 12.0)
    fine = bristles(noise, 8, angle, 1.2, 9.0)
    # A touch carries its colour across borders, so borders become brushy.
    free = (0.25 + 0.75 * open_ground(sitter, 5.0)) * (1.0 - 0.45 * rise(blur(sitter.lines, 5.0), 0.06, 0.05))
    touch, other = free * np.tanh(2.5 * touch), free * np.tanh(3.0 * other)
    reach = 1.5 * touch
    scene = moved(smooth(toned(sitter.picture, manner)), reach * np.cos(angle), reach * np.sin(angle))
    scene = along(scene, angle, 1.5)
    light = luma(scene)
    flat = tones(light + 0.02 * touch, _EDGES, _LEVELS, gentle(light, 0.02, 0.05))
    flat = flat * (1.0 + 0.045 * other)
    colour = saturate(relight(scene, flat), 1.4)
    colour = colour + _WARM * (0.8 * (light - 0.45) + 0.5 * other)[..., None]
    air = _AIR * (0.2 + 0.8 * blur(light, 12.0))[..., None]
    colour = mix(colour, np.clip(air, 0.0, 1.0), 0.4 * veil(sitter))
    relief = touch - moved(touch, np.full_like(angle, -1.0), np.full_like(angle, -1.0))
    strands = fine - moved(fine, np.full_like(angle, -1.0), np.full_like(angle, -1.0))
    painted = colour + (0.022 * relief + 0.009 * free * strands)[..., None]
    sheet, rough = paper(manner, 0.0)
    if manner.ground:
        bare = 0.85 * abs(manner.ground) * background(sitter)
        painted = mix(painted, np.broadcast_to(sheet, painted.shape), bare)
    if manner.ground > 0:
        thin = np.clip(-0.6 - fine, 0.0, 1.0) * 0.6 * manner.ground
        painted = mix(painted, np.broadcast_to(sheet, painted.shape), thin) + 0.02 * rough * grain(noise)[..., None]
    contour = outline(sitter, 1.8 + 1.6 * manner.line + 0.4 * field(noise, 2, 6.0), 0.6) * (0.3 + 0.4 * manner.line)
    contour = np.maximum(contour, 0.75 * dark_features(sitter.picture))
    return graded(mix(painted, 0.22 * painted, np.clip(contour, 0, 1)), manner)
