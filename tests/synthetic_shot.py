"""A small shot made without Blender: a textured square that moves over a textured wall, all passes exact."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import OpenEXR
from flowbrush.backend.shot import Camera, Pass, SceneMaterial, SceneObject, Shot

IDENTITY = (1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0, 0, 0, 0, 0, 1.0)
CHANNELS = {
    "depth": ("Depth.Z",),
    "normal": ("Normal.X", "Normal.Y", "Normal.Z"),
    "vector": ("Vector.X", "Vector.Y", "Vector.Z", "Vector.W"),
    "object_id": ("IndexOB.X",),
    "material_id": ("IndexMA.X",),
    "surface": ("Surface.R", "Surface.G", "Surface.B"),
    "instance": ("Instance.X",),
}


def texture(x: np.ndarray, y: np.ndarray, phase: float) -> np.ndarray:
    """A smooth pattern over surface coordinates, (H,W) each → (H,W,3) float32 0..1."""
    waves = [np.sin(0.35 * x + phase + k) * np.cos(0.27 * y - k) for k in range(3)]
    return (0.5 + 0.35 * np.stack(waves, axis=-1)).astype(np.float32)


def place(frame: int) -> int:
    """The square's left edge at `frame`, pixels: it moves by whole pixels, and faster every frame."""
    return 8 + frame * (frame + 1) // 2


def make_shot(
    folder: Path,
    *,
    size: tuple[int, int] = (96, 64),
    last: int = 5,
    cuts: tuple[int, ...] = (),
    passes: tuple[str, ...] = tuple(CHANNELS),
    place: Callable[[int], int] = place,
    capture: str = "",
) -> Shot:
    """Writes the shot with frames 1 to `last`, over one that is there; `place` is the square's left edge at a frame."""
    width, height = size
    (folder / "passes").mkdir(parents=True, exist_ok=True)
    (folder / "pictures").mkdir(exist_ok=True)
    shot = Shot(
        folder=folder,
        name=folder.name,
        scene="Scene",
        blender="none",
        engine="none",
        view_layer="ViewLayer",
        fps=(24, 1),
        resolution=size,
        pixel_aspect=(1.0, 1.0),
        frames=(1, last),
        near=3.0,
        far=5.0,
        cuts=cuts,
        cameras={f: Camera("Camera", "PERSP", IDENTITY, IDENTITY) for f in range(1, last + 1)},
        objects=(SceneObject(1, "Wall"), SceneObject(2, "Square")),
        materials=(SceneMaterial(1, "Paint"),),
        passes={name: Pass(CHANNELS[name], name) for name in passes},
        capture=capture,
        # Of its neighbours as well, where its vectors lead.
        prints={f: f"{place(f - 1)} {place(f)} {place(f + 1)}" for f in range(1, last + 1)},
    )
    rows, columns = np.mgrid[0:height, 0:width].astype(np.float32)
    for frame in shot.frame_numbers:
        left = place(frame)
        inside = (columns >= left) & (columns < left + 30) & (rows >= 16) & (rows < 48)
        picture = np.where(inside[..., None], texture(columns - left, rows, 2.0), texture(columns, rows, 0.0))
        vector = np.zeros((height, width, 4), np.float32)
        vector[inside, 0] = place(frame - 1) - left
        vector[inside, 2] = left - place(frame + 1)
        surface = np.stack([np.where(inside, columns - left, columns), rows, np.zeros_like(rows)], axis=-1)
        arrays = {
            "depth": np.where(inside, 3.0, 5.0),
            "normal": np.broadcast_to(np.float32([0, 0, 1]), (height, width, 3)),
            "vector": vector,
            "object_id": np.where(inside, 2.0, 1.0),
            "material_id": np.ones((height, width)),
            "surface": surface,
            "instance": np.where(inside, 0.25, 0.75),
        }
        channels = {}
        for name in passes:
            values = arrays[name].reshape(height, width, -1).astype(np.float32)
            channels |= {c: np.ascontiguousarray(values[..., k]) for k, c in enumerate(CHANNELS[name])}
        header = {"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}
        OpenEXR.File(header, channels).write(str(shot.exr_path(frame)))
        eight_bit = np.rint(picture * 255).astype(np.uint8)
        assert cv2.imwrite(str(shot.picture_path(frame)), cv2.cvtColor(eight_bit, cv2.COLOR_RGB2BGR))
    shot.save()
    return shot
