"""Reads what a shot has on disk for one frame: passes as arrays in documented units, and the picture.

Files may come from anywhere. Their header is checked before a pixel is read, and every way in which they can be
damaged ends in a ShotError.
"""

from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import OpenEXR

from ..errors import Code, ShotError
from ..shot import Camera, Shot

BACKGROUND_DEPTH = 1e9  # metres; Cycles writes 1e10 where there is no surface
MAX_PARTS = 256
# What the OpenEXR library raises for files that it does not like.
_READING_ERRORS = (RuntimeError, ValueError, TypeError, KeyError, OSError, MemoryError)
MAX_CHANNELS = 1024
_CHANNELS = {
    "depth": 1,
    "normal": 3,
    "vector": 4,
    "object_id": 1,
    "material_id": 1,
    "surface": 3,
    "instance": 1,
}
MAX_ID = 2**24  # float32, as which every channel is looked at first, counts exactly up to here


def read_passes(shot: Shot, frame: int, names: Iterable[str]) -> dict[str, np.ndarray]:
    """The passes `names` of `frame`. Row 0 is the top row, columns go to the right.

    depth        (H, W) float32     metres along the camera's axis; background inf
    normal       (H, W, 3) float32  shading normal in world space, length 1; background 0
    vector       (H, W, 4) float32  pixels, x right, y up: X, Y = previous frame - this; Z, W = this - next frame;
                                    exact also where the camera zooms or shifts between the frames
    object_id    (H, W) int32       see shot.objects; background 0
    material_id  (H, W) int32       see shot.materials; background 0
    surface      (H, W, 3) float32  rest position of the surface point in its object, metres
    instance     (H, W) float32     a number for each instance of an object

    Raises ShotError: MISSING_PASS when the shot has no such pass or its file lacks the channels, BAD_EXR when the file
    is missing, damaged or of another size than the shot.
    """
    wanted: dict[str, tuple[str, ...]] = {}
    for name in names:
        if name not in shot.passes or name not in _CHANNELS:
            raise ShotError(Code.MISSING_PASS, f"The shot has no pass '{name}': capture it again with this Flowbrush")
        wanted[name] = shot.passes[name].channels
        if len(wanted[name]) != _CHANNELS[name]:
            raise ShotError(Code.MISSING_PASS, f"The shot's pass '{name}' lacks channels: capture it again")
    if not wanted:
        return {}
    path = shot.exr_path(frame)
    channels = _read_channels(path, _promised_channels(path, shot.resolution), shot.resolution)
    return {name: _array(name, [_channel(channels, c, path) for c in wanted[name]], shot, frame) for name in wanted}


def read_picture(shot: Shot, frame: int) -> np.ndarray:
    """The picture of `frame`: (H, W, 3) float32 from 0 to 1, RGB, sRGB-encoded. Raises ShotError (BAD_SHOT)."""
    return read_png(shot.picture_path(frame), shot.resolution)


def read_drawn(shot: Shot, condition: str, frame: int) -> np.ndarray:
    """A condition that lies in the shot as pictures: (H, W, 3) float32 from 0 to 1. Raises ShotError (BAD_SHOT)."""
    return read_png(shot.drawn_path(condition, frame), shot.resolution)


def read_png(
    path: Path, resolution: tuple[int, int], code: Code = Code.BAD_SHOT, cure: str = "capture the shot again"
) -> np.ndarray:
    """An 8-bit picture of this width and height: (H, W, 3) float32 from 0 to 1, RGB, sRGB-encoded.

    Raises ShotError with `code` for anything else; cure: what its sentence tells the user to do.
    """
    if not path.is_file():
        raise ShotError(code, f"{path} is missing: {cure}")
    # Before memory is taken for any pixel.
    with open(path, "rb") as file:
        head = file.read(24)
    width, height = int.from_bytes(head[16:20], "big"), int.from_bytes(head[20:24], "big")
    if not head.startswith(b"\x89PNG\r\n\x1a\n") or (width, height) != resolution:
        raise ShotError(code, f"{path} is not a PNG of {resolution[0]} x {resolution[1]} pixels: {cure}")
    image = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if image is None or image.shape[:2] != resolution[::-1]:
        raise ShotError(code, f"{path} is damaged: {cure}")
    return image[..., ::-1].astype(np.float32) / 255.0


