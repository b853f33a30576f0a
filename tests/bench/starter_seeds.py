"""How much the starter's pictures differ from seed to seed, which is what a method has to hold still."""

from collections.abc import Callable, Sequence

import cv2
import numpy as np
from flowbrush.backend.quality.sheet import sheet
from flowbrush.backend.take import TakeSettings
from flowbrush.backend.training.frames import Frame
from flowbrush.backend.training.judge import markdown, painter, target

BLUR = 8.0  # pixels: strokes are gone, the scene is left
LOUDER = 6.0  # times, for the picture of the deviation


def seeds(frames: Sequence[Frame], styles: dict[str, TakeSettings], count: int) -> tuple[str, np.ndarray]:
    """A table of shares of variance between `count` seeds, and two seeds of the last frame with their deviation."""
    rows, pictures = [], {}
    for style, settings in styles.items():
        paint = painter(settings)
        made = [[paint(frame, seed) for seed in range(count)] for frame in frames]
        drawn = [[target(frame, style, seed) for seed in range(count)] for frame in frames]
        shares = (share(made), share(made, blurred), share(drawn), share(drawn, blurred))
        rows.append((style, *(f"{100.0 * one:.2f} %" for one in shares)))
        deviation = np.std(made[-1], axis=0)
        pictures[style] = [frames[-1].picture, *made[-1][:3], np.clip(LOUDER * deviation, 0.0, 1.0)]
    columns = ("style", "painted", f"painted, blurred by {BLUR:g} pixels", "target", "target, blurred")
    labels = ("render", "seed 0", "seed 1", "seed 2", f"deviation, {LOUDER:g} times")
    return markdown(columns, rows), sheet(labels, pictures, min(320, frames[-1].picture.shape[1]))


def share(frames: Sequence[Sequence[np.ndarray]], seen: Callable[[np.ndarray], np.ndarray] = np.asarray) -> float:
    """The variance between seeds against that of all pixels of all seeds, over all frames and channels, 0 to 1."""
    between = whole = 0.0
    for pictures in frames:
        stacked = np.stack([seen(picture) for picture in pictures])
        between += float(stacked.var(axis=0).mean())
        whole += float(stacked.var(axis=(0, 1, 2)).mean())
    return between / max(whole, 1e-12)


def blurred(picture: np.ndarray) -> np.ndarray:
    return cv2.GaussianBlur(picture, (0, 0), BLUR, borderType=cv2.BORDER_REFLECT_101)
