"""What each condition does for the starter: without it, and at conditioning scales from 0 to 1.5."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np
from flowbrush.backend.quality.likeness import line_f_score, psnr, stroke_angle
from flowbrush.backend.quality.sheet import sheet
from flowbrush.backend.take import ControlSettings, TakeSettings
from flowbrush.backend.training.frames import Frame
from flowbrush.backend.training.judge import NEUTRAL, SEED, markdown, painter, target
from flowbrush.backend.training.words import Manner
from starter_words import lab

CONDITIONS = ("depth", "normal", "lineart", "colour")
SCALES = tuple(np.linspace(0.0, 1.5, 7).round(2).tolist())
MEASURES = (("PSNR, dB", psnr, ".1f"), ("line F-score", line_f_score, ".3f"), ("stroke angle, °", stroke_angle, ".1f"))
FOLLOW_FORM = ("hatching", "gouache")
"""Styles whose strokes follow the normals."""

AERIAL = ("hatching", "gouache")
"""Styles whose far things are paler, by depth."""

EFFECT = "effect, L* (target)"

ON_LINE, BESIDE = 1.0, (4.0, 10.0)
"""Pixels from the line art."""

ON_PAPER = "paper"
"""The word with which depth counts in the other styles: it tells the background, which is then left bare."""


def with_all(settings: TakeSettings) -> TakeSettings:
    """The settings, with a scale of 1 for conditions that the style goes without."""
    used = {control.condition for control in settings.controls}
    added = tuple(ControlSettings(name) for name in CONDITIONS if name not in used)
    return replace(settings, controls=(*settings.controls, *added))


def scaled(settings: TakeSettings, name: str, scale: float) -> TakeSettings:
    controls = tuple(replace(one, scale=scale) if one.condition == name else one for one in settings.controls)
    return replace(settings, controls=controls)


def removed(frames: Sequence[Frame], styles: dict[str, TakeSettings]) -> tuple[str, np.ndarray]:
    """A table of what the loss of each condition does, and the last frame's pictures."""
    rows, pictures = [], {}
    for style, own in styles.items():
        settings = with_all(own)
        on_paper = replace(settings, prompt=f"{ON_PAPER} {own.prompt}")
        asked = {NEUTRAL: settings, Manner(ground=1.0): on_paper}
        made = {manner: painted(frames, one) for manner, one in asked.items()}
        drawn = {manner: [target(frame, style, SEED, manner) for frame in frames] for manner in asked}
        cells = [frames[-1].picture, made[NEUTRAL][-1]]
        for name in CONDITIONS:
            manner = Manner(ground=1.0) if name == "depth" and style not in AERIAL else NEUTRAL
            whole, wanted = made[manner], drawn[manner]
            without = painted(frames, scaled(asked[manner], name, 0.0))
            before, after = measured(whole, wanted), measured(without, wanted)
            expected, met = verdict(name, style, before, after)
            arrows = [f"{a:{form}} → {b:{form}}" for a, b, (_, _, form) in zip(before, after, MEASURES, strict=True)]
            seen = ""
            if name == "lineart" or (name == "depth" and style in AERIAL):
                there, gone, meant = (EFFECTS[name](frames, style, one) for one in (whole, without, wanted))
                seen, met = f"{there:.1f} → {gone:.1f} ({meant:.1f})", met and gone < there
            said = name if manner == NEUTRAL else f"{name}, with the word `{ON_PAPER}`"
            change = f"{255.0 * difference(whole, without):.1f}"
            rows.append((style, said, change, *arrows, seen, expected, "yes" if met else "**no**"))
            neutral = without if manner == NEUTRAL else painted(frames[-1:], scaled(settings, name, 0.0))
            cells.append(neutral[-1])
        pictures[style] = cells
    columns = ("style", "without", "change", *(name for name, _, _ in MEASURES), EFFECT, "expected", "so it is")
    labels = ("render", "all", *(f"without {name}" for name in CONDITIONS))
    return markdown(columns, rows), sheet(labels, pictures, min(256, frames[-1].picture.shape[1]))


