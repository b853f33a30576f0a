"""Furniture and small things, from boxes and turned shapes; each is built at a place, its front towards -y."""

import math
import random
from collections.abc import Callable
from itertools import pairwise

import bpy
from mathutils import Matrix, Vector

from . import light
from .materials import Palette, from_display, patterned, plain, poster, random_material, shaded, wood
from .shapes import at, ball, box, clump, drum, limb, sheet, turned


def table(dice: random.Random, palette: Palette, where: Matrix) -> float:
    """A table with square or round legs; returns the height of its top."""
    width, depth, height = dice.uniform(0.9, 1.7), dice.uniform(0.6, 0.95), dice.uniform(0.68, 0.8)
    top = wood(dice) if dice.random() < 0.7 else plain(palette.any(dice), 0.4)
    leg = top if dice.random() < 0.6 else plain(palette.any(dice), 0.4)
    box(where @ at(z=height - 0.05), (width, depth, 0.05), top, 0.012)
    for x in (-1, 1):
        for y in (-1, 1):
            foot = where @ at(x * (width / 2 - 0.08), y * (depth / 2 - 0.08))
            if dice.random() < 0.5:
                box(foot, (0.06, 0.06, height - 0.05), leg, 0.008)
            else:
                drum(foot, 0.025, height - 0.05, leg, 0.04)
    for _ in range(dice.randint(1, 4)):
        spot = at(dice.uniform(-0.4, 0.4) * width, dice.uniform(-0.35, 0.35) * depth, height, dice.uniform(-2, 2))
        thing(dice, palette, where @ spot)
    return height


