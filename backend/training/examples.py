"""From rendered scenes to training examples: conditions and painted targets, one compressed file a scene.

    python -I launch.py backend.training examples RAW OUT

Each `OUT/####.npz` holds uint8 pictures: picture and normal (H, W, 3), depth and lineart (H, W), and for each style and
variant `<style>_<variant>` (H, W, 3), painted with the noise of `noise(scene, variant)` in the manner that `manners`
holds under the same name, as JSON. Odd variants are painted from the scene in a mirror.
"""

import argparse
import json
import random
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import repeat
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR

from ..passes.conditions import MAKERS
from ..shot import Camera, Shot
from .filters import FILTERS, Sitter, mirror
from .words import random_manner

GEOMETRY = ("depth", "normal", "lineart")

VARIANTS = 3
"""How often each scene is painted in each style: each time with other noise and other words."""

CHANNELS = {
    "depth": ("Depth.Z",),
    "normal": ("Normal.X", "Normal.Y", "Normal.Z"),
    "object_id": ("IndexOB.X",),
    "material_id": ("IndexMA.X",),
}

RENAMED = {"Object Index.": "IndexOB.", "Material Index.": "IndexMA."}
"""What Blender 5 calls the passes that were called otherwise before."""


def noise(scene: int, variant: int, size: tuple[int, int]) -> np.ndarray:
    """The white noise (H, W, 3) float32 behind the targets of one variant: drawn again instead of stored."""
    return np.random.default_rng((scene, variant)).standard_normal((*size, 3), np.float32)


def read_channels(path: Path, names: dict[str, tuple[str, ...]]) -> dict[str, np.ndarray]:
    """Arrays (H, W) or (H, W, C) of the EXR's channels that end in the given names."""
    with OpenEXR.File(str(path), separate_channels=True) as file:
        channels = {name: channel.pixels for part in file.parts for name, channel in part.channels.items()}
    for now, before in RENAMED.items():
        channels = {name.replace(now, before): pixels for name, pixels in channels.items()}
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
    sitter = Sitter(picture, conditions["normal"], conditions["depth"][..., 0], conditions["lineart"][..., 0])
    return sitter, conditions


def make_example(path: Path) -> dict[str, np.ndarray]:
    """All arrays of the scene described by `path`; see this module's head."""
    sitter, _ = read_scene(path)
    scene, size = int(path.stem), sitter.picture.shape[:2]
    arrays = {"picture": sitter.picture, "normal": sitter.normal, "depth": sitter.depth, "lineart": sitter.lines}
    manners: dict[str, Any] = {}
    for variant in range(VARIANTS):
        seen, drawn = mirror(sitter) if variant % 2 else sitter, noise(scene, variant, size)
        for style, paint in FILTERS.items():
            name = f"{style}_{variant}"
            manner = random_manner(random.Random(f"{scene} {name}"))
            arrays[name], manners[name] = paint(seen, drawn, manner), asdict(manner)
    pictures = {name: np.rint(image * 255.0).astype(np.uint8) for name, image in arrays.items()}
    return {**pictures, "manners": np.array(json.dumps(manners))}


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
    with ProcessPoolExecutor(initializer=cv2.setNumThreads, initargs=(1,)) as workers:
        for target in workers.map(prepare, sorted(choice.raw.glob("????.json")), repeat(choice.out)):
            print(f"prepared {target}", flush=True)


def prepare(path: Path, out: Path) -> Path:
    """Writes the example of the scene described by `path` into `out`, unless it is there; returns its path."""
    target = out / f"{path.stem}.npz"
    if not target.exists():
        part = target.with_suffix(".part")
        with part.open("wb") as file:
            np.savez_compressed(file, **make_example(path))  # type: ignore[arg-type]
        part.replace(target)
    return target
