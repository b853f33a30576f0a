"""What the bones of a person are called in the rigs of different makers, and skeletons with such names.

Joints come first and what must not be taken for them second; `{s}` stands for the side as each maker writes it.
"""

from dataclasses import dataclass

import numpy as np

ROLES = ("shoulder", "elbow", "wrist", "hip", "knee", "ankle")
# Where a grown person's joints are in a T-pose: metres, x to the person's left, facing -y, z up.
CENTRE = {"hips": (0, 0, 1.0), "chest": (0, 0.02, 1.3), "neck": (0, 0.02, 1.5), "head": (0, 0.0, 1.58)}
LIMBS = {
    "collar": (0.03, 0.0, 1.45),
    "shoulder": (0.18, 0.02, 1.44),
    "elbow": (0.45, 0.04, 1.44),
    "wrist": (0.7, 0.02, 1.44),
    "hip": (0.1, 0.0, 0.94),
    "knee": (0.1, -0.02, 0.5),
    "ankle": (0.1, 0.02, 0.09),
    "toe": (0.1, -0.12, 0.02),
}
PARENT = {
    "hips": "",
    "chest": "hips",
    "neck": "chest",
    "head": "neck",
    "collar": "chest",
    "shoulder": "collar",
    "elbow": "shoulder",
    "wrist": "elbow",
    "hip": "hips",
    "knee": "hip",
    "ankle": "knee",
    "toe": "ankle",
}
FINGERS = ("thumb", "index", "middle", "ring", "little")


@dataclass(frozen=True)
class Maker:
    """names: hips, chest, neck, head; then collar, shoulder, elbow, wrist, hip, knee, ankle, toe of a side.

    sides: how the left and the right side are written. fingers: the three bones of each finger with {f} and {n}, and
    the fingers' names. decoys: bones at the joint of another that must not be taken, by role.
    """

    names: tuple[str, ...]
    sides: tuple[str, str]
    fingers: str = ""
    finger_names: tuple[str, ...] = ("Thumb", "Index", "Middle", "Ring", "Pinky")
    numbers: tuple[str, ...] = ("1", "2", "3")
    decoys: tuple[tuple[str, str], ...] = ()


def _maker(names: str, sides: str, *rest, **more) -> Maker:
    left, right = sides.split(",")
    return Maker(tuple(names.split("; ")), (left, right), *rest, **more)


