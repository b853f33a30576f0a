"""Made-up people for training: cartoon figures of random build, clothes, hair and pose, with faces and hands."""

import colorsys
import math
import random
from dataclasses import dataclass
from itertools import pairwise

import bpy
from mathutils import Euler, Matrix, Vector

from . import shapes
from .materials import Palette, from_display, patterned, plain, shaded
from .shapes import ball, limb, turned

SKINS = ((0.98, 0.85, 0.75), (0.93, 0.74, 0.6), (0.8, 0.58, 0.42), (0.6, 0.4, 0.28), (0.42, 0.27, 0.19))
HAIRS = (
    (0.12, 0.09, 0.08),
    (0.3, 0.18, 0.1),
    (0.55, 0.32, 0.14),
    (0.85, 0.68, 0.35),
    (0.6, 0.2, 0.1),
    (0.7, 0.7, 0.72),
)


@dataclass(frozen=True)
class Looks:
    """What a person is made of; lengths in metres for a person 1.7 m tall."""

    skin: bpy.types.Material
    lips: bpy.types.Material
    hair: bpy.types.Material
    shirt: bpy.types.Material
    trousers: bpy.types.Material
    shoes: bpy.types.Material
    head: float
    girth: float
    style: str
    sleeves: bool


@dataclass(frozen=True)
class Person:
    """Where to look at a person, in world space: the middle of the head with its radius, both hands, and the whole."""

    head: Vector
    head_radius: float
    hands: tuple[Vector, Vector]
    middle: Vector
    height: float


def random_looks(dice: random.Random, palette: Palette) -> Looks:
    """Anybody."""
    skin = from_display(dice.choice(SKINS))
    if dice.random() < 0.12:  # somebody from a fairy tale
        skin = from_display(colorsys.hsv_to_rgb(dice.random(), 0.4, 0.85))
    hair = from_display(dice.choice(HAIRS)) if dice.random() < 0.75 else palette.strong(dice)
    return Looks(
        skin=plain(skin, 0.6),
        lips=plain((skin[0] * 0.75, skin[1] * 0.4, skin[2] * 0.4, 1.0), 0.5),
        hair=plain(hair, 0.5),
        shirt=_cloth(dice, palette),
        trousers=_cloth(dice, palette),
        shoes=plain(palette.any(dice), 0.4),
        head=dice.uniform(0.13, 0.24),
        girth=dice.uniform(0.85, 1.4),
        style=dice.choice(("short", "long", "bun", "spikes", "hat", "cap", "bald")),
        sleeves=dice.random() < 0.6,
    )


def build_person(dice: random.Random, looks: Looks, where: Matrix, height: float = 1.7) -> Person:
    """A person in a random pose, who looks along -y of `where` and stands, walks or sits there."""
    frame = where @ Matrix.Scale(height / 1.7, 4)
    neck_height = 1.66 - 2 * looks.head
    hips = Vector((0, 0, neck_height * 0.6))
    legs = [_leg(dice, hips, side) for side in (-1, 1)]
    ground = min(joints[2].z for joints in legs)
    lift = Vector((0, 0, 0.06 - ground))
    hips, legs = hips + lift, [[joint + lift for joint in joints] for joints in legs]
    lean = Vector((dice.gauss(0, 0.04), dice.gauss(-0.02, 0.05), neck_height * 0.4))
    neck = hips + lean
    arms = [_arm(dice, neck, side, neck_height) for side in (-1, 1)]
    for side, joints in zip((-1, 1), legs, strict=True):
        _build_leg(frame, side, joints, looks)
    hands = tuple(_build_arm(dice, frame, side, joints, looks) for side, joints in zip((-1, 1), arms, strict=True))
    _build_torso(frame, hips, neck, looks)
    head = neck + Vector((0, -0.01, 0.06 + looks.head))
    _rod(frame, neck - Vector((0, 0, 0.05)), head, 0.05 * looks.girth, 0.05 * looks.girth, looks.skin)
    tilt = Euler((dice.gauss(0, 0.15), dice.gauss(0, 0.12), dice.gauss(0, 0.35))).to_matrix().to_4x4()
    build_head(dice, frame @ Matrix.Translation(head) @ tilt, looks)
    return Person(
        frame @ head,
        looks.head * height / 1.7,
        (hands[0], hands[1]),
        frame @ neck * 0.5 + frame.translation * 0.5,
        height,
    )


