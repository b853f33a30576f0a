"""Capture: a background Blender renders the passes of a copy of this file; window and scene stay free and untouched."""

import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import bpy

from .. import preferences
from ..backend.blender import scene_command
from ..backend.capture_order import CaptureOrder
from ..backend.client import Connection
from ..backend.errors import Code, SceneError, ShotError, StorageError
from ..backend.needs import CONDITIONS, needed
from ..backend.protocol import Message
from ..backend.shot import Shot, source_of
from ..backend.storage import make_folder, storage_errors
from ..settings import take_settings
from . import refresh, worker
from .job import Job, JobOperator


class CaptureStage(worker.RequestStage):
    """Does `order` into the shot `folder`: of the open file as it is, or of another one as it was last saved."""

    def __init__(self, order: CaptureOrder, folder: Path) -> None:
        self.title = "Capturing"
        self._order = order
        self._folder = folder
        self._temporary: Path | None = None

    def start(self) -> None:
        """Starts the background Blender."""
        order = self._order
        make_folder(self._folder)
        file = self._copy() if order.file == bpy.data.filepath else Path(order.file)
        arguments = ["capture", str(file), str(self._folder), "--scene", order.scene]
        arguments += ["--frames", *map(str, order.frames), "--samples", str(order.samples)]
        arguments += ["--camera", order.camera] if order.camera else []
        arguments += ["--passes", *order.passes, "--extras", *order.extras]
        log = worker.log_file("capture")
        self._connection = Connection(scene_command(blender(), log, *arguments), log)
        self._request = self._connection.expect()

    def _copy(self) -> Path:
        """A copy of the open file, unsaved changes included."""
        self._temporary = Path(tempfile.mkdtemp(prefix="flowbrush-"))
        copy = self._temporary / "scene.blend"
        with storage_errors(copy):
            try:
                bpy.ops.wm.save_as_mainfile(filepath=str(copy), copy=True, check_existing=False, compress=False)
            except RuntimeError as error:  # Blender's only way to say that it could not write
                raise StorageError(
                    Code.NOT_WRITABLE, f"The scene could not be handed to the background Blender: {error}"
                ) from error
            bring_caches(Path(bpy.data.filepath), copy)
        return copy

    def close(self) -> None:
        """Ends the background Blender and removes the copy."""
        if self._connection is not None:
            self._connection.stop()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)


def bring_caches(original: Path, copy: Path) -> None:
    """Copies what was baked to disk for a file to where Blender looks for it: beside the copy, by its name.

    A link would let the background Blender write to the user's own. Raises OSError.
    """
    source, target = (path.with_name(f"blendcache_{path.stem}") for path in (original, copy))
    if original.name and source.is_dir():
        shutil.copytree(source, target)


def blender() -> str:
    """The program that can open this Blender's files: itself, or the Python that has it as a module."""
    return bpy.app.binary_path or sys.executable


def order_for(
    scene: bpy.types.Scene,
    frames: tuple[int, int],
    method: str,
    tab: bpy.types.Scene | None = None,
    camera: str = "",
    conditions: Iterable[str] = (),
) -> CaptureOrder:
    """A capture of `frames` of `scene` with what the style and `method` need, and what more `conditions` do.

    tab: the scene whose settings say that; None for `scene`. camera: see CaptureOrder. Raises SettingsError.
    """
    passes, extras = needed_for(tab or scene, method, conditions)
    samples = (tab or scene).flowbrush.samples
    return CaptureOrder(bpy.data.filepath, scene.name, frames, samples, passes, extras, camera)


def needed_for(
    scene: bpy.types.Scene, method: str, more: Iterable[str] = ()
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The passes and the extras that the scene's conditions and masks with `method`, and what is to be exported, need.

    more: conditions besides these. Raises SettingsError.
    """
    settings = take_settings(scene.flowbrush)
    exported = [name for name in CONDITIONS if name in scene.flowbrush.export.conditions]
    conditions = [*(control.condition for control in settings.controls), *exported, *more]
    return needed(method, conditions, settings.masks, settings.surface_noise)


def check_scene(scene: bpy.types.Scene) -> None:
    """Raises SceneError at once for what the background Blender would find out only after it has started."""
    if scene.camera is None:
        raise SceneError(Code.NO_CAMERA, "The scene has no camera: add one, or make a camera the scene's active one")
    first, last = scene.flowbrush.frame_range
    if last < first:
        raise SceneError(
            Code.EMPTY_RANGE, f"The frame range {first} to {last} is empty: let it end where it starts or later"
        )


def captured_shot(scene: bpy.types.Scene) -> Shot:
    """The shot of `scene`. Raises ShotError when there is none yet, or when it cannot be used."""
    folder = preferences.shot_folder(scene)
    if not (folder / "shot.json").exists():
        raise ShotError(Code.BAD_SHOT, "The shot is not captured yet: press Capture first")
    return Shot.load(folder)


class FLOWBRUSH_OT_capture(JobOperator):
    """Render the shot's picture and passes in the background; frames that have not changed since the last time stay"""

    bl_idname = "flowbrush.capture"
    bl_label = "Capture"

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the background Blender."""
        scene = context.scene
        check_scene(scene)
        folder = preferences.shot_folder(scene)
        if source_of(folder) == "footage":
            raise ShotError(Code.BAD_SHOT, f"The shot {folder.name} is of footage: give this one another name")

        def finish(_message: Message) -> str:
            refresh.look(scene)
            return f"Captured: {scene.flowbrush.captured}"

        order = order_for(scene, scene.flowbrush.frame_range, scene.flowbrush.method)
        job = Job("Capture", [CaptureStage(order, folder)], finish)
        job.warnings += unsaved_images()
        return job


def unsaved_images() -> list[str]:
    """A warning for every picture with strokes that are not saved: a copy of the file does not hold them."""
    return [
        f"The image {image.name} has unsaved changes: save or pack it, or the capture shows it without them"
        for image in bpy.data.images
        if image.is_dirty and image.type == "IMAGE"
    ]


CLASSES = (FLOWBRUSH_OT_capture,)
