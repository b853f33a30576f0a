"""Solid shapes as objects of the current Blender scene: boxes, turned shapes, limbs, foliage.

Every function takes where the shape stands as a matrix (metres, z up) and a material, and returns the new object.
"""

import math
import random
from collections.abc import Sequence
from itertools import pairwise

import bmesh
import bpy
from mathutils import Matrix, Vector, noise

SHARP = math.radians(35)
"""Edges between faces at a larger angle stay edges, over all others shading runs on."""


def at(x: float = 0.0, y: float = 0.0, z: float = 0.0, turn: float = 0.0) -> Matrix:
    """A place, turned about the vertical by `turn` radians."""
    return Matrix.Translation((x, y, z)) @ Matrix.Rotation(turn, 4, "Z")


def solid(
    shape: bmesh.types.BMesh, where: Matrix, material: bpy.types.Material, sharp: float = SHARP
) -> bpy.types.Object:
    """The shape as an object; edges between faces at an angle above `sharp` stay edges. Frees the shape."""
    shape.normal_update()
    for face in shape.faces:
        face.smooth = True
    for edge in shape.edges:
        edge.smooth = len(edge.link_faces) == 2 and edge.calc_face_angle() < sharp
    mesh = bpy.data.meshes.new("shape")
    shape.to_mesh(mesh)
    shape.free()
    mesh.materials.append(material)
    item = bpy.data.objects.new("shape", mesh)
    item.matrix_world = where
    bpy.context.scene.collection.objects.link(item)
    return item


def box(where: Matrix, size: Sequence[float], material: bpy.types.Material, bevel: float = 0.01) -> bpy.types.Object:
    """A box (width, depth, height) that stands on the middle of its base; every side shows the whole UV map."""
    shape = bmesh.new()
    bmesh.ops.create_cube(shape, size=1.0)
    layer = shape.loops.layers.uv.new("UVMap")
    for face in shape.faces:
        for loop in face.loops:
            x, y, z = loop.vert.co + Vector((0.5, 0.5, 0.5))
            across = x if abs(face.normal.x) < 0.5 else y
            loop[layer].uv = (across, z) if abs(face.normal.z) < 0.5 else (x, y)
    bmesh.ops.scale(shape, vec=size, verts=shape.verts)
    bmesh.ops.translate(shape, vec=(0, 0, size[2] / 2), verts=shape.verts)
    if bevel:
        width = min(bevel, 0.4 * min(size))
        bmesh.ops.bevel(shape, geom=shape.edges, offset=width, segments=2, profile=0.5, affect="EDGES")
    return solid(shape, where, material)


def prism(
    where: Matrix, outline: Sequence[tuple[float, float]], depth: float, material: bpy.types.Material
) -> bpy.types.Object:
    """An outline in x and z, pushed out along y to both sides by half of `depth`."""
    shape = bmesh.new()
    face = shape.faces.new([shape.verts.new((x, -depth / 2, z)) for x, z in outline])
    pushed = bmesh.ops.extrude_face_region(shape, geom=[face])["geom"]
    bmesh.ops.translate(shape, vec=(0, depth, 0), verts=[v for v in pushed if isinstance(v, bmesh.types.BMVert)])
    bmesh.ops.recalc_face_normals(shape, faces=shape.faces)
    return solid(shape, where, material)


def turned(
    where: Matrix, profile: Sequence[tuple[float, float]], material: bpy.types.Material, segments: int = 24
) -> bpy.types.Object:
    """A profile of (radius, height) turned about the z axis, as on a lathe; the ends are closed."""
    shape = bmesh.new()
    rings = []
    for radius, height in profile:
        count = segments if radius > 1e-6 else 1
        angles = [math.tau * step / segments for step in range(count)]
        rings.append([shape.verts.new((radius * math.cos(a), radius * math.sin(a), height)) for a in angles])
    for low, high in pairwise(rings):
        for step in range(segments):
            corners = [low[step % len(low)], low[(step + 1) % len(low)]]
            corners += [high[(step + 1) % len(high)], high[step % len(high)]]
            corners = list(dict.fromkeys(corners))
            if len(corners) > 2:
                shape.faces.new(corners)
    for ring in (rings[0], rings[-1]):
        if len(ring) > 1:
            shape.faces.new(ring)
    bmesh.ops.recalc_face_normals(shape, faces=shape.faces)
    return solid(shape, where, material)


