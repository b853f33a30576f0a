"""The starter model's parts, untrained, and the folder they are shipped in."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import ControlNetModel, DDIMScheduler, StableDiffusionControlNetImg2ImgPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from ..models.space_to_depth import SpaceToDepth
from .identity import start_with_copies
from .vocabulary import WORDS

CONTROLS = ("depth", "normal", "lineart", "colour")
CHANNELS = (96, 96, 128, 128)
TOKEN_WIDTH = 64
"""Of a word's embedding."""
WEAK_NORM = 10.0
"""Epsilon of the UNet's group normalization: far above the variance, so that it hardly scales."""


@dataclass
class Starter:
    """All trained parts: `controls` maps condition name to ControlNet."""

    unet: UNet2DConditionModel
    text: CLIPTextModel
    controls: dict[str, ControlNetModel]

    def modules(self) -> torch.nn.ModuleDict:
        """All parts in one module, to train, to average and to store."""
        return torch.nn.ModuleDict(
            {"unet": self.unet, "text": self.text, **{f"control_{name}": net for name, net in self.controls.items()}}
        )


def new_starter(tokenizer: CLIPTokenizer) -> Starter:
    """The parts with random weights.

    The text reaches every block of the UNet beside the timestep, as factors and shifts of the features (FiLM: Perez et
    al. 2018), and its coarsest level through cross attention without self attention: cost then grows with the
    picture's area, and nothing depends on how many positions crops had. Two normalization groups and a large epsilon:
    normalization otherwise takes flat colours and contrast away.
    """
    # diffusers takes the number of heads under the name attention_head_dim.
    shared = {
        "in_channels": 48, "block_out_channels": CHANNELS, "layers_per_block": 1, "cross_attention_dim": TOKEN_WIDTH,
        "attention_head_dim": 4, "norm_num_groups": 2,
    }  # fmt: skip
    plain = len(CHANNELS) - 1
    unet = UNet2DConditionModel(
        sample_size=128,
        out_channels=48,
        down_block_types=("DownBlock2D",) * plain + ("CrossAttnDownBlock2D",),
        up_block_types=("CrossAttnUpBlock2D",) + ("UpBlock2D",) * plain,
        norm_eps=WEAK_NORM,
        only_cross_attention=True,
        mid_block_only_cross_attention=True,
        resnet_time_scale_shift="scale_shift",
        addition_embed_type="text",
        addition_embed_type_num_heads=4,
        **shared,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=TOKEN_WIDTH, intermediate_size=2 * TOKEN_WIDTH, num_hidden_layers=1,
            num_attention_heads=4, projection_dim=TOKEN_WIDTH, bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip
    starter = Starter(unet, text, {name: _new_control(name, shared) for name in CONTROLS})
    start_with_copies(unet, starter.controls, WEAK_NORM)
    return starter


@contextmanager
def features_of_unit_scale(unet: UNet2DConditionModel) -> Iterator[None]:
    """What passes through the UNet in here sets the gain of each weak normalization: its features then have variance 1.

    Where normalization hardly scales, random weights let the signal fade from layer to layer, and SiLU is a straight
    line for what is left: the network learns next to nothing but linear filters (layer-sequential unit-variance
    initialization: Mishkin and Matas, "All you need is a good init", 2016).
    """

    def scale(norm: torch.nn.GroupNorm, _: object, features: torch.Tensor) -> torch.Tensor:
        deviation = features.detach().std()
        norm.weight.data /= deviation
        return features / deviation

    norms = [
        module
        for module in unet.modules()
        if isinstance(module, torch.nn.GroupNorm) and module.eps == WEAK_NORM and module is not unet.conv_norm_out
    ]
    hooks = [norm.register_forward_hook(scale) for norm in norms]
    try:
        yield
    finally:
        for hook in hooks:
            hook.remove()


def _new_control(name: str, shared: dict[str, object]) -> ControlNetModel:
    net = ControlNetModel(
        down_block_types=("DownBlock2D",) * len(CHANNELS),
        mid_block_type="UNetMidBlock2D",
        conditioning_embedding_out_channels=(8, 24, 48 if name == "colour" else 32),
        **shared,
    )
    # Zero output convolutions protect a trained UNet; beside an untrained one they only keep the condition out.
    for layer in (*net.controlnet_down_blocks, net.controlnet_mid_block, net.controlnet_cond_embedding.conv_out):
        layer.reset_parameters()
    return net


def new_scheduler() -> DDIMScheduler:
    """Predicts the clean picture; pure noise at the last step; gentle before it.

    With these betas the steps of a four-step run keep 0, 54, 85 and 98 % of the picture's amplitude: img2img at
    strength 0.75 starts at 54 %, which keeps the scene's colours and the features of a face.
    """
    return DDIMScheduler(
        beta_start=0.000001,
        beta_end=0.0012,
        beta_schedule="scaled_linear",
        prediction_type="sample",
        timestep_spacing="trailing",
        rescale_betas_zero_snr=True,
        clip_sample=False,
        set_alpha_to_one=True,
        steps_offset=1,
    )


def save_starter(starter: Starter, tokenizer: CLIPTokenizer, folder: Path) -> None:
    """Writes the diffusers folder, fp16 safetensors, ControlNets in `controlnets/`, and the words it knows."""
    pipeline = StableDiffusionControlNetImg2ImgPipeline(
        vae=SpaceToDepth(), text_encoder=starter.text, tokenizer=tokenizer, unet=starter.unet,
        controlnet=list(starter.controls.values()), scheduler=new_scheduler(), safety_checker=None,
        feature_extractor=None, requires_safety_checker=False,
    )  # fmt: skip
    pipeline.to(torch.float16)
    for part in ("unet", "vae", "text_encoder", "tokenizer", "scheduler"):
        getattr(pipeline, part).save_pretrained(folder / part)
    for name, net in starter.controls.items():
        net.save_pretrained(folder / "controlnets" / name)
    WORDS.write(folder)
    # As for Stable Diffusion: the pipeline proper, with any number of ControlNets beside it.
    (folder / "model_index.json").write_text(MODEL_INDEX, encoding="utf-8")


MODEL_INDEX = """{
  "_class_name": "StableDiffusionPipeline",
  "_diffusers_version": "0.35.0",
  "feature_extractor": [null, null],
  "image_encoder": [null, null],
  "requires_safety_checker": false,
  "safety_checker": [null, null],
  "scheduler": ["diffusers", "DDIMScheduler"],
  "text_encoder": ["transformers", "CLIPTextModel"],
  "tokenizer": ["transformers", "CLIPTokenizer"],
  "unet": ["diffusers", "UNet2DConditionModel"],
  "vae": ["flowbrush.backend.models.space_to_depth", "SpaceToDepth"]
}
"""
