"""A coordinate that stays with each point of every surface, as passes: rest position, instance, object, material.

Materials get two small node chains that write to AOVs ("arbitrary output variables", passes filled by materials), and
objects and materials get numbers of their own. All of it goes through `Changes`.
"""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from . import compat
from .changes import Changes

RENDERED = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"})
_AOVS = {"surface": "COLOR", "instance": "VALUE"}
_MAX_ID = 32767  # pass_index is a short in Blender's files


@dataclass(frozen=True)
class Marking:
    """What was marked: the AOVs by pass, objects and materials by id, sentences for the user.

    aovs: their names as Blender gave them. stand_ins: for materials that were replaced for the capture, the names of
    the user's own, by the replacement's.
    """

    aovs: dict[str, str]
    objects: dict[int, bpy.types.Object]
    materials: dict[int, bpy.types.Material]
    stand_ins: dict[str, str]
    notices: tuple[str, ...]


def mark(changes: Changes, layer: bpy.types.ViewLayer, passes: Container[str]) -> Marking:
    """Gives every surface its ids, and what else of `passes` materials must write, until `changes` closes."""
    aovs = {name: _add_aov(changes, layer, f"flowbrush_{name}", kind) for name, kind in _AOVS.items() if name in passes}
    objects = [o for o in sorted(bpy.data.objects, key=lambda o: o.name_full) if o.type in RENDERED]
    for item in objects:
        if item.type == "MESH" and "surface" in aovs:
            changes.set(item, "add_rest_position_attribute", True)
    stand_ins = _replace_plain_materials(changes)
    _fill_empty_slots(changes, layer, objects)
    materials = [m for m in sorted(bpy.data.materials, key=lambda m: m.name_full) if compat.uses_nodes(m)]
    for material in materials:
        _add_nodes(changes, material.node_tree, aovs)
    notices = []
    if len(objects) > _MAX_ID or len(materials) > _MAX_ID:
        notices.append(f"Only the first {_MAX_ID} objects and materials have numbers of their own")
    if any(item.library for item in (*materials, *objects)):
        notices.append("Linked objects and materials were captured too; their library files are not changed")
    numbered = _number(changes, objects), _number(changes, materials)
    return Marking(aovs, *numbered, stand_ins, tuple(notices))


def _number(changes: Changes, items: list[Any]) -> dict[int, Any]:
    numbered = dict(enumerate(items[:_MAX_ID], 1))
    for number, item in numbered.items():
        changes.set(item, "pass_index", number)
    for item in items[_MAX_ID:]:
        changes.set(item, "pass_index", 0)
    return numbered


def _add_aov(changes: Changes, layer: bpy.types.ViewLayer, name: str, kind: str) -> str:
    changes.set(layer, "active_aov_index", layer.active_aov_index)
    aov = layer.aovs.add()
    aov.name, aov.type = name, kind  # Blender makes the name unique
    unique = aov.name
    changes.callback(lambda: layer.aovs.remove(layer.aovs[unique]))
    return unique


def _replace_plain_materials(changes: Changes) -> dict[str, str]:
    """Materials without nodes cannot hold AOVs: they give way to a material of nodes that Cycles renders alike.

    Returns the names: replacement → replaced.
    """
    names = {}
    for plain in [m for m in bpy.data.materials if not m.is_grease_pencil and not compat.uses_nodes(m)]:
        stand_in = _one_shader(changes, plain.name, "ShaderNodeBsdfDiffuse", tuple(plain.diffuse_color))
        changes.callback(stand_in.user_remap, plain)
        plain.user_remap(stand_in)
        names[stand_in.name_full] = plain.name_full
    return names


def _fill_empty_slots(changes: Changes, layer: bpy.types.ViewLayer, objects: list[bpy.types.Object]) -> None:
    """Surfaces without a material get Cycles' own default, as a material that can hold AOVs."""
    default = None
    generated = _generated_bare(layer)
    for item in objects:
        if item.material_slots and all(slot.material for slot in item.material_slots) and item not in generated:
            continue
        default = default or _one_shader(changes, "(no material)", compat.DEFAULT_SHADER, (0.8, 0.8, 0.8, 1.0))
        if item in generated:
            _add_modifier(changes, item, _painting_the_bare(changes, default))
        if not item.material_slots:
            _keep_face_materials(changes, item.data)
            changes.callback(item.data.materials.clear)  # pop() would leave the object an empty slot
            item.data.materials.append(default)
        for slot in item.material_slots:
            if slot.material is None:
                changes.set(slot, "material", default)


def bare(item: bpy.types.Object) -> bool:
    """Whether part of an evaluated object's surface has no material, so that nothing can be written for it."""
    slots = [slot.material is not None for slot in item.material_slots]
    if all(slots) or not isinstance(item.data, bpy.types.Mesh):
        return not any(slots)
    faces = np.zeros(len(item.data.polygons), np.int32)
    item.data.polygons.foreach_get("material_index", faces)
    return bool(faces.size) and not np.array([*slots, False])[np.minimum(faces, len(slots) - 1)].all()


