"""Builds the scenes of the benchmark and writes each to a .blend; runs in a Python that has `bpy`.

    PYTHONPATH=…:tests/bench bpy-python -m steadiness.scenes NAME OUT.blend --frames N [--material FOLDER]

Everything is textured, so that paint which swims is seen, and every texture stays on its surface. Nothing is random.
"""

import argparse
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy
from flowbrush.backend.training.scenes.materials import from_display, patterned, poster, random_palette
from flowbrush.backend.training.scenes.shapes import at, ball, box, drum, sheet, turned
from flowbrush.scene import compat
from flowbrush.scene.demo_scene import build_demo_scene
from mathutils import Vector

from .figure import add_figure, stuck

FAST = 60 / 768  # of the picture's width a frame
LENS, SENSOR = 35.0, 36.0  # millimetres
SLOW = 0.005  # radians a frame

STONE, SAND, BRICK, MORTAR, OAK, PINE, NAVY, CREAM, MOSS, RUST = (
    from_display(colour)
    for colour in (
        (0.62, 0.61, 0.58),
        (0.80, 0.72, 0.56),
        (0.66, 0.33, 0.26),
        (0.78, 0.74, 0.68),
        (0.50, 0.33, 0.19),
        (0.76, 0.57, 0.35),
        (0.16, 0.25, 0.46),
        (0.94, 0.91, 0.82),
        (0.36, 0.47, 0.26),
        (0.76, 0.36, 0.18),
    )
)


def orbit(frames: int) -> None:
    """Things that stand still, and a camera that goes slowly around them."""
    still_life()
    camera(frames, lambda f: around(SLOW * (f - 1) - 0.2, 4.9, 2.0), lambda f: (0.0, 0.3, 0.8))


def cloth(frames: int) -> None:
    """A banner in the wind: a wave that travels along it, made of two shape keys."""
    ground_and_wall()
    banner = grid("Banner", 2.6, 1.7, 52, 34)
    banner.location = (0.0, 0.6, 1.5)
    banner.data.materials.append(stuck(patterned("plaid", RUST, CREAM, 0.12)))
    drum(at(-1.34, 0.6), 0.05, 2.6, patterned("stripes", OAK, PINE, 0.05))
    banner.shape_key_add(name="Basis")
    waves: tuple[tuple[str, Callable[[float], float]], ...] = (("Rise", math.sin), ("Fall", math.cos))
    for name, wave in waves:
        key = banner.shape_key_add(name=name)
        key.slider_min = -1.0
        for point in key.data:
            along = point.co.x + 1.3
            point.co.y += 0.13 * along * (wave(3.4 * along + 0.8 * point.co.z) - wave(0.8 * point.co.z))
    keys = banner.data.shape_keys.key_blocks
    every_frame(keys["Rise"], "value", frames, lambda f: math.cos(0.16 * f))
    every_frame(keys["Fall"], "value", frames, lambda f: -math.sin(0.16 * f))
    camera(frames, lambda f: (0.6, -4.3, 1.7), lambda f: (0.05, 0.6, 1.4))


def hidden(frames: int) -> None:
    """Boards slide in front of a still life, stay there for more than 20 of 64 frames, and slide on."""
    still_life()
    boards = box(at(), (3.4, 0.06, 2.1), patterned("planks", PINE, OAK, 0.3))

    def place(frame: int) -> tuple[float, float, float]:
        share = (frame - 1) / max(frames - 1, 1)
        comes, goes = min(max((share - 0.12) / 0.14, 0.0), 1.0), min(max((share - 0.66) / 0.14, 0.0), 1.0)
        return 6.5 * (goes - (1.0 - comes)), -1.2, 0.0

    every_frame(boards, "location", frames, place)
    camera(frames, lambda f: around(0.0015 * (f - 1) - 0.05, 5.2, 1.6), lambda f: (0.0, 0.3, 0.9))


