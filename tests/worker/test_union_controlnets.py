"""Union ControlNets beside diffusers' own pipeline, and what they refuse."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import diffusers
import numpy as np
import pytest
import tiny_models
import torch
from flowbrush.backend.errors import Code
from flowbrush.backend.models import loading, single_file
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.latents import decode, encode, noise_for, to_tensor
from flowbrush.backend.take import ControlSettings, TakeSettings
from painting import SIZE, difference, never, request
from safetensors.torch import load_file, save_file
from tiny_models import load, refused

KINDS = {"depth": 1, "normal": 4}


@pytest.fixture(scope="module")
def union(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_models.write_union(tmp_path_factory.mktemp("union") / "union")


def controls(path: Path, *conditions: str) -> tuple[ControlSettings, ...]:
    return tuple(ControlSettings(name, str(path), scale=0.9 - 0.4 * number) for number, name in enumerate(conditions))


def pipeline_result(model: Path, union: Path, guidance: float, *conditions: str) -> np.ndarray:
    """What diffusers' own pipeline makes of `request()`, from the same noisy latents."""
    pipeline = diffusers.StableDiffusionXLControlNetUnionImg2ImgPipeline.from_pretrained(
        model, controlnet=diffusers.ControlNetUnionModel.from_pretrained(union), local_files_only=True
    )
    pipeline.set_progress_bar_config(disable=True)
    asked = request()
    with torch.inference_mode():
        known = encode(pipeline.vae, to_tensor(asked.initial, "cpu"))
        pipeline.scheduler.set_timesteps(4)
        first, _ = pipeline.get_timesteps(4, asked.strength, "cpu")
        noise, generator = noise_for(known.shape, asked.seed)
        latents = pipeline(
            prompt=asked.prompt,
            image=to_tensor(asked.initial, "cpu"),
            control_image=[to_tensor(asked.conditions[name], "cpu") for name in conditions],
            control_mode=[KINDS[name] for name in conditions],
            controlnet_conditioning_scale=[one.scale for one in controls(union, *conditions)],
            height=SIZE[0],
            width=SIZE[1],
            strength=asked.strength,
            num_inference_steps=4,
            guidance_scale=guidance,
            latents=pipeline.scheduler.add_noise(known, noise, first[:1]),
            generator=generator,
            output_type="latent",
        ).images
        return decode(pipeline.vae, latents)


@pytest.mark.parametrize("guidance", [1.0, 4.0])
@pytest.mark.parametrize("conditions", [("normal",), ("depth", "normal")])
def test_paints_what_the_pipeline_of_diffusers_paints(
    models: Path, union: Path, painter: Callable[..., DiffusionPainter], guidance: float, conditions: tuple[str, ...]
) -> None:
    ours = painter("sdxl", guidance=guidance, controls=controls(union, *conditions)).paint(request(), never)
    np.testing.assert_allclose(ours, pipeline_result(models / "sdxl", union, guidance, *conditions), atol=3e-3)


def test_the_kind_of_condition_counts(union: Path, painter: Callable[..., DiffusionPainter]) -> None:
    """The same picture as depth and as normals, and no picture."""
    asked = request()
    asked = replace(asked, conditions={**asked.conditions, "normal": asked.conditions["depth"]})
    depth, normal, free = (
        painter("sdxl", controls=controls(union, *names)).paint(asked, never) for names in (("depth",), ("normal",), ())
    )
    assert difference(depth, normal) > 1e-3
    assert difference(depth, free) > 1e-2


def test_it_is_loaded_once_for_all_conditions(
    models: Path, union: Path, painter: Callable[..., DiffusionPainter]
) -> None:
    own = ControlSettings("depth")  # which lies with the model
    loaded = load(
        TakeSettings(model=str(models / "sdxl"), controls=(*controls(union, "depth", "canny", "lineart"), own))
    )
    assert len({id(network) for network in loaded.controlnets}) == 2
    assert loaded.control_kinds == (1, 3, 3, None)
    mixed = painter("sdxl", guidance=3.0, controls=(*controls(union, "normal"), own))
    assert difference(mixed.paint(request(), never), request().initial) > 0.05
    twice = painter("sd", controls=(own, replace(own, start=0.5)))
    assert difference(twice.paint(request(), never), request().initial) > 0.05


def test_folder_and_file_are_the_same(
    models: Path, union: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = tiny_models.write_layouts(tmp_path / "layouts", models, {"sd15": "sd", "sd2": "sd2", "sdxl": "sdxl"})
    monkeypatch.setattr(single_file, "LAYOUTS", small)
    model = TakeSettings(model=str(models / "sdxl"))
    wanted = load_file(union / "diffusion_pytorch_model.safetensors")
    for path in (union, union / "diffusion_pytorch_model.safetensors"):
        (network,) = load(replace(model, controls=controls(path, "depth"))).controlnets
        assert isinstance(network, diffusers.ControlNetUnionModel)
        found = network.state_dict()
        assert found.keys() == wanted.keys() and all(torch.equal(found[name], wanted[name]) for name in wanted)
    loading.forget()
    broken = tmp_path / "broken.safetensors"
    save_file({name: weight for name, weight in wanted.items() if "mid_block" not in name}, broken)
    refused(replace(model, controls=controls(broken, "depth")), Code.BAD_MODEL, "broken.safetensors")


def test_its_makers_call_it_a_controlnet(models: Path, union: Path, tmp_path: Path) -> None:
    copy = tiny_models.write_union(tmp_path / "union", kinds=8)
    config = json.loads((copy / "config.json").read_text())
    (copy / "config.json").write_text(json.dumps({**config, "_class_name": "ControlNetModel"}))
    model = TakeSettings(model=str(models / "sdxl"))
    assert load(replace(model, controls=controls(copy, "tile"))).control_kinds == (6,)
    refused(replace(model, controls=controls(union, "tile")), Code.BAD_MODEL, "union", "does not take 'tile'")
    refused(replace(model, controls=controls(copy, "shuffle")), Code.BAD_MODEL, "does not take 'shuffle'")
    refused(
        replace(model, model=str(models / "sd"), controls=controls(copy, "depth")), Code.BAD_MODEL, "another family"
    )
