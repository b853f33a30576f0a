"""Reading the .flo files of the Middlebury and Sintel optical flow benchmarks."""

import struct
from pathlib import Path

import numpy as np

from ..errors import Code, ShotError

MAGIC = 202021.25  # spells PIEH in little endian
MAX_SIDE = 16_384
HEADER = struct.Struct("<fii")


def read_flo(path: Path) -> np.ndarray:
    """The flow in a .flo file: (H, W, 2) float32, (dx right, dy down) in pixels, NaN where it is unknown.

    The format and its mark for unknown pixels (beyond 1e9) are those of Baker et al., "A Database and Evaluation
    Methodology for Optical Flow", 2007. Raises ShotError (BAD_SHOT) for anything else.
    """
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(HEADER.size)
            if len(header) < HEADER.size:
                raise _bad(path, "it is too short")
            magic, width, height = HEADER.unpack(header)
            if magic != MAGIC:
                raise _bad(path, "it does not begin as one")
            if not (1 <= width <= MAX_SIDE and 1 <= height <= MAX_SIDE):
                raise _bad(path, f"its size, {width} by {height}, is impossible")
            if size != HEADER.size + width * height * 8:
                raise _bad(path, f"it does not hold {width} by {height} vectors")
            numbers = np.frombuffer(file.read(width * height * 8), "<f4")
    except OSError as error:
        raise _bad(path, error.strerror or "it cannot be read") from error
    if numbers.size != width * height * 2:
        raise _bad(path, "it was changed while it was read")
    flow = numbers.reshape(height, width, 2)
    known = (np.abs(flow) < 1e9).all(axis=2, keepdims=True)
    return np.where(known, flow, np.nan).astype(np.float32)


def _bad(path: Path, reason: str) -> ShotError:
    return ShotError(Code.BAD_SHOT, f"{path.name} is not a usable flow file: {reason}; export it again as .flo")
