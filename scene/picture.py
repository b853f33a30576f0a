"""What Blender leaves of a render: the image in which it keeps the last one, and the PNG file."""

import struct

import bpy

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


def render_result() -> bpy.types.Image | None:
    """The image in which Blender keeps its last render; None before the first."""
    return next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)


def pixels_only(png: bytes) -> bytes:
    """`png` without metadata: Blender writes render times into it, and equal pictures shall be equal files.

    A PNG is a list of chunks of length, kind, content and checksum (W3C, Portable Network Graphics, section 5.3).
    """
    kept, position = [_SIGNATURE], len(_SIGNATURE)
    while position < len(png):
        (length,) = struct.unpack_from(">I", png, position)
        end = position + 12 + length
        if png[position + 4 : position + 8] in _PIXELS:
            kept.append(png[position:end])
        position = end
    return b"".join(kept)
