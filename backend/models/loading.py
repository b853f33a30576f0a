"""Loads what `choice` found into memory, with diffusers and transformers, never from the network.

The first import of diffusers reads the environment: the worker sets HF_HUB_OFFLINE=1 before.
"""

from __future__ import annotations

import importlib
import pickle
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Code, ModelError
from .additions import Additions
from .choice import ModelChoice, Source, tensor_shapes
from .vision import import_torchvision

if TYPE_CHECKING:
    import torch
    from diffusers import ControlNetModel, DiffusionPipeline

# Configurations of the families that come as single files, which hold weights only.
LAYOUTS = Path(__file__).parent / "layouts"
# CLIP's own vocabulary, which all these families share.
TOKENIZER = LAYOUTS / "clip"


@dataclass(frozen=True)
class Models:
    """A model in memory, on the CPU, ready to be moved.

    pipeline: a StableDiffusionPipeline or StableDiffusionXLPipeline: it holds the parts and encodes prompts.
    xl: whether it is of the XL family. latent_channels: of the VAE. inpaints: whether the UNet was trained to take a
    mask and the masked picture besides the latents. additions: the LoRAs and embeddings that the pipeline wears.
    """

    pipeline: DiffusionPipeline
    controlnets: tuple[ControlNetModel, ...]
    xl: bool
    latent_channels: int
    inpaints: bool
    additions: Additions


_kept: dict[tuple[ModelChoice, str], Models] = {}


def load(choice: ModelChoice, precision: str) -> Models:
    """Loads a model and its ControlNets at `precision`, the name of a torch dtype; keeps the last one it loaded.

    LoRAs and embeddings are put on and taken off without loading the model again.
    Raises ModelError (BAD_MODEL) when something is damaged, incomplete or does not fit together.
    """
    bare = replace(choice, loras=(), embeddings=())
    if (bare, precision) not in _kept:
        forget()  # before, so that two models are never in memory together
        _kept[bare, precision] = _loaded(bare, precision)
    models = _kept[bare, precision]
    models.additions.wear(choice)
    return models


def forget() -> None:
    """Lets go of the model that `load` keeps."""
    _kept.clear()


def _loaded(choice: ModelChoice, precision: str) -> Models:
    import torch

    import_torchvision()
    _be_quiet()
    dtype: torch.dtype = getattr(torch, precision)
    if choice.base.path.is_file():
        parts = _guarded(choice.base, _single_file_parts, choice.base.path, dtype)
    else:
        parts = _guarded(choice.base, _folder_parts, choice.base, dtype)
    xl = "text_encoder_2" in parts
    controlnets = tuple(_guarded(source, _controlnet, source, dtype, xl) for source in choice.controls)
    models = _guarded(choice.base, _assembled, parts, controlnets)
    for source, controlnet in zip(choice.controls, controlnets, strict=True):
        _check_fit(models, choice.base, source, controlnet)
    return models


def _be_quiet() -> None:
    # Standard output belongs to the protocol and progress is shown by Blender.
    import diffusers
    import transformers

    diffusers.utils.logging.disable_progress_bar()
    transformers.utils.logging.disable_progress_bar()
    # It tells of torchvision, which nothing here needs.
    transformers.utils.logging.set_verbosity_error()


def _guarded(source: Source, work: Any, *arguments: Any) -> Any:
    """Runs `work`; what the libraries raise over a damaged model becomes a ModelError about `source`."""
    from diffusers.loaders.single_file_utils import SingleFileComponentError
    from safetensors import SafetensorError

    damage = (
        OSError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        ArithmeticError,
        RuntimeError,
        AssertionError,
        pickle.UnpicklingError,
        SafetensorError,
        SingleFileComponentError,
    )
    try:
        return work(*arguments)
    except NotImplementedError as error:
        # diffusers leaves weights that a single file lacks without memory and then tries to move them.
        raise _bad(f"{source.path} lacks some of its weights: download it again") from error
    except damage as error:
        reason = str(error).strip().partition("\n")[0][:200]
        raise _bad(f"{source.path} is damaged or not of its family ({reason})") from error


def _assembled(parts: dict[str, Any], controlnets: tuple[ControlNetModel, ...]) -> Models:
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline

    xl = "text_encoder_2" in parts
    for suffix in ("", "_2") if xl else ("",):
        tokenizer, encoder = parts["tokenizer" + suffix], parts["text_encoder" + suffix]
        tokenizer.model_max_length = min(tokenizer.model_max_length, encoder.config.max_position_embeddings)
    if xl:
        pipeline = StableDiffusionXLPipeline(**parts, add_watermarker=False)
    else:
        pipeline = StableDiffusionPipeline(
            **parts, safety_checker=None, feature_extractor=None, requires_safety_checker=False
        )
    channels = int(parts["vae"].config.latent_channels)
    taken = int(parts["unet"].config.in_channels)
    if taken not in (channels, 2 * channels + 1):
        raise ValueError(f"its UNet takes {taken} channels and its VAE makes {channels}")
    if not hasattr(parts["scheduler"], "add_noise"):
        raise ValueError(f"its scheduler, {type(parts['scheduler']).__name__}, is for models of another kind")
    for module in (parts["unet"], parts["vae"], *controlnets):
        module.to(memory_format=_channels_last()).requires_grad_(False)
    return Models(pipeline, controlnets, xl, channels, taken != channels, Additions(pipeline))


