"""The painters of the benchmark: one that paints everything anew at random, and a clock around any."""

import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from flowbrush.backend.painters.painter import LatentGrid, Painter, PaintRequest

SURFACES, LINES = "object_colours", "lineart"
"""The conditions that `RandomPainter` asks for."""

TONE, STROKES = 0.06, 0.07  # standard deviations, of 0..1
DETAIL = 2.0  # pixels; what is finer in the initial picture gives way to strokes
LENGTH, WIDTH = 21, 1.4  # pixels: of a stroke
DIRECTIONS = 6


class RandomPainter:
    """The worst case of a painter: each request gives each surface a tone and strokes that no other request gives it.

    They depend on all that is asked for, so that the same request gives the same bytes, and the least change of it
    another painting. Colours and, by `strength`, details of the initial picture stay as in img2img; lines are drawn
    where the condition LINES has them; surfaces are told apart by SURFACES. What is around a mask has no influence, nor
    has the noise.
    """

    grid = LatentGrid(cell=8, channels=4)

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        """See Painter."""
        seed = [
            request.seed,
            *(zlib.crc32(part.tobytes()) for part in (request.initial, request.mask) if part is not None),
        ]
        strength = np.float32(request.strength)
        strokes, tones = _new_paint(request.conditions[SURFACES], seed)
        base = cv2.GaussianBlur(request.initial, (0, 0), DETAIL)
        paint = np.clip(base + strength * (tones + strokes[..., None]), 0.0, 1.0)
        paint *= 1.0 - 0.85 * strength * request.conditions[LINES]
        painted = np.clip(paint + (1.0 - strength) * (request.initial - base), 0.0, 1.0).astype(np.float32)
        if request.mask is None:
            return painted
        return request.initial + request.mask[..., None] * (painted - request.initial)

    def close(self) -> None:
        """See Painter."""


def _new_paint(surfaces: np.ndarray, seed: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Strokes (H,W) and tones (H,W,3), float32 about 0, for surfaces told apart by colours (H,W,3)."""
    dice = np.random.default_rng(seed)
    height, width = surfaces.shape[:2]
    noise = dice.standard_normal((height, width), np.float32)
    brushed = np.stack([_brushed(noise, np.pi * turn / DIRECTIONS) for turn in range(DIRECTIONS)])
    levels = np.rint(surfaces * 255.0).astype(np.int32)
    codes, number = np.unique(levels @ np.array([65536, 256, 1]), return_inverse=True)
    number = number.reshape(height, width)
    tones = dice.normal(0.0, TONE, (len(codes), 3)).astype(np.float32)
    direction = dice.integers(DIRECTIONS, size=len(codes))
    strokes = np.take_along_axis(brushed, direction[number][None], axis=0)[0]
    return STROKES * strokes, tones[number]


def _brushed(noise: np.ndarray, angle: float) -> np.ndarray:
    """Noise drawn out along `angle`, of mean 0 and variance 1."""
    kernel = np.zeros((LENGTH, LENGTH), np.float32)
    middle, along = LENGTH // 2, (LENGTH // 2 - 3) * np.array([np.cos(angle), np.sin(angle)])
    ends = [tuple(round(float(middle + sign * part)) for part in along) for sign in (-1, 1)]
    cv2.line(kernel, ends[0], ends[1], 1.0)
    kernel = cv2.GaussianBlur(kernel, (0, 0), WIDTH)
    drawn: np.ndarray = cv2.filter2D(noise, cv2.CV_32F, kernel / np.sqrt(np.square(kernel).sum()))
    return drawn


@dataclass
class Clocked:
    """A painter, the calls it had, the seconds they took and the pictures' worth of pixels that they painted."""

    painter: Painter
    calls: int = 0
    seconds: float = 0.0
    painted: float = 0.0

    @property
    def grid(self) -> LatentGrid:
        """See Painter."""
        return self.painter.grid

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        """See Painter."""
        began = time.perf_counter()
        picture = self.painter.paint(request, cancelled)
        self.seconds += time.perf_counter() - began
        self.calls += 1
        self.painted += 1.0 if request.mask is None else float((request.mask > 0.0).mean())
        return picture

    def close(self) -> None:
        """See Painter."""
        self.painter.close()
