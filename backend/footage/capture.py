"""Makes a shot of footage: its pictures, and the motion between them, estimated.

A frame's files appear when it is whole, and say the same whenever they are made: what was stopped goes on where it was.
`capture.json` beside shot.json says what the frames were made from, and which cuts were found so far.
"""

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import OpenEXR

from ..errors import Cancelled, Code, FootageError, SettingsError, ShotError, StorageError
from ..motion import estimated
from ..parsing import Fields
from ..progress import FrameDone
from ..shot import MAX_BYTES, MAX_FRAME, MAX_ITEMS, MAX_SIDE, Pass, Shot, source_of
from ..storage import make_folder, read_json, storage_errors, write_json, write_whole
from .cuts import is_cut
from .reading import open_source
from .source import MIN_SIDE, Picture, Source

METHOD = 1  # counts up whenever the same footage gives another shot
VECTOR = Pass(
    channels=("Vector.X", "Vector.Y", "Vector.Z", "Vector.W"),
    meaning="pixels, x right, y up: X, Y = previous frame - this; Z, W = this - next frame; "
    f"{estimated.NAME}, half floats, whose steps are smaller than its errors; 0 at the ends of a segment",
    estimated=True,
)
_FRAME_FILE = re.compile(r"-?\d{4,}\.(exr|png|json)")


@dataclass(frozen=True)
class FootageSettings:
    """What of the footage becomes the shot.

    frames: first and last of the footage, both included; None for all. start: the number that the first of them gets in
    the shot; None for the footage's own. size: width, height in pixels; None for the footage's own. rate: frames a
    second; None for the movie's own, or 24 for images.
    """

    frames: tuple[int, int] | None = None
    start: int | None = None
    size: tuple[int, int] | None = None
    rate: Fraction | None = None

    @staticmethod
    def parse(document: dict[str, Any]) -> "FootageSettings":
        """Checks `document`, whose fields are all optional; rate is numerator and denominator. Raises SettingsError."""
        given = Fields(document, "footage settings", _bad_settings)

        def pair(name: str, low: int, high: int) -> tuple[int, int] | None:
            if name not in given.names():
                return None
            numbers = given.integers(name, low, high, 2)
            if len(numbers) != 2:
                raise _bad_settings(f"'{name}' must hold two numbers")
            return numbers[0], numbers[1]

        rate = pair("rate", 1, 1_000_000)
        return FootageSettings(
            frames=pair("frames", -MAX_FRAME, MAX_FRAME),
            start=given.integer("start", -MAX_FRAME, MAX_FRAME) if "start" in given.names() else None,
            size=pair("size", MIN_SIDE, MAX_SIDE),
            rate=Fraction(*rate) if rate else None,
        )

    def document(self) -> dict[str, Any]:
        """As JSON-ready fields; `parse` reads them back."""
        rate = self.rate.as_integer_ratio() if self.rate else None
        pairs = {"frames": self.frames, "size": self.size, "rate": rate}
        start = {} if self.start is None else {"start": self.start}
        return {name: list(pair) for name, pair in pairs.items() if pair} | start


def capture_footage(
    path: Path, folder: Path, settings: FootageSettings, warn: Callable[[str], None], cancelled: Callable[[], bool]
) -> Iterator[FrameDone]:
    """Makes or goes on with the shot of the movie or image sequence at `path`, and yields every frame when stored.

    warn: gets sentences for the user. Holds three pictures at a time, however long the footage is. Raises FootageError,
    SettingsError, ShotError where the folder holds a scene's shot, StorageError or Cancelled; finished frames stay.
    """
    source = _chosen(open_source(path, settings.rate), settings)
    shot = _begin(_described(source, folder, settings.size or source.size))
    for notice in shot.notices:
        warn(notice)
    missing, total = set(shot.missing_frames()), len(shot.frame_numbers)
    if missing:
        began = time.monotonic()
        for frame, cuts in _frames(source, shot, missing, warn, cancelled):
            shot = replace(shot, cuts=cuts)
            missing.remove(frame)
            yield FrameDone(frame, shot.picture_path(frame), total - len(missing), total, time.monotonic() - began)
            began = time.monotonic()
    shot.save()


