"""What a capture costs beside a plain render of the same frames, and what capturing again costs; all in one run.

    PYTHONPATH=build/installed bpy-python tests/bench/capture_cost.py [FILE] [--frames 48] [--size 512] [--samples N]

Without FILE: the demo scene, with its own samples. Plain render and capture take turns, a few frames each. Processor
time is printed besides the time that passes, because it suffers less from whatever else the machine does. Bars: the
ratio at most 1.25, a frame at most 8 MB at 512 x 512, at most 2 s where nothing changed.

With --extras: what a capture costs with each of the extras, beside one of picture and passes only, which take turns.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import bpy
import numpy as np
from flowbrush.backend import needs
from flowbrush.backend.blender import scene_command
from flowbrush.scene.capture import CaptureSettings, capture
from flowbrush.scene.demo_scene import build_demo_scene
from flowbrush.scene.open_file import open_file

TURNS = 4


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--frames", type=int, default=48)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--samples", type=int, help="the scene's own when left out")
    parser.add_argument("--persistent", action="store_true", help="with Blender's option Persistent Data")
    parser.add_argument("--extras", action="store_true", help="only what the extras cost")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if given.file:
            open_file(given.file)
        else:
            build_demo_scene(folder / "demo.blend")
        scene = _set_up(given)
        frames = range(scene.frame_start, scene.frame_start + given.frames)
        print(f"Blender {bpy.app.version_string}, {len(frames)} frames, {given.size} x {given.size}", flush=True)
        (_measure_extras if given.extras else _measure)(scene, frames, folder)


def _measure(scene: bpy.types.Scene, frames: range, folder: Path) -> None:
    file, shot = folder / "scene.blend", folder / "shot"
    bpy.ops.wm.save_as_mainfile(filepath=str(file))
    settings = CaptureSettings(frames[0], frames[-1])
    _plain(scene, frames[:1], folder)  # warms up
    plain, captured = np.zeros(2), np.zeros(2)
    for part in _parts(frames, TURNS):
        plain += _cost(lambda part=part: _plain(scene, part, folder))
        captured += _cost(lambda part=part: list(capture(scene, shot, replace(settings, first=part[0], last=part[-1]))))
    print(f"plain render {plain[0] / len(frames):.2f} s a frame, capture {captured[0] / len(frames):.2f} s a frame")
    print(f"ratio {captured[0] / plain[0]:.3f}, by processor time {captured[1] / plain[1]:.3f} (at most 1.25)")
    exr = [path.stat().st_size for path in (shot / "passes").iterdir()]
    png = [path.stat().st_size for path in (shot / "pictures").iterdir()]
    print(f"{np.mean(exr) / 1e6:.2f} MB of passes and {np.mean(png) / 1e6:.2f} MB of picture a frame (at most 8)")

    again = _Again(scene, shot, settings)
    again.capture("the same frames in one range")
    again.capture("nothing changed (at most 2)")
    command = ("capture", str(file), str(shot), "--frames", str(frames[0]), str(frames[-1]))
    log = folder / "blender.log"
    started = time.perf_counter()
    # It ends when nobody can tell it anything any more: so its input stays open.
    with subprocess.Popen(
        scene_command(sys.executable, log, *command), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL
    ) as process:
        process.wait()
    used = os.times()
    print(
        f"nothing changed, with Blender's start and loading the file: {time.perf_counter() - started:.2f} s "
        f"({used.children_user + used.children_system:.2f} of processor)"
    )
    again.capture(f"material '{_change_a_material()}' changed")
    again.capture(f"object '{_move_in_last_quarter(scene, frames)}' moved in the last quarter")


def _measure_extras(scene: bpy.types.Scene, frames: range, folder: Path) -> None:
    kinds: dict[str, tuple[str, ...]] = {"without extras": (), **{name: (name,) for name in needs.EXTRAS}}
    costs = {kind: np.zeros(2) for kind in kinds}

    def captured(part: range, extras: tuple[str, ...]) -> np.ndarray:
        settings = CaptureSettings(part[0], part[-1], extras=extras)
        with tempfile.TemporaryDirectory(dir=folder) as shot:
            return _cost(lambda: list(capture(scene, Path(shot), settings)))

    captured(frames[:1], needs.EXTRAS)  # warms up
    for part in _parts(frames, TURNS):
        for kind, extras in kinds.items():
            costs[kind] += captured(part, extras)
    plain = costs["without extras"]
    for kind, cost in costs.items():
        print(
            f"capture {kind}: {cost[0] / len(frames):.2f} s a frame, ratio {cost[0] / plain[0]:.2f}, "
            f"by processor time {cost[1] / plain[1]:.2f}"
        )


def _set_up(given: argparse.Namespace) -> bpy.types.Scene:
    scene = bpy.context.scene
    render = scene.render
    render.engine, render.use_persistent_data = "CYCLES", given.persistent
    render.resolution_x = render.resolution_y = given.size
    render.resolution_percentage = 100
    render.image_settings.file_format = "PNG"
    scene.cycles.samples = given.samples or scene.cycles.samples
    return scene


class _Again:
    """Captures all frames again and says what that took, and which files it wrote."""

    def __init__(self, scene: bpy.types.Scene, shot: Path, settings: CaptureSettings) -> None:
        self._scene, self._shot, self._settings = scene, shot, settings

    def capture(self, what: str) -> None:
        before = self._times()
        seconds, work = _cost(lambda: list(capture(self._scene, self._shot, self._settings)))
        new = [file for file, time in self._times().items() if before[file] != time]
        passes, pictures = (sum(file.suffix == ending for file in new) for ending in (".exr", ".png"))
        print(
            f"{what}: {seconds:.2f} s ({work:.2f} of processor): {passes} passes and {pictures} pictures rendered",
            flush=True,
        )

    def _times(self) -> dict[Path, int]:
        return {file: file.stat().st_mtime_ns for file in self._shot.glob("p*/*")}


def _change_a_material() -> str:
    """Another colour for a material that hides what is behind it."""
    for material in bpy.data.materials:
        shader = material.node_tree and material.node_tree.nodes.get("Principled BSDF")
        if shader and not shader.inputs["Base Color"].is_linked:
            shader.inputs["Base Color"].default_value = (0.1, 0.2, 0.6, 1.0)
            return material.name
    raise SystemExit("No material has a colour of its own")


def _move_in_last_quarter(scene: bpy.types.Scene, frames: range) -> str:
    """Keys for an object that stood still."""
    item = next(i for i in scene.objects if i.type == "MESH" and not i.parent and not i.animation_data)
    item.keyframe_insert("location", frame=frames[-len(frames) // 4 - 1])
    item.location.z += 0.2
    item.keyframe_insert("location", frame=frames[-1])
    return item.name


def _parts(frames: range, count: int) -> Iterator[range]:
    size = -(-len(frames) // count)
    return (frames[start : start + size] for start in range(0, len(frames), size))


def _plain(scene: bpy.types.Scene, frames: range, folder: Path) -> None:
    for frame in frames:
        scene.frame_set(frame)
        scene.render.filepath = str(folder / "plain.png")
        bpy.ops.render.render(write_still=True)


def _cost(work: Callable[[], object]) -> np.ndarray:
    """Seconds that pass, and seconds of all processor cores together."""
    start = np.array([time.perf_counter(), time.process_time()])
    work()
    return np.array([time.perf_counter(), time.process_time()]) - start


if __name__ == "__main__":
    main()
