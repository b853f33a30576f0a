"""torchvision, which diffusers and transformers import where it is installed, as it is with the footage extra."""

import importlib
import importlib.util
import sys
from typing import Any

_KEPT: list[Any] = []  # operators live as long as the library that defines them


def import_torchvision() -> None:
    """Imports torchvision, if it is installed, also where its compiled part was built for another torch.

    So it is beside a CPU build of torch on Linux. Nothing in Flowbrush uses that part, but torchvision's import asks
    for two of its operators by name. Must come before diffusers and transformers.
    """
    if importlib.util.find_spec("torchvision") is None:
        return
    try:
        importlib.import_module("torchvision")
    except RuntimeError:
        import torch

        for module in [module for module in sys.modules if module.split(".")[0] == "torchvision"]:
            del sys.modules[module]
        library = torch.library.Library("torchvision", "FRAGMENT")
        for operator in ("nms", "qnms"):
            library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _KEPT.append(library)
        importlib.import_module("torchvision")
