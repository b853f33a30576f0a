"""Characters from files: glTF and VRM, posed by their own actions."""

import math
import random
from pathlib import Path

import bpy
from mathutils import Matrix, Vector

from .materials import Palette

TRAINING = {"character/kaykit_Knight.glb": 4, "character/robot.glb": 3, "vrm/cryptovoxels.vrm": 0.7}
"""Files that training sees, and how often each is chosen, relative to the others."""

HELD_OUT = ("character/Fox.glb", "character/godot_player.glb", "vrm/mtoon_uv_anim.vrm")
"""Kept out of training, to judge the model on."""

LIMBS = {"arm": 0.7, "elbow": 0.6, "leg": 0.35, "knee": 0.3, "neck": 0.2}
"""Words in bones' names, and how far such bones turn at random about each axis, radians."""


class Character:
    """An imported character, two metres tall: its root, its meshes, its armature and its actions."""

    def __init__(self, path: Path) -> None:
        before, actions = set(bpy.data.objects), set(bpy.data.actions)
        # A VRM file is a binary glTF by another name; the importer goes by the suffix.
        file = path
        if path.suffix == ".vrm":
            file = Path(bpy.app.tempdir) / f"{path.stem}.glb"
            file.write_bytes(path.read_bytes())
        bpy.ops.import_scene.gltf(filepath=str(file))
        objects = sorted(set(bpy.data.objects) - before, key=lambda item: item.name)
        self.actions = sorted(set(bpy.data.actions) - actions, key=lambda item: item.name)
        self.armature = next((item for item in objects if item.type == "ARMATURE"), None)
        self.meshes = [item for item in objects if item.type == "MESH" and not item.name.startswith("Icosphere")]
        for item in objects:
            item.hide_render = item not in self.meshes
        self.root = bpy.data.objects.new(f"{path.stem} root", None)
        bpy.context.scene.collection.objects.link(self.root)
        for item in objects:
            if item.parent is None:
                item.parent = self.root
        low, high = self.bounds()
        self.root.scale = [2.0 / max(high.z - low.z, 1e-6)] * 3

    def bounds(self) -> tuple[Vector, Vector]:
        """The lowest and highest corner of all meshes as posed now, world space, metres."""
        bpy.context.view_layer.update()
        graph = bpy.context.evaluated_depsgraph_get()
        corners = [
            item.matrix_world @ Vector(corner)
            for item in (mesh.evaluated_get(graph) for mesh in self.meshes)
            for corner in item.bound_box
        ]
        return (
            Vector([min(corner[axis] for corner in corners) for axis in range(3)]),
            Vector([max(corner[axis] for corner in corners) for axis in range(3)]),
        )

    def action(self, word: str) -> bpy.types.Action:
        """The first action whose name holds the word."""
        return next(action for action in self.actions if word in action.name.lower())

    def pose(self, action: bpy.types.Action, frame: float) -> None:
        """Takes the pose of the action at `frame`, counted from 0 at its start to 1 at its end."""
        if self.armature is None:
            return
        data = self.armature.animation_data or self.armature.animation_data_create()
        for track in data.nla_tracks:
            track.mute = True
        data.action = action
        first, last = data.action.frame_range
        bpy.context.scene.frame_set(round(first + frame * (last - first)))

    def pose_at_random(self, dice: random.Random) -> None:
        """A random frame of a random action; without actions, arms and legs turned at random."""
        if self.actions:
            self.pose(dice.choice(self.actions), dice.random())
            return
        for bone in self.armature.pose.bones if self.armature else ():
            reach = next((most for word, most in LIMBS.items() if word in bone.name.lower()), 0.1)
            bone.rotation_mode = "XYZ"
            bone.rotation_euler = [dice.gauss(0, reach) for _ in range(3)]

    def stand(self, where: Matrix) -> None:
        """Puts its feet, or what is lowest, on the place, its front towards -y of it."""
        turn = math.atan2(where[1][0], where[0][0])
        self.root.rotation_euler = (0, 0, turn)
        low, high = self.bounds()
        middle = Vector(((low.x + high.x) / 2, (low.y + high.y) / 2, low.z))
        self.root.location += where.translation - middle

    def bone(self, *words: str) -> Vector | None:
        """Where the first bone is whose name holds one of the words, world space; its middle."""
        if self.armature is None:
            return None
        for word in words:
            for bone in self.armature.pose.bones:
                if word in bone.name.lower():
                    return self.armature.matrix_world @ ((bone.head + bone.tail) / 2)
        return None

    def materials(self) -> list[bpy.types.Material]:
        """All materials of its meshes, each once."""
        slots = (slot for mesh in self.meshes for slot in mesh.material_slots if slot.material)
        return list(dict.fromkeys(slot.material for slot in slots))


def recolour(materials: list[bpy.types.Material], dice: random.Random, palette: Palette) -> None:
    """Turns the hue of textures, and replaces plain colours, so that colours cannot be learned by heart."""
    hue, saturation, value = dice.random(), dice.uniform(0.6, 1.4), dice.uniform(0.8, 1.4)
    for material in materials:
        tree = material.node_tree
        target = next((socket for node in tree.nodes for socket in node.inputs if socket.name == "Base Color"), None)
        if target is None:
            continue
        if not target.is_linked:
            target.default_value = palette.any(dice)
            continue
        node = tree.nodes.new("ShaderNodeHueSaturation")
        tree.links.new(target.links[0].from_socket, node.inputs["Color"])
        tree.links.new(node.outputs["Color"], target)
        node.inputs["Hue"].default_value = hue
        node.inputs["Saturation"].default_value = saturation
        node.inputs["Value"].default_value = value
