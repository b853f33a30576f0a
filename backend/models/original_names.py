"""The names of a UNet's modules in the original checkpoints of CompVis and Stability, which LoRAs for XL models use.

There, input_blocks counts the first convolution, then each level's residual blocks and its downsampling; output_blocks
each level's residual blocks, with the upsampling as the last member of a level's last block. As
https://github.com/CompVis/stable-diffusion/blob/main/ldm/modules/diffusionmodules/openaimodel.py builds them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from diffusers import UNet2DConditionModel

_SIMPLE = {
    "time_embedding.linear_1": "time_embed.0",
    "time_embedding.linear_2": "time_embed.2",
    "add_embedding.linear_1": "label_emb.0.0",
    "add_embedding.linear_2": "label_emb.0.2",
    "conv_in": "input_blocks.0.0",
    "conv_out": "out.2",
}
_IN_BLOCK = {
    "conv1": "in_layers.2",
    "time_emb_proj": "emb_layers.1",
    "conv2": "out_layers.3",
    "conv_shortcut": "skip_connection",
    "0.conv": "0.op",  # of a downsampler; an upsampler's stays a conv
}


def original_names(unet: UNet2DConditionModel) -> dict[str, str]:
    """The original names of the modules of `unet` that have weights, by their names in diffusers."""
    blocks = _blocks(unet)
    names = dict(_SIMPLE)
    for name, _ in unet.named_modules():
        block = next((ours for ours in blocks if name.startswith(f"{ours}.")), "")
        if block:
            rest = name.removeprefix(f"{block}.")
            names[name] = f"{blocks[block]}.{_IN_BLOCK.get(rest, rest)}"
    return names


def _blocks(unet: UNet2DConditionModel) -> dict[str, str]:
    """Residual blocks, transformers and samplers."""
    names = {}
    number = 1
    for level, block in enumerate(unet.down_blocks):
        for layer in range(len(block.resnets)):
            names[f"down_blocks.{level}.resnets.{layer}"] = f"input_blocks.{number}.0"
            names[f"down_blocks.{level}.attentions.{layer}"] = f"input_blocks.{number}.1"
            number += 1
        if block.downsamplers:
            names[f"down_blocks.{level}.downsamplers"] = f"input_blocks.{number}"
            number += 1
    for member, ours in enumerate(("resnets.0", "attentions.0", "resnets.1")):
        names[f"mid_block.{ours}"] = f"middle_block.{member}"
    number = 0
    for level, block in enumerate(unet.up_blocks):
        for layer in range(len(block.resnets)):
            names[f"up_blocks.{level}.resnets.{layer}"] = f"output_blocks.{number}.0"
            names[f"up_blocks.{level}.attentions.{layer}"] = f"output_blocks.{number}.1"
            number += 1
        if block.upsamplers:
            member = 2 if getattr(block, "attentions", None) else 1
            names[f"up_blocks.{level}.upsamplers.0"] = f"output_blocks.{number - 1}.{member}"
    return names
