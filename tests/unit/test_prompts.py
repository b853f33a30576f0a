"""Which prompt decides which cell, and what of it is not worth a pass."""

import numpy as np
import pytest
from flowbrush.backend.painters.painter import PaintRequest, RegionRequest
from flowbrush.backend.painters.prompts import Mixture, mixture
from hypothesis import given
from hypothesis import strategies as st

SHAPE = (6, 8)
EMPTY, FULL = np.zeros(SHAPE, np.float32), np.ones(SHAPE, np.float32)
LEFT = (np.arange(8) < 4)[None].repeat(6, axis=0).astype(np.float32)


def region(prompt: str, strength: float = 0.5, negative_prompt: str = "") -> RegionRequest:
    return RegionRequest(EMPTY, prompt, negative_prompt, strength)


def mixed(regions: list[RegionRequest], masks: list[np.ndarray], hole: np.ndarray | None = None) -> Mixture:
    picture = np.zeros((*SHAPE, 3), np.float32)
    return mixture(PaintRequest(picture, {}, "main", "", 0.5, 1, regions=tuple(regions)), masks, hole)


def prompts(made: Mixture) -> list[str]:
    return [share.prompt for share in made.shares]


@pytest.mark.parametrize(
    ("regions", "masks", "hole", "left"),
    [
        ([], [], None, ["main"]),
        ([region("ink")], [EMPTY], None, ["main"]),
        ([region("ink")], [FULL], None, ["ink"]),
        ([region("ink")], [LEFT], None, ["main", "ink"]),
        ([region("ink")], [LEFT], LEFT, ["ink"]),
        ([region("ink")], [LEFT], 1 - LEFT, ["main"]),
        ([region("ink"), region("cel")], [LEFT, LEFT], None, ["main", "cel"]),
        ([region("ink"), region("cel")], [LEFT, 1 - LEFT], None, ["ink", "cel"]),
        ([region("ink"), region("ink")], [LEFT, 1 - LEFT], None, ["ink"]),
        ([region("main")], [LEFT], None, ["main"]),
        ([region("main", negative_prompt="ink")], [LEFT], None, ["main", "main"]),
    ],
)
def test_only_prompts_that_are_seen_are_left(
    regions: list[RegionRequest], masks: list[np.ndarray], hole: np.ndarray | None, left: list[str]
) -> None:
    made = mixed(regions, masks, hole)
    assert prompts(made) == left
    assert made.strengths == (0.5,) and made.cell_strengths is None
    assert (made.shares[0].weight is None) == (len(left) == 1), "one prompt needs no weights"


@given(st.integers(0, 500), st.integers(1, 4), st.booleans())
def test_weights_add_up_to_one_and_the_last_lies_on_top(seed: int, count: int, holed: bool) -> None:
    random = np.random.default_rng(seed)
    masks = [np.clip(random.uniform(-1, 2, SHAPE), 0, 1).astype(np.float32) for _ in range(count)]
    hole = (random.random(SHAPE) > 0.5).astype(np.float32) if holed else None
    made = mixed([region(f"r{k}") for k in range(count)], masks, hole)
    if len(made.shares) > 1:
        np.testing.assert_allclose(np.sum([share.weight for share in made.shares], axis=0), 1.0, atol=1e-5)
        top = {share.prompt: share.weight for share in made.shares}.get(f"r{count - 1}")
        painted = np.ones(SHAPE, bool) if hole is None else hole > 0
        if top is not None and made.shares[0].prompt != f"r{count - 1}":
            assert np.array_equal(top[painted], masks[-1][painted])


def test_strengths_are_the_cells_own() -> None:
    made = mixed([region("ink", 0.25), region("cel", 0.9)], [LEFT, EMPTY])
    assert made.strengths == (0.25, 0.5), "what is not seen has no say"
    assert np.array_equal(made.cell_strengths, np.where(LEFT > 0, np.float32(0.25), np.float32(0.5)))
    half = mixed([region("main", 1.0)], [np.full(SHAPE, 0.5, np.float32)])
    assert prompts(half) == ["main"] and np.all(half.cell_strengths == 0.75)
