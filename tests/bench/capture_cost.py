"""What a capture costs beside a plain render of the same frames; both in this process, in turn.

    PYTHONPATH=build/installed bpy-python tests/bench/capture_cost.py [FILE] [--frames 6] [--size 512] [--samples 16]

Without FILE: the walking figure, ball, floor and wall of the tests, with light. Prints the ratio of the times and the
bytes of a frame. The bar: at most 1.25 times, at most 8 MB at 512 x 512. Processor time is printed besides the time
that passed, because it suffers less from whatever else the machine does.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent))  # the tests' scenes

ROUNDS = 2


def lit_scene(size: int) -> bpy.types.Scene:
    """The tests' moving scene with surfaces that reflect, a sun and a sky."""
    from blender import scenes
    from flowbrush.scene import compat

    scene = scenes.motion_scene(size, size, shift=False)
    for material in bpy.data.materials:
        tree = material.node_tree
        glow = next(node for node in tree.nodes if node.type == "EMISSION")
        surface, output = tree.nodes.new("ShaderNodeBsdfPrincipled"), glow.outputs[0].links[0].to_node
        tree.links.new(glow.inputs["Color"].links[0].from_socket, surface.inputs["Base Color"])
        tree.links.new(surface.outputs[0], output.inputs["Surface"])
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.data.energy, sun.rotation_euler = 3.0, (0.7, 0.2, 0.5)
    scene.collection.objects.link(sun)
    scene.world = bpy.data.worlds.new("Sky")
    compat.give_nodes(scene.world)
    return scene


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, nargs="?")
    parser.add_argument("--frames", type=int, default=4)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--samples", type=int, default=16)
    parser.add_argument("--persistent", action="store_true", help="with Blender's option Persistent Data")
    given = parser.parse_args()
    from flowbrush.scene.capture import CaptureSettings, capture
    from flowbrush.scene.open_file import open_file

    if given.file:
        open_file(given.file)
    scene = bpy.context.scene if given.file else lit_scene(given.size)
    render = scene.render
    render.engine, render.use_persistent_data = "CYCLES", given.persistent
    render.resolution_x = render.resolution_y = given.size
    render.resolution_percentage = 100
    scene.cycles.samples, scene.cycles.use_denoising = given.samples, False
    render.image_settings.file_format = "PNG"
    frames = range(scene.frame_start, scene.frame_start + given.frames)
    settings = CaptureSettings(frames[0], frames[-1], samples=given.samples, denoise=False)
    with tempfile.TemporaryDirectory() as folder:
        shot = Path(folder) / "shot"
        _plain(scene, frames, folder)  # warms up
        plain, captured = np.zeros(2), np.zeros(2)
        for _ in range(ROUNDS):
            plain += _cost(lambda: _plain(scene, frames, folder))
            captured += _cost(lambda: list(capture(scene, shot, settings)))
        exr = [path.stat().st_size for path in (shot / "passes").iterdir()]
        png = [path.stat().st_size for path in (shot / "pictures").iterdir()]
    count, megabytes = ROUNDS * len(frames), (sum(exr) / len(exr) + sum(png) / len(png)) / 1e6
    print(f"Blender {bpy.app.version_string}, {count} frames, {given.size} x {given.size}, {given.samples} samples")
    print(f"plain render {plain[0] / count:.2f} s a frame, capture {captured[0] / count:.2f} s a frame")
    print(f"ratio {captured[0] / plain[0]:.3f}, by processor time {captured[1] / plain[1]:.3f} (at most 1.25)")
    print(f"{megabytes:.2f} MB a frame, of it {max(exr) / 1e6:.2f} MB in the largest EXR (at most 8)")


def _plain(scene: bpy.types.Scene, frames: range, folder: str) -> None:
    for frame in frames:
        scene.frame_set(frame)
        scene.render.filepath = str(Path(folder) / "plain.png")
        bpy.ops.render.render(write_still=True)


def _cost(work: Callable[[], object]) -> np.ndarray:
    """Seconds that pass, and seconds of all processor cores together."""
    start = np.array([time.perf_counter(), time.process_time()])
    work()
    return np.array([time.perf_counter(), time.process_time()]) - start


if __name__ == "__main__":
    main()
