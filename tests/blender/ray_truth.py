"""What a camera sees, computed from Blender's geometry with rays and nothing else: no render, no pass, no vector."""

from collections.abc import Mapping
from dataclasses import dataclass

import bpy
import numpy as np
from flowbrush.backend.shot import Camera
from mathutils import Vector
from mathutils.bvhtree import BVHTree

MISS = -1


@dataclass(frozen=True)
class Geometry:
    """All triangles of the scene at one frame: (T, 3, 3) corners in world space and in rest, object name, material.

    instances: counts what Blender draws, so that two instances of an object have different numbers.
    """

    corners: np.ndarray
    rest: np.ndarray
    objects: np.ndarray
    materials: np.ndarray
    instances: np.ndarray
    tree: BVHTree


@dataclass(frozen=True)
class Rays:
    """What the pixels of a frame show, and where that was a frame before, by rays.

    names: (H, W) of the objects, empty where there is none. landed: (H, W, 3) column and row there in pixels, and
    distance. seen: (H, W) bool, whether it was seen there. instances: (H, W) see `Geometry`, -1 where there is none.
    """

    names: np.ndarray
    landed: np.ndarray
    seen: np.ndarray
    instances: np.ndarray


@dataclass(frozen=True)
class Hits:
    """What the ray through each pixel's centre meets: triangle (H, W), `MISS` where it meets none, and its place in
    the triangle as weights of the corners (H, W, 3)."""

    triangle: np.ndarray
    weights: np.ndarray

    def places(self, corners: np.ndarray) -> np.ndarray:
        """(H, W, 3): the points hit, for the triangles' `corners` in this or another frame; 0 where nothing is."""
        points = np.einsum("hwc,hwcx->hwx", self.weights, corners[self.triangle])
        return np.where((self.triangle == MISS)[..., None], 0.0, points)


def cast(scene: bpy.types.Scene, cameras: Mapping[int, Camera], frame: int, size: tuple[int, int]) -> Rays:
    """What is seen at `frame`, and of that the frame before, in a picture of `size`."""
    width, height = size
    here, there = geometry(scene, frame), geometry(scene, frame - 1)
    hits = look(here, cameras[frame], width, height)
    hit = hits.triangle != MISS
    points = hits.places(there.corners)
    landed = project(cameras[frame - 1], points, width, height)
    column, row = landed[..., 0], landed[..., 1]
    inside = (column >= -0.5) & (column < width - 0.5) & (row >= -0.5) & (row < height - 0.5) & (landed[..., 2] > 0)
    seen = hit & inside
    seen[seen] = hidden_by(there, cameras[frame - 1], points[seen]) == MISS
    names = np.where(hit, here.objects[hits.triangle], "")
    return Rays(names, landed, seen, np.where(hit, here.instances[hits.triangle], -1))


def geometry(scene: bpy.types.Scene, frame: int) -> Geometry:
    """The scene's meshes at `frame`, modifiers and instances included; same order in all frames."""
    scene.frame_set(frame)
    depsgraph = bpy.context.evaluated_depsgraph_get()
    corners, rest, objects, materials, instances = [], [], [], [], []
    for number, instance in enumerate(depsgraph.object_instances):
        item = instance.object
        pattern = (
            not instance.is_instance and item.parent is not None and item.parent.instance_type in {"VERTS", "FACES"}
        )
        if item.type not in {"MESH", "FONT", "CURVE"} or pattern or not instance.show_self:
            continue  # renders do not show what is only instanced
        mesh = item.to_mesh()
        mesh.calc_loop_triangles()
        indices = _read(mesh.loop_triangles, "vertices", 3, np.int32)
        places = _read(mesh.vertices, "co", 3, np.float32)
        original = item.original.data
        same = isinstance(original, bpy.types.Mesh) and len(original.vertices) == len(places)
        undeformed = _read(original.vertices, "co", 3, np.float32) if same else places
        world = np.array(instance.matrix_world)
        corners.append((places @ world[:3, :3].T + world[:3, 3])[indices])
        rest.append(undeformed[indices])
        objects += [item.original.name_full] * len(indices)
        instances += [number] * len(indices)
        materials += [_material(item, index) for index in _read(mesh.loop_triangles, "material_index", 1, np.int32)]
        item.to_mesh_clear()
    stacked = np.concatenate(corners)
    flat = np.arange(3 * len(stacked)).reshape(-1, 3)
    tree = BVHTree.FromPolygons(stacked.reshape(-1, 3).tolist(), flat.tolist(), all_triangles=True)
    arrays = (np.array(values) for values in (objects, materials, instances))
    return Geometry(stacked, np.concatenate(rest), *arrays, tree)


