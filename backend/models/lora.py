"""LoRAs (Hu et al. 2021): small pairs of matrices that change what the layers of a model give, each by a weight.

Layers are found by their names in kohya's layout, with diffusers' or the original names of the UNet, and in diffusers'
and PEFT's. That is done here and not with the loaders of diffusers, which leave out, without a word, what they do not
recognise: a file is taken whole or refused. The weights of the model stay as they are; a layer's pair works beside it,
so that a weight changes from frame to frame for nothing, and what is taken off leaves the model as it was.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import Code, ModelError
from .original_names import original_names
from .tensors import read_tensors

if TYPE_CHECKING:
    import torch

_KEY = re.compile(
    r"(?P<layer>.+?)(?:\.(?P<alpha>alpha)|[._]lora(?:_linear_layer)?[._](?P<half>down|up|A|B)(?:\.\w+)?\.weight)"
)
_HALVES = {"down": "down", "A": "down", "up": "up", "B": "up"}
# The first that fits; files that begin with a block's name are of the UNet alone.
_PREFIXES = (
    ("lora_unet_", "unet"),
    ("lora_te_", "text_encoder"),
    ("lora_te1_", "text_encoder"),
    ("lora_te2_", "text_encoder_2"),
    ("unet.", "unet"),
    ("text_encoder.", "text_encoder"),
    ("text_encoder_2.", "text_encoder_2"),
    ("base_model.model.", "unet"),
    ("", "unet"),
)


@dataclass(frozen=True)
class Pair:
    """What a LoRA does beside `module`, a linear or convolutional layer: up(down(input)).

    down: (rank, inputs[, kernel]), up: (outputs, rank[, 1, 1]), float32, its scale alpha / rank within.
    """

    module: Any
    down: torch.Tensor
    up: torch.Tensor


def layers(parts: dict[str, Any]) -> dict[tuple[str, str], torch.nn.Module]:
    """The layers of UNet and text encoders that a LoRA can change, by part and by name, its dots as underscores."""
    import torch

    found: dict[tuple[str, str], torch.nn.Module] = {}
    for part, model in parts.items():
        originals = original_names(model) if part == "unet" else {}
        for name, module in model.named_modules():
            if isinstance(module, torch.nn.Linear | torch.nn.Conv2d):
                for known_as in (name, name.replace(".to_out.0", ".to_out"), originals.get(name, name)):
                    found[part, _plain(known_as)] = module
    return found


def read_pairs(path: Path, found: dict[tuple[str, str], torch.nn.Module]) -> list[Pair]:
    """The LoRA in the safetensors file `path`, for the layers `found`. Raises ModelError (BAD_MODEL)."""
    halves: dict[tuple[str, str], dict[str, torch.Tensor]] = {}
    for key, tensor in read_tensors(path).items():
        match = _KEY.fullmatch(key)
        if match is None or not tensor.is_floating_point():
            raise _bad(
                f"{path.name} holds '{key[:80]}', which is of no LoRA: LoHa, LoKr and DoRA are not read, choose one in "
                "kohya's or diffusers' layout"
            )
        half = match["alpha"] or _HALVES[match["half"]]
        halves.setdefault(_place(match["layer"]), {})[half] = tensor.float()
    if not halves:
        raise _bad(f"{path.name} is empty: download it again")
    return [_pair(path, place, found.get(place), given) for place, given in halves.items()]


def put_on(pairs: list[Pair], index: int, weights: Sequence[float], undo: ExitStack) -> None:
    """Has `pairs` work beside their layers with the weight weights[index], read at every pass.

    `undo` gets what takes them off again.
    """
    for pair in pairs:
        names = f"lora_down_{index}", f"lora_up_{index}"
        for name, half in zip(names, (pair.down, pair.up), strict=True):
            # A buffer goes with its layer to another device.
            pair.module.register_buffer(name, half.to(pair.module.weight), persistent=False)
            undo.callback(delattr, pair.module, name)
        undo.callback(pair.module.register_forward_hook(_beside(*names, index, weights)).remove)


def _beside(down: str, up: str, index: int, weights: Sequence[float]) -> Any:
    import torch
    from torch.nn import functional

    def hook(module: Any, inputs: tuple[torch.Tensor, ...], output: torch.Tensor) -> torch.Tensor:
        if weights[index] == 0:
            return output
        if isinstance(module, torch.nn.Linear):
            change = functional.linear(functional.linear(inputs[0], getattr(module, down)), getattr(module, up))
        else:
            low = functional.conv2d(inputs[0], getattr(module, down), None, module.stride, module.padding)
            change = functional.conv2d(low, getattr(module, up))
        return output + weights[index] * change

    return hook


def _place(layer: str) -> tuple[str, str]:
    """The part and the plain name of a layer that a key names."""
    prefix, part = next(one for one in _PREFIXES if layer.startswith(one[0]))
    return part, _plain(layer.removeprefix(prefix).replace(".processor.", "."))


def _plain(name: str) -> str:
    # transformers has the text encoders with and without this module around them.
    return name.replace(".", "_").removeprefix("text_model_")


def _pair(path: Path, place: tuple[str, str], module: Any, given: dict[str, torch.Tensor]) -> Pair:
    if module is None:
        raise _bad(f"the LoRA {path.name} was made for another family of models: it changes {' '.join(place)[:80]}")
    if not {"down", "up"} <= given.keys():
        raise _bad(f"the LoRA {path.name} lacks a half of {' '.join(place)}: download it again")
    kernel = module.weight.shape[2:]
    pointwise = tuple(1 for _ in kernel)
    down, up, alpha = _shaped(given["down"], kernel), _shaped(given["up"], pointwise), given.get("alpha")
    rank = down.shape[0] if down.ndim else 0
    wanted = ((rank, *module.weight.shape[1:]), (module.weight.shape[0], rank, *pointwise))
    if (down.shape, up.shape) != wanted or not rank:
        raise _bad(f"the LoRA {path.name} was made for another family of models: {' '.join(place)} has another size")
    if alpha is not None and alpha.numel() != 1:
        raise _bad(f"the LoRA {path.name} is damaged: {' '.join(place)} has several scales")
    return Pair(module, down, up if alpha is None else up * (alpha.item() / rank))


def _shaped(half: torch.Tensor, kernel: Sequence[int]) -> torch.Tensor:
    """`half` with the axes of `kernel`: files have linear layers as convolutions of one pixel, and the reverse."""
    sides = half.shape[2:]
    if half.ndim < 2 or any(side != 1 for side in (*sides, *kernel)):
        return half
    return half.reshape(*half.shape[:2], *kernel)


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"This model cannot be used: {reason}")
