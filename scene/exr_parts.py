"""Joins OpenEXR files into one multi-part file without decoding them, and reads a single channel back.

Blender's Python has no OpenEXR library, and decoding and encoding 25 channels a frame would cost as much as rendering
them. The layout is that of the OpenEXR project's "OpenEXR File Layout" document (openexr.com); only what Blender
writes is understood: scan lines, one or several parts, not deep.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

import numpy as np

MAGIC = 20000630
_TILED, _LONG_NAMES, _DEEP, _MULTI_PART = 0x200, 0x400, 0x800, 0x1000
_LINES_PER_CHUNK = {0: 1, 1: 1, 2: 1, 3: 16, 4: 32, 5: 16, 6: 32, 7: 32, 8: 32, 9: 256}
_NONE, _ZIPS, _ZIP = 0, 2, 3
_MOST_DEFLATE_PACKS = 1032  # bytes into one (zlib's technical notes); no memory is taken for more
_PIXEL_TYPES: dict[int, np.dtype] = {0: np.dtype("<u4"), 1: np.dtype("<f2"), 2: np.dtype("<f4")}
# What describes the pixels. Everything else (date, file name, render time) would make equal pictures unequal files.
_KEPT = (
    "compression",
    "dataWindow",
    "displayWindow",
    "lineOrder",
    "pixelAspectRatio",
    "screenWindowCenter",
    "screenWindowWidth",
)


class ExrLayoutError(ValueError):
    """The bytes are not a whole OpenEXR file of the kind that Blender writes."""


@dataclass(frozen=True)
class Channel:
    """A channel of a part: its name, the number format, and the other fields as they stand in the header."""

    name: str
    dtype: np.dtype
    fields: bytes


@dataclass(frozen=True)
class Part:
    """One part: attributes as name → (type, bytes), channels in file order, chunks as (first row, encoded bytes)."""

    attributes: dict[str, tuple[str, bytes]]
    channels: tuple[Channel, ...]
    chunks: tuple[tuple[int, bytes], ...]

    @property
    def window(self) -> tuple[int, int, int, int]:
        """The data window: first column, first row, last column, last row."""
        x0, y0, x1, y1 = struct.unpack("<4i", self.attributes["dataWindow"][1])
        return x0, y0, x1, y1


def read_parts(data: bytes) -> list[Part]:
    """The parts of an OpenEXR file. Raises ExrLayoutError if it is damaged, cut short or of another kind."""
    try:
        magic, version = struct.unpack_from("<2I", data)
        if magic != MAGIC or version & 0xFF != 2 or version & (_TILED | _DEEP):
            raise ExrLayoutError("not an OpenEXR file of scan lines")
        position = 8
        headers: list[dict[str, tuple[str, bytes]]] = []
        while not headers or (version & _MULTI_PART and data[position] != 0):
            header, position = _read_header(data, position)
            headers.append(header)
        position += bool(version & _MULTI_PART)
        tables = []
        for header in headers:
            count = len(_first_rows(header))
            if count > len(data) // 8:
                raise ExrLayoutError("the table of pixels is cut short")
            tables.append(struct.unpack_from(f"<{count}Q", data, position))
            position += 8 * count
        return [
            Part(
                header,
                _read_channels(header["channels"][1]),
                _read_chunks(data, table, _first_rows(header), index if version & _MULTI_PART else None),
            )
            for index, (header, table) in enumerate(zip(headers, tables, strict=True))
        ]
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ExrLayoutError(f"damaged or cut short ({error})") from error


def join(sources: Mapping[str, list[Part]], file: IO[bytes]) -> None:
    """Writes all parts of all `sources` to `file` as one multi-part file.

    The key of a source is put before its channels' names (`data` makes `ViewLayer.Depth.Z` into
    `data.ViewLayer.Depth.Z`): one prefix for all of a part keeps the order in which its channels are encoded. Keys
    must differ, then channel names are unique over all parts.
    """
    parts = [(prefix, number, part) for prefix, found in sources.items() for number, part in enumerate(found)]
    names = [f"{prefix}.{channel.name}" for prefix, _, part in parts for channel in part.channels]
    if len(set(names)) < len(names):
        raise ExrLayoutError("two channels have the same name")
    headers = b"".join(_header(part, prefix, number) for prefix, number, part in parts) + b"\0"
    flags = 2 | _MULTI_PART | (_LONG_NAMES if any(len(name) > 31 for name in names) else 0)
    file.write(struct.pack("<2I", MAGIC, flags) + headers)
    offset = 8 + len(headers) + 8 * sum(len(part.chunks) for _, _, part in parts)
    for _, _, part in parts:
        for _, encoded in part.chunks:
            file.write(struct.pack("<Q", offset))
            offset += 12 + len(encoded)
    for index, (_, _, part) in enumerate(parts):
        for row, encoded in part.chunks:
            file.write(struct.pack("<3i", index, row, len(encoded)))
            file.write(encoded)


def read_channel(parts: list[Part], name: str) -> np.ndarray:
    """The channel called `name`, (height, width) in its own number format; row 0 is the top. ZIP or uncompressed."""
    for part in parts:
        for channel in part.channels:
            if channel.name == name:
                return _decode(part, channel)
    raise ExrLayoutError(f"there is no channel '{name}'")


def _decode(part: Part, wanted: Channel) -> np.ndarray:
    compression = part.attributes["compression"][1][0]
    if compression not in (_NONE, _ZIPS, _ZIP):
        raise ExrLayoutError("only ZIP compression can be read")
    x0, y0, x1, y1 = part.window
    width, height = x1 - x0 + 1, y1 - y0 + 1
    row_bytes = sum(channel.dtype.itemsize for channel in part.channels) * width
    if height * row_bytes > _MOST_DEFLATE_PACKS * sum(len(encoded) for _, encoded in part.chunks):
        raise ExrLayoutError("the picture is larger than what it is made of")
    start = width * sum(c.dtype.itemsize for c in part.channels[: part.channels.index(wanted)])
    image = np.empty((height, width), wanted.dtype)
    for row, encoded in part.chunks:
        rows = min(_LINES_PER_CHUNK[compression], y1 + 1 - row)
        raw = np.frombuffer(_inflate(encoded, rows * row_bytes), np.uint8).reshape(rows, row_bytes)
        lines = np.ascontiguousarray(raw[:, start : start + width * wanted.dtype.itemsize])
        image[row - y0 : row - y0 + rows] = lines.view(wanted.dtype)
    return image


def _inflate(encoded: bytes, size: int) -> bytes:
    """Undoes OpenEXR's ZIP: deflate, byte differences, low bytes apart from high bytes. Kept plain if not smaller."""
    if len(encoded) == size:
        return encoded
    try:
        packed = np.frombuffer(zlib.decompress(encoded), np.uint8).copy()
    except zlib.error as error:
        raise ExrLayoutError(f"damaged pixels ({error})") from error
    if packed.size != size:
        raise ExrLayoutError("a block of pixels has the wrong size")
    packed[1:] -= 128
    packed = np.cumsum(packed, dtype=np.uint8)
    half = (size + 1) // 2
    plain = np.empty(size, np.uint8)
    plain[0::2], plain[1::2] = packed[:half], packed[half:]
    return plain.tobytes()


