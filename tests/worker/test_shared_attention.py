"""Pictures that look at another one while they are painted, with small random models."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
from diffusers import UNet2DConditionModel
from flowbrush.backend.errors import Cancelled
from flowbrush.backend.painters.denoising import Text
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.painter import RegionRequest
from flowbrush.backend.painters.shared_attention import SharedAttention, self_attention
from painting import DEPTH, NORMAL, difference, middle_mask, never, request, smooth

ANCHOR = request(seed=3, initial=smooth(4), conditions={"depth": smooth(5), "normal": smooth(6)})


@pytest.mark.parametrize("name", ["sd", "sdxl", "inpaint"])
@pytest.mark.parametrize("guidance", [1.0, 5.0])
def test_a_picture_looks_at_its_anchor(painter: Callable[..., DiffusionPainter], name: str, guidance: float) -> None:
    ours = painter(name, guidance=guidance, controls=(DEPTH, NORMAL))
    alone = ours.paint(request(), never)
    looking = ours.paint(request(anchor=ANCHOR), never)
    assert difference(looking, alone) > 1e-3
    assert difference(ours.paint(request(anchor=replace(ANCHOR, seed=4)), never), looking) > 1e-4
    assert ours.paint(request(anchor=ANCHOR), never).tobytes() == looking.tobytes()
    assert ours.paint(request(), never).tobytes() == alone.tobytes(), "it looks no longer"


@pytest.mark.parametrize("name", ["sd", "sdxl"])
@pytest.mark.parametrize("scheduler", ["ddim", "euler", "unipc"])
def test_who_looks_at_itself_sees_nothing_new(
    painter: Callable[..., DiffusionPainter], name: str, scheduler: str
) -> None:
    """Each key and value twice is each once: only at the same step, noise, text and conditions."""
    ours = painter(name, guidance=5.0, scheduler=scheduler, controls=(DEPTH, NORMAL))
    alone = ours.paint(request(), never)
    np.testing.assert_allclose(ours.paint(request(anchor=request()), never), alone, atol=3e-3)


def test_layers_get_the_anchors_tokens_beside_their_own(models: Path) -> None:
    """What the layers compute is attention over both pictures' keys and values, and the anchor's is its own alone."""
    torch.manual_seed(0)
    unet = tiny_models.lively(UNet2DConditionModel(**tiny_models.UNET))
    layers = self_attention(unet)
    assert len(layers) == 4, "one down, one in the middle, two up"
    layer = layers[0]
    anchor, own = torch.randn(2, 1, 12, layer.query_dim)
    text = Text(torch.zeros(1, 1, 1))
    seen = []

    def denoise_anchor(attention: Callable) -> object:
        for left in (2, 1):
            with attention(left, text):
                seen.append(layer(anchor * left))
            yield

    with torch.inference_mode():
        shared = SharedAttention(unet, denoise_anchor)
        for left in (3, 2, 1):
            both = torch.cat([own, anchor * left], dim=1) if left < 3 else own
            heads = [
                part.unflatten(-1, (layer.heads, -1)).transpose(1, 2)
                for part in (layer.to_q(own), layer.to_k(both), layer.to_v(both))
            ]
            scores = (heads[0] @ heads[1].transpose(-1, -2)) * layer.scale
            wanted = layer.to_out[0]((scores.softmax(-1) @ heads[2]).transpose(1, 2).flatten(2))
            with shared.looking(left, text):
                torch.testing.assert_close(layer(own), wanted)
            with shared.looking(left, Text(torch.zeros(1, 1, 1))):
                torch.testing.assert_close(layer(own), layer(own), msg="another prompt")
        torch.testing.assert_close(seen[1], layer(anchor))


@pytest.mark.parametrize(("own", "anchors"), [(0.25, 1.0), (1.0, 0.25), (0.5, 0.0)])
def test_strengths_may_differ(painter: Callable[..., DiffusionPainter], own: float, anchors: float) -> None:
    said: list[str] = []
    ours = painter(warn=said.append)
    alone = ours.paint(request(strength=own), never)
    looking = ours.paint(request(strength=own, anchor=replace(ANCHOR, strength=anchors)), never)
    assert np.array_equal(looking, alone) == (anchors == 0)


def test_a_part_looks_at_a_whole_picture(painter: Callable[..., DiffusionPainter]) -> None:
    shape = (128, 128)
    mask = middle_mask(shape)
    ours = painter(controls=(DEPTH,))
    anchor = request(shape, seed=3, initial=smooth(4, shape))
    alone = ours.paint(request(shape, mask=mask), never)
    looking = ours.paint(request(shape, mask=mask, anchor=anchor), never)
    assert difference(looking[mask == 1], alone[mask == 1]) > 1e-3
    assert np.array_equal(looking[mask == 0], alone[mask == 0])
    empty = replace(anchor, mask=np.zeros(shape, np.float32))
    assert np.array_equal(ours.paint(request(shape, mask=mask, anchor=empty), never), alone)


def test_a_prompt_looks_at_where_the_anchor_has_it(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter()
    other = replace(ANCHOR, prompt="oil")
    assert np.array_equal(ours.paint(request(anchor=other), never), ours.paint(request(), never))
    half = np.zeros((48, 64), np.float32)
    half[:, :32] = 1.0
    regional = replace(other, regions=(RegionRequest(half, "ink", "", 0.8),))
    assert difference(ours.paint(request(anchor=regional), never), ours.paint(request(), never)) > 1e-3


def test_cancel_ends_within_one_pass(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter()
    passes: list[int] = []
    hook = ours._unet.register_forward_pre_hook(lambda *arguments: passes.append(1))
    with pytest.raises(Cancelled):
        ours.paint(request(anchor=ANCHOR), lambda: len(passes) >= 3)
    assert len(passes) == 3
    hook.remove()
    assert all(not layer._forward_pre_hooks for layer in self_attention(ours._unet))


def test_a_model_without_self_attention_says_so(models: Path, painter: Callable[..., DiffusionPainter]) -> None:
    tiny_models.write_sd(models / "convolutional")
    blocks = {"down_block_types": ("DownBlock2D",) * 2, "up_block_types": ("UpBlock2D",) * 2}
    unet = UNet2DConditionModel(**{**tiny_models.UNET, **blocks, "mid_block_type": "UNetMidBlock2D"})
    tiny_models.lively(unet).save_pretrained(models / "convolutional" / "unet")
    said: list[str] = []
    ours = painter("convolutional", warn=said.append, shared_attention=True)
    assert len(said) == 1 and "no self-attention to share" in said[0]
    assert np.array_equal(ours.paint(request(anchor=ANCHOR), never), ours.paint(request(), never))
    painter("sd", shared_attention=True)  # whose `warn` fails the test
