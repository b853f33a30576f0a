"""All pictures of a report in one movie, as tiles: what is compared cannot come apart while it plays.

VP9, which browsers bring their own decoder for, in MP4, whose moments are exact for every frame rate of a shot.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, sqrt
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Colorspace

from ...storage import storage_errors

LONGEST = 960  # pixels of a tile's longer side
MOST = 8_800_000  # pixels of the movie; VP9's level 5 ends at 8.9 million
BLOCK = 16  # pixels; a tile that fills whole blocks hardly bleeds into its neighbour
GROUP = 12  # frames from one that can be decoded by itself to the next: a step backward decodes at most these
OPTIONS = {"crf": "28", "b": "0", "g": str(GROUP), "deadline": "realtime", "cpu-used": "8", "row-mt": "1"}
"""Of libvpx. About 38 dB in less time than x264's `veryfast` takes for as much."""
BT709, SRGB = 1, 13  # ITU-T H.273


@dataclass(frozen=True)
class Tiles:
    """Where the pictures are in the movie: `size` (width, height) of each, in cells of `cell`, `columns` in a row."""

    count: int
    size: tuple[int, int]
    cell: tuple[int, int]
    columns: int

    @staticmethod
    def of(count: int, resolution: tuple[int, int]) -> "Tiles":
        """For `count` pictures of `resolution` (width, height): as large as LONGEST and MOST allow, nearly square."""
        scale = min(1.0, LONGEST / max(resolution), sqrt(MOST / (count * resolution[0] * resolution[1])))
        width, height = (max(2, int(side * scale)) for side in resolution)
        cell = (BLOCK * ceil(width / BLOCK), BLOCK * ceil(height / BLOCK))
        columns = min(range(1, count + 1), key=lambda n: max(n * cell[0], ceil(count / n) * cell[1]))
        return Tiles(count, (width, height), cell, columns)

    def corner(self, index: int) -> tuple[int, int]:
        """The left and upper edge of the tile `index`, pixels."""
        return (index % self.columns) * self.cell[0], (index // self.columns) * self.cell[1]

    @property
    def whole(self) -> tuple[int, int]:
        """Width and height of the movie, pixels."""
        return self.columns * self.cell[0], ceil(self.count / self.columns) * self.cell[1]

    def joined(self, pictures: Sequence[np.ndarray]) -> np.ndarray:
        """The movie's picture (H, W, 3) uint8 of as many pictures (h, w, 3) uint8; cells are filled from the edges."""
        width, height = self.whole
        joined = np.zeros((height, width, 3), np.uint8)
        spare = (self.cell[0] - self.size[0], self.cell[1] - self.size[1])
        for index, picture in enumerate(pictures):
            if picture.shape[1::-1] != self.size:
                picture = cv2.resize(picture, self.size, interpolation=cv2.INTER_AREA)
            left, top = self.corner(index)
            filled = np.pad(picture, ((0, spare[1]), (0, spare[0]), (0, 0)), mode="edge")
            joined[top : top + self.cell[1], left : left + self.cell[0]] = filled
        return joined


def write_movie(path: Path, pictures: Iterator[np.ndarray], size: tuple[int, int], rate: Fraction) -> Iterator[int]:
    """Writes the movie of `pictures`, (H, W, 3) uint8 sRGB RGB of `size` (width, height), and yields after each.

    The file appears under its name when it is whole; where the caller stops earlier nothing is left of it.
    Raises StorageError.
    """
    part = path.with_name(f".{path.name}.part")
    with storage_errors(path):
        try:
            with av.open(str(part), "w", format="mp4", options={"movflags": "+faststart"}) as container:
                stream = container.add_stream("libvpx-vp9", rate=rate, options=OPTIONS)
                stream.width, stream.height = size
                stream.pix_fmt = "yuv420p"
                codec = stream.codec_context
                codec.time_base = 1 / rate
                codec.color_range, codec.colorspace = ColorRange.MPEG, BT709
                codec.color_primaries, codec.color_trc = BT709, SRGB
                for index, picture in enumerate(pictures):
                    frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                    frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
                    frame.pts, frame.time_base = index, 1 / rate
                    container.mux(stream.encode(frame))
                    yield index
                container.mux(stream.encode())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
