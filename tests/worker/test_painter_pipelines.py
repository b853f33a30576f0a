"""The painter beside the pipelines of diffusers, with small random models: both paint the same picture."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import diffusers
import numpy as np
import pytest
import torch
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.latents import decode, encode, noise_for, to_tensor
from painting import DEPTH, NORMAL, SIZE, difference, never, request


def pipeline_result(model: Path, steps: int, strength: float, guidance: float, scheduler: str) -> np.ndarray:
    """What diffusers' own ControlNet pipeline makes of `request()`, both ControlNets, from the same noisy latents."""
    xl = model.name == "sdxl"
    cls = (
        diffusers.StableDiffusionXLControlNetImg2ImgPipeline
        if xl
        else diffusers.StableDiffusionControlNetImg2ImgPipeline
    )
    nets = [diffusers.ControlNetModel.from_pretrained(model / "controlnets" / name) for name in ("depth", "normal")]
    more = {} if xl else {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipeline = cls.from_pretrained(model, controlnet=nets, local_files_only=True, **more)
    pipeline.set_progress_bar_config(disable=True)
    if scheduler == "euler":
        pipeline.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    asked = request(strength=strength)
    with torch.inference_mode():
        known = encode(pipeline.vae, to_tensor(asked.initial, "cpu"))
        pipeline.scheduler.set_timesteps(steps)
        first, _ = pipeline.get_timesteps(steps, strength, "cpu")
        noise, generator = noise_for(known.shape, asked.seed)
        latents = pipeline(
            prompt=asked.prompt,
            negative_prompt="blurry",
            image=to_tensor(asked.initial, "cpu"),
            control_image=[to_tensor(asked.conditions[name], "cpu") for name in ("depth", "normal")],
            controlnet_conditioning_scale=[1.0, 0.7],
            control_guidance_start=[0.0, 0.3],
            control_guidance_end=[0.8, 1.0],
            height=SIZE[0],
            width=SIZE[1],
            strength=strength,
            num_inference_steps=steps,
            guidance_scale=guidance,
            latents=pipeline.scheduler.add_noise(known, noise, first[:1]),
            generator=generator,
            output_type="latent",
        ).images
        return decode(pipeline.vae, latents)


@pytest.mark.parametrize("name", ["sd", "sd2", "sdxl"])
@pytest.mark.parametrize("guidance", [1.0, 5.0])
@pytest.mark.parametrize("scheduler", ["", "euler"])
def test_paints_what_the_pipelines_of_diffusers_paint(
    models: Path, painter: Callable[..., DiffusionPainter], name: str, guidance: float, scheduler: str
) -> None:
    controls = (replace(DEPTH, end=0.8), replace(NORMAL, start=0.3))
    ours = painter(name, steps=5, guidance=guidance, scheduler=scheduler, controls=controls)
    painted = ours.paint(request(negative_prompt="blurry"), never)
    wanted = pipeline_result(models / name, 5, 0.8, guidance, scheduler)
    assert difference(wanted, request().initial) > 0.05, "the test would see nothing"
    np.testing.assert_allclose(painted, wanted, atol=3e-3)  # guidance enlarges what rounding does
