"""A condition that painting is held to, and how firmly."""

from collections.abc import Iterable
from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty, StringProperty

from ..backend.take import MAX_SCALE, ControlSettings
from ..scene.compat import RELATIVE_PATH
from .export import CONDITION_TEXTS

DIGITS = 6  # of Blender's single precision numbers: 0.7 stays 0.7, as a style says it


class FlowbrushControl(bpy.types.PropertyGroup):
    """A ControlNet of the take; its name is its condition's."""

    enabled: BoolProperty(name="Enabled", description="Hold painting to this condition", default=True, options=set())
    scale: FloatProperty(
        name="Scale",
        description="How firmly painting is held to the condition: 0 leaves it free, 1 is what the model was made for",
        default=ControlSettings.scale,
        min=0.0,
        max=MAX_SCALE,
    )
    start: FloatProperty(
        name="Start",
        description="Where in the denoising it begins to act: 0 is the first step. Later, the composition is freer",
        default=ControlSettings.start,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        options=set(),
    )
    end: FloatProperty(
        name="End",
        description="Where in the denoising it stops acting: 1 is the last step. Earlier, the details are freer",
        default=ControlSettings.end,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        options=set(),
    )
    optional: BoolProperty(
        name="Optional",
        description="Paint without it where the shot lacks it, as footage may, instead of stopping",
        options=set(),
    )
    model: StringProperty(
        name="ControlNet",
        description="A diffusers folder or a safetensors file; when empty, the one that lies with the model",
        subtype="FILE_PATH",
        options=RELATIVE_PATH,
    )

    @property
    def title(self) -> str:
        """The condition's name as the interface shows it."""
        return title_of(self.name)

    @property
    def settings(self) -> ControlSettings:
        """As the backend takes it."""
        scale, start, end = (round(number, DIGITS) for number in (self.scale, self.start, self.end))
        model = self.model.strip()
        model = bpy.path.abspath(model) if model.startswith("//") else model
        return ControlSettings(self.name, model, scale, start, end, self.optional)


def title_of(condition: str) -> str:
    """The name of a condition as the interface shows it."""
    return CONDITION_TEXTS[condition][0] if condition in CONDITION_TEXTS else condition


def fill(controls: Any, settings: Iterable[ControlSettings]) -> None:
    """Adds `settings` to `controls`."""
    for one in settings:
        control = controls.add()
        control.name = one.condition
        for name in ("scale", "start", "end", "optional", "model"):
            setattr(control, name, getattr(one, name))
