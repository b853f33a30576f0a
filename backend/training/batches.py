"""Random crops of the prepared examples, as training sees them."""

import json
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from .examples import GEOMETRY, VARIANTS
from .examples import noise as example_noise
from .filters import FILTERS
from .words import Manner, prompt_of

UNPAINTED = 0.04
"""How often a row asks for nothing, with an empty prompt, and gets the scene as it is."""


@dataclass(frozen=True)
class Batch:
    """What one step learns from; pictures are (N, 3, S, S) from -1 to 1, conditions from 0 to 1."""

    picture: torch.Tensor
    target: torch.Tensor
    noise: torch.Tensor
    conditions: dict[str, torch.Tensor]
    prompts: list[str]


@dataclass(frozen=True)
class Crop:
    """A place in a variant of a scene: planes (S, S, C) as they are stored, noise (S, S, 3)."""

    planes: dict[str, np.ndarray]
    noise: np.ndarray
    targets: dict[str, np.ndarray]
    manners: dict[str, Manner]


class Examples:
    """All prepared examples of a folder, in memory, but every `keep_out`-th."""

    def __init__(self, folder: Path, keep_out: int) -> None:
        self.scenes: dict[int, dict[str, np.ndarray]] = {}
        self.manners: dict[int, dict[str, Manner]] = {}
        for path in sorted(folder.glob("????.npz")):
            number = int(path.stem)
            if number % keep_out == 0:
                continue
            with np.load(path) as file:
                self.scenes[number] = {name: file[name] for name in file.files if name != "manners"}
                manners = json.loads(str(file["manners"]))
            self.manners[number] = {name: Manner(**manner) for name, manner in manners.items()}
        self._numbers = list(self.scenes)

    def batch(self, dice: random.Random, count: int, size: int) -> Batch:
        """`count` crops of random scenes, each painted in every style: as many rows as crops times styles."""
        rows: list[dict[str, np.ndarray]] = []
        prompts: list[str] = []
        for _ in range(count):
            crop = self._crop(dice, size)
            for style, target in crop.targets.items():
                asks = dice.random() >= UNPAINTED
                prompts.append(prompt_of(style, crop.manners[style], dice) if asks else "")
                rows.append({**crop.planes, "noise": crop.noise, "target": target if asks else crop.planes["picture"]})
        stacked = {
            name: torch.from_numpy(np.stack([row[name] for row in rows])).permute(0, 3, 1, 2).float()
            for name in rows[0]
        }
        conditions = {name: (stacked[name] / 255.0).expand(-1, 3, -1, -1) for name in GEOMETRY}
        return Batch(
            picture=stacked["picture"] / 127.5 - 1.0,
            target=stacked["target"] / 127.5 - 1.0,
            noise=stacked["noise"],
            conditions={**conditions, "colour": stacked["picture"] / 255.0},
            prompts=prompts,
        )

    def _crop(self, dice: random.Random, size: int) -> Crop:
        number, variant = dice.choice(self._numbers), dice.randrange(VARIANTS)
        scene = self.scenes[number]
        height, width = scene["picture"].shape[:2]
        # Whole latent pixels, so that the noise keeps its place within them.
        top, left = dice.randrange(0, height - size + 1, 4), dice.randrange(0, width - size + 1, 4)
        window = (slice(top, top + size), slice(left, left + size))
        planes = {name: scene[name].reshape(height, width, -1) for name in ("picture", *GEOMETRY)}
        if variant % 2:
            planes = {name: plane[:, ::-1] for name, plane in planes.items()}
            planes["normal"] = planes["normal"] * np.array((-1, 1, 1), np.int16) + np.array((255, 0, 0), np.int16)
        names = {style: f"{style}_{variant}" for style in FILTERS}
        return Crop(
            planes={name: plane[window] for name, plane in planes.items()},
            noise=example_noise(number, variant, (height, width))[window],
            targets={style: scene[name][window] for style, name in names.items()},
            manners={style: self.manners[number][name] for style, name in names.items()},
        )
