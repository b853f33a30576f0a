"""ControlNet conditioning images, made from render passes.

Nothing is estimated: depth, normals and ids come from Blender. All of it is deterministic and depends on one frame
and on the shot's depth range only, so that a still subject gives still conditions.

Every pass is (H, W) or (H, W, C), row 0 at the top; `exr.read_passes` describes them. Every condition is
(H, W, 3) float32 from 0 to 1, in the colours the ControlNet models were trained on (not colour managed).
"""

import colorsys
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from .. import needs
from ..shot import Shot
from .exr import read_drawn, read_picture
from .lines import line_drawing

Passes = Mapping[str, np.ndarray]

# Estimators such as NormalBae know no background: they give every pixel a normal. A wall facing the camera is what
# ControlNet's first normal annotator made of the background (lllyasviel/ControlNet, annotator/midas: x = y = 0 beyond
# its threshold).
NORMAL_BACKGROUND = (0.5, 0.5, 1.0)

# Metres; surfaces closer to the camera than this do not stretch the range of depth.
NEAREST = 1e-3


def passes_for(shot: Shot, conditions: Iterable[str]) -> set[str]:
    """The passes that `condition` wants for these; a condition that lies in the shot as pictures wants none."""
    return {name for one in conditions if one not in shot.drawn for name in needs.need(one).passes}


def condition(name: str, passes: Passes, shot: Shot, frame: int) -> np.ndarray:
    """The condition `name` of `frame`, (H, W, 3) float32 0..1: the shot's own picture of it, or made of `passes`.

    Raises SettingsError for a name that is no condition, ShotError where the shot cannot give it.
    """
    needs.check_condition(shot, name)
    return read_drawn(shot, name, frame) if name in shot.drawn else MAKERS[name](passes, shot, frame)


def depth_condition(passes: Passes, shot: Shot, _frame: int) -> np.ndarray:
    """Inverse planar depth: the shot's nearest surface is white, its farthest and the background are black.

    The range is the whole shot's, so a surface at a constant distance keeps its grey.
    """
    near = max(shot.near, NEAREST)
    nearest, farthest = 1.0 / near, 1.0 / max(shot.far, near)
    inverse = 1.0 / np.maximum(passes["depth"], near)
    span = nearest - farthest
    grey = (inverse - farthest) / span if span > 0 else np.isfinite(passes["depth"])
    return _three_channels(np.clip(grey, 0.0, 1.0))


def normal_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:
    """Camera space normals in NormalBae's colours: blue is front, red is left, green is top.

    With x right, y up and z towards the camera: R = (1 - x) / 2, G = (1 + y) / 2, B = (1 + z) / 2
    (ControlNet 1.1, control_v11p_sd15_normalbae). The background is `NORMAL_BACKGROUND`.
    """
    world = passes["normal"]
    axes = np.array(shot.cameras[frame].matrix_world, np.float32).reshape(4, 4)[:3, :3]
    camera = world @ (axes / np.linalg.norm(axes, axis=0))  # a camera object may be scaled; its view is not
    length = np.linalg.norm(camera, axis=2, keepdims=True)
    unit = camera / np.maximum(length, 1e-6)
    colours = (unit * np.array((-1.0, 1.0, 1.0), np.float32) + 1.0) / 2.0
    return np.where(length > 1e-3, colours, np.array(NORMAL_BACKGROUND, np.float32)).astype(np.float32)


def lineart_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:
    """White lines on black, as the lineart and scribble models take them; `lines.line_drawing` says which lines."""
    camera = shot.cameras[frame]
    drawing = line_drawing(
        passes["depth"],
        passes["normal"],
        passes["object_id"],
        passes["material_id"],
        width_at_unit_depth=2.0 / camera.projection[0],
        perspective=camera.kind == "PERSP",
    )
    return _three_channels(drawing)


def segmentation_condition(passes: Passes, _shot: Shot, _frame: int) -> np.ndarray:
    """One flat colour for each object id, the same in every frame and shot; the background is black."""
    ids, places = np.unique(passes["object_id"], return_inverse=True)
    colours = np.array([object_colour(int(number)) for number in ids], np.float32)
    return colours[places.reshape(passes["object_id"].shape)]


def colour_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:  # noqa: ARG001
    """The rendered picture itself, as the tile models take it: it holds colours that img2img alone would lose."""
    return read_picture(shot, frame)


def object_colour(number: int) -> tuple[float, float, float]:
    """The segmentation colour of an object id, RGB 0..1; 0 is black.

    Hue, saturation and value each step by an irrational number of their own, the powers of the R3 sequence's
    constant (Roberts, "The Unreasonable Effectiveness of Quasirandom Sequences", 2018), which keeps ids apart.
    """
    if number == 0:
        return 0.0, 0.0, 0.0
    hue, saturation, value = (number * step % 1.0 for step in (0.8191725134, 0.6710436067, 0.5497004779))
    return colorsys.hsv_to_rgb(hue, 0.4 + 0.6 * saturation, 0.5 + 0.5 * value)


# How each is made; what of is said by `needs.CONDITIONS`.
MAKERS: dict[str, Callable[[Passes, Shot, int], np.ndarray]] = {
    "depth": depth_condition,
    "normal": normal_condition,
    "lineart": lineart_condition,
    "segmentation": segmentation_condition,
    "colour": colour_condition,
}


def _three_channels(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey.astype(np.float32)[..., None], 3, axis=2)
