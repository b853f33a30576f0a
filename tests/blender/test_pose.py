"""Joints against bones that are projected independently: rigs of every kind, cameras of every kind, who hides whom."""

import math
import os
import shutil
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
import rig_names
from blender import scenes
from bpy_extras.object_utils import world_to_camera_view
from flowbrush.backend.pose import BODY, HAND, Joint, Person, State, read_people
from flowbrush.backend.shot import Shot
from flowbrush.scene import pose
from flowbrush.scene.capture import CaptureSettings, capture
from mathutils import Euler, Matrix, Vector

SHARED = Path(os.environ.get("FLOWBRUSH_SHARED", Path(__file__).parents[3] / "shared"))
MATERIAL = SHARED / "material"
TWO_PIXELS = 2.0
LIMB = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
FRAME = 3


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


def seen_at(scene: bpy.types.Scene, place: Vector, size: tuple[int, int]) -> np.ndarray:
    """Where Blender itself projects a point of the world, in pixels with their centres at whole numbers."""
    x, y, _ = world_to_camera_view(scene, scene.camera, place)
    return np.array((x * size[0] - 0.5, (1 - y) * size[1] - 0.5))


def distance(scene: bpy.types.Scene, joint: Joint, place: Vector, size: tuple[int, int] = (512, 512)) -> float:
    return float(np.linalg.norm(seen_at(scene, place, size) - (joint.x, joint.y)))


def bone_head(armature: bpy.types.Object, bone: str) -> Vector:
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get())
    return posed.matrix_world @ posed.pose.bones[bone].head


def check_limbs(
    scene: bpy.types.Scene, armature: bpy.types.Object, person: Person, bones: dict[str, str], size=(512, 512)
) -> None:
    """Limbs within two pixels of the heads of `bones`, and the neck between the shoulders."""
    scene.frame_set(FRAME)
    joints = by_name(person)
    wrong = {
        name: distance(scene, joints[name], bone_head(armature, bone), size)
        for name, bone in bones.items()
        if not distance(scene, joints[name], bone_head(armature, bone), size) < TWO_PIXELS
    }
    assert not wrong
    neck = (bone_head(armature, bones["left_shoulder"]) + bone_head(armature, bones["right_shoulder"])) / 2
    assert distance(scene, joints["neck"], neck, size) < TWO_PIXELS


def look_at(scene: bpy.types.Scene, places: list[Vector], turn: float = 0.5) -> bpy.types.Object:
    """A camera that holds all of `places`, `turn` radians off the -y axis."""
    low, high = (Vector(f(p[i] for p in places) for i in range(3)) for f in (min, max))
    middle, reach = (low + high) / 2, (high - low).length
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = middle + Vector((math.sin(turn), -math.cos(turn), 0.1)) * reach * 1.7
    camera.rotation_euler = (middle - camera.location).to_track_quat("-Z", "Y").to_euler()
    camera.data.clip_start, camera.data.clip_end = reach / 1000, reach * 10
    scene.collection.objects.link(camera)
    scene.camera = camera
    return camera


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


def strike_a_pose(armature: bpy.types.Object, bones: dict[str, str], seed: int) -> None:
    """Turns every joint by up to 40 degrees."""
    chance = np.random.default_rng(seed)
    for bone in bones.values():
        posed = armature.pose.bones[bone]
        posed.rotation_mode = "XYZ"
        posed.rotation_euler = Euler(chance.uniform(-0.7, 0.7, 3))


def made_person(maker: str, seed: int = 1) -> tuple[bpy.types.Object, dict[str, str]]:
    armature = build(maker)
    bones = {joint: bone for joint, bone in rig_names.joints(rig_names.MAKERS[maker]).items() if joint[-1] != "x"}
    strike_a_pose(armature, bones, seed)
    armature.location, armature.rotation_euler, armature.scale = (3, 1, -0.5), (0.1, 0.2, 0.3), (1.5,) * 3
    bpy.context.view_layer.update()
    return armature, {joint: bone for joint, bone in bones.items() if joint in BODY}


