"""Colours, procedural patterns and painted pictures for what stands in the training scenes."""

import colorsys
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import bpy
import numpy as np

from ....scene.compat import give_nodes

RGBA = tuple[float, float, float, float]

FLAT = ("planks", "tiles", "checks", "marble", "plaid", "spots", "stripes", "mottled")
"""Patterns that lie along local x and y, and so suit floors, table tops and round things."""

UPRIGHT = ("bricks", "stripes", "spots", "mottled", "marble")
"""Patterns that suit walls: they lie along local z and whatever is across it."""


@dataclass(frozen=True)
class Palette:
    """Colours that go together: a hue with its neighbours, one accent, and neutrals."""

    hues: tuple[float, ...]

    def strong(self, dice: random.Random) -> RGBA:
        """A clear colour, of any lightness."""
        return self._colour(dice, dice.uniform(0.35, 0.85), dice.uniform(0.3, 0.95))

    def soft(self, dice: random.Random) -> RGBA:
        """A pale or greyed colour, for walls and grounds."""
        return self._colour(dice, dice.uniform(0.05, 0.4), dice.uniform(0.4, 0.95))

    def any(self, dice: random.Random) -> RGBA:
        """Mostly clear, sometimes soft, rarely near white or black."""
        if dice.random() < 0.1:
            return self._colour(dice, 0.05, dice.choice((0.05, 0.95)))
        return self.strong(dice) if dice.random() < 0.65 else self.soft(dice)

    def _colour(self, dice: random.Random, saturation: float, value: float) -> RGBA:
        hue = (dice.choice(self.hues) + dice.gauss(0, 0.02)) % 1.0
        return from_display(colorsys.hsv_to_rgb(hue, saturation, value))


def random_palette(dice: random.Random) -> Palette:
    """Two neighbours of a random hue, its complement, and now and then a hue from anywhere."""
    base = dice.random()
    return Palette((base, base + dice.uniform(0.05, 0.12), base + 0.5, *([dice.random()] * dice.randint(0, 2))))


def from_display(colour: Sequence[float]) -> RGBA:
    """Scene-linear RGBA of an sRGB colour with channels from 0 to 1."""
    return (*(part / 12.92 if part < 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour[:3]), 1.0)  # type: ignore[return-value]


def shaded(colour: RGBA, factor: float) -> RGBA:
    """The colour, `factor` times as light, never more than white."""
    return (*(min(part * factor, 1.0) for part in colour[:3]), 1.0)  # type: ignore[return-value]


def plain(colour: RGBA, roughness: float = 0.7, metallic: float = 0.0, glow: float = 0.0) -> bpy.types.Material:
    """One colour; `glow` is the strength of its own light."""
    material, _, shader = _new_material()
    shader.inputs["Base Color"].default_value = colour
    shader.inputs["Roughness"].default_value = roughness
    shader.inputs["Metallic"].default_value = metallic
    shader.inputs["Emission Color"].default_value = colour
    shader.inputs["Emission Strength"].default_value = glow
    return material


def patterned(
    kind: str, one: RGBA, other: RGBA, size: float = 0.2, upright: bool = False, roughness: float = 0.7
) -> bpy.types.Material:
    """A pattern of two colours whose parts are about `size` metres large in the object's own coordinates.

    `upright` lays it along the object's z axis instead of along its y axis.
    """
    material, tree, shader = _new_material()
    shader.inputs["Roughness"].default_value = roughness
    place = tree.nodes.new("ShaderNodeTexCoord").outputs["Object"]
    if upright:
        place = _upright(tree, place)
    colour = _PATTERNS[kind](tree, place, one, other, size)
    tree.links.new(colour, shader.inputs["Base Color"])
    return material


def random_material(
    dice: random.Random, palette: Palette, size: float = 0.15, patterns: Sequence[str] = FLAT, chance: float = 0.35
) -> bpy.types.Material:
    """Plain or, by `chance`, with one of the patterns; sometimes glossy, rarely of metal."""
    if dice.random() < chance:
        one = palette.any(dice)
        other = shaded(one, dice.choice((0.5, 0.7, 1.6))) if dice.random() < 0.5 else palette.any(dice)
        return patterned(dice.choice(patterns), one, other, size * dice.uniform(0.6, 1.6), dice.random() < 0.5)
    if dice.random() < 0.07:
        return plain(palette.any(dice), dice.uniform(0.2, 0.4), 0.9)
    return plain(palette.any(dice), dice.choice((0.3, 0.6, 0.9)))


