"""Colours as they look, and how far they look apart."""

import cv2
import numpy as np


def lab(picture: np.ndarray) -> np.ndarray:
    """(H, W, 3) float32 sRGB-encoded 0..1 → CIELAB under D65, float32, L from 0 to 100."""
    converted: np.ndarray = cv2.cvtColor(np.ascontiguousarray(picture, np.float32), cv2.COLOR_RGB2Lab)
    return converted


def ciede2000(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The colour difference CIEDE2000 of CIELAB colours (..., 3), as (...) of the same type; about 1 is just seen.

    With all parametric factors 1, as Sharma, Wu and Dalal write it (The CIEDE2000 Color-Difference Formula, Color
    Research and Application 30 (1), 2005), whose test data it meets to the last of their four places.
    """
    (light1, a1, b1), (light2, a2, b2) = (np.moveaxis(colours, -1, 0) for colours in (one, other))
    chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2.0
    stretch = 1.0 + 0.5 * (1.0 - _towards_one(chroma))
    a1, a2 = a1 * stretch, a2 * stretch
    chroma1, chroma2 = np.hypot(a1, b1), np.hypot(a2, b2)
    hue1, hue2 = (np.degrees(np.arctan2(b, a)) % 360.0 for a, b in ((a1, b1), (a2, b2)))

    grey = chroma1 * chroma2 == 0.0
    turn = hue2 - hue1
    turn = np.where(grey, 0.0, turn - 360.0 * (turn > 180.0) + 360.0 * (turn < -180.0))
    total = hue1 + hue2
    apart = np.abs(hue1 - hue2) > 180.0
    hue = np.where(grey, total, (total + np.where(apart, np.where(total < 360.0, 360.0, -360.0), 0.0)) / 2.0)

    light, chroma = (light1 + light2) / 2.0, (chroma1 + chroma2) / 2.0
    weight = (
        1.0
        - 0.17 * _cosine(hue - 30.0)
        + 0.24 * _cosine(2.0 * hue)
        + 0.32 * _cosine(3.0 * hue + 6.0)
        - 0.20 * _cosine(4.0 * hue - 63.0)
    )
    middle = np.square(light - 50.0)
    lightness = (light2 - light1) / (1.0 + 0.015 * middle / np.sqrt(20.0 + middle))
    colourfulness = (chroma2 - chroma1) / (1.0 + 0.045 * chroma)
    tint = 2.0 * np.sqrt(chroma1 * chroma2) * np.sin(np.radians(turn / 2.0)) / (1.0 + 0.015 * chroma * weight)
    blue = 30.0 * np.exp(-np.square((hue - 275.0) / 25.0))
    rotation = -2.0 * _towards_one(chroma) * np.sin(np.radians(2.0 * blue))
    square = np.square(lightness) + np.square(colourfulness) + np.square(tint) + rotation * colourfulness * tint
    difference: np.ndarray = np.sqrt(np.maximum(square, 0.0))
    return difference.astype(np.result_type(one, other), copy=False)


def _towards_one(chroma: np.ndarray) -> np.ndarray:
    seventh = chroma**7
    root: np.ndarray = np.sqrt(seventh / (seventh + 25.0**7))
    return root


def _cosine(degrees: np.ndarray) -> np.ndarray:
    cosine: np.ndarray = np.cos(np.radians(degrees))
    return cosine
