"""What is known of footage before any of it is shown."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from ..errors import Code, FootageError
from ..shot import MAX_SIDE

MIN_SIDE = 16  # pixels; the flow estimator takes no less
MAX_TERM = 1_000_000  # of a frame rate's ratio, see shot.json


@dataclass(frozen=True)
class Picture:
    """One frame: pixels (H, W, 3) uint8 sRGB. damaged: the decoder had to invent part of it."""

    frame: int
    pixels: np.ndarray
    damaged: bool = False


@dataclass(frozen=True)
class Source:
    """A movie or an image sequence.

    path: the movie's, the folder's or that of an image. size: width, height of its pictures, upright and of square
    pixels. rate: frames a second. frames: first and last number, both included; a movie's first frame is 1. sound: a
    description of the movie's sound, empty for none. notices: what of it a shot cannot hold, a sentence each.
    fingerprint: the same as long as the files are the same. pictures: gives the pictures from a frame on, in order;
    raises FootageError.
    """

    path: Path
    size: tuple[int, int]
    rate: Fraction
    frames: tuple[int, int]
    sound: str
    notices: tuple[str, ...]
    fingerprint: str
    pictures: Callable[[int], Generator[Picture, None, None]]


def checked_size(size: tuple[int, int], path: Path) -> tuple[int, int]:
    """`size`, if a shot can have it. Raises FootageError."""
    if not (min(size) >= MIN_SIDE and max(size) <= MAX_SIDE):
        raise FootageError(
            Code.BAD_FOOTAGE,
            f"{path} has pictures of {size[0]} x {size[1]} pixels: each side must be {MIN_SIDE} to {MAX_SIDE}",
        )
    return size


def checked_rate(rate: Fraction, path: Path) -> Fraction:
    """`rate`, if a shot can have it. Raises FootageError."""
    if not (rate > 0 and max(rate.numerator, rate.denominator) <= MAX_TERM):
        raise FootageError(
            Code.BAD_FOOTAGE, f"{path} says it plays at {rate} frames a second: give the right rate with --fps"
        )
    return rate