@pytest.mark.parametrize("maker", ["rigify", "mixamo", "mmd", "unreal", "cmu, asf", "rokoko"])
def test_joints_of_named_rigs_are_at_their_bones(maker, tmp_path):
    scene = stage()
    armature, bones = made_person(maker)
    look_at(scene, [bone_head(armature, bone) for bone in bones.values()])
    (person,) = captured(scene, tmp_path / "shot")
    assert person.name == "Rig"
    check_limbs(scene, armature, person, bones)


@pytest.mark.parametrize("kind", ["shifted", "orthographic", "oblong pixels", "portrait", "scaled"])
def test_joints_are_where_every_kind_of_camera_sees_them(kind, tmp_path):
    scene = stage()
    armature, bones = made_person("unreal")
    camera = look_at(scene, [bone_head(armature, bone) for bone in bones.values()])
    size = (300, 512) if kind == "portrait" else (512, 300) if kind == "oblong pixels" else (512, 512)
    if kind == "shifted":
        camera.data.shift_x, camera.data.shift_y = 0.1, -0.05
    elif kind == "orthographic":
        camera.data.type, camera.data.ortho_scale = "ORTHO", 5.0
    elif kind == "oblong pixels":
        scene.render.pixel_aspect_y = 1.5
    elif kind == "scaled":
        camera.scale = (2.0, 2.0, 2.0)
    scene.render.resolution_x, scene.render.resolution_y = size
    (person,) = captured(scene, tmp_path / "shot", size)
    check_limbs(scene, armature, person, bones, size)


def shared(path: str) -> Path:
    if not (MATERIAL / path).exists():
        pytest.skip(f"the shared material {path} is missing")
    return MATERIAL / path


def load(path: Path, tmp_path: Path) -> bpy.types.Object:
    """The armature of a file; a VRM is read as the glTF file that it is."""
    if path.suffix == ".bvh":
        bpy.ops.import_anim.bvh(filepath=str(path))
    elif path.suffix == ".fbx":
        read = bpy.ops.wm.fbx_import if "fbx_import" in dir(bpy.ops.wm) else bpy.ops.import_scene.fbx
        read(filepath=str(path))
    else:
        copy = shutil.copy(path, tmp_path / f"{path.stem}.glb")
        bpy.ops.import_scene.gltf(filepath=str(copy))
    return next(item for item in bpy.data.objects if item.type == "ARMATURE")


def sided(names: str, sides: tuple[str, str] = ("left", "right")) -> dict[str, str]:
    """Joint → bone, from the names of LIMB's bones with {s} for a side."""
    return {
        f"{own}_{role}": name.replace("{s}", side)
        for side, own in zip(sides, ("left", "right"), strict=True)
        for role, name in zip(LIMB, names.split("; "), strict=True)
        if name != "-"
    }


MIXAMO = "{s}Arm; {s}ForeArm; {s}Hand; {s}UpLeg; {s}Leg; {s}Foot"
RIGS = {
    "character/kaykit_Knight.glb": sided(
        "upperarm.{s}; lowerarm.{s}; wrist.{s}; upperleg.{s}; lowerleg.{s}; foot.{s}", ("l", "r")
    ),
    "character/robot.glb": sided(
        "UpperArm.{s}; LowerArm.{s}; Palm1.{s}; UpperLeg.{s}; LowerLeg.{s}; Foot.{s}", ("L", "R")
    ),
    # Its sides are named as seen from the front.
    "character/godot_player.glb": sided("{s}-arm; {s}-forearm; -; {s}-thigh; {s}-leg; {s}-foot", ("r", "l")),
    "vrm/cryptovoxels.vrm": sided("{s} arm; {s} elbow; {s} wrist; {s} leg; {s} knee; {s} ankle", ("Left", "Right")),
    "mocap/dab.bvh": sided(MIXAMO, ("Left", "Right")),
    "mocap/jumping_jacks.bvh": sided("{s}Shoulder; {s}Elbow; {s}Wrist; {s}Hip; {s}Knee; {s}Ankle", ("Left", "Right")),
}


