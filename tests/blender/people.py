"""Made people for tests: armatures with the names of any maker, flesh, a face, and the joints that a capture finds."""

import math
from contextlib import closing
from pathlib import Path

import bpy
import numpy as np
import rig_names
from blender import scenes
from bpy_extras.object_utils import world_to_camera_view
from flowbrush.backend.pose import BODY, Joint, Person, State, read_people
from flowbrush.backend.shot import Shot
from flowbrush.scene.capture import CaptureSettings, capture
from mathutils import Vector

TWO_PIXELS = 2.0
LIMB = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
FRAME = 3
SMALL, HIDING = (160, 160), ("depth", "object_id")


def captured(scene: bpy.types.Scene, folder: Path, size: tuple[int, int] = (512, 512), passes=()) -> tuple[Person, ...]:
    """The people in the file of frame FRAME."""
    settings = CaptureSettings(
        FRAME, FRAME, samples=1, denoise=False, size=size, passes=tuple(passes), extras=("pose",)
    )
    with closing(capture(scene, folder, settings)) as frames:
        list(frames)
    shot = Shot.load(folder)
    assert shot.has_pose
    return read_people(shot.pose_path(FRAME), shot.resolution)


def by_name(person: Person) -> dict[str, Joint]:
    return dict(zip(BODY, person.body, strict=True))


def distance(scene: bpy.types.Scene, joint: Joint, place: Vector, size: tuple[int, int] = (512, 512)) -> float:
    return float(np.linalg.norm(seen_at(scene, place, size) - (joint.x, joint.y)))


def seen_at(scene: bpy.types.Scene, place: Vector, size: tuple[int, int]) -> np.ndarray:
    """Where Blender itself projects a point of the world, in pixels with their centres at whole numbers."""
    x, y, _ = world_to_camera_view(scene, scene.camera, place)
    return np.array((x * size[0] - 0.5, (1 - y) * size[1] - 0.5))


def bone_head(armature: bpy.types.Object, bone: str) -> Vector:
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return posed.matrix_world @ posed.pose.bones[bone].head


def stage(width: int = 512, height: int = 512) -> bpy.types.Scene:
    scene = scenes.empty_scene(width, height)
    scene.frame_start = scene.frame_end = FRAME
    return scene


def build(maker: str, name: str = "Rig") -> bpy.types.Object:
    """An armature with the names of one of `rig_names.MAKERS`, and a block of flesh on each limb, trunk and head."""
    data = bpy.data.armatures.new(name)
    armature = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    bones = rig_names.bones(rig_names.MAKERS[maker])
    for bone, parent, head, tail in bones:
        made = data.edit_bones.new(bone)
        made.head, made.tail = head, tail
        made.parent = data.edit_bones[parent] if parent else None
    names = [made.name for made in data.edit_bones]
    bpy.ops.object.mode_set(mode="OBJECT")
    assert len(names) == len(bones)
    return armature


def flesh(armature: bpy.types.Object, maker: str) -> bpy.types.Object:
    """One mesh of boxes around the limbs, the trunk and the head, bent by the armature."""
    made = rig_names.MAKERS[maker]
    joints = rig_names.joints(made)
    places = {bone: (np.array(head), np.array(tail)) for bone, _, head, tail in rig_names.bones(made)}
    boxes = [(joints[f"{side}_{name}"], 0.05) for side in ("left", "right") for name in LIMB]
    boxes += [(made.names[0], 0.16), (made.names[1], 0.16), (made.names[3], 0.1)]
    vertices, faces, groups = [], [], []
    for bone, half in boxes:
        head, tail = places[bone]
        low, high = np.minimum(head, tail) - half, np.maximum(head, tail) + half
        start = len(vertices)
        vertices += [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
        faces += [
            tuple(start + i for i in f)
            for f in ((0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3))
        ]
        groups.append((bone, range(start, start + 8)))
    body = scenes.add_mesh(f"{armature.name} body", np.array(vertices), faces, None)
    for bone, indices in groups:
        group = body.vertex_groups.get(bone) or body.vertex_groups.new(name=bone)
        group.add(list(indices), 1.0, "REPLACE")
    body.modifiers.new("Armature", "ARMATURE").object = armature
    body.parent = armature
    return body


def standing(maker: str = "mixamo", name: str = "Rig") -> bpy.types.Object:
    armature = build(maker, name)
    flesh(armature, maker)
    return armature


def add_face(armature: bpy.types.Object) -> bpy.types.Object:
    """A flat face before a Mixamo head, a vertex each centimetre, with keys that close its eyes and round its lips."""
    vertices, faces = scenes.grid(20, 20)
    face = scenes.add_mesh("Face", vertices[:, (0, 2, 1)] * 0.1 + (0, -0.12, 1.68), faces, None)
    face.vertex_groups.new(name="mixamorig:Head").add(list(range(len(vertices))), 1.0, "REPLACE")
    face.modifiers.new("Armature", "ARMATURE").object = armature
    face.parent = armature
    basis, blink, u, smile = (
        face.shape_key_add(name=name, from_mix=False) for name in ("Basis", "Blink", "Fcl_MTH_U", "Joy")
    )
    for number, point in enumerate(basis.data):
        x, _, z = point.co
        if abs(z - 1.72) < 0.001 and 0.019 < abs(x) < 0.061:  # the upper lids, with corners that hardly move
            blink.data[number].co.z -= 0.02 * max(0.1, 1 - ((abs(x) - 0.04) / 0.02) ** 2)
        if 1.619 < z < 1.641 and abs(x) < 0.031:
            u.data[number].co += Vector((-0.3 * x, -0.02, 0))
            smile.data[number].co += Vector((0.2 * x, 0, 0.01))
    return face


def front(scene: bpy.types.Scene, turn: float = 0.0) -> None:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = Vector((math.sin(turn), -math.cos(turn), 0.0)) * 6 + Vector((0, 0, 1))
    camera.rotation_euler = (math.pi / 2, 0, turn)
    scene.collection.objects.link(camera)
    scene.camera = camera


def one_person(turn: float = 0.0) -> tuple[bpy.types.Scene, bpy.types.Object]:
    """A scene for SMALL pictures of somebody with a body who stands before the camera, and the armature."""
    scene = stage(*SMALL)
    armature = standing()
    front(scene, turn)
    return scene, armature


def states(person: Person) -> dict[str, State]:
    return {name: joint.state for name, joint in by_name(person).items()}


def wall(x: float, y: float, half: float = 0.4) -> bpy.types.Object:
    vertices, faces = scenes.grid(1, 1)
    item = scenes.add_mesh("Wall", vertices * half, faces, None)
    item.location, item.rotation_euler = (x, y, 1.4), (math.pi / 2, 0, 0)
    return item
