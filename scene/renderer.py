"""Renders the files of a shot's frames, each whole or not at all."""

import errno
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

import bpy
import numpy as np

from ..backend import needs
from ..backend.errors import Cancelled, Code, SceneError
from ..backend.shot import Shot
from ..backend.storage import make_folder, storage_errors, write_whole
from . import cameras, compat, line_art, passes, render_settings
from .aovs import Aovs
from .exr_file import ExrLayoutError, exr_file
from .pen import grey_png
from .picture import pixels_only

_BYTES_PER_PIXEL = 200  # a frame before compression, and again what is written on the way to it


@dataclass(frozen=True)
class Renderer:
    """What the files of `shot` are rendered from: a scene that is set up for it, at the frame that is wanted.

    aovs: where its materials write what Blender has no pass for. All methods that render raise SceneError
    (RENDER_FAILED), StorageError, and Cancelled when the user stops a render in Blender.
    """

    scene: bpy.types.Scene
    layer: bpy.types.ViewLayer
    shot: Shot
    renders: render_settings.Renders
    aovs: Aovs

    def missing(self, frame: int) -> list[Path]:
        """The files of a frame that are not there; what is there is what it should be."""
        shot = self.shot
        files = [shot.picture_path(frame), *(shot.drawn_path(name, frame) for name in shot.drawn)]
        if shot.passes:
            files.append(shot.exr_path(frame))
        return [file for file in files if not file.exists()]

    def make(self, missing: list[Path], frame: int) -> Mapping[str, np.ndarray]:
        """Makes files of the current frame; returns the channels of its passes, or none if these are not among them."""
        channels: Mapping[str, np.ndarray] = {}
        if self.shot.exr_path(frame) in missing:
            channels = self._passes(frame)
        if self.shot.picture_path(frame) in missing:
            self._picture(frame)
        for name in self.shot.drawn:
            if self.shot.drawn_path(name, frame) in missing:
                self._drawing(name, frame)
        return channels

    def _passes(self, frame: int) -> dict[str, np.ndarray]:
        with _rendering(self.shot, frame) as rough:
            rendered = self._render(self.renders.data, rough / "data.exr", "OPEN_EXR_MULTILAYER")
            clip_end = cameras.clip_end(self.scene, self.layer)
            channels = passes.kept(passes.read_render(rendered, self.aovs, self.shot.passes, clip_end))
            file = exr_file(channels)
        write_whole(self.shot.exr_path(frame), file)
        return channels

    def _picture(self, frame: int) -> None:
        with _rendering(self.shot, frame) as rough:
            picture = pixels_only(self._render(self.renders.beauty, rough / "picture.png", "PNG"))
        write_whole(self.shot.picture_path(frame), picture)

    def _drawing(self, name: str, frame: int) -> None:
        """Blender's own lines."""
        shot = self.shot
        with _rendering(shot, frame) as rough:
            if name == needs.FREESTYLE:
                lines = line_art.freestyle(self.scene, self.layer, self.renders, rough)
            else:
                camera = shot.cameras[frame]
                lines = line_art.grease_pencil(self.scene, self.layer, self.renders, camera, shot.resolution)
        path = shot.drawn_path(name, frame)
        make_folder(path.parent)
        write_whole(path, grey_png(lines))

    def _render(self, settings: tuple[render_settings.Setting, ...], path: Path, file_format: str) -> bytes:
        """Renders the current frame with `settings`; returns the file that Blender wrote to `path`."""
        render_settings.apply(settings)
        render_settings.image_format(self.scene, file_format)
        self.scene.render.filepath = compat.literal_path(path)
        # Given the scene by name, the operator would render it at the frame of the one in the window.
        with bpy.context.temp_override(scene=self.scene):
            if "CANCELLED" in bpy.ops.render.render(write_still=True):
                raise Cancelled
        return path.read_bytes()


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
