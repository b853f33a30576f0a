"""People as ControlNet's OpenPose models take them: coloured limbs and joints on black.

Colours, order, widths and dimming are those of ControlNet 1.1's annotator in its last form, which detectors and editors
share (lllyasviel/ControlNet-v1-1-nightly and Mikubill/sd-webui-controlnet, annotator/openpose/util.py; the same in
huggingface/controlnet_aux, open_pose/util.py: `draw_bodypose`, `draw_handpose`, `draw_facepose`). It draws in a picture
whose shorter side is 512 pixels; in others everything scales with that side. Of several people, there each one dims
those before; here all limbs are dimmed once, as in its first form.
"""

import colorsys
import math
from collections.abc import Iterable

import cv2
import numpy as np

from ..pose import BODY, Joint, Person

SHORT_SIDE = 512
_STICK, _JOINT, _FINGER, _FACE = 4, 4, 2, 3  # pixels at that size: half widths, but for a finger its whole
_DIMMED = 0.6
# Joints by their number in OpenPose's order, from one; a limb has the colour at its own place.
_LIMBS = (
    *((2, 3), (2, 6), (3, 4), (4, 5), (6, 7), (7, 8), (2, 9), (9, 10), (10, 11), (2, 12), (12, 13), (13, 14), (2, 1)),
    *((1, 15), (15, 17), (1, 16), (16, 18)),
)
# Around the colour circle in 18 steps, RGB.
_COLOURS = (
    *((255, 0, 0), (255, 85, 0), (255, 170, 0), (255, 255, 0), (170, 255, 0), (85, 255, 0), (0, 255, 0)),
    *((0, 255, 85), (0, 255, 170), (0, 255, 255), (0, 170, 255), (0, 85, 255), (0, 0, 255), (85, 0, 255)),
    *((170, 0, 255), (255, 0, 255), (255, 0, 170), (255, 0, 85)),
)
_FINGERS = tuple((0 if i % 4 == 0 else i, i + 1) for i in range(20))
_FINGER_JOINT, _FACE_POINT = (0, 0, 255), (255, 255, 255)


def draw_people(
    people: Iterable[Person], resolution: tuple[int, int], body: bool = True, hands: bool = True, face: bool = True
) -> np.ndarray:
    """(H, W, 3) uint8 RGB of `resolution` (width, height): the drawn joints of `people`, and the limbs between them."""
    people = tuple(people)
    width, height = resolution
    canvas = np.zeros((height, width, 3), np.uint8)
    scale = min(resolution) / SHORT_SIDE
    if body:
        canvas = _draw_bodies(canvas, people, scale)
    if hands:
        for hand in (hand for person in people for hand in (person.left_hand, person.right_hand) if hand):
            _draw_hand(canvas, hand, scale)
    if face:
        for joint in (joint for person in people for joint in person.face if joint.drawn):
            cv2.circle(canvas, _pixel(joint), _pixels(_FACE, scale), _FACE_POINT, -1)
    return canvas


def _draw_bodies(canvas: np.ndarray, people: tuple[Person, ...], scale: float) -> np.ndarray:
    for person in people:
        for (first, second), colour in zip(_LIMBS, _COLOURS, strict=False):
            a, b = person.body[first - 1], person.body[second - 1]
            if a.drawn and b.drawn:
                cv2.fillConvexPoly(canvas, _limb(a, b, scale), colour)
    canvas = (canvas * _DIMMED).astype(np.uint8)
    for person in people:
        for joint, colour in zip(person.body[: len(BODY)], _COLOURS, strict=True):
            if joint.drawn:
                cv2.circle(canvas, _pixel(joint), _pixels(_JOINT, scale), colour, -1)
    return canvas


def _limb(a: Joint, b: Joint, scale: float) -> np.ndarray:
    """The ellipse between two joints as a polygon."""
    centre = (int((a.x + b.x) / 2), int((a.y + b.y) / 2))
    length = math.hypot(a.x - b.x, a.y - b.y)
    angle = math.degrees(math.atan2(a.y - b.y, a.x - b.x))
    return np.array(cv2.ellipse2Poly(centre, (int(length / 2), _pixels(_STICK, scale)), int(angle), 0, 360, 1))


def _draw_hand(canvas: np.ndarray, hand: tuple[Joint, ...], scale: float) -> None:
    for number, (first, second) in enumerate(_FINGERS):
        a, b = hand[first], hand[second]
        if a.drawn and b.drawn:
            red, green, blue = colorsys.hsv_to_rgb(number / len(_FINGERS), 1.0, 1.0)
            colour = (255 * red, 255 * green, 255 * blue)
            cv2.line(canvas, _pixel(a), _pixel(b), colour, _pixels(_FINGER, scale))
    for joint in hand:
        if joint.drawn:
            cv2.circle(canvas, _pixel(joint), _pixels(_JOINT, scale), _FINGER_JOINT, -1)


def _pixel(joint: Joint) -> tuple[int, int]:
    return int(joint.x), int(joint.y)


def _pixels(size: int, scale: float) -> int:
    return max(1, round(size * scale))
