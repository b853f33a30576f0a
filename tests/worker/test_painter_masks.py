"""Painting a part of a picture with small random models: the rest stays, and decides what is painted."""

from collections.abc import Callable

import numpy as np
import pytest
import torch
from flowbrush.backend.errors import Cancelled
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.region import whole
from painting import DEPTH, SIZE, difference, middle_mask, never, request, smooth


@pytest.mark.parametrize("name", ["sd", "sdxl", "inpaint", "lossless"])
@pytest.mark.parametrize("crop", [False, True])
def test_mask_keeps_what_is_outside_bit_for_bit(
    painter: Callable[..., DiffusionPainter], name: str, crop: bool
) -> None:
    mask = middle_mask()
    ours = painter(name, controls=(DEPTH,), crop_to_mask=crop)
    painted = ours.paint(request(mask=mask), never)
    initial = request().initial
    assert np.array_equal(painted[mask == 0], initial[mask == 0])
    assert difference(painted[mask == 1], initial[mask == 1]) > 0.02
    assert ours.paint(request(mask=mask), never).tobytes() == painted.tobytes()
    assert np.array_equal(ours.paint(request(mask=np.zeros(SIZE, np.float32)), never), initial)


def test_lossless_latents_are_kept_around_the_mask(painter: Callable[..., DiffusionPainter]) -> None:
    """With nothing lost by the VAE, what the loop puts back around the hole is the picture itself."""
    ours = painter("lossless", crop_to_mask=False)
    hard = (middle_mask() > 0).astype(np.float32)
    with torch.inference_mode():
        unpainted = ours._painted(request(mask=hard), request().initial, whole((*SIZE, 3)), never)
    np.testing.assert_allclose(unpainted[hard == 0], request().initial[hard == 0], atol=1e-5)


def test_mask_of_ones_paints_everything(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(controls=(DEPTH,))
    everything = ours.paint(request(mask=np.ones(SIZE, np.float32)), never)
    assert np.array_equal(everything, ours.paint(request(), never))


def test_soft_mask_blends_in_pixels(painter: Callable[..., DiffusionPainter]) -> None:
    hard, soft = (middle_mask() > 0).astype(np.float32), middle_mask()
    ours = painter()
    full, blended = (ours.paint(request(mask=mask), never) for mask in (hard, soft))
    edge = soft == 0.5
    expected = 0.5 * full[edge] + 0.5 * request().initial[edge]
    np.testing.assert_allclose(blended[edge], expected, atol=1e-6)


def test_what_is_painted_knows_what_is_around_it(painter: Callable[..., DiffusionPainter]) -> None:
    """In a masked picture the surroundings decide: the same hole in another picture is filled otherwise."""
    ours = painter(crop_to_mask=False)
    mask = (middle_mask() > 0).astype(np.float32)
    initial = smooth(0)
    other = np.where(mask[:, :, None] > 0, initial, 1 - initial)
    one, two = (ours.paint(request(initial=picture, mask=mask), never) for picture in (initial, other))
    assert difference(one[mask == 1], two[mask == 1]) > 1e-3


def test_inpainting_model_does_not_see_what_it_paints_over(painter: Callable[..., DiffusionPainter]) -> None:
    """Its further channels hold the picture without the hole. At full strength the start hardly shows either."""
    ours = painter("inpaint", crop_to_mask=False)
    seen: list[torch.Tensor] = []
    hook = ours._unet.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0][:, 4:].clone()))
    mask = (middle_mask() > 0).astype(np.float32)
    ours.paint(request(mask=mask), never)
    ours.paint(request(mask=mask, initial=np.where(mask[:, :, None] > 0, 0.9, request().initial)), never)
    hook.remove()
    assert all(torch.equal(beside, seen[0]) for beside in seen)
    assert torch.equal(seen[0][0, 0], torch.from_numpy(mask[::2, ::2]))


def test_crop_is_painted_from_the_noise_of_its_place(painter: Callable[..., DiffusionPainter]) -> None:
    """Cropped or not, the first step sees the same noise in the hole."""
    shape = (120, 120)
    mask = np.zeros(shape, np.float32)
    mask[112:, :8] = 1
    seen: dict[bool, torch.Tensor] = {}
    for crop in (False, True):
        ours = painter(crop_to_mask=crop)
        hook = ours._unet.register_forward_pre_hook(
            lambda _, arguments, crop=crop: seen.__setitem__(crop, arguments[0].clone())
        )
        with pytest.raises(Cancelled):
            ours.paint(request(shape, mask=mask, strength=1.0), lambda crop=crop: crop in seen)
        hook.remove()
    assert seen[False].shape[2:] == (60, 60)
    assert seen[True].shape[2:] == (36, 36), "64 pixels around the mask, in whole multiples of 4"
    difference_there = (seen[True] - seen[False][:, :, 24:, :36]).abs().mean()
    elsewhere = (seen[True] - seen[False][:, :, 22:58, :36]).abs().mean()
    assert difference_there < 0.1 * elsewhere
