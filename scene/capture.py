"""Renders a shot: for each frame of a range the beauty picture and the crisp passes, and leaves the scene as it was."""

import errno
import hashlib
import tempfile
import time
from collections.abc import Generator
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import disk_usage
from typing import IO, Any

import bpy
import numpy as np

from ..backend.errors import Cancelled, Code, SceneError, ShotError
from ..backend.shot import Camera, Pass, Shot
from ..backend.storage import make_folder, storage_errors, write_whole
from . import cameras, compat, describe, exr_parts, render_settings, resume, surface, trust
from .changes import Changes
from .picture import render_result, rendered_picture

BACKGROUND = 1e9  # metres; Cycles writes 1e10 where a ray hits nothing
_BYTES_PER_PIXEL = 200  # a frame before compression, and again what is written on the way to it


@dataclass(frozen=True)
class CaptureSettings:
    """What to capture, and how.

    first, last: frames, both included. samples, denoise: of the beauty picture; None keeps the scene's own.
    size: width and height in pixels; None keeps the scene's own. view_layer: its name; "" is the first that
    renders. source: a fingerprint of the file that the scene came from (see `fingerprint`); a capture with the same
    one and the same settings is resumed, and one with "" never is.
    """

    first: int
    last: int
    samples: int | None = None
    denoise: bool | None = None
    size: tuple[int, int] | None = None
    view_layer: str = ""
    source: str = ""


@dataclass(frozen=True)
class Captured:
    """A frame that is whole on disk, one of `done` of `total`. `notices` are sentences for the user not said before."""

    frame: int
    done: int
    total: int
    seconds: float
    notices: tuple[str, ...]


