"""Reads the OpenEXR files that Blender renders and writes those of a shot: channels as arrays, each of its own type.

Blender's Python has no OpenEXR library, and Blender itself writes every data pass as 32-bit floats. The layout is that
of the OpenEXR project's "OpenEXR File Layout" document (openexr.com); understood is what Blender writes where it is
told to write one part: scan lines, not deep, ZIP or uncompressed.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

MAGIC = 20000630
_TILED, _LONG_NAMES, _DEEP, _MULTI_PART = 0x200, 0x400, 0x800, 0x1000
_NONE, _ZIPS, _ZIP = 0, 2, 3
_LINES_PER_CHUNK = {_NONE: 1, _ZIPS: 1, _ZIP: 16}
_MOST_DEFLATE_PACKS = 1032  # bytes into one (zlib's technical notes); no memory is taken for more
_PIXEL_TYPES: dict[int, np.dtype] = {0: np.dtype("<u4"), 1: np.dtype("<f2"), 2: np.dtype("<f4")}
_TYPE_NUMBERS = {dtype: number for number, dtype in _PIXEL_TYPES.items()}
_LEVEL = 4  # of deflate; 1 makes 10 % more bytes in the same time, 9 5 % fewer in three times the time
_LONGEST_NAME = 31


class ExrLayoutError(ValueError):
    """The bytes are not a whole OpenEXR file of the kind that Blender writes."""


@dataclass(frozen=True)
class _Layout:
    """What a header says: its channels in file order, size in pixels, first row, and compression."""

    channels: dict[str, np.dtype]
    width: int
    height: int
    first_row: int
    compression: int

    @property
    def lines(self) -> int:
        """Rows in a chunk."""
        return _LINES_PER_CHUNK[self.compression]

    @property
    def row_bytes(self) -> int:
        """Bytes of a row, all channels one after the other."""
        return self.width * sum(dtype.itemsize for dtype in self.channels.values())


def read_channels(data: bytes) -> dict[str, np.ndarray]:
    """All channels of an OpenEXR file by name, (height, width) each, in their own number format; row 0 is the top.

    Raises ExrLayoutError if the file is damaged, cut short or of a kind that is not understood.
    """
    try:
        magic, version = struct.unpack_from("<2I", data)
        if magic != MAGIC or version & 0xFF != 2 or version & (_TILED | _DEEP | _MULTI_PART):
            raise ExrLayoutError("not an OpenEXR file of one part of scan lines")
        header, position = _read_header(data, 8)
        layout = _read_layout(header)
        count = -(-layout.height // layout.lines)
        if count > len(data) // 8:
            raise ExrLayoutError("the table of pixels is cut short")
        chunks = _read_chunks(data, struct.unpack_from(f"<{count}Q", data, position), layout)
    except (struct.error, IndexError, KeyError, UnicodeDecodeError) as error:
        raise ExrLayoutError(f"damaged or cut short ({error})") from error
    if layout.height * layout.row_bytes > _MOST_DEFLATE_PACKS * sum(map(len, chunks)):
        raise ExrLayoutError("the picture is larger than what it is made of")
    rows = np.empty((layout.height, layout.row_bytes), np.uint8)
    for number, encoded in enumerate(chunks):
        block = rows[number * layout.lines : (number + 1) * layout.lines]
        block[:] = _inflate(encoded, block.size).reshape(block.shape)
    channels, start = {}, 0
    for name, dtype in layout.channels.items():
        end = start + layout.width * dtype.itemsize
        channels[name] = np.ascontiguousarray(rows[:, start:end]).view(dtype)
        start = end
    return channels


def exr_file(channels: Mapping[str, np.ndarray]) -> bytes:
    """An OpenEXR file of one part with these channels: (height, width) each, float16, float32 or uint32, all one size.

    It holds the pixels and nothing else: equal pictures are equal files.
    """
    arrays = {name: np.ascontiguousarray(channels[name]) for name in sorted(channels)}
    height, width = next(iter(arrays.values())).shape
    rows = np.concatenate([array.view(np.uint8).reshape(height, -1) for array in arrays.values()], axis=1)
    chunks = [_deflate(rows[row : row + _LINES_PER_CHUNK[_ZIP]]) for row in range(0, height, _LINES_PER_CHUNK[_ZIP])]
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    listed = [_text(name) + struct.pack("<iIii", _TYPE_NUMBERS[array.dtype], 0, 1, 1) for name, array in arrays.items()]
    attributes = {
        "channels": ("chlist", b"".join(listed) + b"\0"),
        "compression": ("compression", bytes([_ZIP])),
        "dataWindow": ("box2i", window),
        "displayWindow": ("box2i", window),
        "lineOrder": ("lineOrder", b"\0"),
        "pixelAspectRatio": ("float", struct.pack("<f", 1.0)),
        "screenWindowCenter": ("v2f", bytes(8)),
        "screenWindowWidth": ("float", struct.pack("<f", 1.0)),
    }
    flags = 2 | (_LONG_NAMES if any(len(name.encode()) > _LONGEST_NAME for name in arrays) else 0)
    head = struct.pack("<2I", MAGIC, flags) + b"".join(
        _text(name) + _text(kind) + struct.pack("<i", len(value)) + value for name, (kind, value) in attributes.items()
    )
    pieces = [struct.pack("<2i", row * _LINES_PER_CHUNK[_ZIP], len(c)) + c for row, c in enumerate(chunks)]
    offsets = np.cumsum([len(head) + 1 + 8 * len(pieces), *map(len, pieces[:-1])], dtype="<u8")
    return b"".join([head, b"\0", offsets.tobytes(), *pieces])


def _inflate(encoded: bytes, size: int) -> np.ndarray:
    """Undoes OpenEXR's ZIP: deflate, byte differences, low bytes apart from high bytes. Kept plain if not smaller."""
    if len(encoded) == size:
        return np.frombuffer(encoded, np.uint8)
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
    return plain


