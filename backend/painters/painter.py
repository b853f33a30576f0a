"""The small interface between methods, which decide what is painted, and painters, which paint it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class LatentGrid:
    """What a painter's noise is made of: `channels` numbers for each square of `cell` × `cell` pixels."""

    cell: int
    channels: int


@dataclass(frozen=True)
class RegionRequest:
    """A part of a picture that is painted with a prompt and a strength of its own.

    mask: (H, W) float32, 1 = this prompt, 0 = what lies below, between = a mixture of the two.
    """

    mask: np.ndarray
    prompt: str
    negative_prompt: str
    strength: float


@dataclass(frozen=True)
class PaintRequest:
    """One picture to paint.

    initial: (H, W, 3) float32 0..1 sRGB, what painting starts from. conditions: (H, W, 3) float32 0..1 by condition
    name. strength: how much of `initial` is given up, 0 to 1. mask: (H, W) float32, 1 = paint, 0 = keep `initial`,
    between = blend; None paints everything. regions: later ones lie above earlier ones; what none of them covers has
    the prompt and the strength given here. A region that is not seen costs nothing. Row 0 is the top row.
    noise: what painting starts from, (channels, H / cell, W / cell rounded up) float32 on the painter's LatentGrid,
    independent numbers of mean 0 and variance 1; NaN, as None for all of it: what the seed has there. anchor: a picture
    that this one looks at while both are painted, see `TakeSettings.shared_attention`. guidance: classifier-free
    guidance scale. scales: of the ControlNets, in the order of the take's controls. lora_weights: in the order of the
    take's LoRAs. None: the take's.
    """

    initial: np.ndarray
    conditions: dict[str, np.ndarray]
    prompt: str
    negative_prompt: str
    strength: float
    seed: int
    mask: np.ndarray | None = None
    regions: tuple[RegionRequest, ...] = ()
    noise: np.ndarray | None = None
    anchor: "PaintRequest | None" = None
    guidance: float | None = None
    scales: tuple[float, ...] | None = None
    lora_weights: tuple[float, ...] | None = None


class Painter(Protocol):
    """Paints pictures; the same request gives the same bytes."""

    @property
    def grid(self) -> LatentGrid:
        """On which it takes noise."""
        ...

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        """The picture, (H, W, 3) float32 0..1 sRGB. Asks `cancelled` at every step; raises Cancelled, BackendError."""
        ...

    def close(self) -> None:
        """Gives back what the painter holds; it paints no more."""
        ...
