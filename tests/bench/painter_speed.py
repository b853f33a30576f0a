"""How long the painter takes for a picture: the whole of it, a masked part with and without the crop, and regions.

    python painter_speed.py [--model starter] [--style ink] [--size 512] [--pictures 5]

Wall and processor seconds for a picture, the median, and the processor's against those of the whole picture; the first
picture, in which caches fill, is left out.
"""

import argparse
import os
import statistics
import time
from dataclasses import replace

os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as for the worker, read when torch is loaded
os.environ.setdefault("HF_HUB_OFFLINE", "1")

import numpy as np
from flowbrush.backend.models.choice import resolve
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.painter import PaintRequest, RegionRequest
from flowbrush.backend.take import TakeSettings, style_settings


def measured(settings: TakeSettings, request: PaintRequest, pictures: int) -> tuple[float, float]:
    """Median wall and processor seconds."""
    painter = DiffusionPainter(resolve(settings), settings, print)
    seconds = []
    for seed in range(pictures + 1):
        wall, processor = time.monotonic(), time.process_time()
        painter.paint(replace(request, seed=seed), lambda: False)
        seconds.append((time.monotonic() - wall, time.process_time() - processor))
    return statistics.median(s for s, _ in seconds[1:]), statistics.median(s for _, s in seconds[1:])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="starter")
    parser.add_argument("--style", default="ink")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--pictures", type=int, default=5)
    given = parser.parse_args()
    settings = replace(style_settings(given.style), model=given.model)
    picture = np.random.default_rng(0).random((given.size, given.size, 3), np.float32)
    conditions = {control.condition: picture for control in settings.controls}
    request = PaintRequest(picture, conditions, settings.prompt, settings.negative_prompt, settings.strength, 0)
    mask = np.zeros(picture.shape[:2], np.float32)
    third = given.size // 3
    mask[third : third + given.size // 8, third : third + given.size // 8] = 1
    left = np.zeros_like(mask)
    left[:, : given.size // 2] = 1
    region = RegionRequest(left, "another prompt", settings.negative_prompt, settings.strength)
    unseen = replace(region, mask=np.zeros_like(mask))
    whole = 0.0
    for name, changes, asked in (
        ("whole picture", {}, request),
        ("masked, cropped", {}, replace(request, mask=mask)),
        ("masked, not cropped", {"crop_to_mask": False}, replace(request, mask=mask)),
        ("a region", {}, replace(request, regions=(region,))),
        ("a region not seen", {}, replace(request, regions=(unseen,))),
    ):
        wall, processor = measured(replace(settings, **changes), asked, given.pictures)
        whole = whole or processor
        print(f"{name:20} {wall:6.2f} s   processor {processor:6.2f} s   ratio {processor / whole:5.2f}", flush=True)


if __name__ == "__main__":
    main()
