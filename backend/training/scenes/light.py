"""Skies, suns and lamps for the training scenes."""

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass

import bpy
from mathutils import Vector

from ....scene.compat import give_nodes
from .materials import from_display


@dataclass(frozen=True)
class Mood:
    """A time of day. Colours are sRGB 0..1; strengths as Blender counts them.

    `height` is the lowest and highest angle of the sun in radians, `angle` its size in the sky, `brightness` how light
    the picture comes out on the whole, from 0 to 1.
    """

    zenith: tuple[float, float, float]
    horizon: tuple[float, float, float]
    sky: float
    sun: float
    sun_colour: tuple[float, float, float]
    height: tuple[float, float]
    angle: float
    brightness: tuple[float, float]


MOODS = {
    "day": Mood((0.35, 0.58, 0.9), (0.8, 0.88, 0.95), 0.7, 3.5, (1.0, 0.95, 0.88), (0.6, 1.2), 0.02, (0.48, 0.6)),
    "crisp": Mood((0.3, 0.5, 0.85), (0.85, 0.88, 0.9), 0.3, 5.0, (1.0, 0.93, 0.8), (0.35, 0.8), 0.004, (0.44, 0.56)),
    "overcast": Mood((0.75, 0.78, 0.82), (0.85, 0.86, 0.86), 1.0, 0.8, (1.0, 1.0, 1.0), (0.7, 1.3), 0.5, (0.48, 0.6)),
    "dusk": Mood((0.3, 0.3, 0.55), (0.98, 0.62, 0.4), 0.45, 2.5, (1.0, 0.6, 0.33), (0.15, 0.45), 0.02, (0.38, 0.48)),
    "night": Mood((0.05, 0.07, 0.18), (0.12, 0.16, 0.33), 0.5, 0.35, (0.6, 0.7, 1.0), (0.5, 1.0), 0.02, (0.27, 0.35)),
}


def random_mood(dice: random.Random) -> Mood:
    """Day more often than dusk, dusk more often than night."""
    return MOODS[dice.choices(list(MOODS), (3, 3, 2, 2, 1.3))[0]]


def sky(dice: random.Random, mood: Mood, clouds: bool) -> None:
    """A new world whose colour goes from the horizon to the zenith, with or without clouds."""
    world = bpy.data.worlds.new("sky")
    bpy.context.scene.world = world
    tree = give_nodes(world)
    background = tree.nodes["Background"]
    background.inputs["Strength"].default_value = mood.sky
    place = tree.nodes.new("ShaderNodeTexCoord").outputs["Generated"]
    apart = tree.nodes.new("ShaderNodeSeparateXYZ")
    tree.links.new(place, apart.inputs[0])
    blend = tree.nodes.new("ShaderNodeMixRGB")
    rise = tree.nodes.new("ShaderNodeMapRange")
    rise.inputs["From Max"].default_value = dice.uniform(0.25, 0.7)
    tree.links.new(apart.outputs["Z"], rise.inputs["Value"])
    tree.links.new(rise.outputs["Result"], blend.inputs[0])
    blend.inputs[1].default_value = from_display(mood.horizon)
    blend.inputs[2].default_value = from_display(mood.zenith)
    colour = blend.outputs[0]
    if clouds:
        stretch, noise = tree.nodes.new("ShaderNodeMapping"), tree.nodes.new("ShaderNodeTexNoise")
        stretch.inputs["Scale"].default_value = (1.0, 1.0, 3.0)
        stretch.inputs["Location"].default_value = [dice.uniform(0, 50) for _ in range(3)]
        tree.links.new(place, stretch.inputs["Vector"])
        tree.links.new(stretch.outputs[0], noise.inputs["Vector"])
        noise.inputs["Scale"].default_value, noise.inputs["Detail"].default_value = dice.uniform(1.5, 3.0), 5.0
        edge, cover = tree.nodes.new("ShaderNodeMapRange"), tree.nodes.new("ShaderNodeMixRGB")
        edge.inputs["From Min"].default_value, edge.inputs["From Max"].default_value = 0.52, dice.uniform(0.58, 0.7)
        tree.links.new(noise.outputs[0], edge.inputs["Value"])
        tree.links.new(edge.outputs["Result"], cover.inputs[0])
        tree.links.new(colour, cover.inputs[1])
        pale = [0.35 * part + 0.65 * max(mood.horizon) for part in mood.horizon]
        cover.inputs[2].default_value = from_display(pale)
        colour = cover.outputs[0]
    tree.links.new(colour, background.inputs["Color"])


def towards(azimuth: float, lift: float) -> Vector:
    """The unit vector at `azimuth` radians from -y (counted towards +x) and `lift` radians above the horizon."""
    flat = math.cos(lift)
    return Vector((math.sin(azimuth) * flat, -math.cos(azimuth) * flat, math.sin(lift)))


def sun(mood: Mood, azimuth: float, lift: float, share: float = 1.0) -> None:
    """The mood's sun, where `towards` says, `share` times as strong."""
    item = _light("SUN", Vector((0, 0, 20)), towards(azimuth, lift), mood.sun * share, mood.sun_colour)
    item.data.angle = mood.angle


def area(place: Vector, target: Vector, watts: float, size: float, colour: Sequence[float] = (1, 1, 1)) -> None:
    """A square lamp that the camera does not see."""
    item = _light("AREA", place, place - target, watts, colour)
    item.data.size = size
    item.visible_camera = False


def bulb(place: Vector, watts: float, colour: Sequence[float] = (1.0, 0.8, 0.55), size: float = 0.05) -> None:
    """A warm point of light."""
    item = _light("POINT", place, Vector((0, 0, 1)), watts, colour)
    item.data.shadow_soft_size = size


def random_daylight(dice: random.Random, mood: Mood, azimuth: float) -> None:
    """Sky and sun for a picture taken from `azimuth`: mostly lit from the camera's side, now and then from behind."""
    sky(dice, mood, dice.random() < 0.5)
    off = dice.choice((-1, 1)) * (dice.uniform(0.3, 1.4) if dice.random() < 0.85 else dice.uniform(1.6, 2.8))
    sun(mood, azimuth + off, dice.uniform(*mood.height))


def _light(kind: str, place: Vector, back: Vector, energy: float, colour: Sequence[float]) -> bpy.types.Object:
    item = bpy.data.objects.new("light", bpy.data.lights.new("light", kind))
    item.location = place
    item.rotation_euler = back.to_track_quat("Z", "Y").to_euler()
    item.data.energy = energy
    item.data.color = from_display(colour)[:3]
    bpy.context.scene.collection.objects.link(item)
    return item
