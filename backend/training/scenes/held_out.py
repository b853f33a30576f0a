"""Eight pictures from four scenes that training never sees: their characters, motions and layouts are its own."""

import math
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path

import bpy  # noqa: F401  mathutils comes with it
from mathutils import Matrix, Vector

from . import furniture, light, outdoors, rooms
from .characters import HELD_OUT, Character
from .light import MOODS
from .mannequin import build_mannequin, read_pose
from .materials import Palette, from_display, patterned, plain, poster, shaded, wood
from .rooms import Opening, Plan
from .shapes import at, ball, box, clump, drum, land, limb, sheet
from .stage import Scene, View

FOX, PLAYER, SIGNS = HELD_OUT


def fox(material: Path, second: bool) -> Scene:
    """A textured fox in a clearing: looking about by day, and running at dusk."""
    dice = random.Random("a clearing")
    grass = from_display((0.42, 0.55, 0.25))
    land(120, 9, 9, patterned("mottled", grass, shaded(grass, 0.65), 0.35), dice)
    for x, y, tall in ((-4.5, 5, 6), (-1.8, 8, 7), (2.2, 6.5, 5), (5.5, 7, 6.5), (-7.5, 9, 7), (8, 12, 7)):
        (outdoors.broadleaf if dice.random() < 0.6 else outdoors.conifer)(dice, at(x, y), tall)
    stone = patterned("mottled", from_display((0.55, 0.54, 0.5)), from_display((0.4, 0.42, 0.35)), 0.12)
    for x, y, size in ((-1.6, 0.9, 0.4), (-2.1, 0.5, 0.22), (1.9, 1.4, 0.55), (1.3, -1.1, 0.16)):
        clump(at(x, y, size * 0.3), size, stone, dice)
    trunk = patterned("grain", from_display((0.4, 0.28, 0.2)), from_display((0.55, 0.42, 0.3)), 0.05)
    limb(Vector((-0.6, 1.9, 0.2)), Vector((2.6, 2.3, 0.25)), 0.22, 0.17, trunk)
    character = Character(material / FOX)
    character.root.scale *= 0.45
    character.pose(character.action("run" if second else "survey"), 0.3 if second else 0.55)
    character.stand(at(turn=-0.9 if second else 0.5))
    mood, azimuth = MOODS["dusk" if second else "crisp"], -0.3 if second else 0.25
    light.sky(dice, mood, True)
    light.sun(mood, -0.9, 0.4 if second else 0.65)
    view = View(Vector((0.05, 0, 0.5)), 1.0 if second else 0.85, azimuth, 0.12 if second else 0.2)
    return Scene(view, 0.45, 12)


def player(material: Path, second: bool) -> Scene:
    """A robot among textured arrow signs on a test track; the second picture is a portrait."""
    dice, palette = random.Random("a test track"), Palette((0.07, 0.13, 0.55))
    sheet(at(), 80, 80, patterned("tiles", from_display((0.72, 0.7, 0.66)), from_display((0.55, 0.53, 0.5)), 1.1))
    box(
        at(0, 7),
        (26, 0.4, 3.2),
        patterned("bricks", from_display((0.68, 0.42, 0.33)), from_display((0.6, 0.36, 0.28)), 0.25, True),
        0,
    )
    box(at(0, 6.7), (26, 0.5, 0.6), plain(from_display((0.85, 0.83, 0.78)), 0.9), 0.03)
    for x, y, turn in ((-1.75, 1.3, 0.35), (1.9, 1.9, -0.4)):
        signs = Character(material / SIGNS)
        signs.stand(at(x, y, 0.35, turn))
        low, high = signs.bounds()
        middle = (low + high) / 2
        box(
            at(middle.x, middle.y + 0.09, 0, turn),
            (0.85, 0.1, high.z + 0.1),
            plain(from_display((0.25, 0.28, 0.3)), 0.6),
            0.02,
        )
    red, white = plain(from_display((0.85, 0.3, 0.15)), 0.5), plain(from_display((0.93, 0.92, 0.9)), 0.5)
    for x, y in ((-0.95, -0.3), (1.15, 0.2), (2.6, 0.9), (-2.7, 0.6)):
        box(at(x, y), (0.4, 0.4, 0.04), red, 0.01)
        drum(at(x, y, 0.04), 0.15, 0.2, red, 0.11)
        drum(at(x, y, 0.24), 0.11, 0.12, white, 0.085)
        drum(at(x, y, 0.36), 0.085, 0.2, red, 0.03)
    for x, y, size in ((-3.3, 3.4, 0.9), (-2.5, 3.9, 0.7), (3.6, 3.6, 1.0)):
        box(at(x, y, 0, dice.random()), (size, size, size), wood(dice, True), 0.03)
    ball(at(0.75, -0.75, 0.22), 0.22, patterned("checks", from_display((0.95, 0.75, 0.2)), palette.strong(dice), 0.11))
    character = Character(material / PLAYER)
    character.root.scale *= 0.8
    character.pose(character.action("idle" if second else "run"), 0.3 if second else 0.45)
    character.stand(at(turn=-0.35 if second else 0.5))
    light.sky(dice, MOODS["day"], True)
    light.sun(MOODS["day"], -0.8, 0.75)
    if second:
        return Scene(View(Vector((0, 0, 1.15)), 0.66, 0.45, 0.05, 60.0), 0.5, 12)
    return Scene(View(Vector((0.05, 0, 0.9)), 1.5, -0.2, 0.12, 40.0), 0.52, 12)


