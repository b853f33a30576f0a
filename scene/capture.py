"""Renders a shot: for each frame of a range the beauty picture and the crisp passes, and leaves the scene as it was."""

import errno
import math
import os
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import disk_usage
from typing import Any

import bpy

from ..backend import needs
from ..backend.errors import Cancelled, Code, SceneError, ShotError, StorageError
from ..backend.shot import Camera, Shot
from ..backend.storage import make_folder, storage_errors, write_whole
from . import cameras, compat, describe, engines, line_art, passes, pose, render_settings, resume, surface, trust
from .changes import Changes
from .exr_file import ExrLayoutError
from .held import hold
from .onlooker import look
from .pen import grey_png
from .picture import pixels_only, render_result
from .survey import survey, with_neighbours

_BYTES_PER_PIXEL = 200  # a frame before compression, and again what is written on the way to it


@dataclass(frozen=True)
class CaptureSettings:
    """What to capture, and how.

    first, last: frames, both included. samples, denoise: of the beauty picture; None keeps the scene's own.
    size: width and height in pixels; None keeps the scene's own. view_layer: its name; "" is the first that
    renders. passes, extras: what to capture besides the picture, names of `backend.needs`.
    """

    first: int
    last: int
    samples: int | None = None
    denoise: bool | None = None
    size: tuple[int, int] | None = None
    view_layer: str = ""
    passes: tuple[str, ...] = needs.PASSES
    extras: tuple[str, ...] = ()


@dataclass(frozen=True)
class Captured:
    """A frame that is whole on disk, one of `done` of `total`. `notices` are sentences for the user not said before.

    kept: whether all of it was there already, as an earlier capture made it from the same.
    """

    frame: int
    done: int
    total: int
    seconds: float
    notices: tuple[str, ...]
    kept: bool


def capture(
    scene: bpy.types.Scene,
    folder: Path,
    settings: CaptureSettings,
    tell: Callable[[int, int], None] = lambda _done, _total: None,
) -> Generator[Captured, None, None]:
    """Captures a shot into `folder`, one frame for each step of the iterator that this returns.

    All frames are looked at first, and files that would come out as they are stay (see `resume`). tell: hears now and
    then how many were looked at, and of how many; what it raises ends the capture.

    The scene is changed at the first step and is as it was once the iterator is exhausted, closed (which is how to
    cancel) or has raised. Finished frames stay; shot.json appears when all are there. What the user changes between
    two steps stays too, but for the current frame and the settings that a capture needs to be otherwise. Handlers run
    and simulations that are not baked go on as in a render.

    Raises SceneError (NO_CAMERA, EMPTY_RANGE, UNSUPPORTED_SCENE at once, RENDER_FAILED on the way), StorageError
    (NOT_WRITABLE, DISK_FULL), and Cancelled when the user stops a render in Blender.
    """
    if settings.last < settings.first:
        raise SceneError(
            Code.EMPTY_RANGE,
            f"There is no frame from {settings.first} to {settings.last}: let the range end after it starts",
        )
    engine = engines.engine_for(scene)
    layer = _view_layer(scene, settings.view_layer)
    cameras.check(scene, range(settings.first, settings.last + 1))
    if os.sep != "\\" and "\\" in str(folder):  # which Blender takes for a slash
        raise StorageError(
            Code.NOT_WRITABLE, f"Blender cannot write to {folder}: choose a folder without a backslash in its name"
        )
    make_folder(folder)
    return _capture(scene, layer, engine, folder, settings, tell)


