"""Whatever numbers a picture is stored in, as 8-bit sRGB.

Pictures are (H, W, 3), RGB.
"""

from functools import lru_cache
from typing import Literal

import cv2
import numpy as np

Transfer = Literal["pq", "hlg"]

REFERENCE_WHITE = 203.0  # nits that become sRGB's white (ITU-R BT.2408)
KNEE = 0.75  # of white, from which on HDR's highlights are pressed together
# BT.2020 to BT.709 primaries (ITU-R BT.2087).
TO_BT709 = np.array(((1.6605, -0.5876, -0.0728), (-0.1246, 1.1329, -0.0083), (-0.0182, -0.1006, 1.1187)), np.float32)
LUMINANCE_2020 = np.array((0.2627, 0.6780, 0.0593), np.float32)


def to_eight_bits(picture: np.ndarray) -> np.ndarray:
    """uint8 as it is, uint16 rounded, both sRGB-encoded already; float32 is taken for scene linear and clipped."""
    if picture.dtype == np.uint8:
        return picture
    if picture.dtype == np.uint16:
        return ((picture.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return _quantized(srgb(np.nan_to_num(picture.astype(np.float32), nan=0.0)))


def over_black(picture: np.ndarray, *, multiplied: bool = False) -> np.ndarray:
    """A picture with alpha, (H, W, 4), in front of black. multiplied: alpha is in the colours already, as in EXR."""
    colours, alpha = picture[..., :3], picture[..., 3:]
    if multiplied:
        return colours
    if picture.dtype == np.float32:
        return colours * alpha
    full = np.iinfo(picture.dtype).max
    return ((colours.astype(np.uint32) * alpha + full // 2) // full).astype(picture.dtype)


def srgb(linear: np.ndarray) -> np.ndarray:
    """Linear light, 1 is white, encoded as sRGB (IEC 61966-2-1), 0..1."""
    light = np.clip(linear, 0.0, 1.0)
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * np.power(light, 1 / 2.4) - 0.055).astype(np.float32)


def from_hdr(picture: np.ndarray, transfer: Transfer) -> np.ndarray:
    """uint16 BT.2020 RGB in one of BT.2100's transfers → uint8 sRGB.

    Light is taken relative to reference white; a channel over the knee is bent towards white and takes the other two
    with it, so that highlights keep their hue.
    """
    light = _light(transfer)[picture]
    if transfer == "hlg":  # the system gamma of a display of 1000 nits (BT.2100, table 5)
        scene = np.maximum(light @ LUMINANCE_2020, 1e-6)
        light = light * (scene**0.2)[..., None] * 1000.0
    colours = np.maximum(cv2.transform(np.ascontiguousarray(light / REFERENCE_WHITE, np.float32), TO_BT709), 0.0)
    strongest = colours.max(axis=2, keepdims=True)
    over = np.maximum(strongest - KNEE, 0.0)
    bent = np.minimum(strongest, KNEE) + (1.0 - KNEE) * (1.0 - np.exp(-over / (1.0 - KNEE)))
    return _quantized(srgb(colours * bent / np.maximum(strongest, 1e-6)))


@lru_cache(maxsize=2)
def _light(transfer: Transfer) -> np.ndarray:
    """For each of 65536 signals: nits for pq, scene light 0..1 for hlg (BT.2100, tables 4 and 5)."""
    signal = np.linspace(0.0, 1.0, 65536)
    if transfer == "pq":
        power = signal ** (4096 / (2523 * 128))
        ratio = np.maximum(power - 3424 / 4096, 0.0) / (2413 * 32 / 4096 - 2392 * 32 / 4096 * power)
        return (10000.0 * ratio ** (16384 / 2610)).astype(np.float32)
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    return np.where(signal <= 0.5, signal**2 / 3, (np.exp((signal - c) / a) + b) / 12).astype(np.float32)


def _quantized(picture: np.ndarray) -> np.ndarray:
    return np.rint(picture * 255.0).astype(np.uint8)
