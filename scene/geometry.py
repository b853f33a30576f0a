"""Hashes evaluated geometry: what a render makes triangles, hairs and points of."""

from struct import pack
from typing import Any

import bpy
import numpy as np

from .fingerprint import Walk, digest, name_of, read

# Of hair and points; not every Blender has both.
POINTS = tuple(getattr(bpy.types, name) for name in ("Curves", "PointCloud") if hasattr(bpy.types, name))
# Where an attribute keeps its numbers, their type, and how many there are for each point, edge, face or corner.
_KINDS: dict[str, tuple[str, Any, int]] = {
    "FLOAT": ("value", np.float32, 1),
    "FLOAT2": ("vector", np.float32, 2),
    "FLOAT_VECTOR": ("vector", np.float32, 3),
    "FLOAT_COLOR": ("color", np.float32, 4),
    "BYTE_COLOR": ("color", np.float32, 4),
    "QUATERNION": ("value", np.float32, 4),
    "FLOAT4X4": ("value", np.float32, 16),
    "BOOLEAN": ("value", np.bool_, 1),
    "INT": ("value", np.int32, 1),
    "INT8": ("value", np.int32, 1),
    "INT32_2D": ("value", np.int32, 2),
    "INT16_2D": ("value", np.int32, 2),
}
_UNSEEN = (".select", ".hide", ".uv_select", ".vs.", ".es.", ".pn.", ".sculpt")  # attributes of the user's window
_EXACT = frozenset({"position", "velocity"})
_FINEST = 1e-4  # of the numbers that are told apart by their sums, the part of the sum that counts


def of_base(data: bpy.types.ID) -> bytes:
    """The digest of a mesh, of curves, of a point cloud as the user made it, besides settings; empty for other data."""
    if not isinstance(data, (bpy.types.Mesh, *POINTS)):
        return b""
    return digest(_layout(data), *(_header(attribute) + _numbers(attribute) for attribute in _seen(data)))


def of_object(item: bpy.types.Object, base: bytes) -> bytes:
    """The digest of what an evaluated object shows, its hair included; `base` is that of its original's data."""
    parts = [base]
    if item.data is None or isinstance(item.data, (bpy.types.Mesh, *POINTS)):
        parts.append(b"" if item.data is None else _evaluated(item.data))
    elif item.type in {"CURVE", "SURFACE", "FONT", "META"}:
        mesh = item.to_mesh()
        parts.append(b"" if mesh is None else _evaluated(mesh))
        item.to_mesh_clear()
    else:  # nothing shows what its modifiers make of it: what they are, then
        parts += [Walk(item.data).digest(), *(Walk(modifier).digest() for modifier in item.modifiers)]
    parts += [_hair(item, system) for system in item.particle_systems]
    return digest(*parts)


def _evaluated(data: bpy.types.ID) -> bytes:
    """The digest of what modifiers made.

    Texture coordinates and the like count by their sums: since 4.5 Blender's bevel gives them a last bit that differs
    from run to run. Who made them counts elsewhere.
    """
    parts = [_layout(data), repr([material and name_of(material) for material in data.materials]).encode()]
    for attribute in _seen(data):
        kind = _KINDS.get(attribute.data_type)
        by_sums = kind is not None and kind[1] is np.float32 and attribute.name not in _EXACT
        parts.append(_header(attribute) + (_sums(attribute) if by_sums else _numbers(attribute)))
    return digest(*parts)


def _seen(data: bpy.types.ID) -> list[bpy.types.Attribute]:
    attributes = (item for item in getattr(data, "attributes", ()) if not item.name.startswith(_UNSEEN))
    return sorted(attributes, key=lambda item: item.name)


def _layout(data: bpy.types.ID) -> bytes:
    """Where faces and curves begin, and normals that the user or a modifier has set."""
    if isinstance(data, bpy.types.Mesh):
        normals = read(data.corner_normals, "vector", np.float32, 3) if data.has_custom_normals else b""
        return digest(read(data.polygons, "loop_start", np.int32), normals)
    return read(data.curve_offset_data, "value", np.int32) if hasattr(data, "curve_offset_data") else b""


def _header(attribute: bpy.types.Attribute) -> bytes:
    return f"{attribute.name} {attribute.data_type} {attribute.domain} {len(attribute.data)} ".encode()


def _numbers(attribute: bpy.types.Attribute) -> bytes:
    if attribute.data_type not in _KINDS:
        return Walk(attribute).digest()
    return read(attribute.data, *_KINDS[attribute.data_type])


def _sums(attribute: bpy.types.Attribute) -> bytes:
    length = _KINDS[attribute.data_type][2]
    numbers = np.frombuffer(_numbers(attribute), np.float32).reshape(-1, length)
    sums = numbers.sum(axis=0, dtype=np.float64)
    # A power of e, because sums of what people make are often round.
    size = np.exp(np.floor(np.log(np.abs(numbers).sum(dtype=np.float64) + 1e-30)))
    return f"{size:.6g} {np.round(sums / (size * _FINEST)).astype(np.int64).tolist()}".encode()


def _hair(item: bpy.types.Object, system: bpy.types.ParticleSystem) -> bytes:
    """The strands of a particle system, point by point as Cycles asks for them."""
    settings = system.settings
    if settings.render_type != "PATH":
        return b""
    steps = 2**settings.render_step + 1
    count = len(system.particles) + len(system.child_particles)
    points = [system.co_hair(object=item, particle_no=n, step=s) for n in range(count) for s in range(steps)]
    return Walk(settings).digest() + pack(f"{3 * len(points)}f", *(number for point in points for number in point))