def _frames(
    source: Source, shot: Shot, missing: set[int], warn: Callable[[str], None], cancelled: Callable[[], bool]
) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Stores what is missing, frame by frame; yields each with the cuts known by then."""
    still = np.zeros((*shot.resolution[::-1], 2), np.float32)
    todo, cuts = set(missing), shot.cuts
    before: Picture | None = None
    to_previous = still
    with closing(source.pictures(max(shot.frames[0], min(missing) - 1))) as pictures:
        for picture in pictures:
            if cancelled():
                raise Cancelled()
            if picture.damaged:
                warn(f"Frame {picture.frame} is damaged in {source.path.name}")
            here = replace(picture, pixels=_sized(picture.pixels, shot.resolution))
            to_here, to_before = still, still
            if before is not None and not todo.isdisjoint((before.frame, here.frame)):
                motion = estimated.estimate_motion(before.pixels, here.pixels)
                if is_cut(before.pixels, here.pixels, motion):
                    cuts = tuple(sorted({*cuts, here.frame}))
                    _remember(shot, cuts)
                else:
                    to_here, to_before = motion.there, motion.back
            if before is not None and before.frame in todo:
                _store(shot, before, to_previous, to_here)
                yield before.frame, cuts
            before, to_previous = here, to_before
            if here.frame == shot.frames[1]:
                break
    if before is None or before.frame != shot.frames[1]:
        raise FootageError(Code.BAD_FOOTAGE, f"{source.path} ends early: choose frames before its end")
    if before.frame in todo:
        _store(shot, before, to_previous, still)
        yield before.frame, cuts


def _chosen(source: Source, settings: FootageSettings) -> Source:
    """`source` with the chosen frames only, numbered as in the shot. Raises SettingsError where no frame is left."""
    first, last = settings.frames or source.frames
    first, last = max(first, source.frames[0]), min(last, source.frames[1])
    if last < first:
        raise SettingsError(
            Code.EMPTY_RANGE, f"The footage has frames {source.frames[0]} to {source.frames[1]}: choose from those"
        )
    shift = 0 if settings.start is None else settings.start - first
    if last + shift > MAX_FRAME:
        raise SettingsError(Code.BAD_SETTINGS, f"The last frame would have a number above {MAX_FRAME}: start lower")

    def pictures(start: int) -> Generator[Picture, None, None]:
        for picture in source.pictures(start - shift):
            yield replace(picture, frame=picture.frame + shift)

    fingerprint = f"{source.fingerprint} from {first}"
    return replace(source, frames=(first + shift, last + shift), fingerprint=fingerprint, pictures=pictures)


def _described(source: Source, folder: Path, size: tuple[int, int]) -> Shot:
    """The shot without its cuts."""
    notices = list(source.notices)
    if source.sound:
        notices.append(f"The sound ({source.sound}) stays in {source.path.absolute()}")
    if abs(size[0] * source.size[1] / (size[1] * source.size[0]) - 1) > 0.02:
        notices.append(f"{source.size[0]} x {source.size[1]} pixels are squeezed into {size[0]} x {size[1]}")
    made_from = (METHOD, cv2.__version__, source.fingerprint, source.frames, size, source.rate)
    return Shot(
        folder=folder,
        name=folder.name,
        scene=source.path.name,
        blender="",
        engine=estimated.NAME,
        view_layer="",
        fps=source.rate.as_integer_ratio(),
        resolution=size,
        pixel_aspect=(1.0, 1.0),
        frames=source.frames,
        near=0.0,
        far=0.0,
        cuts=(),
        cameras={},
        objects=(),
        materials=(),
        passes={"vector": VECTOR},
        notices=tuple(notices),
        capture=hashlib.sha256(repr(made_from).encode()).hexdigest()[:16],
        source="footage",
    )


def _begin(shot: Shot) -> Shot:
    """Leaves in the shot's folder what may be kept, and gives the shot with what is known of that."""
    if source_of(shot.folder) == "scene":
        raise ShotError(Code.BAD_SHOT, f"{shot.folder} holds the shot of a Blender scene: choose another folder")
    cuts: tuple[int, ...] | None = None
    try:
        former = Fields(read_json(shot.folder / "capture.json", MAX_BYTES, _bad_record), "capture.json", _bad_record)
        if former.text("capture", "") == shot.capture:
            cuts = former.integers("cuts", -MAX_FRAME, MAX_FRAME, MAX_ITEMS)
    except ShotError:  # no record, or a damaged one: nothing vouches for the frames
        pass
    if cuts is None:
        _remove_former(shot.folder)
    elif source_of(shot.folder):
        shot = replace(shot, drawn=Shot.load(shot.folder).drawn)
    for part in ("passes", "pictures"):
        make_folder(shot.folder / part)
    _remember(shot, cuts or ())
    return replace(shot, cuts=cuts or ())


