"""Makes every surface tell what it is: objects and materials get numbers of their own, and all materials get AOVs.

Surfaces without a material, or with one without nodes, get one that can hold AOVs and renders alike.
"""

from collections.abc import Container
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from . import aovs, compat
from .changes import Changes
from .plain import as_diffuse, is_plain
from .render_settings import Setting

RENDERED = frozenset({"MESH", "CURVE", "SURFACE", "META", "FONT", "CURVES", "POINTCLOUD", "VOLUME"})
_MAX_ID = 32767  # pass_index is a short in Blender's files


@dataclass(frozen=True)
class Marking:
    """What was marked: the AOVs, objects and materials by id, sentences for the user.

    stand_ins: for materials that were replaced for the capture, the names of the user's own, by the replacement's.
    plain: what to set for plain materials, for a picture and for data.
    """

    aovs: aovs.Aovs
    objects: dict[int, bpy.types.Object]
    materials: dict[int, bpy.types.Material]
    stand_ins: dict[str, str]
    notices: tuple[str, ...]
    plain: tuple[tuple[Setting, Setting], ...] = ()


def mark(changes: Changes, layer: bpy.types.ViewLayer, engine: str, passes: Container[str]) -> Marking:
    """Gives every surface its ids, and what else of `passes` materials must write, until `changes` closes."""
    added = aovs.add(changes, layer, engine, passes)
    objects = [o for o in sorted(bpy.data.objects, key=lambda o: o.name_full) if o.type in RENDERED]
    for item in objects:
        if item.type == "MESH" and "surface" in passes:
            changes.set(item, "add_rest_position_attribute", True)
    stand_ins = _replace_plain_materials(changes, engine)
    _fill_empty_slots(changes, layer, engine, objects)
    materials = [m for m in sorted(bpy.data.materials, key=lambda m: m.name_full) if compat.uses_nodes(m)]
    # EEVEE would compile all of them anew for each render.
    plain = [m for m in materials if is_plain(m)] if engine != compat.EEVEE else []
    settings = tuple(as_diffuse(changes, material.node_tree) for material in plain)
    for material in materials:
        aovs.write(changes, material.node_tree, added)
    notices = []
    if len(objects) > _MAX_ID or len(materials) > _MAX_ID:
        notices.append(f"Only the first {_MAX_ID} objects and materials have numbers of their own")
    if any(item.library for item in (*materials, *objects)):
        notices.append("Linked objects and materials were captured too; their library files are not changed")
    numbered = _number(changes, objects), _number(changes, materials)
    return Marking(added, *numbered, stand_ins, tuple(notices), settings)


def _number(changes: Changes, items: list[Any]) -> dict[int, Any]:
    numbered = dict(enumerate(items[:_MAX_ID], 1))
    for number, item in numbered.items():
        changes.set(item, "pass_index", number)
    for item in items[_MAX_ID:]:
        changes.set(item, "pass_index", 0)
    return numbered


def _replace_plain_materials(changes: Changes, engine: str) -> dict[str, str]:
    """Materials without nodes cannot hold AOVs: they give way to a material of nodes that the engine renders alike.

    Returns the names: replacement → replaced.
    """
    names = {}
    for plain in [m for m in bpy.data.materials if not m.is_grease_pencil and not compat.uses_nodes(m)]:
        if engine == compat.EEVEE:
            stand_in = _one_shader(changes, plain.name, "ShaderNodeBsdfPrincipled", tuple(plain.diffuse_color))
            shader = next(node for node in stand_in.node_tree.nodes if node.type == "BSDF_PRINCIPLED")
            shader.inputs["Metallic"].default_value = plain.metallic
            shader.inputs["Roughness"].default_value = plain.roughness
        else:
            stand_in = _one_shader(changes, plain.name, "ShaderNodeBsdfDiffuse", tuple(plain.diffuse_color))
        changes.callback(_remap, stand_in, plain)
        plain.user_remap(stand_in)
        names[stand_in.name_full] = plain.name_full
    return names


def _remap(from_: bpy.types.Material, to: bpy.types.Material) -> None:
    from_.user_remap(to)


