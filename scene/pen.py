"""Draws lines in space as a camera sees them, with numpy alone."""

import struct
import zlib
from collections.abc import Sequence

import numpy as np

from ..backend.shot import Camera

_STEP = 0.5  # pixels between two places at which the pen is put down
_NEAREST = 1e-6  # of clip space's w; what is nearer lies behind the camera


def draw_lines(lines: Sequence[np.ndarray], camera: Camera, size: tuple[int, int], thickness: float) -> np.ndarray:
    """(H, W) float32 from 0 to 1: antialiased lines, `thickness` pixels wide. size: width and height in pixels.

    lines: polylines in world space, (N, 3) each; all of them is drawn, nothing hides anything.
    """
    width, height = size
    ink = np.zeros(height * width, np.float32)
    places = _put_down(_in_picture(lines, camera, size), size, thickness)
    if not len(places):
        return ink.reshape(height, width)
    reach = int(np.ceil(thickness / 2 + 0.5))
    around = np.arange(-reach, reach + 1)
    offsets = np.stack(np.meshgrid(around, around), -1).reshape(-1, 2)
    pixels = (np.rint(places).astype(np.int32)[:, None] + offsets).reshape(-1, 2)
    distance = np.linalg.norm(pixels - np.repeat(places, len(offsets), axis=0), axis=1)
    cover = np.clip(thickness / 2 + 0.5 - distance, 0.0, 1.0).astype(np.float32)
    seen = (cover > 0) & (pixels >= 0).all(axis=1) & (pixels < (width, height)).all(axis=1)
    index, cover = pixels[seen, 1] * width + pixels[seen, 0], cover[seen]
    order = np.argsort(cover)  # of several writes to one pixel the last one stays
    ink[index[order]] = cover[order]
    return ink.reshape(height, width)


def _in_picture(lines: Sequence[np.ndarray], camera: Camera, size: tuple[int, int]) -> np.ndarray:
    """(S, 2, 2) pixels, x right, y down, of both ends of every piece of line before the camera; 0, 0 is a centre."""
    pieces = [np.stack((line[:-1], line[1:]), axis=1) for line in lines if len(line) > 1]
    ends = np.concatenate(pieces) if pieces else np.zeros((0, 2, 3))
    matrix, projection = (np.array(numbers).reshape(4, 4) for numbers in (camera.matrix_world, camera.projection))
    clip = np.concatenate((ends, np.ones_like(ends[..., :1])), axis=-1) @ (projection @ np.linalg.inv(matrix)).T
    clip = clip[(clip[..., 3] > _NEAREST).all(axis=1)]
    flat = clip[..., :2] / clip[..., 3:]
    return (flat * (0.5, -0.5) + 0.5) * size - 0.5


def _put_down(pieces: np.ndarray, size: tuple[int, int], thickness: float) -> np.ndarray:
    """(P, 2): places along the pieces, at most _STEP apart, where they cross the picture and its border."""
    start, way = pieces[:, 0], pieces[:, 1] - pieces[:, 0]
    # Where along each piece its x and y are inside (Liang and Barsky, 1984).
    with np.errstate(divide="ignore", invalid="ignore"):
        near = (-thickness - start) / way
        far = (np.array(size) + thickness - start) / way
    low, high = np.fmin(near, far).max(axis=1), np.fmax(near, far).min(axis=1)
    low, high = np.clip(np.nan_to_num(low, nan=0.0), 0.0, 1.0), np.clip(np.nan_to_num(high, nan=1.0), 0.0, 1.0)
    inside = low <= high
    start, way, low, high = start[inside], way[inside], low[inside], high[inside]
    counts = np.ceil(np.linalg.norm(way, axis=1) * (high - low) / _STEP).astype(np.int64) + 1
    piece = np.repeat(np.arange(len(counts)), counts)
    step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    along = low[piece] + (high - low)[piece] * step / np.maximum(counts[piece] - 1, 1)
    return start[piece] + way[piece] * along[:, None]


def grey_png(grey: np.ndarray) -> bytes:
    """A PNG file, 8 bits a pixel, of (H, W) from 0 to 1 (W3C, Portable Network Graphics)."""
    height, width = grey.shape
    rows = np.zeros((height, width + 1), np.uint8)  # the first byte of a row says: not filtered
    rows[:, 1:] = np.rint(np.clip(grey, 0.0, 1.0) * 255.0)
    chunks = (
        (b"IHDR", struct.pack(">2I5B", width, height, 8, 0, 0, 0, 0)),
        (b"IDAT", zlib.compress(rows.tobytes(), 6)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
        for kind, content in chunks
    )