@pytest.mark.shared
@pytest.mark.parametrize("file", RIGS)
def test_the_shared_rigs_are_people_with_no_help(file, tmp_path):
    path = shared(file)
    scene = stage()
    armature = load(path, tmp_path)
    scene.frame_set(FRAME)
    bones = RIGS[file]
    look_at(scene, [bone_head(armature, bone) for bone in bones.values()])
    (person,) = captured(scene, tmp_path / "shot")
    check_limbs(scene, armature, person, bones)
    if file.startswith(("vrm", "character/robot")):
        assert len(person.left_hand) == HAND and person.left_hand[5].state != State.MISSING


@pytest.mark.shared
@pytest.mark.parametrize("name", ["jumping", "wave_hello", "zombie"])
def test_the_other_motions_are_people_too(name, tmp_path):
    path = shared(f"mocap/{name}.bvh")
    scenes.empty_scene(64, 64)
    found = pose.detect(load(path, tmp_path))
    assert found is not None and sided(MIXAMO, ("Left", "Right")).items() <= found.bones.items()


@pytest.mark.shared
@pytest.mark.parametrize("file", ["character/Fox.glb", "character/animation_with_skeleton.fbx"])
def test_what_is_no_person_is_left_out(file, tmp_path):
    path = shared(file)
    scene = stage()
    load(path, tmp_path)
    scene.camera = None
    look_at(scene, [Vector((-50, -50, 0)), Vector((50, 50, 80))])
    assert captured(scene, tmp_path / "shot", (64, 64)) == ()


@pytest.fixture
def rigify():
    bpy.ops.preferences.addon_enable(module="rigify")
    if not hasattr(bpy.types, "OBJECT_OT_armature_human_metarig_add"):
        pytest.skip("this Blender comes without Rigify")
    yield
    bpy.ops.preferences.addon_disable(module="rigify")


def test_a_rigify_human_has_body_hands_and_face(rigify, tmp_path):
    scene = stage()
    bpy.ops.object.armature_human_metarig_add()
    armature = bpy.context.object
    bones = sided("upper_arm.{s}; forearm.{s}; hand.{s}; thigh.{s}; shin.{s}; foot.{s}", ("L", "R"))
    strike_a_pose(armature, bones, 5)
    bpy.context.view_layer.update()
    look_at(scene, [bone_head(armature, bone) for bone in (*bones.values(), "spine.006")], -0.2)
    (person,) = captured(scene, tmp_path / "shot")
    check_limbs(scene, armature, person, bones | {"left_eye": "eye.L", "right_eye": "eye.R", "nose": "nose.002"})
    fingers = [
        f"{name}.0{part}" for name in ("thumb", "f_index", "f_middle", "f_ring", "f_pinky") for part in (1, 2, 3)
    ]
    for side, hand in (("L", person.left_hand), ("R", person.right_hand)):
        assert len(hand) == HAND
        points = [hand[1 + 4 * finger + part] for finger in range(5) for part in range(3)]
        for joint, bone in zip(points, fingers, strict=True):
            assert distance(scene, joint, bone_head(armature, f"{bone}.{side}")) < TWO_PIXELS, bone
        tip = armature.pose.bones[f"f_index.03.{side}"].tail
        assert distance(scene, hand[8], armature.matrix_world @ tip) < TWO_PIXELS
    made = {number for number, joint in enumerate(person.face) if joint.state != State.MISSING}
    assert made == set(range(70)) - set(range(60, 68))
    for number, bone in (
        (8, "chin"),
        (30, "nose.002"),
        (36, "lid.T.R"),
        (45, "lid.T.L"),
        (51, "lip.T.L"),
        (0, "jaw.R"),
    ):
        assert distance(scene, person.face[number], bone_head(armature, bone)) < TWO_PIXELS, number


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


