"""A figure that moves as a person was captured; runs in a Python that has `bpy`."""

import math
from pathlib import Path

import bpy
import numpy as np
from flowbrush.backend.training.scenes.materials import from_display, patterned
from flowbrush.backend.training.scenes.shapes import limb
from mathutils import Vector

HEIGHT = 1.75  # metres
DANCES_AT = 120  # frame of the capture; before it the person gets ready
# Garments by the words in the names of the bones that they cover: colours, thickness as a share of the height.
CLOTHES = (
    ("Trousers", ("Leg", "Foot", "Toe"), (0.20, 0.28, 0.48), (0.86, 0.84, 0.76), 0.055),
    ("Skin", ("Head", "Neck", "Hand"), (0.86, 0.64, 0.50), (0.78, 0.52, 0.40), 0.045),
    ("Top", ("Hips", "Spine", "Shoulder", "Arm"), (0.93, 0.90, 0.82), (0.70, 0.22, 0.18), 0.075),
)
ARMS = 0.6  # times as thick as the trunk
SHARPNESS = 6  # how fast a bone's share falls with the distance from it


def add_figure(capture: Path, frames: int) -> None:
    """Imports the BVH file and dresses its skeleton; the figure stands at the origin and looks along -y at first."""
    before = set(bpy.data.objects)
    bpy.ops.import_anim.bvh(filepath=str(capture), axis_forward="Y", axis_up="Z", frame_start=1 - DANCES_AT)
    [rig] = set(bpy.data.objects) - before
    size = max(bone.tail_local.z for bone in rig.data.bones) - min(bone.tail_local.z for bone in rig.data.bones)
    left = list(rig.data.bones)
    for name, words, one, other, thickness in CLOTHES:
        bones = [bone for bone in left if any(word in bone.name for word in words)]
        left = [bone for bone in left if bone not in bones]
        _dress(rig, name, bones, (one, other), thickness * size)
    rig.scale = [HEIGHT / size] * 3
    _place(rig, frames)


def stuck(material: bpy.types.Material) -> bpy.types.Material:
    """Lays the pattern on the undeformed surface; its sizes become shares of the object's. (Object coordinates of a
    surface that bends are those of where it bent to.)"""
    tree = material.node_tree
    for node in (node for node in tree.nodes if node.bl_idname == "ShaderNodeTexCoord"):
        upright = tree.nodes.new("ShaderNodeMapping")
        upright.inputs["Rotation"].default_value = (-math.pi / 2, 0.0, 0.0)
        targets = [link.to_socket for link in node.outputs["Object"].links]
        tree.links.new(node.outputs["Generated"], upright.inputs["Vector"])
        for target in targets:
            tree.links.new(upright.outputs[0], target)
    return material


def _dress(
    rig: bpy.types.Object,
    name: str,
    bones: list[bpy.types.Bone],
    colours: tuple[tuple[float, float, float], tuple[float, float, float]],
    thickness: float,
) -> None:
    """One mesh of rods around the bones, which bends at their joints."""
    material = stuck(patterned("spots", from_display(colours[0]), from_display(colours[1]), 0.16))
    vertices: list[tuple[float, float, float]] = []
    faces: list[tuple[int, ...]] = []
    for bone in bones:
        radius = thickness * (ARMS if "Arm" in bone.name or "Shoulder" in bone.name else 1.0)
        if bone.length < 0.2 * radius:
            continue
        rod = limb(bone.head_local, bone.tail_local, radius, 0.85 * radius, material)
        rod.data.transform(rod.matrix_basis)
        faces += [tuple(len(vertices) + index for index in face.vertices) for face in rod.data.polygons]
        vertices += [tuple(vertex.co) for vertex in rod.data.vertices]
        bpy.data.objects.remove(rod)
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices, [], faces)
    mesh.shade_smooth()
    mesh.materials.append(material)
    item = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(item)
    shares = _shares(np.array(vertices), bones)
    for bone, share in zip(bones, shares.T, strict=True):
        group = item.vertex_groups.new(name=bone.name)
        for index in np.flatnonzero(share > 0.02):
            group.add([int(index)], float(share[index]), "REPLACE")
    item.parent = rig
    item.modifiers.new("Rig", "ARMATURE").object = rig


def _shares(points: np.ndarray, bones: list[bpy.types.Bone]) -> np.ndarray:
    """(N, bones): how much each bone moves each of (N, 3) points; rows add to 1."""
    distances = []
    for bone in bones:
        head, along = np.array(bone.head_local), np.array(bone.tail_local - bone.head_local)
        where = np.clip((points - head) @ along / max(float(along @ along), 1e-12), 0.0, 1.0)
        distances.append(np.linalg.norm(points - head - where[:, None] * along, axis=1))
    nearness = (1e-6 + np.stack(distances, axis=1)) ** -SHARPNESS
    return nearness / nearness.sum(axis=1, keepdims=True)


def _place(rig: bpy.types.Object, frames: int) -> None:
    """Turns the figure to look along -y in the first frame, and puts its lowest place of all frames on the ground."""
    scene = bpy.context.scene
    scene.frame_set(1)
    hips = rig.pose.bones["Hips"]
    front = (hips.matrix @ hips.bone.matrix_local.inverted()).to_3x3() @ Vector((0.0, -1.0, 0.0))
    rig.rotation_mode = "XYZ"
    rig.rotation_euler.z = -math.atan2(front.x, -front.y)
    places = []
    for frame in range(1, frames + 1):
        scene.frame_set(frame)
        places.append([rig.matrix_world @ bone.tail for bone in rig.pose.bones])
    middle = places[0][0]
    lowest = min(place.z for frame in places for place in frame)
    rig.location = (-middle.x, -middle.y, 0.03 - lowest)
