"""Which bones of an armature are a person's joints: names of all makers, decoys between them, and who is no person."""

import json
import os
import struct
from pathlib import Path

import numpy as np
import pytest
import rig_names
from flowbrush.scene.bone_maps import LIMB_JOINTS, Bone, Skeleton, recognise
from flowbrush.scene.bone_names import BoneName, read_name
from hypothesis import given, settings
from hypothesis import strategies as st

SHARED = Path(os.environ.get("FLOWBRUSH_SHARED", Path(__file__).parents[3] / "shared"))
CALLED = {
    "mixamo": "Mixamo",
    "rigify": "Rigify",
    "vroid": "VRM",
    "mmd": "MMD",
    "unreal": "Unreal",
    "cmu, asf": "CMU",
    "cmu, joints": "BVH",
    "rokoko": "Rokoko",
}


def skeleton(bones) -> Skeleton:
    return Skeleton(Bone(name, parent or None, head, tail) for name, parent, head, tail in bones)


def glb(path: Path) -> Skeleton:
    """The named nodes of a glTF file as bones, its y axis up. Skips where the file is missing."""
    if not path.exists():
        pytest.skip(f"the shared material {path.name} is missing")
    data = path.read_bytes()
    document = json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])
    nodes = document["nodes"]
    parents = {child: number for number, node in enumerate(nodes) for child in node.get("children", [])}

    def matrix(number: int) -> np.ndarray:
        node = nodes[number]
        x, y, z, w = node.get("rotation", (0, 0, 0, 1))
        own = np.eye(4)
        own[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
        own[:3, :3] *= node.get("scale", (1, 1, 1))
        own[:3, 3] = node.get("translation", (0, 0, 0))
        if "matrix" in node:
            own = np.array(node["matrix"]).reshape(4, 4).T
        return matrix(parents[number]) @ own if number in parents else own

    names = {number: node.get("name", "") or f"node {number}" for number, node in enumerate(nodes)}
    unique = {
        number: name if list(names.values()).count(name) == 1 else f"{name} #{number}" for number, name in names.items()
    }
    return skeleton(
        (unique[n], unique.get(parents.get(n, -1), ""), matrix(n)[:3, 3], matrix(n)[:3, 3] + (0, 0.05, 0))
        for n in range(len(nodes))
    )


def test_the_same_bone_reads_the_same_whoever_named_it():
    for name in ("mixamorig:LeftForeArm", "DEF-forearm.L", "l_forearm", "Forearm_L", "CC_Base_L_Forearm", "lforearm"):
        assert read_name(name) == BoneName("left", "forearm", ()), name
    assert read_name("左ひじ") == read_name("ひじ.L") == BoneName("left", "ひじ", ())
    assert read_name("右人指１").numbers == (1,) and read_name("右人指１").side == "right"
    assert read_name("lowerback") == BoneName("", "lowerback", ())
    assert read_name("Bip01 R Finger02") == BoneName("right", "finger", ("02",))


@given(st.text())
def test_no_name_is_too_odd(name):
    assert read_name(name).side in ("", "left", "right")


@pytest.mark.parametrize("maker", [name for name in rig_names.MAKERS if name != "by hand"])
def test_joints_are_found_in_the_rigs_of_every_maker(maker):
    made = rig_names.MAKERS[maker]
    found = recognise(skeleton(rig_names.bones(made)))
    assert found is not None and found.confidence == 1.0
    assert {joint: found.bones.get(joint) for joint in rig_names.joints(made)} == rig_names.joints(made)
    assert found.convention == CALLED.get(maker, found.convention)


WORDS = ["Hips", "spine", "neck", "head", "Head", "nose", "eye", "ear", "toe", "Bone", "頭", "finger", "thumb", "index"]
WORDS += [word for maker in rig_names.MAKERS.values() for word in maker.names[4:]]
PLACES = st.tuples(*[st.sampled_from([0.0, 0.1, -0.3, 1.0, 1e-9, 1e6])] * 3)
TREES = st.lists(
    st.tuples(st.sampled_from(WORDS), st.sampled_from(["L", "R", "left", ""]), st.integers(0, 60), PLACES, PLACES),
    max_size=60,
)


@settings(max_examples=200)
@given(TREES)
def test_no_skeleton_is_too_odd(tree):
    bones: dict[str, Bone] = {}
    for word, side, above, head, tail in tree:
        name = word.replace("{s}", side)
        name = f"{name}.{len(bones):03}" if name in bones else name
        parent = list(bones)[above % len(bones)] if bones and above % 3 else None
        bones[name] = Bone(name, parent, np.array(head), np.array(tail))
    found = recognise(Skeleton(bones.values()))
    assert found is None or set(found.bones.values()) <= set(bones)


@settings(max_examples=100)
@given(
    st.sampled_from(list(rig_names.MAKERS)), st.sets(st.integers(0, 60), max_size=8), st.integers(0, 2**32), st.data()
)
def test_a_damaged_person_is_a_person_or_none(maker, gone, seed, data):
    """Bones that are missing, moved anywhere or of no length: what is found is there, and its confidence says so."""
    chance = np.random.default_rng(seed)
    whole = rig_names.bones(rig_names.MAKERS[maker])
    left = {bone[0] for number, bone in enumerate(whole) if number not in gone}
    spread = data.draw(st.sampled_from([0.0, 0.01, 1.0]))
    bones = [
        (name, parent if parent in left else "", head + chance.normal(0, spread, 3), chance.choice([head, tail]))
        for name, parent, head, tail in whole
        if name in left
    ]
    found = recognise(skeleton(bones))
    if found is not None:
        assert set(found.bones.values()) <= left
        expected = sum(joint in found.bones for joint in ("head", *LIMB_JOINTS)) / (1 + len(LIMB_JOINTS))
        assert found.confidence == expected >= 0.75


def test_the_order_of_the_bones_does_not_matter():
    made = rig_names.MAKERS["rigify"]
    assert recognise(skeleton(rig_names.bones(made)[::-1])) == recognise(skeleton(rig_names.bones(made)))


def test_any_axis_may_be_up_and_any_unit():
    made = rig_names.MAKERS["unreal"]
    turn = np.array([[0, 0, 100.0], [100.0, 0, 0], [0, 100.0, 0]])
    turned = [(name, parent, turn @ head, turn @ tail) for name, parent, head, tail in rig_names.bones(made)]
    assert recognise(skeleton(turned)) == recognise(skeleton(rig_names.bones(made)))


def test_sides_named_from_the_front_are_the_persons_own_in_the_end():
    made = rig_names.MAKERS["by hand"]
    found = recognise(skeleton(rig_names.bones(made)))
    assert found is not None
    assert found.bones["left_wrist"] == "hand right" and found.bones["right_knee"] == "lower leg left"


def test_what_stands_on_four_feet_is_no_person():
    made = rig_names.MAKERS["mixamo, no prefix"]
    lying = {"Hips", "Spine1", "Neck", "Head"}
    bones = []
    for name, parent, head, tail in rig_names.bones(made):
        arm = any(part in name for part in ("Arm", "Hand", "Shoulder"))
        # The trunk along -y at the height of the hips, arms straight down from its front.
        place = np.array((0, -(head[2] - 1.0), 1.0)) if name in lying else head
        if arm:
            place = np.array((np.sign(head[0]) * 0.18, -0.45, 0.94 - (abs(head[0]) - 0.18)))
        bones.append((name, parent, place, place + (tail - head)))
    assert recognise(skeleton(bones)) is None


def test_bones_without_names_or_with_half_a_person_are_no_person():
    chain = [
        (f"Bone.{n:03}", f"Bone.{n - 1:03}" if n else "", np.array((n, 0, 0)), np.array((n + 1, 0, 0)))
        for n in range(9)
    ]
    assert recognise(skeleton(chain)) is None
    assert recognise(skeleton([])) is None
    upper = [bone for bone in rig_names.bones(rig_names.MAKERS["mixamo"]) if not bone[0].endswith(("Leg", "Foot"))]
    upper = [(name, parent if parent in {b[0] for b in upper} else "", *rest) for name, parent, *rest in upper]
    assert recognise(skeleton(upper)) is None


def test_what_the_vrm_add_on_knows_goes_before_names():
    bones = rig_names.bones(rig_names.MAKERS["vrm 1"])
    renamed = {name: f"x{number}" for number, (name, *_) in enumerate(bones)}
    known = {joint: renamed[name] for joint, name in rig_names.joints(rig_names.MAKERS["vrm 1"]).items()}
    nameless = [(renamed[name], renamed.get(parent, ""), *rest) for name, parent, *rest in bones]
    assert recognise(skeleton(nameless)) is None
    found = recognise(skeleton(nameless), {**known, "nose": "not there"})
    assert found is not None and found.convention == "VRM" and found.bones == known


def test_a_face_is_found_on_the_head_and_not_in_front_of_it():
    made = rig_names.MAKERS["rigify"]
    at = np.array(rig_names.CENTRE["head"])
    face = [
        ("nose", made.names[3], np.add(at, (0, -0.1, 0.06)), at),
        ("nose.002", made.names[3], np.add(at, (0, -0.13, 0.04)), at),
        ("eye.L", "", np.add(at, (0.03, -0.9, 0.07)), at),
        ("ORG-eye.L", made.names[3], np.add(at, (0.03, -0.06, 0.07)), at),
    ]
    found = recognise(skeleton(rig_names.bones(made) + face))
    assert found is not None
    assert (found.bones["nose"], found.bones["left_eye"]) == ("nose.002", "ORG-eye.L")
    assert "right_eye" not in found.bones


def test_a_hand_of_thumbs_alone_is_no_hand():
    bones = rig_names.bones(rig_names.MAKERS["mixamo"])
    only_thumbs = [bone for bone in bones if not any(f in bone[0] for f in ("Index", "Middle", "Ring", "Pinky"))]
    found = recognise(skeleton(only_thumbs))
    assert found is not None and "left_thumb" not in found.bones


@pytest.mark.shared
@pytest.mark.parametrize(
    "file", ["mtoon_uv_anim.vrm", "tk256_original_01.vrma", "three-vrm_test.vrma", "cryptovoxels.vrm"]
)
def test_vrm_files_are_people_by_their_names(file):
    found = recognise(glb(SHARED / "material" / "vrm" / file))
    assert found is not None and set(LIMB_JOINTS) <= set(found.bones)
    data = (SHARED / "material" / "vrm" / file).read_bytes()
    document = json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])
    extensions = document["extensions"]
    if "VRM" in extensions:
        named = {bone["bone"]: bone["node"] for bone in extensions["VRM"]["humanoid"]["humanBones"]}
    else:
        humans = (extensions.get("VRMC_vrm") or extensions["VRMC_vrm_animation"])["humanoid"]["humanBones"]
        named = {name: bone["node"] for name, bone in humans.items()}
    roles = zip(rig_names.ROLES, ("UpperArm", "LowerArm", "Hand", "UpperLeg", "LowerLeg", "Foot"), strict=True)
    for role, human in roles:
        for side in ("left", "right"):
            assert found.bones[f"{side}_{role}"] == document["nodes"][named[f"{side}{human}"]]["name"]


@pytest.mark.shared
def test_the_fox_is_no_person():
    assert recognise(glb(SHARED / "material" / "character" / "Fox.glb")) is None