def test_shape_keys_tell_lids_and_lips(tmp_path):
    scene = stage()
    armature = standing()
    face = add_face(armature)
    keys = face.data.shape_keys.key_blocks
    places = {number: Vector(v.co) for number, v in enumerate(face.data.vertices)}

    def vertex(x: float, z: float) -> int:
        return min(places, key=lambda n: (places[n] - Vector((x, -0.12, z))).length)

    keys["Joy"].value = 0.5
    keys["Blink"].value = 0.0
    keys["Blink"].keyframe_insert("value", frame=FRAME - 1)
    keys["Blink"].value = 0.6
    keys["Blink"].keyframe_insert("value", frame=FRAME + 1)
    turned = armature.pose.bones["mixamorig:Head"]
    turned.rotation_mode, turned.rotation_euler = "XYZ", (0.2, 0.3, 0.1)
    front(scene)
    scene.camera.location.z, scene.camera.data.lens = 1.6, 300
    (person,) = captured(scene, tmp_path / "shot")
    scene.frame_set(FRAME)
    assert keys["Blink"].value == pytest.approx(0.3)
    mesh = face.evaluated_get(bpy.context.evaluated_depsgraph_get()).to_mesh()
    corners = {36: (-0.06, 1.72), 39: (-0.02, 1.72), 42: (0.02, 1.72), 45: (0.06, 1.72)}
    lids = {38: (-0.03, 1.72), 44: (0.05, 1.72)}
    lips = {48: (-0.03, 1.63), 54: (0.03, 1.63), 51: (0, 1.64), 57: (0, 1.62)}
    for number, place in (corners | lips).items():
        assert distance(scene, person.face[number], mesh.vertices[vertex(*place)].co) < TWO_PIXELS, number
    for number, (x, z) in lids.items():
        near = [mesh.vertices[vertex(x + step, z)].co for step in (-0.01, 0, 0.01)]
        assert min(distance(scene, person.face[number], place) for place in near) < TWO_PIXELS, number
    # The lower lid stays where the upper one goes to.
    posed = armature.evaluated_get(bpy.context.evaluated_depsgraph_get()).pose.bones["mixamorig:Head"]
    moved = posed.matrix @ posed.bone.matrix_local.inverted()
    shut = [moved @ (places[vertex(-0.04 + step, 1.72)] - Vector((0, 0, 0.02))) for step in (-0.01, 0, 0.01)]
    assert min(distance(scene, person.face[40], place) for place in shut) < 8
    made = {number for number, joint in enumerate(person.face) if joint.state != State.MISSING}
    assert made == {*range(36, 60)}


def test_what_the_vrm_add_on_keeps_is_read(tmp_path):
    """Made as its properties are, see `Vrm1HumanBonesPropertyGroup` of the add-on."""
    stage(*SMALL)
    armature = build("vrm 1")
    for bone in list(armature.data.bones):
        bone.name = f"x{bone.name[::-1]}"  # nobody could tell
    assert pose.detect(armature) is None
    known = {"left_upper_arm": "leftUpperArm", "right_lower_leg": "rightLowerLeg", "head": "head", "left_eye": ""}
    humans = {bone: SimpleNamespace(node=SimpleNamespace(bone_name=name)) for bone, name in known.items()}
    humanoid = SimpleNamespace(humanoid=SimpleNamespace(human_bones=SimpleNamespace(**humans)))
    data = SimpleNamespace(vrm_addon_extension=SimpleNamespace(vrm1=humanoid))
    assert pose.known(data) == {"left_shoulder": "leftUpperArm", "right_knee": "rightLowerLeg", "head": "head"}
    assert pose.known(armature.data) == {}


def test_the_animals_of_rigify_are_no_people(rigify):
    stage(*SMALL)
    kinds = ("basic_human", "basic_quadruped", "bird", "cat", "horse", "shark", "wolf")
    found = {}
    for kind in kinds:
        getattr(bpy.ops.object, f"armature_{kind}_metarig_add")()
        found[kind] = pose.detect(bpy.context.object) is not None
    assert found == {kind: kind == "basic_human" for kind in kinds}


def standing(maker: str = "mixamo", name: str = "Rig") -> bpy.types.Object:
    armature = build(maker, name)
    flesh(armature, maker)
    return armature


