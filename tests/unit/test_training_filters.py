"""The filters that the starter model learns from: pictures that differ by style and hand, in the scene's colours."""

import numpy as np
import pytest
from flowbrush.backend.training.filters import FILTERS, Sitter, field, grain, to_linear, to_srgb

SIZE = 96


def hand(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((SIZE, SIZE, 3), np.float32)


@pytest.fixture(scope="module")
def sitter() -> Sitter:
    """A red ball, lit from the left, before a pale sky."""
    rows, columns = np.indices((SIZE, SIZE), np.float32)
    across, down = (columns - 48) / 30, (rows - 48) / 30
    inside = across**2 + down**2 < 1
    light = np.clip(0.6 - 0.5 * across, 0.05, 1.0)
    albedo = np.where(inside[..., None], np.array((0.6, 0.08, 0.05)), 0.0).astype(np.float32)
    linear = np.where(inside[..., None], albedo * light[..., None], np.array((0.6, 0.7, 0.9)))
    lines = (np.abs(np.hypot(across, down) - 1) < 0.04).astype(np.float32)
    return Sitter(to_srgb(linear).astype(np.float32), albedo, lines, inside.astype(np.float32))


@pytest.mark.parametrize("style", FILTERS)
def test_a_picture_of_the_right_shape_and_range(style: str, sitter: Sitter) -> None:
    painted = FILTERS[style](sitter, hand(0))
    assert painted.shape == (SIZE, SIZE, 3) and painted.dtype == np.float32
    assert painted.min() >= 0.0 and painted.max() <= 1.0 and np.isfinite(painted).all()


@pytest.mark.parametrize("style", FILTERS)
def test_colours_stay_the_scenes(style: str, sitter: Sitter) -> None:
    painted = FILTERS[style](sitter, hand(0))
    lit, sky = painted[44:52, 30:40].mean((0, 1)), painted[4:12, 4:92].mean((0, 1))
    assert lit[0] > lit[1] + 0.2 and lit[0] > lit[2] + 0.2, "the ball is no longer red"
    assert sky[2] > sky[0], "the sky is no longer bluish"
    assert np.abs(painted - sitter.picture).mean() < 0.25


@pytest.mark.parametrize("style", FILTERS)
def test_outlines_are_darker_than_both_sides(style: str, sitter: Sitter) -> None:
    painted = FILTERS[style](sitter, hand(0)).mean(axis=2)
    line = sitter.lines > 0
    beside = np.zeros_like(line)
    beside[30:66, 24:72] = sitter.surface[30:66, 24:72] > 0
    assert painted[line].mean() < painted[beside & ~line].mean() - 0.02


@pytest.mark.parametrize("style", FILTERS)
def test_the_noise_is_the_hand(style: str, sitter: Sitter) -> None:
    first, again, other = (FILTERS[style](sitter, hand(seed)) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert np.abs(first - other).mean() > 0.002


def test_styles_differ_more_than_hands_do(sitter: Sitter) -> None:
    painted = {style: paint(sitter, hand(1)) for style, paint in FILTERS.items()}
    between_hands = max(np.abs(painted[style] - FILTERS[style](sitter, hand(2))).mean() for style in FILTERS)
    names = list(painted)
    for one, other in zip(names, names[1:] + names[:1], strict=True):
        assert np.abs(painted[one] - painted[other]).mean() > between_hands


def test_cel_has_few_tones(sitter: Sitter) -> None:
    inside = (sitter.surface > 0) & (sitter.lines == 0)
    tones = FILTERS["cel"](sitter, hand(1)).mean(axis=2)[inside]
    counts, _ = np.histogram(tones, 40)
    rendered, _ = np.histogram(sitter.picture.mean(axis=2)[inside], 40)
    assert np.sort(counts)[-6:].sum() > np.sort(rendered)[-6:].sum() * 1.2


def test_fields_are_standard_and_independent() -> None:
    noise = np.random.default_rng(3).standard_normal((512, 512, 3), np.float32)
    fields = np.stack([field(noise, channel, 3.0).ravel() for channel in range(9)])
    assert np.allclose(fields.std(axis=1), 1.0, atol=0.08) and np.allclose(fields.mean(axis=1), 0.0, atol=0.06)
    assert np.abs(np.corrcoef(fields) - np.eye(9)).max() < 0.06
    assert grain(noise).std() == pytest.approx(1.0, abs=0.3)


def test_a_slow_picture_under_the_noise_hardly_moves_a_field() -> None:
    noise = hand(4)
    slow = np.repeat(np.linspace(-1, 1, SIZE, dtype=np.float32)[None, :, None], SIZE, axis=0) * np.ones(3, np.float32)
    inner = (slice(16, -16), slice(16, -16))
    for channel in range(9):
        moved = field(noise + slow, channel, 5.0) - field(noise, channel, 5.0)
        assert np.abs(moved[inner]).max() < 0.1


def test_srgb_and_linear_are_inverse() -> None:
    values = np.linspace(0, 1, 257)
    assert np.allclose(to_srgb(to_linear(values)), values, atol=1e-6)
