"""Makes the starter model, from rendering the scenes to judging the result; may be killed and goes on where it was.

    python -I launch.py backend.training make WORK --blender BLENDER --material FOLDER

Leaves `WORK/starter`, the model as Flowbrush ships it, and `WORK/judged`, what it paints of held-out scenes. Stages
skip what is there already; so give the same options again, because scenes, examples and checkpoint depend on them.
"""

import argparse
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from ..blender import blender_command, find_blender
from ..client import LAUNCH
from ..storage import make_folder


@dataclass(frozen=True)
class Stage:
    """A step of the training and its arguments. in_blender: whether it runs there or in this Python."""

    step: str
    arguments: tuple[str, ...]
    in_blender: bool = False

    def command(self, blender: str) -> list[str]:
        """The command line; `blender` as `find_blender` gives it."""
        ours = ("backend.training", self.step, *self.arguments)
        return blender_command(blender, *ours) if self.in_blender else [sys.executable, "-I", "-u", str(LAUNCH), *ours]


def stages(work: Path, material: Path | None, scenes: int, steps: int) -> list[Stage]:
    """All stages in their order. Without `material` scenes have made-up people only, and nothing is held out."""
    raw, held_out, examples, run, starter = (
        str(work / name) for name in ("scenes", "held-out", "examples", "run", "starter")
    )
    rendered = [Stage("scenes", (raw, "--count", str(scenes)), in_blender=True)]
    judged = []
    if material:
        found = ("--material", str(material))
        rendered = [
            Stage("scenes", (raw, "--count", str(scenes), *found), in_blender=True),
            Stage("scenes", (held_out, "--held-out", "--size", "512", *found), in_blender=True),
        ]
        judged = [Stage("judge", (held_out, str(work / "judged"), "--model", starter))]
    return [
        *rendered,
        Stage("examples", (raw, examples)),
        Stage("train", (examples, run, "--steps", str(steps))),
        Stage("export", (run, starter)),
        *judged,
    ]


def main(arguments: list[str]) -> None:
    """The command line; see this module's head. Raises CalledProcessError where a stage fails."""
    parser = argparse.ArgumentParser(
        prog="training make", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("work", type=Path)
    parser.add_argument("--blender", default="", help="Blender, or a Python with bpy")
    parser.add_argument("--material", type=Path, help="folder with character/, vrm/ and mocap/; see `scenes --help`")
    parser.add_argument("--scenes", type=int, default=320)
    parser.add_argument("--steps", type=int, default=6000)
    choice = parser.parse_args(arguments)
    work, blender = make_folder(choice.work.absolute()), find_blender(choice.blender)
    # Threads that wait for work take none of it from others.
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
    for stage in stages(work, choice.material and choice.material.absolute(), choice.scenes, choice.steps):
        print(f"\n== {stage.step} {' '.join(stage.arguments)}", flush=True)
        subprocess.run(stage.command(blender), check=True, env=environment)
