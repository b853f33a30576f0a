"""The data passes: how Blender names them, what their numbers mean, and in which bytes a shot keeps them.

Each pass is kept as exactly as whatever reads it can use, and no bit longer: what lies below, a renderer's rounding
noise, is most of a file, because noise does not compress. Numbers keep a format that every OpenEXR reader knows.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from ..backend.errors import Code, SceneError
from ..backend.shot import Pass
from . import compat
from .aovs import Aovs
from .exr_file import read_channels

BACKGROUND = 1e9  # metres; Cycles writes 1e10 where a ray hits nothing
_CLIP_ROUNDING = 1e-4  # EEVEE's depth comes from a depth buffer
_DEPTH_BITS = 15  # of the mantissa: the lowest byte of every float is then 0
_VECTOR_UNIT = 1 / 256  # pixels
_SURFACE_SHARE = 1 / 16  # of the way to the surface of the nearest neighbouring pixel


@dataclass(frozen=True)
class _Kept:
    """A pass in a shot's file: its channels, what its numbers mean, and (H, W, C) float32 in the form it is kept in."""

    channels: tuple[str, ...]
    meaning: str
    pack: Callable[[np.ndarray], np.ndarray]


def described(names: Iterable[str], engine: str) -> dict[str, Pass]:
    """What shot.json says of the passes `names` when `engine` renders them."""
    rougher = {"vector": "; EEVEE's own are exact to 1/500 of their length"} if engine == compat.EEVEE else {}
    return {name: Pass(_KEPT[name].channels, _KEPT[name].meaning + rougher.get(name, "")) for name in names}


def read_render(data: bytes, aovs: Aovs, names: Iterable[str], clip_end: float) -> dict[str, np.ndarray]:
    """The passes `names` from the bytes of a file that Blender rendered: (H, W, C) float32 each.

    clip_end: the camera's, metres: EEVEE writes about this depth where there is no surface, and vectors there that
    follow the camera. Raises SceneError when Blender left a pass out, ExrLayoutError when the file is no file.
    """
    channels = read_channels(data)
    passes = {name: _read(channels, aovs, name) for name in names}
    background = _read(channels, aovs, "depth")[..., 0] >= clip_end * (1.0 - _CLIP_ROUNDING)
    for name, values in passes.items():
        values[background] = 1e10 if name == "depth" else 0.0
    return passes


def kept(passes: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The channels of a frame's file, (H, W) each, from its passes, (H, W, C) each."""
    return {
        channel: pixels
        for name, values in passes.items()
        for channel, pixels in zip(
            _KEPT[name].channels, np.moveaxis(_KEPT[name].pack(values.astype(np.float32)), -1, 0), strict=True
        )
    }


def depth_range(channels: Mapping[str, np.ndarray]) -> tuple[float, float]:
    """Nearest and farthest surface in the channels of a file, metres; zeros where it has no surface or no depth."""
    depth = channels.get(_KEPT["depth"].channels[0], np.empty(0))
    seen = depth[depth < BACKGROUND]
    return (float(seen.min()), float(seen.max())) if seen.size else (0.0, 0.0)


def _read(channels: Mapping[str, np.ndarray], aovs: Aovs, name: str) -> np.ndarray:
    try:
        if (values := aovs.read(channels, name)) is None:
            found = [[pixels for key, pixels in channels.items() if key.endswith(e)] for e in _RENDERED[name]]
            values = np.stack([alternatives[0] for alternatives in found], axis=-1)
    except LookupError as error:
        raise SceneError(
            Code.RENDER_FAILED, f"Blender did not render the pass '{name}': capture with Cycles"
        ) from error
    return values


def _depth(depth: np.ndarray) -> np.ndarray:
    """Rounded to the nearest number with a mantissa of _DEPTH_BITS bits."""
    dropped = 23 - _DEPTH_BITS
    bits = depth.view(np.uint32) + np.uint32(1 << (dropped - 1))
    return (bits >> dropped << dropped).view(np.float32)


def _vector(vector: np.ndarray) -> np.ndarray:
    return np.rint(vector / _VECTOR_UNIT) * np.float32(_VECTOR_UNIT)


def _surface(surface: np.ndarray) -> np.ndarray:
    """Rounded to the power of two below _SURFACE_SHARE of the step to the nearest of the four neighbours.

    How exact a coordinate must be to tell surface points apart depends on how far apart the pixels' are, which differs
    by orders of magnitude: with the distance, the angle, and the scale of the object in whose space it is.
    """
    step = np.full(surface.shape[:2], np.inf, np.float32)
    for here, there in ((np.s_[1:], np.s_[:-1]), (np.s_[:, 1:], np.s_[:, :-1])):
        across = np.abs(surface[here] - surface[there]).max(axis=-1)
        across[across == 0.0] = np.inf
        step[here], step[there] = np.minimum(step[here], across), np.minimum(step[there], across)
    with np.errstate(over="ignore", invalid="ignore"):
        unit = np.exp2(np.floor(np.log2(step * np.float32(_SURFACE_SHARE))))[..., None]
        rounded = np.rint(surface / unit) * unit
    return np.where(np.isfinite(unit) & np.isfinite(rounded), rounded, surface).astype(np.float32)


def _numbers(ids: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(np.nan_to_num(ids), 0, 2**24)).astype(np.uint32)


# A frame of the demo scene, 512 x 512, in kB, as Blender's 32-bit floats and as kept, both with ZIP: depth 369 and 135,
# normal 506 and 151 (halves), vector 1384 and 265, ids 23 and 17 (integers), surface 1426 and 500, instance 13 and 13
# (whole: it is compared bit by bit); together 3.7 MB and 1.1 MB. Pictures carried by the vectors: 47.1 dB both times.
_KEPT = {
    "depth": _Kept(
        ("depth.Z",),
        "distance along the camera's axis, metres, exact to 2^-16 of it; background 1e10",
        _depth,
    ),
    "normal": _Kept(
        ("normal.X", "normal.Y", "normal.Z"),
        "shading normal in world space, exact to 0.03 degrees; background 0",
        lambda normal: normal.astype(np.float16),
    ),
    "vector": _Kept(
        ("vector.X", "vector.Y", "vector.Z", "vector.W"),
        "X,Y: previous frame minus this one, Z,W: this one minus next; pixels, y up, exact to 1/512; seen through this "
        "frame's lens where the lens moves",
        _vector,
    ),
    "object_id": _Kept(("object_id.X",), "id of the object in 'objects'; background 0", _numbers),
    "material_id": _Kept(("material_id.X",), "id of the material in 'materials'; background 0", _numbers),
    "surface": _Kept(
        ("surface.X", "surface.Y", "surface.Z"),
        "position of the surface point in its object, before any deformation, metres, exact to 1/32 of the distance to "
        "the neighbouring pixels' surface",
        _surface,
    ),
    "instance": _Kept(("instance.X",), "a number from 0 to 1 for each instance of an object", lambda number: number),
}
# The endings of the channels' names in what Blender renders; ids have another name since 5.0.
_RENDERED: dict[str, tuple[str | tuple[str, ...], ...]] = {
    "depth": (".Depth.Z",),
    "normal": (".Normal.X", ".Normal.Y", ".Normal.Z"),
    "vector": (".Vector.X", ".Vector.Y", ".Vector.Z", ".Vector.W"),
    "object_id": ((".IndexOB.X", ".Object Index.X"),),
    "material_id": ((".IndexMA.X", ".Material Index.X"),),
}
