"""Renders a shot: for each frame of a range the beauty picture and the crisp passes, and leaves the scene as it was."""

import math
import os
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import bpy
import numpy as np

from ..backend import needs
from ..backend.errors import Code, SceneError, ShotError, StorageError
from ..backend.shot import Shot
from ..backend.storage import make_folder, storage_errors
from . import cameras, compat, describe, engines, line_art, passes, pose, render_settings, resume, surface, trust
from .changes import Changes
from .exr_file import ExrLayoutError, read_channels
from .held import hold
from .onlooker import look
from .picture import render_result
from .renderer import Renderer
from .survey import survey, with_neighbours


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
        shot = replace(shot, capture=resume.name(shot, now), prints=resume.of_frames(now))
        record = resume.begin(shot, former, now)
        renderer = Renderer(scene, layer, shot, renders, marking.aovs)
        missing = {frame: renderer.missing(frame) for frame in frames}
        _look_at(scene, renders, [frame for frame in frames if not missing[frame]])
        for done, frame in enumerate(frames, 1):
            started = time.perf_counter()
            if not held.exists():
                raise SceneError(Code.UNSUPPORTED_SCENE, f"The view layer '{view_layer}' is gone: capture another one")
            if missing[frame] or shot.has_pose:
                scene.frame_set(frame)
            _make(renderer, missing[frame], people, record, frame)
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


def _make(renderer: Renderer, missing: list[Path], people: list[pose.Rig], record: resume.Record, frame: int) -> None:
    """Makes the files of the current frame, and notes in `record` how deep it is."""
    shot, made = renderer.shot, record.frames[frame]
    channels = renderer.make(missing, frame)
    if not channels and shot.passes and (shot.has_pose or made.depth is None):
        channels = _stored(shot, frame)
    if shot.has_pose:
        pose.write(people, renderer.layer, shot, channels, frame)
    if made.depth is None:
        record.frames[frame] = replace(made, depth=passes.depth_range(channels))


def _stored(shot: Shot, frame: int) -> dict[str, np.ndarray]:
    """The channels of the passes of a frame that stayed from an earlier capture."""
    path = shot.exr_path(frame)
    try:
        with storage_errors(path):
            channels = read_channels(path.read_bytes())
        if lost := {name for each in shot.passes.values() for name in each.channels} - set(channels):
            raise ExrLayoutError(f"it has no {min(lost)}")
    except ExrLayoutError as error:
        raise ShotError(Code.BAD_EXR, f"{path} is damaged ({error}): delete it and capture again") from error
    return channels


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
