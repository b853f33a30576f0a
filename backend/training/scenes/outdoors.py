"""Houses, trees and what else stands along a street."""

import math
import random

import bpy  # noqa: F401  mathutils comes with it
from mathutils import Matrix, Vector

from . import light
from .materials import Palette, from_display, patterned, plain, shaded, wood
from .shapes import at, box, clump, drum, limb, prism


def house(dice: random.Random, palette: Palette, where: Matrix, lit: bool) -> float:
    """A house with its front towards -y, the middle of the front at `where`; returns its width. `lit`: it is night."""
    width, depth, floors = dice.uniform(5, 8), dice.uniform(5, 7), dice.choice((1, 2, 2, 3))
    height = floors * 2.7 + 0.3
    colour = palette.soft(dice) if dice.random() < 0.7 else palette.strong(dice)
    kind = dice.choice(("plain", "bricks", "planks", "mottled"))
    wall = plain(colour, 0.9)
    if kind != "plain":
        wall = patterned(
            kind, colour, shaded(colour, 0.75), {"bricks": 0.22, "planks": 0.25, "mottled": 0.3}[kind], True
        )
    trim, body = (
        plain(from_display((0.92, 0.9, 0.86)) if dice.random() < 0.6 else palette.any(dice), 0.6),
        where @ at(0, depth / 2),
    )
    box(body, (width, depth, height), wall, 0.03)
    box(body, (width + 0.12, depth + 0.12, 0.4), plain(from_display((0.5, 0.48, 0.46)), 0.9), 0.03)
    roof_colour = from_display(
        dice.choice(((0.6, 0.25, 0.18), (0.35, 0.33, 0.36), (0.45, 0.3, 0.2), (0.3, 0.38, 0.42)))
    )
    roof = patterned("bricks", roof_colour, shaded(roof_colour, 1.3), 0.3)
    peak, over = dice.uniform(1.2, 2.8), 0.45
    if dice.random() < 0.5:
        prism(body @ at(z=height), [(-width / 2 - over, 0), (width / 2 + over, 0), (0, peak)], depth + 2 * over, roof)
    else:
        across = body @ at(z=height, turn=math.pi / 2)
        prism(across, [(-depth / 2 - over, 0), (depth / 2 + over, 0), (0, peak)], width + 2 * over, roof)
    if dice.random() < 0.6:
        box(body @ at(dice.uniform(-0.25, 0.25) * width, 1.0, height), (0.6, 0.6, peak + 0.7), wall, 0.03)
    _front(dice, palette, where, width, floors, trim, lit)
    return width


def broadleaf(dice: random.Random, where: Matrix, tall: float) -> None:
    """A tree with a forked trunk and a crown of clumps."""
    bark = patterned("grain", from_display((0.35, 0.25, 0.18)), from_display((0.5, 0.38, 0.28)), 0.08, True)
    hue = dice.choice(((0.3, 0.5, 0.2), (0.42, 0.55, 0.2), (0.2, 0.42, 0.25), (0.75, 0.45, 0.15), (0.85, 0.6, 0.65)))
    green = from_display([part * dice.uniform(0.85, 1.15) for part in hue])
    leaves = [patterned("mottled", shaded(green, share), shaded(green, share * 1.7), 0.25) for share in (0.75, 1.0)]
    fork = Vector((dice.gauss(0, 0.1), dice.gauss(0, 0.1), tall * dice.uniform(0.3, 0.42)))
    limb(where.translation, where @ fork, tall * 0.045, tall * 0.033, bark)
    for number in range(dice.randint(4, 7)):
        angle, out = number * 2.4 + dice.random(), tall * dice.uniform(0.08, 0.24)
        tip = fork + Vector((math.cos(angle) * out, math.sin(angle) * out, tall * dice.uniform(0.15, 0.45)))
        limb(where @ fork, where @ tip, tall * 0.025, tall * 0.012, bark)
        clump(where @ Matrix.Translation(tip), tall * dice.uniform(0.13, 0.21), dice.choice(leaves), dice, 0.45)


def conifer(dice: random.Random, where: Matrix, tall: float) -> None:
    """A fir of stacked skirts."""
    green = from_display((0.15, dice.uniform(0.3, 0.42), dice.uniform(0.2, 0.28)))
    needles = patterned("mottled", green, shaded(green, 1.6), 0.15)
    drum(where, tall * 0.035, tall * 0.3, plain(from_display((0.33, 0.23, 0.16)), 0.9))
    levels = dice.randint(4, 6)
    for level in range(levels):
        share = level / levels
        radius = tall * 0.24 * (1 - share * 0.85)
        drum(where @ at(z=tall * (0.16 + 0.7 * share), turn=level), radius, tall * 0.26, needles, 0.02)


def tree(dice: random.Random, where: Matrix) -> None:
    """Either kind, 3 to 7 metres tall."""
    (broadleaf if dice.random() < 0.65 else conifer)(dice, where, dice.uniform(3, 7))