def verdict(name: str, style: str, before: Sequence[float], after: Sequence[float]) -> tuple[str, bool]:
    """What is expected of the loss of a condition, and whether the MEASURES before and after say so.

    Whether the condition's effect is less is not looked at here.
    """
    less_well = after[0] < before[0]
    if name == "lineart":
        return "the target is met less well, lines are paler", less_well
    if name == "depth" and style in AERIAL:
        return "the target is met less well, far things are less pale", less_well
    if name == "normal" and style in FOLLOW_FORM:
        return "strokes turn away from the form", after[2] > before[2]
    return "the target is met less well", less_well


def paleness(frames: Sequence[Frame], style: str, pictures: Sequence[np.ndarray]) -> float:
    """How much lighter, L*, the farthest is than the nearest, beyond what the style's filter draws if all is nearest.

    The slope of a straight line, by least squares over all pixels; distance is 1 less the condition `depth`.
    """
    distance, lighter = [], []
    for frame, picture in zip(frames, pictures, strict=True):
        depth = frame.conditions["depth"]
        near = replace(frame, conditions={**frame.conditions, "depth": np.ones_like(depth)})
        distance.append(1.0 - depth[..., 0].ravel())
        lighter.append((lab(picture) - lab(target(near, style, SEED)))[..., 0].ravel())
    return float(np.polyfit(np.concatenate(distance), np.concatenate(lighter), 1)[0])


def darkness_of_lines(frames: Sequence[Frame], _style: str, pictures: Sequence[np.ndarray]) -> float:
    """How much darker, L*, the lines of the line art are than what lies beside them."""
    darker = []
    for frame, picture in zip(frames, pictures, strict=True):
        light, off = lab(picture)[..., 0], (frame.conditions["lineart"][..., 0] < 0.5).astype(np.uint8)
        apart = cv2.distanceTransform(off, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
        on, beside = light[apart <= ON_LINE], light[(apart > BESIDE[0]) & (apart <= BESIDE[1])]
        darker.append(float(beside.mean() - on.mean()))
    return statistics.fmean(darker)


EFFECTS = {"depth": paleness, "lineart": darkness_of_lines}
"""What a condition does by itself: measures of frames in a style, by its name."""


def swept(frames: Sequence[Frame], styles: dict[str, TakeSettings]) -> tuple[str, np.ndarray]:
    """A table of how evenly the picture moves with a conditioning scale, and the pictures for line art."""
    rows, pictures = [], {}
    for style, own in styles.items():
        settings, cells = with_all(own), [style]
        for name in CONDITIONS:
            steps = [painted(frames, scaled(settings, name, scale)) for scale in SCALES]
            moves = [difference(a, b) for a, b in pairwise(steps)]
            whole = difference(steps[0], steps[-1])
            cells.append(f"{255.0 * whole:.1f}, {max(moves) / max(whole, 1e-9):.2f}")
            if name == "lineart":
                pictures[style] = [step[-1] for step in steps]
        rows.append(cells)
    labels = [f"line art {scale:g}" for scale in SCALES]
    return markdown(("style", *CONDITIONS), rows), sheet(labels, pictures, min(224, frames[-1].picture.shape[1]))


def painted(frames: Sequence[Frame], settings: TakeSettings) -> list[np.ndarray]:
    paint = painter(settings)
    return [paint(frame, SEED) for frame in frames]


def measured(pictures: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> list[float]:
    pairs = list(zip(pictures, wanted, strict=True))
    return [statistics.fmean(measure(a, b) for a, b in pairs) for _, measure, _ in MEASURES]


def difference(one: Sequence[np.ndarray], other: Sequence[np.ndarray]) -> float:
    return statistics.fmean(float(np.abs(a - b).mean()) for a, b in zip(one, other, strict=True))
