"""Everything that a .blend file holds, as one flat dictionary: for comparing a file with itself before and after."""

import zlib
from functools import cache
from typing import Any

import bpy
import numpy as np

# What belongs to the window and not to the file, and what Blender computes from the rest.
_LEFT_OUT = {"all_ids", "window_managers", "screens", "workspaces"}
_DERIVED = {"rna_type", "depsgraph", "original", "id_data", "texspace_location", "texspace_size"}
_SAME_AS_ANOTHER = {"use_nodes"} if bpy.app.version >= (5, 0, 0) else set()  # deprecated, whether there is a node_tree
# Blender fills in this name when a file format is chosen for the first time, and refuses to have it emptied.
_FILLED_IN = "].render.image_settings.linear_colorspace_settings.name"
_CRASHES = {"uv_sculpt"}  # Blender 4.2 follows a brush of the file that was open before
# What Blender makes up or changes when it is asked: places of what is not shown, selections of UVs (reading them adds
# attributes), a lattice's points while it is edited, how far a simulation has come that is not baked.
_MADE_UP = {
    ("Object", "bound_box"),
    ("Object", "dimensions"),
    ("Object", "matrix_local"),
    ("Object", "matrix_world"),
    ("Driver", "is_valid"),
    ("GPencilLayer", "active_frame"),
    ("NodesModifierBake", "data_blocks"),
    ("LatticePoint", "co"),
    ("ImagePaint", "missing_materials"),
    ("ImagePaint", "missing_texture"),
    ("ImagePaint", "missing_uvs"),
    ("ImagePaint", "missing_stencil"),
    ("Mesh", "loop_triangles"),
}
_MADE_UP_WHOLE = {"MeshUVLoopLayer", "PointCache"}
_LEFT = _DERIVED | _SAME_AS_ANOTHER | _CRASHES


def dump() -> dict[str, Any]:
    """Path → value of every property of every data-block, embedded node trees and custom properties included."""
    found: dict[str, Any] = {}
    for collection in bpy.data.bl_rna.properties:
        if collection.type == "COLLECTION" and collection.identifier not in _LEFT_OUT:
            blocks = getattr(bpy.data, collection.identifier)
            found[collection.identifier] = [block.name_full for block in blocks]
            for block in blocks:
                _walk(block, f"{collection.identifier}[{block.name_full!r}]", found, set())
    for scene in bpy.data.scenes:
        for layer in scene.view_layers:
            where = f"{scene.name} {layer.name}"
            found[f"objects in {where}"] = [item.name_full for item in layer.objects]
            for item in layer.objects:
                shown = item.select_get(view_layer=layer), item.hide_get(view_layer=layer)
                found[f"selected and hidden in {where}: {item.name_full}"] = shown
    _evaluated(found)
    return found


def _evaluated(found: dict[str, Any]) -> None:
    """What Blender has computed for the current view layer: places of objects and of their bones."""
    depsgraph = bpy.context.view_layer.depsgraph
    for item in depsgraph.objects if depsgraph is not None else ():
        found[f"evaluated[{item.name_full!r}]"] = np.array(item.matrix_world)
        for bone in item.pose.bones if item.pose is not None else ():
            found[f"evaluated[{item.name_full!r}].{bone.name}"] = np.array(bone.matrix)


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The paths whose values differ, with both values; a path that is missing has the value `...`."""
    paths = sorted({*before, *after})
    return {
        path: (before.get(path, ...), after.get(path, ...))
        for path in paths
        if not _same(before.get(path, ...), after.get(path, ...))
    }


def changed(before: dict[str, Any]) -> str:
    """What differs now from `before`, a line each."""
    found = difference(before, dump())
    return "\n".join(f"{path}: {v}" for path, v in found.items() if not (path.endswith(_FILLED_IN) and v[0] == ""))


def _same(before: Any, after: Any) -> bool:
    """Bit for bit, but for the last bits of what is evaluated: they depend on what Blender has evaluated before."""
    if isinstance(before, np.ndarray) and isinstance(after, np.ndarray):
        return np.allclose(before, after, rtol=1e-4, atol=1e-4, equal_nan=True)
    return repr(before) == repr(after)


def _walk(struct: Any, path: str, found: dict[str, Any], above: set[int]) -> None:
    address = (struct.as_pointer(), struct.bl_rna.identifier)
    if address in above or struct.bl_rna.identifier in _MADE_UP_WHOLE:
        return
    above = {*above, address}
    for name in _custom(struct):
        value = struct[name]
        found[f"{path}[{name!r}]"] = repr(value.to_dict() if hasattr(value, "to_dict") else value)
    for name, kind in _properties(type(struct)):
        here = f"{path}.{name}"
        try:
            value = getattr(struct, name)
        except (AttributeError, RuntimeError, ValueError):  # the property has no meaning for this struct
            continue
        if kind == "POINTER":
            _one(value, here, found, above)
        elif kind == "COLLECTION":
            if name == "outputs" and getattr(struct, "type", "") == "R_LAYERS":
                value = [socket for socket in value if socket.enabled]  # before 5.0 one more for each pass that is off
            found[here] = len(value)
            for index, item in enumerate(value):
                _one(item, f"{here}[{index}]", found, above)
        else:
            found[here] = _plain(value)


@cache
def _properties(kind: type) -> list[tuple[str, str]]:
    """Name and type of what is looked at of a kind of struct."""
    rna = kind.bl_rna
    return [
        (prop.identifier, prop.type)
        for prop in rna.properties
        if prop.identifier not in _LEFT and (rna.identifier, prop.identifier) not in _MADE_UP
    ]


def _one(value: Any, path: str, found: dict[str, Any], above: set[int]) -> None:
    if value is None or (isinstance(value, bpy.types.ID) and not value.is_embedded_data):
        found[path] = value and value.name_full
    elif hasattr(value, "bl_rna"):
        _walk(value, path, found, above)


def _custom(struct: Any) -> list[str]:
    try:
        return sorted(struct.keys())
    except (TypeError, AttributeError):  # only data-blocks, bones and property groups have any
        return []


def _plain(value: Any) -> Any:
    if isinstance(value, str | bytes | bool | int | float) or value is None:
        return value
    if isinstance(value, bpy.types.bpy_prop_array) and len(value) > 64:  # pixels
        return zlib.crc32(np.array(value[:]).tobytes())
    return sorted(value) if isinstance(value, set) else [_plain(item) for item in value]
