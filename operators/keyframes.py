"""The frames that were painted for the others to take from: going to one, and marking them on the timeline."""

import bpy
from bpy.props import IntProperty

from ..properties.takes import takes_of
from ..translations import said

MARK = "Painted "  # begins the names of the markers


class FLOWBRUSH_OT_go_to_keyframe(bpy.types.Operator):
    """Go to a frame that was painted for the others to take from"""

    bl_idname = "flowbrush.go_to_keyframe"
    bl_label = "Go to Painted Frame"
    bl_options = {"INTERNAL"}

    frame: IntProperty(name="Frame", options={"SKIP_SAVE"})

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Sets the scene's current frame."""
        context.scene.frame_set(self.frame)
        return {"FINISHED"}


class FLOWBRUSH_OT_mark_keyframes(bpy.types.Operator):
    """Put a marker on the timeline at every frame that was painted for the others, instead of the markers of before"""

    bl_idname = "flowbrush.mark_keyframes"
    bl_label = "Mark Painted Frames"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where a take has such frames."""
        known = takes_of(context.scene)
        take = known.takes.get(context.scene.flowbrush.take) if known else None
        if take is None or not take.keyframes:
            cls.poll_message_set(said("This take has no painted keyframes: stylize with the method Surface first"))
            return False
        return True

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Markers that the user renamed stay."""
        scene = context.scene
        known = takes_of(scene)
        assert known is not None, "see poll"
        for marker in [marker for marker in scene.timeline_markers if marker.name.startswith(MARK)]:
            scene.timeline_markers.remove(marker)
        for frame in known.takes[scene.flowbrush.take].keyframe_numbers:
            scene.timeline_markers.new(f"{MARK}{frame}", frame=frame)
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_go_to_keyframe, FLOWBRUSH_OT_mark_keyframes)
