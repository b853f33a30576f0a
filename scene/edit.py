"""Makes edits from takes, and movies from edits.

Opens files, so it is for a Blender of its own, never for the user's window.
"""

import os
from pathlib import Path
from typing import Any

import bpy

from ..backend.errors import Code, SceneError, StorageError
from ..backend.shot import Shot
from ..backend.storage import make_folder, storage_errors
from ..backend.take import Take
from . import compat, strips
from .changes import Changes

PANEL_WIDTH = 512  # pixels of one picture in a comparison
LABEL_HEIGHT = 40


def make_edit(shot_folder: Path, takes: list[str], out: Path, source: Path | None = None) -> list[str]:
    """Writes `out`, a .blend with the shot's pictures and above them each of `takes`, and returns notices.

    Its Render Animation writes an MP4 beside it with the shot's resolution, frame range and exact frame rate, in the
    takes' own colours. With `source`, the .blend that the shot was captured from, the edit has its sound, markers and
    speakers. Paths in the edit are relative. Where `out` exists it stays as it is, but for the strips of these takes.

    Raises ShotError, SceneError when `source` or `out` cannot be used, StorageError when `out` cannot be written.
    """
    shot, out, fresh = Shot.load(shot_folder.absolute()), out.absolute(), not out.exists()
    loaded = [Take.load(shot, name) for name in takes]
    notices: list[str] = []
    if fresh:
        scene = _new_edit(f"{shot.name} edit")
        if source is not None:
            scene = _take_over_sound(source.absolute(), shot, scene, notices)
        set_output(scene, shot.resolution, shot)
        scene.render.filepath = f"//{out.stem}.mp4"
    else:
        scene = _open(out)
    strips.place(scene, strips.render_pictures(shot))
    for take in loaded:
        notices += strips.load_take(scene, shot, take)
    _save(out, fresh)
    return notices


def render_movie(blend: Path, movie: Path) -> None:
    """Renders the sequencer of the edit `blend` into the H.264 file `movie`, which appears when it is whole.

    Raises SceneError when the edit cannot be opened or rendered, StorageError when `movie` cannot be written.
    """
    _render(_open(blend.absolute()), movie)


def render_comparison(shot_folder: Path, takes: list[str], movie: Path) -> None:
    """Renders the shot's pictures and each of `takes`, side by side with their names, into the H.264 file `movie`.

    Each picture is PANEL_WIDTH wide. Raises as `make_edit` and `render_movie` do.
    """
    shot = Shot.load(shot_folder.absolute())
    panels = [strips.render_pictures(shot), *(strips.take_pictures(shot, Take.load(shot, name)) for name in takes)]
    scene = _new_edit("Comparison")
    scale = PANEL_WIDTH / shot.resolution[0]
    height = round(shot.resolution[1] * scale)
    width = PANEL_WIDTH * len(panels)
    set_output(scene, (width, height + LABEL_HEIGHT), shot)
    scene.render.ffmpeg.audio_codec = "NONE"
    offsets = [(index + 0.5) * PANEL_WIDTH - width / 2 for index in range(len(panels))]
    for pictures, offset in zip(panels, offsets, strict=True):
        strip = strips.place(scene, pictures)
        strip.transform.scale_x = strip.transform.scale_y = scale
        strip.transform.offset_x, strip.transform.offset_y = offset, -LABEL_HEIGHT / 2
    # Above all pictures: 5.x leaves out text below a picture that covers the frame's middle, wherever the text is.
    for index, (pictures, offset) in enumerate(zip(panels, offsets, strict=True)):
        name, channel = f"{pictures.name} label", len(panels) + 1 + index
        label = compat.new_effect(compat.strips_of(scene.sequence_editor), "TEXT", name, channel, pictures.frames)
        compat.centre_text(label)
        label.text, label.font_size, label.blend_type = pictures.name, LABEL_HEIGHT * 0.55, "ALPHA_OVER"
        label.location = (0.5 + offset / width, 1.0 - LABEL_HEIGHT / 2 / scene.render.resolution_y)
    _render(scene, movie)


def set_output(scene: bpy.types.Scene, resolution: tuple[int, int], shot: Shot) -> None:
    """Sets `scene` up to render its sequencer as an H.264 movie of the shot's frames, rate and unchanged colours."""
    render = scene.render
    render.resolution_x, render.resolution_y = strips.even(resolution)
    render.resolution_percentage = 100
    render.pixel_aspect_x, render.pixel_aspect_y = shot.pixel_aspect
    render.fps = round(shot.rate)
    render.fps_base = float(render.fps / shot.rate)
    render.frame_map_old = render.frame_map_new = 100
    scene.frame_start, scene.frame_end = shot.frames
    scene.frame_step = 1
    scene.use_preview_range = False
    scene.frame_set(shot.frames[0])
    render.use_sequencer, render.use_compositing = True, False
    render.use_border = render.use_multiview = render.use_stamp = False
    render.ffmpeg.audio_codec = "AAC"
    _choose_mp4(render)
    strips.show_colours_unchanged(scene)