def build_head(dice: random.Random, where: Matrix, looks: Looks) -> None:
    """A head about the origin of `where` that looks along -y: face, ears, hair."""
    radius = looks.head
    frame = where @ Matrix.Scale(radius, 4)
    width, jaw = dice.uniform(0.85, 1.0), dice.uniform(0.3, 0.7)
    ball(frame, (width, 0.95, 1.0), looks.skin)
    ball(frame @ Matrix.Translation((0, -0.12, -0.45)), (0.72 * width, 0.75, jaw), looks.skin)
    white, dark = plain((0.9, 0.9, 0.88, 1), 0.2), plain((0.01, 0.01, 0.012, 1), 0.15)
    iris = plain(from_display(colorsys.hsv_to_rgb(dice.random(), 0.6, 0.6)), 0.2)
    eye, apart, brow = dice.uniform(0.14, 0.24), dice.uniform(0.3, 0.4), dice.uniform(-0.35, 0.35)
    look = Vector((dice.gauss(0, 0.15), -1, dice.gauss(0, 0.1))).normalized()
    for side in (-1, 1):
        middle = Vector((side * apart * width, -0.8, 0.08))
        ball(frame @ Matrix.Translation(middle), (eye, eye * 0.75, eye * dice.uniform(1.0, 1.35)), white)
        turn = look.to_track_quat("Z", "Y").to_matrix().to_4x4()
        for share, size, colour in ((0.52, 0.62, iris), (0.66, 0.36, dark)):
            spot = frame @ Matrix.Translation(middle + look * eye * share) @ turn
            ball(spot, (eye * size, eye * size, eye * 0.25), colour)
        inner = Vector((side * (apart - 0.16) * width, -0.92, 0.1 + eye * 1.5 - brow * 0.12))
        outer = Vector((side * (apart + 0.2) * width, -0.78, 0.1 + eye * 1.5 + brow * 0.12))
        _rod(frame, inner, outer, 0.05, 0.035, looks.hair)
        ball(frame @ Matrix.Translation((side * width, 0.05, -0.05)), (0.12, 0.18, 0.26), looks.skin)
    nose = dice.uniform(0.08, 0.18)
    _rod(frame, Vector((0, -0.92, 0.05)), Vector((0, -0.95 - nose * 0.5, -0.16)), nose * 0.6, nose, looks.skin)
    _mouth(dice, frame, looks.lips, white)
    _hair(dice, frame, width, looks)


def build_hand(dice: random.Random, where: Matrix, side: int, skin: bpy.types.Material) -> Vector:
    """A hand of about 19 cm whose wrist is the origin of `where`; it points along -z, its palm faces the body."""
    curl, spread = dice.uniform(0.05, 1.1), dice.uniform(0.0, 0.2)
    ball(where @ Matrix.Translation((0, 0, -0.05)), (0.022, 0.042, 0.058), skin)
    for finger in range(4):
        across = (finger - 1.5) * 0.021
        length = (0.036, 0.042, 0.04, 0.03)[finger]
        knuckle, bend = Vector((0, across, -0.09)), curl + dice.gauss(0, 0.12)
        for _ in range(2):
            step = Vector((-side * math.sin(bend), math.sin((finger - 1.5) * spread), -math.cos(bend)))
            end = knuckle + step * length
            limb(where @ knuckle, where @ end, _size(where, 0.0115), _size(where, 0.0105), skin)
            knuckle, bend = end, bend + curl * 0.8
    root, tip = Vector((-side * 0.008, -0.03, -0.03)), Vector((-side * 0.03, -0.062, -0.062))
    limb(where @ root, where @ tip, _size(where, 0.015), _size(where, 0.0125), skin)
    end = tip + Vector((-side * 0.01, -0.01, -0.032))
    limb(where @ tip, where @ end, _size(where, 0.0125), _size(where, 0.011), skin)
    return where @ Vector((0, 0, -0.07))


