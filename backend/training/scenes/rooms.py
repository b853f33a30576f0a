"""Rooms: floor, walls with windows and doors, and where furniture stands in them. A room is open towards -y."""

import math
import random
from dataclasses import dataclass

import bpy
from mathutils import Matrix, Vector

from . import furniture, light
from .light import MOODS, Mood
from .materials import Palette, from_display, patterned, plain, shaded, wood
from .shapes import at, ball, box, drum
from .stage import View


@dataclass(frozen=True)
class Opening:
    """A window (`sill` above 0) or a door in a wall: its middle along the wall, its size; metres."""

    middle: float
    width: float
    sill: float
    top: float


@dataclass(frozen=True)
class Plan:
    """A room about the origin. Its right wall may be missing as the front always is."""

    width: float
    depth: float
    height: float
    back: Opening | None
    left: Opening | None
    right_wall: bool
    ceiling: bool


def random_plan(dice: random.Random) -> Plan:
    """A room of 3 to 6 metres with at least a window."""
    width, depth, height = dice.uniform(3.2, 5.5), dice.uniform(3.0, 4.5), dice.uniform(2.4, 3.0)
    window = _opening(dice, width, height)
    left = _opening(dice, depth, height) if dice.random() < 0.6 else None
    back = window if left is None or dice.random() < 0.6 else None
    return Plan(width, depth, height, back, left, dice.random() < 0.7, dice.random() < 0.5)


def build_room(dice: random.Random, palette: Palette, plan: Plan) -> None:
    """Floor, walls, skirting, openings with frames, ceiling."""
    floor = wood(dice, True)
    if dice.random() < 0.4:
        one = palette.soft(dice)
        kind = dice.choice(("tiles", "checks", "marble"))
        floor = patterned(kind, one, shaded(one, 0.6), dice.uniform(0.25, 0.5), roughness=0.4)
    colour = palette.soft(dice)
    paper = plain(colour, 0.9)
    if dice.random() < 0.45:
        kind = dice.choice(("stripes", "spots", "mottled", "bricks"))
        paper = patterned(kind, colour, shaded(colour, dice.choice((0.75, 1.25))), dice.uniform(0.08, 0.2), True)
    trim = plain(from_display((0.93, 0.92, 0.88)) if dice.random() < 0.7 else palette.any(dice), 0.6)
    build_walls(plan, floor, paper, trim, plain(palette.strong(dice), 0.5))


def build_walls(
    plan: Plan, floor: bpy.types.Material, paper: bpy.types.Material, trim: bpy.types.Material, door: bpy.types.Material
) -> None:
    """The room itself, of the given materials."""
    width, depth = plan.width, plan.depth
    box(at(z=-0.1), (width + 0.3, depth + 0.3, 0.1), floor, 0)
    box(at(0, -depth, -0.1), (width * 3, depth, 0.1), floor, 0)  # what a low camera sees before the room
    _wall(at(0, depth / 2), width, plan.height, plan.back, paper, trim, door)
    _wall(at(-width / 2, 0, 0, math.pi / 2), depth, plan.height, plan.left, paper, trim, door)
    if plan.right_wall:
        _wall(at(width / 2, 0, 0, -math.pi / 2), depth, plan.height, None, paper, trim, door)
    if plan.ceiling:
        box(at(z=plan.height), (width + 0.3, depth + 0.3, 0.1), plain(from_display((0.95, 0.94, 0.92)), 0.95), 0)


