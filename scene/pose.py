"""Where people's joints are in the picture of a frame: armatures, seen through the camera.

A joint is at the head of its bone, so elbows, wrists, hips, knees and ankles are where the mesh bends. The neck is
half way between the shoulders, which is how OpenPose's own training data has it. `face_bones` says where nose, eyes
and ears are. What a detector could not see is said for each joint (`State`).
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bpy
import numpy as np

from ..backend.pose import BODY, FACE, MISSING, Joint, Person, State, write_people
from ..backend.shot import Shot
from . import compat
from .bone_maps import JOINTS, VRM_BONES, Bone, BoneMap, Skeleton, axes, other_sides, recognise, unit
from .bone_names import FINGERS, LIMBS, SIDES
from .changes import Changes
from .face_bones import Spot, features, landmarks
from .face_mesh import key_landmarks, shapes_of_head
from .held import exists
from .surface import RENDERED
from .view import View

PROPERTY = "flowbrush_person"  # of armature objects, see `properties.person`
_LIMB = 0.06  # of the stature: what is closer in front of a joint is around it, as flesh and clothes are
_AROUND = 0.015  # of the stature: the surroundings of a joint that are looked at
# What makes one object move with another; looking at it does not.
_BENDING = {"ARMATURE", "HOOK", "LATTICE", "MESH_DEFORM", "SURFACE_DEFORM"}
_CARRYING = {"ARMATURE", "CHILD_OF", "COPY_LOCATION", "COPY_TRANSFORMS"}
_LONGEST_END = 1.1  # of the bone before: a wrist or ankle without a bone of its own is no further


@dataclass(frozen=True)
class Rig:
    """A person's armature, and where its joints are on its bones.

    bones: by names of `JOINTS`. fingers: their bones from the root. face: nose, eyes and ears. looks: left, forward and
    up of the head in the space of its bone at rest, (3, 3) in rows. landmarks: of the detailed face, by number.
    stature: from the ankles to the head, in the armature's space. own: the objects that move with it. seen: whether the
    armature itself is shown in the viewport. chosen: whether the bones are a user's choice. occluded: whether joints
    behind other things are to be drawn.
    """

    armature: bpy.types.Object
    bones: Mapping[str, str]
    fingers: Mapping[str, tuple[str, ...]]
    face: Mapping[str, Spot]
    looks: np.ndarray
    landmarks: Mapping[int, Spot]
    stature: float
    own: frozenset[bpy.types.Object]
    seen: bool
    chosen: bool
    occluded: bool

    @property
    def body(self) -> list[bpy.types.Object]:
        """What it moves that can be rendered."""
        return [item for item in self.own if exists(item) and item.type in RENDERED]


def detect(armature: bpy.types.Object) -> BoneMap | None:
    """The person that an armature is by its bones alone, or None."""
    return recognise(skeleton(armature), known(armature.data))


def skeleton(armature: bpy.types.Object) -> Skeleton:
    """An armature's bones at rest."""
    return Skeleton(
        Bone(b.name, b.parent.name if b.parent else None, np.array(b.head_local), np.array(b.tail_local), b.use_deform)
        for b in armature.data.bones
    )


def known(data: bpy.types.Armature) -> dict[str, str]:
    """The bones that the VRM add-on knows, where it is enabled; it keeps those of VRM 0 in the words of VRM 1 too."""
    extension = getattr(data, "vrm_addon_extension", None)
    humans: Any = extension.vrm1.humanoid.human_bones if extension else None
    named = {joint: getattr(getattr(humans, bone, None), "node", None) for bone, joint in VRM_BONES.items()}
    return {joint: node.bone_name for joint, node in named.items() if node is not None and node.bone_name}


