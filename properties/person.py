"""An armature as a person."""

import bpy
from bpy.props import BoolProperty, StringProperty

from ..languages import CONTEXT
from ..scene.bone_maps import JOINTS


class FlowbrushPerson(bpy.types.PropertyGroup):
    """Which bones of an armature are a person's joints: a field for each of `JOINTS`; while all are empty, the bones
    are found from their names when a shot is captured. `scene.pose` reads it."""

    use: BoolProperty(
        name="Person", description="Draw this armature as a person in OpenPose conditions", default=True, options=set()
    )
    occluded: BoolProperty(
        name="Hidden Joints",
        description="Draw joints that are behind other objects as well; a model may then paint the limb in front",
        options=set(),
    )
    found: StringProperty(name="Found", description="What the last detection made of the bones", options={"SKIP_SAVE"})


for _joint in JOINTS:
    FlowbrushPerson.__annotations__[_joint] = StringProperty(
        name=_joint.replace("_", " ").title(),
        description="The bone that begins at this joint; fingers by their first bone. An empty one is left out, "
        "or put where an average person has it",
        options=set(),
        translation_context=CONTEXT,
    )
