"""The starter model that ships: lossless latents, loading by plain diffusers, pictures in the scene's colours."""

from collections.abc import Callable
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch
from diffusers import ControlNetModel, StableDiffusionControlNetImg2ImgPipeline
from flowbrush.backend.models.choice import STARTER, resolve
from flowbrush.backend.models.space_to_depth import SpaceToDepth
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.painter import PaintRequest
from flowbrush.backend.take import load_styles

SIZE = 128
STYLES = load_styles()


def scene() -> dict[str, np.ndarray]:
    """An orange ball on a blue ground: its picture and its conditions, (H, W, 3) 0..1."""
    rows, columns = np.indices((SIZE, SIZE), np.float32)
    across, down = (columns - 64) / 36, (rows - 60) / 36
    reach = across**2 + down**2
    inside, front = (reach < 1)[..., None], np.sqrt(np.clip(1 - reach, 0, 1))
    light = np.clip(0.5 * front - 0.4 * across - 0.3 * down, 0.15, 1)[..., None]
    picture = np.where(inside, np.array((0.95, 0.5, 0.1)) * (0.4 + 0.6 * light), np.array((0.25, 0.4, 0.75)))
    normal = np.where(inside, np.stack(((1 - across) / 2, (1 - down) / 2, (1 + front) / 2), 2), (0.5, 0.5, 1.0))
    line = cv2.GaussianBlur((np.abs(np.sqrt(reach) - 1) < 0.03).astype(np.float32), (0, 0), 0.7)
    grey = {"depth": np.where(inside[..., 0], 0.6 + 0.3 * front, 0.4), "lineart": np.clip(line * 1.4, 0, 1)}
    made = {"colour": picture, "normal": normal, **{name: np.stack([plane] * 3, 2) for name, plane in grey.items()}}
    return {name: plane.astype(np.float32) for name, plane in made.items()}


SCENE = scene()


@pytest.fixture(scope="module")
def paint() -> Callable[..., np.ndarray]:
    """paint(style, seed=…, without=…, mask=…): one picture of `SCENE` through the painter that every model uses."""
    painters: dict[tuple[str, str], DiffusionPainter] = {}

    def painted(style: str, seed: int = 1, without: str = "", mask: np.ndarray | None = None) -> np.ndarray:
        settings = STYLES[style]
        settings = replace(settings, controls=tuple(c for c in settings.controls if c.condition != without))
        key = (style, without)
        if key not in painters:
            painters[key] = DiffusionPainter(resolve(settings), settings, warn=pytest.fail)
        request = PaintRequest(
            initial=SCENE["colour"],
            conditions={control.condition: SCENE[control.condition] for control in settings.controls},
            prompt=settings.prompt,
            negative_prompt="",
            strength=settings.strength,
            seed=seed,
            mask=mask,
        )
        return painters[key].paint(request, lambda: False)

    return painted


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(-10 * np.log10(np.mean((one - other) ** 2)))


def test_space_to_depth_loses_nothing_and_keeps_noise_white() -> None:
    vae, pictures = SpaceToDepth(), torch.randn(2, 3, 24, 16)
    latents = vae.encode(pictures).latent_dist.sample()
    assert latents.shape == (2, 48, 6, 4)
    assert torch.equal(vae.decode(latents).sample, pictures)
    assert torch.equal(latents.flatten().sort().values, pictures.flatten().sort().values)


def test_space_to_depth_refuses_channels_that_do_not_fit() -> None:
    with pytest.raises(ValueError, match="48"):
        SpaceToDepth(latent_channels=4)


def test_all_weights_fit_the_extension() -> None:
    assert sum(file.stat().st_size for file in STARTER.rglob("*") if file.is_file()) < 40e6
    assert not [file for file in STARTER.rglob("*") if file.suffix in (".bin", ".pt", ".ckpt", ".pkl")]


def test_plain_diffusers_loads_and_runs_it() -> None:
    controls = [ControlNetModel.from_pretrained(STARTER / "controlnets" / name) for name in ("depth", "lineart")]
    pipeline = StableDiffusionControlNetImg2ImgPipeline.from_pretrained(STARTER, controlnet=controls)
    pipeline.to(torch.float32)
    pipeline.set_progress_bar_config(disable=True)
    tensors = {name: torch.from_numpy(plane).permute(2, 0, 1)[None] for name, plane in SCENE.items()}
    image = pipeline(
        "ink", image=tensors["colour"], control_image=[tensors["depth"], tensors["lineart"]], strength=0.75,
        num_inference_steps=4, guidance_scale=1.0, output_type="np",
    ).images[0]  # fmt: skip
    assert image.shape == (SIZE, SIZE, 3) and np.isfinite(image).all() and image.std() > 0.05


@pytest.mark.parametrize("style", STYLES)
def test_colours_stay_the_scenes(style: str, paint: Callable[..., np.ndarray]) -> None:
    painted = paint(style)
    ball, ground = painted[40:80, 45:70].mean((0, 1)), painted[4:20, 4:124].mean((0, 1))
    assert ball[0] > ball[2] + 0.2, f"the ball is no longer orange: {ball}"
    assert ground[2] > ground[0] + 0.1, f"the ground is no longer blue: {ground}"
    # Washes are lighter than the render, but light and dark, red and blue lie where they lay.
    assert np.corrcoef(painted.ravel(), SCENE["colour"].ravel())[0, 1] > 0.75


def test_styles_differ_more_than_seeds_do(paint: Callable[..., np.ndarray]) -> None:
    painted = {style: paint(style) for style in STYLES}
    between_seeds = max(np.abs(paint(style, seed=2) - painted[style]).mean() for style in STYLES)
    names = list(painted)
    for one, other in zip(names, names[1:] + names[:1], strict=True):
        assert np.abs(painted[one] - painted[other]).mean() > between_seeds, f"{one} looks like {other}"


@pytest.mark.parametrize("style", ["ink", "cel"])
def test_outlines_come_from_the_line_art(style: str, paint: Callable[..., np.ndarray]) -> None:
    line = SCENE["lineart"][..., 0] > 0.6
    with_lines, without = paint(style).mean(axis=2), paint(style, without="lineart").mean(axis=2)
    assert with_lines[line].mean() < without[line].mean() - 0.05


def test_a_mask_paints_only_where_it_says(paint: Callable[..., np.ndarray]) -> None:
    mask = np.zeros((SIZE, SIZE), np.float32)
    mask[32:96, 32:96] = 1.0
    painted = paint("ink", mask=mask)
    assert np.array_equal(painted[mask == 0], SCENE["colour"][mask == 0])
    assert psnr(painted[32:96, 32:96], paint("ink")[32:96, 32:96]) > 15, "painted otherwise than the whole picture"