def furnish(dice: random.Random, palette: Palette, plan: Plan) -> None:
    """Furniture along the walls, something in the middle, pictures, a lamp."""
    width, depth = plan.width, plan.depth
    large = [furniture.shelf, furniture.cupboard, furniture.sofa, furniture.cupboard, furniture.shelf]
    dice.shuffle(large)
    room_left = width - 0.6
    x = -width / 2 + 0.3
    for build in large:
        wide = 2.1 if build is furniture.sofa else 1.35
        if room_left < wide:
            break
        low = plan.back is None or abs(x + wide / 2 - plan.back.middle) > (plan.back.width + wide) / 2
        chosen = build if low or build is furniture.sofa else furniture.plant
        chosen(dice, palette, at(x + wide / 2, depth / 2 - (0.55 if chosen is furniture.sofa else 0.35)))
        x, room_left = x + wide, room_left - wide
    if dice.random() < 0.35:
        furniture.bed(dice, palette, at(-width / 2 + 0.85, -0.1, 0, 0))
    else:
        spot = at(dice.uniform(-0.15, 0.25) * width, dice.uniform(-0.2, 0.05) * depth, 0, dice.gauss(0, 0.25))
        furniture.table(dice, palette, spot)
        for side in (-1, 1):
            if dice.random() < 0.8:
                chair = spot @ at(
                    side * dice.uniform(0.4, 0.7), side * -0.45, 0, math.pi * (side > 0) + math.pi + dice.gauss(0, 0.4)
                )
                furniture.chair(dice, palette, chair)
    furniture.rug(dice, palette, at(dice.gauss(0, 0.4), -0.15 * depth, 0.001, dice.gauss(0, 0.2)))
    if plan.right_wall:
        build = dice.choice((furniture.shelf, furniture.cupboard, furniture.sofa))
        build(dice, palette, at(width / 2 - 0.5, dice.uniform(-0.5, 0.0), 0, -math.pi / 2))
        if dice.random() < 0.6:
            furniture.picture(dice, palette, at(width / 2 - 0.06, 0.9, 1.6, -math.pi / 2))
    for wall, opening, length in (
        (at(0, depth / 2 - 0.06), plan.back, width),
        (at(-width / 2 + 0.06, 0, 0, math.pi / 2), plan.left, depth),
    ):
        for _ in range(dice.randint(1, 2)):
            middle = dice.uniform(-0.35, 0.35) * length
            if opening is None or abs(middle - opening.middle) > opening.width / 2 + 0.5:
                furniture.picture(dice, palette, wall @ at(middle, 0, dice.uniform(1.5, 1.8)))
    if dice.random() < 0.5:
        furniture.floor_lamp(dice, at(-width / 2 + 0.4, -dice.uniform(0.1, 0.4) * depth))
    if dice.random() < 0.5:
        furniture.plant(dice, palette, at(width / 2 - 0.45, -depth / 2 + dice.uniform(0.3, 0.8)))


def light_room(dice: random.Random, mood: Mood, plan: Plan) -> None:
    """Sky and sun through the windows, a weak light from the open side, and a lamp on the ceiling after dark."""
    light.sky(dice, mood, dice.random() < 0.5)
    azimuth = -math.pi / 2 + dice.uniform(-0.7, 0.7) if plan.left else math.pi + dice.uniform(-0.8, 0.8)
    light.sun(mood, azimuth, dice.uniform(0.35, 0.7), 2.0)
    dark = mood is MOODS["night"] or mood is MOODS["dusk"]
    centre = Vector((0, 0, 1))
    light.area(Vector((dice.uniform(-1, 1), -plan.depth, 2.6)), centre, 25 if dark else 70, 2.5, (1.0, 0.95, 0.9))
    if dark or dice.random() < 0.4:
        hang(Vector((dice.gauss(0, 0.3), dice.gauss(0, 0.3), plan.height)), 90 if dark else 40)


def hang(place: Vector, watts: float) -> None:
    """A lamp that hangs from the ceiling."""
    metal = plain(from_display((0.2, 0.2, 0.2)), 0.5)
    drum(Matrix.Translation(place - Vector((0, 0, 0.6))), 0.008, 0.6, metal)
    drum(Matrix.Translation(place - Vector((0, 0, 0.78))), 0.24, 0.2, metal, 0.05)
    ball(Matrix.Translation(place - Vector((0, 0, 0.78))), 0.07, plain((1.0, 0.85, 0.6, 1.0), 0.5, 0.0, 6.0))
    light.bulb(place - Vector((0, 0, 0.95)), watts, size=0.1)


