"""Merges two checkpoints of a family into a new one, tensor by tensor: memory holds one of each at a time.

The weighted sum (1 - weight) A + weight B of all that paints. The same files and weight give the same bytes.
"""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from ..errors import Code, ModelError
from ..storage import write_whole
from ..take import bad_settings
from .choice import tensor_shapes

if TYPE_CHECKING:
    import torch

# What of a checkpoint paints, and signs without numbers that say how; not the averages and schedules of its training.
_PARTS = ("model.diffusion_model.", "first_stage_model.", "cond_stage_model.", "conditioner.")
_SIGNS = ("v_pred", "ztsnr")
_SAYS = ("modelspec.architecture", "modelspec.prediction_type")
_BYTES = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}


def merge(first: Path, second: Path, weight: float, out: Path) -> None:
    """Writes `out`: `first` at weight 0, `second` at weight 1, and their mixture between.

    All are single .safetensors files in the layout of the original checkpoints. Numbers have the precision of `first`.
    Raises SettingsError for a weight outside 0 to 1 or files of another kind; ModelError: MISSING_MODEL where nothing
    is, BAD_MODEL for what is damaged or of different families; StorageError where `out` cannot be written.
    """
    from safetensors import SafetensorError, safe_open

    _check_arguments(first, second, weight, out)
    names = _names(first, second)
    try:
        with safe_open(first, "pt") as one, safe_open(second, "pt") as other:
            header = _header(one, names, f"{1 - weight:g} {first.stem} + {weight:g} {second.stem}")

            def write(file: IO[bytes]) -> None:
                file.write(len(header).to_bytes(8, "little") + header)
                for name in names:
                    file.write(_bytes_of(_mixed(one.get_tensor(name), other.get_tensor(name), weight)))

            write_whole(out, write)
    except SafetensorError as error:
        raise _bad(f"{first.name} or {second.name} is damaged ({error}): download it again") from error


def _check_arguments(first: Path, second: Path, weight: float, out: Path) -> None:
    if not 0.0 <= weight <= 1.0:
        raise bad_settings(f"the weight of a merge lies between 0 and 1, and {weight:g} does not")
    for path in (first, second):
        if not path.is_file():
            raise ModelError(Code.MISSING_MODEL, f"There is no file {path}: merge single .safetensors files that exist")
    for path in (first, second, out):
        if path.suffix != ".safetensors":
            raise bad_settings(f"{path.name} is no .safetensors file, and only those are merged")
    if out.resolve() in (first.resolve(), second.resolve()):
        raise bad_settings(f"{out.name} is one of the models to merge: give the result another name")


def _names(first: Path, second: Path) -> list[str]:
    """The tensors of both that are merged."""
    one, other = (
        {
            name: shape
            for name, shape in tensor_shapes(path).items()
            if (name.startswith(_PARTS) and not name.endswith(".position_ids")) or name in _SIGNS
        }
        for path in (first, second)
    )
    for path, shapes in ((first, one), (second, other)):
        if not any(name.startswith(_PARTS[0]) for name in shapes):
            raise _bad(f"{path.name} holds no Stable Diffusion UNet in the original layout: only such files are merged")
    different = sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
    if different:
        raise _bad(
            f"{first.name} and {second.name} are of different families: {len(different)} of their tensors differ in "
            f"size or are in one of them only, such as {different[0][:80]}"
        )
    return sorted(one)


def _header(file: Any, names: list[str], merged: str) -> bytes:
    """That of a safetensors file with the tensors `names` of `file` one after the other."""
    said = {key: text for key, text in (file.metadata() or {}).items() if key in _SAYS}
    header: dict[str, Any] = {"__metadata__": {**said, "format": "pt", "merged": merged}}
    begin = 0
    for name in names:
        part = file.get_slice(name)
        if part.get_dtype() not in _BYTES:
            raise _bad(
                f"'{name[:80]}' has numbers of the kind {part.get_dtype()}: merge files in half or full precision"
            )
        end = begin + math.prod(part.get_shape()) * _BYTES[part.get_dtype()]
        header[name] = {"dtype": part.get_dtype(), "shape": part.get_shape(), "data_offsets": [begin, end]}
        begin = end
    text = json.dumps(header).encode()
    return text + b" " * (-len(text) % 8)  # tensors begin at a multiple of 8 bytes


def _mixed(one: torch.Tensor, other: torch.Tensor, weight: float) -> torch.Tensor:
    import torch

    wide = torch.promote_types(one.dtype, torch.float32)
    return (one.to(wide) * (1 - weight) + other.to(wide) * weight).to(one.dtype)


def _bytes_of(tensor: torch.Tensor) -> bytes:
    import torch

    return tensor.contiguous().flatten().view(torch.uint8).numpy().tobytes()


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"These models cannot be merged: {reason}")
