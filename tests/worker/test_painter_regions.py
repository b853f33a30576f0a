"""Several prompts in one picture with small random models: each acts where its region is, and nowhere else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import painting
import pytest
import torch
from flowbrush.backend.errors import Cancelled
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.painter import PaintRequest, RegionRequest
from painting import DEPTH, SIZE, difference, never


@pytest.fixture
def painter(painter: Callable[..., DiffusionPainter]) -> Callable[..., DiffusionPainter]:
    """The same without loss between picture and latents, and with a ControlNet."""

    def make(name: str = "lossless", **changes: Any) -> DiffusionPainter:
        return painter(name, **{"controls": (DEPTH,), **changes})

    return make


LEFT = np.zeros(SIZE, np.float32)
LEFT[:, :32] = 1.0


def region(prompt: str, mask: np.ndarray = LEFT, strength: float = 0.8, negative_prompt: str = "") -> RegionRequest:
    return RegionRequest(mask, prompt, negative_prompt, strength)


def request(*regions: RegionRequest, **changes: Any) -> PaintRequest:
    return painting.request(regions=regions, **changes)


def passes_of(ours: DiffusionPainter, asked: PaintRequest) -> tuple[int, int, np.ndarray]:
    """How often the UNet and the ControlNet are asked for a picture, and the picture."""
    calls = {"unet": 0, "control": 0}

    def count(name: str) -> Callable[..., None]:
        def hook(*arguments: Any) -> None:
            calls[name] += 1

        return hook

    hooks = [
        ours._unet.register_forward_pre_hook(count("unet")),
        ours._models.controlnets[0].register_forward_pre_hook(count("control")),
    ]
    painted = ours.paint(asked, never)
    for hook in hooks:
        hook.remove()
    return calls["unet"], calls["control"], painted


@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_a_regions_prompt_acts_in_the_region(painter: Callable[..., DiffusionPainter], guidance: float) -> None:
    """In one step nothing can spread: the halves are those of the pictures that are painted with one prompt alone."""
    ours = painter(steps=1, guidance=guidance)
    plain, other = (ours.paint(request(prompt=prompt, strength=1.0), never) for prompt in ("ink", "cel"))
    both = ours.paint(request(region("cel", strength=1.0), strength=1.0), never)
    assert np.abs(plain - other)[:, :32].max() > 1e-3, "the test would see nothing"
    np.testing.assert_allclose(both[:, :32], other[:, :32], atol=1e-4)
    np.testing.assert_allclose(both[:, 32:], plain[:, 32:], atol=1e-4)


@pytest.mark.parametrize("name", ["sd", "sdxl", "inpaint", "lossless"])
def test_over_all_steps_the_region_follows_its_prompt_and_the_rest_keeps_its_own(
    painter: Callable[..., DiffusionPainter], name: str
) -> None:
    ours = painter(name, guidance=3.0, scheduler="dpmpp_2m")
    asked = request(region("cel", negative_prompt="oil"))
    plain = ours.paint(request(), never)
    other = ours.paint(request(prompt="cel", negative_prompt="oil"), never)
    both = ours.paint(asked, never)
    assert ours.paint(asked, never).tobytes() == both.tobytes()
    inside, outside = both[:, :24], both[:, 40:]
    assert difference(inside, other[:, :24]) < 0.75 * difference(inside, plain[:, :24])
    assert difference(outside, plain[:, 40:]) < 0.75 * difference(outside, other[:, 40:])


@pytest.mark.parametrize("guidance", [1.0, 3.0])
def test_regions_that_say_nothing_new_change_no_byte(painter: Callable[..., DiffusionPainter], guidance: float) -> None:
    ours = painter(guidance=guidance)
    plain = ours.paint(request(), never).tobytes()
    for regions in (
        (region("ink"),),
        (region("cel", np.zeros(SIZE, np.float32)),),
        (region("cel"), region("ink", np.ones(SIZE, np.float32))),
        (region("cel", np.zeros(SIZE, np.float32), strength=0.3), region("ink", LEFT), region("ink", 1 - LEFT)),
    ):
        assert ours.paint(request(*regions), never).tobytes() == plain


def test_only_prompts_that_are_seen_cost_a_pass(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(steps=5, crop_to_mask=False)  # four of five steps at strength 0.8

    def passes(*regions: RegionRequest, **changes: Any) -> tuple[int, int]:
        return passes_of(ours, request(*regions, **changes))[:2]

    empty = np.zeros(SIZE, np.float32)
    assert passes() == (4, 4)
    assert passes(region("cel")) == (8, 8)
    assert passes(region("cel"), region("oil", 1 - LEFT)) == (8, 8), "the main prompt is covered"
    assert passes(region("cel", empty), region("oil", empty)) == (4, 4)
    assert passes(region("cel"), mask=1 - LEFT) == (4, 4), "nothing of the region is painted"
    assert passes(region("cel"), mask=LEFT) == (4, 4)


def test_later_regions_lie_above_earlier_ones(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter()
    one, other = region("cel"), region("oil")
    assert np.array_equal(ours.paint(request(one, other), never), ours.paint(request(other), never))
    assert difference(ours.paint(request(one, other), never), ours.paint(request(other, one), never)) > 1e-3


def test_a_soft_border_mixes(painter: Callable[..., DiffusionPainter]) -> None:
    """In one step of a lossless model a mask of one half gives the mean of both pictures."""
    ours = painter(steps=1, scheduler="euler")
    pictures = [
        ours.paint(request(*regions, strength=1.0), never).astype(np.float64)
        for regions in (
            (),
            (region("cel", np.ones(SIZE, np.float32), 1.0),),
            (region("cel", np.full(SIZE, 0.5, np.float32), 1.0),),
        )
    ]
    clipped = np.any([(picture <= 0) | (picture >= 1) for picture in pictures], axis=0)
    assert clipped.mean() < 0.9, "the test would see nothing"
    np.testing.assert_allclose(pictures[2][~clipped], (pictures[0] + pictures[1])[~clipped] / 2, atol=1e-4)


@pytest.mark.parametrize("crop", [False, True])
def test_regions_within_a_mask(painter: Callable[..., DiffusionPainter], crop: bool) -> None:
    mask = np.zeros(SIZE, np.float32)
    mask[12:36, 16:48] = 1.0
    ours = painter(crop_to_mask=crop)
    both = ours.paint(request(region("cel"), mask=mask), never)
    plain = ours.paint(request(mask=mask), never)
    assert np.array_equal(both[mask == 0], request().initial[mask == 0])
    change = np.abs(both - plain)
    assert change[12:36, 16:30].mean() > 2 * change[12:36, 36:48].mean() > 0


@pytest.mark.parametrize("name", ["lossless", "inpaint"])
def test_a_region_of_strength_zero_stays_the_picture(painter: Callable[..., DiffusionPainter], name: str) -> None:
    said: list[str] = []
    ours = painter(name, warn=said.append)
    kept = ours.paint(request(region("ink", strength=0.0)), never)
    if name == "lossless":
        np.testing.assert_allclose(kept[:, :32], request().initial[:, :32], atol=1e-5)
    assert difference(kept[:, 40:], request().initial[:, 40:]) > 0.02
    assert difference(kept[:, :16], request().initial[:, :16]) < difference(
        ours.paint(request(), never)[:, :16], request().initial[:, :16]
    )
    assert len(said) == 1 and "less than one step" in said[0]


def test_more_strength_in_a_region_leaves_the_picture_further_there(
    painter: Callable[..., DiffusionPainter],
) -> None:
    ours = painter(steps=10)
    initial = request().initial
    painted = [ours.paint(request(region("ink", strength=s), strength=0.5), never) for s in (0.1, 0.3, 0.5, 0.9)]
    inside = [difference(picture[:, :24], initial[:, :24]) for picture in painted]
    assert inside == sorted(inside) and inside[0] < 0.5 * inside[-1]
    assert np.array_equal(painted[2], ours.paint(request(strength=0.5), never)), "the same strength is no other"


def test_a_region_joins_in_when_its_strength_says(painter: Callable[..., DiffusionPainter]) -> None:
    """Until then the model sees the picture itself with that step's noise there."""
    ours = painter(steps=4, guidance=1.0)
    seen: list[torch.Tensor] = []
    hook = ours._unet.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0].clone()))
    ours.paint(request(region("ink", strength=0.5), strength=1.0), never)
    late, seen[:] = list(seen), []
    ours.paint(request(strength=0.5), never)
    hook.remove()
    assert len(late) == 4 and len(seen) == 2
    torch.testing.assert_close(late[2][..., :8], seen[0][..., :8], atol=1e-5, rtol=1e-5)
    assert not torch.allclose(late[2][..., 8:], seen[0][..., 8:], atol=1e-2)


