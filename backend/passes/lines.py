"""Line drawings from geometry: outlines, occlusions, material borders and creases."""

from dataclasses import dataclass

import cv2
import numpy as np

# How strongly each kind of line is drawn, 0..1.
OUTLINE, MATERIAL, CREASE = 1.0, 0.7, 0.6
# Where there is only white and black: a line counts from the first strength on if it reaches the second somewhere.
EDGE = (0.15, 0.5)
# A step in depth becomes a line between these fractions of the picture's width at that distance.
STEP = (0.008, 0.02)
# A fold in the surface becomes a line between these angles, in degrees.
FOLD = (22.0, 45.0)
# The pen: a blur in half pixels, and the gain that makes the two pixels beside a straight line almost full.
SPREAD, GAIN = 1.2, 3.4


@dataclass(frozen=True)
class View:
    """What a frame's lines are drawn from.

    depth: (H, W), planar, metres, inf in the background. normal: (H, W, 3) in any space. object_id, material_id: (H, W)
    integers. width_at_unit_depth: metres, the width of what the camera sees one metre away. perspective: False for a
    camera with parallel rays, which sees that width at any distance.
    """

    depth: np.ndarray
    normal: np.ndarray
    object_id: np.ndarray
    material_id: np.ndarray
    width_at_unit_depth: float
    perspective: bool


def line_drawing(view: View) -> np.ndarray:
    """Draws antialiased lines about two pixels wide; returns (H, W) float32 from 0 (nothing) to 1 (outline).

    A line lies between two neighbouring pixels. It is drawn where
    - the object differs, or the depth steps: outline. The step is the error of continuing the surface straight, in
      inverse depth (in depth if rays are parallel), where a plane is linear however slanted it is;
    - the material differs;
    - the normal folds: the error of continuing its turn, so that round things get no lines.
    """
    drawn = _drawn(view)
    ink = cv2.GaussianBlur(drawn, (0, 0), SPREAD, borderType=cv2.BORDER_REFLECT_101) * GAIN
    strongest = cv2.dilate(drawn, np.ones((7, 7), np.uint8))
    return np.minimum(ink, strongest)[::2, ::2]


def edge_pixels(view: View) -> np.ndarray:
    """(H, W) bool: the pixels left of and above the lines of `line_drawing`, chosen by hysteresis (Canny, 1986)."""
    strength = _drawn(view)
    _, pieces = cv2.connectedComponents((strength >= EDGE[0]).astype(np.uint8), connectivity=8)
    strong = np.unique(pieces[strength >= EDGE[1]])
    drawn = np.isin(pieces, strong)
    edges = np.zeros(view.depth.shape, bool)
    edges[:, :-1] |= drawn[::2, 1::2]
    edges[:-1] |= drawn[1::2, ::2]
    return edges


def _drawn(view: View) -> np.ndarray:
    """The lines on the lattice of pixels and the places between them, see `_lattice`."""
    depth = view.depth
    # Seen distance: linear in the picture on every plane, and 0 in the background of a perspective camera.
    seen = 1.0 / np.maximum(depth, 1e-3) if view.perspective else np.where(np.isfinite(depth), -depth, -1e10)
    strengths = []
    for turn in (_as_is, _transposed):
        objects, seen_so = turn(view.object_id), turn(seen)
        jump = _continuation_error(seen_so[..., None])
        if view.perspective:  # metres between the two, as a fraction of the picture's width at the nearer one
            step = jump / np.maximum(np.minimum(seen_so[:, 1:], seen_so[:, :-1]), 1e-10) / view.width_at_unit_depth
        else:
            step = jump / view.width_at_unit_depth
        turned = _continuation_error(turn(view.normal))
        # Of folds side by side the sharpest is drawn; all of them would be a grey patch.
        turned[turned < cv2.dilate(turned, np.ones((1, 3), np.uint8))] = 0.0
        fold = np.degrees(2.0 * np.arcsin(np.minimum(turned / 2.0, 1.0)))
        outline = np.where(_differs(objects), 1.0, _ramp(step, STEP)) * OUTLINE
        detail = np.maximum(_differs(turn(view.material_id)) * MATERIAL, _ramp(fold, FOLD) * CREASE)
        strengths.append((turn(outline), turn(detail)))
    (outline_right, detail_right), (outline_below, detail_below) = strengths
    outlines = _lattice(outline_right, outline_below)
    # On a limb the normal turns faster and faster: its folds would only thicken the outline.
    beside_outline = cv2.dilate(outlines, np.ones((5, 5), np.uint8))
    return np.maximum(outlines, _lattice(detail_right, detail_below) * (1.0 - beside_outline))


def _as_is(image: np.ndarray) -> np.ndarray:
    return image


def _transposed(image: np.ndarray) -> np.ndarray:
    return image.swapaxes(0, 1)


def _differs(ids: np.ndarray) -> np.ndarray:
    """(H, W-1) bool: each pixel against the one to its right."""
    return ids[:, 1:] != ids[:, :-1]


def _continuation_error(values: np.ndarray) -> np.ndarray:
    """(H, W-1): how far neighbours in a row, (H, W, C), are from lying on one straight continuation.

    The better of continuing from the left and from the right counts: beside a true break one of them crosses it.
    """
    steps = np.diff(values, axis=1)
    padded = np.concatenate((steps[:, :1], steps, steps[:, -1:]), axis=1)
    from_left = np.linalg.norm(steps - padded[:, :-2], axis=2)
    from_right = np.linalg.norm(steps - padded[:, 2:], axis=2)
    # At the picture's edge there is one side only.
    from_left[:, 0], from_right[:, -1] = from_right[:, 0], from_left[:, -1]
    return np.minimum(np.minimum(from_left, from_right), np.linalg.norm(steps, axis=2))


def _ramp(values: np.ndarray, between: tuple[float, float]) -> np.ndarray:
    """0 below the first limit, 1 above the second, linear between."""
    return np.clip((values - between[0]) / (between[1] - between[0]), 0.0, 1.0)


def _lattice(right: np.ndarray, below: np.ndarray) -> np.ndarray:
    """(2H-1, 2W-1) float32: pixels at even places, the lines to their right and below at odd ones.

    Corners, where four such places meet, join a line that passes: they take the second strongest of the four.
    """
    height, width = right.shape[0], below.shape[1]
    lattice = np.zeros((2 * height - 1, 2 * width - 1), np.float32)
    lattice[::2, 1::2] = right
    lattice[1::2, ::2] = below
    around = np.stack((right[1:], right[:-1], below[:, 1:], below[:, :-1]))
    lattice[1::2, 1::2] = np.sort(around, axis=0)[-2]
    return lattice
