"""Takes of flat patches of colour, and what of them is seen in the sequencer."""

import math
import wave
from fractions import Fraction
from pathlib import Path

import bpy
import cv2
import numpy as np
import pytest
from flowbrush.backend.shot import Camera, Shot
from flowbrush.backend.take import Take, TakeSettings
from flowbrush.scene import compat

SIZE = (160, 96)
RATES = ((24, 1), (30, 1), (24000, 1001), (30000, 1001))

needs_sound = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this bpy was built without sound")


def empty_scene() -> bpy.types.Scene:
    """An empty file's scene, 160×96 and Standard, as if the shot had been captured from it."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end = 1, 48
    return scene


def picture(take: str, frame: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Flat patches of saturated and quiet colours, other ones for each take and frame; (H, W, 3) uint8, BGR."""
    colours = np.random.default_rng([len(take), frame % 1000]).integers(0, 256, (3, 5, 3))
    colours[0, 0], colours[0, 1] = (0, 0, 255), (255, 255, 255)
    return cv2.resize(colours.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)


def write_pictures(paths: list[Path], take: str, frames: range, size: tuple[int, int]) -> None:
    for path, frame in zip(paths, frames, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), picture(take, frame, size))


def make_shot(
    folder: Path,
    frames: tuple[int, int] = (1, 12),
    fps: tuple[int, int] = (24, 1),
    takes: tuple[str, ...] = ("flow",),
    size: tuple[int, int] = SIZE,
) -> Shot:
    """A shot with pictures and finished takes, and no passes."""
    camera = Camera("Camera", "PERSP", (0.0,) * 16, (0.0,) * 16)
    numbers = range(frames[0], frames[1] + 1)
    shot = Shot(
        folder=folder, name="walk", scene="Scene", blender="4.2.0", engine="CYCLES", view_layer="ViewLayer",
        fps=fps, resolution=size, pixel_aspect=(1.0, 1.0), frames=frames, near=1.0, far=2.0, cuts=(),
        cameras=dict.fromkeys(numbers, camera), objects=(), materials=(), passes={},
    )  # fmt: skip
    shot.save()
    write_pictures([shot.picture_path(frame) for frame in numbers], "", numbers, size)
    for name in takes:
        take = Take.start(shot, name, TakeSettings(), {})
        write_pictures([take.frame_path(frame) for frame in numbers], name, numbers, size)
    return Shot.load(folder)


def set_rate(scene: bpy.types.Scene, fps: tuple[int, int]) -> None:
    scene.render.fps = round(Fraction(*fps))
    scene.render.fps_base = scene.render.fps * fps[1] / fps[0]


def add_sound(scene: bpy.types.Scene, path: Path, channel: int = 1, start: int = 1) -> object:
    """A strip of two seconds of a tone."""
    samples = (np.sin(np.arange(96_000) * 2 * math.pi * 440 / 48_000) * 20_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, len(samples), "NONE", ""))
        file.writeframes(samples.tobytes())
    sequences = compat.strips_of(scene.sequence_editor_create())
    return sequences.new_sound(name="Tone", filepath=str(path), channel=channel, frame_start=start)


def still(scene: bpy.types.Scene, frame: int, path: Path) -> np.ndarray:
    """What the sequencer shows at `frame`, rendered to a PNG; (H, W, 3) uint8, BGR."""
    compat.choose_file_format(scene.render.image_settings, "PNG")
    scene.render.image_settings.color_mode = "RGB"
    scene.render.filepath = str(path)
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return cv2.imread(str(path))


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of the means of the 15 patches, borders left out, in 8-bit steps."""
    assert one.shape == other.shape
    height, width = one.shape[0] // 3, one.shape[1] // 5
    inner = [
        (slice(row * height + 8, (row + 1) * height - 8), slice(column * width + 8, (column + 1) * width - 8))
        for row in range(3)
        for column in range(5)
    ]
    return max(float(np.abs(one[at].mean((0, 1)) - other[at].mean((0, 1))).max()) for at in inner)