@pytest.mark.parametrize("after", [1, 2, 3])
def test_cancel_ends_within_a_step(painter: Callable[..., DiffusionPainter], after: int) -> None:
    """With two prompts even between the two passes of one step."""
    ours = painter(steps=8)
    passes: list[int] = []
    hook = ours._unet.register_forward_pre_hook(lambda *arguments: passes.append(1))
    with pytest.raises(Cancelled):
        ours.paint(request(region("cel"), strength=1.0), lambda: len(passes) >= after)
    hook.remove()
    assert len(passes) == after


def test_conditions_are_embedded_once_for_all_prompts(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(guidance=3.0)
    calls: list[int] = []
    embedding = ours._models.controlnets[0].controlnet_cond_embedding
    hook = embedding.conv_in.register_forward_pre_hook(lambda *arguments: calls.append(1))
    ours.paint(request(region("cel")), never)
    hook.remove()
    assert len(calls) == 1


def test_any_size_goes_in_and_comes_out(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter("sd")
    asked = request(region("cel"))
    cut = replace(
        asked,
        initial=asked.initial[:45, :50],
        conditions={"depth": asked.conditions["depth"][:45, :50]},
        regions=(replace(asked.regions[0], mask=LEFT[:45, :50]),),
    )
    assert ours.paint(cut, never).shape == (45, 50, 3)
