"""Paints frames that training never saw, and measures how near they are to what the filters make of them.

    python -I launch.py backend.training judge FRAMES OUT

FRAMES is a folder that `scenes --held-out` wrote, or a captured shot. Everything is painted as for a user, with the
settings of styles.toml. OUT gets `painted.jpg` (the grid), `target.jpg` and `plain filter.jpg`. The table compares with
targets drawn with the very noise that the model starts from:

- painted: the model.
- plain filter: an image filter of the style that sees only the picture (`plain_filters`).
- render: the picture left as it is.
- other hand: the target drawn with other noise, as near as a painter comes who knows the style but not the noise.
"""

import argparse
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import torch

from ..models.choice import resolve
from ..painters.diffusion import DiffusionPainter
from ..painters.latents import noise_for
from ..painters.painter import PaintRequest
from ..quality.likeness import line_f_score, psnr
from ..quality.sheet import sheet, write_jpeg
from ..storage import make_folder
from ..take import STYLES_FILE, TakeSettings, load_styles
from .filters import FILTERS
from .frames import Frame, read_frames
from .plain_filters import PLAIN_FILTERS
from .words import Manner

FACTOR = 4
"""Pixels of a latent's side in the starter."""

SEED, OTHER_SEED = 7, 8
NEUTRAL = Manner()
PICTURES = ("painted", "target", "plain filter")
CELL = 512  # pixels, the most that a picture is wide in the grid

Paint = Callable[[Frame, int], np.ndarray]


@dataclass(frozen=True)
class Score:
    """How near a picture is to its target.

    psnr: dB. ssim: Wang et al. 2004. flip: mean difference 0 to 1 that is seen when the pictures take turns, less is
    better (Andersson et al. 2020). lines: `line_f_score`. told: 1 if it is nearest (PSNR) to its own style's target.
    """

    psnr: float
    ssim: float
    flip: float
    lines: float
    told: float


@dataclass(frozen=True)
class Judgement:
    """Pictures by PICTURES, then by style, one a frame; scores by style and by what was compared, one a frame."""

    pictures: dict[str, dict[str, list[np.ndarray]]]
    scores: dict[tuple[str, str], list[Score]]


def painter(settings: TakeSettings) -> Paint:
    """paint(frame, seed): as the worker paints a frame with `settings`; raises what DiffusionPainter raises."""
    diffusion = DiffusionPainter(resolve(settings), settings, print)

    def paint(frame: Frame, seed: int) -> np.ndarray:
        seen = {control.condition: frame.conditions[control.condition] for control in settings.controls}
        request = PaintRequest(frame.picture, seen, settings.prompt, settings.negative_prompt, settings.strength, seed)
        return diffusion.paint(request, lambda: False)

    return paint


def target(frame: Frame, style: str, seed: int, manner: Manner = NEUTRAL) -> np.ndarray:
    """What the style's filter draws with the noise that the painter starts from for `seed`.

    The frame's sides are multiples of 32, for which the painter pads nothing.
    """
    height, width = frame.picture.shape[:2]
    latents, _ = noise_for((1, 3 * FACTOR**2, height // FACTOR, width // FACTOR), seed)
    noise = torch.nn.functional.pixel_shuffle(latents, FACTOR)[0].permute(1, 2, 0).contiguous().numpy()
    return FILTERS[style](frame.sitter, noise, manner)


def score(picture: np.ndarray, targets: dict[str, np.ndarray], style: str) -> Score:
    """Compares a picture in `style` with the targets of all styles; all (H, W, 3) float32 0..1."""
    import flip_evaluator
    from skimage.metrics import structural_similarity

    wanted = targets[style]
    similar = structural_similarity(
        picture, wanted, channel_axis=2, data_range=1.0, gaussian_weights=True, sigma=1.5, use_sample_covariance=False
    )
    _, difference, _ = flip_evaluator.evaluate(wanted, picture, "LDR", applyMagma=False)
    near = {name: psnr(picture, other) for name, other in targets.items()}
    told = all(near[style] > value for name, value in near.items() if name != style)
    return Score(near[style], float(similar), float(difference), line_f_score(picture, wanted), float(told))


def judge(frames: Sequence[Frame], styles: dict[str, TakeSettings]) -> Judgement:
    """Paints all frames in all styles; this takes a while."""
    pictures: dict[str, dict[str, list[np.ndarray]]] = {kind: {style: [] for style in styles} for kind in PICTURES}
    scores: dict[tuple[str, str], list[Score]] = {}
    targets = [{style: target(frame, style, SEED) for style in styles} for frame in frames]
    for style, settings in styles.items():
        paint = painter(settings)
        for frame, wanted in zip(frames, targets, strict=True):
            compared = {
                "painted": paint(frame, SEED),
                "plain filter": PLAIN_FILTERS[style](frame.picture),
                "render": frame.picture,
                "other hand": target(frame, style, OTHER_SEED),
            }
            for kind, picture in compared.items():
                scores.setdefault((style, kind), []).append(score(picture, wanted, style))
            for kind in PICTURES:
                pictures[kind][style].append({"target": wanted[style], **compared}[kind])
    return Judgement(pictures, scores)


def score_table(judgement: Judgement) -> str:
    """Means over the frames, in Markdown."""
    rows = []
    for (style, kind), scores in judgement.scores.items():
        columns = zip(*map(astuple, scores), strict=True)
        *measures, told = (statistics.fmean(column) for column in columns)
        numbers = [f"{value:.{digits}f}" for value, digits in zip(measures, (1, 3, 3, 3), strict=True)]
        rows.append((style, kind, *numbers, f"{100.0 * told:.0f} %"))
    return markdown(("style", "compared", "PSNR, dB", "SSIM", "FLIP, less is better", "line F-score", "told"), rows)


def grid(judgement: Judgement, kind: str, frames: Sequence[Frame], width: int = CELL) -> np.ndarray:
    """A row for each frame: the render, then each style's picture of this kind, `width` pixels wide each."""
    styles = judgement.pictures[kind]
    rows = {
        frame.name: [frame.picture, *(styles[style][place] for style in styles)] for place, frame in enumerate(frames)
    }
    return sheet(("render", *styles), rows, min(width, frames[0].picture.shape[1]))


def markdown(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table; what looks like a number stands to the right."""
    lines = [columns, ["---", *["--:"] * (len(columns) - 1)], *rows]
    return "\n".join(f"| {' | '.join(map(str, line))} |" for line in lines)


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    parser = argparse.ArgumentParser(
        prog="training judge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("frames", type=Path, help="folder of held-out scenes, or a shot")
    parser.add_argument("out", type=Path)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--styles", type=Path, default=STYLES_FILE)
    parser.add_argument("--count", type=int, default=8, help="of frames")
    parser.add_argument("--size", type=int, default=512, help="pixels, cut from the middle of larger frames")
    parser.add_argument("--threads", type=int, default=2)
    choice = parser.parse_args(arguments)
    torch.set_num_threads(choice.threads)
    frames = [frame.cut(choice.size) for frame in read_frames(choice.frames, choice.count)]
    styles = {name: replace(style, model=choice.model) for name, style in load_styles(choice.styles).items()}
    judgement = judge(frames, styles)
    out = make_folder(choice.out)
    for kind in PICTURES:
        write_jpeg(out / f"{kind}.jpg", grid(judgement, kind, frames))
    print(score_table(judgement))
