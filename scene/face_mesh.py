"""What meshes say of a face: the shape of the head, and the lids and lips that shape keys move.

A key that closes the eyes moves the upper lids onto the lower ones, and one that rounds the mouth moves the lips and
little else. That tells the lids and the outer line of the lips of any head that has such keys, without knowing its
mesh; the rest of a face it does not tell.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

import bpy
import numpy as np

from .face_bones import Spot

# As VRoid, VRM, ARKit, Oculus, VRChat and MMD name them, in small letters and without signs.
_CLOSED = re.compile(
    "(fcleyeclose|eyeblink|eyesclosed|eyeclose|vrcblink|blink|wink)(l|r|left|right)?|まばたき|ウィンク2?右?"
)
_ROUND = re.compile("fclmthu|mthu|mouthpucker|mouthfunnel|visemeou|vrcvou|vou|ou|u|う")
_MOVED = 0.25  # of the farthest that a key moves a vertex: what it is about
_ENOUGH = 20_000  # vertices of a mesh tell its shape
_CORNER = 0.05  # the same for the corners of the eyes, which hardly move
# Where on a lid, from the outer corner to the inner one; the points' numbers, the right eye's and the left one's.
_LIDS = {1 / 3: ((37, 41), (44, 46)), 2 / 3: ((38, 40), (43, 47))}
_CORNERS = ((36, 39), (45, 42))
_LIPS = range(48, 60)  # from the right corner over the upper lip to the left one, and back


def key_landmarks(
    armature: bpy.types.Object, head: str, frame: np.ndarray, meshes: Iterable[bpy.types.Object]
) -> dict[int, Spot]:
    """The lids and lips that shape keys show, by their number in a face of 70 points.

    frame: (3, 3), left, forward and up of the person in the armature's space, in rows.
    """
    found: dict[int, Spot] = {}
    for item in sorted(meshes, key=lambda o: o.name_full):
        if item.type == "MESH" and not item.hide_render and item.data.shape_keys is not None:
            found = {**_of_keys(armature, head, frame, item), **found}
    return found


def _of_keys(armature: bpy.types.Object, head: str, frame: np.ndarray, item: bpy.types.Object) -> dict[int, Spot]:
    key = item.data.shape_keys
    matrix = armature.data.bones[head].matrix_local.inverted_safe()
    into = np.array(matrix) @ _to_rest(armature, item)
    blocks = [block for block in key.key_blocks if block != key.reference_key]

    def moves(kind: re.Pattern[str]) -> np.ndarray:
        """(N, 3): for each vertex the longest way that a key of this kind moves it."""
        longest = np.zeros((len(item.data.vertices), 3))
        for block in blocks:
            if kind.fullmatch(_plain(block.name)):
                way = (_places(block.data) - _places(block.relative_key.data)) @ into[:3, :3].T
                longer = np.linalg.norm(way, axis=1) > np.linalg.norm(longest, axis=1)
                longest[longer] = way[longer]
        return longest

    rest = _places(key.reference_key.data) @ into[:3, :3].T + into[:3, 3]
    axes = frame @ np.array(matrix)[:3, :3].T  # a head bone's space is turned against its armature's, not stretched
    seen = rest @ axes.T  # left, forward, up
    closed, rounded = moves(_CLOSED), moves(_ROUND)

    def spot(vertex: int, shut: bool = False) -> Spot:
        """shut: where the vertex of an upper lid ends up, which is on the lower one."""
        ways = {block.name: block.data[vertex].co - block.relative_key.data[vertex].co for block in blocks}
        own = {name: into[:3, :3] @ np.array(way) for name, way in ways.items() if any(way)}
        if not shut:
            return Spot(head, rest[vertex], key, own)
        kept = {name: delta for name, delta in own.items() if not _CLOSED.fullmatch(_plain(name))}
        return Spot(head, rest[vertex] + closed[vertex], key, kept)

    found = {}
    if closed.any():
        for upper, shut, vertex in _lids(seen, np.linalg.norm(closed, axis=1)):
            found[upper] = spot(vertex)
            found[shut] = spot(vertex, shut=True)
    if rounded.any():
        found |= {number: spot(vertex) for number, vertex in _lips(seen, np.linalg.norm(rounded, axis=1))}
    return found


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", name)).lower()


def _lids(seen: np.ndarray, moved: np.ndarray) -> list[tuple[int, int, int]]:
    """(number on the upper lid, number on the lower lid, vertex) of both eyes; corners have one number twice."""
    found = []
    middle = float(np.mean(seen[moved > _MOVED * moved.max(), 0]))
    for eye, sign in enumerate((-1.0, 1.0)):
        own = np.flatnonzero((moved > _CORNER * moved.max()) & (sign * (seen[:, 0] - middle) > 0))
        if len(own) < 4:
            continue
        across = sign * seen[own, 0]  # grows towards the outer corner
        inner, outer = float(across.min()), float(across.max())
        ends = own[across.argmax()], own[across.argmin()]
        found += [(number, number, int(end)) for number, end in zip(_CORNERS[eye], ends, strict=True)]
        for part, numbers in _LIDS.items():
            near = own[np.abs(across - (outer + part * (inner - outer))) < 0.17 * (outer - inner)]
            if len(near):
                found.append((*numbers[eye], int(near[moved[near].argmax()])))
    return found


def _lips(seen: np.ndarray, moved: np.ndarray) -> list[tuple[int, int]]:
    """(number, vertex) of the outer line of the lips: the outermost vertex in each of twelve directions."""
    lips = np.flatnonzero(moved > _MOVED * moved.max())
    flat = seen[lips][:, (0, 2)]
    low, high = flat.min(axis=0), flat.max(axis=0)
    round_ = (flat - (low + high) / 2) / np.maximum(high - low, 1e-9)
    found = []
    for step, number in enumerate(_LIPS):
        turn = np.pi - np.pi / 6 * step
        along, beside = round_ @ (np.cos(turn), np.sin(turn)), round_ @ (-np.sin(turn), np.cos(turn))
        found.append((number, int(lips[(along - 0.2 * np.abs(beside)).argmax()])))
    return found


def shapes_of_head(armature: bpy.types.Object, head: str, meshes: Iterable[bpy.types.Object]) -> list[np.ndarray]:
    """Of each mesh, (N, 3): those vertices that move with the head bone and bones on it, at rest, in the armature's
    space."""
    names = _on_head(armature, head)
    found = []
    for item in meshes:
        if item.type != "MESH" or item.hide_render or (item.parent_type == "BONE" and item.parent_bone not in names):
            continue
        matrix = _to_rest(armature, item)
        few = slice(None, None, 1 + len(item.data.vertices) // _ENOUGH)
        places = _places(item.data.vertices)[few] @ matrix[:3, :3].T + matrix[:3, 3]
        found.append(places if item.parent_type == "BONE" else places[_weighted(item, names, few)])
    return found


def _on_head(armature: bpy.types.Object, head: str) -> set[str]:
    return {head, *(child.name for child in armature.data.bones[head].children_recursive)}


def _places(points: Any) -> np.ndarray:
    """(N, 3): where the vertices of a mesh, or of a shape key, are."""
    places = np.empty(3 * len(points), np.float32)
    points.foreach_get("co", places)
    return places.reshape(-1, 3)


def _to_rest(armature: bpy.types.Object, item: bpy.types.Object) -> np.ndarray:
    """(4, 4): from an object's own space to the armature's, as if the armature were at rest."""
    matrix = armature.matrix_world.inverted_safe() @ item.matrix_world
    if item.parent_type == "BONE":
        rest, posed = armature.data.bones[item.parent_bone], armature.pose.bones[item.parent_bone]
        matrix = rest.matrix_local @ posed.matrix.inverted_safe() @ matrix
    return np.array(matrix)


def _weighted(item: bpy.types.Object, names: set[str], few: slice) -> np.ndarray:
    """(N,): which of a few vertices bones of these names move more than all others together."""
    groups = {group.index for group in item.vertex_groups if group.name in names}
    return np.array(
        [
            sum(g.weight if g.group in groups else -g.weight for g in vertex.groups) > 0
            for vertex in list(item.data.vertices)[few]
        ],
        bool,
    )
