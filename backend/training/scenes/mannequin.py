"""A dancer built around the joints of a motion capture: head, hands and clothes, for judging only."""

from dataclasses import dataclass
from pathlib import Path

import bmesh
import bpy
from mathutils import Matrix, Vector

from .materials import from_display, patterned, plain
from .shapes import ball, limb

HEIGHT = 1.75
"""Metres from sole to crown in the capture's rest pose."""


@dataclass(frozen=True)
class Pose:
    """One frame of a capture. `joints` are in metres, z up, the lower foot near z = 0, the body above the origin.

    `turns` holds, by joint, the rotation (3x3) from the rest pose, in which the body looks along -y.
    """

    joints: dict[str, Vector]
    turns: dict[str, Matrix]


def read_pose(file: Path, share: float) -> Pose:
    """The pose of a BVH file at `share` of its length, from 0 to 1; the hips are turned to look along -y."""
    before = set(bpy.data.objects)
    bpy.ops.import_anim.bvh(filepath=str(file), axis_forward="Y", axis_up="Z", frame_start=0)
    [rig] = set(bpy.data.objects) - before
    first, last = rig.animation_data.action.frame_range
    bpy.context.scene.frame_set(round(first + share * (last - first)))
    bpy.context.view_layer.update()
    crown = max(bone.tail_local.z for bone in rig.data.bones)
    sole = min(bone.tail_local.z for bone in rig.data.bones)
    turns = {bone.name: (bone.matrix @ bone.bone.matrix_local.inverted()).to_3x3() for bone in rig.pose.bones}
    front = turns["Hips"] @ Vector((0, -1, 0))
    level = Vector((front.x, front.y, 0)).rotation_difference(Vector((0, -1, 0))).to_matrix()
    places = {bone.name: level @ bone.head for bone in rig.pose.bones}
    places |= {f"{bone.name}/end": level @ bone.tail for bone in rig.pose.bones}
    low = min(place.z for place in places.values())
    origin = Vector((places["Hips"].x, places["Hips"].y, low))
    scale = HEIGHT / (crown - sole)
    bpy.data.objects.remove(rig)
    return Pose(
        {name: (place - origin) * scale + Vector((0, 0, 0.04)) for name, place in places.items()},
        {name: level @ turn for name, turn in turns.items()},
    )


def build_mannequin(pose: Pose) -> None:
    """The dancer: top, trousers, shoes, skin, hair and a face."""
    j = pose.joints
    skin = plain(from_display((0.86, 0.64, 0.5)), 0.55)
    top = patterned("stripes", from_display((0.93, 0.9, 0.82)), from_display((0.13, 0.25, 0.45)), 0.035, True)
    trousers, shoes = plain(from_display((0.72, 0.25, 0.2)), 0.8), plain(from_display((0.95, 0.93, 0.88)), 0.5)
    across = (j["LeftArm"] - j["RightArm"]).normalized() * 0.05
    trunk = [
        limb(j["Spine"], j["Spine2"], 0.105, 0.11, top),
        limb(j["Spine2"], j["Spine3"].lerp(j["Neck"], 0.6), 0.12, 0.07, top),
    ]
    for side in ("Left", "Right"):
        out = across if side == "Left" else -across
        chest = j["Spine3"] + out * 1.2
        trunk.append(limb(j["Spine1"] + out * 0.8, chest, 0.085, 0.085, top))
        trunk.append(limb(chest, j[f"{side}Arm"], 0.075, 0.052, top))
        trunk.append(limb(j[f"{side}Arm"], j[f"{side}ForeArm"], 0.053, 0.045, top))
    fuse(trunk, top)
    hips = [
        limb(j["Hips"] + across, j["Hips"] - across, 0.12, 0.12, trousers),
        limb(j["Hips"], j["Spine"], 0.115, 0.11, trousers),
    ]
    for side in ("Left", "Right"):
        hips.append(limb(j[f"{side}UpLeg"], j[f"{side}Leg"], 0.095, 0.065, trousers))
        hips.append(limb(j[f"{side}Leg"], j[f"{side}Foot"], 0.068, 0.06, trousers))
        foot, ball_of_foot, toe = j[f"{side}Foot"], j[f"{side}ToeBase"], j[f"{side}ToeBase/end"]
        fuse([limb(foot, ball_of_foot, 0.05, 0.045, shoes), limb(ball_of_foot, toe, 0.045, 0.036, shoes)], shoes)
        fuse([limb(j[f"{side}ForeArm"], j[f"{side}Hand"], 0.043, 0.03, skin), *_hand(pose, side, skin)], skin)
    fuse(hips, trousers)
    _head(pose, skin)