def _deflate(rows: np.ndarray) -> bytes:
    """The reverse of `_inflate`."""
    plain = rows.reshape(-1)
    apart = np.concatenate([plain[0::2], plain[1::2]])
    packed = apart.copy()
    packed[1:] -= apart[:-1]
    packed[1:] += 128
    encoded = zlib.compress(packed.data, _LEVEL)
    return encoded if len(encoded) < plain.size else plain.tobytes()


def _text(text: str) -> bytes:
    return text.encode() + b"\0"


def _read_text(data: bytes, position: int) -> tuple[str, int]:
    end = data.find(b"\0", position, position + 256)
    if end < 0:
        raise ExrLayoutError("a name has no end")
    return data[position:end].decode(), end + 1


def _read_header(data: bytes, position: int) -> tuple[dict[str, bytes], int]:
    """The values of the attributes by name, and where the table of chunks begins."""
    attributes = {}
    while data[position] != 0:
        name, position = _read_text(data, position)
        _, position = _read_text(data, position)  # its type, which the name implies
        (size,) = struct.unpack_from("<i", data, position)
        position += 4
        if not 0 <= size <= len(data) - position:
            raise ExrLayoutError("an attribute is cut short")
        attributes[name] = data[position : position + size]
        position += size
    return attributes, position + 1


def _read_layout(header: dict[str, bytes]) -> _Layout:
    x0, y0, x1, y1 = struct.unpack("<4i", header["dataWindow"])
    if x1 < x0 or y1 < y0:
        raise ExrLayoutError("the picture is empty")
    compression = header["compression"][0]
    if compression not in _LINES_PER_CHUNK:
        raise ExrLayoutError("only ZIP compression can be read")
    channels = _read_channel_list(header["channels"])
    if not channels:
        raise ExrLayoutError("it has no channels")
    return _Layout(channels, x1 - x0 + 1, y1 - y0 + 1, y0, compression)


def _read_channel_list(data: bytes) -> dict[str, np.dtype]:
    channels: dict[str, np.dtype] = {}
    position = 0
    while data[position] != 0:
        name, position = _read_text(data, position)
        kind, _, across, down = struct.unpack_from("<iIii", data, position)
        if kind not in _PIXEL_TYPES or (across, down) != (1, 1) or name in channels:
            raise ExrLayoutError(f"channel '{name}' is not as Blender writes it")
        channels[name] = _PIXEL_TYPES[kind]
        position += 16
    return channels


def _read_chunks(data: bytes, table: tuple[int, ...], layout: _Layout) -> list[bytes]:
    """The encoded chunks at the places in `table`, from top to bottom, each of which must say which rows it holds.

    A writer that was interrupted leaves zeros in the table.
    """
    chunks = []
    for number, offset in enumerate(table):
        if offset >= len(data):
            raise ExrLayoutError("the pixels are cut short")
        row, size = struct.unpack_from("<2i", data, offset)
        encoded = data[offset + 8 : offset + 8 + max(size, 0)]
        if row != layout.first_row + number * layout.lines or size < 0 or len(encoded) < size:
            raise ExrLayoutError("the pixels are cut short")
        chunks.append(encoded)
    return chunks