def wood(dice: random.Random, boards: bool = False) -> bpy.types.Material:
    """A random brown, as grain or as boards."""
    dark = from_display(colorsys.hsv_to_rgb(dice.uniform(0.05, 0.1), dice.uniform(0.4, 0.75), dice.uniform(0.25, 0.6)))
    kind, size = ("planks", dice.uniform(0.1, 0.2)) if boards else ("grain", dice.uniform(0.04, 0.1))
    return patterned(kind, dark, shaded(dark, dice.uniform(1.3, 2.0)), size, roughness=0.5)


def poster(dice: random.Random, palette: Palette) -> bpy.types.Material:
    """A painted picture on the surface's UV map: a landscape, shapes, or a page with lines of writing."""
    size = 192
    rows, columns = np.indices((size, size), np.float32) / size
    image = np.empty((size, size, 4), np.float32)
    top, bottom = np.array(palette.soft(dice)), np.array(palette.soft(dice))
    image[:] = bottom + (top - bottom) * rows[..., None]
    subject = dice.choice(("landscape", "shapes", "page"))
    if subject == "landscape":
        sun = np.hypot(columns - dice.random(), rows - dice.uniform(0.5, 0.9)) < dice.uniform(0.05, 0.15)
        image[sun] = palette.strong(dice)
        for height in (0.6, 0.45, 0.3, 0.15):
            ridge = height + 0.08 * np.sin(columns * dice.uniform(3, 15) + dice.uniform(0, 6))
            image[rows < ridge + 0.03 * np.sin(columns * dice.uniform(15, 40))] = palette.any(dice)
    elif subject == "shapes":
        for _ in range(dice.randint(5, 12)):
            x, y, r = dice.random(), dice.random(), dice.uniform(0.05, 0.25)
            inside = np.hypot(columns - x, rows - y) < r
            if dice.random() < 0.5:
                inside = (np.abs(columns - x) < r) & (np.abs(rows - y) < r * dice.uniform(0.1, 1.2))
            image[inside] = palette.any(dice)
    else:
        image[:] = from_display((0.93, 0.91, 0.85))
        ink, title = palette.any(dice), palette.strong(dice)
        image[(rows > 0.78) & (rows < 0.9) & (columns > 0.1) & (columns < 0.9)] = title
        for line in np.arange(0.1, 0.7, 0.09):
            words = np.sin(columns * dice.uniform(40, 70) + dice.uniform(0, 6)) > -0.6
            inside = (np.abs(rows - line) < 0.02) & (columns > 0.1) & (columns < dice.uniform(0.5, 0.9))
            image[words & inside] = ink
    image[..., 3] = 1.0
    picture = bpy.data.images.new("poster", size, size, float_buffer=True)
    picture.pixels.foreach_set(image.ravel())
    picture.pack()
    material, tree, shader = _new_material()
    texture = tree.nodes.new("ShaderNodeTexImage")
    texture.image = picture
    tree.links.new(texture.outputs["Color"], shader.inputs["Base Color"])
    shader.inputs["Roughness"].default_value = 0.8
    return material


def _new_material() -> tuple[bpy.types.Material, Any, Any]:
    material = bpy.data.materials.new("material")
    tree = give_nodes(material)
    tree.nodes.clear()
    output, shader = tree.nodes.new("ShaderNodeOutputMaterial"), tree.nodes.new("ShaderNodeBsdfPrincipled")
    tree.links.new(shader.outputs[0], output.inputs["Surface"])
    return material, tree, shader


def _texture(tree: Any, kind: str, place: Any, **values: float) -> Any:
    node = tree.nodes.new(f"ShaderNodeTex{kind}")
    tree.links.new(place, node.inputs["Vector"])
    for name, value in values.items():
        node.inputs[name.replace("_", " ")].default_value = value
    return node


def _mix(tree: Any, factor: Any, one: Any, other: Any, blend: str = "MIX") -> Any:
    node = tree.nodes.new("ShaderNodeMixRGB")
    node.blend_type = blend
    for socket, value in zip(node.inputs, (factor, one, other), strict=True):
        if isinstance(value, bpy.types.NodeSocket):
            tree.links.new(value, socket)
        else:
            socket.default_value = value
    return node.outputs[0]


def _step(tree: Any, value: Any, edge: float, softness: float = 0.02) -> Any:
    """0 below the edge, 1 above."""
    node = tree.nodes.new("ShaderNodeMapRange")
    tree.links.new(value, node.inputs["Value"])
    node.inputs["From Min"].default_value, node.inputs["From Max"].default_value = edge - softness, edge + softness
    return node.outputs["Result"]


