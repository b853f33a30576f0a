"""Prompts along the timeline: one begins at the current frame, and one ends."""

import bpy

from ..backend.over_time import LaterPrompt
from ..scene.prompts import add_prompt, later_prompts, remove_prompt
from ..translations import said


class FLOWBRUSH_OT_prompt_add(bpy.types.Operator):
    """Let another prompt begin at the current frame, at a marker: move the marker, and the prompt moves along"""

    bl_idname = "flowbrush.prompt_add"
    bl_label = "Prompt from Here"
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Begins with the words that hold there now, to be changed."""
        scene = context.scene
        frame, chosen = scene.frame_current, scene.flowbrush
        before = [prompt for prompt in later_prompts(scene) if prompt.frame <= frame]
        now = before[-1] if before else chosen
        chosen.active_prompt = add_prompt(scene, LaterPrompt(frame, now.prompt, now.negative_prompt))
        return {"FINISHED"}


class FLOWBRUSH_OT_prompt_remove(bpy.types.Operator):
    """Remove the active prompt; the one before it then holds on. A marker that was there before stays"""

    bl_idname = "flowbrush.prompt_remove"
    bl_label = "Remove Prompt"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Not where no prompt is active."""
        scene = context.scene
        markers, active = scene.timeline_markers, scene.flowbrush.active_prompt
        if active < len(markers) and markers[active].flowbrush.use:
            return True
        cls.poll_message_set(said("Choose a prompt in the list first"))
        return False

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Another of the list becomes active."""
        scene = context.scene
        remove_prompt(scene, scene.timeline_markers[scene.flowbrush.active_prompt])
        left = [index for index, marker in enumerate(scene.timeline_markers) if marker.flowbrush.use]
        scene.flowbrush.active_prompt = left[-1] if left else 0
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_prompt_add, FLOWBRUSH_OT_prompt_remove)