def street_lamp(where: Matrix, lit: bool) -> None:
    """A lamp post about 4 m tall, its arm towards -y."""
    metal = plain(from_display((0.15, 0.17, 0.18)), 0.4, 0.5)
    drum(where, 0.09, 0.5, metal)
    drum(where, 0.05, 4.0, metal)
    limb(where @ Vector((0, 0, 3.95)), where @ Vector((0, -0.8, 4.1)), 0.04, 0.03, metal)
    drum(where @ at(0, -0.8, 3.85), 0.16, 0.2, plain((1, 0.85, 0.6, 1), 0.4, 0, 5.0 if lit else 0.0), 0.08)
    if lit:
        light.bulb(where @ Vector((0, -0.8, 3.7)), 250)


def bench(dice: random.Random, where: Matrix) -> None:
    """A bench of slats."""
    plank, iron = wood(dice), plain(from_display((0.15, 0.15, 0.16)), 0.4, 0.5)
    for number in range(4):
        box(where @ at(0, number * 0.12 - 0.2, 0.43), (1.6, 0.1, 0.04), plank, 0.006)
    for number in range(3):
        box(where @ at(0, 0.24 + number * 0.02, 0.55 + number * 0.13), (1.6, 0.035, 0.1), plank, 0.006)
    for side in (-0.65, 0.65):
        box(where @ at(side, -0.15), (0.06, 0.06, 0.43), iron, 0.005)
        box(where @ at(side, 0.26), (0.06, 0.06, 0.9), iron, 0.005)


def fence(where: Matrix, length: float, dice: random.Random, palette: Palette) -> None:
    """Pales between two rails, along x."""
    paint = plain(palette.soft(dice), 0.7)
    for height in (0.3, 0.75):
        box(where @ at(z=height), (length, 0.04, 0.07), paint, 0.005)
    count = int(length / 0.28)
    for number in range(count):
        x = ((number + 0.5) / count - 0.5) * length
        prism(where @ at(x, -0.03), [(-0.05, 0.05), (0.05, 0.05), (0.05, 0.95), (0, 1.05), (-0.05, 0.95)], 0.025, paint)


def car(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A toy-like car that drives along x."""
    paint, glass = plain(palette.strong(dice), 0.25), plain(from_display((0.25, 0.32, 0.38)), 0.1)
    tyre, rim = plain(from_display((0.08, 0.08, 0.08)), 0.9), plain(from_display((0.7, 0.7, 0.72)), 0.3, 0.8)
    box(where @ at(z=0.32), (3.6, 1.55, 0.5), paint, 0.16)
    outline = [(-1.3, 0), (1.0, 0), (0.55, 0.52), (-0.95, 0.52)]
    prism(where @ at(z=0.8), outline, 1.3, paint)
    prism(where @ at(-0.17, z=0.86), [(x * 0.82, z * 0.75) for x, z in outline], 1.32, glass)
    prism(where @ at(-0.0, z=0.85), [(x * 1.02, z * 0.8) for x, z in outline], 1.1, glass)
    for x in (-1.15, 1.15):
        for y in (-0.8, 0.64):
            wheel = where @ Matrix.Translation((x, y + 0.16, 0.33)) @ Matrix.Rotation(math.pi / 2, 4, "X")
            drum(wheel, 0.33, 0.16, tyre)
            drum(wheel @ at(z=-0.01), 0.18, 0.18, rim)
    for y in (-0.55, 0.55):
        box(where @ at(1.78, y, 0.55), (0.06, 0.3, 0.14), plain((1, 0.95, 0.8, 1), 0.2), 0.02)


def _front(
    dice: random.Random, palette: Palette, where: Matrix, width: float, floors: int, trim: object, lit: bool
) -> None:
    glass, columns = plain(from_display((0.3, 0.4, 0.5)), 0.1), max(2, round(width / 2.2))
    warm = plain((1.0, 0.72, 0.35, 1.0), 0.5, 0.0, 1.5)
    door_column, door = dice.randrange(columns), plain(palette.strong(dice), 0.4)
    shutters = plain(palette.strong(dice), 0.7) if dice.random() < 0.4 else None
    for floor in range(floors):
        for column in range(columns):
            x, z = ((column + 0.5) / columns - 0.5) * width, floor * 2.7
            if floor == 0 and column == door_column:
                box(where @ at(x, 0, 0), (1.2, 0.16, 2.3), trim, 0.02)
                box(where @ at(x, -0.04, 0.12), (0.98, 0.16, 2.05), door, 0.02)
                box(where @ at(x, -0.5, 0), (1.5, 0.9, 0.16), plain(from_display((0.6, 0.58, 0.55)), 0.9), 0.02)
                continue
            pane = warm if lit and dice.random() < 0.6 else glass
            box(where @ at(x, 0, z + 0.95), (1.1, 0.14, 1.4), trim, 0.015)
            for half in (-1, 1):
                box(where @ at(x + half * 0.24, -0.02, z + 1.03), (0.42, 0.12, 1.24), pane, 0.0)
                if shutters:
                    box(where @ at(x + half * 0.8, -0.01, z + 0.95), (0.45, 0.08, 1.4), shutters, 0.015)
            box(where @ at(x, -0.08, z + 0.88), (1.25, 0.2, 0.08), trim, 0.01)
