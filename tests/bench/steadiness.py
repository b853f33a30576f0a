"""How steady the paint is: the same shots, painters, seed and sizes through every method, in one table and one picture.

    PYTHONPATH=build/installed python tests/bench/steadiness.py OUT --blender bpy-python [--size 256] [--frames 24]

Run with the backend's Python. OUT keeps the shots and takes, so that a run that was stopped goes on, and gets
`steadiness.md`, `steadiness.json` and, for each painter, `steadiness-<painter>.jpg`: neighbouring frames of every
method at the place where it is worst. Full size takes hours with the starter model; --size and --frames make it small.

Shots, see `steadiness/scenes.py`: a slow orbit; a knight who walks; a dance from motion capture (skipped where the
material beside the checkout is missing); a banner in the wind (shape keys); things hidden for 20 frames and seen again;
60 pixels a frame; cuts; a camera that comes near. Painters: `random`, which paints every surface anew in every call,
and the starter. Methods: `per_frame`; `published` (others' formulas with Blender's vectors) and `published_dis` (the
same with estimated flow), see `steadiness/published.py`; our `flow` and `surface`.

--memory: also how much memory `surface` needs for 48 and for 480 frames of the shots `orbit` and `fast`, small.
"""

import argparse
import os
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
from flowbrush.backend.quality.measure import measure
from flowbrush.backend.quality.measures import FILE, Measures
from flowbrush.backend.quality.sheet import write_jpeg
from flowbrush.backend.shot import Shot
from flowbrush.backend.storage import make_folder, write_json, write_whole
from flowbrush.backend.take import Take
from steadiness.picture import strips
from steadiness.shots import SHOTS, ShotPlan, make_shot
from steadiness.table import Row, markdown, profile, verdicts
from steadiness.takes import METHODS, PAINTERS, Cost, make_take

LONG, SHORT = 480, 48  # frames
MEMORY_SHOTS, MEMORY_SIZE = ("orbit", "fast"), 128


def main() -> None:
    given = _arguments()
    out = make_folder(given.out)
    notes: list[str] = []
    rows: list[Row] = []
    pictures: dict[str, list[np.ndarray]] = {painter: [] for painter in given.painters}
    for name in given.shots:
        plan = SHOTS[name].smaller(given.size, given.frames)
        if plan.skipped:
            notes.append(f"Shot `{name}` is skipped: {plan.skipped}.")
            continue
        shot = make_shot(plan, out / "shots" / name, given.blender)
        for painter in given.painters:
            takes = [take_of(shot, plan, painter, method, again=method in given.again) for method in given.methods]
            found = [row_of(plan, take, painter, method) for take, method in zip(takes, given.methods, strict=True)]
            rows += found
            pictures[painter].append(strips(shot, takes))
            print(markdown(found, given.sd15_seconds), flush=True)
    memory = memory_table(out, given.blender) if given.memory else ""
    write(out, rows, [*notes, *([memory] if memory else [])], given.sd15_seconds)
    for painter, of_shots in pictures.items():
        if of_shots:
            write_jpeg(out / f"steadiness-{painter}.jpg", np.vstack(of_shots))
    print(f"{out / 'steadiness.md'}")


def take_of(shot: Shot, plan: ShotPlan, painter: str, method: str, *, again: bool) -> Take:
    """A finished and measured take."""
    take = make_take(shot, painter, method, again=again)
    if not (take.folder / FILE).exists():
        for _ in measure(shot, take, hidden=plan.hidden):
            pass
    return take


def row_of(plan: ShotPlan, take: Take, painter: str, method: str) -> Row:
    return Row(plan, painter, method, Measures.load(take.folder), Cost.load(take.folder))


def memory_table(out: Path, blender: str) -> str:
    """The peak memory of `surface` over few and many frames of the same resolution."""
    lines = ["## Memory", "", "| shot | frames | peak, MB | s a frame |", "|---|---|---|---|"]
    for name in MEMORY_SHOTS:
        for frames in (SHORT, LONG):
            plan = replace(SHOTS[name].smaller(MEMORY_SIZE, None), frames=frames)
            shot = make_shot(plan, out / "memory" / f"{name}-{frames}", blender)
            cost = Cost.load(make_take(shot, "random", "surface").folder)
            lines.append(f"| {name} | {frames} | {cost.memory:.0f} | {cost.seconds / frames:.3f} |")
    return "\n".join(lines)


def write(out: Path, rows: Sequence[Row], notes: Sequence[str], second: float) -> None:
    """The table as Markdown and JSON."""
    head = [
        "# How steady the paint is",
        "Warping errors and texel variance are shown as roots (8-bit levels, CIELAB); ratios and bars are of their "
        "squares. `carrying` is seconds a frame without the painter, `painted` how many pictures' worth of pixels it "
        f"painted. For the other columns see docs/concepts/measures.md. Made with {os.cpu_count()} processor cores.",
        *notes,
    ]
    ours = [row for row in rows if row.method == "surface"]
    profiles = [f"## Profile of `surface`, {ours[0].shot.name}\n\n{profile(ours[0].cost)}"] if ours else []
    text = "\n\n".join([*head, markdown(rows, second) if rows else "", *profiles]) + "\n"
    write_whole(out / "steadiness.md", text.encode("utf-8"))
    groups = dict.fromkeys((row.painter, row.shot) for row in rows)
    judged = [
        {
            "painter": painter,
            "shot": shot.name,
            "bars": [
                asdict(one)
                for one in verdicts([row for row in rows if (row.painter, row.shot) == (painter, shot)], second)
            ],
        }
        for painter, shot in groups
    ]
    write_json(out / "steadiness.json", {"takes": [row.document() for row in rows], "bars": judged})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path)
    parser.add_argument("--blender", required=True, help="a Python that has bpy")
    parser.add_argument("--shots", nargs="+", choices=SHOTS, default=list(SHOTS))
    parser.add_argument("--painters", nargs="+", choices=PAINTERS, default=list(PAINTERS))
    parser.add_argument("--methods", nargs="+", choices=METHODS, default=list(METHODS))
    parser.add_argument("--again", nargs="+", choices=METHODS, default=(), help="methods whose takes are made anew")
    parser.add_argument("--size", type=int, help="pixels of the longer side; left out: 512 x 512 and 768 x 432")
    parser.add_argument("--frames", type=int, help="at most so many of each shot")
    parser.add_argument("--memory", action="store_true")
    parser.add_argument("--sd15-seconds", type=float, default=4.0, help="a call of SD 1.5, 20 steps, for time on paper")
    return parser.parse_args()


if __name__ == "__main__":
    main()
