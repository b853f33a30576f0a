"""Painting with small random models: every setting has the effect that it is there for, and no other."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import diffusers
import numpy as np
import pytest
import tiny_models
import torch
from flowbrush.backend.errors import Cancelled
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.latents import decode, encode, to_tensor
from flowbrush.backend.take import SCHEDULERS
from painting import DEPTH, NORMAL, SIZE, difference, middle_mask, never, request, smooth


@pytest.mark.parametrize("name", ["sd", "sdxl", "inpaint", "lossless"])
def test_same_request_same_bytes_and_another_seed_another_picture(
    painter: Callable[..., DiffusionPainter], name: str
) -> None:
    ours = painter(name, controls=(DEPTH,), scheduler="euler_a")
    first = ours.paint(request(), never)
    assert first.shape == (*SIZE, 3)
    assert first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1
    assert difference(ours.paint(request(seed=8), never), first) > 0.01
    assert ours.paint(request(), never).tobytes() == first.tobytes()
    assert painter(name, controls=(DEPTH,), scheduler="euler_a").paint(request(), never).tobytes() == first.tobytes()


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_paints_with_and_without_mask(painter: Callable[..., DiffusionPainter], scheduler: str) -> None:
    ours = painter(scheduler=scheduler)
    assert difference(ours.paint(request(), never), request().initial) > 0.02
    mask = middle_mask()
    painted = ours.paint(request(mask=mask), never)
    assert np.array_equal(painted[mask == 0], request().initial[mask == 0])
    assert difference(painted[mask == 1], request().initial[mask == 1]) > 0.02


def test_schedulers_differ(painter: Callable[..., DiffusionPainter]) -> None:
    pictures = [painter(scheduler=name).paint(request(), never).tobytes() for name in SCHEDULERS if name]
    assert len(set(pictures)) == len(pictures)


def test_controlnet_at_scale_zero_is_as_if_it_were_not_there(painter: Callable[..., DiffusionPainter]) -> None:
    without = painter().paint(request(), never)
    assert np.array_equal(painter(controls=(replace(DEPTH, scale=0.0),)).paint(request(), never), without)
    half, full = (painter(controls=(replace(DEPTH, scale=s),)).paint(request(), never) for s in (0.5, 1.0))
    assert 0.005 < difference(half, without) < difference(full, without)


def test_each_controlnet_reads_its_own_condition(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(controls=(DEPTH, NORMAL))
    asked = request()
    swapped = {"depth": asked.conditions["normal"], "normal": asked.conditions["depth"]}
    assert difference(ours.paint(replace(asked, conditions=swapped), never), ours.paint(asked, never)) > 1e-3
    reordered = painter(controls=(NORMAL, DEPTH)).paint(asked, never)
    np.testing.assert_allclose(reordered, ours.paint(asked, never), atol=1e-4)


def test_controlnet_acts_only_between_start_and_end(painter: Callable[..., DiffusionPainter]) -> None:
    """A ControlNet is asked for in exactly those steps; outside them it costs nothing."""

    def asked_for(start: float, end: float) -> tuple[int, np.ndarray]:
        ours = painter(steps=4, controls=(replace(DEPTH, start=start, end=end),))
        calls: list[int] = []
        hook = ours._models.controlnets[0].register_forward_pre_hook(lambda *arguments: calls.append(1))
        painted = ours.paint(request(strength=1.0), never)
        hook.remove()
        return len(calls), painted

    whole, first_half, second_half = asked_for(0, 1), asked_for(0, 0.5), asked_for(0.5, 1)
    assert [count for count, _ in (whole, first_half, second_half)] == [4, 2, 2]
    assert difference(first_half[1], second_half[1]) > 1e-3
    assert difference(first_half[1], whole[1]) > 1e-3


def test_conditions_are_embedded_once_a_picture(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(steps=4, controls=(DEPTH,))
    calls: list[int] = []
    embedding = ours._models.controlnets[0].controlnet_cond_embedding
    hook = embedding.conv_in.register_forward_pre_hook(lambda *arguments: calls.append(1))
    first = ours.paint(request(), never)
    other = replace(request(), conditions={"depth": smooth(5)})
    assert difference(ours.paint(other, never), first) > 1e-3
    hook.remove()
    assert len(calls) == 2


def test_more_strength_leaves_the_initial_picture_further(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(steps=10)
    with torch.inference_mode():
        unpainted = decode(ours._vae, encode(ours._vae, to_tensor(request().initial, "cpu")))
    distances = [difference(ours.paint(request(strength=s), never), unpainted) for s in (0.1, 0.4, 1.0)]
    assert distances[0] < distances[1] < distances[2]


def test_less_than_one_step_keeps_the_picture_and_says_so(painter: Callable[..., DiffusionPainter]) -> None:
    said: list[str] = []
    ours = painter(steps=4, warn=said.append)
    for _ in range(2):
        assert np.array_equal(ours.paint(request(strength=0.2), never), request().initial)
    assert len(said) == 1
    assert "less than one step" in said[0]


def test_prompt_and_negative_prompt_have_effect(painter: Callable[..., DiffusionPainter]) -> None:
    guided = painter(guidance=6.0)
    first = guided.paint(request(), never)
    assert difference(guided.paint(request(prompt="watercolour"), never), first) > 1e-3
    assert difference(guided.paint(request(negative_prompt="blurry"), never), first) > 1e-3
    unguided = painter(guidance=1.0)
    assert np.array_equal(unguided.paint(request(), never), unguided.paint(request(negative_prompt="blurry"), never)), (
        "guidance 1 leaves no room for a negative prompt"
    )


def test_guidance_off_costs_half(painter: Callable[..., DiffusionPainter]) -> None:
    for guidance, batch in ((1.0, 1), (3.0, 2)):
        ours = painter(guidance=guidance)
        seen: list[int] = []
        hook = ours._unet.register_forward_pre_hook(lambda _, arguments, seen=seen: seen.append(len(arguments[0])))
        ours.paint(request(), never)
        hook.remove()
        assert set(seen) == {batch}


def test_distilled_model_takes_guidance_as_an_input(models: Path, painter: Callable[..., DiffusionPainter]) -> None:
    folder = shutil.copytree(models / "sd", models / "distilled", dirs_exist_ok=True)
    unet = diffusers.UNet2DConditionModel(**tiny_models.UNET, time_cond_proj_dim=16)
    tiny_models.lively(unet).save_pretrained(folder / "unet")
    pictures = []
    for guidance in (2.0, 8.0):
        ours = painter("distilled", guidance=guidance, scheduler="lcm")
        seen: list[int] = []
        hook = ours._unet.register_forward_pre_hook(lambda _, arguments, seen=seen: seen.append(len(arguments[0])))
        pictures.append(ours.paint(request(), never))
        hook.remove()
        assert set(seen) == {1}, "and so needs no unconditional half"
    assert difference(*pictures) > 1e-3


def test_prompts_are_encoded_once(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(guidance=3.0)
    calls: list[int] = []
    hook = ours._pipeline.text_encoder.register_forward_pre_hook(lambda *arguments: calls.append(1))
    for seed in range(3):
        ours.paint(request(seed=seed), never)
    hook.remove()
    assert len(calls) == 2, "the prompt and the negative prompt"


def test_prompt_that_is_too_long_is_said(painter: Callable[..., DiffusionPainter]) -> None:
    said: list[str] = []
    painter(warn=said.append).paint(request(prompt="ink " * 60), never)
    assert len(said) == 1
    assert "180 word pieces" in said[0]


@pytest.mark.parametrize("shape", [(45, 50), (33, 64), (64, 31)])
@pytest.mark.parametrize("masked", [False, True])
def test_any_size_goes_in_and_comes_out(
    painter: Callable[..., DiffusionPainter], shape: tuple[int, int], masked: bool
) -> None:
    mask = middle_mask(shape) if masked else None
    painted = painter(controls=(DEPTH,)).paint(request(shape, mask=mask), never)
    assert painted.shape == (*shape, 3)
    assert difference(painted, smooth(0, shape)) > 0.001


def test_padding_does_not_shift_the_picture(painter: Callable[..., DiffusionPainter]) -> None:
    """The padded part is continued by reflection, so the rest is painted as in the picture that had it anyway."""
    whole = np.concatenate([smooth(0, (46, 64)), smooth(0, (46, 64))[-1:-3:-1]])
    ours = painter(controls=())
    assert np.array_equal(
        ours.paint(request(initial=whole), never)[:46], ours.paint(request(initial=whole[:46]), never)
    )


@pytest.mark.parametrize("after", [0, 1, 3])
def test_cancel_ends_within_one_step(painter: Callable[..., DiffusionPainter], after: int) -> None:
    ours = painter(steps=8)
    steps: list[int] = []
    hook = ours._unet.register_forward_pre_hook(lambda *arguments: steps.append(1))
    with pytest.raises(Cancelled):
        ours.paint(request(strength=1.0), lambda: len(steps) >= after)
    hook.remove()
    assert len(steps) == after
    assert difference(ours.paint(request(), never), request().initial) > 0.02, "it paints on afterwards"