def fuse(parts: list[bpy.types.Object], material: bpy.types.Material) -> bpy.types.Object:
    """One object in place of the parts, its joints filled and smoothed."""
    whole = bmesh.new()
    for part in parts:
        part.data.transform(part.matrix_basis)
        whole.from_mesh(part.data)
        bpy.data.objects.remove(part)
    mesh = bpy.data.meshes.new("fused")
    whole.to_mesh(mesh)
    whole.free()
    mesh.materials.append(material)
    item = bpy.data.objects.new("fused", mesh)
    bpy.context.scene.collection.objects.link(item)
    remesh = item.modifiers.new("remesh", "REMESH")
    remesh.mode, remesh.voxel_size, remesh.use_smooth_shade = "VOXEL", 0.009, True
    smooth = item.modifiers.new("smooth", "SMOOTH")
    smooth.iterations, smooth.factor = 12, 0.5
    return item


def _hand(pose: Pose, side: str, skin: bpy.types.Material) -> list[bpy.types.Object]:
    """Palm, four fingers in a row and a thumb."""
    wrist, middle, tip = (pose.joints[f"{side}{name}"] for name in ("Hand", "HandEnd", "HandEnd/end"))
    root, thumb = pose.joints[f"{side}HandThumb1"], pose.joints[f"{side}HandThumb1/end"]
    along = (middle - wrist).normalized()
    across = (root - wrist) - along * (root - wrist).dot(along)
    across.normalize()
    parts = []
    for place, reach in ((-1.5, 0.75), (-0.5, 0.95), (0.5, 1.0), (1.5, 0.88)):
        knuckle = middle + across * place * 0.019
        parts.append(limb(wrist + across * place * 0.012, knuckle, 0.018, 0.014, skin))
        parts.append(limb(knuckle, knuckle + (tip - middle) * reach + across * place * 0.006, 0.0125, 0.011, skin))
    parts.append(limb(wrist, root, 0.02, 0.017, skin))
    parts.append(limb(root, root + (thumb - root) * 0.8, 0.016, 0.0125, skin))
    return parts


def _head(pose: Pose, skin: bpy.types.Material) -> None:
    """An egg with a nose, eyes, brows, a mouth, and hair in a knot."""
    j, turn = pose.joints, pose.turns["Head"].to_4x4()
    frame = Matrix.Translation(j["Head"]) @ turn @ Matrix.Translation((0, -0.02, 0.055)) @ Matrix.Scale(1.2, 4)
    hair, dark = plain(from_display((0.22, 0.13, 0.09)), 0.45), plain(from_display((0.07, 0.05, 0.05)), 0.2)
    white, lips = plain(from_display((0.95, 0.94, 0.92)), 0.2), plain(from_display((0.7, 0.33, 0.3)), 0.5)
    fuse(
        [
            ball(frame @ Matrix.Translation((0, 0, 0.02)), (0.082, 0.098, 0.105), skin),
            ball(frame @ Matrix.Translation((0, -0.025, -0.055)), (0.056, 0.062, 0.06), skin),
            limb(frame @ Vector((0, -0.094, 0.015)), frame @ Vector((0, -0.112, -0.02)), 0.009, 0.014, skin),
            limb(j["Neck"] - Vector((0, 0, 0.02)), frame @ Vector((0, 0.015, -0.06)), 0.05, 0.045, skin),
            *(
                ball(frame @ Matrix.Translation((side * 0.084, 0.005, -0.005)), (0.012, 0.02, 0.03), skin)
                for side in (-1, 1)
            ),
        ],
        skin,
    )
    for side in (-1, 1):
        ball(frame @ Matrix.Translation((side * 0.034, -0.083, 0.016)), (0.019, 0.013, 0.014), white)
        ball(frame @ Matrix.Translation((side * 0.034, -0.0935, 0.016)), (0.0095, 0.005, 0.0105), dark)
        inner, outer = Vector((side * 0.016, -0.098, 0.041)), Vector((side * 0.056, -0.082, 0.044))
        limb(frame @ inner, frame @ outer, 0.0045, 0.003, hair)
    corners = [Vector((side * 0.024, -0.086, -0.061)) for side in (-1, 1)]
    for corner in corners:
        limb(frame @ Vector((0, -0.092, -0.066)), frame @ corner, 0.006, 0.0035, lips)
    scalp = [ball(frame @ Matrix.Translation((0, 0.02, 0.042)), (0.089, 0.097, 0.094), hair)]
    scalp.append(ball(frame @ Matrix.Translation((0, 0.1, 0.115)), (0.048, 0.048, 0.045), hair))
    fuse(scalp, hair)