def rigs(changes: Changes, layer: bpy.types.ViewLayer) -> list[Rig]:
    """All people, by name. What a user set on an armature goes before what its bones say by themselves.

    An armature that moves nothing to be seen, as motion capture is imported, is a person only where none in the file
    does, or where a user chose its bones. Until `changes` closes, those that are disabled in viewports are not:
    Blender would leave them in an old pose where a render does not.
    """
    armatures = [item for item in bpy.data.objects if item.type == "ARMATURE" and item.data.bones]
    seen = {item.name_full for item in armatures if item.name in layer.objects and item.visible_get(view_layer=layer)}
    holders = [group for group in bpy.data.collections if set(armatures) & set(group.all_objects)]
    for item in (*armatures, *holders):
        changes.set(item, "hide_viewport", False)
    layer.update()  # heads are measured by where their meshes are
    armatures.sort(key=lambda item: item.name_full)
    found = [rig for rig in (_rig(item, item.name_full in seen) for item in armatures) if rig is not None]
    return [rig for rig in found if rig.body or rig.chosen or not any(other.body for other in found)]


def _rig(armature: bpy.types.Object, seen: bool) -> Rig | None:
    settings = compat.stored_group(armature, PROPERTY)
    bones = {joint: settings[joint] for joint in JOINTS if settings.get(joint, "") in armature.data.bones}
    if not settings.get("use", True):
        return None
    chosen = bool(bones)
    if not chosen:
        detected = detect(armature)
        bones = detected.bones if detected else {}
    skeletal = skeleton(armature)
    places = skeletal.places(bones)
    if not {f"{side}_{name}" for side in SIDES for name in ("shoulder", "hip")} <= set(places):
        return None
    own = _own(armature)
    face: dict[str, Spot] = {}
    points: dict[int, Spot] = {}
    looks = np.eye(3)
    if head := bones.get("head"):
        into = np.array(armature.data.bones[head].matrix_local.inverted_safe())
        found = features(skeletal, bones, shapes_of_head(armature, head, own), _stature(places))
        face = {name: Spot(head, into[:3, :3] @ place + into[:3, 3]) for name, place in found.items()}
        looks = axes(places) @ into[:3, :3].T
        points = key_landmarks(armature, head, axes(places), own) | landmarks(skeletal, bones)
    return Rig(
        armature,
        bones,
        {joint: tuple(skeletal.chain(bones[joint], 4)) for joint in bones if joint.partition("_")[2] in FINGERS},
        face,
        looks,
        points,
        _stature(places),
        own,
        seen,
        chosen,
        bool(settings.get("occluded", False)),
    )


def _stature(places: Mapping[str, np.ndarray]) -> float:
    """A person's height from the lengths of trunk and thigh, whatever the pose."""
    shoulders, hips = (np.mean([places[f"{side}_{name}"] for side in SIDES], axis=0) for name in ("shoulder", "hip"))
    trunk = float(np.linalg.norm(shoulders - hips))
    thighs = [float(np.linalg.norm(places[f"{s}_knee"] - places[f"{s}_hip"])) for s in SIDES if f"{s}_knee" in places]
    return 1.3 * (trunk + 2.0 * float(np.mean(thighs or [trunk])))


def _own(armature: bpy.types.Object) -> frozenset[bpy.types.Object]:
    """The objects that an armature carries or bends, and what these carry and bend in turn."""
    masters = {item: frozenset(_masters(item)) for item in bpy.data.objects}
    own = {armature}
    while more := {item for item in masters if masters[item] & own} - own:
        own |= more
    return frozenset(own)


def _masters(item: bpy.types.Object) -> Iterator[bpy.types.Object]:
    """What an object moves with."""
    if item.parent is not None:
        yield item.parent
    for modifier in item.modifiers:
        if modifier.type in _BENDING:
            yield getattr(modifier, "object", None) or getattr(modifier, "target", None)
    for constraint in item.constraints:
        if constraint.type in _CARRYING:
            yield from (goal.target for goal in getattr(constraint, "targets", (constraint,)))


