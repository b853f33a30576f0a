"""The kinds of training scenes: each builds itself in the empty scene and says how to look at it."""

import math
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from mathutils import Matrix, Vector

from . import furniture, light, outdoors, rooms
from .characters import TRAINING, Character, recolour
from .light import MOODS, random_daylight, random_mood
from .materials import FLAT, UPRIGHT, Palette, patterned, plain, random_material, random_palette, shaded, wood
from .people import Person, build_person, random_looks
from .shapes import at, ball, box, clump, drum, land, sheet, turned
from .stage import Scene, View


def build(dice: random.Random, kind: str, material: Path | None) -> Scene:
    """A random scene of a kind; without the folder of material there are no characters from files."""
    scene = KINDS[kind][0](dice, random_palette(dice), material)
    return replace(scene, transform=dice.choice(("AgX", "Standard", "Filmic")))


def random_kind(dice: random.Random) -> str:
    """One of the kinds, each as often as it is worth."""
    return dice.choices(list(KINDS), [worth for _, worth in KINDS.values()])[0]


def _open_ground(dice: random.Random, palette: Palette, material: Path | None) -> Scene:
    """One to three figures and things on a plain ground."""
    azimuth, mood = dice.uniform(-2.0, 2.0), random_mood(dice)
    sheet(at(), 60, 60, random_material(dice, palette, 0.4, FLAT, 0.5))
    height = _figure(dice, palette, material, at(turn=azimuth + dice.gauss(0, 0.6))).height
    for number in range(dice.choice((0, 1, 1, 2))):
        beside = azimuth + math.pi / 2 + math.pi * number + dice.gauss(0, 0.5)
        spot = light.towards(beside, 0) * dice.uniform(1.0, 1.7)
        if dice.random() < 0.5:
            _figure(dice, palette, material, at(spot.x, spot.y, 0, azimuth + dice.gauss(0, 1.0)))
        else:
            _block(dice, palette, Matrix.Translation(spot), dice.uniform(0.4, 1.2))
    for _ in range(dice.randint(1, 5)):
        spot = light.towards(azimuth + math.pi + dice.gauss(0, 0.7), 0) * dice.uniform(1.5, 4)
        _block(dice, palette, Matrix.Translation(spot), dice.uniform(0.3, 1.6))
    if dice.random() < 0.3:
        wall = at(turn=azimuth + dice.gauss(0, 0.3)) @ at(0, 5)
        box(wall, (16, 0.3, dice.uniform(3, 6)), random_material(dice, palette, 0.3, UPRIGHT, 0.6), 0)
    random_daylight(dice, mood, azimuth)
    if mood is MOODS["night"]:
        spot = light.towards(azimuth + dice.uniform(-1, 1), 0.7) * 3
        light.bulb(spot, 150, palette.strong(dice)[:3], 0.2)
    target = Vector((dice.gauss(0, 0.1), 0, height * dice.uniform(0.45, 0.6)))
    view = View(
        target,
        height * dice.uniform(0.55, 0.95),
        azimuth,
        dice.triangular(-0.02, 0.7, 0.15),
        _lens(dice),
        dice.gauss(0, 0.04),
    )
    return Scene(view, dice.uniform(*mood.brightness))


def _portrait(dice: random.Random, palette: Palette, material: Path | None) -> Scene:
    """The head of somebody, with shoulders, mostly seen from the front, before something soft."""
    azimuth, mood = dice.gauss(0, 0.65), random_mood(dice)
    person = _figure(dice, palette, material, at(turn=dice.gauss(0, 0.2)), 0.6)
    _background(dice, palette, azimuth, person.height)
    random_daylight(dice, mood, azimuth)
    _key(dice, palette, person.head, azimuth, 25)
    reach = person.head_radius * dice.uniform(1.5, 2.6)
    target = person.head - Vector((0, 0, person.head_radius * dice.uniform(0.0, 0.5)))
    view = View(
        target, reach, azimuth, dice.triangular(-0.35, 0.5, 0.05), dice.choice((50, 70, 85)), dice.gauss(0, 0.06)
    )
    return Scene(view, dice.uniform(*mood.brightness))


