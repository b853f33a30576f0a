"""Pictures side by side with labels, as JPEG."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from ..storage import write_whole

LABEL = 26  # pixels, height of a label
GAP = 4  # pixels, between pictures
BEST, WORST = 92, 40  # JPEG qualities


def sheet(columns: Sequence[str], rows: Mapping[str, Sequence[np.ndarray]], width: int) -> np.ndarray:
    """A picture (H, W, 3) float32 of rows of pictures, each made `width` pixels wide, with labels above and left."""
    lines = [np.hstack([np.ones((LABEL, LABEL, 3), np.float32), *(_label(text, width + GAP) for text in columns)])]
    for name, row in rows.items():
        cells = [_cell(picture, width) for picture in row]
        cells += [np.ones_like(cells[0])] * (len(columns) - len(cells))
        lines.append(np.hstack([np.rot90(_label(name, cells[0].shape[0])), *cells]))
    return np.vstack(lines)


def write_jpeg(path: Path, picture: np.ndarray, most: int | None = None) -> None:
    """Writes (H, W, 3) float32 0..1 RGB, in the best quality that takes at most `most` bytes.

    In the quality WORST where even that takes more. Raises StorageError.
    """
    pixels = np.rint(np.clip(picture, 0.0, 1.0)[..., ::-1] * 255.0).astype(np.uint8)
    for quality in range(BEST, WORST - 1, -4):
        done, encoded = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, quality])
        assert done
        if most is None or len(encoded) <= most:
            break
    write_whole(path, encoded.tobytes())


def _cell(picture: np.ndarray, width: int) -> np.ndarray:
    height = round(width * picture.shape[0] / picture.shape[1])
    if (width, height) != picture.shape[1::-1]:
        smaller = width < picture.shape[1]
        picture = cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return np.pad(picture.astype(np.float32), ((0, GAP), (0, GAP), (0, 0)), constant_values=1.0)


def _label(text: str, width: int) -> np.ndarray:
    strip = np.full((LABEL, width, 3), 255, np.uint8)
    scale = min(0.55, 0.55 * (width - 8) / max(cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 0.55, 1)[0][0], 1))
    cv2.putText(strip, text, (3, LABEL - 9), cv2.FONT_HERSHEY_SIMPLEX, scale, (40, 40, 40), 1, cv2.LINE_AA)
    return strip.astype(np.float32) / 255.0