def chair(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A wooden chair with a seat and a back of slats or of one board."""
    frame, seat = wood(dice), plain(palette.any(dice), 0.9)
    box(where @ at(z=0.42), (0.44, 0.44, 0.05), seat, 0.02)
    for x in (-0.19, 0.19):
        box(where @ at(x, -0.19), (0.045, 0.045, 0.43), frame, 0.006)
        box(where @ at(x, 0.2), (0.045, 0.045, 0.95), frame, 0.006)
    if dice.random() < 0.5:
        for height in (0.6, 0.72, 0.84):
            box(where @ at(0, 0.2, height), (0.36, 0.025, 0.06), frame, 0.006)
    else:
        box(where @ at(0, 0.2, 0.58), (0.36, 0.04, 0.34), seat, 0.02)


def sofa(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """An armchair or a sofa with cushions."""
    width = dice.choice((0.9, 1.6, 2.0))
    cloth = random_material(dice, palette, 0.06, ("plaid", "stripes", "checks", "mottled"), 0.4)
    box(where @ at(z=0.12), (width, 0.85, 0.26), cloth, 0.05)
    box(where @ at(0, 0.34, 0.3), (width, 0.22, 0.52), cloth, 0.08)
    for side in (-1, 1):
        box(where @ at(side * (width / 2 - 0.08), 0, 0.1), (0.18, 0.85, 0.5), cloth, 0.07)
        for y in (-0.35, 0.35):
            drum(where @ at(side * (width / 2 - 0.12), y), 0.03, 0.12, wood(dice))
    count = max(1, round(width / 0.75))
    for number in range(count):
        x = ((number + 0.5) / count - 0.5) * (width - 0.35)
        box(where @ at(x, -0.06, 0.37), ((width - 0.36) / count, 0.66, 0.14), cloth, 0.05)
        if dice.random() < 0.6:
            pillow = where @ at(x, 0.14, 0.5, dice.uniform(-0.3, 0.3)) @ Matrix.Rotation(-0.35, 4, "X")
            box(pillow, (0.4, 0.13, 0.38), random_material(dice, palette, 0.05), 0.06)


def bed(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A bed, its head at +y."""
    frame, width = wood(dice), dice.choice((1.0, 1.5))
    box(where @ at(z=0.12), (width, 2.0, 0.2), frame, 0.02)
    box(where @ at(0, 0.98, 0), (width, 0.06, 0.95), frame, 0.03)
    box(where @ at(0, 0, 0.3), (width - 0.05, 1.92, 0.2), plain(from_display((0.93, 0.92, 0.88)), 0.9), 0.06)
    cover = random_material(dice, palette, 0.12, ("plaid", "stripes", "checks", "spots"), 0.6)
    box(where @ at(0, -0.28, 0.33), (width + 0.02, 1.4, 0.22), cover, 0.07)
    for side in (-1, 1) if width > 1.2 else (0,):
        box(where @ at(side * 0.35, 0.7, 0.48), (0.55, 0.36, 0.14), plain(palette.soft(dice), 0.9), 0.06)


def shelf(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A bookcase full of books and things."""
    board, width, rows = wood(dice), dice.uniform(0.7, 1.3), dice.randint(3, 5)
    height = rows * 0.38 + 0.05
    box(where @ at(0, 0.13), (width, 0.02, height), board, 0.002)
    for side in (-1, 1):
        box(where @ at(side * (width / 2)), (0.03, 0.28, height), board, 0.004)
    for row in range(rows + 1):
        box(where @ at(z=row * 0.38), (width, 0.28, 0.03), board, 0.004)
    for row in range(rows):
        x = -width / 2 + 0.05
        while x < width / 2 - 0.1:
            if dice.random() < 0.12:
                thing(dice, palette, where @ at(x + 0.08, -0.02, row * 0.38 + 0.03))
                x += 0.2
                continue
            thick, tall = dice.uniform(0.02, 0.06), dice.uniform(0.2, 0.32)
            colour = plain(palette.any(dice), 0.7)
            box(where @ at(x + thick / 2, -0.02, row * 0.38 + 0.03), (thick * 0.94, 0.19, tall), colour, 0.004)
            x += thick


def cupboard(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A chest or wardrobe with doors or drawers and knobs, something on top of a low one."""
    width, height, depth = dice.uniform(0.8, 1.3), dice.choice((0.8, 0.95, 1.9)), 0.45
    body = wood(dice) if dice.random() < 0.6 else plain(palette.any(dice), 0.5)
    knob = plain(from_display((0.75, 0.65, 0.4)), 0.3, 0.8)
    box(where, (width, depth, height), body, 0.012)
    rows, columns = (dice.randint(2, 4), 1) if height < 1.5 and dice.random() < 0.6 else (1, 2)
    for row in range(rows):
        for column in range(columns):
            wide, tall = width / columns - 0.04, (height - 0.08) / rows - 0.03
            x, z = ((column + 0.5) / columns - 0.5) * width, 0.05 + row * (height - 0.08) / rows
            box(where @ at(x, -depth / 2, z), (wide, 0.03, tall), body, 0.008)
            spots = [(-0.25, 0.5), (0.25, 0.5)] if columns == 1 else [(0.38 if column == 0 else -0.38, 0.5)]
            for across, up in spots:
                ball(where @ at(x + across * wide, -depth / 2 - 0.03, z + up * tall), 0.022, knob)
    if height < 1.5:
        for _ in range(dice.randint(1, 3)):
            thing(dice, palette, where @ at(dice.uniform(-0.4, 0.4) * width, dice.uniform(-0.05, 0.1), height))


def floor_lamp(dice: random.Random, where: Matrix) -> None:
    """A standing lamp, lit."""
    metal, height = plain(from_display((0.2, 0.2, 0.22)), 0.4, 0.6), dice.uniform(1.3, 1.6)
    drum(where, 0.15, 0.03, metal)
    drum(where, 0.015, height, metal)
    drum(where @ at(z=height - 0.1), 0.22, 0.28, plain(from_display((1.0, 0.88, 0.7)), 0.9, 0.0, 1.2), 0.14)
    light.bulb(where @ Vector((0, -0.26, height)), dice.uniform(15, 40))
    light.bulb(where @ Vector((0, 0, height + 0.25)), 12)


def plant(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A pot with leaves on stalks, or with a bush."""
    size = dice.uniform(0.7, 1.2)
    pot = random_material(dice, palette, 0.04)
    turned(
        where @ Matrix.Scale(size, 4),
        [(0.0, 0), (0.12, 0), (0.17, 0.26), (0.19, 0.26), (0.19, 0.3), (0.15, 0.3), (0.14, 0.24), (0, 0.24)],
        pot,
    )
    green = from_display((dice.uniform(0.15, 0.45), dice.uniform(0.4, 0.65), dice.uniform(0.15, 0.3)))
    if dice.random() < 0.3:
        leaves = patterned("mottled", green, shaded(green, 1.6), 0.05)
        clump(where @ at(z=size * 0.55), size * 0.3, leaves, dice, 0.5)
        return
    leaf = plain(green, 0.5)
    for _ in range(dice.randint(7, 13)):
        angle, lean, length = dice.uniform(0, math.tau), dice.uniform(0.15, 0.9), size * dice.uniform(0.3, 0.75)
        start = where @ Vector((0, 0, 0.25 * size))
        way = Vector((math.cos(angle) * math.sin(lean), math.sin(angle) * math.sin(lean), math.cos(lean)))
        end = start + (where.to_3x3() @ way) * length
        limb(start, end, 0.008, 0.005, leaf)
        turn = way.to_track_quat("Z", "X").to_matrix().to_4x4()
        ball(
            Matrix.Translation(end) @ where.to_3x3().normalized().to_4x4() @ turn,
            (0.015, 0.06 * size, 0.14 * size),
            leaf,
        )


def rug(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A carpet with a border, or a round one."""
    one = random_material(dice, palette, 0.12, ("plaid", "stripes", "checks", "spots"), 0.7)
    if dice.random() < 0.35:
        drum(where, dice.uniform(0.7, 1.2), 0.015, one)
        return
    width, depth = dice.uniform(1.4, 2.6), dice.uniform(1.0, 1.8)
    box(where, (width, depth, 0.012), plain(palette.strong(dice), 0.95), 0.003)
    box(where @ at(z=0.004), (width - 0.2, depth - 0.2, 0.012), one, 0.003)


def picture(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A framed picture; `where` is the middle of its back on the wall."""
    width, height = dice.uniform(0.35, 0.9), dice.uniform(0.35, 0.7)
    frame = wood(dice) if dice.random() < 0.6 else plain(palette.any(dice), 0.4)
    box(where @ at(0, -0.02, -height / 2), (width, 0.03, height), frame, 0.008)
    canvas = where @ Matrix.Translation((0, -0.037, 0)) @ Matrix.Rotation(math.pi / 2, 4, "X")
    sheet(canvas, width - 0.08, height - 0.08, poster(dice, palette))


def vase(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A turned vase, jug or bottle, sometimes with flowers."""
    height, belly = dice.uniform(0.16, 0.34), dice.uniform(0.05, 0.1)
    neck, lip = belly * dice.uniform(0.25, 0.6), belly * dice.uniform(0.4, 0.8)
    points = [(0.0, 0.0), (belly * 0.6, 0.0), (belly * 0.68, 0.01)]
    for step in range(1, 12):
        share = step / 12
        radius = neck + (belly - neck) * math.cos((share - 0.35) * 2.2) ** 2 if share < 0.95 else neck
        points.append((radius, height * share))
    points += [(lip, height), (lip * 0.85, height), (neck * 0.8, height * 0.9), (0.0, height * 0.88)]
    turned(where, points, random_material(dice, palette, 0.03, chance=0.3))
    if dice.random() < 0.4:
        stalk = plain(from_display((0.25, 0.5, 0.2)), 0.7)
        for _ in range(dice.randint(2, 5)):
            start = where @ Vector((0, 0, height * 0.9))
            end = start + Vector((dice.gauss(0, 0.07), dice.gauss(0, 0.07), dice.uniform(0.12, 0.25)))
            limb(start, end, 0.004, 0.003, stalk)
            petals = plain(palette.strong(dice), 0.6)
            for petal in range(6):
                angle = petal * math.tau / 6
                spot = Matrix.Translation(end + Vector((math.cos(angle), math.sin(angle), 0)) * 0.024)
                ball(spot, (0.02, 0.02, 0.012), petals)
            ball(Matrix.Translation(end), 0.016, plain(from_display((0.95, 0.8, 0.2)), 0.6))


def fruit(dice: random.Random, palette: Palette, where: Matrix) -> None:  # noqa: ARG001
    """An apple, a pear, a lemon or an orange."""
    kind, r = dice.choice(("apple", "pear", "lemon", "orange")), dice.uniform(0.033, 0.045)
    colour = {
        "apple": (0.75, 0.15, 0.12),
        "pear": (0.72, 0.72, 0.25),
        "lemon": (0.95, 0.8, 0.2),
        "orange": (0.95, 0.5, 0.1),
    }
    skin = patterned("mottled", from_display(colour[kind]), from_display((0.85, 0.7, 0.25)), 0.02, roughness=0.35)
    stalk = plain(from_display((0.3, 0.2, 0.1)), 0.8)
    if kind in ("apple", "pear"):
        up = 1.0 if kind == "apple" else 1.7
        arc = [math.pi * step / 12 for step in range(13)]
        narrow = 0.0 if kind == "apple" else 0.55
        points = [
            (
                r * math.sin(a) * (1 - narrow * (a / math.pi) ** 1.5),
                r * (0.85 - math.cos(a) * (0.9 if a < 2 else up) - (0.25 if a > 3 and up == 1 else 0)),
            )
            for a in arc
        ]
        turned(where, points, skin)
        top = where @ Vector((0, 0, r * (0.7 + up)))
        limb(top - Vector((0, 0, 0.01)), top + Vector((0.006, 0, 0.02)), 0.003, 0.003, stalk)
    else:
        ball(where @ at(z=r), (r * (1.3 if kind == "lemon" else 1.0), r, r), skin)


def bowl(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A bowl of fruit."""
    r = dice.uniform(0.12, 0.17)
    points = [
        (0, 0),
        (r * 0.4, 0),
        (r * 0.45, 0.012),
        (r * 0.8, 0.04),
        (r, 0.09),
        (r * 0.96, 0.09),
        (r * 0.75, 0.05),
        (0, 0.02),
    ]
    turned(where, points, random_material(dice, palette, 0.03, chance=0.25))
    for number in range(dice.randint(3, 6)):
        angle = number * 2.1
        fruit(
            dice,
            palette,
            where @ at(math.cos(angle) * r * 0.45, math.sin(angle) * r * 0.45, 0.035 + 0.03 * (number > 2)),
        )


def cup(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A cup on a saucer, with a handle."""
    china = random_material(dice, palette, 0.015, chance=0.2)
    turned(where, [(0, 0), (0.05, 0), (0.075, 0.014), (0.07, 0.016), (0.03, 0.008), (0, 0.008)], china)
    turned(where @ at(z=0.008), [(0, 0), (0.025, 0), (0.04, 0.07), (0.036, 0.07), (0.03, 0.05), (0, 0.05)], china)
    angles = [-1.2 + 2.4 * step / 6 for step in range(7)]
    ring = [where @ Vector((0.034 + 0.022 * math.cos(a), 0, 0.045 + 0.022 * math.sin(a))) for a in angles]
    for start, end in pairwise(ring):
        limb(start, end, 0.005, 0.005, china)


def books(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A pile of books with white pages."""
    height, paper = 0.0, plain(from_display((0.9, 0.87, 0.78)), 0.9)
    for _ in range(dice.randint(1, 4)):
        wide, deep, thick = dice.uniform(0.14, 0.2), dice.uniform(0.2, 0.26), dice.uniform(0.02, 0.045)
        spot, cover = where @ at(z=height, turn=dice.uniform(-0.3, 0.3)), plain(palette.any(dice), 0.6)
        box(spot @ at(z=0.004), (wide - 0.01, deep - 0.01, thick - 0.008), paper, 0)
        box(spot @ at(-0.005), (wide, deep, 0.004), cover, 0)
        box(spot @ at(-0.005, z=thick - 0.004), (wide, deep, 0.004), cover, 0)
        box(spot @ at(-wide / 2 - 0.003), (0.005, deep, thick), cover, 0.001)
        height += thick


def candle(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A burning candle on a stick."""
    height = dice.uniform(0.08, 0.18)
    turned(
        where,
        [(0, 0), (0.05, 0), (0.05, 0.01), (0.015, 0.02), (0.015, 0.07), (0.025, 0.08), (0, 0.08)],
        plain(palette.any(dice), 0.3, 0.8),
    )
    drum(where @ at(z=0.075), 0.014, height, plain(from_display((0.95, 0.92, 0.82)), 0.5))
    turned(
        where @ at(z=0.08 + height),
        [(0, 0), (0.007, 0.012), (0.004, 0.025), (0, 0.04)],
        plain((1, 0.6, 0.2, 1), 0.5, 0, 8),
        10,
    )
    light.bulb(where @ Vector((0, 0, 0.11 + height)), 1.5, size=0.01)


def parcel(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A box with printed sides."""
    size = [dice.uniform(0.08, 0.2) for _ in range(3)]
    box(where, size, poster(dice, palette), 0.002)


def monkey(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """Suzanne, as a figurine."""
    bpy.ops.mesh.primitive_monkey_add()
    item = bpy.context.object
    item.data.polygons.foreach_set("use_smooth", [True] * len(item.data.polygons))
    item.modifiers.new("smooth", "SUBSURF").render_levels = 1
    item.data.materials.append(random_material(dice, palette, 0.3))
    item.matrix_world = where @ at(z=0.085) @ Matrix.Rotation(-0.6, 4, "X") @ Matrix.Scale(0.1, 4)


THINGS: tuple[Callable[[random.Random, Palette, Matrix], None], ...] = (
    vase, vase, bowl, cup, books, parcel, fruit, candle, monkey,
)  # fmt: skip
"""What stands on tables."""


def thing(dice: random.Random, palette: Palette, where: Matrix) -> None:
    """A random small thing, at most about 40 cm tall."""
    dice.choice(THINGS)(dice, palette, where)