def _cloth(dice: random.Random, palette: Palette) -> bpy.types.Material:
    one = palette.any(dice)
    if dice.random() < 0.4:
        other = shaded(one, dice.choice((0.4, 1.8))) if dice.random() < 0.5 else palette.any(dice)
        return patterned(
            dice.choice(("stripes", "checks", "plaid", "spots")), one, other, dice.uniform(0.03, 0.07), True
        )
    return plain(one, 0.85)


def _size(frame: Matrix, length: float) -> float:
    return length * frame.median_scale


def _rod(
    frame: Matrix, start: Vector, end: Vector, radius: float, end_radius: float, material: bpy.types.Material
) -> None:
    limb(frame @ start, frame @ end, _size(frame, radius), _size(frame, end_radius), material)


def _leg(dice: random.Random, hips: Vector, side: int) -> list[Vector]:
    """Hip, knee and ankle; the knee bends to the front."""
    length, swing, bend = hips.z / 2, dice.gauss(0.1, 0.35), abs(dice.gauss(0, 0.4))
    hip = hips + Vector((side * 0.09, 0, -0.02))
    apart = side * abs(dice.gauss(0.04, 0.06))
    knee = hip + Vector((apart, -math.sin(swing), -math.cos(swing))) * length
    return [hip, knee, knee + Vector((0, -math.sin(swing - bend), -math.cos(swing - bend))) * length]


def _arm(dice: random.Random, neck: Vector, side: int, neck_height: float) -> list[Vector]:
    """Shoulder, elbow and wrist; hanging, raised, or before the body."""
    length = neck_height * 0.21
    shoulder = neck + Vector((side * 0.17, 0, -0.06))
    away = dice.choice((dice.uniform(0.1, 0.4), dice.uniform(0.1, 0.8), dice.uniform(0.6, 2.2)))
    front, bend = dice.gauss(0.2, 0.5), abs(dice.gauss(0.4, 0.6))
    upper = Vector((side * math.sin(away), -math.sin(front) * math.cos(away), -math.cos(away) * math.cos(front)))
    lower = (upper + Vector((-side * 0.2, -0.8, 0.4)) * min(bend, 1.4)).normalized()
    return [shoulder, shoulder + upper * length, shoulder + upper * length + lower * length]


def _build_leg(frame: Matrix, side: int, joints: list[Vector], looks: Looks) -> None:
    hip, knee, ankle = joints
    _rod(frame, hip, knee, 0.095 * looks.girth, 0.065 * looks.girth, looks.trousers)
    _rod(frame, knee, ankle, 0.065 * looks.girth, 0.055 * looks.girth, looks.trousers)
    toes = ankle + Vector((side * 0.03, -0.14, -0.02))
    _rod(frame, ankle + Vector((0, 0.03, -0.01)), toes, 0.06 * looks.girth, 0.05 * looks.girth, looks.shoes)


def _build_arm(dice: random.Random, frame: Matrix, side: int, joints: list[Vector], looks: Looks) -> Vector:
    shoulder, elbow, wrist = joints
    thick = looks.girth
    _rod(frame, shoulder, elbow, 0.06 * thick, 0.048 * thick, looks.shirt)
    _rod(frame, elbow, wrist, 0.044 * thick, 0.032 * thick, looks.shirt if looks.sleeves else looks.skin)
    along = (wrist - elbow).normalized()
    turn = (-along).to_track_quat("Z", "Y").to_matrix().to_4x4()
    return build_hand(dice, frame @ Matrix.Translation(wrist) @ turn @ Matrix.Scale(1.1, 4), side, looks.skin)


