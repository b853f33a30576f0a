"""A small stage for tests: a floor and a wall that glow with patterns, a moving camera, and room for what is tested."""

import math

import bpy
import numpy as np
from blender import scenes

WIDTH, HEIGHT, NOW = 160, 90, 7
FLOOR, WALL = "Floor", "Wall"


def stage(*, camera: bool = True) -> bpy.types.Scene:
    """The scene, seen by a camera that drives on ever faster, or by none yet."""
    scene = scenes.empty_scene(WIDTH, HEIGHT)
    vertices, faces = scenes.grid(8, 8)
    floor = scenes.add_mesh(FLOOR, vertices * 6, faces, scenes.emission("floor", 9.0, (0.5, 0.8, 0.4), 0.1))
    wall = scenes.add_mesh(WALL, vertices * 6, faces, scenes.emission("wall", 9.0, (0.4, 0.5, 0.9), 0.1))
    for item in (floor, wall):
        item.visible_diffuse = item.visible_glossy = False  # they light nothing: what does not glow is black, not noisy
    wall.rotation_euler, wall.location = (math.pi / 2, 0, 0), (0, 4, 3)
    if camera:
        scenes.add_camera(lambda f: (-1.2 + 0.024 * f * f, -5.2 + 0.006 * f * f, 1.6), (0.2, 0.0, 1.0))
    return scene


def link(name: str, data: bpy.types.ID | None) -> bpy.types.Object:
    """A new object in the current scene."""
    item = bpy.data.objects.new(name, data)
    bpy.context.scene.collection.objects.link(item)
    return item


def add_ball(name: str, radius: float = 0.5, material: bpy.types.Material | None = None) -> bpy.types.Object:
    """A smooth ball at the origin whose glowing pattern stays on it."""
    rings, sides = 16, 24
    tilt, turn = np.linspace(0, math.pi, rings + 1)[1:-1], np.arange(sides) * 2 * math.pi / sides
    places = [(math.sin(a) * math.cos(b), math.sin(a) * math.sin(b), math.cos(a)) for a in tilt for b in turn]
    faces: list[tuple[int, ...]] = [
        (r * sides + s, (r + 1) * sides + s, (r + 1) * sides + (s + 1) % sides, r * sides + (s + 1) % sides)
        for r in range(rings - 2)
        for s in range(sides)
    ]
    top, bottom, last = len(places), len(places) + 1, (rings - 2) * sides
    faces += [(top, s, (s + 1) % sides) for s in range(sides)]
    faces += [(bottom, last + (s + 1) % sides, last + s) for s in range(sides)]
    vertices = np.array([*places, (0, 0, 1), (0, 0, -1)]) * radius
    material = material or scenes.emission(name, 3.0, (0.8, 0.7, 0.2))
    ball = scenes.add_mesh(name, vertices, faces, material)
    ball.visible_diffuse = ball.visible_glossy = False
    return ball


def throw(item: bpy.types.Object, start: scenes.Place = (-1.2, -0.8, 0.8), speed: float = 0.025) -> None:
    """Moves and turns `item` ever faster."""
    x, y, z = start
    scenes.key_every_frame(item, "location", lambda f: (x + speed * f * f, y, z + 0.4 * speed * f * f))
    scenes.key_every_frame(item, "rotation_euler", lambda f: (0.002 * f * f, 0.006 * f * f, 0.0))