def look(scene: Geometry, camera: Camera, width: int, height: int) -> Hits:
    """Casts a ray through the centre of every pixel."""
    axes, place, scale, shift = _lens(camera, width, height)
    triangle = np.full((height, width), MISS, np.int64)
    weights = np.zeros((height, width, 3))
    for row in range(height):
        for column in range(width):
            x, y = ((column, row) - shift) / scale
            origin, direction = place, axes @ (x, -y, -1.0)
            if camera.kind == "ORTHO":
                origin, direction = place + axes @ (x, -y, 0.0), axes @ (0.0, 0.0, -1.0)
            point, _, index, _ = scene.tree.ray_cast(Vector(origin), Vector(direction))
            if point is not None:
                triangle[row, column] = index
                weights[row, column] = _weights(scene.corners[index], np.array(point))
    return Hits(triangle, weights)


def project(camera: Camera, points: np.ndarray, width: int, height: int) -> np.ndarray:
    """(…, 3) world positions → (…, 3): column and row in pixels, and distance along the camera's axis."""
    axes, place, scale, shift = _lens(camera, width, height)
    local = (points - place) @ np.linalg.inv(axes).T
    depth = -local[..., 2:]
    flat = local[..., :2] * (1, -1)
    return np.concatenate([(flat if camera.kind == "ORTHO" else flat / depth) * scale + shift, depth], axis=-1)


def hidden_by(scene: Geometry, camera: Camera, points: np.ndarray) -> np.ndarray:
    """(N,) the triangle between the camera and each world position (N, 3); `MISS` where none is."""
    axes, place, _, _ = _lens(camera, 1, 1)
    found = np.full(len(points), MISS, np.int64)
    for index, point in enumerate(points):
        origin = place
        if camera.kind == "ORTHO":
            origin = point - axes[:, 2] * (np.linalg.inv(axes) @ (point - place))[2]
        way = point - origin
        far = float(np.linalg.norm(way))
        _, _, triangle, _ = scene.tree.ray_cast(Vector(origin), Vector(way), far - 1e-4 * far)
        found[index] = MISS if triangle is None else triangle
    return found


def _lens(camera: Camera, width: int, height: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """World axes as columns, place, pixels for each unit at distance 1, and where the axis meets the picture."""
    world, lens = np.array(camera.matrix_world).reshape(4, 4), np.array(camera.projection).reshape(4, 4)
    scale = np.array([lens[0, 0] * width, lens[1, 1] * height]) / 2
    centre = (lens[0, 3], lens[1, 3]) if camera.kind == "ORTHO" else (-lens[0, 2], -lens[1, 2])
    middle = np.array([(centre[0] + 1) * width, (1 - centre[1]) * height]) / 2 - 0.5
    return world[:3, :3], world[:3, 3], scale, middle


def _weights(corners: np.ndarray, point: np.ndarray) -> np.ndarray:
    """Barycentric coordinates of `point` in the triangle."""
    a, b, c = corners.astype(float)
    v0, v1, v2 = b - a, c - a, point - a
    d00, d01, d11, d20, d21 = v0 @ v0, v0 @ v1, v1 @ v1, v2 @ v0, v2 @ v1
    area = d00 * d11 - d01 * d01
    second, third = (d11 * d20 - d01 * d21) / area, (d00 * d21 - d01 * d20) / area
    return np.array([1.0 - second - third, second, third])


def _material(item: bpy.types.Object, index: int) -> str:
    slots = item.material_slots
    material = slots[min(index, len(slots) - 1)].material if slots else None
    return material.name_full if material else ""


def _read(items: bpy.types.bpy_prop_collection, name: str, size: int, kind: type) -> np.ndarray:
    values = np.empty(len(items) * size, kind)
    items.foreach_get(name, values)
    return values.reshape(-1, size) if size > 1 else values
