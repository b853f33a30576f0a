"""The styles to choose from."""

import zlib
from functools import cache
from typing import Any

import bpy
from bpy.props import EnumProperty

from .. import gallery
from ..backend.errors import Code, SettingsError
from ..backend.take import TakeSettings, load_styles
from ..languages import CONTEXT

StyleItem = tuple[str, str, str, int, int]


@cache
def styles() -> dict[str, TakeSettings]:
    """The styles that come with Flowbrush. Raises SettingsError."""
    return load_styles()


def number(name: str) -> int:
    """What a .blend file stores for the style `name`."""
    # A .blend stores the number: it must not change when a style is added in front of another. Blender's menus keep it
    # as a float, which is exact up to 24 bits.
    return zlib.crc32(name.encode()) & 0xFFFFFF


@cache
def _style_texts() -> list[tuple[str, str, str]]:
    # Kept, because Blender does not keep the texts of items that a function gives.
    return [(name, name.replace("_", " ").title(), settings.prompt) for name, settings in styles().items()]


def items(_owner: bpy.types.PropertyGroup, _context: bpy.types.Context | None) -> list[StyleItem]:
    """The styles with their pictures, as a menu of Blender takes them."""
    return [(*texts, gallery.icon(texts[0]), number(texts[0])) for texts in _style_texts()]


def style_of(owner: bpy.types.PropertyGroup) -> TakeSettings:
    """The style that was chosen. Raises SettingsError in a file whose style this version does not have."""
    if owner.style not in styles():
        raise SettingsError(
            Code.BAD_SETTINGS, "This file was made with a style that this version does not have: choose another style"
        )
    return styles()[owner.style]


FIRST_STYLE, FIRST = next(iter(styles().items()))


def style_field(description: str, update: Any) -> Any:
    """The field that chooses a style. update: gets the owner and the context when another is chosen."""
    return EnumProperty(
        name="Style",
        description=description,
        items=items,
        default=number(FIRST_STYLE),
        update=update,
        options=set(),
        translation_context=CONTEXT,
    )
