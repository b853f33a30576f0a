"""Everything that a .blend file holds, as one flat dictionary: for comparing a file with itself before and after."""

from typing import Any

import bpy

# What belongs to the window and not to the file, and what Blender computes from the rest.
_LEFT_OUT = {"all_ids", "window_managers", "screens", "workspaces"}
_DERIVED = {"rna_type", "depsgraph", "original", "id_data"}
_SAME_AS_ANOTHER = {"use_nodes"} if bpy.app.version >= (5, 0, 0) else set()  # deprecated, whether there is a node_tree
# Blender fills in this name when a file format is chosen for the first time, and refuses to have it emptied.
_FILLED_IN = "].render.image_settings.linear_colorspace_settings.name"
_CRASHES = {"uv_sculpt"}  # Blender 4.2 follows a brush of the file that was open before


def dump() -> dict[str, Any]:
    """Path → value of every property of every data-block, embedded node trees and custom properties included."""
    found: dict[str, Any] = {}
    for collection in bpy.data.bl_rna.properties:
        if collection.type == "COLLECTION" and collection.identifier not in _LEFT_OUT:
            blocks = getattr(bpy.data, collection.identifier)
            found[collection.identifier] = [block.name_full for block in blocks]
            for block in blocks:
                _walk(block, f"{collection.identifier}[{block.name_full!r}]", found, set())
    return found


def difference(before: dict[str, Any], after: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """The paths whose values differ, with both values; a path that is missing has the value `...`."""
    paths = sorted({*before, *after})
    return {
        path: (before.get(path, ...), after.get(path, ...))
        for path in paths
        if repr(before.get(path, ...)) != repr(after.get(path, ...))
    }


def changed(before: dict[str, Any]) -> str:
    """What differs now from `before`, a line each."""
    found = difference(before, dump())
    return "\n".join(f"{path}: {v}" for path, v in found.items() if not (path.endswith(_FILLED_IN) and v[0] == ""))


def _walk(struct: Any, path: str, found: dict[str, Any], above: set[int]) -> None:
    address = (struct.as_pointer(), struct.bl_rna.identifier)
    if address in above:
        return
    above = {*above, address}
    for name in _custom(struct):
        found[f"{path}[{name!r}]"] = repr(struct[name])
    for prop in struct.bl_rna.properties:
        if prop.identifier in _DERIVED | _SAME_AS_ANOTHER | _CRASHES:
            continue
        here = f"{path}.{prop.identifier}"
        try:
            value = getattr(struct, prop.identifier)
        except (AttributeError, RuntimeError, ValueError):  # the property has no meaning for this struct
            continue
        if prop.type == "POINTER":
            _one(value, here, found, above)
        elif prop.type == "COLLECTION":
            if prop.identifier == "outputs" and getattr(struct, "type", "") == "R_LAYERS":
                value = [socket for socket in value if socket.enabled]  # before 5.0 one more for each pass that is off
            found[here] = len(value)
            for index, item in enumerate(value):
                _one(item, f"{here}[{index}]", found, above)
        else:
            found[here] = _plain(value)


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
    return sorted(value) if isinstance(value, set) else [_plain(item) for item in value]
