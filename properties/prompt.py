"""The prompt that begins at a marker of the timeline."""

import bpy
from bpy.props import BoolProperty, StringProperty

from ..languages import CONTEXT
from ..scene import words


class FlowbrushPrompt(bpy.types.PropertyGroup):
    """What a marker of the timeline has of Flowbrush: it is moved, renamed and removed as markers are."""

    use: BoolProperty(name="Prompt", description="Another prompt begins at this marker", options=set())
    prompt: StringProperty(
        name="Prompt",
        translation_context=CONTEXT,
        description="What the picture shows from this marker on, and how it is painted",
        options=set(),
    )
    negative_prompt: StringProperty(
        name="Negative",
        translation_context=CONTEXT,
        description="What the picture must not look like from this marker on",
        options=set(),
    )
    added: BoolProperty(
        name="Added", description="The marker was added for the prompt, and goes with it", options={"HIDDEN"}
    )
    words: StringProperty(
        name="Words",
        description="Which words of the prompts the model does not know",
        get=lambda self: words.notice(self.id_data.flowbrush.model, self.prompt, self.negative_prompt),
    )
