"""Loads models, ControlNets and VAEs that come as single files.

Such a file holds weights only: what it is, its names and shapes tell, and LAYOUTS has the configuration of each family.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .choice import tensor_shapes
from .prediction import Prediction, prediction_of

if TYPE_CHECKING:
    import torch
    from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel

LAYOUTS = Path(__file__).parent / "layouts"
# CLIP's own vocabulary, which all these families share.
TOKENIZER = LAYOUTS / "clip"
# Whose text encoder the original checkpoints have, by the names of its weights.
_TEXT_ENCODERS = {
    "sd15": "cond_stage_model.transformer.",
    "sd2": "cond_stage_model.model.",
    "sdxl": "conditioner.embedders.1.model.",
}
# Latents on a side of the pictures that Stable Diffusion 2's models were trained on.
_SD2_SIZES = {"epsilon": 64, "v_prediction": 96}


def family(path: Path) -> str:
    """The name of the layout of the model in the file `path`. Raises ValueError for what is none."""
    return _layout(_shapes(path))


def load_parts(path: Path, dtype: torch.dtype, vae: Any, prediction: str) -> tuple[dict[str, Any], Prediction]:
    """All parts of the model in the file `path`, by their names in a diffusers pipeline, and what it predicts.

    vae: to be used instead of the file's own, or None. prediction: what is set, instead of what the file says.
    """
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTokenizer

    shapes = _shapes(path)
    layout, in_channels = _layout(shapes), _in_channels(shapes)
    if vae is None and not any(name.startswith("first_stage_model.") for name in shapes):
        raise ValueError("it comes without its VAE; choose one for it, or a version with the VAE baked in")
    # Stable Diffusion 2 predicts velocity or noise; its inpainting models, which take more channels, all the noise.
    found = prediction_of(path, shapes, can_be_either=layout == "sd2" and in_channels == 4)
    if prediction:
        found = Prediction(prediction, found.zero_snr)
    common = {"config": str(LAYOUTS / layout), "torch_dtype": dtype, "local_files_only": True}
    changes = {"in_channels": in_channels} | ({"sample_size": _SD2_SIZES[found.kind]} if layout == "sd2" else {})
    given = {
        "unet": UNet2DConditionModel.from_single_file(str(path), subfolder="unet", **changes, **common),
        "tokenizer": CLIPTokenizer.from_pretrained(str(TOKENIZER), **({"pad_token": "!"} if layout == "sd2" else {})),
        **({} if vae is None else {"vae": vae}),
    }
    if layout == "sdxl":
        given["tokenizer_2"] = CLIPTokenizer.from_pretrained(str(TOKENIZER), pad_token="!")
        pipeline = StableDiffusionXLPipeline.from_single_file(str(path), **given, **common)
    else:
        pipeline = StableDiffusionPipeline.from_single_file(
            str(path), **given, safety_checker=None, feature_extractor=None, **common
        )
    names = (*given, "vae", "scheduler", *(n for n in ("text_encoder", "text_encoder_2") if hasattr(pipeline, n)))
    parts = {name: getattr(pipeline, name) for name in names}
    for name in ("text_encoder", "text_encoder_2"):
        if name in parts:
            _check_whole(parts[name])
    return parts, found


def load_controlnet(path: Path, dtype: torch.dtype, unet: UNet2DConditionModel) -> ControlNetModel:
    """The ControlNet in the file `path`, for models like `unet`'s."""
    from diffusers import ControlNetModel

    return ControlNetModel.from_single_file(
        str(path),
        config=str(LAYOUTS / layout_for(unet)),
        subfolder="controlnet",
        torch_dtype=dtype,
        local_files_only=True,
    ).eval()


def load_vae(path: Path, dtype: torch.dtype, layout: str) -> AutoencoderKL:
    """The VAE in the file `path`, by its original or by diffusers' names, for models of the family `layout`."""
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_single_file(
        str(path), config=str(LAYOUTS / layout), subfolder="vae", torch_dtype=dtype, local_files_only=True
    )
    _check_whole(vae)
    return vae.eval()


def layout_for(unet: UNet2DConditionModel) -> str:
    """The name of the layout of the family of `unet`, by the prompts that it reads. Raises ValueError."""
    for layout in _TEXT_ENCODERS:
        config = json.loads((LAYOUTS / layout / "unet" / "config.json").read_text("utf-8"))
        if config["cross_attention_dim"] == unet.config.cross_attention_dim:
            return layout
    raise ValueError("single files of this kind are known for Stable Diffusion 1, 2 and XL; choose a diffusers folder")


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    import torch

    if path.suffix == ".safetensors":
        return tensor_shapes(path)
    weights = torch.load(path, map_location="meta", weights_only=True)
    return {name: tuple(weight.shape) for name, weight in weights.get("state_dict", weights).items()}


def _layout(shapes: dict[str, tuple[int, ...]]) -> str:
    _in_channels(shapes)
    for layout, prefix in _TEXT_ENCODERS.items():
        if any(name.startswith(prefix) for name in shapes):
            return layout
    raise ValueError("only Stable Diffusion 1, 2 and XL come as a single file; choose the model's diffusers folder")


def _in_channels(shapes: dict[str, tuple[int, ...]]) -> int:
    first = shapes.get("model.diffusion_model.input_blocks.0.0.weight")
    if first is None or len(first) != 4:
        raise ValueError("it holds no Stable Diffusion UNet")
    return first[1]


def _check_whole(module: torch.nn.Module) -> None:
    """Raises NotImplementedError as PyTorch does when it moves what diffusers left without memory."""
    if any(weight.is_meta for weight in module.state_dict().values()):
        raise NotImplementedError(f"{type(module).__name__} lacks weights")
