"""Renders random scenes for training; runs inside Blender's Python, never in the worker.

    bpy-python -I launch.py backend.training scenes OUT [--material FOLDER] [--first 0] [--count 320] [--size 384]
    bpy-python -I launch.py backend.training scenes OUT --material FOLDER --held-out --size 512

Each scene leaves `OUT/####.exr` (crisp data: depth, normal, object and material index), `OUT/####.png` (the picture as
the view transform shows it) and `OUT/####.json` (the camera's world matrix, and the width seen at a depth of one).
Scene number n is the same in every run, whatever was rendered before it.
"""

import argparse
import random
from pathlib import Path


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    from . import held_out, kinds, stage  # they need bpy, which the worker's tests of this package have not

    parser = argparse.ArgumentParser(
        prog="training scenes", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument(
        "--material", type=Path, help="folder with character/, vrm/, mocap/; without: made-up people only"
    )
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--count", type=int, default=320)
    parser.add_argument("--size", type=int, default=384, help="pixels, square")
    parser.add_argument("--kind", choices=kinds.KINDS, help="scenes of one kind only")
    parser.add_argument("--held-out", action="store_true", help="the eight pictures kept out of training, for judging")
    parser.add_argument("--threads", type=int, default=0, help="0: all")
    parser.add_argument("--samples", type=float, default=1.0, help="times as many samples per pixel")
    choice = parser.parse_args(arguments)
    if choice.held_out and choice.material is None:
        parser.error("--held-out needs --material")
    choice.out.mkdir(parents=True, exist_ok=True)
    count = min(choice.count, len(held_out.PICTURES)) if choice.held_out else choice.count
    for number in range(choice.first, choice.first + count):
        out = choice.out / f"{number:04d}"
        if out.with_suffix(".json").exists():
            continue
        stage.clear(choice.size, choice.threads)
        if choice.held_out:
            name, build = held_out.PICTURES[number - choice.first]
            scene = build(choice.material)
        else:
            dice = random.Random(number)
            name = choice.kind or kinds.random_kind(dice)
            scene = kinds.build(dice, name, choice.material)
        stage.render(out, scene, choice.samples)
        print(f"rendered {out.name}: {name}", flush=True)
