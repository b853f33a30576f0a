"""Reads small safetensors files whole."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Code, ModelError

if TYPE_CHECKING:
    import torch


def read_tensors(path: Path) -> dict[str, torch.Tensor]:
    """The tensors in the safetensors file `path`, by name. Raises ModelError (BAD_MODEL) where it is damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError, LookupError, ValueError, TypeError, RuntimeError) as error:
        raise ModelError(
            Code.BAD_MODEL, f"This model cannot be used: {path} is damaged ({error}): download it again"
        ) from error