def _choose_mp4(render: bpy.types.RenderSettings) -> None:
    compat.choose_file_format(render.image_settings, "FFMPEG")
    render.image_settings.color_mode = "RGB"
    render.image_settings.color_management = "FOLLOW_SCENE"
    video = render.ffmpeg
    video.format, video.codec, video.constant_rate_factor = "MPEG4", "H264", "HIGH"
    video.use_autosplit = False
    render.use_file_extension = True


def _open(blend: Path) -> bpy.types.Scene:
    try:
        bpy.ops.wm.open_mainfile(filepath=str(blend), use_scripts=False)
    except RuntimeError as error:
        raise SceneError(Code.UNSUPPORTED_SCENE, f"{blend} cannot be opened: {_reason(error)}") from error
    return compat.sequencer_scene(bpy.context)


def _new_edit(name: str) -> bpy.types.Scene:
    """An empty scene in Blender's own Video Editing layout, so that the edit opens where one wants to work on it.

    The layout is opened as a file: read_homefile with an application template leaves the bpy module unable to exit.
    """
    [template] = bpy.utils.app_template_paths(path="Video_Editing")
    scene = _open(Path(template) / "startup.blend")
    scene.name = name
    for item in list(scene.collection.all_objects):
        bpy.data.objects.remove(item)
    return scene


def _take_over_sound(source: Path, shot: Shot, empty: bpy.types.Scene, notices: list[str]) -> bpy.types.Scene:
    """Brings in the scene of `source`, leaves of it what is heard, and puts it in the place of `empty`."""
    try:
        with bpy.data.libraries.load(str(source), link=False) as (there, wanted):
            if shot.scene not in there.scenes:
                raise SceneError(
                    Code.UNSUPPORTED_SCENE, f"{source} has no scene '{shot.scene}': give the .blend of the shot"
                )
            wanted.scenes = [shot.scene]
    except OSError as error:
        raise SceneError(Code.UNSUPPORTED_SCENE, f"{source} cannot be read: {_reason(error)}") from error
    [scene] = wanted.scenes
    if scene.sequence_editor is not None and (gone := _remove_pictures(scene.sequence_editor)):
        notices.append(f"The edit has the sound of {source.name} but not its strips {', '.join(gone)}")
    if any(item.type == "SPEAKER" for item in scene.objects):
        notices.append(f"The edit holds the 3D scene of {source.name}, because its speakers are heard in it")
    else:
        for item in list(scene.collection.all_objects):
            bpy.data.objects.remove(item)
    name = empty.name
    for window in bpy.context.window_manager.windows:
        window.scene = scene
    compat.replace_sequencer_scene(empty, scene)
    bpy.data.scenes.remove(empty)
    scene.name = name
    bpy.data.orphans_purge(do_recursive=True)
    return scene


def _remove_pictures(owner: Any) -> list[str]:
    """Removes every strip that is not heard, meta strips with nothing to hear included, and returns their names."""
    gone = []
    for strip in list(compat.strips_of(owner)):
        if strip.type == "META":
            gone += _remove_pictures(strip)
        if strip.type != "SOUND" and not (strip.type == "META" and len(compat.strips_of(strip))):
            gone.append(f"'{strip.name}'")
            compat.strips_of(owner).remove(strip)
    return gone


def _save(out: Path, fresh: bool) -> None:
    make_folder(out.parent)
    try:
        bpy.ops.wm.save_as_mainfile(filepath=str(out), check_existing=False, relative_remap=True)
        if fresh:
            # Only a file that has a place can hold paths relative to it. No backup: there is nothing before it.
            bpy.ops.file.make_paths_relative()
            with Changes() as changes:
                changes.set(bpy.context.preferences.filepaths, "save_version", 0)
                bpy.ops.wm.save_as_mainfile(filepath=str(out), check_existing=False)
    except RuntimeError as error:
        raise StorageError(Code.NOT_WRITABLE, f"{out} cannot be saved: {_reason(error)}") from error


def _render(scene: bpy.types.Scene, movie: Path) -> None:
    part = make_folder(movie.parent) / f".{movie.stem}.part.mp4"
    _choose_mp4(scene.render)
    scene.render.use_sequencer = True
    scene.render.filepath = compat.literal_path(part.absolute())
    try:
        bpy.ops.render.render(animation=True, scene=scene.name)
        if not part.exists():
            raise SceneError(Code.RENDER_FAILED, f"Blender wrote no movie {movie}: see its log")
        with storage_errors(movie):
            os.replace(part, movie)
    except RuntimeError as error:
        raise SceneError(Code.RENDER_FAILED, f"The movie {movie} could not be rendered: {_reason(error)}") from error
    finally:
        part.unlink(missing_ok=True)


def _reason(error: Exception) -> str:
    return str(error).removeprefix("Error: ").strip().rstrip(".")
