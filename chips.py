"""Colour chips: the classes of ADE20K as icons in their colours."""

import bpy.utils.previews

from .backend.ade20k import COLOURS, PROPERTY

PIXELS = 32

_icons: bpy.utils.previews.ImagePreviewCollection | None = None


def class_of(owner: bpy.types.ID) -> str:
    """What an object or a collection itself is said to be; "" for nothing, or for no class."""
    value = owner.get(PROPERTY)
    return value if isinstance(value, str) and value in COLOURS else ""


def icon(name: str) -> int:
    """The number of the icon of a class; black for what is none."""
    assert _icons is not None
    return _icons[name if name in COLOURS else ""].icon_id


def register() -> None:
    """Draws the icons."""
    global _icons
    _icons = bpy.utils.previews.new()
    for name, colour in {"": (0, 0, 0), **COLOURS}.items():
        chip = _icons.new(name)
        chip.icon_size = (PIXELS, PIXELS)
        chip.icon_pixels_float = [*(part / 255 for part in colour), 1.0] * (PIXELS * PIXELS)


def unregister() -> None:
    """Frees them."""
    global _icons
    bpy.utils.previews.remove(_icons)
    _icons = None
