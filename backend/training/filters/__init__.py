"""The five styles as filters: what the starter model is taught to paint.

A filter draws a target from what the model sees of a frame. All that a hand would do differently each time (wobble,
pressure, strokes, granulation, blooms) is read from one white noise picture, and the diffusion model is trained with
that very noise: the strokes are then a function of the model's own noise instead of an average over all strokes, so
that a few steps are enough to paint them sharply. (The idea of coupling noise and data: Liu et al., "Flow Straight and
Fast", 2022; Pooladian et al., "Multisample Flow Matching", 2023.)

Nothing reaches farther than about 64 pixels, and nothing is measured over the whole frame: what a filter does, a
convolutional network can learn. Pictures are (H, W, 3) float32, 0..1, sRGB-encoded.
"""

from collections.abc import Callable

import numpy as np

from ..words import Manner
from .cel import cel
from .gouache import gouache
from .hatching import hatching
from .ink import ink
from .sitter import Sitter, mirror
from .watercolour import watercolour

__all__ = ["FILTERS", "Filter", "Sitter", "mirror"]

Filter = Callable[[Sitter, np.ndarray, Manner], np.ndarray]

FILTERS: dict[str, Filter] = {
    "ink": ink,
    "cel": cel,
    "hatching": hatching,
    "watercolour": watercolour,
    "gouache": gouache,
}
"""Style to filter; it takes the sitter, white noise (H, W, 3) and the manner, and returns the painted picture."""
