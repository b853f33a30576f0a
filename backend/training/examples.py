"""From rendered scenes to training examples: conditions and painted targets, one compressed file a scene.

    python -I launch.py backend.training examples RAW OUT

Each `OUT/####.npz` holds uint8 pictures (H, W, 3): picture, depth, normal, lineart, and `<style>_<mirrored>` for each
style and for the scene as it is (0) and in a mirror (1), painted with the noise of `noise(scene, style, mirrored)`.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR

from ..passes.conditions import MAKERS
from ..shot import Camera, Shot
from .filters import FILTERS, Sitter, mirror
from .words import Manner

GEOMETRY = ("depth", "normal", "lineart")
CHANNELS = {
    "depth": ("Depth.Z",),
    "normal": ("Normal.X", "Normal.Y", "Normal.Z"),
    "object_id": ("IndexOB.X",),
    "material_id": ("IndexMA.X",),
}


def noise(scene: int, style: str, mirrored: int, size: tuple[int, int]) -> np.ndarray:
    """The white noise (H, W, 3) float32 behind one target: drawn again instead of stored."""
    seed = (scene, list(FILTERS).index(style), mirrored)
    return np.random.default_rng(seed).standard_normal((*size, 3), np.float32)


def read_channels(path: Path, names: dict[str, tuple[str, ...]]) -> dict[str, np.ndarray]:
    """Arrays (H, W) or (H, W, C) of the EXR's channels that end in the given names."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {name: channel.pixels for part in file.parts for name, channel in part.channels.items()}
    arrays = {}
    for key, wanted in names.items():
        planes = [next(pixels for name, pixels in channels.items() if name.endswith(f".{one}")) for one in wanted]
        arrays[key] = (planes[0] if len(planes) == 1 else np.stack(planes, axis=2)).astype(np.float32)
    return arrays


def read_scene(path: Path) -> tuple[Sitter, dict[str, np.ndarray]]:
    """What `scenes` wrote beside `path`, its .json: the sitter, and the conditions (H, W, 3) float32 0..1 by name."""
    number = int(path.stem)
    passes = read_channels(path.with_suffix(".exr"), CHANNELS)
    passes["depth"] = np.where(passes["depth"] > 1e9, np.inf, passes["depth"])
    for key in ("object_id", "material_id"):
        passes[key] = passes[key].astype(np.int32)
    stored = cv2.imread(str(path.with_suffix(".png")))
    if stored is None:
        raise FileNotFoundError(path.with_suffix(".png"))
    picture = stored[..., ::-1].astype(np.float32) / 255.0
    shot = _one_frame_shot(json.loads(path.read_text()), passes["depth"], number)
    conditions = {name: MAKERS[name](passes, shot, number) for name in GEOMETRY}
    depth, lines = conditions["depth"][..., 0], conditions["lineart"][..., 0]
    return Sitter(picture, conditions["normal"], depth, lines), conditions


def make_example(path: Path) -> dict[str, np.ndarray]:
    """All arrays of the scene described by `path`, uint8."""
    sitter, conditions = read_scene(path)
    size = sitter.picture.shape[:2]
    targets = {
        f"{style}_{mirrored}": paint(seen, noise(int(path.stem), style, mirrored, size), Manner())
        for mirrored, seen in enumerate((sitter, mirror(sitter)))
        for style, paint in FILTERS.items()
    }
    everything = {"picture": sitter.picture, **conditions, **targets}
    return {name: np.rint(image * 255.0).astype(np.uint8) for name, image in everything.items()}


def _one_frame_shot(camera: dict[str, Any], depth: np.ndarray, number: int) -> Shot:
    """A shot around one training picture; its depth range is wider than the picture's, as in a longer shot."""
    finite = depth[np.isfinite(depth)]
    dice = np.random.default_rng(number)
    near = float(finite.min()) * float(dice.uniform(0.6, 1.0)) if finite.size else 1.0
    far = float(finite.max()) * float(dice.uniform(1.0, 1.5)) if finite.size else 2.0
    projection = (2.0 / float(camera["width_at_unit_depth"]), *([0.0] * 15))
    seen = Camera("camera", "PERSP", tuple(camera["matrix_world"]), projection)
    return Shot(
        folder=Path(), name="", scene="", blender="", engine="CYCLES", view_layer="", fps=(24, 1),
        resolution=(depth.shape[1], depth.shape[0]), pixel_aspect=(1.0, 1.0), frames=(number, number), near=near,
        far=far, cuts=(), cameras={number: seen}, objects=(), materials=(), passes={},
    )  # fmt: skip


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    parser = argparse.ArgumentParser(
        prog="training examples", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("raw", type=Path, help="folder that `scenes` wrote")
    parser.add_argument("out", type=Path)
    choice = parser.parse_args(arguments)
    choice.out.mkdir(parents=True, exist_ok=True)
    for path in sorted(choice.raw.glob("????.json")):
        target = choice.out / f"{path.stem}.npz"
        if not target.exists():
            part = target.with_suffix(".part")
            with part.open("wb") as file:  # training may be reading the folder
                np.savez_compressed(file, **make_example(path))  # type: ignore[arg-type]
            part.replace(target)
            print(f"prepared {path.stem}", flush=True)
