"""Edits that are made for takes, the movies they render to, and their colours."""

from pathlib import Path

import bpy
import cv2
import numpy as np
import pytest
from blender.flat_takes import (
    RATES,
    SIZE,
    add_sound,
    difference,
    empty_scene,
    make_shot,
    needs_sound,
    picture,
    set_rate,
    still,
)
from flowbrush.backend.errors import Code, FlowbrushError
from flowbrush.scene import compat, edit, strips


@pytest.fixture
def scene() -> bpy.types.Scene:
    return empty_scene()


def test_edit_opens_with_everything_in_place(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", (101, 112), (24000, 1001), ("per_frame", "flow"))
    blend = tmp_path / "edits" / "walk.blend"
    assert edit.make_edit(shot.folder, ["per_frame", "flow"], blend) == []
    assert [path.name for path in blend.parent.iterdir()] == ["walk.blend"]
    moved = (tmp_path / "edits").rename(tmp_path / "shot" / ".." / "elsewhere")
    bpy.ops.wm.open_mainfile(filepath=str(moved / "walk.blend"))
    scene = compat.sequencer_scene(bpy.context)
    render = scene.render
    assert (scene.frame_start, scene.frame_end, render.resolution_x, render.resolution_y) == (101, 112, *SIZE)
    assert render.fps == 24 and render.fps_base == pytest.approx(1.001)
    there = sorted(strips.every_strip(scene.sequence_editor), key=lambda strip: strip.channel)
    assert [(strip.name, strip.mute) for strip in there] == [("Render", False), ("per_frame", False), ("flow", False)]
    assert {compat.strip_span(strip) for strip in there} == {range(101, 113)}
    assert all(strip.directory.startswith("//") for strip in there) and render.filepath == "//walk.mp4"
    assert difference(still(scene, 105, tmp_path / "still.png"), picture("flow", 105)) <= 1.0
    there[2].mute = True
    assert difference(still(scene, 105, tmp_path / "below.png"), picture("per_frame", 105)) <= 1.0


def test_edit_that_exists_keeps_the_users_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shot = make_shot(tmp_path / "shot", takes=("flow", "ink"))
    blend = tmp_path / "walk.blend"
    monkeypatch.chdir(tmp_path)
    edit.make_edit(Path("shot"), ["flow"], Path("walk.blend"))
    scene = bpy.context.scene
    compat.new_effect(compat.strips_of(scene.sequence_editor), "TEXT", "Title", 20, range(1, 5))
    bpy.ops.wm.save_mainfile()
    bpy.context.scene.render.use_sequencer = False
    compat.choose_file_format(bpy.context.scene.render.image_settings, "PNG")
    bpy.ops.wm.save_mainfile()
    notices = edit.make_edit(shot.folder, ["flow", "ink"], blend)
    assert any("without its sequencer" in notice for notice in notices)
    names = [strip.name for strip in strips.every_strip(bpy.context.scene.sequence_editor)]
    assert sorted(names) == ["Render", "Title", "flow", "ink"]
    edit.render_movie(blend, tmp_path / "walk.mp4")
    assert difference(cv2.VideoCapture(str(tmp_path / "walk.mp4")).read()[1], picture("ink", 1)) <= 25.0


def test_odd_sizes_stay_on_whole_pixels(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", (1, 2), size=(161, 97))
    edit.make_edit(shot.folder, ["flow"], tmp_path / "odd.blend")
    scene = bpy.context.scene
    assert (scene.render.resolution_x, scene.render.resolution_y) == (162, 98)
    shown = still(scene, 1, tmp_path / "still.png")
    assert np.abs(shown[1:, :161].astype(int) - picture("flow", 1, (161, 97))).max() <= 1
    edit.render_movie(tmp_path / "odd.blend", tmp_path / "odd.mp4")
    assert cv2.VideoCapture(str(tmp_path / "odd.mp4")).get(cv2.CAP_PROP_FRAME_WIDTH) == 162


@pytest.mark.parametrize("fps", RATES)
def test_movie_has_the_takes_colours_frames_and_duration(tmp_path: Path, fps: tuple[int, int]) -> None:
    shot = make_shot(tmp_path / "shot", (5, 28), fps)
    edit.make_edit(shot.folder, ["flow"], tmp_path / "walk.blend")
    movie = tmp_path / "out" / "walk.mp4"
    edit.render_movie(tmp_path / "walk.blend", movie)
    assert [path.name for path in movie.parent.iterdir()] == ["walk.mp4"]
    read = cv2.VideoCapture(str(movie))
    assert read.get(cv2.CAP_PROP_FRAME_COUNT) == 24
    assert read.get(cv2.CAP_PROP_FPS) == pytest.approx(fps[0] / fps[1], rel=1e-6)

    # Blender decodes it again: versions write different colour matrices, and players obey the one named in the file.
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    set_rate(scene, fps)
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    strips.show_colours_unchanged(scene)
    played = compat.strips_of(scene.sequence_editor_create()).new_movie(
        name="Movie", filepath=str(movie), channel=1, frame_start=5
    )
    assert compat.strip_span(played) == range(5, 29)
    for frame in (5, 16, 28):
        assert difference(still(scene, frame, tmp_path / f"{frame}.png"), picture("flow", frame)) <= 6.0


@needs_sound
def test_edit_keeps_the_sources_sound_and_nothing_else_of_it(scene: bpy.types.Scene, tmp_path: Path) -> None:
    tone = add_sound(scene, tmp_path / "tone.wav", start=2)
    tone.volume = 0.25
    compat.new_effect(compat.strips_of(scene.sequence_editor), "TEXT", "Title", 5, range(1, 5))
    scene.collection.objects.link(bpy.data.objects.new("Ball", bpy.data.meshes.new("Ball")))
    scene.view_settings.view_transform = "AgX"
    scene.render.use_stamp = True
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "source.blend"), relative_remap=False)
    shot = make_shot(tmp_path / "shot", (1, 24), (24000, 1001))
    notices = edit.make_edit(shot.folder, ["flow"], tmp_path / "walk.blend", tmp_path / "source.blend")
    assert any("'Title'" in notice for notice in notices)
    edit.render_movie(tmp_path / "walk.blend", tmp_path / "walk.mp4")
    made = bpy.context.scene
    kept = {strip.name: strip for strip in strips.every_strip(made.sequence_editor)}
    assert sorted(kept) == ["Render", "Tone", "flow"] and len(bpy.data.scenes) == 1
    assert (kept["Tone"].volume, compat.strip_span(kept["Tone"])) == (0.25, range(2, 50))
    assert kept["Tone"].sound.filepath == "//tone.wav"
    assert made.view_settings.view_transform == "Standard" and len(bpy.data.objects) == 0
    assert compat.strips_of(made.sequence_editor_create()).new_sound(
        name="Check", filepath=str(tmp_path / "walk.mp4"), channel=9, frame_start=1
    ).sound.channels in {"MONO", "STEREO"}


