"""Paints scenes that training never saw, beside what the filters make of them.

    python -I launch.py backend.training judge RAW STARTER GRID.png

RAW is a folder that `scenes --held-out` wrote. The grid's columns are the beauty picture and, for each style, the
filter's target and the model's picture. Prints, per style, PSNR against the target that was drawn with the very noise
that the model starts from, and seconds a frame. Uses diffusers' own pipeline, as anybody would.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from diffusers import ControlNetModel, StableDiffusionControlNetImg2ImgPipeline

from ..models import space_to_depth  # noqa: F401  diffusers takes a class of ours only from a module already imported
from ..take import load_styles
from .examples import read_scene
from .filters import FILTERS
from .words import Manner


def load_pipeline(starter: Path, conditions: list[str]) -> StableDiffusionControlNetImg2ImgPipeline:
    """The starter with its ControlNets, as diffusers loads any Stable Diffusion, float32."""
    controls = [ControlNetModel.from_pretrained(starter / "controlnets" / name) for name in conditions]
    pipeline = StableDiffusionControlNetImg2ImgPipeline.from_pretrained(starter, controlnet=controls)
    for module in (pipeline.unet, *controls):
        module.to(torch.float32, memory_format=torch.channels_last)
    pipeline.text_encoder.float()
    pipeline.vae.float()
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB of pictures from 0 to 1."""
    return float(-10.0 * np.log10(np.mean((one - other) ** 2)))


def main(arguments: list[str]) -> None:
    """The command line; see this module's head."""
    parser = argparse.ArgumentParser(
        prog="training judge", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("raw", type=Path)
    parser.add_argument("starter", type=Path)
    parser.add_argument("grid", type=Path)
    parser.add_argument("--scenes", type=int, default=4)
    parser.add_argument("--threads", type=int, default=2)
    choice = parser.parse_args(arguments)
    torch.set_num_threads(choice.threads)
    styles, rows = load_styles(), []
    names = [control.condition for control in styles["ink"].controls]
    pipeline = load_pipeline(choice.starter, names)
    scores: dict[str, list[tuple[float, float]]] = {style: [] for style in FILTERS}
    for path in sorted(choice.raw.glob("*.json"))[: choice.scenes]:
        sitter, conditions = read_scene(path)
        conditions["colour"] = sitter.picture
        row = [sitter.picture]
        for style, paint in FILTERS.items():
            settings = styles[style]
            # diffusers' img2img draws its noise first thing from the generator.
            height, width = sitter.picture.shape[:2]
            drawn = torch.randn(1, 48, height // 4, width // 4, generator=torch.Generator().manual_seed(7))
            noise = torch.nn.functional.pixel_shuffle(drawn, 4)[0].permute(1, 2, 0).contiguous().numpy()
            target, started = paint(sitter, noise, Manner()), time.monotonic()
            painted = pipeline(
                settings.prompt,
                negative_prompt=settings.negative_prompt,
                controlnet_conditioning_scale=[control.scale for control in settings.controls],
                image=_tensor(sitter.picture),
                control_image=[_tensor(conditions[name]) for name in names],
                strength=settings.strength,
                num_inference_steps=settings.steps,
                guidance_scale=settings.guidance,
                generator=torch.Generator().manual_seed(7),
                output_type="np",
            ).images[0]
            scores[style].append((psnr(painted, target), time.monotonic() - started))
            row += [target, painted]
        rows.append(np.hstack(row))
    cv2.imwrite(str(choice.grid), np.rint(np.vstack(rows)[..., ::-1] * 255.0).astype(np.uint8))
    for style, results in scores.items():
        decibels, seconds = np.array(results).T
        print(f"{style}: {decibels.mean():.1f} dB against the filter's target, {np.median(seconds):.2f} s a frame")


def _tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(picture).permute(2, 0, 1)[None]
