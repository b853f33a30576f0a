"""ControlNet conditioning images, made from a frame's passes and picture; docs/concepts/conditions.md shows each.

Nothing is estimated: depth, normals and ids come from Blender. All of it is deterministic and depends on one frame
and on the shot's depth range only, so that a still subject gives still conditions.

Every pass is (H, W) or (H, W, C), row 0 at the top; `exr.read_passes` describes them. Every condition is
(H, W, 3) float32 from 0 to 1, in the colours the ControlNet models were trained on (not colour managed).
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from pathlib import Path

import numpy as np

from .. import needs
from ..pose import read_people
from ..shot import Shot
from . import picture_conditions
from .exr import read_drawn, read_passes, read_picture
from .lines import View, edge_pixels, line_drawing
from .openpose import draw_people
from .segmentation import object_colours, segmentation

Passes = Mapping[str, np.ndarray]

# Estimators such as NormalBae know no background: they give every pixel a normal. A wall facing the camera is what
# ControlNet's first normal annotator made of the background (lllyasviel/ControlNet, annotator/midas: x = y = 0 beyond
# its threshold).
NORMAL_BACKGROUND = (0.5, 0.5, 1.0)

# Metres; surfaces closer to the camera than this do not stretch the range of depth.
NEAREST = 1e-3

# ZoeDepth's own pictures, and those its ControlNets were trained on, reach from the 2nd to the 85th percentile of the
# distances (isl-org/ZoeDepth, zoedepth/utils/misc.py, colorize; controlnet-aux, ZoeDetector).
METRIC_PERCENTILES = (2.0, 85.0)
_RANGE_FRAMES, _RANGE_STEP = 16, 4  # how many frames of a shot, and which of their pixels, its percentiles come from


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


def metric_depth_condition(passes: Passes, shot: Shot, _frame: int) -> np.ndarray:
    """Planar depth itself, linear in metres: near is white, far and the background are black.

    It reaches between METRIC_PERCENTILES of the whole shot's surfaces, where ZoeDepth takes each picture's own.
    """
    near, far = metric_range(shot.folder, shot.capture)
    grey = (far - passes["depth"]) / max(far - near, NEAREST)
    return _three_channels(np.clip(grey, 0.0, 1.0))


@lru_cache(maxsize=16)
def metric_range(folder: Path, capture: str) -> tuple[float, float]:  # noqa: ARG001  a new capture is read anew
    """METRIC_PERCENTILES of the planar depth of the surfaces in the shot `folder`, metres.

    From up to 16 frames, evenly spread. Raises ShotError.
    """
    shot = Shot.load(folder)
    numbers = shot.frame_numbers
    chosen = sorted({numbers[round(i)] for i in np.linspace(0, len(numbers) - 1, _RANGE_FRAMES)})
    depths = [read_passes(shot, f, ["depth"])["depth"][::_RANGE_STEP, ::_RANGE_STEP] for f in chosen]
    seen = np.concatenate([depth[np.isfinite(depth)] for depth in depths])
    near, far = np.percentile(seen, METRIC_PERCENTILES) if seen.size else (shot.near, shot.far)
    return float(near), float(far)


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
    return _three_channels(_line_drawing(passes, shot, frame))


def canny_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:  # noqa: ARG001
    """See `picture_conditions.canny`."""
    return picture_conditions.canny(read_picture(shot, frame))


def canny_geometry_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:
    """White edges a pixel wide, as Canny gives them, but of geometry: neither textures nor shadows nor noise in it."""
    return _three_channels(edge_pixels(_view(passes, shot, frame)))


def soft_edge_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:
    """See `picture_conditions.soft_edges`."""
    return picture_conditions.soft_edges(read_picture(shot, frame), _line_drawing(passes, shot, frame))


def colour_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:  # noqa: ARG001
    """The rendered picture itself: it holds colours that img2img alone would lose."""
    return read_picture(shot, frame)


def tile_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:  # noqa: ARG001
    """See `picture_conditions.tile`."""
    return picture_conditions.tile(read_picture(shot, frame))


def shuffle_condition(passes: Passes, shot: Shot, frame: int) -> np.ndarray:  # noqa: ARG001
    """See `picture_conditions.shuffle`."""
    return picture_conditions.shuffle(read_picture(shot, frame))


def openpose_condition(kind: str, _passes: Passes, shot: Shot, frame: int) -> np.ndarray:
    """The people of the frame as OpenPose draws them, see `openpose`; `kind` is one of `needs.OPENPOSE`."""
    drawn = draw_people(
        read_people(shot.pose_path(frame), shot.resolution),
        shot.resolution,
        body=kind != "openpose_faceonly",
        hands=kind in ("openpose_hand", "openpose_full"),
        face=kind in ("openpose_face", "openpose_faceonly", "openpose_full"),
    )
    return drawn.astype(np.float32) / 255.0


# How each is made; what of is said by `needs.CONDITIONS`.
MAKERS: dict[str, Callable[[Passes, Shot, int], np.ndarray]] = {
    "depth": depth_condition,
    "depth_metric": metric_depth_condition,
    "normal": normal_condition,
    "canny": canny_condition,
    "canny_geometry": canny_geometry_condition,
    "softedge": soft_edge_condition,
    "lineart": lineart_condition,
    "segmentation": segmentation,
    "object_colours": object_colours,
    "tile": tile_condition,
    "shuffle": shuffle_condition,
    "colour": colour_condition,
    **{kind: partial(openpose_condition, kind) for kind in needs.OPENPOSE},
}


# What of the whole shot these depend on besides their own frame.
OF_WHOLE_SHOT: dict[str, Callable[[Shot], tuple[float, float]]] = {
    "depth": lambda shot: (shot.near, shot.far),
    "depth_metric": lambda shot: metric_range(shot.folder, shot.capture),
}


def _line_drawing(passes: Passes, shot: Shot, frame: int) -> np.ndarray:
    return line_drawing(_view(passes, shot, frame))


def _view(passes: Passes, shot: Shot, frame: int) -> View:
    camera = shot.cameras[frame]
    width, perspective = 2.0 / camera.projection[0], camera.kind == "PERSP"
    return View(passes["depth"], passes["normal"], passes["object_id"], passes["material_id"], width, perspective)


def _three_channels(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey.astype(np.float32)[..., None], 3, axis=2)
