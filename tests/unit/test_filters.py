"""The filters that the starter model learns from: pictures that differ by style, hand and manner, in scene colours."""

import dataclasses

import numpy as np
import pytest
from flowbrush.backend.training.filters import FILTERS, Sitter, mirror
from flowbrush.backend.training.filters.sitter import background
from flowbrush.backend.training.filters.strokes import directions, field, grain, hatches
from flowbrush.backend.training.filters.tone import TINTS, blur, luma
from flowbrush.backend.training.words import TINTS as TINT_WORDS
from flowbrush.backend.training.words import Manner

SIZE = 96
BALL, SKY = (slice(44, 52), slice(30, 40)), (slice(4, 12), slice(4, 92))


def hand(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((SIZE, SIZE, 3), np.float32)


@pytest.fixture(scope="module")
def sitter() -> Sitter:
    """A red ball with a dark dot, lit from the left, on a grey floor before a pale sky."""
    rows, columns = np.indices((SIZE, SIZE), np.float32)
    across, down = (columns - 48) / 30, (rows - 48) / 30
    ball, floor = across**2 + down**2 < 1, rows > 56
    towards = np.sqrt(np.clip(1 - across**2 - down**2, 0, 1))
    light = np.clip(0.75 - 0.35 * across, 0.1, 1.0)[..., None]
    picture = np.where(floor[..., None], np.array((0.5, 0.5, 0.48)), np.array((0.7, 0.78, 0.92)))
    picture = np.where(ball[..., None], np.array((0.85, 0.25, 0.2)) * light, picture)
    picture = np.where((np.hypot(columns - 40, rows - 36) < 2.5)[..., None], 0.03, picture)
    normal = np.where(floor[..., None], np.array((0.5, 0.95, 0.7)), np.array((0.5, 0.5, 1.0)))
    round_one = np.stack(((1 - across) / 2, (1 - down) / 2, (1 + towards) / 2), axis=2)
    normal = np.where(ball[..., None], round_one, normal)
    depth = np.where(ball, 0.8, np.where(floor, rows / SIZE, 0.0))
    edge = (np.abs(np.hypot(across, down) - 1) < 0.04) | ((np.abs(rows - 57) < 1) & ~ball)
    return Sitter(*(plane.astype(np.float32) for plane in (picture, normal, depth, edge)))


def darkness_of_lines(picture: np.ndarray, sitter: Sitter) -> float:
    """How dark it is on and right beside the lines."""
    return float(1.0 - luma(picture)[blur(sitter.lines, 2.0) > 0.05].mean())


@pytest.mark.parametrize("style", FILTERS)
def test_a_picture_of_the_right_shape_and_range(style: str, sitter: Sitter) -> None:
    painted = FILTERS[style](sitter, hand(0), Manner(1.0, -1.0, 1.0, 1.0, "blue"))
    assert painted.shape == (SIZE, SIZE, 3) and painted.dtype == np.float32
    assert painted.min() >= 0.0 and painted.max() <= 1.0 and np.isfinite(painted).all()


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("style", FILTERS)
def test_nothing_at_all_can_be_painted(style: str, value: float) -> None:
    plane = np.zeros((SIZE, SIZE), np.float32)
    empty = Sitter(
        np.full((SIZE, SIZE, 3), value, np.float32),
        np.broadcast_to(np.array((0.5, 0.5, 1.0), np.float32), (SIZE, SIZE, 3)),
        plane,
        plane,
    )
    painted = FILTERS[style](empty, hand(0), Manner())
    assert np.isfinite(painted).all() and painted.shape == (SIZE, SIZE, 3)


@pytest.mark.parametrize("style", FILTERS)
def test_colours_stay_the_scenes(style: str, sitter: Sitter) -> None:
    painted = FILTERS[style](sitter, hand(0), Manner())
    lit, sky = painted[BALL].mean((0, 1)), painted[SKY].mean((0, 1))
    assert lit[0] > lit[1] + 0.15 and lit[0] > lit[2] + 0.15, "the ball is no longer red"
    assert sky[2] > sky[0], "the sky is no longer bluish"
    assert np.abs(painted - sitter.picture).mean() < 0.25


@pytest.mark.parametrize("style", ["ink", "cel", "hatching", "watercolour"])
def test_outlines_are_darker_than_both_sides(style: str, sitter: Sitter) -> None:
    light = luma(FILTERS[style](sitter, hand(0), Manner()))
    line = sitter.lines > 0
    assert light[line].mean() < blur(light, 4.0)[line].mean() - 0.01


@pytest.mark.parametrize("style", FILTERS)
def test_an_eye_stays_dark(style: str, sitter: Sitter) -> None:
    light = luma(FILTERS[style](sitter, hand(0), Manner()))
    assert light[35:38, 39:42].mean() < 0.6 * light[30:43, 33:47].mean()


@pytest.mark.parametrize("style", FILTERS)
def test_the_noise_is_the_hand_and_the_scene_is_not(style: str, sitter: Sitter) -> None:
    first, again, other = (FILTERS[style](sitter, hand(seed), Manner()) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    difference = first - other
    assert np.abs(difference).mean() > (0.001 if style == "cel" else 0.012)
    assert np.abs(blur(difference, 8.0)).mean() < (0.05 if style == "watercolour" else 0.03)


def test_styles_differ_more_than_hands_do(sitter: Sitter) -> None:
    painted = {style: paint(sitter, hand(1), Manner()) for style, paint in FILTERS.items()}
    for style, other in ((one, two) for one in painted for two in painted if one < two):
        between_hands = np.abs(painted[style] - FILTERS[style](sitter, hand(2), Manner())).mean()
        assert np.abs(painted[style] - painted[other]).mean() > between_hands


@pytest.mark.parametrize(("style", "paler"), [("hatching", 0.05), ("gouache", 0.02)])
def test_the_same_things_are_paler_when_they_are_far(style: str, paler: float, sitter: Sitter) -> None:
    near, middle, far = (
        FILTERS[style](dataclasses.replace(sitter, depth=np.full_like(sitter.depth, depth)), hand(1), Manner()).mean()
        for depth in (1.0, 0.4, 0.0)
    )
    assert near < middle < far and far > near + paler


def test_cel_has_few_tones(sitter: Sitter) -> None:
    inside = (sitter.depth > 0.79) & (blur(sitter.lines, 3.0) < 0.05)
    counts, _ = np.histogram(luma(FILTERS["cel"](sitter, hand(1), Manner()))[inside], 40, (0, 1))
    rendered, _ = np.histogram(luma(sitter.picture)[inside], 40, (0, 1))
    assert np.sort(counts)[-3:].sum() > np.sort(rendered)[-3:].sum() * 1.2


@pytest.mark.parametrize("style", FILTERS)
def test_every_word_is_seen(style: str, sitter: Sitter) -> None:
    def paint(**wishes: float | str) -> np.ndarray:
        return FILTERS[style](sitter, hand(0), Manner(**wishes))  # type: ignore[arg-type]

    own = paint()
    assert paint(tone=-1.0).mean() + 0.05 < own.mean() < paint(tone=1.0).mean() - 0.03
    cold, neutral, warm = ((p[..., 0] - p[..., 2]).mean() for p in (paint(warmth=-1.0), own, paint(warmth=1.0)))
    assert cold + 0.05 < neutral < warm - 0.05
    thin, middle, thick = (darkness_of_lines(paint(line=line), sitter) for line in (-1.0, 0.0, 1.0))
    assert thin + 0.01 < middle < thick - 0.01
    plain, paper = paint(ground=-1.0)[SKY], paint(ground=1.0)[SKY]
    assert plain.mean() > 0.85 and plain.mean() > own[SKY].mean()
    assert (paper[..., 0] - paper[..., 2]).mean() > (plain[..., 0] - plain[..., 2]).mean() + 0.08


@pytest.mark.parametrize("tint", TINT_WORDS)
@pytest.mark.parametrize("style", FILTERS)
def test_a_colour_word_draws_all_colours_towards_it(style: str, tint: str, sitter: Sitter) -> None:
    own = FILTERS[style](sitter, hand(0), Manner())
    painted = FILTERS[style](sitter, hand(0), Manner(tint=tint))
    wanted = np.array(TINTS[tint][0]) - np.mean(TINTS[tint][0])

    def away(picture: np.ndarray) -> float:
        chroma = picture.mean((0, 1))
        return float(np.linalg.norm(chroma - chroma.mean() - 0.5 * wanted))

    def spread(picture: np.ndarray) -> float:
        return float((picture - picture.mean(axis=2, keepdims=True)).std((0, 1)).mean())

    assert away(painted) < away(own)
    assert spread(painted) < spread(own)


def test_every_tint_has_a_word() -> None:
    assert set(TINTS) == set(TINT_WORDS)


def test_the_background_is_where_no_surface_is(sitter: Sitter) -> None:
    bare = background(sitter)
    assert bare[:12].min() > 0.99 and bare[60:].max() < 0.01


def test_a_mirror_exchanges_left_and_right(sitter: Sitter) -> None:
    other = mirror(sitter)
    assert np.allclose(other.normal[:, 20, 0], 1.0 - sitter.normal[:, -21, 0])
    for one in dataclasses.fields(Sitter):
        assert np.allclose(getattr(mirror(other), one.name), getattr(sitter, one.name), atol=1e-6)


def test_strokes_lie_along_the_floor_and_turn_with_the_form() -> None:
    normal = np.zeros((SIZE, SIZE, 3), np.float32)
    normal[:, :48], normal[:, 48:] = (0.5, 0.95, 0.65), (0.05, 0.5, 0.65)  # a floor; a wall on the left
    plane = np.zeros((SIZE, SIZE), np.float32)
    angle = directions(Sitter(normal, normal, plane, plane))
    assert np.abs(np.sin(angle[:, 10:38])).max() < 0.15, "horizontal"
    assert np.abs(np.cos(angle[:, 58:86])).max() < 0.15, "upright"


@pytest.mark.parametrize("degrees", [0, 30, 45, 90])
def test_ridges_are_standard_and_run_in_their_direction(degrees: int) -> None:
    noise = np.random.default_rng(5).standard_normal((256, 256, 3), np.float32)
    angle = np.full((256, 256), np.radians(degrees), np.float32)
    ridges = hatches(noise, 0, angle, 6.0, 8.0)
    assert ridges.std() == pytest.approx(1.0, abs=0.2)
    down, right = np.gradient(ridges)
    along = np.cos(angle) * right + np.sin(angle) * down
    across = np.cos(angle) * down - np.sin(angle) * right
    assert across.std() > 4.0 * along.std()


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
