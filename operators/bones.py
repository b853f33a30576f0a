"""Finding an armature's joints, and forgetting them."""

import bpy

from ..scene import pose
from ..scene.bone_maps import JOINTS
from ..translations import reported, said


class BonesOperator(bpy.types.Operator):
    """Base of the operators that change the bones of the active armature."""

    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Needs an armature that can be changed."""
        armature = context.object
        if armature is None or armature.type != "ARMATURE":
            cls.poll_message_set(said("Select an armature"))
            return False
        if armature.library is not None:
            cls.poll_message_set(said("This armature is linked: make a library override of it first"))
            return False
        return True


class FLOWBRUSH_OT_detect_bones(BonesOperator):
    """Find out which bones are a person's joints, from their names and places"""

    bl_idname = "flowbrush.detect_bones"
    bl_label = "Detect Bones"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Fills in all fields, over what was chosen before."""
        person = context.object.flowbrush_person
        detected = pose.detect(context.object)
        if detected is None:
            person.found = "No person was found in these bones"
            self.report(
                {"WARNING"}, reported(f"{person.found}: choose a bone for shoulders, elbows, hips and knees at least")
            )
            return {"CANCELLED"}
        for joint in JOINTS:
            setattr(person, joint, detected.bones.get(joint, ""))
        person.found = f"Names as in {detected.convention}; {detected.confidence:.0%} of head and limbs"
        return {"FINISHED"}


class FLOWBRUSH_OT_clear_bones(BonesOperator):
    """Forget the chosen bones; they are detected again whenever a shot is captured"""

    bl_idname = "flowbrush.clear_bones"
    bl_label = "Clear Bones"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Empties all fields."""
        person = context.object.flowbrush_person
        for joint in JOINTS:
            person.property_unset(joint)
        person.found = ""
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_detect_bones, FLOWBRUSH_OT_clear_bones)
