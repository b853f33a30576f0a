"""Which objects' vectors do not follow their surface, and why: one sentence for each."""

import zlib
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from . import simulation
from .changes import Changes
from .surface import bare
from .transparency import transparency

_SHAPELESS = frozenset({"META", "VOLUME"})
# What makes a new surface of a given one in each frame: its corners slide over the shape even where their number stays.
_RESAMPLING = frozenset({"BOOLEAN", "FLUID", "REMESH", "VOLUME_TO_MESH", "MASK"})
_RESAMPLING_NODES = frozenset({"GeometryNodeMeshBoolean", "GeometryNodeVolumeToMesh", "GeometryNodePointsToVolume"})


def _clear(material: bpy.types.Material) -> str:
    kind = transparency(material)
    return f"Its material '{material.name}' is at least partly {kind}" if kind else ""


@dataclass(frozen=True)
class _Shape:
    """Vertices (or points) and faces (or curves) of a surface, and a checksum of how they hang together."""

    vertices: int
    faces: int
    order: int


@dataclass(frozen=True)
class _Look:
    """A frame as the renderer evaluates it: shapes by object, instancer and number; numbers of counted instances."""

    shapes: dict[tuple[str, str, tuple[int, ...]], _Shape]
    numbers: dict[tuple[str, str], list[tuple[int, ...]]]


class Watch:
    """Sees each frame of a view layer that is rendered, and the two beside it from which Blender takes the vectors.

    `reasons`, the full name of an object → why its vectors are not to be trusted, begins with what the scene itself
    tells and grows while frames pass, until `changes` closes. Blender tells of every evaluated frame through its
    handlers, so what is compared is exactly what the renderer moves.
    """

    def __init__(self, changes: Changes, scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> None:
        self.reasons = simulation.unbaked(scene)
        for item in bpy.data.objects:
            if item.type in _SHAPELESS:
                self.reasons[item.name_full] = f"{item.type.title()} objects have no vectors"
        self._scene, self._layer = scene, layer.name
        self._seen: dict[tuple[str, int], _Look] = {}
        self._clear = {material.name_full: _clear(material) for material in bpy.data.materials}
        changes.callback(_stop, self._look)
        bpy.app.handlers.frame_change_post.append(self._look)

    def _look(self, scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
        frame = scene.frame_current
        known = (depsgraph.mode, frame) in self._seen
        if known or scene != self._scene or depsgraph.view_layer.name != self._layer:
            return
        now = self._seen[depsgraph.mode, frame] = _Look({}, defaultdict(list))
        checked: dict[tuple[str, int], _Shape] = {}
        for instance in depsgraph.object_instances:
            self._add(instance, now, checked)
        for first, second in ((frame - 1, frame), (frame, frame + 1)):
            if all((depsgraph.mode, number) in self._seen for number in (first, second)):
                self._compare(self._seen[depsgraph.mode, first], self._seen[depsgraph.mode, second], first, second)
        for mode, number in list(self._seen):
            if mode == depsgraph.mode and abs(number - frame) > 2:
                del self._seen[mode, number]

    def _add(
        self, instance: bpy.types.DepsgraphObjectInstance, look: _Look, checked: dict[tuple[str, int], _Shape]
    ) -> None:
        item = instance.object
        data = item.data
        if not isinstance(data, bpy.types.Mesh | bpy.types.Curves | bpy.types.PointCloud):
            return
        name = item.original.name_full
        instancer = instance.parent.original.name_full if instance.is_instance else ""
        number = tuple(instance.persistent_id) if instance.is_instance else ()
        surface = name, data.as_pointer()  # objects may share their data and not their materials
        if surface not in checked:
            checked[surface] = _shape(item)
            if bare(item) and not (isinstance(data, bpy.types.Mesh) and not data.polygons):
                self.reasons.setdefault(name, "Part of it has no material, and so no surface coordinate")
            for slot in item.material_slots:
                if slot.material is not None and (why := self._clear.get(slot.material.name_full)):
                    self.reasons.setdefault(name, why)
        look.shapes[name, instancer, number] = checked[surface]
        if instance.is_instance and instance.particle_system is None:
            look.numbers[name, instancer].append(number)

    def _compare(self, before: _Look, after: _Look, first: int, second: int) -> None:
        for key in before.shapes.keys() & after.shapes.keys():
            was, now = before.shapes[key], after.shapes[key]
            if was != now:
                self.reasons.setdefault(key[0], _difference(was, now, first, second))
        for pair in before.numbers.keys() & after.numbers.keys():
            a, b = before.numbers[pair], after.numbers[pair]
            if len(a) != len(b) and _counted(a, b):
                self.reasons.setdefault(
                    pair[0], f"There are {len(a)} instances of it in frame {first} and {len(b)} in frame {second}"
                )


def _stop(handler: Callable[..., None]) -> None:
    if handler in bpy.app.handlers.frame_change_post:  # opening another file removes it
        bpy.app.handlers.frame_change_post.remove(handler)


def _counted(a: list[tuple[int, ...]], b: list[tuple[int, ...]]) -> bool:
    """Whether instances may have their numbers by counting, so that each has another after one is gone.

    Otherwise, as with scattered points, those that stay keep theirs, and some in the middle are missing.
    """
    shorter, longer = sorted((a, b), key=len)
    return shorter in (longer[: len(shorter)], longer[len(longer) - len(shorter) :])


def _difference(was: _Shape, now: _Shape, first: int, second: int) -> str:
    if (was.vertices, was.faces) == (now.vertices, now.faces):
        return f"Its mesh is made anew between frame {first} and frame {second}"
    if was.vertices == now.vertices:
        return f"Its mesh has {was.faces} faces in frame {first} and {now.faces} in frame {second}"
    return f"Its mesh has {was.vertices} vertices in frame {first} and {now.vertices} in frame {second}"


def _shape(item: bpy.types.Object) -> _Shape:
    """The shape of an evaluated object; faces are compared only where something can change them."""
    data: Any = item.data
    if isinstance(data, bpy.types.PointCloud):
        return _Shape(len(data.points), 0, 0)
    if isinstance(data, bpy.types.Curves):
        return _Shape(len(data.points), len(data.curves), 0)
    order = 0
    if item.modifiers or item.original.type != "MESH":
        order = _checksum(data.loops, "vertex_index", 1, np.int32)
        if _resampled(item):
            order = zlib.crc32(_checksum(data.vertices, "co", 3, np.float32).to_bytes(4), order)
    return _Shape(len(data.vertices), len(data.polygons), order)


def _checksum(pieces: Any, name: str, size: int, kind: type) -> int:
    values: np.ndarray = np.empty(len(pieces) * size, kind)
    pieces.foreach_get(name, values)
    return zlib.crc32(values.tobytes())


def _resampled(item: bpy.types.Object) -> bool:
    return any(
        modifier.type in _RESAMPLING
        or (modifier.type == "NODES" and modifier.node_group is not None and _resamples(modifier.node_group, set()))
        for modifier in item.modifiers
    )


def _resamples(tree: bpy.types.NodeTree, known: set[bpy.types.NodeTree]) -> bool:
    if tree in known:
        return False
    known.add(tree)
    groups = [node.node_tree for node in tree.nodes if getattr(node, "node_tree", None) is not None]
    return any(n.bl_idname in _RESAMPLING_NODES for n in tree.nodes) or any(_resamples(g, known) for g in groups)
