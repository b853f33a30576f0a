"""What tests of painters share; and tests that import diffusers themselves do it as the worker does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flowbrush.backend.models.choice import resolve
from flowbrush.backend.models.vision import import_torchvision
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.take import TakeSettings
from painting import warn_never

import_torchvision()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `sd`, `sd2`, `sdxl`, `inpaint` and `lossless`, with ControlNets for depth and normal."""
    import tiny_models  # which imports diffusers

    folder = tmp_path_factory.mktemp("models")
    tiny_models.write_sd(folder / "sd")
    tiny_models.write_sd2(folder / "sd2")
    tiny_models.write_sd(folder / "inpaint", in_channels=9)
    tiny_models.write_sdxl(folder / "sdxl")
    tiny_models.write_lossless(folder / "lossless")
    for name, unet in (
        ("sd", tiny_models.UNET),
        ("sd2", tiny_models.UNET_SD2),
        ("inpaint", tiny_models.UNET),
        ("sdxl", tiny_models.UNET_XL),
        ("lossless", tiny_models.UNET_LOSSLESS),
    ):
        for seed, condition in enumerate(("depth", "normal")):
            tiny_models.write_controlnet(folder / name / "controlnets" / condition, unet, seed)
    return folder


@pytest.fixture
def painter(models: Path) -> Callable[..., DiffusionPainter]:
    """Makes a painter: `painter("sd", steps=2)`."""

    def make(name: str = "sd", warn: Callable[[str], None] = warn_never, **changes: Any) -> DiffusionPainter:
        settings = TakeSettings(model=str(models / name), **{"steps": 4, "guidance": 1.0, **changes})
        return DiffusionPainter(resolve(settings), settings, warn)

    return make
