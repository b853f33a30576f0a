"""Noise that a request brings with it: where it is given painting starts from it, elsewhere from the seed's."""

from collections.abc import Callable

import numpy as np
import pytest
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.latents import noise_for
from flowbrush.backend.painters.painter import LatentGrid
from painting import DEPTH, difference, middle_mask, never, request

SHAPE = (45, 61)  # padded to 48 × 64
GRIDS = {"sd": LatentGrid(2, 4), "lossless": LatentGrid(4, 48)}


def seeds_noise(grid: LatentGrid, seed: int) -> np.ndarray:
    """What the painter draws for the padded picture."""
    return noise_for((1, grid.channels, 48 // grid.cell, 64 // grid.cell), seed)[0][0].numpy()


@pytest.mark.parametrize("name", GRIDS)
@pytest.mark.parametrize("masked", [False, True])
def test_painting_starts_from_the_noise_that_is_given(
    painter: Callable[..., DiffusionPainter], name: str, masked: bool
) -> None:
    ours = painter(name, controls=(DEPTH,))
    grid = ours.grid
    assert grid == GRIDS[name]
    mask = middle_mask(SHAPE) if masked else None
    other = ours.paint(request(SHAPE, seed=8, mask=mask), never)
    given = seeds_noise(grid, 8)[:, : -(-SHAPE[0] // grid.cell), : -(-SHAPE[1] // grid.cell)]
    # The padding has the seed's own noise: what is given covers the picture and no more.
    painted = ours.paint(request(SHAPE, seed=7, mask=mask, noise=given), never)
    assert difference(painted, ours.paint(request(SHAPE, seed=7, mask=mask), never)) > 1e-3
    assert difference(painted[:32, :32], other[:32, :32]) < 0.02
    whole = ours.paint(request((48, 64), seed=7, noise=seeds_noise(grid, 8)), never)
    assert np.array_equal(whole, ours.paint(request((48, 64), seed=8), never))


@pytest.mark.parametrize("name", GRIDS)
def test_what_is_not_given_is_the_seeds(painter: Callable[..., DiffusionPainter], name: str) -> None:
    ours = painter(name)
    nothing = np.full_like(seeds_noise(ours.grid, 7), np.nan)
    plain = ours.paint(request(), never)
    assert np.array_equal(ours.paint(request(noise=nothing), never), plain)
    assert np.isnan(nothing).all(), "the request is not written to"
    partly = nothing.copy()
    partly[:, :4, :4] = 0.0
    assert difference(ours.paint(request(noise=partly), never), plain) > 1e-4


@pytest.mark.parametrize(("scheduler", "draws"), [("euler_a", True), ("lcm", True), ("ddim", False), ("euler", False)])
def test_schedulers_that_draw_noise_of_their_own_are_told(
    painter: Callable[..., DiffusionPainter], scheduler: str, draws: bool
) -> None:
    said: list[str] = []
    ours = painter(scheduler=scheduler, warn=said.append)
    ours.paint(request(), never)
    assert said == []
    for _ in range(2):
        ours.paint(request(noise=seeds_noise(ours.grid, 8)), never)
    assert len(said) == draws
    assert not said or "does not stay on the surfaces" in said[0]
