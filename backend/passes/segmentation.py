"""Who is where, in flat colours: the classes of ADE20K, or a colour for each object."""

import colorsys
from collections.abc import Mapping

import numpy as np

from ..ade20k import COLOURS
from ..shot import Shot

# Behind everything is the world. ControlNet's annotators give every pixel a class, and of a landscape this is the sky.
BACKGROUND_CLASS = "sky"
# An object without a class. The benchmark, too, keeps black for what belongs to none of its classes.
UNLABELLED = (0, 0, 0)


def segmentation(passes: Mapping[str, np.ndarray], shot: Shot, _frame: int) -> np.ndarray:
    """ADE20K's colour of the class of each object, as the segmentation models take it.

    The background is BACKGROUND_CLASS. Objects without a class, and with one that ADE20K does not have, are black.
    """
    classes = {item.id: item.category for item in shot.objects}
    palette = {number: COLOURS.get(name, UNLABELLED) for number, name in classes.items()}
    palette[0] = COLOURS[BACKGROUND_CLASS]
    return _painted(passes["object_id"], palette, UNLABELLED) / np.float32(255.0)


def object_colours(passes: Mapping[str, np.ndarray], _shot: Shot, _frame: int) -> np.ndarray:
    """One flat colour for each object id, the same in every frame and shot; the background is black."""
    numbers = np.unique(passes["object_id"])
    return _painted(passes["object_id"], {int(n): object_colour(int(n)) for n in numbers}, (0.0, 0.0, 0.0))


def object_colour(number: int) -> tuple[float, float, float]:
    """The colour of an object id, RGB 0..1; 0 is black.

    Hue, saturation and value each step by an irrational number of their own, the powers of the R3 sequence's
    constant (Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018), which keeps ids apart.
    """
    if number == 0:
        return 0.0, 0.0, 0.0
    hue, saturation, value = (number * step % 1.0 for step in (0.8191725134, 0.6710436067, 0.5497004779))
    return colorsys.hsv_to_rgb(hue, 0.4 + 0.6 * saturation, 0.5 + 0.5 * value)


def _painted(
    ids: np.ndarray, palette: Mapping[int, tuple[float, float, float]], other: tuple[float, float, float]
) -> np.ndarray:
    """(H, W, 3) float32: each id in its colour of `palette`, ids that it lacks in `other`."""
    numbers, places = np.unique(ids, return_inverse=True)
    colours = np.array([palette.get(int(number), other) for number in numbers], np.float32)
    return colours[places.reshape(ids.shape)]
