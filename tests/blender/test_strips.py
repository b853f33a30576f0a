"""Takes on the sequencer: place, exact length, what is left alone, loading again, edits, movies and their colours."""

import math
import wave
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import bpy
import cv2
import numpy as np
import pytest
from flowbrush.backend.errors import Code, FlowbrushError
from flowbrush.backend.shot import Camera, Shot
from flowbrush.backend.take import Take, TakeSettings
from flowbrush.scene import compat, edit, strips

SIZE = (160, 96)
RATES = ((24, 1), (30, 1), (24000, 1001), (30000, 1001))

needs_sound = pytest.mark.skipif(not bpy.app.build_options.audaspace, reason="this bpy was built without sound")


@pytest.fixture
def scene() -> bpy.types.Scene:
    """An empty file's scene, 160×96 and Standard, as if the shot had been captured from it."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end = 1, 48
    return scene


def picture(take: str, frame: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Flat patches of saturated and quiet colours, other ones for each take and frame; (H, W, 3) uint8, BGR."""
    colours = np.random.default_rng([len(take), frame % 1000]).integers(0, 256, (3, 5, 3))
    colours[0, 0], colours[0, 1] = (0, 0, 255), (255, 255, 255)
    return cv2.resize(colours.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)


def write_pictures(paths: list[Path], take: str, frames: range, size: tuple[int, int]) -> None:
    for path, frame in zip(paths, frames, strict=True):
        path.parent.mkdir(parents=True, exist_ok=True)
        assert cv2.imwrite(str(path), picture(take, frame, size))


def make_shot(
    folder: Path,
    frames: tuple[int, int] = (1, 12),
    fps: tuple[int, int] = (24, 1),
    takes: tuple[str, ...] = ("flow",),
    size: tuple[int, int] = SIZE,
) -> Shot:
    """A shot with pictures and finished takes, and no passes."""
    camera = Camera("Camera", "PERSP", (0.0,) * 16, (0.0,) * 16)
    numbers = range(frames[0], frames[1] + 1)
    shot = Shot(
        folder=folder, name="walk", scene="Scene", blender="4.2.0", engine="CYCLES", view_layer="ViewLayer",
        fps=fps, resolution=size, pixel_aspect=(1.0, 1.0), frames=frames, near=1.0, far=2.0, cuts=(),
        cameras=dict.fromkeys(numbers, camera), objects=(), materials=(), passes={},
    )  # fmt: skip
    shot.save()
    write_pictures([shot.picture_path(frame) for frame in numbers], "", numbers, size)
    for name in takes:
        take = Take.start(shot, name, TakeSettings(), {})
        write_pictures([take.frame_path(frame) for frame in numbers], name, numbers, size)
    return Shot.load(folder)


def set_rate(scene: bpy.types.Scene, fps: tuple[int, int]) -> None:
    scene.render.fps = round(Fraction(*fps))
    scene.render.fps_base = scene.render.fps * fps[1] / fps[0]


def loaded(scene: bpy.types.Scene, shot: Shot, name: str = "flow") -> SimpleNamespace:
    """The strip and the notices of loading the take `name`."""
    notices = strips.load_take(scene, shot, Take.load(shot, name))
    return SimpleNamespace(strip=scene.sequence_editor.active_strip, notices=notices)


def add_sound(scene: bpy.types.Scene, path: Path, channel: int = 1, start: int = 1) -> object:
    """A strip of two seconds of a tone."""
    samples = (np.sin(np.arange(96_000) * 2 * math.pi * 440 / 48_000) * 20_000).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 48_000, len(samples), "NONE", ""))
        file.writeframes(samples.tobytes())
    sequences = compat.strips_of(scene.sequence_editor_create())
    return sequences.new_sound(name="Tone", filepath=str(path), channel=channel, frame_start=start)


def still(scene: bpy.types.Scene, frame: int, path: Path) -> np.ndarray:
    """What the sequencer shows at `frame`, rendered to a PNG; (H, W, 3) uint8, BGR."""
    compat.choose_file_format(scene.render.image_settings, "PNG")
    scene.render.image_settings.color_mode = "RGB"
    scene.render.filepath = str(path)
    scene.frame_set(frame)
    bpy.ops.render.render(write_still=True, scene=scene.name)
    return cv2.imread(str(path))