def _stretched(tree: Any, place: Any, x: float, y: float, z: float) -> Any:
    node = tree.nodes.new("ShaderNodeMapping")
    tree.links.new(place, node.inputs["Vector"])
    node.inputs["Scale"].default_value = (x, y, z)
    return node.outputs[0]


def _upright(tree: Any, place: Any) -> Any:
    """(x + y, z, x - y): what was along z lies along y, where the patterns expect it."""
    apart, together = tree.nodes.new("ShaderNodeSeparateXYZ"), tree.nodes.new("ShaderNodeCombineXYZ")
    tree.links.new(place, apart.inputs[0])
    for target, operation in ((0, "ADD"), (2, "SUBTRACT")):
        node = tree.nodes.new("ShaderNodeMath")
        node.operation = operation
        tree.links.new(apart.outputs[0], node.inputs[0])
        tree.links.new(apart.outputs[1], node.inputs[1])
        tree.links.new(node.outputs[0], together.inputs[target])
    tree.links.new(apart.outputs[2], together.inputs[1])
    return together.outputs[0]


def _grain(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    along = _stretched(tree, place, 0.15 / size, 1.0 / size, 1.0 / size)
    noise = _texture(tree, "Noise", along, Scale=1.0, Detail=4.0, Distortion=1.5)
    return _mix(tree, _step(tree, noise.outputs[0], 0.5, 0.15), one, other)


def _bricks(tree: Any, place: Any, one: RGBA, other: RGBA, size: float, length: float = 2.2) -> Any:
    node = _texture(tree, "Brick", place, Scale=1.0, Mortar_Size=size * 0.05, Brick_Width=size * length)
    node.inputs["Row Height"].default_value = size
    node.inputs["Color1"].default_value, node.inputs["Color2"].default_value = one, other
    node.inputs["Mortar"].default_value = shaded(one, 0.4)
    return node.outputs["Color"]


def _planks(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    boards = _bricks(tree, place, one, shaded(one, 1.25), size, 8.0)
    return _mix(tree, 0.45, boards, _grain(tree, place, one, other, size * 0.4))


def _tiles(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    node = _texture(tree, "Brick", place, Scale=1.0, Mortar_Size=size * 0.03, Brick_Width=size, Row_Height=size)
    node.offset = 0.0
    node.inputs["Color1"].default_value, node.inputs["Color2"].default_value = one, shaded(one, 0.85)
    node.inputs["Mortar"].default_value = other
    return node.outputs["Color"]


def _checks(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    node = _texture(tree, "Checker", place, Scale=1.0 / size)
    node.inputs["Color1"].default_value, node.inputs["Color2"].default_value = one, other
    return node.outputs["Color"]


def _marble(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    noise = _texture(tree, "Noise", place, Scale=0.3 / size, Detail=5.0, Distortion=3.0)
    veins = _texture(tree, "Wave", noise.outputs["Color"], Scale=1.5, Distortion=2.0)
    return _mix(tree, _step(tree, veins.outputs["Fac"], 0.75, 0.2), one, other)


def _stripe(tree: Any, place: Any, size: float, axis: str, share: float) -> Any:
    node = _texture(tree, "Wave", place, Scale=math.pi / (10.0 * size))
    node.bands_direction = axis
    return _step(tree, node.outputs["Fac"], share)


def _stripes(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    return _mix(tree, _stripe(tree, place, size, "X", 0.5), one, other)


def _plaid(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    first = _mix(tree, _stripe(tree, place, size, "X", 0.7), one, other)
    return _mix(tree, _mix(tree, 0.5, (0, 0, 0, 1), _stripe(tree, place, size, "Y", 0.7)), first, other)


def _spots(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    node = _texture(tree, "Voronoi", place, Scale=0.7 / size)
    return _mix(tree, _step(tree, node.outputs["Distance"], 0.35), one, other)


def _mottled(tree: Any, place: Any, one: RGBA, other: RGBA, size: float) -> Any:
    large = _texture(tree, "Noise", place, Scale=0.25 / size, Detail=3.0)
    small = _texture(tree, "Noise", place, Scale=4.0 / size, Detail=2.0)
    blend = _mix(tree, _step(tree, large.outputs[0], 0.5, 0.15), one, _mix(tree, 0.5, one, other))
    return _mix(tree, _step(tree, small.outputs[0], 0.62, 0.06), blend, other)


_PATTERNS = {
    "grain": _grain,
    "planks": _planks,
    "bricks": _bricks,
    "tiles": _tiles,
    "checks": _checks,
    "marble": _marble,
    "plaid": _plaid,
    "spots": _spots,
    "stripes": _stripes,
    "mottled": _mottled,
}