def study(material: Path, second: bool) -> Scene:  # noqa: ARG001
    """A study with a desk at the window; the second picture is of the reading corner, by lamplight."""
    dice, palette = random.Random("a study"), Palette((0.08, 0.55, 0.45, 0.02))
    plan = Plan(4.4, 3.8, 2.7, Opening(0.55, 1.7, 0.85, 2.25), Opening(0.9, 0.95, 0.0, 2.1), True, True)
    paper = patterned("spots", from_display((0.75, 0.82, 0.76)), from_display((0.66, 0.75, 0.7)), 0.11, True)
    oak = patterned("grain", from_display((0.55, 0.37, 0.22)), from_display((0.7, 0.5, 0.32)), 0.06)
    floor = patterned("planks", from_display((0.5, 0.35, 0.23)), from_display((0.62, 0.45, 0.3)), 0.14)
    rooms.build_walls(
        plan, floor, paper, plain(from_display((0.95, 0.94, 0.9)), 0.6), plain(from_display((0.35, 0.5, 0.55)), 0.5)
    )
    dark, black = plain(from_display((0.2, 0.22, 0.25)), 0.4), plain(from_display((0.1, 0.1, 0.11)), 0.5)
    desk = at(0.55, 1.45)
    box(desk @ at(z=0.7), (1.9, 0.7, 0.05), oak, 0.012)
    for x in (-0.85, 0.85):
        box(desk @ at(x), (0.06, 0.62, 0.7), oak, 0.01)
    for z in (0.12, 0.3, 0.48):
        box(desk @ at(0.58, 0, z), (0.46, 0.6, 0.17), oak, 0.01)
        ball(desk @ at(0.58, -0.32, z + 0.085), 0.018, dark)
    box(desk @ at(-0.15, 0.15, 0.75), (0.25, 0.18, 0.02), dark, 0.005)
    box(desk @ at(-0.15, 0.18, 0.77), (0.05, 0.03, 0.2), dark, 0.005)
    box(desk @ at(-0.15, 0.15, 0.87), (0.72, 0.03, 0.42), black, 0.01)
    screen = desk @ Matrix.Translation((-0.15, 0.133, 1.08)) @ Matrix.Rotation(math.pi / 2, 4, "X")
    sheet(screen, 0.68, 0.38, poster(dice, palette))
    box(desk @ at(-0.15, -0.15, 0.75), (0.46, 0.15, 0.018), plain(from_display((0.9, 0.9, 0.88)), 0.5), 0.005)
    furniture.cup(dice, palette, desk @ at(0.35, -0.12, 0.75))
    furniture.books(dice, palette, desk @ at(0.7, 0.1, 0.75))
    limb(desk @ Vector((-0.8, 0.2, 0.77)), desk @ Vector((-0.86, 0.15, 1.1)), 0.012, 0.012, dark)
    limb(desk @ Vector((-0.86, 0.15, 1.1)), desk @ Vector((-0.62, 0.05, 1.25)), 0.012, 0.012, dark)
    drum(desk @ at(-0.8, 0.2, 0.75), 0.09, 0.025, dark)
    drum(desk @ at(-0.6, 0.04, 1.14), 0.1, 0.13, plain(from_display((0.85, 0.55, 0.2)), 0.4), 0.04)
    furniture.chair(dice, palette, desk @ at(-0.15, -0.75, 0, math.pi + 0.5))
    for row, z in enumerate((1.35, 1.75)):
        board = at(-1.35, 1.77, z)
        box(board, (1.3, 0.24, 0.03), oak, 0.005)
        x = -0.6
        while x < 0.5 - 0.25 * row:
            thick = dice.uniform(0.025, 0.06)
            box(
                board @ at(x, 0, 0.03),
                (thick * 0.94, 0.18, dice.uniform(0.2, 0.3)),
                plain(palette.any(dice), 0.7),
                0.004,
            )
            x += thick
        furniture.vase(dice, palette, board @ at(0.5, 0, 0.03))
    furniture.sofa(random.Random("an armchair 3"), palette, at(-1.35, 0.75, 0, -0.5 + math.pi / 4))
    furniture.floor_lamp(dice, at(-1.95, 1.45))
    drum(at(-0.3, 0.0, 0.0), 1.15, 0.012, plain(from_display((0.75, 0.35, 0.27)), 0.95))
    drum(
        at(-0.3, 0.0, 0.003),
        0.9,
        0.012,
        patterned("checks", from_display((0.9, 0.83, 0.7)), from_display((0.82, 0.72, 0.58)), 0.15),
    )
    drum(at(-0.5, 0.35, 0.02), 0.04, 0.42, oak)
    drum(at(-0.5, 0.35, 0.44), 0.3, 0.03, oak)
    furniture.books(dice, palette, at(-0.58, 0.38, 0.47, 0.4))
    furniture.cup(dice, palette, at(-0.38, 0.28, 0.47))
    furniture.plant(dice, palette, at(1.85, 1.45))
    furniture.cupboard(random.Random("a chest"), palette, at(1.95, 0.2, 0, -math.pi / 2))
    furniture.picture(dice, palette, at(2.14, 0.2, 1.75, -math.pi / 2))
    light.sky(dice, MOODS["dusk" if second else "day"], True)
    light.sun(MOODS["dusk" if second else "day"], math.pi - 0.5, 0.5, 1.0 if second else 2.5)
    rooms.hang(Vector((0, -0.2, 2.7)), 60 if second else 10)
    light.area(Vector((0.8, -3.4, 2.4)), Vector((0, 0.5, 1)), 15 if second else 70, 2.0, (1.0, 0.96, 0.9))
    if second:
        return Scene(View(Vector((-0.95, 0.9, 0.85)), 0.95, 0.35, 0.18, 35.0), 0.47, 20)
    return Scene(View(Vector((0.1, 0.6, 1.05)), 1.6, -0.12, 0.1, 28.0), 0.5, 20)