def _hands(dice: random.Random, palette: Palette, material: Path | None) -> Scene:  # noqa: ARG001
    """A hand, filling a good part of the picture."""
    person = build_person(dice, random_looks(dice, palette), at())
    side = dice.randrange(2)
    target, azimuth, mood = person.hands[side], dice.gauss((-0.5, 0.5)[side], 0.6), random_mood(dice)
    _background(dice, palette, azimuth, person.height)
    random_daylight(dice, mood, azimuth)
    _key(dice, palette, target, azimuth, 12)
    view = View(target, dice.uniform(0.13, 0.3), azimuth, dice.uniform(-0.2, 0.6), 70, dice.gauss(0, 0.3))
    return Scene(view, dice.uniform(*mood.brightness))


def _crowd(dice: random.Random, palette: Palette, material: Path | None) -> Scene:
    """Several people and characters together."""
    azimuth, mood = dice.gauss(0, 0.4), random_mood(dice)
    ground = palette.soft(dice)
    land(80, dice.uniform(0, 6), 8, patterned("mottled", ground, shaded(ground, 0.7), dice.uniform(0.1, 0.5)), dice)
    count = dice.randint(3, 6)
    for number in range(count):
        spot = at((number - (count - 1) / 2) * 0.85 + dice.gauss(0, 0.1), dice.gauss(0, 0.45), 0, dice.gauss(0, 0.6))
        _figure(dice, palette, material, spot, 0.8)
    for _ in range(dice.randint(0, 3)):
        outdoors.tree(dice, at(dice.uniform(-8, 8), dice.uniform(4, 10)))
    random_daylight(dice, mood, azimuth)
    if mood is MOODS["night"]:
        outdoors.street_lamp(at(-1.8, 1.2, 0), True)
    target = Vector((dice.gauss(0, 0.3), 0, dice.uniform(0.8, 1.2)))
    view = View(target, dice.uniform(1.0, 1.6), azimuth, dice.triangular(0, 0.5, 0.1), _lens(dice), dice.gauss(0, 0.03))
    return Scene(view, dice.uniform(*mood.brightness))


def _still_life(dice: random.Random, palette: Palette, material: Path | None) -> Scene:  # noqa: ARG001
    """Things on a table, near, under one strong light."""
    mood = random_mood(dice)
    top = random_material(dice, palette, 0.08, ("plaid", "checks", "stripes", "marble", "planks"), 0.7)
    box(at(z=-0.04), (1.6, 1.1, 0.04), top, 0.008)
    back = dice.uniform(0.5, 0.9)
    box(at(0, back, -1), (5, 0.05, 3), random_material(dice, palette, 0.12, UPRIGHT, 0.5), 0)
    sheet(at(z=-0.75), 5, 5, wood(dice, True))
    count = dice.randint(4, 8)
    for number in range(count):
        angle = number * 2.4 + dice.gauss(0, 0.2)
        away = 0.11 * math.sqrt(number) + 0.02
        spot = at(math.cos(angle) * away * 1.5, math.sin(angle) * away, 0, dice.uniform(-0.7, 0.7))
        furniture.thing(dice, palette, spot)
    light.sky(dice, mood, False)
    _key(dice, palette, Vector((0, 0, 0.1)), dice.choice((-1, 1)) * dice.uniform(0.6, 1.5), 18)
    view = View(
        Vector((0, 0, 0.1)),
        dice.uniform(0.22, 0.4),
        dice.gauss(0, 0.35),
        dice.uniform(0.12, 0.6),
        50,
        dice.gauss(0, 0.03),
    )
    return Scene(view, dice.uniform(*mood.brightness) + 0.03, 8)


def _room(dice: random.Random, palette: Palette, material: Path | None) -> Scene:
    """A furnished room, often with somebody in it."""
    plan, mood = rooms.random_plan(dice), random_mood(dice)
    rooms.build_room(dice, palette, plan)
    rooms.furnish(dice, palette, plan)
    if dice.random() < 0.6:
        spot = at(dice.uniform(-0.25, 0.25) * plan.width, dice.uniform(-0.3, -0.1) * plan.depth, 0, dice.gauss(0, 0.6))
        _figure(dice, palette, material, spot, 0.8)
    rooms.light_room(dice, mood, plan)
    return Scene(rooms.random_view(dice, plan), dice.uniform(*mood.brightness), 11)


