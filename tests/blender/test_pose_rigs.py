"""Joints against bones that are projected independently: rigs of every kind, cameras of every kind, hands, faces."""

import math
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import bpy
import numpy as np
import pytest
import rig_names
from blender import scenes
from blender.people import (
    FRAME,
    HIDING,
    LIMB,
    SMALL,
    TWO_PIXELS,
    add_face,
    bone_head,
    build,
    by_name,
    captured,
    distance,
    flesh,
    front,
    one_person,
    stage,
    standing,
)
from flowbrush.backend.pose import BODY, HAND, Person, State
from flowbrush.scene import pose
from mathutils import Euler, Matrix, Vector

MATERIAL = Path(os.environ.get("FLOWBRUSH_SHARED", Path(__file__).parents[3] / "shared")) / "material"


def check_limbs(
    scene: bpy.types.Scene, armature: bpy.types.Object, person: Person, bones: dict[str, str], size=(512, 512)
) -> None:
    """Limbs within two pixels of the heads of `bones`, and the neck between the shoulders."""
    scene.frame_set(FRAME)
    joints = by_name(person)
    wrong = {
        name: off
        for name, bone in bones.items()
        if not (off := distance(scene, joints[name], bone_head(armature, bone), size)) < TWO_PIXELS
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


def test_the_animals_of_rigify_are_no_people(rigify):
    stage(*SMALL)
    kinds = ("basic_human", "basic_quadruped", "bird", "cat", "horse", "shark", "wolf")
    found = {}
    for kind in kinds:
        getattr(bpy.ops.object, f"armature_{kind}_metarig_add")()
        found[kind] = pose.detect(bpy.context.object) is not None
    assert found == {kind: kind == "basic_human" for kind in kinds}


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


def test_a_mirrored_person_is_labelled_as_seen(tmp_path):
    scene, armature = one_person()
    armature.scale = (-1, 1, 1)
    (person,) = captured(scene, tmp_path / "shot", SMALL, HIDING)
    joints = by_name(person)
    assert joints["right_wrist"].x < joints["right_shoulder"].x < joints["left_shoulder"].x < joints["left_wrist"].x
    assert joints["right_eye"].x < joints["nose"].x < joints["left_ear"].x
    assert distance(scene, joints["right_wrist"], bone_head(armature, "mixamorig:LeftHand"), SMALL) < TWO_PIXELS
    assert person.right_hand[0].x == joints["right_wrist"].x


def test_the_matrix_of_a_moved_armature_counts(tmp_path):
    scene, armature = one_person()
    (before,) = captured(scene, tmp_path / "before", SMALL)
    armature.matrix_world = Matrix.Translation((0.2, 0, 0)) @ armature.matrix_world
    (after,) = captured(scene, tmp_path / "after", SMALL)
    assert not [name for name, joint in by_name(after).items() if not joint.x > by_name(before)[name].x + 2]