def dancer(material: Path, second: bool) -> Scene:
    """A figure moved by motion capture in a dance studio: a dab, and somebody who waves."""
    dice = random.Random("a dance studio")
    plan = Plan(7.0, 5.0, 3.2, None, Opening(0.0, 2.6, 0.6, 2.7), False, False)
    floor = patterned("planks", from_display((0.72, 0.53, 0.34)), from_display((0.8, 0.62, 0.42)), 0.12)
    cream, blue = plain(from_display((0.93, 0.88, 0.78)), 0.9), plain(from_display((0.33, 0.5, 0.58)), 0.8)
    rooms.build_walls(plan, floor, cream, plain(from_display((0.97, 0.96, 0.93)), 0.6), blue)
    box(at(0, 2.48), (7.0, 0.03, 1.1), blue, 0)
    rail = wood(dice)
    limb(Vector((-3.3, 2.35, 1.0)), Vector((3.3, 2.35, 1.0)), 0.025, 0.025, rail)
    for x in (-3.0, -1.0, 1.0, 3.0):
        limb(Vector((x, 2.35, 1.0)), Vector((x, 2.48, 0.95)), 0.015, 0.02, rail)
    for x in (-1.7, 1.9):
        canvas = at(x, 2.46) @ Matrix.Translation((0, 0, 2.0)) @ Matrix.Rotation(math.pi / 2, 4, "X")
        sheet(canvas, 0.75, 1.0, poster(dice, Palette((0.03, 0.58, 0.12))))
    box(at(2.3, 1.9), (1.3, 0.4, 0.42), rail, 0.02)
    ball(at(-2.3, 1.6, 0.35), 0.35, plain(from_display((0.85, 0.5, 0.3)), 0.4))
    box(at(-1.0, 1.9, 0, 0.2), (0.6, 1.5, 0.05), plain(from_display((0.5, 0.35, 0.5)), 0.95), 0.02)
    file, share = ("wave_hello.bvh", 0.5) if second else ("dab.bvh", 0.3)
    build_mannequin(read_pose(material / "mocap" / file, share))
    light.sky(dice, MOODS["day"], False)
    light.sun(MOODS["crisp"], -1.2, 0.6, 0.8)
    light.area(Vector((1.5, -4, 3)), Vector((0, 0, 1)), 120, 1.5, (1.0, 0.97, 0.92))
    if second:
        return Scene(View(Vector((-0.14, 0, 1.3)), 0.64, 0.1, 0.05, 55.0), 0.5, 12)
    return Scene(View(Vector((0.05, 0, 0.9)), 1.15, 0.2, 0.1, 45.0), 0.5, 12)


PICTURES: tuple[tuple[str, Callable[[Path], Scene]], ...] = tuple(
    (f"{build.__name__} {number + 1}", partial(build, second=bool(number)))
    for build in (fox, player, study, dancer)
    for number in (0, 1)
)
"""The names of the pictures, and what builds each from the folder of material."""