def _street(dice: random.Random, palette: Palette, material: Path | None) -> Scene:
    """A row of houses along a road with trees, people and a car."""
    mood = random_mood(dice)
    lit = mood is MOODS["night"] or mood is MOODS["dusk"]
    grass = palette.soft(dice) if dice.random() < 0.3 else (0.13, 0.22, 0.06, 1.0)
    land(160, dice.uniform(4, 14), 35, patterned("mottled", grass, shaded(grass, 0.6), 0.6), dice)
    box(at(0, -1.4, 0.0), (90, 2.2, 0.14), patterned("tiles", (0.3, 0.29, 0.27, 1), (0.15, 0.15, 0.14, 1), 0.6), 0.02)
    road = (
        plain((0.06, 0.06, 0.065, 1.0), 0.9)
        if dice.random() < 0.6
        else patterned("tiles", (0.2, 0.19, 0.18, 1), (0.08, 0.08, 0.08, 1), 0.3)
    )
    box(at(0, -5.5, -0.1), (90, 6, 0.13), road, 0)
    x = -24.0
    while x < 22:
        wide = outdoors.house(dice, palette, at(x + 4, dice.uniform(1.0, 2.2)), lit)
        if dice.random() < 0.6:
            outdoors.tree(dice, at(x + 4 + wide / 2 + 0.9, dice.uniform(0.8, 3)))
        x += wide + dice.choice((0.3, 2.2, 3.5))
    for number in range(3):
        outdoors.street_lamp(at(number * 9 - 9 + dice.gauss(0, 0.5), -2.2, 0.14), lit)
    if dice.random() < 0.5:
        outdoors.bench(dice, at(dice.uniform(-3, 3), -0.7, 0.14))
    if dice.random() < 0.5:
        outdoors.car(dice, palette, at(dice.uniform(-4, 4), -4.2, 0.03, dice.choice((0, math.pi))))
    for _ in range(dice.randint(0, 3)):
        _figure(
            dice, palette, material, at(dice.uniform(-4, 4), dice.uniform(-2.2, -1.0), 0.14, dice.uniform(-3, 3)), 0.85
        )
    azimuth = dice.choice((-1, 1)) * dice.uniform(0.1, 1.0)
    light.sky(dice, mood, dice.random() < 0.6)
    light.sun(mood, dice.uniform(-1.2, 1.2), dice.uniform(*mood.height))
    target = Vector((dice.uniform(-2, 2), 0, dice.uniform(1.4, 2.6)))
    view = View(
        target, dice.uniform(3.0, 6.0), azimuth, dice.uniform(0.0, 0.25), dice.choice((28, 35, 50)), dice.gauss(0, 0.02)
    )
    return Scene(view, dice.uniform(*mood.brightness))


def _grove(dice: random.Random, palette: Palette, material: Path | None) -> Scene:
    """Trees, stones and a fence in hilly country, a figure now and then."""
    mood, grass = (
        random_mood(dice),
        dice.choice(((0.12, 0.22, 0.05, 1.0), (0.35, 0.3, 0.1, 1.0), (0.75, 0.78, 0.82, 1.0))),
    )
    land(140, dice.uniform(4, 16), 9, patterned("mottled", grass, shaded(grass, 0.6), dice.uniform(0.2, 0.8)), dice)
    for _ in range(dice.randint(6, 14)):
        outdoors.tree(dice, at(dice.uniform(-9, 9), dice.uniform(0.5, 14)))
    stone = patterned("mottled", (0.25, 0.24, 0.22, 1), (0.1, 0.12, 0.08, 1), 0.15)
    for _ in range(dice.randint(2, 8)):
        clump(at(dice.uniform(-4, 4), dice.uniform(-3, 2)), dice.uniform(0.15, 0.7), stone, dice, 0.5)
    if dice.random() < 0.4:
        outdoors.fence(at(0, dice.uniform(-1.5, 0), 0, dice.gauss(0, 0.2)), dice.uniform(4, 9), dice, palette)
    if dice.random() < 0.6:
        _figure(dice, palette, material, at(dice.uniform(-1.5, 1.5), dice.uniform(-4, -2), 0, dice.gauss(0, 0.8)), 0.8)
    azimuth = dice.gauss(0, 0.4)
    random_daylight(dice, mood, azimuth)
    target = Vector((dice.uniform(-1, 1), -1, dice.uniform(1.0, 2.2)))
    view = View(target, dice.uniform(2.0, 4.5), azimuth, dice.uniform(0.02, 0.4), dice.choice((28, 35, 50)))
    return Scene(view, dice.uniform(*mood.brightness))


KINDS: dict[str, tuple[Callable[[random.Random, Palette, Path | None], Scene], float]] = {
    "ground": (_open_ground, 2.0),
    "portrait": (_portrait, 3.5),
    "hands": (_hands, 1.0),
    "crowd": (_crowd, 1.5),
    "still_life": (_still_life, 2.0),
    "room": (_room, 3.0),
    "street": (_street, 2.0),
    "grove": (_grove, 1.5),
}
"""The builder of each kind, and how often it is built relative to the others."""