def _channels_last() -> torch.memory_format:
    # Convolutions run in this order in oneDNN and cuDNN; other orders are converted at every layer.
    import torch

    return torch.channels_last


def _folder_parts(source: Source, dtype: torch.dtype) -> dict[str, Any]:
    import torch

    loaded = {}
    for part in source.parts:
        cls = getattr(importlib.import_module(part.library), part.class_name)
        folder = source.path / part.name
        if issubclass(cls, torch.nn.Module):
            loaded[part.name] = _module(cls, folder, dtype, part.variant, source.is_pickle)
        else:
            loaded[part.name] = cls.from_pretrained(str(folder), local_files_only=True)
    return loaded


def _module(cls: Any, folder: Path, dtype: torch.dtype, variant: str, allow_pickle: bool) -> Any:
    module, info = cls.from_pretrained(
        str(folder),
        **{"dtype" if cls.__module__.startswith("transformers.") else "torch_dtype": dtype},
        variant=variant or None,
        use_safetensors=None if allow_pickle else True,
        local_files_only=True,
        output_loading_info=True,
    )
    if missing := sorted(info["missing_keys"]):
        raise ValueError(f"{folder.name} lacks {len(missing)} weights, {missing[0]} for one")
    return module.eval()


def _controlnet(source: Source, dtype: torch.dtype, xl: bool) -> ControlNetModel:
    from diffusers import ControlNetModel

    if source.path.is_dir():
        return _module(ControlNetModel, source.path, dtype, source.variant, source.is_pickle)
    return ControlNetModel.from_single_file(
        str(source.path),
        config=str(LAYOUTS / ("sdxl" if xl else "sd15")),
        subfolder="controlnet",
        torch_dtype=dtype,
        local_files_only=True,
    ).eval()


def _single_file_parts(path: Path, dtype: torch.dtype) -> dict[str, Any]:
    from diffusers import StableDiffusionPipeline, StableDiffusionXLPipeline, UNet2DConditionModel
    from transformers import CLIPTokenizer

    layout, in_channels = _layout(_shapes(path))
    common = {"config": str(LAYOUTS / layout), "torch_dtype": dtype, "local_files_only": True}
    given = {
        "unet": UNet2DConditionModel.from_single_file(str(path), subfolder="unet", in_channels=in_channels, **common),
        "tokenizer": CLIPTokenizer.from_pretrained(str(TOKENIZER)),
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
        if name in parts and any(weight.is_meta for weight in parts[name].state_dict().values()):
            raise NotImplementedError(f"{name} lacks weights")
    return parts


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    import torch

    if path.suffix == ".safetensors":
        return tensor_shapes(path)
    weights = torch.load(path, map_location="meta", weights_only=True)
    return {name: tuple(weight.shape) for name, weight in weights.get("state_dict", weights).items()}


def _layout(shapes: dict[str, tuple[int, ...]]) -> tuple[str, int]:
    """The family of a single file, by the names in the original checkpoints, and its UNet's input channels."""
    first = shapes.get("model.diffusion_model.input_blocks.0.0.weight")
    if first is None or len(first) != 4:
        raise ValueError("it holds no Stable Diffusion UNet")
    if not any(name.startswith("first_stage_model.") for name in shapes):
        raise ValueError("it comes without its VAE; choose a version with the VAE baked in")
    for layout, prefix in (("sd15", "cond_stage_model.transformer."), ("sdxl", "conditioner.embedders.1.model.")):
        if any(name.startswith(prefix) for name in shapes):
            return layout, first[1]
    raise ValueError("only Stable Diffusion 1 and XL come as a single file; choose the model's diffusers folder")


def _check_fit(models: Models, base: Source, source: Source, controlnet: ControlNetModel) -> None:
    unet, net = models.pipeline.unet.config, controlnet.config
    same = all(net[name] == unet[name] for name in ("cross_attention_dim", "block_out_channels"))
    if not same or (net.addition_embed_type == "text_time") != models.xl:
        raise _bad(f"the ControlNet {source.path} was made for another family of models than {base.path.name}")
    if controlnet.config.in_channels != models.latent_channels:
        raise _bad(f"the ControlNet {source.path} was made for another VAE than that of {base.path.name}")


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"This model cannot be used: {reason}")
