"""Light that moves: how much brighter or darker the scene shows a surface than when it was painted.

Paint that is carried along with its surface keeps the light in which it was painted, shadows and all. The render of
then and the render of now, at the same surface point, tell what became of the light.
"""

import cv2
import numpy as np

DARK = 0.02  # of white, linear: below that a render says little
REACH = 2.0  # pixels, standard deviation: a render's grain, and its details carried half a pixel off, are no light
LEAST = 0.12  # natural logarithm: smaller changes leave paint as it is
MOST = 1.2  # natural logarithm: larger ones are something else than light
_WEIGHTS = np.array([[0.2126, 0.7152, 0.0722]], np.float32)  # of linear red, green and blue in luminance (ITU-R BT.709)
_LINEAR = np.arange(256, dtype=np.float32) / np.float32(255.0)
_LINEAR = np.where(_LINEAR <= 0.04045, _LINEAR / 12.92, ((_LINEAR + 0.055) / 1.055) ** 2.4).astype(np.float32)


def luminance(picture: np.ndarray) -> np.ndarray:
    """(H, W) float32, linear 0..1, of a picture stored in 8 bits, (H, W, 3) float32 sRGB 0..1."""
    linear = cv2.LUT(np.rint(picture * 255.0).astype(np.uint8), _LINEAR)
    brightness: np.ndarray = cv2.transform(linear, _WEIGHTS)
    return brightness


def light_change(now: np.ndarray, then: np.ndarray, where: np.ndarray) -> np.ndarray:
    """(H, W) float32: the natural logarithm of how much more light falls on a surface now than then; 0 for little.

    now, then: (H, W) float32, luminance of the same surface points. where: (H, W) bool, where both are known; around
    them the change goes on, and far away it is 0.
    """
    weight = where.astype(np.float32)
    change = np.log((now + DARK) / (then + DARK)) * weight
    total = cv2.GaussianBlur(weight, (0, 0), REACH)
    smooth = cv2.GaussianBlur(change, (0, 0), REACH) / np.maximum(total, np.float32(1e-3))
    return np.sign(smooth) * np.clip(np.abs(smooth) - LEAST, 0.0, MOST).astype(np.float32)


def answer_to_light(painted: np.ndarray, rendered: np.ndarray, surfaces: np.ndarray, where: np.ndarray) -> float:
    """How strongly paint answers to light, 0 to 1: the share of a change of the render's logarithm that it shows.

    painted, rendered: (H, W) float32, luminance. Each of the surfaces, (H, W) int, is lit more here and less there in
    the one picture: the slope by least squares over all of them, each about its own mean. where: (H, W) bool, what
    counts.
    """
    _, number = np.unique(surfaces[where], return_inverse=True)
    count = np.maximum(np.bincount(number), 1)
    own, light = (np.log(picture[where] + DARK) for picture in (painted, rendered))
    own, light = (values - (np.bincount(number, values) / count)[number] for values in (own, light))
    return float(np.clip((own * light).sum() / max(float((light**2).sum()), 1e-6), 0.0, 1.0))


def relit(paint: np.ndarray, change: np.ndarray) -> np.ndarray:
    """`paint`, (H, W, 3) float32 sRGB 0..1, in light changed by `change`, (H, W), a natural logarithm."""
    changed = change != 0.0
    result = paint.copy()
    # Paint is lit as a photograph is exposed: in linear light.
    given = np.clip(paint[changed], 0.0, 1.0)
    linear = np.where(given <= 0.04045, given / 12.92, ((given + 0.055) / 1.055) ** 2.4)
    linear = np.minimum(linear * np.exp(change[changed])[:, None], 1.0)
    result[changed] = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1.0 / 2.4) - 0.055)
    return result