def _remember(shot: Shot, cuts: tuple[int, ...]) -> None:
    # Before the frames that the cut parts are stored, so that none is there whose cut is not known.
    write_json(shot.folder / "capture.json", {"capture": shot.capture, "cuts": list(cuts)})


def _remove_former(folder: Path) -> None:
    if not (folder / "shot.json").exists() and not (folder / "capture.json").exists():
        return
    with storage_errors(folder / "shot.json"):
        (folder / "shot.json").unlink(missing_ok=True)
        for part in ("passes", "pictures", "conditions/*", "pose"):
            for file in folder.glob(f"{part}/*"):
                if _FRAME_FILE.fullmatch(file.name):
                    file.unlink()


def _sized(pixels: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    height, width = pixels.shape[:2]
    if (width, height) == size:
        return pixels
    smaller = size[0] * size[1] < width * height
    scaled: np.ndarray = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC)
    return scaled


def _store(shot: Shot, picture: Picture, to_previous: np.ndarray, to_next: np.ndarray) -> None:
    """Writes a frame's picture and its vector pass (see `passes.exr`) from flows with y down."""
    encoded, png = cv2.imencode(".png", cv2.cvtColor(picture.pixels, cv2.COLOR_RGB2BGR))
    assert encoded
    write_whole(shot.picture_path(picture.frame), png.tobytes())
    planes = (to_previous[..., 0], -to_previous[..., 1], -to_next[..., 0], to_next[..., 1])
    channels = {
        name: np.ascontiguousarray(plane, np.float16) for name, plane in zip(VECTOR.channels, planes, strict=True)
    }
    _write_exr(shot.exr_path(picture.frame), channels)


def _write_exr(path: Path, channels: dict[str, np.ndarray]) -> None:
    part = path.with_name(f".{path.name}.part")
    try:
        OpenEXR.File({"compression": OpenEXR.ZIP_COMPRESSION, "type": OpenEXR.scanlineimage}, channels).write(str(part))
    except RuntimeError as error:  # the library's only way to say that it could not write
        part.unlink(missing_ok=True)
        full = shutil.disk_usage(path.parent).free < 2 * sum(plane.nbytes for plane in channels.values())
        raise StorageError(
            Code.DISK_FULL if full else Code.NOT_WRITABLE,
            f"{path} cannot be written: make room, or choose another folder; finished frames are kept",
        ) from error
    with storage_errors(path):
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)


def _bad_settings(reason: str) -> SettingsError:
    return SettingsError(Code.BAD_SETTINGS, f"The footage cannot be taken like this: {reason}")


def _bad_record(reason: str) -> ShotError:
    return ShotError(Code.BAD_SHOT, reason)