def front(scene: bpy.types.Scene, turn: float = 0.0) -> None:
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    camera.location = Vector((math.sin(turn), -math.cos(turn), 0.0)) * 6 + Vector((0, 0, 1))
    camera.rotation_euler = (math.pi / 2, 0, turn)
    scene.collection.objects.link(camera)
    scene.camera = camera


def states(person: Person) -> dict[str, State]:
    return {name: joint.state for name, joint in by_name(person).items()}


def wall(x: float, y: float, half: float = 0.4) -> bpy.types.Object:
    vertices, faces = scenes.grid(1, 1)
    item = scenes.add_mesh("Wall", vertices * half, faces, None)
    item.location, item.rotation_euler = (x, y, 1.4), (math.pi / 2, 0, 0)
    return item


SMALL, HIDING = (160, 160), ("depth", "object_id")


def test_a_joint_behind_a_wall_is_flagged_and_one_inside_its_own_body_is_not(tmp_path):
    scene = stage(*SMALL)
    standing()
    front(scene)
    wall(0.6, -0.5)
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    found = states(person)
    hidden = {name for name, state in found.items() if state == State.OCCLUDED}
    assert hidden == {"left_elbow", "left_wrist"}
    assert not by_name(person)["left_wrist"].drawn and by_name(person)["right_wrist"].drawn
    assert all(state == State.VISIBLE for name, state in found.items() if name not in hidden)


def test_a_wall_behind_hides_nothing_and_a_sleeve_does_not_either(tmp_path):
    scene = stage(*SMALL)
    armature = standing()
    front(scene)
    wall(0.6, 0.3)
    sleeve = wall(-0.6, -0.04)  # almost touches the arm, and belongs to nobody
    sleeve.name = "Sleeve"
    shield = wall(0.6, -0.5)  # carried
    shield.name, shield.parent = "Shield", armature
    cloak = wall(0.0, -0.5)  # bent by the body that the armature bends
    cloak.name = "Cloak"
    cloak.modifiers.new("Bound", "SURFACE_DEFORM").target = bpy.data.objects["Rig body"]
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    assert set(states(person).values()) == {State.VISIBLE}
    cloak.modifiers.clear()
    cloak.constraints.new("LOCKED_TRACK").target = armature  # a sign that turns to the person hides it
    (person,) = captured(scene, tmp_path / "sign", SMALL, HIDING)
    assert states(person)["neck"] == State.OCCLUDED


def test_without_depth_nothing_is_said_to_be_hidden(tmp_path):
    scene = stage(*SMALL)
    standing()
    front(scene)
    wall(0.6, -0.5)
    (person,) = captured(scene, tmp_path / "shot", SMALL)
    assert set(states(person).values()) == {State.VISIBLE}


def test_two_people_keep_their_order_and_hide_each_other(tmp_path):
    scene = stage(*SMALL)
    standing(name="B behind").location = (0.1, 1, 0)
    standing("unreal", name="A in front")
    front(scene)
    people = captured(scene, tmp_path / "shot", SMALL, HIDING)
    assert [person.name for person in people] == ["A in front", "B behind"]
    assert State.OCCLUDED not in states(people[0]).values()
    assert states(people[1])["neck"] == State.OCCLUDED
    hide = bpy.data.objects["A in front body"]
    hide.hide_render = True
    assert [person.name for person in captured(scene, tmp_path / "other", SMALL, HIDING)] == ["B behind"]


def test_a_person_in_an_instanced_collection_is_where_the_instance_is(tmp_path):
    scene = stage()
    armature, bones = (
        build("mixamo"),
        {k: v for k, v in rig_names.joints(rig_names.MAKERS["mixamo"]).items() if k in BODY},
    )
    group = bpy.data.collections.new("Group")
    for item in [armature, flesh(armature, "mixamo")]:
        scene.collection.objects.unlink(item)
        group.objects.link(item)
    for x in (-1.2, 1.2):
        instance = bpy.data.objects.new("Instance", None)
        instance.instance_type, instance.instance_collection, instance.location = "COLLECTION", group, (x, 0, 0)
        scene.collection.objects.link(instance)
    front(scene)
    scene.camera.data.lens = 35
    people = captured(scene, tmp_path / "shot")
    assert len(people) == 2
    for joint, bone in bones.items():
        place = armature.data.bones[bone].head_local
        off = [[distance(scene, by_name(p)[joint], place + Vector((x, 0, 0))) for x in (-1.2, 1.2)] for p in people]
        assert min(max(off[0][0], off[1][1]), max(off[0][1], off[1][0])) < TWO_PIXELS, joint


