"""Prompts along the timeline: markers that have one, as settings, and settings as such markers."""

from collections.abc import Iterable

import bpy

from ..backend.over_time import LaterPrompt

NAME = "Prompt"


def later_prompts(scene: bpy.types.Scene) -> tuple[LaterPrompt, ...]:
    """The prompts of the markers of `scene`, by their frames; of several at one frame the last in its list counts."""
    found = {
        marker.frame: LaterPrompt(marker.frame, marker.flowbrush.prompt, marker.flowbrush.negative_prompt)
        for marker in scene.timeline_markers
        if marker.flowbrush.use
    }
    return tuple(found[frame] for frame in sorted(found))


def add_prompt(scene: bpy.types.Scene, prompt: LaterPrompt) -> int:
    """Lets `prompt` begin at the marker of its frame, a new one where there is none; gives the marker's index."""
    markers = scene.timeline_markers
    here = [marker for marker in markers if marker.frame == prompt.frame]
    marker = next((one for one in here if one.flowbrush.use), here[0] if here else None)
    if marker is None:
        marker = markers.new(NAME, frame=prompt.frame)
        marker.flowbrush.added = True
    own = marker.flowbrush
    own.use, own.prompt, own.negative_prompt = True, prompt.prompt, prompt.negative_prompt
    return list(markers).index(marker)


def remove_prompt(scene: bpy.types.Scene, marker: bpy.types.TimelineMarker) -> None:
    """Takes the prompt from `marker`, and the marker away if it was added for it and is bound to no camera."""
    if marker.flowbrush.added and marker.camera is None:
        scene.timeline_markers.remove(marker)
    else:
        marker.property_unset("flowbrush")


def put_prompts(scene: bpy.types.Scene, prompts: Iterable[LaterPrompt]) -> None:
    """Lets the markers of `scene` have `prompts` and no others."""
    for marker in [marker for marker in scene.timeline_markers if marker.flowbrush.use]:
        remove_prompt(scene, marker)
    for prompt in prompts:
        add_prompt(scene, prompt)