def write(
    rigs: Iterable[Rig],
    layer: bpy.types.ViewLayer,
    shot: Shot,
    channels: Mapping[str, np.ndarray],
    frame: int,
) -> None:
    """Writes the file of `frame`, the current frame of the scene: everybody who is at least partly in the picture.

    channels: of the frame's passes; what hides whom is seen where depth and object ids are among them. Raises
    StorageError.
    """
    view = View(shot.cameras[frame], shot.resolution, *_surfaces(shot, channels))
    numbers = {item.name: item.id for item in shot.objects}
    found = []
    for rig in (rig for rig in rigs if exists(rig.armature)):
        own = np.array([numbers[item.name_full] for item in rig.body if item.name_full in numbers], np.int64)
        for matrix in _places(rig, layer):
            person = _person(_Pose(rig, matrix, layer.depsgraph), rig, own, view)
            if any(joint.state not in (State.OUTSIDE, State.MISSING) for joint in person.body):
                found.append(person)
    write_people(shot.pose_path(frame), tuple(found), shot.resolution)


def _surfaces(shot: Shot, channels: Mapping[str, np.ndarray]) -> tuple[np.ndarray | None, np.ndarray | None]:
    """Depth and object ids of a frame; None for both unless both were captured."""
    if not {"depth", "object_id"} <= set(shot.passes):
        return None, None
    depth, ids = (channels[shot.passes[name].channels[0]] for name in ("depth", "object_id"))
    return depth, ids


def _places(rig: Rig, layer: bpy.types.ViewLayer) -> list[np.ndarray]:
    """The armature's matrices to the world, (4, 4), once for each time that what it moves is rendered, or that it is
    seen itself if it moves nothing."""
    if rig.body and all(item.hide_render for item in rig.body):
        return []
    shown = any(item.name in layer.objects for item in rig.body) or (rig.seen and not rig.body)
    own = [rig.armature] if shown else []
    return [
        *(np.array(armature.evaluated_get(layer.depsgraph).matrix_world) for armature in own),
        *(
            np.array(instance.matrix_world)
            for instance in layer.depsgraph.object_instances
            if instance.is_instance and instance.object.original == rig.armature
        ),
    ]


def _person(pose: "_Pose", rig: Rig, own: np.ndarray, view: View) -> Person:
    face = {number: pose.at(spot) for number, spot in rig.landmarks.items()}
    inside, around = _LIMB * pose.stature, _AROUND * pose.stature

    def joint(place: np.ndarray | None, away: bool = False, through: float = np.inf) -> Joint:
        """through: how much of the own body may be in front of it."""
        if place is None:
            return MISSING
        x, y, depth = view.project(place)
        if not depth > 0:
            return MISSING
        state = State.AWAY if away else State.VISIBLE
        if not view.holds(x, y):
            state = State.OUTSIDE
        elif not away and view.hides(place, around, inside, through, own):
            state = State.OCCLUDED
        return Joint(x, y, state, state == State.VISIBLE or (state == State.OCCLUDED and rig.occluded))

    # Of a mirrored person the left hand looks like a right one, and is one to whoever sees it.
    named = other_sides if pose.mirrored else dict
    body, turned = named(pose.body), named(pose.turned_away(view))
    hands = named({f"{side}_hand": pose.hand(side) for side in SIDES})
    return Person(
        rig.armature.name_full,
        tuple(joint(body.get(name), turned.get(name, False)) for name in BODY),
        tuple(joint(place, through=inside) for place in hands["left_hand"]),
        tuple(joint(place, through=inside) for place in hands["right_hand"]),
        tuple(joint(face.get(n), n in face and pose.far_side(face[n], view)) for n in range(FACE)) if face else (),
    )


