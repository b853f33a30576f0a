"""The shots of the benchmark: which there are, and how each is made with Blender through Flowbrush's own capture."""

import os
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import flowbrush
from flowbrush.backend.blender import run_scene
from flowbrush.backend.errors import ShotError
from flowbrush.backend.shot import Shot
from flowbrush.backend.storage import make_folder

SQUARE, WIDE = (512, 512), (768, 432)
SHARED = Path(os.environ.get("FLOWBRUSH_SHARED", Path(__file__).parents[4] / "shared"))
BENCH = Path(__file__).parents[1]


@dataclass(frozen=True)
class ShotPlan:
    """A shot to make. size: width and height in pixels. slow: its camera hardly moves. mocap: it needs the captures
    beside the checkout."""

    name: str
    size: tuple[int, int]
    frames: int
    slow: bool = False
    mocap: bool = False

    def smaller(self, longest: int | None, frames: int | None) -> "ShotPlan":
        """The same at `longest` pixels of its longer side and of at most so many frames; None leaves what is."""
        longest = longest or max(self.size)
        size = tuple(2 * round(side * longest / max(self.size) / 2) for side in self.size)
        return replace(self, size=(size[0], size[1]), frames=min(self.frames, frames or self.frames))

    @property
    def hidden(self) -> int:
        """Frames after which a surface counts as come back: 20, or less where the shot is cut short."""
        return max(1, min(20, self.frames // 3))

    @property
    def skipped(self) -> str:
        """Why it cannot be made here; empty where it can."""
        missing = self.mocap and not (SHARED / "material" / "mocap" / "dab.bvh").exists()
        return f"no captured motion in {SHARED.name}/material/mocap" if missing else ""


SHOTS = {
    plan.name: plan
    for plan in (
        ShotPlan("orbit", SQUARE, 96, slow=True),
        ShotPlan("walk", SQUARE, 48),
        ShotPlan("dance", SQUARE, 72, mocap=True),
        ShotPlan("cloth", WIDE, 48, slow=True),
        ShotPlan("hidden", WIDE, 64, slow=True),
        ShotPlan("fast", WIDE, 48),
        ShotPlan("cut", WIDE, 48),
        ShotPlan("push", SQUARE, 48),
    )
}


def make_shot(plan: ShotPlan, folder: Path, blender: str) -> Shot:
    """The shot of this plan in `folder`, captured where it is not there yet.

    blender: a Python that has `bpy`. Raises FlowbrushError, CalledProcessError.
    """
    if (made := _made(plan, folder)) is not None:
        return made
    scene = make_folder(folder.absolute().parent) / f"{folder.name}.blend"
    paths = os.pathsep.join([str(Path(flowbrush.__file__).parents[1]), str(BENCH)])
    command = [blender, "-m", "steadiness.scenes", plan.name, str(scene), "--frames", str(plan.frames)]
    command += ["--material", str(SHARED / "material")]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": paths}, stdout=subprocess.DEVNULL)
    size = [str(side) for side in plan.size]
    wanted = ["--frames", "1", str(plan.frames), "--size", *size]
    run_scene(blender, ["capture", str(scene), str(folder.absolute()), *wanted], lambda sentence: None)
    return Shot.load(folder)


def _made(plan: ShotPlan, folder: Path) -> Shot | None:
    try:
        shot = Shot.load(folder)
    except ShotError:
        return None
    fits = shot.frames == (1, plan.frames) and shot.resolution == plan.size and not shot.missing_frames()
    return shot if fits else None
