"""Which frames of which footage a strip of the sequencer shows, and where."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy
import cv2
import numpy as np
import pytest
from flowbrush.backend.errors import Code, SceneError
from flowbrush.scene import compat
from flowbrush.scene.footage import footage_of

COUNT = 60


@pytest.fixture
def scene() -> bpy.types.Scene:
    bpy.ops.wm.read_homefile(use_factory_startup=True)
    bpy.context.scene.render.fps, bpy.context.scene.render.fps_base = 24, 1.0
    return bpy.context.scene


@pytest.fixture
def images(tmp_path: Path) -> list[Path]:
    paths = [tmp_path / f"shot2_{number:04d}.png" for number in range(101, 113)]
    for path in paths:
        assert cv2.imwrite(str(path), np.zeros((32, 48, 3), np.uint8))
    return paths


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 frames at 30 a second."""
    path = tmp_path_factory.mktemp("movie") / "dance.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), 30, (48, 32))
    for k in range(COUNT):
        writer.write(np.full((32, 48, 3), 4 * k, np.uint8))
    writer.release()
    return path


def image_strip(scene: bpy.types.Scene, paths: list[Path], start: int) -> Any:
    strips = compat.strips_of(scene.sequence_editor_create())
    strip = strips.new_image(name="images", filepath=str(paths[0]), channel=1, frame_start=start)
    for path in paths[1:]:
        strip.elements.append(path.name)
    return strip


def movie_strip(scene: bpy.types.Scene, path: Path, start: int) -> Any:
    strips = compat.strips_of(scene.sequence_editor_create())
    return strips.new_movie(name="movie", filepath=str(path), channel=2, frame_start=start)


def trim(strip: Any, start: int, end: int) -> None:
    """Moves the handles inwards."""
    if hasattr(strip, "left_handle_offset"):
        strip.left_handle_offset, strip.right_handle_offset = start, end
    else:
        strip.frame_offset_start, strip.frame_offset_end = start, end


def refused(scene: bpy.types.Scene, strip: object, sentence: str) -> None:
    with pytest.raises(SceneError, match=sentence) as caught:
        footage_of(scene, strip)
    assert caught.value.code == Code.UNSUPPORTED_SCENE


def test_an_image_strip_shows_its_numbers(scene, images):
    strip = image_strip(scene, images, 20)
    found = footage_of(scene, strip)
    assert (found.path, found.frames, found.start, found.rate) == (images[0], (101, 112), 20, None)
    trim(strip, 3, 2)
    found = footage_of(scene, strip)
    assert (found.frames, found.start) == ((104, 110), 23)


def test_a_movie_strip_counts_from_one(scene, movie):
    strip = movie_strip(scene, movie, 20)
    assert (footage_of(scene, strip).frames, footage_of(scene, strip).start) == ((1, COUNT), 20)
    trim(strip, 5, 7)
    found = footage_of(scene, strip)
    assert (found.frames, found.start, found.rate) == ((6, COUNT - 7), 25, None)
    assert len(bpy.data.movieclips) == 0, "what was looked up is left in the file"


def test_frames_cut_off_for_good_are_counted(scene, movie):
    strip = movie_strip(scene, movie, 20)
    if hasattr(strip, "content_trim_start"):
        strip.content_trim_start = 10
    else:
        strip.animation_offset_start = 10
    found = footage_of(scene, strip)
    assert found.frames == (11, COUNT)
    assert found.start == compat.content_start(strip)


def test_a_movie_that_keeps_its_speed_is_sampled_at_the_scenes_rate(scene, movie):
    scene.sequence_editor_create()
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    if hasattr(window.workspace, "sequencer_scene"):
        window.workspace.sequencer_scene = scene
    with bpy.context.temp_override(window=window, screen=window.screen, area=area):
        bpy.ops.sequencer.movie_strip_add(
            filepath=str(movie), frame_start=11, channel=3, sound=False, adjust_playback_rate=True, use_framerate=False
        )
    found = footage_of(scene, scene.sequence_editor.active_strip)
    assert (found.frames, found.start, found.rate) == ((1, COUNT * 24 // 30), 11, Fraction(24))


def test_what_is_no_plain_footage_is_refused(scene, images, movie, tmp_path):
    refused(scene, None, "No footage is selected")
    strips = compat.strips_of(scene.sequence_editor_create())
    refused(scene, strips.new_scene(name="scene", scene=scene, channel=4, frame_start=1), "No footage is selected")
    backwards = movie_strip(scene, movie, 1)
    backwards.use_reverse_frames = True
    refused(scene, backwards, "reversed or retimed")
    refused(scene, image_strip(scene, [images[0], images[5]], 200), "not numbered one after the other")
    refused(scene, image_strip(scene, images[:1], 300), "not numbered one after the other")
