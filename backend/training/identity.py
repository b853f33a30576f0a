"""First weights with which the starter draws its lines over the render, so that training has only the style to learn.

A network with random weights spends its first hours on learning to copy pixels. Here the copy is written in. The colour
ControlNet's embedding rearranges the picture into 48 channels and its first output hands them to the UNet's first skip
connection; the line art ControlNet's embedding makes 16 channels and its second output hands them to the second skip
connection. The UNet's last two blocks pass both on, and subtract the lines from the picture. Everything else is random.

Layers with SiLU in between are used around `LIFT`, where SiLU is nearly a straight line. Their inputs are then far from
zero, and the slightest change of a weight moves the whole picture: these layers, the embeddings and the output, stay as
they are. All others are trained.
"""

import math
from collections.abc import Callable

import torch
from diffusers import ControlNetModel, UNet2DConditionModel

LIFT = 4.0
LATENT, LINES = 48, 16
DARKNESS = 1.7
"""How much a full line darkens the picture, whose values go from -1 to 1."""


def _silu(value: float) -> float:
    return value / (1.0 + math.exp(-value))


LEVEL, SLOPE = _silu(LIFT), (_silu(LIFT + 1.0) - _silu(LIFT - 1.0)) / 2.0
"""silu(LIFT + v) is about LEVEL + SLOPE * v for v from -1 to 1."""


@torch.no_grad()
def start_with_copies(unet: UNet2DConditionModel, controls: dict[str, ControlNetModel], weak_norm: float) -> None:
    """Sets the weights described above; the UNet's first level has LATENT channels for the picture and 16 more."""
    colour, lineart = controls["colour"], controls["lineart"]
    for module in unet.modules():
        if isinstance(module, torch.nn.GroupNorm) and module.eps == weak_norm:
            module.weight.fill_(math.sqrt(weak_norm))
    for layer in (unet.conv_in, *(net.controlnet_down_blocks[0] for net in controls.values())):
        _keep_out(layer, LATENT)
    for layer in (unet.down_blocks[0].resnets[0].conv2, *(net.controlnet_down_blocks[1] for net in controls.values())):
        _keep_out(layer, LINES)
    _embed(colour, 3, factor=2.0, shift=-1.0)
    _keep_out(colour.conv_in, LATENT)
    _copy(colour.controlnet_down_blocks[0], {(channel, channel): 1.0 for channel in range(LATENT)}, bias=0.0)
    _embed(lineart, 1, factor=1.0, shift=0.0)
    _keep_out(lineart.conv_in, LINES)
    _keep_out(lineart.down_blocks[0].resnets[0].conv2, LINES)
    _copy(lineart.controlnet_down_blocks[1], {(channel, channel): 1.0 for channel in range(LINES)}, bias=0.0)
    _pass_on(unet)
    for fixed in (
        colour.controlnet_cond_embedding,
        lineart.controlnet_cond_embedding,
        unet.conv_norm_out,
        unet.conv_out,
    ):
        fixed.requires_grad_(False)


def _embed(net: ControlNetModel, colours: int, factor: float, shift: float) -> None:
    """The condition times `factor` plus `shift`, rearranged as PixelUnshuffle(4) does, in the first channels."""
    embedding = net.controlnet_cond_embedding
    first, (keep, halve, keep_half, quarter), last = embedding.conv_in, embedding.blocks, embedding.conv_out
    again, lift = 1.0 / SLOPE, LIFT - LEVEL / SLOPE
    _copy(first, {(channel, channel): factor for channel in range(colours)}, bias=LIFT + shift)
    _copy(keep, {(channel, channel): again for channel in range(colours)}, bias=lift)
    _gather(halve, colours, again, lift, lambda channel, y, x: channel * 4 + y * 2 + x)
    _copy(keep_half, {(channel, channel): again for channel in range(4 * colours)}, bias=lift)
    _gather(quarter, 4 * colours, again, lift, _place_in_sixteen)
    _copy(last, {(channel, channel): again for channel in range(16 * colours)}, bias=-LEVEL / SLOPE)


def _place_in_sixteen(channel: int, y: int, x: int) -> int:
    """The channel of PixelUnshuffle(4) for one of PixelUnshuffle(2) and the place of its pixel in a block of four."""
    colour, below, right = channel // 4, channel % 4 // 2, channel % 2
    return colour * 16 + (2 * y + below) * 4 + 2 * x + right


def _pass_on(unet: UNet2DConditionModel) -> None:
    """The last blocks' shortcuts take lines and picture from the skip connections; the output layer gives them out.

    The last block's channels are two normalization groups, each with half the picture and 8 channels that hold what
    makes its mean zero, so that normalization takes no brightness away.
    """
    before, block = unet.up_blocks[-1].resnets
    skip = before.conv_shortcut.in_channels - before.out_channels
    _copy(before.conv_shortcut, {(channel, skip + channel): 1.0 for channel in range(LINES)}, bias=0.0)
    _keep_out(before.conv2, LINES)
    hidden, half, group = before.out_channels, LATENT // 2, block.out_channels // 2
    place = [channel + (group - half) * (channel // half) for channel in range(LATENT)]
    taken = torch.zeros_like(block.conv_shortcut.weight)
    for channel in range(LATENT):
        start = group * (channel // half)
        for source, factor in ((hidden + channel, 1.0), (channel % LINES, -DARKNESS)):
            taken[place[channel], source] += factor
            taken[start + half : start + group, source] -= factor / (group - half)
    block.conv_shortcut.weight.copy_(taken)
    block.conv_shortcut.bias.zero_()
    block.conv2.weight.mul_(0.1)
    block.conv2.bias.zero_()
    unet.conv_norm_out.bias.fill_(LIFT)
    _copy(unet.conv_out, {(channel, place[channel]): 1.0 / SLOPE for channel in range(LATENT)}, bias=-LEVEL / SLOPE)


def _copy(layer: torch.nn.Conv2d, pairs: dict[tuple[int, int], float], bias: float) -> None:
    """Makes the output channels of `pairs` copies of single input channels, times a factor."""
    assert layer.bias is not None
    centre = layer.kernel_size[0] // 2
    for (out, source), factor in pairs.items():
        layer.weight[out].zero_()
        layer.weight[out, source, centre, centre] = factor
        layer.bias[out] = bias


def _gather(
    layer: torch.nn.Conv2d, channels: int, factor: float, bias: float, place: Callable[[int, int, int], int]
) -> None:
    """Makes a 3x3 convolution of stride 2 move each block of 2x2 pixels into channels, as PixelUnshuffle(2) does."""
    assert layer.bias is not None
    for channel in range(channels):
        for y in range(2):
            for x in range(2):
                out = place(channel, y, x)
                layer.weight[out].zero_()
                layer.weight[out, channel, 1 + y, 1 + x] = factor
                layer.bias[out] = bias


def _keep_out(layer: torch.nn.Conv2d, count: int) -> None:
    """Leaves the first `count` output channels empty."""
    assert layer.bias is not None
    layer.weight[:count].zero_()
    layer.bias[:count].zero_()