MIXAMO = (
    "{p}Hips; {p}Spine1; {p}Neck; {p}Head; {p}{s}Shoulder; {p}{s}Arm; {p}{s}ForeArm; {p}{s}Hand; "
    "{p}{s}UpLeg; {p}{s}Leg; {p}{s}Foot; {p}{s}ToeBase"
)
MAKERS = {
    "mixamo": _maker(MIXAMO.replace("{p}", "mixamorig:"), "Left,Right", "mixamorig:{s}Hand{f}{n}"),
    "mixamo, numbered prefix": _maker(MIXAMO.replace("{p}", "mixamorig5:"), "Left,Right", "mixamorig5:{s}Hand{f}{n}"),
    "mixamo, no prefix": _maker(MIXAMO.replace("{p}", ""), "Left,Right", "{s}Hand{f}{n}"),
    "mixamo through sketchfab": _maker(
        "_rootJoint_Hips_00; Spine_01; Neck_02; Head_03; {s}Shoulder_04; {s}Arm_05; {s}ForeArm_06; {s}Hand_07; "
        "{s}UpLeg_055; {s}Leg_056; {s}Foot_057; {s}ToeBase_058",
        "Left,Right",
    ),
    "rigify": _maker(
        "DEF-spine; DEF-spine.003; DEF-spine.004; DEF-spine.006; DEF-shoulder.{s}; DEF-upper_arm.{s}; DEF-forearm.{s}; "
        "DEF-hand.{s}; DEF-thigh.{s}; DEF-shin.{s}; DEF-foot.{s}; DEF-toe.{s}",
        "L,R",
        "DEF-{f}.{n}.{s}",
        ("thumb", "f_index", "f_middle", "f_ring", "f_pinky"),
        ("01", "02", "03"),
        (
            ("shoulder", "DEF-upper_arm.{s}.001"),
            ("shoulder", "ORG-upper_arm.{s}"),
            ("shoulder", "upper_arm_fk.{s}"),
            ("elbow", "MCH-forearm_ik.{s}"),
            ("hip", "DEF-thigh.{s}.001"),
            ("ankle", "foot_ik.{s}"),
            ("wrist", "hand_ik.{s}"),
        ),
    ),
    "vroid": _maker(
        "J_Bip_C_Hips; J_Bip_C_Chest; J_Bip_C_Neck; J_Bip_C_Head; J_Bip_{s}_Shoulder; J_Bip_{s}_UpperArm; "
        "J_Bip_{s}_LowerArm; J_Bip_{s}_Hand; J_Bip_{s}_UpperLeg; J_Bip_{s}_LowerLeg; J_Bip_{s}_Foot; J_Bip_{s}_ToeBase",
        "L,R",
        "J_Bip_{s}_{f}{n}",
        ("Thumb", "Index", "Middle", "Ring", "Little"),
        decoys=(("head", "J_Sec_Hair1_01"),),
    ),
    "vrm 1": _maker(
        "hips; chest; neck; head; {s}Shoulder; {s}UpperArm; {s}LowerArm; {s}Hand; {s}UpperLeg; {s}LowerLeg; {s}Foot; "
        "{s}Toes",
        "left,right",
        "{s}{f}{n}",
        ("Thumb", "Index", "Middle", "Ring", "Little"),
        ("Proximal", "Intermediate", "Distal"),
    ),
    "mmd": _maker(
        "センター; 上半身; 首; 頭; {s}肩; {s}腕; {s}ひじ; {s}手首; {s}足; {s}ひざ; {s}足首; {s}つま先",
        "左,右",
        "{s}{f}{n}",
        ("親指", "人指", "中指", "薬指", "小指"),
        ("１", "２", "３"),
        (("ankle", "{s}足ＩＫ"), ("elbow", "{s}腕捩"), ("hip", "{s}足D")),
    ),
    "mmd_tools": _maker(
        "センター; 上半身; 首; 頭; 肩.{s}; 腕.{s}; ひじ.{s}; 手首.{s}; 足.{s}; ひざ.{s}; 足首.{s}; つま先.{s}",
        "L,R",
        decoys=(("ankle", "足IK.{s}"),),
    ),
    "mmd, english": _maker(
        "center; upper body; neck; head; shoulder_{s}; arm_{s}; elbow_{s}; wrist_{s}; leg_{s}; knee_{s}; ankle_{s}; "
        "toe_{s}",
        "L,R",
        "{f}{n}_{s}",
        ("thumb", "fore", "middle", "third", "little"),
        ("0", "1", "2"),
    ),
    "unreal": _maker(
        "pelvis; spine_03; neck_01; head; clavicle_{s}; upperarm_{s}; lowerarm_{s}; hand_{s}; thigh_{s}; calf_{s}; "
        "foot_{s}; ball_{s}",
        "l,r",
        "{f}_{n}_{s}",
        ("thumb", "index", "middle", "ring", "pinky"),
        ("01", "02", "03"),
        (("elbow", "upperarm_twist_01_{s}"), ("wrist", "ik_hand_{s}"), ("hip", "thigh_twist_01_{s}")),
    ),
    "cmu, asf": _maker(
        "root; thorax; lowerneck; head; {s}clavicle; {s}humerus; {s}radius; {s}wrist; {s}femur; {s}tibia; {s}foot; "
        "{s}toes",
        "l,r",
        decoys=(("hip", "{s}hipjoint"),),
    ),
    "cmu, joints": _maker(
        "Hips; Chest; Neck; Head; {s}Collar; {s}Shoulder; {s}Elbow; {s}Wrist; {s}Hip; {s}Knee; {s}Ankle; {s}Toe",
        "Left,Right",
        decoys=(("hips", "{s}HipJoint"),),
    ),
    "rokoko": _maker(
        "Hips; Spine3; Neck; Head; {s}Shoulder; {s}Arm; {s}ForeArm; {s}Hand; {s}Thigh; {s}Shin; {s}Foot; {s}Toe",
        "Left,Right",
        "{s}Finger{f}{n}",
        ("1", "2", "3", "4", "5"),
        ("Proximal", "Medial", "Distal"),
    ),
    "biped": _maker(
        "Bip01 Pelvis; Bip01 Spine2; Bip01 Neck; Bip01 Head; Bip01 {s} Clavicle; Bip01 {s} UpperArm; "
        "Bip01 {s} Forearm; Bip01 {s} Hand; Bip01 {s} Thigh; Bip01 {s} Calf; Bip01 {s} Foot; Bip01 {s} Toe0",
        "L,R",
        "Bip01 {s} Finger{f}{n}",
        ("0", "1", "2", "3", "4"),
        ("", "1", "2"),
    ),
    "source": _maker(
        "ValveBiped.Bip01_Pelvis; ValveBiped.Bip01_Spine4; ValveBiped.Bip01_Neck1; ValveBiped.Bip01_Head1; "
        "ValveBiped.Bip01_{s}_Clavicle; ValveBiped.Bip01_{s}_UpperArm; ValveBiped.Bip01_{s}_Forearm; "
        "ValveBiped.Bip01_{s}_Hand; ValveBiped.Bip01_{s}_Thigh; ValveBiped.Bip01_{s}_Calf; ValveBiped.Bip01_{s}_Foot; "
        "ValveBiped.Bip01_{s}_Toe0",
        "L,R",
    ),
    "daz": _maker(
        "hip; chestUpper; neckLower; head; {s}Collar; {s}ShldrBend; {s}ForearmBend; {s}Hand; {s}ThighBend; {s}Shin; "
        "{s}Foot; {s}Toe",
        "l,r",
        "{s}{f}{n}",
        ("Thumb", "Index", "Mid", "Ring", "Pinky"),
    ),
    "auto-rig pro": _maker(
        "root.x; spine_02.x; neck.x; head.x; shoulder.{s}; arm_stretch.{s}; forearm_stretch.{s}; hand.{s}; "
        "thigh_stretch.{s}; leg_stretch.{s}; foot.{s}; toes_01.{s}",
        "l,r",
        decoys=(("elbow", "arm_twist.{s}"),),
    ),
    "character creator": _maker(
        "CC_Base_Hip; CC_Base_Spine02; CC_Base_NeckTwist01; CC_Base_Head; CC_Base_{s}_Clavicle; CC_Base_{s}_Upperarm; "
        "CC_Base_{s}_Forearm; CC_Base_{s}_Hand; CC_Base_{s}_Thigh; CC_Base_{s}_Calf; CC_Base_{s}_Foot; "
        "CC_Base_{s}_ToeBase",
        "L,R",
        "CC_Base_{s}_{f}{n}",
        ("Thumb", "Index", "Mid", "Ring", "Pinky"),
        decoys=(("elbow", "CC_Base_{s}_UpperarmTwist01"),),
    ),
    "makehuman": _maker(
        "root; spine01; neck01; head; clavicle.{s}; upperarm01.{s}; lowerarm01.{s}; wrist.{s}; upperleg01.{s}; "
        "lowerleg01.{s}; foot.{s}; toe1-1.{s}",
        "L,R",
        decoys=(("elbow", "upperarm02.{s}"), ("knee", "upperleg02.{s}")),
    ),
    "smpl": _maker(
        "Pelvis; Spine3; Neck; Head; {s}_Collar; {s}_Shoulder; {s}_Elbow; {s}_Wrist; {s}_Hip; {s}_Knee; {s}_Ankle; "
        "{s}_Foot",
        "L,R",
    ),
    "by hand": _maker(
        "Hip bone; Upper body; Neck; Head; collar {s}; upper arm {s}; lower arm {s}; hand {s}; upper leg {s}; "
        "lower leg {s}; foot {s}; toes {s}",
        "right,left",  # as seen by whoever stood in front of it
    ),
}