def _header(part: Part, prefix: str, number: int) -> bytes:
    channels = b"".join(_text(f"{prefix}.{channel.name}") + channel.fields for channel in part.channels) + b"\0"
    attributes = {
        "channels": ("chlist", channels),
        **{name: part.attributes[name] for name in _KEPT},
        "name": ("string", f"{prefix}.{number}".encode()),
        "type": ("string", b"scanlineimage"),
        "chunkCount": ("int", struct.pack("<i", len(part.chunks))),
    }
    return b"".join(_text(n) + _text(k) + struct.pack("<i", len(v)) + v for n, (k, v) in attributes.items()) + b"\0"


def _text(text: str) -> bytes:
    return text.encode() + b"\0"


def _read_text(data: bytes, position: int) -> tuple[str, int]:
    end = data.find(b"\0", position, position + 256)
    if end < 0:
        raise ExrLayoutError("a name has no end")
    return data[position:end].decode(), end + 1


def _read_header(data: bytes, position: int) -> tuple[dict[str, tuple[str, bytes]], int]:
    attributes = {}
    while data[position] != 0:
        name, position = _read_text(data, position)
        kind, position = _read_text(data, position)
        (size,) = struct.unpack_from("<i", data, position)
        position += 4
        if not 0 <= size <= len(data) - position:
            raise ExrLayoutError("an attribute is cut short")
        attributes[name] = (kind, data[position : position + size])
        position += size
    return attributes, position + 1


def _read_channels(data: bytes) -> tuple[Channel, ...]:
    channels, position = [], 0
    while data[position] != 0:
        name, position = _read_text(data, position)
        fields = data[position : position + 16]
        kind, _, across, down = struct.unpack("<iIii", fields)
        if kind not in _PIXEL_TYPES or (across, down) != (1, 1):
            raise ExrLayoutError(f"channel '{name}' has a number format that Blender does not write")
        channels.append(Channel(name, _PIXEL_TYPES[kind], fields))
        position += 16
    return tuple(channels)


def _first_rows(header: dict[str, tuple[str, bytes]]) -> range:
    """The first row of every chunk, from top to bottom."""
    x0, y0, x1, y1 = struct.unpack("<4i", header["dataWindow"][1])
    if x1 < x0 or y1 < y0:
        raise ExrLayoutError("the picture is empty")
    return range(y0, y1 + 1, _LINES_PER_CHUNK[header["compression"][1][0]])


def _read_chunks(data: bytes, table: tuple[int, ...], rows: range, part: int | None) -> tuple[tuple[int, bytes], ...]:
    """The chunks at the places in `table`, each of which must say which `rows` (and in many parts, which part) it is.

    A writer that was interrupted leaves zeros in the table.
    """
    chunks = []
    for offset, expected in zip(table, rows, strict=True):
        if offset >= len(data):
            raise ExrLayoutError("the pixels are cut short")
        start = offset if part is None else offset + 4
        row, size = struct.unpack_from("<2i", data, start)
        encoded = data[start + 8 : start + 8 + size]
        if row != expected or size < 0 or len(encoded) < size:
            raise ExrLayoutError("the pixels are cut short")
        if part is not None and struct.unpack_from("<i", data, offset)[0] != part:
            raise ExrLayoutError("the pixels are of another part")
        chunks.append((row, encoded))
    return tuple(chunks)
