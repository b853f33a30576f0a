"""How near the starter comes to its targets with more or fewer steps, and with other strength and guidance."""

import statistics
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from flowbrush.backend.quality.likeness import line_f_score, psnr
from flowbrush.backend.quality.sheet import sheet
from flowbrush.backend.take import TakeSettings
from flowbrush.backend.training.frames import Frame
from flowbrush.backend.training.judge import SEED, markdown, painter, target

# One at a time, everything else as styles.toml has it. Steps are all taken only at strength 1.
TRIED: tuple[tuple[str, dict[str, Any]], ...] = (
    ("own", {}),
    *((f"{steps} of {steps} steps", {"steps": steps, "strength": 1.0}) for steps in (1, 2, 4, 8)),
    *((f"strength {strength:g} of 4 steps", {"steps": 4, "strength": strength}) for strength in (0.25, 0.5, 0.75)),
    *((f"guidance {guidance:g}", {"guidance": guidance}) for guidance in (1.0, 1.5, 2.0, 3.0, 5.0)),
)
PICTURED = ("own", "1 of 1 steps", "8 of 8 steps", "strength 0.25 of 4 steps", "guidance 1", "guidance 3", "guidance 5")


def settings(frames: Sequence[Frame], styles: dict[str, TakeSettings]) -> tuple[str, np.ndarray]:
    """A table of PSNR and line F-score, and the last frame's pictures, a row for each style."""
    cells: dict[str, list[str]] = {name: [] for name, _ in TRIED}
    pictures = {}
    for style, own in styles.items():
        wanted, row = [target(frame, style, SEED) for frame in frames], [frames[-1].picture]
        for name, changes in TRIED:
            paint = painter(replace(own, **changes))
            made = [paint(frame, SEED) for frame in frames]
            likeness = (
                statistics.fmean(measure(a, b) for a, b in zip(made, wanted, strict=True))
                for measure in (psnr, line_f_score)
            )
            cells[name].append("{:.1f}, {:.2f}".format(*likeness))
            if name in PICTURED:
                row.append(made[-1])
        pictures[style] = row
    table = markdown(("settings", *styles), [(name, *values) for name, values in cells.items()])
    return table, sheet(("render", *PICTURED), pictures, min(224, frames[-1].picture.shape[1]))