def _build_torso(frame: Matrix, hips: Vector, neck: Vector, looks: Looks) -> None:
    along = neck - hips
    turn = along.to_track_quat("Z", "Y").to_matrix().to_4x4() @ Matrix.Rotation(math.pi / 2, 4, "Z")
    length, wide = along.length, looks.girth
    where = frame @ Matrix.Translation(hips) @ _facing(turn) @ Matrix.Diagonal((1.0, 0.68, 1.0, 1.0))
    waist = [(0.12 * wide, -0.1), (0.155 * wide, -0.06), (0.155 * wide, 0.02)]
    turned(where, waist, looks.trousers)
    profile = [(0.14 * wide, 0.0), (0.16 * wide, 0.015), (0.15 * wide, 0.3 * length), (0.175 * wide, 0.62 * length)]
    profile += [(0.19 * wide, 0.8 * length), (0.16 * wide, 0.92 * length), (0.08 * wide, length), (0.0, length + 0.01)]
    turned(where, profile, looks.shirt, 28)


def _facing(turn: Matrix) -> Matrix:
    """The turn that takes z to the same direction and keeps x across the body."""
    up = turn.col[2].to_3d().normalized()
    across = Vector((1, 0, 0)) - up * up.x
    across.normalize()
    matrix = Matrix((across, up.cross(across), up)).transposed()
    return matrix.to_4x4()


def _mouth(dice: random.Random, frame: Matrix, lips: bpy.types.Material, teeth: bpy.types.Material) -> None:
    width, smile, low = dice.uniform(0.16, 0.3), dice.uniform(-0.05, 0.14), dice.uniform(-0.5, -0.4)
    if dice.random() < 0.3:  # open
        hole = plain((0.12, 0.01, 0.015, 1), 0.6)
        ball(frame @ Matrix.Translation((0, -0.8, low)), (width, 0.12, dice.uniform(0.08, 0.18)), hole)
        ball(frame @ Matrix.Translation((0, -0.84, low + 0.06)), (width * 0.75, 0.09, 0.04), teeth)
        return
    points = []
    for step in range(7):
        x = (step / 3 - 1) * width
        points.append(Vector((x, -0.87 + 0.5 * x * x, low + smile * (x / width) ** 2)))
    for start, end in pairwise(points):
        _rod(frame, start, end, 0.04, 0.04, lips)


def _hair(dice: random.Random, frame: Matrix, width: float, looks: Looks) -> None:
    if looks.style == "bald":
        return
    up = Matrix.Translation
    ball(frame @ up((0, 0.17, 0.2)), (1.04 * width, 0.95, 0.93), looks.hair)
    if looks.style in ("short", "long", "bun"):
        count, slant = dice.randint(3, 6), dice.uniform(-0.2, 0.2)
        for step in range(count):
            x = (step / (count - 1) - 0.5) * 1.3 * width
            start, end = Vector((x * 0.7, -0.55, 0.88)), Vector((x + slant, -0.86 + 0.35 * x * x, 0.48))
            _rod(frame, start, end, 0.2, 0.07, looks.hair)
    if looks.style == "long":
        for x in (-0.85, -0.45, 0, 0.45, 0.85):
            start = Vector((x * width, 0.55 - 0.5 * x * x, 0.2))
            _rod(frame, start, start + Vector((x * 0.15, 0.12, -dice.uniform(1.1, 1.9))), 0.32, 0.14, looks.hair)
    elif looks.style == "bun":
        ball(frame @ up((0, 0.65, 0.95)), dice.uniform(0.3, 0.48), looks.hair)
    elif looks.style == "spikes":
        for _ in range(16):
            way = Vector((dice.gauss(0, 0.6), dice.gauss(0.15, 0.5), dice.uniform(0.5, 1))).normalized()
            _rod(frame, way * 0.9, way * dice.uniform(1.25, 1.5), 0.24, 0.02, looks.hair)
    elif looks.style == "hat":
        shapes.drum(frame @ up((0, 0.02, 0.52)) @ Matrix.Rotation(-0.08, 4, "X"), 1.55, 0.08, looks.shoes)
        shapes.drum(frame @ up((0, 0.06, 0.55)), 1.03, dice.uniform(0.6, 1.0), looks.shoes, 0.85)
    elif looks.style == "cap":
        ball(frame @ up((0, 0.06, 0.32)), (1.07 * width, 1.02, 0.85), looks.shirt)
        ball(frame @ up((0, -0.85, 0.62)), (0.6, 0.65, 0.07), looks.shirt)
