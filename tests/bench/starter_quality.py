"""All that is measured of the starter model, as Markdown tables and pictures.

    python tests/bench/starter_quality.py OUT [--frames FOLDER] [--only likeness conditions ...]

Run with the backend's Python and Flowbrush on its path. FOLDER holds scenes that training never saw, as `training
scenes --held-out` renders them from material that is not in this repository; or it is a captured shot. Where it is
missing, the demo scene's shot of `make demo` is taken, whose character training has seen, and the output says so.

OUT gets `<name>.md` and JPEGs for each of: likeness (to targets; see `training judge`), conditions (each removed),
scales (of conditions, from 0 to 1.5), words (of the prompt), settings, seeds. Seconds a frame: starter_speed.py.
"""

import argparse
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as for the worker, read when torch is loaded
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import starter_conditions
import starter_seeds
import starter_settings
import starter_words
import torch
from flowbrush.backend.quality.sheet import write_jpeg
from flowbrush.backend.take import STYLES_FILE, TakeSettings, load_styles
from flowbrush.backend.training.filters.sitter import background
from flowbrush.backend.training.frames import Frame, read_frames
from flowbrush.backend.training.judge import PICTURES, grid, judge, score_table

HELD_OUT, DEMO = Path("build/starter/held-out"), Path("build/demo/shot")
NOTES = {
    "likeness": "Means over the frames, against targets drawn with the noise that the model starts from.",
    "conditions": "What happens when a condition is left out, all others at the style's scale. Change: mean difference "
    "in 8-bit levels. The other measures compare with the target, before and after.",
    "scales": "A conditioning scale goes from 0 to 1.5 in {steps} steps. Mean difference between both ends in 8-bit "
    "levels, and the largest single step as a share of it; {even:.2f} is perfectly even.",
    "words": "One word before the style's prompt: its effect on the picture, and in brackets on the target.",
    "settings": "PSNR in dB and line F-score against the targets; one thing differs from the style's own settings.",
    "seeds": "Variance between {seeds} seeds as a share of the variance of all pixels.",
}

Pictures = dict[str, np.ndarray]


def likeness(frames: Sequence[Frame], styles: dict[str, TakeSettings]) -> tuple[str, Pictures]:
    judgement = judge(frames, styles)
    sheets = {"grid": grid(judgement, "painted", frames)}
    return score_table(judgement), sheets | {kind: grid(judgement, kind, frames) for kind in PICTURES[1:]}


def the_frames(folder: Path, count: int) -> list[Frame]:
    """Held-out frames, or, announced, the demo's."""
    if not folder.is_dir():
        if not DEMO.is_dir():
            raise SystemExit(f"There is no {folder} and no {DEMO}: run `make demo`, or give --frames")
        print(
            f"NOT HELD OUT: there is no {folder}. These are frames of the demo scene ({DEMO}), whose character the "
            "training has seen.\n"
        )
        folder = DEMO
    return read_frames(folder, count)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=Path, default=HELD_OUT)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--styles", type=Path, default=STYLES_FILE, help="to try other settings than those that ship")
    parser.add_argument("--only", nargs="+", choices=NOTES, default=tuple(NOTES))
    parser.add_argument("--count", type=int, default=8, help="frames of the grid")
    parser.add_argument("--size", type=int, default=512, help="pixels, cut from the middle of larger frames")
    parser.add_argument("--part", type=int, default=256, help="the same, for everything but likeness")
    parser.add_argument("--few", type=int, default=3, help="frames for everything but likeness")
    parser.add_argument("--shown", type=int, default=0, help="the frame, from 0, on which words are pictured")
    parser.add_argument("--seeds", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    given.out.mkdir(parents=True, exist_ok=True)
    styles = {name: replace(style, model=given.model) for name, style in load_styles(given.styles).items()}
    frames = [frame.cut(given.size) for frame in the_frames(given.frames, given.count)]
    few = [frames[round(place)].cut(given.part) for place in np.linspace(0, len(frames) - 1, given.few)]
    # Words for the ground only show where there is some sky, and depth does most where things are far.
    higher = sorted((frame.cut(given.part, 0.25) for frame in frames), key=lambda one: background(one.sitter).mean())
    outside = higher[-given.few :]
    work: dict[str, Callable[[], tuple[str, Pictures | np.ndarray]]] = {
        "likeness": lambda: likeness(frames, styles),
        "conditions": lambda: starter_conditions.removed(outside, styles),
        "scales": lambda: starter_conditions.swept(few[:1], styles),
        "words": lambda: starter_words.words(outside, frames[given.shown], styles),
        "settings": lambda: starter_settings.settings(few, styles),
        "seeds": lambda: starter_seeds.seeds(few, styles, given.seeds),
    }
    steps = len(starter_conditions.SCALES) - 1
    for name in given.only:
        started = time.monotonic()
        table, pictures = work[name]()
        note = NOTES[name].format(steps=steps, even=1 / steps, seeds=given.seeds)
        (given.out / f"{name}.md").write_text(f"{table}\n", encoding="utf-8")
        for title, picture in (pictures if isinstance(pictures, dict) else {name: pictures}).items():
            write_jpeg(given.out / f"{title}.jpg", picture)
        print(f"## {name}\n\n{note} {time.monotonic() - started:.0f} s.\n\n{table}\n", flush=True)


if __name__ == "__main__":
    main()
