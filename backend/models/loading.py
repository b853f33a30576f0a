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
from ..storage import read_json
from . import reference, single_file, union
from .additions import Additions
from .choice import MAX_CONFIG, Adapter, ModelChoice, Source
from .vision import import_torchvision

if TYPE_CHECKING:
    import torch
    from diffusers import ControlNetModel, DiffusionPipeline, UNet2DConditionModel


@dataclass(frozen=True)
class Models:
    """A model in memory, on the CPU, ready to be moved.

    pipeline: a StableDiffusionPipeline or StableDiffusionXLPipeline: it holds the parts and encodes prompts.
    xl: whether it is of the XL family. latent_channels: of the VAE. inpaints: whether the UNet was trained to take a
    mask and the masked picture besides the latents. additions: the LoRAs and embeddings that the pipeline wears.
    notices: what the user is told about it. controlnets: of each condition, which can be the same. control_kinds: the
    number under which a union ControlNet takes a condition, see `union`; None for a ControlNet of its own.
    image_encoder: of the IP-Adapter in the UNet, if there is one.
    """

    pipeline: DiffusionPipeline
    controlnets: tuple[ControlNetModel, ...]
    xl: bool
    latent_channels: int
    inpaints: bool
    additions: Additions
    notices: tuple[str, ...] = ()
    control_kinds: tuple[int | None, ...] = ()
    image_encoder: Any = None


_kept: dict[tuple[ModelChoice, str], Models] = {}


def load(choice: ModelChoice, precision: str) -> Models:
    """Loads a model and its ControlNets at `precision`, the name of a torch dtype; keeps the last one it loaded.

    LoRAs and embeddings are put on and taken off without loading the model again.
    Raises ModelError (BAD_MODEL) when something is damaged, incomplete or does not fit together.
    """
    bare = replace(choice, loras=(), embeddings=(), picture=None)
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
    vae = None if choice.vae is None else _guarded(choice.vae, _vae, choice.vae, choice.base, dtype)
    parts, notices = _guarded(choice.base, _parts, choice, dtype, vae)
    unet = parts["unet"]
    # Each once, also where several conditions have the same.
    loaded = {source: _guarded(source, _controlnet, source, dtype, unet) for source in dict.fromkeys(choice.controls)}
    controlnets = tuple(loaded[source] for source in choice.controls)
    kinds = tuple(
        union.kind_of(condition, loaded[source], source.path) if union.is_union(source) else None
        for condition, source in zip(choice.conditions, choice.controls, strict=True)
    )
    encoder = None if choice.adapter is None else _image_encoder(choice.adapter, choice.base, unet, dtype)
    models = _guarded(choice.base, _assembled, parts, controlnets, notices)
    models = replace(models, control_kinds=kinds, image_encoder=encoder)
    for source, controlnet in loaded.items():
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


def _parts(choice: ModelChoice, dtype: torch.dtype, vae: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The parts of the model by their names in a pipeline, and what the user is told about them."""
    path = choice.base.path
    if path.is_dir():
        parts = _folder_parts(choice.base, dtype, {} if vae is None else {"vae": vae})
        changes: dict[str, Any] = {"prediction_type": choice.prediction} if choice.prediction else {}
        return {**parts, "scheduler": _changed(parts["scheduler"], changes)}, ()
    parts, predicts = single_file.load_parts(path, dtype, vae, choice.prediction)
    changes = {"prediction_type": predicts.kind}
    if predicts.zero_snr:
        changes |= {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
    notice = (
        f"{path.name} does not say what it predicts: '{predicts.kind}', by its weights. If it paints nothing but "
        f"noise, set the prediction to '{'epsilon' if predicts.kind == 'v_prediction' else 'v_prediction'}'"
    )
    parts["scheduler"] = _changed(parts["scheduler"], changes)
    return parts, (notice,) if predicts.guessed else ()


def _changed(scheduler: Any, changes: dict[str, Any]) -> Any:
    return type(scheduler).from_config(scheduler.config, **changes) if changes else scheduler


def _assembled(parts: dict[str, Any], controlnets: tuple[ControlNetModel, ...], notices: tuple[str, ...]) -> Models:
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
    return Models(pipeline, controlnets, xl, channels, taken != channels, Additions(pipeline), notices)


def _channels_last() -> torch.memory_format:
    # Convolutions run in this order in oneDNN and cuDNN; other orders are converted at every layer.
    import torch

    return torch.channels_last


def _folder_parts(source: Source, dtype: torch.dtype, instead: dict[str, Any]) -> dict[str, Any]:
    """The parts of a folder by their names; those in `instead` are taken from there."""
    import torch

    loaded = dict(instead)
    for part in source.parts:
        if part.name in instead:
            continue
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


def _controlnet(source: Source, dtype: torch.dtype, unet: UNet2DConditionModel) -> ControlNetModel:
    from diffusers import ControlNetModel, ControlNetUnionModel

    if union.is_union(source) and source.path.is_file():
        return union.load_union(source.path, dtype, unet)
    if source.path.is_dir():
        cls = ControlNetUnionModel if union.is_union(source) else ControlNetModel
        return _module(cls, source.path, dtype, source.variant, source.is_pickle)
    return single_file.load_controlnet(source.path, dtype, unet)


def _image_encoder(adapter: Adapter, base: Source, unet: UNet2DConditionModel, dtype: torch.dtype) -> Any:
    """The encoder for `adapter`, which is put into `unet`."""
    from transformers import CLIPVisionModelWithProjection

    source = adapter.encoder
    folder = (CLIPVisionModelWithProjection, source.path, dtype, source.variant, False)
    encoder = _guarded(source, _module, *folder).requires_grad_(False)
    _guarded(adapter.weights, reference.put_on, unet, adapter.weights.path, encoder, base.path.name)
    return encoder


def _vae(source: Source, base: Source, dtype: torch.dtype) -> Any:
    """The VAE from `source`, if it is of the same family as that of `base`."""
    import diffusers

    if base.path.is_file():
        layout, folder = single_file.family(base.path), single_file.LAYOUTS / single_file.family(base.path)
    else:
        layout, folder = "sdxl" if any(part.name == "text_encoder_2" for part in base.parts) else "sd15", base.path
    own = read_json(folder / "vae" / "config.json", MAX_CONFIG, _bad)
    if source.path.is_dir():
        vae = _module(getattr(diffusers, source.class_name), source.path, dtype, source.variant, source.is_pickle)
    else:
        vae = single_file.load_vae(source.path, dtype, layout)
    same = vae.config.latent_channels == own.get("latent_channels", 4)
    # The latents of a tiny one are of the same kind, in numbers of another size.
    if type(vae).__name__ == own.get("_class_name"):
        same = same and vae.config.scaling_factor == own.get("scaling_factor", vae.config.scaling_factor)
    if not same:
        raise _bad(f"the VAE {source.path} was made for another family of models than {base.path.name}")
    return vae


def _check_fit(models: Models, base: Source, source: Source, controlnet: ControlNetModel) -> None:
    unet, net = models.pipeline.unet.config, controlnet.config
    same = all(net[name] == unet[name] for name in ("cross_attention_dim", "block_out_channels"))
    if not same or (net.addition_embed_type == "text_time") != models.xl:
        raise _bad(f"the ControlNet {source.path} was made for another family of models than {base.path.name}")
    if controlnet.config.in_channels != models.latent_channels:
        raise _bad(f"the ControlNet {source.path} was made for another VAE than that of {base.path.name}")


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"This model cannot be used: {reason}")