def _generated_bare(layer: bpy.types.ViewLayer) -> set[bpy.types.Object]:
    """Objects whose Geometry Nodes make faces without a material, and nothing but meshes.

    What gives those a material would give it to all hair and points too.
    """
    found, others = set(), set()
    for instance in layer.depsgraph.object_instances:
        maker = (instance.parent if instance.is_instance else instance.object).original
        if any(modifier.type == "NODES" for modifier in maker.modifiers):
            mesh = isinstance(instance.object.data, bpy.types.Mesh)
            if mesh and instance.object.original == maker and bare(instance.object):
                found.add(maker)
            elif isinstance(instance.object.data, bpy.types.Curves | bpy.types.PointCloud):
                others.add(maker)
    return found - others


def _painting_the_bare(changes: Changes, material: bpy.types.Material) -> bpy.types.NodeTree:
    """Geometry Nodes that give `material` to all faces without one, as meshes have that nodes generate."""
    tree = bpy.data.node_groups.new("flowbrush", "GeometryNodeTree")
    changes.callback(bpy.data.node_groups.remove, tree)
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    kinds = ("NodeGroupInput", "GeometryNodeMaterialSelection", "GeometryNodeSetMaterial", "NodeGroupOutput")
    given, unpainted, paint, result = (tree.nodes.new(kind) for kind in kinds)
    paint.inputs["Material"].default_value = material
    tree.links.new(given.outputs[0], paint.inputs["Geometry"])
    tree.links.new(unpainted.outputs[0], paint.inputs["Selection"])  # selects by the material "none"
    tree.links.new(paint.outputs[0], result.inputs[0])
    return tree


def _add_modifier(changes: Changes, item: bpy.types.Object, tree: bpy.types.NodeTree) -> None:
    """Adds the nodes of `tree` after all modifiers of `item`."""
    changes.callback(setattr, item.modifiers, "active", item.modifiers.active)
    modifier = item.modifiers.new("flowbrush", "NODES")
    changes.callback(item.modifiers.remove, modifier)
    modifier.node_group = tree


def _keep_face_materials(changes: Changes, data: bpy.types.ID) -> None:
    """Removing the slots sets the materials of faces, splines and letters to the first; this puts them back."""
    for name in ("polygons", "splines", "body_format"):
        pieces: Any = getattr(data, name, ())
        values = np.zeros(len(pieces), np.int32)
        if pieces:
            pieces.foreach_get("material_index", values)
        if values.any():
            changes.callback(pieces.foreach_set, "material_index", values)


def _one_shader(changes: Changes, name: str, kind: str, colour: tuple[float, ...]) -> bpy.types.Material:
    """A material of a single shader, at its defaults but for the colour."""
    material = bpy.data.materials.new(name)
    changes.callback(bpy.data.materials.remove, material)
    tree = compat.give_nodes(material)
    tree.nodes.clear()
    shader, output = tree.nodes.new(kind), tree.nodes.new("ShaderNodeOutputMaterial")
    shader.inputs[0].default_value = colour
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    return material


def _add_nodes(changes: Changes, tree: bpy.types.NodeTree, aovs: dict[str, str]) -> None:
    """Adds `rest position → surface AOV` and `random number of the instance → instance AOV`.

    Where there is no rest position (curves, text, meshes made by Geometry Nodes) the position in the object's own
    space is used: it stays put as long as the object does not bend.
    """
    changes.callback(setattr, tree.nodes, "active", tree.nodes.active)

    def add(kind: str, **values: Any) -> bpy.types.Node:
        node = tree.nodes.new(kind)
        changes.callback(tree.nodes.remove, node)
        for name, value in values.items():
            setattr(node, name, value)
        return node

    if "surface" in aovs:
        rest = add("ShaderNodeAttribute", attribute_type="GEOMETRY", attribute_name="rest_position")
        length = add("ShaderNodeVectorMath", operation="LENGTH")
        exists = add("ShaderNodeMath", operation="SIGN")
        position = add("ShaderNodeTexCoord")
        choose = add("ShaderNodeMix", data_type="VECTOR")
        output = add("ShaderNodeOutputAOV", aov_name=aovs["surface"])
        sockets = {socket.identifier: socket for socket in choose.inputs}
        result = next(socket for socket in choose.outputs if socket.identifier == "Result_Vector")
        tree.links.new(rest.outputs["Vector"], length.inputs[0])  # all 0 where there is no such attribute
        tree.links.new(length.outputs["Value"], exists.inputs[0])
        tree.links.new(exists.outputs["Value"], sockets["Factor_Float"])
        tree.links.new(position.outputs["Object"], sockets["A_Vector"])
        tree.links.new(rest.outputs["Vector"], sockets["B_Vector"])
        tree.links.new(result, output.inputs["Color"])
    if "instance" in aovs:
        number = add("ShaderNodeObjectInfo")
        output = add("ShaderNodeOutputAOV", aov_name=aovs["instance"])
        tree.links.new(number.outputs["Random"], output.inputs["Value"])
