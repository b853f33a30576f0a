"""Seconds a frame of the starter, by size and number of steps, and with the styles' own settings.

    python tests/bench/starter_speed.py [--sizes 256 512 1024] [--steps 1 2 4 8] [--threads 2] [--pictures 3]

Run with the backend's Python and Flowbrush on its path. The table's steps are all taken (strength 1). Wall seconds and,
in brackets, processor seconds: medians, without the first picture, in which caches fill.
"""

import argparse
import os
import statistics
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as for the worker, read when torch is loaded
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from flowbrush.backend.take import STYLES_FILE, TakeSettings, load_styles
from flowbrush.backend.training.frames import Frame
from flowbrush.backend.training.judge import markdown, painter


def seconds(settings: TakeSettings, size: int, pictures: int) -> str:
    """What a frame takes; its content does not matter."""
    picture = np.random.default_rng(0).random((size, size, 3), np.float32)
    frame = Frame("", picture, {control.condition: picture for control in settings.controls})
    paint, taken = painter(settings), []
    for seed in range(pictures + 1):
        wall, processor = time.monotonic(), time.process_time()
        paint(frame, seed)
        taken.append((time.monotonic() - wall, time.process_time() - processor))
    walls, processors = zip(*taken[1:], strict=True)
    return f"{statistics.median(walls):.2f} ({statistics.median(processors):.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--styles", type=Path, default=STYLES_FILE, help="to try other settings than those that ship")
    parser.add_argument("--style", default="ink", help="whose guidance and conditions the table has")
    parser.add_argument("--sizes", type=int, nargs="+", default=(256, 512, 1024))
    parser.add_argument("--steps", type=int, nargs="+", default=(1, 2, 4, 8))
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--pictures", type=int, default=3)
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    styles = {name: replace(style, model=given.model) for name, style in load_styles(given.styles).items()}
    chosen = replace(styles[given.style], strength=1.0)
    used = " and ".join(control.condition for control in chosen.controls)
    print(f"{given.threads} threads, conditions {used}; seconds a frame, in brackets of processor\n")
    for guidance in sorted({1.0, chosen.guidance}):
        print(f"Guidance {guidance:g}\n")
        rows = [
            [f"{size} x {size}"]
            + [seconds(replace(chosen, steps=s, guidance=guidance), size, given.pictures) for s in given.steps]
            for size in given.sizes
        ]
        columns = (f"{steps} step{'s' * (steps > 1)}" for steps in given.steps)
        print(markdown(("size", *columns), rows), "\n", flush=True)
    print("Each style with its own settings\n")
    rows = [[name, *(seconds(style, size, given.pictures) for size in given.sizes)] for name, style in styles.items()]
    print(markdown(("style", *(f"{size} x {size}" for size in given.sizes)), rows))


if __name__ == "__main__":
    main()