def _capture(
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    engine: str,
    folder: Path,
    settings: CaptureSettings,
    tell: Callable[[int, int], None],
) -> Generator[Captured, None, None]:
    frames = range(settings.first, settings.last + 1)
    notices, held, view_layer = describe.notices(scene, engine, frames), hold(layer), layer.name
    resolution = settings.size or describe.resolution(scene.render)
    with Changes() as changes:
        _keep_time(changes, scene, layer)
        with Changes() as looking:
            states = survey(looking, scene, layer, engine, resolution, frames, tell)
        former = resume.Record.load(folder)
        now = resume.prints(states, *_content_of(settings, scene, view_layer, engine, resolution))
        names = resume.worth_keeping(former, now, settings.passes)
        renders = render_settings.prepare(
            changes, scene, layer, engine, settings.size, settings.samples, settings.denoise, names
        )
        scene.frame_set(settings.first)  # what materials there are is told by the surfaces that there are
        watch = trust.Watch(changes, scene, layer)
        marking = surface.mark(changes, layer, engine, names)
        renders = replace(
            renders,
            beauty=(*renders.beauty, *(picture for picture, _ in marking.plain)),
            data=(*renders.data, *(data for _, data in marking.plain)),
        )
        shot = describe.shot(scene, layer, folder, (settings.first, settings.last), marking, names, notices)
        people = pose.rigs(changes, layer) if needs.POSE in settings.extras else []
        shot = replace(
            shot,
            view_layer=view_layer,
            cameras={frame: state.camera for frame, state in states.items()},
            drawn=line_art.described(settings.extras),
            has_pose=needs.POSE in settings.extras,
        )
        shot = replace(shot, capture=resume.name(shot, now))
        record = resume.begin(shot, former, now)
        missing = {frame: _missing(shot, frame) for frame in frames}
        _look_at(scene, renders, [frame for frame in frames if not missing[frame]])
        for done, frame in enumerate(frames, 1):
            started = time.perf_counter()
            if not held.exists():
                raise SceneError(Code.UNSUPPORTED_SCENE, f"The view layer '{view_layer}' is gone: capture another one")
            if missing[frame] or shot.has_pose:
                scene.frame_set(frame)
            _make(missing[frame], scene, layer, shot, renders, marking, frame)
            if shot.has_pose:
                pose.write(people, layer, shot, shot.cameras[frame], frame)
            if record.frames[frame].depth is None:
                record.frames[frame] = replace(record.frames[frame], depth=_depth_range(shot, frame))
            if frame == settings.last:
                record.save(folder)
                _finished(shot, record, watch.reasons).save()
            seconds = time.perf_counter() - started
            yield Captured(frame, done, len(frames), seconds, shot.notices if done == 1 else (), not missing[frame])