def _fill_empty_slots(
    changes: Changes, layer: bpy.types.ViewLayer, engine: str, objects: list[bpy.types.Object]
) -> None:
    """Surfaces without a material get the engine's own default, as a material that can hold AOVs."""
    default, shader = None, "ShaderNodeBsdfPrincipled" if engine == compat.EEVEE else compat.CYCLES_DEFAULT_SHADER
    generated = _generated_bare(layer)
    for item in objects:
        if item.material_slots and all(slot.material for slot in item.material_slots) and item not in generated:
            continue
        default = default or _one_shader(changes, "(no material)", shader, (0.8, 0.8, 0.8, 1.0))
        if item in generated:
            _add_modifier(changes, item, _painting_the_bare(changes, default))
        if not item.material_slots:
            _keep_face_materials(changes, item.data)
            changes.callback(_remove_slot, item.data, default)
            item.data.materials.append(default)
        for slot in item.material_slots:
            if slot.material is None:
                _fill(changes, item, slot, default)


def _remove_slot(data: Any, material: bpy.types.Material) -> None:
    """Removes the slot that was added for `material`, and no slot that the user added or filled meanwhile."""
    slots = list(data.materials)
    if slots == [material]:
        faces = data.attributes.get("material_index") if isinstance(data, bpy.types.Mesh) else None
        if faces is not None:  # clearing would remove it, and a new one comes last
            faces.name = "flowbrush_material_index"
            unique = faces.name
        data.materials.clear()  # pop() would leave the object an empty slot
        if faces is not None:
            data.attributes[unique].name = "material_index"
    elif material in slots:
        data.materials.pop(index=slots.index(material))


def _fill(changes: Changes, item: bpy.types.Object, slot: bpy.types.MaterialSlot, material: bpy.types.Material) -> None:
    """Puts `material` into an empty slot, but for a linked object's own, which is read-only."""
    if slot.link == "DATA":  # not through the slot, which is read-only where the data is linked
        changes.callback(_empty, item.data.materials, slot.slot_index, material)
        item.data.materials[slot.slot_index] = material
    elif not slot.is_property_readonly("material"):
        changes.callback(_empty_own, item, slot.slot_index, material)
        slot.material = material


def _empty(slots: Any, index: int, material: bpy.types.Material) -> None:
    if index < len(slots) and slots[index] == material:
        slots[index] = None


def _empty_own(item: bpy.types.Object, index: int, material: bpy.types.Material) -> None:
    if index < len(item.material_slots) and item.material_slots[index].material == material:
        item.material_slots[index].material = None


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

    What gives those a material would give it to all hair and points too. Linked objects cannot be given any nodes.
    """
    found, others = set(), set()
    for instance in layer.depsgraph.object_instances:
        item = instance.object
        if item.original.library is None and any(modifier.type == "NODES" for modifier in item.original.modifiers):
            if isinstance(item.data, bpy.types.Curves | bpy.types.PointCloud):
                others.add(item.original)
            elif isinstance(item.data, bpy.types.Mesh) and bare(item):
                found.add(item.original)
    return found - others


def _painting_the_bare(changes: Changes, material: bpy.types.Material) -> bpy.types.NodeTree:
    """Geometry Nodes that give `material` to all faces without one, as meshes have that nodes generate."""
    tree = changes.new(bpy.data.node_groups, "flowbrush", "GeometryNodeTree")
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
    changes.callback(_activate, item.modifiers, item.modifiers.active and item.modifiers.active.name)
    modifier = changes.new(item.modifiers, "flowbrush", "NODES")
    modifier.node_group = tree


def _activate(modifiers: bpy.types.ObjectModifiers, name: str | None) -> None:
    if name is None or name in modifiers:
        modifiers.active = modifiers.get(name) if name else None


def _keep_face_materials(changes: Changes, data: bpy.types.ID) -> None:
    """Removing the slots sets the materials of faces, splines and letters to the first; this puts them back."""
    for name in ("polygons", "splines", "body_format"):
        pieces: Any = getattr(data, name, ())
        values = [piece.material_index for piece in pieces]
        if any(values):
            changes.callback(_set_face_materials, pieces, values)


def _set_face_materials(pieces: Any, values: list[int]) -> None:
    for piece, value in zip(pieces, values, strict=False):  # not foreach_set, which linked data ignores
        piece.material_index = value


def _one_shader(changes: Changes, name: str, kind: str, colour: tuple[float, ...]) -> bpy.types.Material:
    """A material of a single shader, at its defaults but for the colour."""
    material = changes.new(bpy.data.materials, name)
    tree = compat.give_nodes(material)
    tree.nodes.clear()
    shader, output = tree.nodes.new(kind), tree.nodes.new("ShaderNodeOutputMaterial")
    shader.inputs[0].default_value = colour
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    return material