def bones(maker: Maker) -> list[tuple[str, str, np.ndarray, np.ndarray]]:
    """(name, parent's name or "", head, tail) of each bone of a person in a T-pose, parents first."""
    made: list[tuple[str, str, np.ndarray, np.ndarray]] = []
    for (role, place), name in zip(CENTRE.items(), maker.names, strict=False):
        parent = PARENT[role] and maker.names[list(CENTRE).index(PARENT[role])]
        made.append((name, parent, np.array(place, float), np.add(place, (0, 0, 0.12))))
    for side, mirror in zip(maker.sides, (1, -1), strict=True):
        called = dict(zip(CENTRE, maker.names, strict=False))
        called |= {role: name.replace("{s}", side) for role, name in zip(LIMBS, maker.names[4:], strict=True)}
        places = {role: np.array(place) * (mirror, 1, 1) for role, place in LIMBS.items()}
        for role, place in places.items():
            after = next((r for r, above in PARENT.items() if above == role), "")
            tail = places.get(after, np.add(place, (0.08 * mirror, 0, 0) if role == "wrist" else (0, -0.08, 0)))
            made.append((called[role], called[PARENT[role]], place, tail))
        places |= {role: np.array(place, float) for role, place in CENTRE.items()}
        for role, name in maker.decoys:
            at = np.add(places[role], (0, 0.03, 0))
            made.append(
                (name.replace("{s}", side), called[PARENT[role]] if PARENT[role] else "", at, np.add(at, (0, 0.05, 0)))
            )
        if maker.fingers:
            made += _fingers(maker, side, mirror, called["wrist"])
    return list({name: (name, *rest) for name, *rest in made}.values())


def _fingers(maker: Maker, side: str, mirror: int, wrist: str) -> list[tuple[str, str, np.ndarray, np.ndarray]]:
    made = []
    for row, finger in enumerate(maker.finger_names):
        parent = wrist
        for part, number in enumerate(maker.numbers):
            head = np.array(((0.72 + 0.03 * (part + (row > 0))) * mirror, -0.05 + 0.025 * row, 1.44))
            name = maker.fingers.replace("{s}", side).replace("{f}", finger).replace("{n}", number)
            made.append((name, parent, head, np.add(head, (0.03 * mirror, 0, 0))))
            parent = name
    return made


def joints(maker: Maker) -> dict[str, str]:
    """Which bone is which joint: `left_shoulder`…, `head`, and the first bone of each finger."""
    found = {"head": maker.names[3]}
    for side, own in zip(maker.sides, ("left", "right"), strict=True):
        named = dict(zip(LIMBS, maker.names[4:], strict=True))
        found |= {f"{own}_{role}": named[role].replace("{s}", side) for role in ROLES}
        if maker.fingers:
            found |= {
                f"{own}_{finger}": maker.fingers.replace("{s}", side)
                .replace("{f}", name)
                .replace("{n}", maker.numbers[0])
                for finger, name in zip(FINGERS, maker.finger_names, strict=True)
            }
    return found