def _content_of(
    settings: CaptureSettings,
    scene: bpy.types.Scene,
    view_layer: str,
    engine: str,
    resolution: tuple[int, int],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What changes a frame besides its state: all of it, and its picture and drawings only."""
    common = {"engine": engine, "view_layer": view_layer, "resolution": resolution}
    return common, {
        "samples": settings.samples,
        "denoise": settings.denoise,
        "freestyle": scene.render.use_freestyle,  # the survey goes without
    }


def _keep_time(changes: Changes, scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> None:
    """Brings back the frame the user was at, and what Blender overwrites on the way there."""
    for each in scene.view_layers:  # Blender deselects what is hidden for a moment
        changes.callback(_select, each, [item for item in each.objects if item.select_get(view_layer=each)])
    changes.keep_animated(layer)
    changes.callback(compat.refresh_compositor, scene)
    changes.callback(setattr, scene, "camera", scene.camera)  # markers change it
    changes.callback(_go_to, scene, scene.frame_current + scene.frame_subframe)  # each may be negative
    _keep_render(changes)


def _keep_render(changes: Changes) -> None:
    """Leaves the user's last render where it is and renders to another of its slots; Blender has eight at first."""
    result = render_result()
    if result is None:
        changes.callback(_remove_render_result)
        return
    slots = result.render_slots
    changes.callback(setattr, slots, "active_index", slots.active_index)
    slots.active_index = (slots.active_index - 1) % len(slots)


def _select(layer: bpy.types.ViewLayer, objects: list[bpy.types.Object]) -> None:
    selected = {item for item in layer.objects if item.select_get(view_layer=layer)}
    for item in layer.objects:
        if item in objects and item not in selected:
            item.select_set(True, view_layer=layer)


def _go_to(scene: bpy.types.Scene, moment: float) -> None:
    scene.frame_set(math.floor(moment), subframe=moment - math.floor(moment))


def _remove_render_result() -> None:
    if (image := render_result()) is not None:
        bpy.data.images.remove(image)


def _look_at(scene: bpy.types.Scene, renders: render_settings.Renders, frames: list[int]) -> None:
    """Has Blender evaluate frames that are not rendered, for whoever watches what is."""

    def see(engine: bpy.types.RenderEngine, _depsgraph: bpy.types.Depsgraph) -> None:
        for frame in with_neighbours(frames):
            engine.frame_set(frame, 0.0)

    if frames:
        render_settings.apply(renders.data)
        look(scene, see)


def _missing(shot: Shot, frame: int) -> list[Path]:
    """The files of a frame that are not there; what is there is what it should be."""
    files = [shot.picture_path(frame), *(shot.drawn_path(name, frame) for name in shot.drawn)]
    if shot.passes:
        files.append(shot.exr_path(frame))
    return [file for file in files if not file.exists()]


def _make(
    missing: list[Path],
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    shot: Shot,
    renders: render_settings.Renders,
    marking: surface.Marking,
    frame: int,
) -> None:
    """Makes files of the current frame."""
    if shot.exr_path(frame) in missing:
        _render_passes(scene, layer, shot, renders, marking, frame)
    if shot.picture_path(frame) in missing:
        _render_picture(scene, shot, renders, frame)
    for name in shot.drawn:
        if shot.drawn_path(name, frame) in missing:
            _draw(name, scene, layer, shot, renders, shot.cameras[frame], frame)


def _render_passes(
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    shot: Shot,
    renders: render_settings.Renders,
    marking: surface.Marking,
    frame: int,
) -> None:
    """Renders the passes of the current frame and writes their file, whole or not at all."""
    with _rendering(shot, frame) as rough:
        rendered = _render(scene, renders.data, rough / "data.exr", "OPEN_EXR_MULTILAYER")
        clip_end = cameras.clip_end(scene, layer)
        packed = passes.packed(passes.read_render(rendered, marking.aovs, shot.passes, clip_end))
    write_whole(shot.exr_path(frame), packed)


def _render_picture(scene: bpy.types.Scene, shot: Shot, renders: render_settings.Renders, frame: int) -> None:
    """Renders the picture of the current frame and writes its file, whole or not at all."""
    with _rendering(shot, frame) as rough:
        picture = pixels_only(_render(scene, renders.beauty, rough / "picture.png", "PNG"))
    write_whole(shot.picture_path(frame), picture)


def _draw(
    name: str,
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    shot: Shot,
    renders: render_settings.Renders,
    camera: Camera,
    frame: int,
) -> None:
    """Has Blender draw the lines of the current frame and writes their file, whole or not at all."""
    with _rendering(shot, frame) as rough:
        if name == needs.FREESTYLE:
            lines = line_art.freestyle(scene, layer, renders, rough)
        else:
            lines = line_art.grease_pencil(scene, layer, renders, camera, shot.resolution)
    path = shot.drawn_path(name, frame)
    make_folder(path.parent)
    write_whole(path, grey_png(lines))


@contextmanager
def _rendering(shot: Shot, frame: int) -> Iterator[Path]:
    """A folder for what Blender writes, removed afterwards; turns whatever fails in between into the user's error."""
    _check_room(shot)
    with (
        storage_errors(shot.folder),
        tempfile.TemporaryDirectory(prefix=".capture-", dir=shot.folder) as rough,
    ):
        try:
            yield Path(rough)
        except (RuntimeError, FileNotFoundError, ExrLayoutError) as error:
            _write_as_much(shot, Path(rough) / "probe")
            raise SceneError(Code.RENDER_FAILED, f"Blender could not render frame {frame}: {_reason(error)}") from error


def _render(
    scene: bpy.types.Scene, settings: tuple[render_settings.Setting, ...], path: Path, file_format: str
) -> bytes:
    """Renders the current frame with `settings`; returns the file that Blender wrote to `path`."""
    render_settings.apply(settings)
    render_settings.image_format(scene, file_format)
    scene.render.filepath = compat.literal_path(path)
    # Given the scene by name, the operator would render it at the frame of the one in the window.
    with bpy.context.temp_override(scene=scene):
        if "CANCELLED" in bpy.ops.render.render(write_still=True):
            raise Cancelled
    return path.read_bytes()


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


def _depth_range(shot: Shot, frame: int) -> tuple[float, float]:
    """Nearest and farthest surface of a finished frame, metres, as it was written; zeros where none is known."""
    if "depth" not in shot.passes:
        return passes.depth_range(None)
    path = shot.exr_path(frame)
    try:
        with storage_errors(path):
            return passes.depth_range(passes.read_depth(path.read_bytes()))
    except ExrLayoutError as error:
        raise ShotError(Code.BAD_EXR, f"{path} is damaged ({error}): delete it and capture again") from error


def _finished(shot: Shot, record: resume.Record, distrust: Mapping[str, str]) -> Shot:
    """The whole shot's description; one that shows no surface, or was captured without depth, has near and far 1."""
    ranges = [record.frames[frame].depth or (0.0, 0.0) for frame in shot.frame_numbers]
    seen = [(near, far) for near, far in ranges if far > 0.0]
    all_of_it = cameras.distrust(shot.cameras, shot.cuts, shot.engine)
    return replace(
        shot,
        near=min((near for near, _ in seen), default=1.0),
        far=max((far for _, far in seen), default=1.0),
        objects=tuple(replace(item, distrust=all_of_it or distrust.get(item.name, "")) for item in shot.objects),
    )


def _view_layer(scene: bpy.types.Scene, name: str) -> bpy.types.ViewLayer:
    """The view layer to capture. Raises SceneError when there is none of that name."""
    layers = [layer for layer in scene.view_layers if (layer.name == name if name else layer.use)]
    if not layers:
        raise SceneError(
            Code.UNSUPPORTED_SCENE, f"The scene has no view layer '{name}': choose one that is used for rendering"
        )
    return layers[0]
