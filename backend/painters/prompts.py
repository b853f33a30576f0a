"""Which prompt holds where in a picture, and how far each of its cells is painted over; a cell is one latent."""

from dataclasses import dataclass

import numpy as np

from ..passes.masks import layered
from .painter import PaintRequest, RegionRequest

SEEN = 1e-3  # a smaller part of a cell cannot be told from nothing


@dataclass(frozen=True)
class Share:
    """A prompt, and how much of each cell it decides: `weight` (h, w) float32; None for all of every cell."""

    prompt: str
    negative_prompt: str
    weight: np.ndarray | None = None


@dataclass(frozen=True)
class Mixture:
    """The prompts that are seen, their weights adding up to one, and the strengths, 0 to 1, the largest last.

    cell_strengths: (h, w) float32; None where all cells have the same.
    """

    shares: tuple[Share, ...]
    strengths: tuple[float, ...]
    cell_strengths: np.ndarray | None = None


def mixture(request: PaintRequest, masks: list[np.ndarray], hole: np.ndarray | None) -> Mixture:
    """What `request` asks for where something is painted.

    masks: (h, w) float32 0..1, those of the request's regions in cells. hole: (h, w), above 0 where something is
    painted; None: everywhere. Regions with the same prompts share one, and a prompt of which nothing is seen is left
    out: it costs nothing.
    """
    if not masks:
        return Mixture((Share(request.prompt, request.negative_prompt),), (request.strength,))
    painted = np.ones_like(masks[0], bool) if hole is None else hole > 0
    given: tuple[PaintRequest | RegionRequest, ...] = (request, *request.regions)
    seen = [(one, w) for one, w in zip(given, layered(masks), strict=True) if w[painted].max(initial=0.0) > SEEN]
    weights: dict[tuple[str, str], np.ndarray] = {}
    for one, weight in seen:
        prompts = (one.prompt, one.negative_prompt)
        weights[prompts] = weights.get(prompts, np.float32(0.0)) + weight
    together = np.sum(list(weights.values()), axis=0)
    # What is not painted, or hardly seen, goes to the first: every cell needs a whole prediction.
    first = next(iter(weights))
    weights[first] = weights[first] + (1 - together)
    shares = tuple(Share(*prompts, weight if len(weights) > 1 else None) for prompts, weight in weights.items())
    strengths = tuple(sorted({one.strength for one, _ in seen}))
    if len(strengths) == 1:
        return Mixture(shares, strengths)
    cell_strengths = np.sum([one.strength * weight for one, weight in seen], axis=0)
    return Mixture(shares, strengths, np.minimum(cell_strengths, strengths[-1]).astype(np.float32))