def _array(name: str, channels: list[np.ndarray], shot: Shot, frame: int) -> np.ndarray:
    """The channels of a pass in its documented type and units, without infinities or NaN where they mean nothing."""
    if name == "depth":
        depth = channels[0].astype(np.float32)
        return np.where(depth < BACKGROUND_DEPTH, depth, np.float32(np.inf))
    if name in ("object_id", "material_id"):
        ids = np.nan_to_num(channels[0].astype(np.float32), nan=0.0, posinf=0.0, neginf=0.0)
        return np.rint(np.clip(ids, 0, MAX_ID)).astype(np.int32)
    array = np.stack([c.astype(np.float32) for c in channels], axis=-1)
    np.nan_to_num(array, copy=False, nan=0.0, posinf=0.0, neginf=0.0)
    if name == "normal":  # its rounding to halves changed its length more than its direction
        length = np.linalg.norm(array.astype(np.float64), axis=-1, keepdims=True)
        array = np.divide(array, length, out=np.zeros_like(array), where=length > 1e-6, casting="same_kind")
    if name == "vector":
        _follow_lens(array[..., :2], shot, frame, frame - 1, 1.0)
        _follow_lens(array[..., 2:], shot, frame, frame + 1, -1.0)
    return array[..., 0] if len(channels) == 1 else array


def _follow_lens(vector: np.ndarray, shot: Shot, frame: int, other: int, sign: float) -> None:
    """Corrects `vector` (H, W, 2), sign * (where the point is in frame `other` - pixel), where the lens moves.

    The file has the other frame's positions through this frame's lens. Another lens only scales the picture about the
    point where the camera's axis meets it, and moves that point.
    """
    here, there = shot.cameras.get(frame), shot.cameras.get(other)
    if (
        here is None
        or there is None
        or shot.segment_start(frame) != shot.segment_start(other)
        or there.projection == here.projection
    ):
        return
    height, width = vector.shape[:2]
    for axis, pixels in ((0, np.arange(width) - (width - 1) / 2), (1, (height - 1) / 2 - np.arange(height)[:, None])):
        size = vector.shape[1 - axis]
        (scale, middle), (other_scale, other_middle) = (_lens(camera, axis) for camera in (here, there))
        zoom = other_scale / scale
        seen = pixels + sign * vector[..., axis] - middle * size / 2
        vector[..., axis] = sign * (seen * zoom + other_middle * size / 2 - pixels)


def _lens(camera: Camera, axis: int) -> tuple[float, float]:
    """Along x or y (y up), with the picture from -1 to 1: the magnification, and where the camera's axis meets it."""
    row = camera.projection[4 * axis : 4 * axis + 4]
    return row[axis], row[3] if camera.kind == "ORTHO" else -row[2]


def _channel(channels: dict[str, np.ndarray], name: str, path: Path) -> np.ndarray:
    if name not in channels:
        raise ShotError(Code.MISSING_PASS, f"{path} lacks the channel '{name}': capture the shot again")
    return channels[name]


def _read_channels(path: Path, promised: list[str], resolution: tuple[int, int]) -> dict[str, np.ndarray]:
    """The promised channels of all parts by name, (H, W) each."""
    try:
        with OpenEXR.File(str(path), separate_channels=True) as file:
            channels = {name: channel.pixels for part in file.parts for name, channel in part.channels.items()}
    except _READING_ERRORS as error:
        raise _bad(path, error) from error
    # The library only prints a warning about pixels that it cannot read, and leaves out their part.
    if any(channels.get(name) is None or channels[name].shape != resolution[::-1] for name in promised):
        raise _bad(path, "its pixels are damaged")
    return channels


def _promised_channels(path: Path, resolution: tuple[int, int]) -> list[str]:
    """The names of the channels by the file's header.

    Raises ShotError unless every part has the shot's size, before memory is taken for any pixel.
    """
    if not path.is_file():
        raise ShotError(Code.BAD_EXR, f"{path} is missing: capture the shot again")
    try:
        with OpenEXR.File(str(path), header_only=True) as file:
            channels = [channel.name for part in file.parts for channel in part.header["channels"]]
            windows = [np.array(part.header["dataWindow"], np.int64) for part in file.parts]
    except _READING_ERRORS as error:
        raise _bad(path, error) from error
    if not 0 < len(windows) <= MAX_PARTS or len(channels) > MAX_CHANNELS:
        raise _bad(path, "it has too many channels, or none")
    for first, last in windows:
        if tuple(last - first + 1) != resolution:
            raise _bad(path, f"it is not {resolution[0]} x {resolution[1]} pixels like the shot")
    return channels


def _bad(path: Path, reason: object) -> ShotError:
    return ShotError(Code.BAD_EXR, f"{path} cannot be read ({reason}): capture the shot again")