def fingerprint(file: Path) -> str:
    """A hash of the file's bytes."""
    with open(file, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def capture(scene: bpy.types.Scene, folder: Path, settings: CaptureSettings) -> Generator[Captured, None, None]:
    """Captures a shot into `folder`, one frame for each step of the iterator that this returns.

    The scene is changed at the first step and is as it was once the iterator is exhausted, closed (which is how to
    cancel) or has raised. Finished frames stay; shot.json appears when all are there.

    Raises SceneError (NO_CAMERA, EMPTY_RANGE, UNSUPPORTED_SCENE at once, RENDER_FAILED on the way), StorageError
    (NOT_WRITABLE, DISK_FULL), and Cancelled when the user stops a render in Blender.
    """
    if settings.last < settings.first:
        raise SceneError(
            Code.EMPTY_RANGE,
            f"There is no frame from {settings.first} to {settings.last}: let the range end after it starts",
        )
    if not hasattr(scene, "cycles"):
        raise SceneError(Code.UNSUPPORTED_SCENE, "Cycles is switched off: enable it in the preferences under Add-ons")
    layer = _view_layer(scene, settings.view_layer)
    cameras.check(scene, range(settings.first, settings.last + 1))
    make_folder(folder)
    return _capture(scene, layer, folder, settings)


def _capture(
    scene: bpy.types.Scene, layer: bpy.types.ViewLayer, folder: Path, settings: CaptureSettings
) -> Generator[Captured, None, None]:
    notices = describe.notices(scene, range(settings.first, settings.last + 1))
    with Changes() as changes:
        _keep_time(changes, scene, layer)
        renders = render_settings.prepare(changes, scene, layer, settings.size, settings.samples, settings.denoise)
        watch = trust.Watch(changes, scene, layer)
        marking = surface.mark(changes, layer)
        shot = describe.shot(scene, layer, folder, (settings.first, settings.last), marking, notices)
        shot = replace(shot, capture=resume.begin(shot, _content_of(settings), settings.source))
        found: dict[int, _Frame] = {}
        for done, frame in enumerate(shot.frame_numbers, 1):
            started = time.perf_counter()
            scene.frame_set(frame)
            if not _is_whole(shot, frame):
                _render_frame(scene, shot, renders, frame)
            found[frame] = _inspect(scene, layer, shot, marking, frame)
            if frame == settings.last:
                _finished(shot, found, watch.reasons).save()
            seconds = time.perf_counter() - started
            yield Captured(frame, done, len(shot.frame_numbers), seconds, shot.notices if done == 1 else ())


def _content_of(settings: CaptureSettings) -> dict[str, Any]:
    """The settings that change what is in a frame; the range does not."""
    return {"samples": settings.samples, "denoise": settings.denoise, "size": settings.size}


def _keep_time(changes: Changes, scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> None:
    """Brings back the frame the user was at, and what Blender overwrites on the way there."""
    changes.callback(layer.update)
    changes.callback(compat.refresh_compositor, scene)
    changes.keep_animated()
    changes.callback(setattr, scene, "camera", scene.camera)  # markers change it
    changes.callback(scene.frame_set, scene.frame_current, subframe=scene.frame_subframe)
    if render_result() is None:
        changes.callback(_remove_render_result)


def _remove_render_result() -> None:
    if (image := render_result()) is not None:
        bpy.data.images.remove(image)


def _render_frame(scene: bpy.types.Scene, shot: Shot, renders: render_settings.Renders, frame: int) -> None:
    """Renders one frame and writes its two files, each whole or not at all."""
    _check_room(shot)
    with (
        storage_errors(shot.folder / "passes"),
        tempfile.TemporaryDirectory(prefix=".capture-", dir=shot.folder) as rough,
    ):
        try:
            data = _render(scene, renders.data, Path(rough) / "data.exr", "OPEN_EXR_MULTILAYER", "32")
            beauty = _render(scene, renders.beauty, Path(rough) / "beauty.exr", "OPEN_EXR", "16")
            picture = rendered_picture(scene, Path(rough) / "picture.png")
            parts = {"beauty": exr_parts.read_parts(beauty), "data": exr_parts.read_parts(data)}
        except (RuntimeError, FileNotFoundError, exr_parts.ExrLayoutError) as error:
            _write_as_much(shot, Path(rough) / "probe")
            raise SceneError(Code.RENDER_FAILED, f"Blender could not render frame {frame}: {_reason(error)}") from error
        write_whole(shot.picture_path(frame), lambda file: _write(file, picture))
        write_whole(shot.exr_path(frame), lambda file: exr_parts.join(parts, file))


def _render(
    scene: bpy.types.Scene, settings: tuple[render_settings.Setting, ...], path: Path, file_format: str, depth: str
) -> bytes:
    """Renders the current frame with `settings`; returns the file that Blender wrote to `path`."""
    render_settings.apply(settings)
    render_settings.image_format(scene, file_format, depth)
    scene.render.filepath = compat.literal_path(path)
    if "CANCELLED" in bpy.ops.render.render(write_still=True, scene=scene.name):
        raise Cancelled
    return path.read_bytes()


def _write(file: IO[bytes], data: bytes) -> None:
    file.write(data)


def _reason(error: Exception) -> str:
    return str(error).removeprefix("Error: ").strip().partition("\n")[0]


def _check_room(shot: Shot) -> None:
    """Raises StorageError if the next frame may not fit on the disk."""
    if disk_usage(shot.folder).free < _bytes_for_a_frame(shot):
        with storage_errors(shot.exr_path(0)):
            raise OSError(errno.ENOSPC, "No room for a frame")


def _write_as_much(shot: Shot, probe: Path) -> None:
    """Raises StorageError where the disk is why Blender failed: Blender does not say so, and quotas do not show."""
    with storage_errors(shot.exr_path(0)):
        probe.write_bytes(bytes(_bytes_for_a_frame(shot)))


def _bytes_for_a_frame(shot: Shot) -> int:
    return shot.resolution[0] * shot.resolution[1] * _BYTES_PER_PIXEL


@dataclass(frozen=True)
class _Frame:
    """What is known of a finished frame: its camera, the depth of what it shows in metres, and its channels."""

    camera: Camera
    near: float
    far: float
    passes: dict[str, Pass]


def _is_whole(shot: Shot, frame: int) -> bool:
    """Whether both files of `frame` are there; files under these names were written whole."""
    return shot.exr_path(frame).exists() and shot.picture_path(frame).exists()


def _inspect(
    scene: bpy.types.Scene, layer: bpy.types.ViewLayer, shot: Shot, marking: surface.Marking, frame: int
) -> _Frame:
    """Reads back what was written for `frame`, the current frame of the scene."""
    path = shot.exr_path(frame)
    try:
        with storage_errors(path):
            parts = exr_parts.read_parts(path.read_bytes())
        passes = describe.passes([channel.name for part in parts for channel in part.channels], marking)
        depth = exr_parts.read_channel(parts, passes["depth"].channels[0])
    except exr_parts.ExrLayoutError as error:
        raise ShotError(Code.BAD_EXR, f"{path} is damaged ({error}): delete it and capture again") from error
    seen = depth[depth < BACKGROUND]
    return _Frame(
        cameras.describe(scene, layer, shot.resolution),
        near=float(seen.min(initial=np.inf)),
        far=float(seen.max(initial=0.0)),
        passes=passes,
    )


def _finished(shot: Shot, frames: dict[int, _Frame], distrust: dict[str, str]) -> Shot:
    """The whole shot's description; a shot that shows no surface has near and far 1."""
    seen = [frame for frame in frames.values() if frame.far > 0.0]
    return replace(
        shot,
        near=min((frame.near for frame in seen), default=1.0),
        far=max((frame.far for frame in seen), default=1.0),
        cameras={number: frame.camera for number, frame in frames.items()},
        objects=tuple(replace(item, distrust=distrust.get(item.name, "")) for item in shot.objects),
        passes=frames[shot.frames[0]].passes,
    )


def _view_layer(scene: bpy.types.Scene, name: str) -> bpy.types.ViewLayer:
    """The view layer to capture. Raises SceneError when there is none of that name."""
    layers = [layer for layer in scene.view_layers if (layer.name == name if name else layer.use)]
    if not layers:
        raise SceneError(
            Code.UNSUPPORTED_SCENE, f"The scene has no view layer '{name}': choose one that is used for rendering"
        )
    return layers[0]