def _figure(
    dice: random.Random, palette: Palette, material: Path | None, where: Matrix, made_up: float = 0.4
) -> Person:
    """Somebody: a made-up person by that chance, else a character from the material, if there is any."""
    if material is None or dice.random() < made_up:
        return build_person(dice, random_looks(dice, palette), where, dice.uniform(1.45, 1.95))
    character = Character(material / dice.choices(list(TRAINING), list(TRAINING.values()))[0])
    character.pose_at_random(dice)
    if dice.random() < 0.6:
        recolour(character.materials(), dice, palette)
    character.stand(where)
    low, high = character.bounds()
    head = character.bone("head", "neck") or Vector((low.x, low.y, high.z - 0.3))
    hands = [character.bone(f"hand{end}", "hand") or head for end in (".l", ".r")]
    return Person(head, 0.4, (hands[0], hands[1]), (low + high) / 2, high.z - low.z)


def _block(dice: random.Random, palette: Palette, where: Matrix, size: float) -> None:
    """A primitive that stands on the ground."""
    material, turn = random_material(dice, palette, size * 0.15, FLAT, 0.5), at(turn=dice.uniform(0, 3))
    kind = dice.choice(("box", "drum", "cone", "ball", "ring", "monkey", "stone"))
    if kind == "box":
        box(
            where @ turn,
            [size * dice.uniform(0.5, 1.2) for _ in range(3)],
            material,
            size * dice.choice((0.0, 0.02, 0.1)),
        )
    elif kind in ("drum", "cone"):
        drum(where, size * 0.45, size * dice.uniform(0.7, 1.6), material, size * (0.45 if kind == "drum" else 0.02))
    elif kind == "ball":
        ball(where @ at(z=size * 0.5), size * 0.5, material)
    elif kind == "ring":
        arc = [math.tau * step / 20 for step in range(20)]
        ring = [(size * (0.45 + 0.15 * math.cos(a)), size * (0.15 + 0.15 * math.sin(a))) for a in (*arc, 0.0)]
        turned(where @ at(z=size * 0.6) @ Matrix.Rotation(dice.uniform(0, 1.5), 4, "X"), ring, material)
    elif kind == "stone":
        clump(where @ at(z=size * 0.3), size * 0.5, material, dice)
    else:
        furniture.monkey(dice, palette, where @ Matrix.Scale(size * 5, 4) @ turn)


def _background(dice: random.Random, palette: Palette, azimuth: float, height: float) -> None:
    """What is behind a close-up: a wall with pictures, trees, or nothing but ground and sky."""
    ground = random_material(dice, palette, 0.3, FLAT, 0.5)
    sheet(at(), 60, 60, ground)
    behind = at(turn=azimuth)
    choice = dice.choice(("wall", "wall", "trees", "sky"))
    if choice == "wall":
        away = dice.uniform(0.8, 2.5)
        box(behind @ at(0, away), (12, 0.2, 5), random_material(dice, palette, 0.2, UPRIGHT, 0.6), 0)
        for _ in range(dice.randint(0, 3)):
            spot = behind @ at(dice.uniform(-1.2, 1.2), away - 0.1, height * dice.uniform(0.6, 1.1))
            furniture.picture(dice, palette, spot)
    elif choice == "trees":
        for _ in range(6):
            outdoors.tree(dice, behind @ at(dice.uniform(-5, 5), dice.uniform(3, 9)))


def _key(dice: random.Random, palette: Palette, target: Vector, azimuth: float, watts: float) -> None:
    """A lamp from the camera's side, sometimes a coloured one from behind."""
    place = (
        target + light.towards(azimuth + dice.choice((-1, 1)) * dice.uniform(0.3, 1.0), dice.uniform(0.3, 0.9)) * 1.5
    )
    light.area(place, target, watts * dice.uniform(0.5, 1.5), dice.choice((0.05, 0.4, 1.0)), (1.0, 0.95, 0.88))
    if dice.random() < 0.4:
        place = target + light.towards(azimuth + math.pi + dice.uniform(-0.8, 0.8), 0.6) * 1.5
        light.area(place, target, watts * 2, 0.3, palette.strong(dice)[:3])


def _lens(dice: random.Random) -> float:
    return dice.choice((28, 35, 50, 50, 70))