@pytest.mark.parametrize(
    ("turn", "away"),
    [
        (0.0, set()),
        (math.pi, {"nose", "left_eye", "right_eye"}),
        (math.pi / 2, {"right_eye", "right_ear"}),  # the camera is at the person's left
        (-math.pi / 2, {"left_eye", "left_ear"}),
    ],
)
def test_a_turned_head_shows_what_people_would_annotate(turn, away, tmp_path):
    scene = stage(*SMALL)
    standing()
    front(scene, turn)
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    assert {name for name, state in states(person).items() if state == State.AWAY} == away
    ends = by_name(person)
    if turn == 0.0:
        assert ends["right_ear"].x < ends["right_eye"].x < ends["nose"].x < ends["left_eye"].x < ends["left_ear"].x
        assert ends["left_eye"].y < ends["nose"].y < ends["neck"].y


def test_what_is_outside_or_behind_the_camera_is_said(tmp_path):
    scene = stage(*SMALL)
    standing()
    front(scene)
    scene.camera.location = (0.5, -1.0, 1.2)
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    found = states(person)
    assert found["right_wrist"] == found["left_ankle"] == State.OUTSIDE and found["left_elbow"] == State.VISIBLE
    scene.camera.location = (0.5, 6, 1.2)
    assert captured(scene, tmp_path / "behind", SMALL, HIDING) == ()


@pytest.fixture
def registered():
    """The property of armatures, as in a Blender with the extension."""
    from flowbrush import properties

    bpy.utils.register_class(properties.FlowbrushPerson)
    bpy.types.Object.flowbrush_person = bpy.props.PointerProperty(type=properties.FlowbrushPerson)
    yield
    if hasattr(bpy.types.Object, "flowbrush_person"):
        del bpy.types.Object.flowbrush_person
        bpy.utils.unregister_class(properties.FlowbrushPerson)


def test_the_users_choice_wins_is_saved_and_needs_no_extension_to_be_read(registered, tmp_path):
    from flowbrush import properties

    scene = stage(*SMALL)
    armature = standing()
    front(scene)
    detected = pose.detect(armature)
    for joint, bone in detected.bones.items():
        setattr(armature.flowbrush_person, joint, bone)
    armature.flowbrush_person.left_wrist = "mixamorig:LeftHandMiddle3"
    armature.flowbrush_person.occluded = True
    other = build("rigify", "Nobody")
    other.flowbrush_person.use = False
    wall(0.6, -0.5)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "file.blend"))
    del bpy.types.Object.flowbrush_person
    bpy.utils.unregister_class(properties.FlowbrushPerson)
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "file.blend"))
    scene = bpy.context.scene
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    wrist = by_name(person)["left_wrist"]
    chosen = bone_head(bpy.data.objects["Rig"], "mixamorig:LeftHandMiddle3")
    assert distance(scene, wrist, chosen, SMALL) < TWO_PIXELS
    assert wrist.state == State.OCCLUDED and wrist.drawn


def test_detect_fills_in_the_fields_and_clear_empties_them(registered):
    from flowbrush.operators import bones

    for cls in bones.CLASSES:
        bpy.utils.register_class(cls)
    stage(*SMALL)
    armature = build("unreal")
    person = armature.flowbrush_person
    person.head = "pelvis"
    assert bpy.ops.flowbrush.detect_bones() == {"FINISHED"}
    expected = rig_names.joints(rig_names.MAKERS["unreal"])
    assert {joint: getattr(person, joint) for joint in expected} == expected
    assert person.nose == "" and person.found.startswith("Names as in Unreal; 100%")
    assert bpy.ops.flowbrush.clear_bones() == {"FINISHED"}
    assert not any(getattr(person, joint) for joint in expected)
    armature.data.bones["thigh_l"].name = armature.data.bones["thigh_r"].name = "something"
    assert bpy.ops.flowbrush.detect_bones() == {"CANCELLED"}
    assert person.found == "No person was found in these bones"
    bpy.context.view_layer.objects.active = None
    with pytest.raises(RuntimeError, match="Select an armature"):
        bpy.ops.flowbrush.detect_bones()
    for cls in reversed(bones.CLASSES):
        bpy.utils.unregister_class(cls)


