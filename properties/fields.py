"""Fields that several groups have."""

from collections.abc import Iterable
from typing import Any

from bpy.props import EnumProperty, FloatProperty

from ..backend.take import MAX_SOFTNESS
from ..languages import CONTEXT
from .styles import FIRST


def strength_field(description: str, name: str = "Strength", default: float = FIRST.strength) -> Any:
    """The field of a denoising strength."""
    return FloatProperty(
        name=name,
        description=description,
        default=default,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        translation_context=CONTEXT,
    )


def softness_field(description: str, default: float) -> Any:
    """The field of a mask's border."""
    return FloatProperty(
        name="Softness",
        description=description,
        default=default,
        min=0.0,
        max=MAX_SOFTNESS,
        soft_max=20.0,
    )


def choice_field(
    name: str, description: str, values: Iterable[str], texts: dict[str, tuple[str, str]], default: str
) -> Any:
    """The field of a setting that takes one of `values`; texts: the name and the description of each."""
    items = [(value, *texts[value]) for value in values]
    return EnumProperty(
        name=name,
        description=description,
        items=items,
        default=default,
        options=set(),
        translation_context=CONTEXT,
    )
