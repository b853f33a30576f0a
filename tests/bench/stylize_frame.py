"""Where the time of Stylize Frame goes, from the click to the picture in the Image Editor, beside the painter alone.

    PYTHONPATH=build/installed bpy-python tests/bench/stylize_frame.py BACKEND_PYTHON [--size 512] [--times 5]

Another prompt each time, and nothing else changes: the frame is captured by the first click only, which also starts the
worker. Printed are medians of the later ones, in seconds that pass and, in brackets, of processor (of Blender and the
worker, from /proc). The bar: under 2 s in all, on a machine that does nothing else.
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

PAINTER = """
import sys, time
from pathlib import Path
import numpy as np
from flowbrush.backend.take import load_styles
from flowbrush.backend.training.frames import Frame
from flowbrush.backend.training.judge import painter
style, size, times = load_styles()[sys.argv[1]], int(sys.argv[2]), int(sys.argv[3])
picture = np.random.default_rng(0).random((size, size, 3), np.float32)
frame, paint = Frame("", picture, {c.condition: picture for c in style.controls}), painter(style)
for seed in range(times):
    wall, processor = time.monotonic(), time.process_time()
    paint(frame, seed)
    print(time.monotonic() - wall, time.process_time() - processor, flush=True)
"""
Cost = tuple[float, float]  # seconds that pass, and of processor


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("backend", type=Path, help="the backend's Python")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--times", type=int, default=5, help="clicks after the first")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        parts = _clicks(given.backend, Path(folder), given.size, given.times)
    alone = _painter_alone(given.backend, given.size, given.times)
    for name, costs in (*parts.items(), ("painter alone", alone)):
        print(f"{name:32} {_middle(costs, 0):6.2f} ({_middle(costs, 1):.2f})")
    ratio = [_middle(parts["all"], which) / _middle(alone, which) for which in (0, 1)]
    print(f"all by painter alone: {ratio[0]:.2f}, by processor time {ratio[1]:.2f}")


def _clicks(backend: Path, folder: Path, size: int, times: int) -> dict[str, list[Cost]]:
    """What each part of a click costs, by its name."""
    import bpy

    # As for an installed extension, which this is not.
    bpy.utils.extension_path_user = lambda _package, path="", create=False: str(_made(folder / path))
    import flowbrush
    from flowbrush.operators import job, picture, worker
    from flowbrush.scene.demo_scene import build_demo_scene

    build_demo_scene(folder / "demo.blend")
    bpy.ops.wm.open_mainfile(filepath=str(folder / "demo.blend"))
    known = bpy.context.preferences.addons.new()
    known.module = "flowbrush"
    flowbrush.register()
    known.preferences.backend_python = str(backend)
    scene = bpy.context.scene
    scene.render.resolution_x = scene.render.resolution_y = size

    def now() -> Cost:
        running = worker._worker
        own = time.process_time()
        return time.monotonic(), own + (_processor(running.pid) if running is not None and running.alive else 0.0)

    marks: list[Cost] = []
    for owner, name in ((job.JobOperator, "_begin"), (worker.WorkerStage, "start"), (picture, "show")):
        _mark(owner, name, marks, now)
    parts: dict[str, list[Cost]] = {}
    for count in range(times + 1):
        scene.flowbrush.prompt = f"ink, {count}"
        marks.clear()
        began = now()
        bpy.ops.flowbrush.stylize_frame()
        ended = now()
        planned, asked, arrived, shown = (*marks[1:2], *marks[3:4], *marks[4:6])
        steps = {"settings, what is captured": (began, planned), "until the worker is asked": (planned, asked)}
        steps |= {"worker": (asked, arrived), "shown": (arrived, shown), "the job's end": (shown, ended)}
        for name, (start, end) in {**steps, "all": (began, shown)}.items():
            cost = (end[0] - start[0], end[1] - start[1])
            if count:
                parts.setdefault(name, []).append(cost)
            elif name == "all":
                print(f"the first click, with its capture: {cost[0]:.1f} s", flush=True)
    worker.stop()
    return parts


def _mark(owner: object, name: str, marks: list[Cost], now: Callable[[], Cost]) -> None:
    """Notes when `owner.name` is called and when it comes back."""
    call = getattr(owner, name)

    def marked(*arguments: object) -> object:
        marks.append(now())
        outcome = call(*arguments)
        marks.append(now())
        return outcome

    setattr(owner, name, marked)


def _painter_alone(backend: Path, size: int, times: int) -> list[Cost]:
    """The painter with the first style's settings in a process of its own, without the first picture."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "PASSIVE", "HF_HUB_OFFLINE": "1"}
    command = [str(backend), "-c", PAINTER, "ink", str(size), str(times + 1)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return [(float(wall), float(cpu)) for wall, cpu in map(str.split, done.stdout.splitlines()[-times:])]


def _processor(pid: int) -> float:
    """Processor seconds of a process with all its threads, on Linux."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _middle(costs: list[Cost], which: int) -> float:
    return statistics.median(cost[which] for cost in costs)


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    os._exit(0)  # the bpy module can crash when it takes itself apart