def random_view(dice: random.Random, plan: Plan) -> View:
    """From the open side into the room, as a whole or into a corner."""
    near = dice.random() < 0.5
    target = Vector((dice.uniform(-0.2, 0.2) * plan.width, 0.1 * plan.depth, dice.uniform(0.7, 1.2)))
    reach = plan.width * (dice.uniform(0.22, 0.32) if near else dice.uniform(0.36, 0.48))
    azimuth = dice.uniform(-0.1, 0.5) if plan.right_wall else dice.uniform(0.1, 0.8)
    return View(target, reach, azimuth, dice.uniform(0.03, 0.35), dice.choice((24, 28, 35)), 0.0)


def _opening(dice: random.Random, length: float, height: float) -> Opening:
    wide, middle = dice.uniform(0.9, 1.6), dice.uniform(-0.22, 0.22) * length
    if dice.random() < 0.25:
        return Opening(middle, 0.9, 0.0, 2.05)
    return Opening(middle, wide, dice.uniform(0.7, 1.0), height - dice.uniform(0.3, 0.6))


def _wall(
    where: Matrix,
    length: float,
    height: float,
    opening: Opening | None,
    paper: bpy.types.Material,
    trim: bpy.types.Material,
    door: bpy.types.Material,
) -> None:
    """A wall along x whose inner side is y = 0, of one piece or of four about the opening."""
    thick = 0.14
    pieces = [(0.0, length + 2 * thick, 0.0, height)]
    if opening:
        left, right = opening.middle - opening.width / 2, opening.middle + opening.width / 2
        end = length / 2
        pieces = [((left - end) / 2, left + end, 0.0, height), ((right + end) / 2, end - right, 0.0, height)]
        pieces.append((opening.middle, opening.width, opening.top, height))
        if opening.sill:
            pieces.append((opening.middle, opening.width, 0.0, opening.sill))
    for middle, wide, low, high in pieces:
        piece = box(where @ at(0, thick / 2), (wide, thick, high - low), paper, 0)
        # The mesh moves and not the object, so that a pattern runs on from piece to piece.
        piece.data.transform(Matrix.Translation((middle, 0, low)))
        if low == 0.0:
            box(where @ at(middle, -0.01), (wide, 0.03, 0.1), trim, 0.004)
    if opening and opening.sill:
        _window(where @ at(opening.middle, 0, opening.sill), opening, trim)
    elif opening:
        box(where @ at(opening.middle, 0.05), (opening.width, 0.05, opening.top), door, 0.006)
        for low in (0.2, 1.1):
            box(where @ at(opening.middle, 0.022, low), (opening.width - 0.25, 0.02, 0.75), door, 0.01)
        ball(
            where @ at(opening.middle + opening.width / 2 - 0.1, -0.02, 1.0),
            0.035,
            plain((0.6, 0.45, 0.2, 1), 0.3, 0.9),
        )
        for side in (-1, 1):
            box(where @ at(opening.middle + side * opening.width / 2, -0.01), (0.09, 0.04, opening.top), trim, 0.006)
        box(where @ at(opening.middle, -0.01, opening.top), (opening.width + 0.09, 0.04, 0.09), trim, 0.006)


def _window(where: Matrix, opening: Opening, trim: bpy.types.Material) -> None:
    width, height = opening.width, opening.top - opening.sill
    for side in (-0.5, 0.0, 0.5):
        box(where @ at(side * (width - 0.05), 0.05), (0.05, 0.05, height), trim, 0.005)
    for share in (0.0, 0.62, 1.0):
        # Thinner than the upright bars: faces at the same depth would come out black where they cross.
        box(where @ at(0, 0.05, share * (height - 0.05)), (width, 0.044, 0.05), trim, 0.005)
    box(where @ at(0, -0.05, -0.04), (width + 0.2, 0.2, 0.04), trim, 0.008)
