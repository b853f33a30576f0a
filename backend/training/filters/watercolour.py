"""Watercolour: light washes with dark rims, blooms, bleeding and granulation on rough paper over faint pencil."""

import numpy as np

from ..words import Manner
from .sitter import Sitter, background, open_ground
from .strokes import field, grain, outline, shift
from .tone import blur, dark_features, gentle, graded, luma, mix, paper, relight, rise, saturate, smooth, toned, tones

_EDGES = (0.30, 0.52, 0.74, 0.90)
_LEVELS = (0.26, 0.47, 0.67, 0.84, 0.97)


def watercolour(sitter: Sitter, noise: np.ndarray, manner: Manner) -> np.ndarray:
    """Pigment density d changes a colour C to C - (C - C^2)(d - 1).

    Bousseau et al., "Interactive watercolor rendering with temporal coherence and abstraction", 2006; edge darkening
    and backruns after Curtis et al., "Computer-generated watercolor", 1997.
    """
    lifted = np.power(toned(sitter.picture, manner), 0.56)
    scene = shift(smooth(lifted), noise, 0, 1.4, 6.0)
    light = luma(scene)
    free = open_ground(sitter, 7.0)
    washes = tones(light + 0.02 * free * field(noise, 5, 6.0), _EDGES, _LEVELS, gentle(light, 0.02, 0.09))
    colour = saturate(relight(scene, 0.7 * washes + 0.3 * light), 1.45)
    # Pigment gathers where a wash ends: on the dark side of a border, and along outlines.
    lines = shift(sitter.lines, noise, 0, 1.2, 6.0)
    shade = luma(colour)
    rim = np.clip((blur(shade, 3.0) - blur(shade, 0.8)) * 7.0, 0.0, 1.0) + 0.5 * rise(blur(lines, 1.6), 0.25, 0.2)
    pool = field(noise, 2, 14.0) + 0.22 * field(noise, 7, 2.5)
    backrun = free * rise(pool, 1.7, 0.3)
    fringe = free * rise(pool, 1.45, 0.3) - backrun
    dry = rise(blur(lines, 2.2) * (1.0 + 0.9 * field(noise, 8, 8.0)), 0.42, 0.12)
    tooth = grain(noise)
    ground, rough = paper(manner, 1.0)
    density = 0.95 + 0.2 * (0.4 + 0.6 * free) * field(noise, 6, 14.0) + 0.9 * rim + 0.35 * fringe - 0.35 * backrun
    density = density + 0.16 * rough * tooth * (1.15 - shade)
    painted = np.clip(colour - (colour - colour * colour) * (density - 1.0)[..., None], 0.0, 1.0)
    bare = np.clip(
        0.75 * dry * open_ground(sitter, 5.0) + rise(light, 1.0, 0.06) + 0.8 * abs(manner.ground) * background(sitter),
        0.0,
        1.0,
    )
    painted = mix(painted, np.ones_like(painted), bare)
    sheet = ground * (1.0 - 0.02 * rough * np.maximum(tooth, -1.0)[..., None])
    width = 1.0 + 1.2 * manner.line
    drawn = outline(sitter, width, 0.5) * np.clip(0.85 + 0.3 * rough * tooth, 0.0, 1.0) * (0.5 + 0.25 * manner.line)
    pencil = np.maximum(drawn, 0.7 * dark_features(sitter.picture))
    return graded(painted * sheet * (1.0 - 0.75 * pencil[..., None]), manner)
