"""The picture just rendered, as the scene's view transform shows it."""

import struct
from pathlib import Path

import bpy

from . import render_settings

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PIXELS = {b"IHDR", b"PLTE", b"IDAT", b"IEND"}


def render_result() -> bpy.types.Image | None:
    """The image in which Blender keeps its last render; None before the first."""
    return next((image for image in bpy.data.images if image.type == "RENDER_RESULT"), None)


def rendered_picture(scene: bpy.types.Scene, rough: Path) -> bytes:
    """The last render as a PNG file, 8-bit RGB; `rough` is where Blender may write it.

    Raises RuntimeError when Blender cannot write. The caller keeps the scene's image settings.
    """
    render_settings.image_format(scene, "PNG", "8")
    result = render_result()
    assert result is not None
    result.save_render(str(rough), scene=scene)
    return _pixels_only(rough.read_bytes())


def _pixels_only(png: bytes) -> bytes:
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
