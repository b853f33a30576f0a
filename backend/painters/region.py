"""Which rectangle of a picture is painted: sizes that the model takes, and only as much as the mask needs."""

from dataclasses import dataclass

import numpy as np

CONTEXT = 64  # pixels around the mask that the model sees, so that what it paints goes on from there
WORTH_CROPPING = 0.6  # of the picture; above this a crop saves less than it loses in context


@dataclass(frozen=True)
class Region:
    """A rectangle of a padded picture: rows top to top + height, columns left to left + width, in pixels."""

    top: int
    left: int
    height: int
    width: int

    def at(self, scale: int = 1) -> tuple[slice, slice]:
        """Its rows and columns in an array whose pixels are `scale` pixels wide."""
        return (
            slice(self.top // scale, (self.top + self.height) // scale),
            slice(self.left // scale, (self.left + self.width) // scale),
        )


def padded(picture: np.ndarray, multiple: int) -> np.ndarray:
    """(H, W, …) continued at the bottom and right by its mirror image, up to whole multiples of `multiple`."""
    below, beside = (-picture.shape[0]) % multiple, (-picture.shape[1]) % multiple
    if not below and not beside:
        return picture
    return np.pad(picture, ((0, below), (0, beside)) + ((0, 0),) * (picture.ndim - 2), mode="symmetric")


def whole(shape: tuple[int, ...]) -> Region:
    """All of a padded picture of this shape."""
    return Region(0, 0, shape[0], shape[1])


def around(mask: np.ndarray, multiple: int, native: int) -> Region:
    """The region to paint for a padded `mask` (H, W), both sides divisible by `multiple`.

    It holds every pixel above 0 with CONTEXT pixels around, is nowhere smaller than `native` pixels (the size that the
    model was trained at; below it pictures fall apart) unless the picture is, and is the whole picture where it would
    be most of it. Its sides and corner are multiples of `multiple`. The mask must have a pixel above 0.
    """
    rows, columns = np.nonzero(mask)
    top, height = _span(rows, mask.shape[0], multiple, native)
    left, width = _span(columns, mask.shape[1], multiple, native)
    if height * width > WORTH_CROPPING * mask.size:
        return whole(mask.shape)
    return Region(top, left, height, width)


def _span(wanted: np.ndarray, size: int, multiple: int, native: int) -> tuple[int, int]:
    """Start and length along an axis of `size` pixels, for the pixels `wanted`."""
    first = max(int(wanted.min()) - CONTEXT, 0) // multiple * multiple
    last = min(-(-(int(wanted.max()) + 1 + CONTEXT) // multiple) * multiple, size)
    least = min(-(-native // multiple) * multiple, size)
    if last - first < least:
        middle = (first + last - least) // 2 // multiple * multiple
        first = min(max(middle, 0), size - least)
        last = first + least
    return first, last - first
