"""What the full-size architectures need on a CPU: peak memory beside what Flowbrush reckons, and seconds a step.

    python full_size_memory.py [--models sd15 sd2 sdxl] [--precision float32] [--size 512] [--steps 2]

The weights are random, of the shipped layouts: memory and time do not depend on them. Each row is a process of its own,
whole and with decoding in tiles. On a CPU parts do not take turns (offload): there is no other memory to put them into.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as for the worker, read when torch is loaded
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
import torch
from flowbrush.backend.models import loading, single_file
from flowbrush.backend.models.choice import ModelChoice, Source
from flowbrush.backend.models.vision import import_torchvision
from flowbrush.backend.painters import diffusion, lending
from flowbrush.backend.painters.painter import PaintRequest
from flowbrush.backend.take import TakeSettings

GB = 1e9


def random_module(cls: Any, folder: Path, dtype: torch.dtype) -> torch.nn.Module:
    """The module of the configuration in `folder`, made at once at `dtype`, so that building it is not the peak."""
    with torch.device("meta"):
        if hasattr(cls, "load_config"):
            module = cls.from_config(cls.load_config(str(folder), local_files_only=True))
        else:
            module = cls(cls.config_class.from_pretrained(str(folder)))
    module = module.to(dtype).to_empty(device="cpu")
    with torch.no_grad():
        for name, weight in module.named_parameters():
            weight.fill_(1.0) if "norm" in name else weight.normal_(0, 0.02)
        for name, buffer in module.named_buffers():
            if name.endswith("position_ids"):
                buffer.copy_(torch.arange(buffer.numel()).view_as(buffer))
    return module.eval()


def random_model(layout: str, dtype: torch.dtype) -> loading.Models:
    import diffusers
    from transformers import CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

    folder = single_file.LAYOUTS / layout
    index = json.loads((folder / "model_index.json").read_text())
    parts: dict[str, Any] = {
        "unet": random_module(diffusers.UNet2DConditionModel, folder / "unet", dtype),
        "vae": random_module(diffusers.AutoencoderKL, folder / "vae", dtype),
        "text_encoder": random_module(CLIPTextModel, folder / "text_encoder", dtype),
        "tokenizer": CLIPTokenizer.from_pretrained(str(single_file.TOKENIZER)),
        "scheduler": getattr(diffusers, index["scheduler"][1]).from_pretrained(str(folder / "scheduler")),
    }
    if "text_encoder_2" in index:
        parts["text_encoder_2"] = random_module(CLIPTextModelWithProjection, folder / "text_encoder_2", dtype)
        parts["tokenizer_2"] = CLIPTokenizer.from_pretrained(str(single_file.TOKENIZER), pad_token="!")
    return loading._assembled(parts, (), ())


def peak() -> float:
    """The most bytes that this process ever had in memory."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1.0 if sys.platform == "darwin" else 1024.0)


def row(layout: str, precision: str, size: int, steps: int, tiles: bool) -> str:
    import_torchvision()
    import diffusers.pipelines.stable_diffusion_xl.pipeline_stable_diffusion_xl  # noqa: F401  not part of what is measured

    before = peak()
    models = random_model(layout, getattr(torch, precision))
    needs = lending.needs_of(models, (size, size))
    loaded = peak() - before
    diffusion.load = lambda *_: models
    models.additions.wear = lambda _: None
    # Room for the weights alone: what makes Flowbrush decode in tiles.
    lending.free_memory = lambda _: 0 if tiles else 10**15
    settings = TakeSettings(model=layout, precision=precision, device="cpu", steps=steps, guidance=1.0, strength=1.0)
    choice = ModelChoice(Source(Path(layout), ()), (), ())
    painter = diffusion.DiffusionPainter(choice, settings, lambda _: None)
    stamps: list[float] = []
    painter._unet.register_forward_pre_hook(lambda *_: stamps.append(time.monotonic()))
    painter._unet.register_forward_hook(lambda *_: stamps.append(time.monotonic()))
    picture = np.random.default_rng(0).random((size, size, 3), np.float32)
    painter.paint(PaintRequest(picture, {}, "a house by the sea", "", 1.0, 0), lambda: False)
    tile = painter._vae.config.sample_size
    share = min(1.0, (tile / size) ** 2) if tiles else 1.0
    most, reckoned = peak() - before, needs.weights + needs.decoding * share
    step = min(after - start for start, after in zip(stamps[::2], stamps[1::2], strict=True))
    cells = (
        layout,
        precision,
        f"{size}",
        "yes" if tiles else "no",
        *(f"{n / GB:.2f}" for n in (loaded, most, reckoned)),
    )
    return f"| {' | '.join(cells)} | {most / reckoned:.2f} | {step:.1f} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["sd15", "sd2", "sdxl"])
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--row", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.row:
        layout, tiles = given.row.split()
        print(row(layout, given.precision, given.size, given.steps, tiles == "tiles"))
        return
    print("| model | precision | pixels | tiles | weights, GB | peak, GB | reckoned, GB | peak / reckoned | s a step |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for layout in given.models:
        for tiles in ("whole", "tiles"):
            options = ["--precision", given.precision, "--size", str(given.size), "--steps", str(given.steps)]
            command = [sys.executable, __file__, *options, "--row", f"{layout} {tiles}"]
            done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
            print(done.stdout.strip().splitlines()[-1], flush=True)


if __name__ == "__main__":
    main()
