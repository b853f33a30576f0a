"""What carrying paint costs, against one plain `cv2.remap` of the same picture in the same run.

    python tests/bench/warp_speed.py

The scene is two sheets that slide over each other, so that there are edges, hidden parts and paint of two frames.
"""

import time
from collections.abc import Callable

import cv2
import numpy as np
from flowbrush.backend.motion import chain, visibility, warp

ROUNDS = 7


def milliseconds(work: Callable[[], object]) -> float:
    """The best of a few rounds after one that warms up."""
    work()
    times = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        work()
        times.append(time.perf_counter() - begun)
    return min(times) * 1e3


def sheets(height: int, width: int, shift: float) -> dict[str, np.ndarray]:
    """Passes of a disc before a wall, the disc moved by `shift` pixels to the right."""
    grid = warp.pixel_grid(height, width)
    disc = np.hypot(grid[..., 0] - width / 2 - shift, grid[..., 1] - height / 2) < height / 3
    place = np.concatenate((grid, np.zeros((height, width, 1), np.float32)), axis=2) / height
    place[disc, 0] -= shift / height
    return {
        "object_id": np.where(disc, 2, 1).astype(np.int32),
        "instance": np.zeros((height, width), np.float32),
        "surface": place,
        "depth": np.where(disc, 3.0, 5.0).astype(np.float32),
    }


def report(height: int, width: int) -> None:
    """Prints one table."""
    before, now = sheets(height, width, 0.0), sheets(height, width, 3.3)
    flow = np.zeros((height, width, 2), np.float32)
    flow[now["object_id"] == 2, 0] = -3.3
    picture = np.random.default_rng(1).random((height, width, 3), np.float32)
    positions = warp.pixel_grid(height, width) + flow
    seen = visibility.visible_in_previous(now, before, flow)
    known = chain.painted(chain.start(1, height, width), 2, now["object_id"] == 2)
    advanced = chain.advance(known, flow, seen)
    plain = milliseconds(lambda: cv2.remap(picture, positions, None, cv2.INTER_LINEAR))
    print(f"{width} x {height}: plain cv2.remap, linear, three channels: {plain:.1f} ms")
    for name, work in {
        "gather, nearest": lambda: warp.gather(picture, positions, "nearest"),
        "gather, linear": lambda: warp.gather(picture, positions, "linear"),
        "gather, cubic": lambda: warp.gather(picture, positions, "cubic"),
        "gather, lanczos": lambda: warp.gather(picture, positions, "lanczos"),
        "visible_in_previous": lambda: visibility.visible_in_previous(now, before, flow),
        "consistent": lambda: visibility.consistent(flow, -flow),
        "advance": lambda: chain.advance(known, flow, seen),
        "gather_sources, two frames": lambda: chain.gather_sources(advanced, lambda frame: picture),
    }.items():
        cost = milliseconds(work)
        print(f"  {name:28} {cost:8.1f} ms  {cost / plain:6.1f} times")


if __name__ == "__main__":
    report(512, 512)
    report(1080, 1920)