class _Pose:
    """A rig as it stands now: everything in world space."""

    def __init__(self, rig: Rig, matrix: np.ndarray, depsgraph: bpy.types.Depsgraph) -> None:
        self._bones = rig.armature.evaluated_get(depsgraph).pose.bones
        self._depsgraph = depsgraph
        self._matrix = matrix
        self._rig = rig
        volume = float(np.linalg.det(matrix[:3, :3]))
        self.mirrored = volume < 0
        self.stature = rig.stature * abs(volume) ** (1 / 3)

    def along(self, bone: str, part: float = 0.0) -> np.ndarray:
        """A place on a bone, 0 is its head and 1 its tail."""
        posed = self._bones[bone]
        return self._world(np.array(posed.head) + part * np.array(posed.tail - posed.head))

    def at(self, spot: Spot) -> np.ndarray:
        """A point that moves with a bone and with shape keys."""
        place = np.array(spot.place)
        if spot.key is not None and exists(spot.key):
            values = spot.key.evaluated_get(self._depsgraph).key_blocks
            place += sum((values[name].value * delta for name, delta in spot.deltas.items()), np.zeros(3))
        turn = np.array(self._bones[spot.bone].matrix)
        return self._world(turn[:3, :3] @ place + turn[:3, 3])

    def _world(self, place: np.ndarray) -> np.ndarray:
        return self._matrix[:3, :3] @ place + self._matrix[:3, 3]

    @cached_property
    def body(self) -> dict[str, np.ndarray]:
        """The joints of the body by name, as far as they are known."""
        bones = self._rig.bones
        found = {name: self.along(bone) for name, bone in bones.items() if name in BODY}
        found["neck"] = (found["left_shoulder"] + found["right_shoulder"]) / 2
        for side in SIDES:
            for upper, bend, end in LIMBS:
                above, at = found.get(f"{side}_{upper}"), bones.get(f"{side}_{bend}")
                if f"{side}_{end}" not in found and above is not None and at:
                    found[f"{side}_{end}"] = self._end(at, float(np.linalg.norm(self.along(at) - above)))
        return {name: self.at(spot) for name, spot in self._rig.face.items()} | found

    def _end(self, bone: str, before: float) -> np.ndarray:
        """The end of a bone; files that keep no ends make them up, so it is no further than the bone before is long."""
        start, end = self.along(bone), self.along(bone, 1.0)
        length = min(float(np.linalg.norm(end - start)), _LONGEST_END * before)
        return start + length * unit(end - start)

    def hand(self, side: str) -> list[np.ndarray | None]:
        """The 21 joints of a hand, or none if it has no fingers."""
        fingers = [self._rig.fingers.get(f"{side}_{name}", ()) for name in FINGERS]
        joints = [joint for bones in fingers for joint in self._finger(bones)]
        return [self.body.get(f"{side}_wrist"), *joints] if any(fingers) else []

    def _finger(self, bones: tuple[str, ...]) -> list[np.ndarray | None]:
        """Its three joints and its tip; with two bones only, the last joint is half way along the second."""
        if len(bones) < 2:
            return [None] * 4
        joints = [self.along(bone) for bone in bones]
        if len(bones) > 3:
            return list(joints)
        tip = self._end(bones[-1], float(np.linalg.norm(joints[-1] - joints[-2])))
        if len(bones) == 2:
            joints.append((joints[-1] + tip) / 2)
        return [*joints, tip]

    def _looks(self) -> np.ndarray:
        """(3, 3): left, forward and up of the head, in rows."""
        turn = self._matrix[:3, :3] @ np.array(self._bones[self._rig.bones["head"]].matrix)[:3, :3]
        return np.array([unit(turn @ axis) for axis in self._rig.looks])

    def turned_away(self, view: View) -> dict[str, bool]:
        """Which of nose, eyes and ears are on the far side of the head: as people annotate pictures, a nose is still
        seen in profile, and an ear from slightly behind the other cheek."""
        if "head" not in self._rig.bones:
            return {}
        left, forward, _ = self._looks()
        to = view.towards(self.along(self._rig.bones["head"]))
        sides = {"left": left, "right": -left}
        return {
            "nose": bool(forward @ to < -0.2),
            **{f"{side}_eye": bool((0.85 * forward + 0.5 * out) @ to < 0.0) for side, out in sides.items()},
            **{f"{side}_ear": bool(out @ to < -0.5) for side, out in sides.items()},
        }

    def far_side(self, place: np.ndarray, view: View) -> bool:
        """Whether a point of the face is on the far side of the head, whose middle is between the ears."""
        middle = (self.body["left_ear"] + self.body["right_ear"]) / 2
        return bool(unit(place - middle) @ view.towards(place) < -0.1)
