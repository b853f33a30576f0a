"""The starter model's parts, untrained, and the folder they are shipped in."""

import gzip
from dataclasses import dataclass
from pathlib import Path

import torch
from diffusers import ControlNetModel, DDIMScheduler, StableDiffusionControlNetImg2ImgPipeline, UNet2DConditionModel
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTokenizer

from ..models.space_to_depth import SpaceToDepth
from .identity import start_with_copies

CONTROLS = ("depth", "normal", "lineart", "colour")
CHANNELS = (64, 80, 128)
WORDS = 64
"""Width of a token's embedding."""
WEAK_NORM = 10.0
"""Epsilon of the UNet's group normalization: far above the variance, so that it hardly scales."""
MERGES = 49152 - 256 - 2
"""CLIP reads this many lines of its merges file: two places go to the marks of start and end, 256 to bytes."""


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

    The text reaches every block beside the timestep, and the UNet's coarsest level through cross attention without
    self attention: cost then grows with the picture's area, and nothing depends on how many positions crops had. Two
    normalization groups and a large epsilon: normalization otherwise takes flat colours and contrast away.
    """
    # diffusers takes the number of heads under the name attention_head_dim.
    shared = {
        "in_channels": 48, "block_out_channels": CHANNELS, "layers_per_block": 1, "cross_attention_dim": WORDS,
        "attention_head_dim": 4, "norm_num_groups": 2, "addition_embed_type": "text",
        "addition_embed_type_num_heads": 4,
    }  # fmt: skip
    unet = UNet2DConditionModel(
        sample_size=128,
        out_channels=48,
        down_block_types=("DownBlock2D", "DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D", "UpBlock2D"),
        norm_eps=WEAK_NORM,
        only_cross_attention=True,
        mid_block_only_cross_attention=True,
        **shared,
    )
    text = CLIPTextModel(
        CLIPTextConfig(
            vocab_size=len(tokenizer), hidden_size=WORDS, intermediate_size=2 * WORDS, num_hidden_layers=1,
            num_attention_heads=4, projection_dim=WORDS, bos_token_id=tokenizer.bos_token_id,
            eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id,
        )
    )  # fmt: skip
    starter = Starter(unet, text, {name: _new_control(name, shared) for name in CONTROLS})
    start_with_copies(unet, starter.controls, WEAK_NORM)
    return starter


def _new_control(name: str, shared: dict[str, object]) -> ControlNetModel:
    net = ControlNetModel(
        down_block_types=("DownBlock2D",) * 3,
        mid_block_type="UNetMidBlock2D",
        conditioning_embedding_out_channels=(16, 24, 48 if name == "colour" else 32),
        **shared,
    )
    # Zero output convolutions protect a trained UNet; beside an untrained one they only keep the condition out.
    for layer in (*net.controlnet_down_blocks, net.controlnet_mid_block, net.controlnet_cond_embedding.conv_out):
        layer.reset_parameters()
    return net


def new_tokenizer(vocabulary: Path) -> CLIPTokenizer:
    """CLIP's own tokenizer, from `bpe_simple_vocab_16e6.txt.gz` (openai/CLIP, MIT)."""
    with gzip.open(vocabulary, "rt", encoding="utf-8") as file:
        merges = file.read().split("\n")[1 : MERGES + 1]
    letters = _byte_letters()
    pieces = [*letters, *(f"{letter}</w>" for letter in letters), *(merge.replace(" ", "") for merge in merges)]
    vocab = {piece: number for number, piece in enumerate([*pieces, "<|startoftext|>", "<|endoftext|>"])}
    pairs = [tuple(merge.split()) for merge in merges]
    return CLIPTokenizer(vocab=vocab, merges=pairs, model_max_length=77)


def _byte_letters() -> list[str]:
    """The 256 printable characters that stand for bytes, in the order of GPT-2's and CLIP's vocabularies."""
    plain = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    return [chr(byte) for byte in plain] + [chr(256 + place) for place in range(256 - len(plain))]


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
    """Writes the diffusers folder, fp16 safetensors, ControlNets beside it in `controlnets/<condition>`."""
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