@needs_sound
def test_speakers_are_still_heard(scene: bpy.types.Scene, tmp_path: Path) -> None:
    speaker = bpy.data.objects.new("Radio", bpy.data.speakers.new("Radio"))
    scene.collection.objects.link(speaker)
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "source.blend"))
    shot = make_shot(tmp_path / "shot", (1, 2))
    notices = edit.make_edit(shot.folder, ["flow"], tmp_path / "walk.blend", tmp_path / "source.blend")
    assert any("speakers" in notice for notice in notices)
    assert [item.name for item in bpy.context.scene.objects] == ["Radio"]


def test_edit_that_cannot_be_written(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", (1, 2))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(FlowbrushError) as caught:
        edit.make_edit(shot.folder, ["flow"], tmp_path / "file" / "walk.blend")
    assert caught.value.code == Code.NOT_WRITABLE


@pytest.mark.parametrize("content", [None, b"not a blend"])
def test_source_that_is_no_blend(tmp_path: Path, content: bytes | None) -> None:
    source = tmp_path / "source.blend"
    if content is not None:
        source.write_bytes(content)
    shot = make_shot(tmp_path / "shot", (1, 2))
    with pytest.raises(FlowbrushError, match=r"source\.blend cannot be read") as caught:
        edit.make_edit(shot.folder, ["flow"], tmp_path / "walk.blend", source)
    assert caught.value.code == Code.UNSUPPORTED_SCENE
    assert not (tmp_path / "walk.blend").exists()


def test_source_without_the_shots_scene(scene: bpy.types.Scene, tmp_path: Path) -> None:
    scene.name = "Another"
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "source.blend"))
    shot = make_shot(tmp_path / "shot", (1, 2))
    with pytest.raises(FlowbrushError, match="no scene 'Scene'"):
        edit.make_edit(shot.folder, ["flow"], tmp_path / "walk.blend", tmp_path / "source.blend")


def test_comparison_shows_all_panels(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", (1, 3), takes=("per_frame", "flow"))
    movie = tmp_path / "side.mp4"
    edit.render_comparison(shot.folder, ["per_frame", "flow"], movie)
    read = cv2.VideoCapture(str(movie))
    assert read.get(cv2.CAP_PROP_FRAME_COUNT) == 3
    _, shown = read.read()
    height = round(512 * SIZE[1] / SIZE[0])
    band = shown.shape[0] - height
    assert shown.shape[1] == 3 * 512 and 30 <= band <= 60
    for index, name in enumerate(("", "per_frame", "flow")):
        panel = cv2.resize(shown[band:, index * 512 : (index + 1) * 512], SIZE, interpolation=cv2.INTER_AREA)
        assert difference(panel, picture(name, 1)) <= 25.0  # OpenCV ignores which colour matrix the file names
        assert shown[:band, index * 512 : (index + 1) * 512].max() > 180  # its label
