"""What the UNet of a single file predicts: the noise, or the velocity between picture and noise.

A single file holds weights and need not say it; a wrong answer paints nothing but noise. Velocity, `v_prediction`, is
from Salimans and Ho, Progressive Distillation, 2022.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .choice import MAX_CONFIG

if TYPE_CHECKING:
    import torch

_WORDS = {"v": "v_prediction", "v_prediction": "v_prediction", "epsilon": "epsilon", "eps": "epsilon"}
_PARAMETERIZATION = re.compile(r"^\s*parameterization\s*:\s*[\"']?(\w+)", re.MULTILINE)
_FIRST_NORM = re.compile(r"model\.diffusion_model\.output_blocks\.(\d+)\.1\.transformer_blocks\.0\.norm1\.bias")
# Of that norm's numbers, in the last block: below in Stable Diffusion 2's models that predict the noise, above in those
# that predict velocity. ComfyUI tells them apart by it.
_VELOCITY_SPREAD = 0.09


@dataclass(frozen=True)
class Prediction:
    """kind: by diffusers' name. zero_snr: whether it starts from noise alone. guessed: by its weights, nothing says."""

    kind: str
    zero_snr: bool = False
    guessed: bool = False


def prediction_of(path: Path, names: Iterable[str], can_be_either: bool) -> Prediction:
    """What the single file at `path` predicts; names: of its tensors.

    Asked are, in this order: its metadata (Stability AI's ModelSpec), the empty tensors `v_pred` and `ztsnr` by which
    XL checkpoints tell, the configuration beside it (`model.yaml` for `model.safetensors`), and if it can_be_either by
    its family, its weights. Otherwise it predicts the noise.
    """
    names = set(names)
    zero_snr = "ztsnr" in names
    said = _in_metadata(path) or ("v_prediction" if "v_pred" in names else "") or _in_configuration(path)
    if said:
        return Prediction(said, zero_snr)
    if not can_be_either:
        return Prediction("epsilon", zero_snr)
    blocks = [found for name in names if (found := _FIRST_NORM.fullmatch(name))]
    if not blocks:
        return Prediction("epsilon", zero_snr, guessed=True)
    last = max(blocks, key=lambda found: int(found[1]))
    spread = float(_tensor(path, last[0]).float().std(correction=0))
    return Prediction("v_prediction" if spread > _VELOCITY_SPREAD else "epsilon", zero_snr, guessed=True)


def _in_metadata(path: Path) -> str:
    from safetensors import safe_open

    if path.suffix != ".safetensors":
        return ""
    with safe_open(path, "pt") as file:
        return _WORDS.get((file.metadata() or {}).get("modelspec.prediction_type", "").lower(), "")


def _in_configuration(path: Path) -> str:
    beside = path.with_suffix(".yaml")
    if not beside.is_file() or beside.stat().st_size > MAX_CONFIG:
        return ""
    found = _PARAMETERIZATION.search(beside.read_text("utf-8", errors="replace"))
    return _WORDS.get(found[1].lower(), "") if found else "epsilon"  # which is what those who leave it out mean


def _tensor(path: Path, name: str) -> torch.Tensor:
    import torch
    from safetensors import safe_open

    if path.suffix == ".safetensors":
        with safe_open(path, "pt") as file:
            return file.get_tensor(name)
    weights = torch.load(path, map_location="cpu", weights_only=True)
    return weights.get("state_dict", weights)[name]
