"""A reference picture through an IP-Adapter, beside diffusers' own pipeline, and what is refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import diffusers
import numpy as np
import pytest
import tiny_models
import torch
from flowbrush.backend.errors import Code, ModelError
from flowbrush.backend.models.choice import fingerprints, resolve
from flowbrush.backend.models.reference import _prepared, read_picture
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.latents import decode, encode, noise_for, to_tensor
from flowbrush.backend.take import TakeSettings
from painting import SIZE, difference, never, request, smooth
from safetensors.torch import load_file, save_file
from tiny_models import load, refused


@pytest.fixture(scope="module")
def adapters(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with an IP-Adapter for each model, named so, and two pictures."""
    folder = tmp_path_factory.mktemp("adapters")
    for name in ("sd", "sdxl"):
        unet = diffusers.UNet2DConditionModel.from_pretrained(models / name / "unet")
        (folder / name).mkdir()
        tiny_models.write_ip_adapter(folder / name / "adapter.safetensors", unet)
        if name == "sd":
            (folder / "plus").mkdir()
            tiny_models.write_ip_adapter(folder / "plus" / "adapter.safetensors", unet, plus=True)
    for seed in (5, 9):
        cv2.imwrite(str(folder / f"{seed}.png"), (smooth(seed, (40, 70)) * 255).round().astype(np.uint8))
    return folder


def referring(adapters: Path, kind: str, picture: int = 5, scale: float = 0.7) -> dict[str, object]:
    file = str(adapters / kind / "adapter.safetensors")
    return {"reference": str(adapters / f"{picture}.png"), "reference_scale": scale, "reference_model": file}


def pipeline_result(model: Path, adapters: Path, kind: str, guidance: float) -> np.ndarray:
    """What diffusers' own pipeline makes of `request()`, from the same noisy latents and the same reference."""
    cls = diffusers.StableDiffusionXLImg2ImgPipeline if kind == "sdxl" else diffusers.StableDiffusionImg2ImgPipeline
    more = {} if kind == "sdxl" else {"safety_checker": None, "requires_safety_checker": False}
    pipeline = cls.from_pretrained(model, local_files_only=True, **more)
    pipeline.set_progress_bar_config(disable=True)
    pipeline.feature_extractor = object()  # it is not asked for what is prepared already
    pipeline.load_ip_adapter(str(adapters / kind), subfolder="", weight_name="adapter.safetensors")
    pipeline.set_ip_adapter_scale(0.7)
    asked = request()
    with torch.inference_mode():
        known = encode(pipeline.vae, to_tensor(asked.initial, "cpu"))
        pipeline.scheduler.set_timesteps(4)
        first, _ = pipeline.get_timesteps(4, asked.strength, "cpu")
        noise, generator = noise_for(known.shape, asked.seed)
        noisy = pipeline.scheduler.add_noise(known, noise, first[:1])
        pipeline.prepare_latents = lambda *_, **__: noisy  # else it draws its own noise
        latents = pipeline(
            prompt=asked.prompt,
            image=to_tensor(asked.initial, "cpu"),
            ip_adapter_image=[_prepared(read_picture(adapters / "5.png"), 32)],
            strength=asked.strength,
            num_inference_steps=4,
            guidance_scale=guidance,
            generator=generator,
            output_type="latent",
        ).images
        return decode(pipeline.vae, latents)


@pytest.mark.parametrize("guidance", [1.0, 4.0])
@pytest.mark.parametrize("kind", ["sd", "plus", "sdxl"])
def test_paints_what_the_pipeline_of_diffusers_paints(
    models: Path, adapters: Path, painter: Callable[..., DiffusionPainter], kind: str, guidance: float
) -> None:
    name = "sdxl" if kind == "sdxl" else "sd"
    ours = painter(name, guidance=guidance, **referring(adapters, kind)).paint(request(), never)
    assert ours.shape[:2] == SIZE
    np.testing.assert_allclose(ours, pipeline_result(models / name, adapters, kind, guidance), atol=3e-3)


def test_the_picture_and_its_scale_count(adapters: Path, painter: Callable[..., DiffusionPainter]) -> None:
    one, other, weak, nothing = (
        painter("sd", **changes).paint(request(), never)
        for changes in (
            referring(adapters, "sd"),
            referring(adapters, "sd", picture=9),
            referring(adapters, "sd", scale=0.1),
            {},
        )
    )
    assert difference(one, other) > 1e-3
    assert difference(one, nothing) > difference(weak, nothing) > 1e-3


def test_another_picture_does_not_load_the_model_again(models: Path, adapters: Path) -> None:
    chosen = [
        TakeSettings(model=str(models / "sd"), **referring(adapters, "sd", picture=picture)) for picture in (5, 9)
    ]
    assert load(chosen[0]) is load(chosen[1])
    prints = [fingerprints(resolve(one)) for one in chosen]
    assert list(prints[0]) == ["model", "reference", "ip-adapter", "image encoder"]
    assert [name for name in prints[0] if prints[0][name] != prints[1][name]] == ["reference"]


def test_what_does_not_fit_is_refused(models: Path, adapters: Path, tmp_path: Path) -> None:
    good = TakeSettings(model=str(models / "sd"), **referring(adapters, "sd"))
    refused(replace(good, reference=str(tmp_path / "gone.png")), Code.MISSING_MODEL, "no reference picture")
    refused(replace(good, reference_model=""), Code.MISSING_MODEL, "needs an IP-Adapter")
    refused(replace(good, reference_model=str(tmp_path / "gone.safetensors")), Code.MISSING_MODEL, "no IP-Adapter at")
    refused(replace(good, model=str(models / "sdxl")), Code.BAD_MODEL, "another family")
    alone = tmp_path / "adapter.safetensors"
    weights = load_file(adapters / "sd" / "adapter.safetensors")
    save_file(weights, alone)
    refused(replace(good, reference_model=str(alone)), Code.MISSING_MODEL, "lacks its encoder")
    broken = adapters / "sd" / "broken.safetensors"
    save_file({k: v for k, v in weights.items() if "norm" not in k}, broken)
    refused(replace(good, reference_model=str(broken)), Code.BAD_MODEL, "broken.safetensors")
    save_file({k: v for k, v in weights.items() if "image_proj" not in k}, broken)
    refused(replace(good, reference_model=str(broken)), Code.BAD_MODEL, "no IP-Adapter of the kinds")
    (tmp_path / "adapter.bin").write_bytes(b"")
    refused(replace(good, reference_model=str(tmp_path / "adapter.bin")), Code.MISSING_MODEL, "lacks its encoder")
    (adapters / "sd" / "adapter.bin").write_bytes(b"")
    refused(replace(good, reference_model=str(adapters / "sd" / "adapter.bin")), Code.UNSAFE_MODEL, "pickle")
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(ModelError, match="no picture that can be read"):
        read_picture(tmp_path / "text.png")
