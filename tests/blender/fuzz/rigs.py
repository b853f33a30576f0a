"""A random armature: bones, constraints, an action with keys, strips, and a pose that is not keyed."""

import math

import bpy
from blender.fuzz import things
from blender.fuzz.chance import Chance


def add(chance: Chance, scene: bpy.types.Scene) -> None:
    """An armature, and a mesh that it bends."""
    data = bpy.data.armatures.new(chance.name())
    rig = bpy.data.objects.new(chance.name(), data)
    scene.collection.objects.link(rig)
    scene.view_layers[0].objects.active = rig
    bpy.ops.object.mode_set(mode="EDIT")
    above = None
    for level in range(chance.randint(1, 4)):
        bone = data.edit_bones.new(chance.name())
        bone.head, bone.tail = (0.0, 0.0, 0.4 * level), (0.0, 0.1, 0.4 * level + 0.4)
        bone.parent, bone.use_connect = above, chance.often(0.3)
        above = bone
    bpy.ops.object.mode_set(mode="OBJECT")
    for bone in rig.pose.bones:
        bone.rotation_mode = chance.choice(("XYZ", "QUATERNION", "AXIS_ANGLE"))
        path = {"XYZ": "rotation_euler", "QUATERNION": "rotation_quaternion"}.get(bone.rotation_mode, "location")
        for frame in chance.some((-4, 1, 3, 6), 0.6):
            setattr(bone, path, [chance.uniform(-1, 1) for _ in getattr(bone, path)])
            bone.keyframe_insert(path, frame=frame)
        if chance.often(0.2):
            bone["weight"] = 0.5
            bone.keyframe_insert('["weight"]', frame=2)
        for kind in chance.some(("IK", "COPY_ROTATION", "LIMIT_ROTATION", "DAMPED_TRACK"), 0.1):
            constraint = bone.constraints.new(kind)
            if hasattr(constraint, "target"):
                constraint.target = chance.choice(bpy.data.objects)
        if chance.often(0.1):
            chance.drive(bone, "scale", 0)
    if chance.often(0.3):
        data.collections.new(chance.name()).is_visible = False
    things.push_to_nla(chance, rig)
    _skin(chance, scene, rig)
    rig.show_in_front = chance.often()
    data.pose_position = chance.choice(("POSE", "POSE", "REST"))


def leave_unkeyed(chance: Chance, scene: bpy.types.Scene) -> None:
    """Changes what is animated without keying it: a pose in the making, an object under way."""
    for item in scene.objects:
        if item.library is not None or item.override_library is not None:
            continue
        if item.animation_data is not None and chance.often():
            item.location, item.hide_render = chance.place(), chance.often(0.2)
        if item.type == "ARMATURE" and chance.often():
            for bone in item.pose.bones:
                bone.rotation_quaternion, bone.rotation_euler = (0.5, *chance.place(0.5)), chance.place(math.pi)


def _skin(chance: Chance, scene: bpy.types.Scene, rig: bpy.types.Object) -> None:
    body = things.mesh(chance)
    scene.collection.objects.link(body)
    for bone in rig.data.bones:
        group = body.vertex_groups.new(name=bone.name)
        if body.type == "MESH" and body.data.library is None:
            group.add(range(len(body.data.vertices)), 0.5, "REPLACE")
    body.modifiers.new("Armature", "ARMATURE").object = rig
    body.parent = rig
