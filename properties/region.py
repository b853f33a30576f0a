"""A part of the picture with a prompt of its own."""

import bpy
from bpy.props import BoolProperty, StringProperty

from ..backend.take import RegionSettings
from ..languages import CONTEXT
from ..scene import words
from ..scene.names import check_mask
from .fields import softness_field, strength_field
from .styles import FIRST, style_field, style_of


def _fill_in_prompts(region: "FlowbrushRegion", _context: bpy.types.Context) -> None:
    style = style_of(region)
    region.prompt, region.negative_prompt = style.prompt, style.negative_prompt


class FlowbrushRegion(bpy.types.PropertyGroup):
    """A part of the picture that is painted with a prompt of its own."""

    enabled: BoolProperty(name="Enabled", description="Use this region", default=True, options=set())
    mask: StringProperty(
        name="Mask",
        description="Which part: names of objects, collections and materials, with & | ! ( ) and *",
        update=lambda self, _context: self.check(),
        options=set(),
    )
    softness: softness_field("How far the two prompts mix across the mask's border, in pixels", RegionSettings.softness)
    style: style_field("Choosing one fills in its prompts", _fill_in_prompts)
    prompt: StringProperty(
        name="Prompt",
        translation_context=CONTEXT,
        description="What this part shows and how it is painted",
        default=FIRST.prompt,
        options=set(),
    )
    negative_prompt: StringProperty(
        name="Negative",
        translation_context=CONTEXT,
        description="What this part must not look like",
        default=FIRST.negative_prompt,
        options=set(),
    )
    words: StringProperty(
        name="Words",
        description="Which words of the prompts the model does not know",
        get=lambda self: words.notice(self.id_data.flowbrush.model, self.prompt, self.negative_prompt),
    )
    use_strength: BoolProperty(
        name="Own Strength", description="Paint this part with another strength than the rest", options=set()
    )
    strength: strength_field("How far painting may leave the render here")
    problem: StringProperty(name="Problem", description="Why the mask has no meaning", options={"SKIP_SAVE"})
    notice: StringProperty(name="Notice", description="What is worth knowing of the mask", options={"SKIP_SAVE"})

    def check(self) -> None:
        """Looks up the mask's names in the open file."""
        self.problem, self.notice = check_mask(self.mask)

    @property
    def settings(self) -> RegionSettings:
        """As the backend takes it."""
        strength = self.strength if self.use_strength else None
        return RegionSettings(self.mask.strip(), self.prompt, self.negative_prompt, strength, self.softness)