def test_an_armature_that_its_user_hides_is_still_a_person_while_its_body_shows(tmp_path):
    scene = stage(*SMALL)
    armature = standing()
    front(scene)
    arm = armature.pose.bones["mixamorig:LeftArm"]
    arm.rotation_mode = "XYZ"
    for frame, turn in ((FRAME - 2, 0.0), (FRAME, 0.8)):
        arm.rotation_euler.x = turn
        arm.keyframe_insert("rotation_euler", frame=frame)
    scene.frame_set(FRAME)
    place = bone_head(armature, "mixamorig:LeftHand").copy()
    scene.frame_set(FRAME - 2)
    armature.hide_set(True)
    armature.hide_render = armature.hide_viewport = True
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    assert distance(scene, by_name(person)["left_wrist"], place, SMALL) < TWO_PIXELS
    assert armature.hide_viewport


def test_motion_without_a_body_is_a_person_while_nobody_has_one(tmp_path):
    scene = stage(*SMALL)
    motion = build("unreal", "Motion")
    front(scene)
    assert [p.name for p in captured(scene, tmp_path / "motion", SMALL)] == ["Motion"]
    standing()
    assert [p.name for p in captured(scene, tmp_path / "body", SMALL)] == ["Rig"]
    for item in [bpy.data.objects["Rig"], bpy.data.objects["Rig body"]]:
        bpy.data.objects.remove(item)
    motion.hide_set(True)
    assert captured(scene, tmp_path / "hidden", SMALL) == ()


def test_what_is_deleted_meanwhile_is_gone(tmp_path):
    scene = stage(*SMALL)
    add_face(standing(name="A"))
    standing(name="B")
    front(scene)
    settings = CaptureSettings(FRAME, FRAME + 2, samples=1, denoise=False, size=SMALL, passes=HIDING, extras=("pose",))
    with closing(capture(scene, tmp_path / "shot", settings)) as frames:
        next(frames)
        bpy.data.objects.remove(bpy.data.objects["B"])
        bpy.data.meshes.remove(bpy.data.meshes["Face"])
        list(frames)
    shot = Shot.load(tmp_path / "shot")
    people = [read_people(shot.pose_path(frame), SMALL) for frame in shot.frame_numbers]
    assert [[person.name for person in found] for found in people] == [["A", "B"], ["A"], ["A"]]


def test_a_mirrored_person_is_labelled_as_seen(tmp_path):
    scene = stage(*SMALL)
    armature = standing()
    front(scene)
    armature.scale = (-1, 1, 1)
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    joints = by_name(person)
    assert joints["right_wrist"].x < joints["right_shoulder"].x < joints["left_shoulder"].x < joints["left_wrist"].x
    assert joints["right_eye"].x < joints["nose"].x < joints["left_ear"].x
    assert distance(scene, joints["right_wrist"], bone_head(armature, "mixamorig:LeftHand"), SMALL) < TWO_PIXELS
    assert person.right_hand[0].x == joints["right_wrist"].x


def test_the_matrix_of_a_moved_armature_counts(tmp_path):
    scene = stage(*SMALL)
    armature = standing()
    front(scene)
    (before,) = captured(scene, tmp_path / "before", SMALL)
    armature.matrix_world = Matrix.Translation((0.2, 0, 0)) @ armature.matrix_world
    (after,) = captured(scene, tmp_path / "after", SMALL)
    assert not [name for name, joint in by_name(after).items() if not joint.x > by_name(before)[name].x + 2]
