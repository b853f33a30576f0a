"""Union ControlNets: one model for several kinds of conditions, which it takes together in one pass.

Xinsir, ControlNet++, 2024, https://github.com/xinsir6/ControlNetPlus; ControlNetUnionModel in diffusers.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import Code, ModelError
from ..needs import need
from . import single_file
from .choice import Source, tensor_shapes

if TYPE_CHECKING:
    import torch
    from diffusers import ControlNetUnionModel, UNet2DConditionModel

CLASS = "ControlNetUnionModel"
# The kinds by the networks of `needs.CONDITIONS`. `tile` only in the version of eight kinds, ProMax, of which the last
# is for inpainting.
KINDS = {
    "openpose": 0,
    "depth": 1,
    "softedge": 2,
    "canny": 3,
    "lineart": 3,
    "normal": 4,
    "segmentation": 5,
    "tile": 6,
}


def is_union(source: Source) -> bool:
    """Whether the ControlNet at `source` is one of these."""
    if source.path.suffix == ".safetensors":
        return "task_embedding" in tensor_shapes(source.path)
    return source.class_name == CLASS


def load_union(path: Path, dtype: torch.dtype, unet: UNet2DConditionModel) -> ControlNetUnionModel:
    """The union ControlNet in the file `path`, which has diffusers' names, for models like `unet`'s."""
    import torch
    from diffusers import ControlNetModel, ControlNetUnionModel
    from safetensors.torch import load_file

    config = ControlNetModel.load_config(
        str(single_file.LAYOUTS / single_file.layout_for(unet) / "controlnet"), local_files_only=True
    )
    shapes = tensor_shapes(path)
    kinds, channels = shapes["task_embedding"]
    projected = shapes["spatial_ch_projs.weight"][0]
    more = {"num_control_type": kinds, "num_trans_channel": channels, "num_proj_channel": projected}
    with torch.device("meta"):
        union = ControlNetUnionModel.from_config({**config, "_class_name": CLASS}, **more)
    union.load_state_dict(load_file(path), assign=True)
    return union.to(dtype).eval()


def kind_of(condition: str, union: ControlNetUnionModel, path: Path) -> int:
    """Under which number `union` takes the condition. Raises ModelError (BAD_MODEL) where it does not."""
    kind = KINDS.get(need(condition).network)
    if kind is None or kind >= union.config.num_control_type:
        raise ModelError(
            Code.BAD_MODEL,
            f"The union ControlNet {path.name} does not take '{condition}': choose a ControlNet for this condition, or "
            "remove it",
        )
    return kind
