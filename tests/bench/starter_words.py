"""What each word of a prompt does to the starter's pictures, beside what it does to the targets."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
from flowbrush.backend.quality.sheet import sheet
from flowbrush.backend.take import TakeSettings
from flowbrush.backend.training.filters.sitter import background
from flowbrush.backend.training.filters.tone import TINTS
from flowbrush.backend.training.frames import Frame
from flowbrush.backend.training.judge import SEED, markdown, painter, target
from flowbrush.backend.training.words import WISHES, Manner

UNKNOWN = "dragon"
REACH = 4.0  # pixels
CELL = 256  # pixels, the most that a picture is wide in the sheet
SHOWN = (
    "", "light", "dark", "warm", "cold", "thick", "thin", "paper", "plain", "red", "golden", "blue", "sepia", "grey",
)  # fmt: skip
LEAST = 0.05  # effects on the target that are smaller are none: there may be no background, or no colour
MEASURED = {
    "tone": "mean lightness L*",
    "warmth": "mean b*, blue to yellow",
    "line": "darkness within 4 pixels of the line art, L*",
    "ground": "where no surface is: for paper mean b*, for plain mean L*",
    "tint": "share of all a*, b* in the colour's direction, %; for grey: loss of chroma",
}

Measure = Callable[[np.ndarray, Frame], float]


def measure_of(word: str) -> tuple[Measure, float]:
    """What the word should move, and in which direction (1 or -1)."""
    name, value = WISHES[word]
    if name == "tone":
        return lambda picture, _: float(lab(picture)[..., 0].mean()), float(value)
    if name == "warmth":
        return lambda picture, _: float(lab(picture)[..., 2].mean()), float(value)
    if name == "line":
        return lambda picture, frame: darkness_at(picture, frame.conditions["lineart"]), float(value)
    if name == "ground":
        channel = 2 if float(value) > 0 else 0  # paper is old and yellow, plain is white
        return lambda picture, frame: in_background(lab(picture)[..., channel], frame), 1.0
    colour = lab(np.array(TINTS[str(value)][0], np.float32)[None, None])[0, 0, 1:]
    if np.linalg.norm(colour) < 1.0:
        return lambda picture, _: -float(np.linalg.norm(lab(picture)[..., 1:], axis=2).mean()), 1.0
    return lambda picture, _: 100.0 * towards(picture, colour), 1.0


def words(frames: Sequence[Frame], shown: Frame, styles: dict[str, TakeSettings]) -> tuple[str, np.ndarray]:
    """A table of each word's effect on `frames`, and pictures of `shown`: words down, styles across."""
    effects: dict[str, list[str]] = {word: [] for word in (*WISHES, UNKNOWN)}
    right, counted = 0, 0
    for style, settings in styles.items():
        plain = painted(frames, settings, "")
        drawn = [target(frame, style, SEED) for frame in frames]
        for word, (name, value) in WISHES.items():
            measure, direction = measure_of(word)
            asked = painted(frames, settings, word)
            wanted = [target(frame, style, SEED, Manner(**{name: value})) for frame in frames]
            change, meant = (mean_change(measure, frames, *pair) for pair in ((plain, asked), (drawn, wanted)))
            possible = abs(meant) > LEAST
            met = change * direction > 0.0
            counted += possible
            right += possible and met
            said = f"{change:+.1f}" if met or not possible else f"**{change:+.1f}**"
            effects[word].append(f"{said} ({meant:+.1f})")
        moved = zip(plain, painted(frames, settings, UNKNOWN), strict=True)
        effects[UNKNOWN].append(f"{statistics.fmean(255.0 * float(np.abs(a - b).mean()) for a, b in moved):.2f}")
    rows = [(f"`{word}`", MEASURED[WISHES[word][0]], *effects[word]) for word in WISHES]
    rows.append((f"`{UNKNOWN}`, unknown", "mean change, levels; expected 0", *effects[UNKNOWN]))
    table = markdown(("word", "measured", *styles), rows)
    verdict = f"{right} of {counted} effects go in the expected direction (others are bold)."
    pictures = {word: [painted([shown], style, word)[0] for style in styles.values()] for word in SHOWN}
    return f"{table}\n\n{verdict}", sheet(tuple(styles), pictures, min(CELL, shown.picture.shape[1]))


def painted(frames: Sequence[Frame], settings: TakeSettings, word: str) -> list[np.ndarray]:
    paint = painter(replace(settings, prompt=f"{word} {settings.prompt}".strip()))
    return [paint(frame, SEED) for frame in frames]


def mean_change(
    measure: Measure, frames: Sequence[Frame], before: Sequence[np.ndarray], after: Sequence[np.ndarray]
) -> float:
    both = zip(frames, before, after, strict=True)
    return statistics.fmean(measure(b, frame) - measure(a, frame) for frame, a, b in both)


def lab(picture: np.ndarray) -> np.ndarray:
    """CIE L*a*b*, (H, W, 3)."""
    return cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2LAB)


def towards(picture: np.ndarray, colour: np.ndarray) -> float:
    """How much of all colour lies in the direction of the a*, b* `colour`: -1 to 1, where all of it does."""
    hues = lab(picture)[..., 1:]
    return float((hues @ colour).sum() / np.linalg.norm(colour) / max(float(np.linalg.norm(hues, axis=2).sum()), 1e-6))


def darkness_at(picture: np.ndarray, lineart: np.ndarray) -> float:
    """How dark it is at and beside the lines of the condition: 0 is white, 100 black."""
    apart = cv2.distanceTransform((lineart[..., 0] < 0.3).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(100.0 - lab(picture)[..., 0][apart <= REACH].mean()) if (apart <= REACH).any() else 0.0


def in_background(values: np.ndarray, frame: Frame) -> float:
    """The mean of `values` (H, W) where no surface is seen; 0 where there is no such place."""
    weight = background(frame.sitter)
    return float((values * weight).sum() / max(float(weight.sum()), 1.0))