def ball(where: Matrix, size: Sequence[float] | float, material: bpy.types.Material) -> bpy.types.Object:
    """A ball, or an ellipsoid of three radii, about its middle."""
    radii = (size, size, size) if isinstance(size, float | int) else size
    arc = [(math.sin(math.pi * step / 14), -math.cos(math.pi * step / 14)) for step in range(15)]
    return turned(where @ Matrix.Diagonal((*radii, 1.0)), arc, material, 28)


def drum(
    where: Matrix, radius: float, height: float, material: bpy.types.Material, top: float | None = None
) -> bpy.types.Object:
    """A cylinder or, if `top` is another radius, a cut cone; it stands on its base and its rims are bevelled."""
    upper, rim = radius if top is None else top, min(0.01, 0.2 * height, 0.3 * radius)
    profile = [(max(radius - rim, 1e-3), 0), (radius, rim), (upper, height - rim), (max(upper - rim, 0.0), height)]
    return turned(where, profile, material)


def limb(
    start: Vector, end: Vector, radius: float, end_radius: float, material: bpy.types.Material
) -> bpy.types.Object:
    """A tapered rod with round ends from one point to another."""
    along = end - start
    length = max(along.length, 1e-4)
    quarter = [math.pi / 2 * step / 5 for step in range(6)]
    profile = [(radius * math.sin(a), -radius * math.cos(a)) for a in quarter]
    profile += [(end_radius * math.cos(a), length + end_radius * math.sin(a)) for a in quarter]
    where = Matrix.Translation(start) @ along.to_track_quat("Z", "Y").to_matrix().to_4x4()
    return turned(where, profile, material, 16)


def sheet(where: Matrix, width: float, depth: float, material: bpy.types.Material) -> bpy.types.Object:
    """A flat rectangle in x and y that faces up."""
    shape = bmesh.new()
    corners = [(-1, -1), (1, -1), (1, 1), (-1, 1)]
    face = shape.faces.new([shape.verts.new((x * width / 2, y * depth / 2, 0)) for x, y in corners])
    layer = shape.loops.layers.uv.new("UVMap")
    for loop, (x, y) in zip(face.loops, corners, strict=True):
        loop[layer].uv = (x / 2 + 0.5, y / 2 + 0.5)
    return solid(shape, where, material)


def land(
    size: float, height: float, flat: float, material: bpy.types.Material, dice: random.Random
) -> bpy.types.Object:
    """A square of ground, level within `flat` metres of the middle, with hills of about `height` metres beyond."""
    shape = bmesh.new()
    bmesh.ops.create_grid(shape, x_segments=80, y_segments=80, size=size / 2)
    shift = Vector((dice.uniform(0, 99), dice.uniform(0, 99), 0))
    for vertex in shape.verts:
        away = max(0.0, vertex.co.length - flat) / (0.2 * size)
        vertex.co.z = height * min(away, 1.0) * (0.6 + noise.noise(vertex.co * (5.0 / size) + shift))
    return solid(shape, at(), material)


def clump(
    where: Matrix, radius: float, material: bpy.types.Material, dice: random.Random, rough: float = 0.35
) -> bpy.types.Object:
    """A lumpy ball: foliage, bushes, stones."""
    shape = bmesh.new()
    bmesh.ops.create_icosphere(shape, subdivisions=4, radius=1.0)
    shift = Vector([dice.uniform(0, 99) for _ in range(3)])
    for vertex in shape.verts:
        bulge = noise.noise(vertex.co * 2.0 + shift) + 0.4 * noise.noise(vertex.co * 5.0 + shift)
        vertex.co *= radius * (1.0 + rough * bulge)
    return solid(shape, where, material, math.pi)