def difference(one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of the means of the 15 patches, borders left out, in 8-bit steps."""
    assert one.shape == other.shape
    height, width = one.shape[0] // 3, one.shape[1] // 5
    inner = [
        (slice(row * height + 8, (row + 1) * height - 8), slice(column * width + 8, (column + 1) * width - 8))
        for row in range(3)
        for column in range(5)
    ]
    return max(float(np.abs(one[at].mean((0, 1)) - other[at].mean((0, 1))).max()) for at in inner)


@pytest.mark.parametrize("fps", RATES)
def test_length_is_exact_at_any_rate(scene: bpy.types.Scene, tmp_path: Path, fps: tuple[int, int]) -> None:
    shot = make_shot(tmp_path, (101, 148), fps)
    set_rate(scene, fps)
    got = loaded(scene, shot)
    assert compat.strip_span(got.strip) == range(101, 149)
    assert [element.filename for element in got.strip.elements] == [f"{frame:04d}.png" for frame in range(101, 149)]
    assert not any("a second" in notice for notice in got.notices)


def test_other_rate_size_range_and_colours_are_told(scene: bpy.types.Scene, tmp_path: Path) -> None:
    shot = make_shot(tmp_path, (40, 51), (24000, 1001), size=(80, 48))
    scene.view_settings.view_transform = "AgX"
    got = loaded(scene, shot)
    told = "\n".join(got.notices)
    assert "24 frames a second" in told and "23.976" in told
    assert "80×48" in told and got.strip.transform.scale_x == pytest.approx(2.0)
    assert "40 to 51" in told and "1 to 48" in told
    assert "AgX" in told and "Standard" in told
    assert "Rendering this scene now gives the sequencer's pictures" in told
    assert scene.view_settings.view_transform == "AgX" and scene.frame_end == 48


def test_negative_frames(scene: bpy.types.Scene, tmp_path: Path) -> None:
    got = loaded(scene, make_shot(tmp_path, (-2, 1)))
    assert compat.strip_span(got.strip) == range(-2, 2)
    assert [element.filename for element in got.strip.elements] == ["-0002.png", "-0001.png", "0000.png", "0001.png"]


def test_lowest_channel_above_what_shares_a_frame(scene: bpy.types.Scene, tmp_path: Path) -> None:
    shot = make_shot(tmp_path)
    sequences = compat.strips_of(scene.sequence_editor_create())
    title = compat.new_text_strip(sequences, "Title", 3, range(5, 9))
    later = compat.new_text_strip(sequences, "Later", 9, range(13, 20))
    muted = compat.new_text_strip(sequences, "Muted", 1, range(1, 30))
    muted.mute = True
    before = [(strip.channel, strip.mute, compat.strip_span(strip)) for strip in (title, later, muted)]
    got = loaded(scene, shot)
    assert got.strip.channel == 4
    assert [(strip.channel, strip.mute, compat.strip_span(strip)) for strip in (title, later, muted)] == before
    [told] = [notice for notice in got.notices if "hides" in notice]
    assert "'Title'" in told and "Muted" not in told and "Later" not in told


def test_full_sequencer_is_an_error(scene: bpy.types.Scene, tmp_path: Path) -> None:
    compat.new_text_strip(compat.strips_of(scene.sequence_editor_create()), "Top", 128, range(1, 5))
    with pytest.raises(FlowbrushError, match="128 channels") as caught:
        loaded(scene, make_shot(tmp_path))
    assert caught.value.code == Code.UNSUPPORTED_SCENE


@needs_sound
def test_sound_is_untouched(scene: bpy.types.Scene, tmp_path: Path) -> None:
    tone = add_sound(scene, tmp_path / "tone.wav", channel=2, start=3)
    tone.volume = 0.5
    got = loaded(scene, make_shot(tmp_path / "shot"))
    assert (tone.channel, tone.mute, tone.volume, compat.strip_span(tone)) == (2, False, 0.5, range(3, 51))
    assert got.strip.channel == 3 and not any("hides" in notice for notice in got.notices)


def test_loading_again_updates_the_strip_where_the_user_left_it(scene: bpy.types.Scene, tmp_path: Path) -> None:
    shot = make_shot(tmp_path, takes=("flow", "ink"))
    take = Take.load(shot, "flow")
    for frame in range(9, 13):
        take.frame_path(frame).unlink()
    first = loaded(scene, shot)
    assert compat.strip_span(first.strip) == range(1, 9)
    assert any("8 of 12 frames" in notice for notice in first.notices)
    compat.move_strip(first.strip, 21)
    first.strip.channel, first.strip.mute, first.strip.name = 7, True, "My paint"
    write_pictures([take.frame_path(frame) for frame in range(9, 13)], "flow", range(9, 13), SIZE)
    again = loaded(scene, shot)
    assert again.strip == first.strip and len(list(strips.every_strip(scene.sequence_editor))) == 1
    assert compat.strip_span(again.strip) == range(21, 33)
    assert (again.strip.channel, again.strip.mute, again.strip.name) == (7, True, "My paint")
    assert any("muted" in notice for notice in again.notices)
    assert loaded(scene, shot, "ink").strip != first.strip


def test_frames_finished_in_front_do_not_shift_the_others(scene: bpy.types.Scene, tmp_path: Path) -> None:
    shot = make_shot(tmp_path)
    take = Take.load(shot, "flow")
    for frame in range(1, 5):
        take.frame_path(frame).unlink()
    strip = loaded(scene, shot).strip
    assert compat.strip_span(strip) == range(5, 13)
    compat.move_strip(strip, 25)
    write_pictures([take.frame_path(frame) for frame in range(1, 5)], "flow", range(1, 5), SIZE)
    assert compat.strip_span(loaded(scene, shot).strip) == range(21, 33)
    assert compat.strip_span(loaded(scene, shot).strip) == range(21, 33)


def test_shots_of_one_name_keep_their_own_strips(scene: bpy.types.Scene, tmp_path: Path) -> None:
    one = loaded(scene, make_shot(tmp_path / "one")).strip
    other = loaded(scene, make_shot(tmp_path / "other")).strip
    assert one != other
    (tmp_path / "one").rename(tmp_path / "moved")
    assert loaded(scene, Shot.load(tmp_path / "moved")).strip == one


def test_new_pictures_are_seen_after_loading_again(scene: bpy.types.Scene, tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", (1, 2))
    loaded(scene, shot)
    still(scene, 1, tmp_path / "before.png")
    assert cv2.imwrite(str(Take.load(shot, "flow").frame_path(1)), picture("another", 1))
    loaded(scene, shot)
    assert difference(still(scene, 1, tmp_path / "after.png"), picture("another", 1)) <= 1.0


@pytest.mark.parametrize(("gone", "named"), [((3, 4, 5, 8), "frames 3 to 5, 8"), (range(1, 13), "no finished frame")])
def test_missing_frames_are_named(scene: bpy.types.Scene, tmp_path: Path, gone: tuple[int, ...], named: str) -> None:
    shot = make_shot(tmp_path)
    take = Take.load(shot, "flow")
    for frame in gone:
        take.frame_path(frame).unlink()
    with pytest.raises(FlowbrushError, match=named) as caught:
        strips.load_take(scene, shot, take)
    assert caught.value.code == Code.BAD_TAKE
    assert not (scene.sequence_editor and list(strips.every_strip(scene.sequence_editor)))


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
    compat.new_text_strip(compat.strips_of(scene.sequence_editor), "Title", 20, range(1, 5))
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
    compat.new_text_strip(compat.strips_of(scene.sequence_editor), "Title", 5, range(1, 5))
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


@pytest.mark.skipif(bpy.app.version < (5, 0, 0), reason="video editors follow the window's scene")
def test_workspace_that_shows_another_scene_is_told(scene: bpy.types.Scene, tmp_path: Path) -> None:
    shot = make_shot(tmp_path)
    first, *others = bpy.data.workspaces
    first.sequencer_scene = bpy.data.scenes.new("Another")
    got = loaded(scene, shot)
    assert any(first.name in notice and "another scene's" in notice for notice in got.notices)
    assert first.sequencer_scene.name == "Another" and {other.sequencer_scene for other in others} == {scene}


@pytest.mark.skipif(bpy.app.version < (4, 3, 0), reason="has no white balance")
def test_white_balance_changes_colours_too(scene: bpy.types.Scene) -> None:
    assert strips.colours_changed_by(scene) == ""
    scene.view_settings.use_white_balance = True
    assert strips.colours_changed_by(scene) == "white balance"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("view_transform", "AgX"),
        ("exposure", 0.5),
        ("gamma", 1.2),
        ("use_curve_mapping", True),
    ],
)
def test_what_changes_colours_can_be_undone(scene: bpy.types.Scene, tmp_path: Path, name: str, value: object) -> None:
    shot = make_shot(tmp_path / "shot", (1, 2))
    setattr(scene.view_settings, name, value)
    curve = scene.view_settings.curve_mapping.curves[3]
    curve.points[0].location = (0.0, 0.3)
    scene.view_settings.curve_mapping.update()
    assert any("changes the take's colours" in notice for notice in loaded(scene, shot).notices)
    assert difference(still(scene, 1, tmp_path / "changed.png"), picture("flow", 1)) > 10.0
    strips.show_colours_unchanged(scene)
    assert difference(still(scene, 1, tmp_path / "same.png"), picture("flow", 1)) <= 1.0


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
