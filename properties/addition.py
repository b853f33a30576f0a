"""What is added to the model: LoRAs and embeddings."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import bpy
from bpy.props import BoolProperty, FloatProperty, StringProperty

from ..backend.additions import MAX_LORA_WEIGHT, EmbeddingSettings, LoraSettings
from ..scene.compat import RELATIVE_PATH
from .control import DIGITS


class FlowbrushLora(bpy.types.PropertyGroup):
    """A LoRA of the take."""

    enabled: BoolProperty(name="Enabled", description="Paint with this LoRA", default=True, options=set())
    file: StringProperty(
        name="File",
        description="A safetensors file that was made for the family of the model",
        subtype="FILE_PATH",
        options=RELATIVE_PATH,
    )
    weight: FloatProperty(
        name="Weight",
        description="How strongly it acts: 0 is without it, 1 is as it was made, below 0 is the contrary",
        default=LoraSettings.weight,
        min=-MAX_LORA_WEIGHT,
        max=MAX_LORA_WEIGHT,
        soft_min=-1.0,
        soft_max=1.5,
    )

    @property
    def title(self) -> str:
        """What the list shows."""
        return Path(self.file).stem or "No File"

    @property
    def settings(self) -> LoraSettings:
        """As the backend takes it."""
        return LoraSettings(_absolute(self.file), round(self.weight, DIGITS))


class FlowbrushEmbedding(bpy.types.PropertyGroup):
    """A textual inversion of the take."""

    enabled: BoolProperty(name="Enabled", description="Know this embedding's word", default=True, options=set())
    file: StringProperty(
        name="File",
        description="A safetensors file that was made for the family of the model",
        subtype="FILE_PATH",
        options=RELATIVE_PATH,
    )
    token: StringProperty(
        name="Token",
        description="The word of the prompts that stands for it; when empty, the name of its file",
        options=set(),
    )

    @property
    def title(self) -> str:
        """What the list shows: the word to write."""
        return self.settings.word or "No File"

    @property
    def settings(self) -> EmbeddingSettings:
        """As the backend takes it."""
        return EmbeddingSettings(_absolute(self.file), self.token.strip())


def in_use(additions: Any) -> tuple[Any, ...]:
    """Those of a list that are enabled, as the backend takes them."""
    return tuple(addition.settings for addition in additions if addition.enabled)


def fill(additions: Any, settings: Iterable[LoraSettings | EmbeddingSettings]) -> None:
    """Puts `settings` in the place of all `additions`, unless they are what is in use there."""
    settings = tuple(settings)
    if settings == in_use(additions):  # else those that are switched off would go
        return
    additions.clear()
    for one in settings:
        addition = additions.add()
        for name, value in vars(one).items():
            setattr(addition, name, value)


def _absolute(file: str) -> str:
    file = file.strip()
    return bpy.path.abspath(file) if file.startswith("//") else file