def fast(frames: int) -> None:
    """A sled rushes along a wall, and the camera with it: what is behind moves 60 of 768 pixels a frame."""
    distance, near = 8.0, 4.5
    step = FAST * distance * SENSOR / LENS
    length = step * frames + 30.0
    middle = step * frames / 2
    sheet(at(middle, 0.0), length, 40.0, patterned("tiles", SAND, STONE, 0.8))
    box(at(middle, 0.1), (length, 0.2, 4.0), patterned("bricks", BRICK, MORTAR, 0.45, upright=True))
    for number in range(int(length // 6.0)):
        column = patterned("marble", CREAM, STONE, 0.3)
        drum(at(6.0 * number - 12.0, -0.9), 0.28, 3.2, column)
    sled = box(at(), (1.5, 0.8, 0.5), patterned("planks", RUST, OAK, 0.12))
    load = ball(at(), 0.42, patterned("checks", NAVY, CREAM, 0.24))
    every_frame(sled, "location", frames, lambda f: (step * f + 0.2 * math.sin(0.3 * f), near - distance, 0.12))
    every_frame(load, "location", frames, lambda f: (step * f + 0.2 * math.sin(0.3 * f), near - distance, 1.04))
    every_frame(load, "rotation_euler", frames, lambda f: (0.0, 0.06 * f, 0.02 * f))
    camera(frames, lambda f: (step * f, -distance, 1.5), lambda f: (step * f, 0.0, 1.35))


def cut(frames: int) -> None:
    """A wide view, a near one from the other side, and the wide one again."""
    still_life()
    wide = camera(frames, lambda f: around(SLOW * (f - 1) - 0.3, 5.4, 2.0), lambda f: (0.0, 0.3, 0.9))
    near = camera(frames, lambda f: around(0.5 - SLOW * (f - 1), 3.6, 1.5), lambda f: (0.2, 0.2, 0.7))
    for frame, seen in ((1, wide), (1 + frames * 5 // 12, near), (1 + frames * 8 // 12, wide)):
        marker = bpy.context.scene.timeline_markers.new(seen.name, frame=frame)
        marker.camera = seen
    bpy.context.scene.camera = wide


def push(frames: int) -> None:
    """A camera that comes from far to near: what it sees becomes three times as large."""
    still_life()

    def place(frame: int) -> tuple[float, float, float]:
        near = (frame - 1) / max(frames - 1, 1)
        return around(0.25 - 0.1 * near, 8.4 * 0.33**near, 2.2 - 0.9 * near)

    camera(frames, place, lambda f: (0.1, 0.2, 0.75))


def dance(frames: int, material: Path) -> None:
    """A figure in checked clothes that does what was captured of a person."""
    ground_and_wall()
    add_figure(material / "mocap" / "dab.bvh", frames)
    camera(frames, lambda f: (0.7 - 0.012 * f, -3.2, 1.4), lambda f: (0.0, 0.0, 0.95))


SCENES: dict[str, Callable[[int], None]] = {
    "orbit": orbit,
    "cloth": cloth,
    "hidden": hidden,
    "fast": fast,
    "cut": cut,
    "push": push,
}


def build(name: str, frames: int, out: Path, material: Path | None = None) -> None:
    """Writes the scene `name` to the .blend `out`. material: the folder that holds mocap/, for `dance`."""
    if name == "walk":
        build_demo_scene(out)
        return
    stage(frames)
    if name == "dance":
        assert material is not None
        dance(frames, material)
    else:
        SCENES[name](frames)
    bpy.context.scene.frame_set(1)
    bpy.ops.wm.save_as_mainfile(filepath=str(out), check_existing=False, compress=True)


def stage(frames: int) -> None:
    """An empty file with a sky, a sun and the settings of a small render."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    scene.frame_start, scene.frame_end = 1, frames
    scene.render.engine = "CYCLES"
    scene.render.fps = 24
    cycles = scene.cycles
    cycles.samples, cycles.use_denoising, cycles.max_bounces = 4, True, 3
    cycles.denoising_quality, cycles.denoising_prefilter = "FAST", "NONE"
    scene.view_settings.view_transform = "Standard"
    scene.world = bpy.data.worlds.new("Sky")
    sky = compat.give_nodes(scene.world).nodes["Background"]
    sky.inputs["Color"].default_value, sky.inputs["Strength"].default_value = (0.66, 0.82, 1.0, 1.0), 0.6
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.angle, sun.color = 3.6, math.radians(4.0), (1.0, 0.94, 0.84)
    lamp = bpy.data.objects.new("Sun", sun)
    lamp.rotation_euler = (math.radians(46.0), math.radians(10.0), math.radians(-32.0))
    scene.collection.objects.link(lamp)


def ground_and_wall() -> None:
    sheet(at(), 40.0, 40.0, patterned("tiles", SAND, STONE, 0.55))
    box(at(0.0, 3.2), (26.0, 0.2, 5.0), patterned("bricks", BRICK, MORTAR, 0.28, upright=True))


def still_life() -> None:
    """Crates, a column, a ball, a vase and a painting, before a wall."""
    ground_and_wall()
    box(at(-1.25, 0.6, 0.0, 0.4), (0.85, 0.85, 0.85), patterned("planks", OAK, PINE, 0.16))
    box(at(-1.2, 0.55, 0.85, 0.9), (0.42, 0.42, 0.42), patterned("checks", MOSS, CREAM, 0.1))
    drum(at(1.5, 1.1), 0.3, 2.3, patterned("marble", CREAM, STONE, 0.25))
    ball(at(0.62, -0.55, 0.34), 0.34, patterned("checks", NAVY, CREAM, 0.2))
    profile = ((0.16, 0.0), (0.32, 0.22), (0.36, 0.45), (0.2, 0.78), (0.13, 0.9), (0.2, 1.02))
    turned(at(-0.15, 0.35), profile, patterned("spots", RUST, CREAM, 0.1, upright=True))
    dice = random.Random(3)
    box(at(-0.2, 3.06, 1.1), (1.7, 0.06, 1.25), poster(dice, random_palette(dice)))


def grid(name: str, width: float, height: float, columns: int, rows: int) -> bpy.types.Object:
    """A rectangle in x and z about its middle, cut into columns and rows."""
    places = [
        (width * (column / columns - 0.5), 0.0, height * (row / rows - 0.5))
        for row in range(rows + 1)
        for column in range(columns + 1)
    ]
    corners = [row * (columns + 1) + column for row in range(rows) for column in range(columns)]
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(places, [], [(a, a + 1, a + columns + 2, a + columns + 1) for a in corners])
    mesh.shade_smooth()
    item = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


def camera(frames: int, place: Callable[[int], Any], target: Callable[[int], Any]) -> bpy.types.Object:
    """A camera that is at place(frame) and looks at target(frame); the scene's own."""
    lens = bpy.data.cameras.new("Camera")
    lens.lens, lens.sensor_width = LENS, SENSOR
    item = bpy.data.objects.new("Camera", lens)
    bpy.context.scene.collection.objects.link(item)

    def turn(frame: int) -> Any:
        away = Vector(place(frame)) - Vector(target(frame))
        return away.to_track_quat("Z", "Y").to_euler()

    every_frame(item, "location", frames, place)
    every_frame(item, "rotation_euler", frames, turn)
    bpy.context.scene.camera = item
    return item


def around(angle: float, distance: float, height: float) -> tuple[float, float, float]:
    """A place on a circle, `angle` radians from -y."""
    return distance * math.sin(angle), -distance * math.cos(angle), height


def every_frame(owner: bpy.types.bpy_struct, name: str, frames: int, value: Callable[[int], Any]) -> None:
    """Keys `owner.name` at value(frame) on every frame and on both neighbours of the range, which vectors look at."""
    for frame in range(frames + 2):
        setattr(owner, name, value(frame))
        owner.keyframe_insert(name, frame=frame)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", choices=("walk", "dance", *SCENES))
    parser.add_argument("out", type=Path)
    parser.add_argument("--frames", type=int, required=True)
    parser.add_argument("--material", type=Path)
    given = parser.parse_args()
    build(given.name, given.frames, given.out, given.material)


if __name__ == "__main__":
    main()
