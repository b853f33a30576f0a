"""Restyle Strip: what a strip shows is what its restyled version shows, frame by frame, above it and in its look.

The extension is registered from its folder, in this process. Capture and worker are stood in for by stages that paint
flat greys: frame n of the material has the grey 4 (n - 1), so that a picture tells which frame it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy
import cv2
import flowbrush
import numpy as np
import pytest
from blender.flat_takes import add_sound, empty_scene, make_shot, needs_sound, set_rate, still
from flowbrush.backend.capture_order import CaptureOrder
from flowbrush.backend.errors import SceneError
from flowbrush.backend.over_time import KeyedSetting, LaterPrompt
from flowbrush.backend.shot import Shot, frame_file
from flowbrush.backend.take import Take, TakeSettings
from flowbrush.operators import job, restyle
from flowbrush.operators.restyle import for_material
from flowbrush.properties.next_step import step_in
from flowbrush.properties.picture import pair
from flowbrush.scene import cameras, compat, strips
from flowbrush.scene.strip_frames import Footage, OfScene, Shown, shown_by

SIZE = (48, 32)
COUNT, RATE = 60, 30  # of the movie
NTSC = (24000, 1001)


def grey(number: int) -> np.ndarray:
    return np.full((SIZE[1], SIZE[0], 3), min(4 * (number - 1), 255), np.uint8)


class Stage:
    """A stage that is done at once."""

    title = "Standing in"

    def start(self) -> None:
        pass

    def poll(self) -> list[dict[str, Any]]:
        return [{"type": "result"}]

    def cancel(self) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=True)
    known = bpy.context.preferences.addons.new()
    known.module = "flowbrush"
    flowbrush.register()
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """An empty edit of 24 frames a second, and what the stages were asked for."""
    scene = empty_scene()
    scene.render.resolution_x, scene.render.resolution_y = SIZE
    bpy.context.preferences.addons["flowbrush"].preferences.shots_folder = str(tmp_path / "shots")
    asked: list[Any] = []

    class Worker(Stage):
        def __init__(self, _title: str, kind: str, *, footage: str, shot: str, settings: dict[str, Any]) -> None:
            self.folder, self.settings = Path(shot), settings
            asked.append((kind, Path(footage).name, settings))

        def start(self) -> None:
            first, last = self.settings["frames"]
            rate = Fraction(*self.settings.get("rate", (RATE, 1)))
            last = min(last, round(COUNT * rate / RATE))
            replace(make_shot(self.folder, (first, last), takes=(), size=SIZE), source="footage", name=self.folder.name,
                    fps=rate.as_integer_ratio()).save()  # fmt: skip

    class Capture(Stage):
        def __init__(self, order: CaptureOrder, folder: Path):
            self.folder, self.frames = folder, order.frames
            asked.append(("capture", order.scene, order.frames, order.samples, order.camera))

        def start(self) -> None:
            replace(make_shot(self.folder, self.frames, takes=(), size=SIZE), name=self.folder.name).save()

    class Paint(Stage):
        def __init__(self, folder: Path, take: str, settings: TakeSettings, *, replace_other: bool) -> None:
            self.folder, self.take, self.settings = folder, take, settings
            asked.append(("stylize", take, settings.method))

        def start(self) -> None:
            shot = Shot.load(self.folder)
            take = Take.start(shot, self.take, self.settings, {})
            for frame in shot.frame_numbers:
                number = frame
                if shot.source == "footage" and shot.rate != RATE:
                    number = 1 + int((frame - Fraction(1, 2)) / shot.rate * RATE)
                assert cv2.imwrite(str(take.frame_path(frame)), grey(number))

    for name, stand_in in (("WorkerStage", Worker), ("CaptureStage", Capture), ("StylizeStage", Paint)):
        monkeypatch.setattr(restyle, name, stand_in)
    monkeypatch.setattr(restyle, "EstimateStage", lambda _folder, _settings: Stage())
    return SimpleNamespace(scene=scene, asked=asked, folder=tmp_path)


@pytest.fixture(scope="module")
def movie(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("movie") / "dance.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), RATE, SIZE)
    for number in range(1, COUNT + 1):
        writer.write(grey(number))
    writer.release()
    return path


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("images")
    paths = [folder / frame_file(number, "png") for number in range(11, 23)]
    for number, path in enumerate(paths, 11):
        assert cv2.imwrite(str(path), grey(number))
    return paths


def movie_strip(scene: bpy.types.Scene, path: Path, start: int = 11, name: str = "dance") -> Any:
    """As the only one selected, and active."""
    return picked(scene, all_of(scene).new_movie(name=name, filepath=str(path), channel=2, frame_start=start))


def image_strip(scene: bpy.types.Scene, paths: list[Path], start: int = 11) -> Any:
    strip = all_of(scene).new_image(name="walk", filepath=str(paths[0]), channel=2, frame_start=start)
    for path in paths[1:]:
        strip.elements.append(path.name)
    return picked(scene, strip)


def all_of(scene: bpy.types.Scene) -> Any:
    return compat.strips_of(scene.sequence_editor_create())


def picked(scene: bpy.types.Scene, strip: Any) -> Any:
    for other in all_of(scene):
        other.select = other == strip
    scene.sequence_editor.active_strip = strip
    return strip


def trim(strip: Any, start: int, end: int) -> None:
    new = hasattr(strip, "left_handle_offset")
    sides = ("left_handle_offset", "right_handle_offset") if new else ("frame_offset_start", "frame_offset_end")
    for side, value in zip(sides, (start, end), strict=True):
        setattr(strip, side, value)


def in_sequencer(scene: bpy.types.Scene) -> Any:
    """For Blender's own operators."""
    window = bpy.context.window_manager.windows[0]
    area = window.screen.areas[0]
    area.type = "SEQUENCE_EDITOR"
    if hasattr(window.workspace, "sequencer_scene"):
        window.workspace.sequencer_scene = scene
    return bpy.context.temp_override(window=window, screen=window.screen, area=area)


def retime(strip: Any, frames: int) -> None:
    """Lets the whole strip take so many frames; its first key lies where it begins."""
    start, length = compat.content_start(strip), compat.content_length(strip)
    with in_sequencer(bpy.context.scene):
        for frame in (start, start + length):
            bpy.ops.sequencer.retiming_key_add(timeline_frame=frame)
    strip.retiming_keys[-1].timeline_frame = start + frames


def result_of(scene: bpy.types.Scene, name: str = "dance") -> Any:
    (found,) = [strip for strip in strips.every_strip(scene.sequence_editor) if strip.get(strips.OF) == name]
    return found


def run() -> str:
    """The error, or the sentence at the end."""
    try:
        assert bpy.ops.flowbrush.restyle_strip() == {"FINISHED"}
    except RuntimeError as error:
        return str(error)
    return bpy.context.window_manager.flowbrush.sentence


def played_in_time(scene: bpy.types.Scene, path: Path) -> Any:
    with in_sequencer(scene):
        scene.sequence_editor_create()
        bpy.ops.sequencer.movie_strip_add(
            filepath=str(path), frame_start=11, channel=2, sound=False, adjust_playback_rate=True, use_framerate=False
        )
    strip = scene.sequence_editor.active_strip
    strip.name = "dance"
    return strip


def plain(scene: bpy.types.Scene, path: Path) -> Any:
    return movie_strip(scene, path)


def trimmed(scene: bpy.types.Scene, path: Path) -> Any:
    strip = movie_strip(scene, path)
    trim(strip, 5, 7)
    return strip


def cut_off(scene: bpy.types.Scene, path: Path) -> Any:
    strip = movie_strip(scene, path)
    setattr(strip, "content_trim_start" if hasattr(strip, "content_trim_start") else "animation_offset_start", 10)
    return strip


def backwards(scene: bpy.types.Scene, path: Path) -> Any:
    strip = trimmed(scene, path)
    strip.use_reverse_frames = True
    return strip


def held(scene: bpy.types.Scene, path: Path) -> Any:
    strip = movie_strip(scene, path)
    trim(strip, 50, -4)
    return strip


def slow(scene: bpy.types.Scene, path: Path) -> Any:
    strip = movie_strip(scene, path)
    retime(strip, 120)
    return strip


def fast(scene: bpy.types.Scene, path: Path) -> Any:
    strip = movie_strip(scene, path)
    retime(strip, 24)
    return strip


def quick_and_trimmed(scene: bpy.types.Scene, path: Path) -> Any:
    strip = played_in_time(scene, path)
    trim(strip, 10, 12)
    return strip


@pytest.mark.parametrize(
    ("make", "painted"),
    [(plain, 60), (trimmed, 48), (cut_off, 50), (backwards, 48), (held, 10), (slow, 60), (fast, 24),
     (played_in_time, 48), (quick_and_trimmed, 26)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)  # fmt: skip
def test_a_movies_result_shows_what_the_strip_shows(
    here: SimpleNamespace, movie: Path, make: Callable[[bpy.types.Scene, Path], Any], painted: int
) -> None:
    strip = make(here.scene, movie)
    span = compat.strip_span(strip)
    at = [span.start, span.start + len(span) // 3, span.stop - 1]
    before = [still(here.scene, frame, here.folder / "a.png").mean() for frame in at]
    assert run() == "'dance' is restyled"
    result = result_of(here.scene)
    assert compat.strip_span(result) == span and len(result.elements) == len(span)
    assert result.channel == strip.channel + 1
    after = [still(here.scene, frame, here.folder / "b.png").mean() for frame in at]
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 5, "they differ by more than one frame"
    first, last = here.asked[0][2]["frames"]
    assert abs(last - first + 1 - painted) <= 1, "other frames than those that show are painted"


@pytest.mark.parametrize("fps", [NTSC, (30, 1)])
def test_the_movies_rate_may_be_another_than_the_scenes(
    here: SimpleNamespace, movie: Path, fps: tuple[int, int]
) -> None:
    set_rate(here.scene, fps)
    strip = played_in_time(here.scene, movie)
    span = compat.strip_span(strip)
    before = [still(here.scene, frame, here.folder / "a.png").mean() for frame in (span.start, span.start + 30)]
    run()
    assert compat.strip_span(result_of(here.scene)) == span
    assert len(span) == int(COUNT / RATE * Fraction(*fps)), "this is about a movie that keeps its speed"
    after = [still(here.scene, frame, here.folder / "b.png").mean() for frame in (span.start, span.start + 30)]
    assert max(abs(a - b) for a, b in zip(before, after, strict=True)) <= 5
    assert here.asked[0][2].get("rate") == (None if fps == (30, 1) else [24000, 1001])
    assert here.asked[1] == ("stylize", "take 1", "flow"), "footage has no surfaces"


def test_images_keep_their_numbers_and_holds(here: SimpleNamespace, images: list[Path]) -> None:
    strip = image_strip(here.scene, images)
    trim(strip, 2, 3)
    strip.use_reverse_frames = True
    run()
    result = result_of(here.scene, "walk")
    assert [element.filename for element in result.elements] == [frame_file(n, "png") for n in range(20, 13, -1)]
    assert here.asked[0] == ("footage", images[3].parent.joinpath("0020.png").name, {"frames": [14, 20]})
    assert compat.strip_span(result) == compat.strip_span(strip) == range(13, 20)


def test_running_again_updates_the_strip_and_undoes_nothing_of_the_users(here: SimpleNamespace, movie: Path) -> None:
    strip = movie_strip(here.scene, movie)
    run()
    result = result_of(here.scene)
    former = result.directory
    result.channel, result.blend_alpha, result.name = 6, 0.5, "My paint"
    trim(strip, 20, 30)
    compat.move_strip(strip, 1)
    here.scene.flowbrush.prompt = "something else"
    run()
    assert result_of(here.scene).as_pointer() == result.as_pointer() and len(all_of(here.scene)) == 2
    assert compat.strip_span(result) == compat.strip_span(strip) == range(21, 31) and len(result.elements) == 10
    assert (result.channel, result.blend_alpha, result.name) == (6, 0.5, "My paint")
    assert result.directory != former and Path(bpy.path.abspath(result.directory)).parent.name == "take 2"
    trim(strip, 18, 30)
    picked(here.scene, result)
    run()  # of the result: it means what lies under it; the same settings go on with their take
    assert len(all_of(here.scene)) == 2 and compat.strip_span(result) == range(19, 31)
    assert [one[1] for one in here.asked if one[0] == "stylize"] == ["take 1", "take 2", "take 2"]


def test_look_and_keyframes_are_carried_over(here: SimpleNamespace, movie: Path) -> None:
    strip = movie_strip(here.scene, movie)
    strip.blend_type, strip.blend_alpha, strip.use_flip_x = "MULTIPLY", 0.25, True
    strip.transform.offset_x, strip.transform.rotation, strip.crop.min_x = 7, 0.5, 3
    for frame, value in ((11, 0.0), (20, 1.0)):
        strip.blend_alpha = value
        strip.keyframe_insert("blend_alpha", frame=frame)
    run()
    result = result_of(here.scene)
    assert (result.blend_type, result.use_flip_x, result.transform.offset_x, result.crop.min_x) == (
        "MULTIPLY",
        True,
        7,
        3,
    )
    assert result.transform.rotation == 0.5 and result.transform.scale_x == strip.transform.scale_x
    here.scene.frame_set(11)
    assert result.blend_alpha == 0.0
    here.scene.frame_set(20)
    assert result.blend_alpha == 1.0


def test_channels_above_stay_above(here: SimpleNamespace, movie: Path) -> None:
    strip = movie_strip(here.scene, movie)
    for channel, frames in ((3, range(1, 5)), (4, range(20, 30))):
        compat.new_effect(all_of(here.scene), "TEXT", f"title {channel}", channel, frames)
    run()
    assert result_of(here.scene).channel == 3
    picked(here.scene, strip)
    all_of(here.scene).remove(result_of(here.scene))
    compat.new_effect(all_of(here.scene), "TEXT", "low title", 3, range(20, 30))
    run()
    assert result_of(here.scene).channel == 5


def test_the_result_can_be_played_while_it_is_painted(
    here: SimpleNamespace, movie: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    strip = backwards(here.scene, movie)  # shows the frames 55 to 8
    seen: list[list[str]] = []

    class Slow(restyle.StylizeStage):
        def start(self) -> None:
            super().start()
            take = Take.load(Shot.load(self.folder), self.take)
            self.paths = [take.frame_path(frame) for frame in take.frame_numbers(Shot.load(self.folder))]
            self.contents = [path.read_bytes() for path in self.paths]
            for path in self.paths[2:]:
                path.unlink()
            self.asked = 0

        def poll(self) -> list[dict[str, Any]]:
            self.asked += 1
            if self.asked == 1:
                return [{"type": "preview", "path": str(self.paths[1])}]
            if self.asked == 2:
                assert bpy.ops.flowbrush.watch_take() == {"FINISHED"}
                seen.append([element.filename for element in result_of(here.scene).elements])
                for path, content in zip(self.paths, self.contents, strict=True):
                    path.write_bytes(content)
                return [{"type": "preview", "path": str(self.paths[2])}]
            seen.append([element.filename for element in result_of(here.scene).elements])
            return [{"type": "result"}]

    monkeypatch.setattr(restyle, "StylizeStage", Slow)
    assert not bpy.ops.flowbrush.watch_take.poll()
    run()
    names = [frame_file(number, "png") for number in range(55, 7, -1)]
    growing, whole = seen
    assert growing[-2:] == names[-2:] and not set(growing[:-2]) & set(names)
    assert [Path(name).name for name in growing] == names and Path(growing[0]).parent.name == "pictures"
    assert whole == names == [element.filename for element in result_of(here.scene).elements]
    assert compat.strip_span(result_of(here.scene)) == compat.strip_span(strip) and len(all_of(here.scene)) == 2
    assert pair() is not None, "the render is there for the wipe"


@needs_sound
def test_sound_is_left_alone(here: SimpleNamespace, movie: Path) -> None:
    strip = movie_strip(here.scene, movie)
    tone = add_sound(here.scene, here.folder / "tone.wav", channel=1, start=11)
    tone.select = strip.select = True
    span = compat.strip_span(tone)
    run()
    assert (tone.channel, tone.mute, compat.strip_span(tone)) == (1, False, span) and len(all_of(here.scene)) == 3


def test_a_scene_strip_has_its_own_frames_camera_and_the_tabs_settings(here: SimpleNamespace) -> None:
    other = bpy.data.scenes.new("Knight")
    other.frame_start, other.frame_end = 101, 120
    for name in ("Own", "Other"):
        camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
        other.collection.objects.link(camera)
        other.camera = other.camera or camera
    strip = picked(here.scene, all_of(here.scene).new_scene(name="knight", scene=other, channel=1, frame_start=5))
    trim(strip, 3, 2)
    strip.scene_camera = bpy.data.objects["Other"]
    here.scene.flowbrush.samples, other.flowbrush.samples = 7, 8
    run()
    assert here.asked[0] == ("capture", "Knight", (104, 118), 7, "Other")
    assert here.asked[1][0] == "stylize" and here.asked[1][2] == "surface"
    assert compat.strip_span(result_of(here.scene, "knight")) == range(8, 23)
    strip.scene_camera = None
    assert shown_by(here.scene, strip).material == OfScene("Knight")
    other.camera = None
    assert "has no camera" in run()
    strip.scene_input = "SEQUENCER"
    assert "restyle the strips in there" in run()


def test_a_strips_camera_is_the_only_one() -> None:
    scene = empty_scene()
    own, other = (bpy.data.objects.new(name, bpy.data.cameras.new(name)) for name in ("Own", "Other"))
    scene.camera = own
    scene.timeline_markers.new("cut", frame=5).camera = own
    cameras.see_through(scene, "Other")
    assert {cameras.camera_at(scene, frame) for frame in (1, 5, 9)} == {other}
    with pytest.raises(SceneError, match="is gone"):
        cameras.see_through(scene, "Third")


def test_what_changes_over_time_does_so_where_it_is_seen() -> None:
    settings = TakeSettings(
        prompt="ink",
        over_time=(KeyedSetting("strength", ((11, 0.1), (14, 0.4))),),
        later_prompts=(LaterPrompt(13, "cel"),),
    )
    backwards = for_material(settings, Shown(Footage(Path("dance.avi")), 11, (9, 8, 8, 7)))
    assert backwards.method == "flow"
    assert backwards.over_time == (KeyedSetting("strength", ((7, 0.4), (8, 0.2), (9, 0.1))),)
    assert [backwards.at(number).prompt for number in (7, 8, 9)] == ["cel", "ink", "ink"]


def test_several_strips_are_stages_of_one_job_and_a_failure_keeps_what_is_done(
    here: SimpleNamespace, movie: Path, images: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    image_strip(here.scene, images, start=101)
    movie_strip(here.scene, movie)
    for strip in all_of(here.scene):
        strip.select = True
    with in_sequencer(here.scene):
        assert step_in(bpy.context).label == "Restyle 2 Strips"
    assert run() == "2 strips are restyled"
    assert [one[0] for one in here.asked] == ["footage", "stylize", "footage", "stylize"]
    assert here.asked[0][1] == movie.name, "in the order of the timeline"
    for name in ("dance", "walk"):
        all_of(here.scene).remove(result_of(here.scene, name))

    def refuse(_timeline: Any, strip: Any, *_rest: Any) -> None:
        if strip.name == "walk":
            raise SceneError("unsupported_scene", "no")
        return lay_over(_timeline, strip, *_rest)

    lay_over = restyle.restyle.lay_over
    monkeypatch.setattr(restyle.restyle, "lay_over", refuse)
    assert run().endswith("no\n") or "no" in bpy.context.window_manager.flowbrush.error
    assert result_of(here.scene).name == "dance Restyled" and len(all_of(here.scene)) == 3


def test_a_strip_in_a_meta_strip_gets_its_result_there(here: SimpleNamespace, movie: Path) -> None:
    meta = all_of(here.scene).new_meta(name="meta", channel=3, frame_start=1)
    strip = movie_strip(here.scene, movie)
    strip.move_to_meta(meta)
    picked(here.scene, meta)
    assert not bpy.ops.flowbrush.restyle_strip.poll(), "a meta strip itself is none of those"
    here.scene.sequence_editor.active_strip = strip
    meta.select = False
    run()
    assert {one.name for one in compat.strips_of(meta)} == {"dance", "dance Restyled"}


def test_what_cannot_be_restyled_is_told(here: SimpleNamespace, movie: Path, images: list[Path]) -> None:
    assert not bpy.ops.flowbrush.restyle_strip.poll()
    title = compat.new_effect(all_of(here.scene), "TEXT", "title", 1, range(1, 5))
    picked(here.scene, title)
    assert not bpy.ops.flowbrush.restyle_strip.poll()
    strip = movie_strip(here.scene, movie)
    with in_sequencer(here.scene):
        for frame in (11, 30, 71):
            bpy.ops.sequencer.retiming_key_add(timeline_frame=frame)
    assert "changes its speed on the way" in run()
    all_of(here.scene).remove(strip)
    mixed = image_strip(here.scene, images)
    mixed.elements[3].filename = "other.png"
    assert "not numbered as one sequence" in run()
    assert here.asked == [] and job.running() is None


def test_undo_takes_the_strip_away(here: SimpleNamespace, movie: Path) -> None:
    bpy.context.preferences.edit.use_global_undo = True
    movie_strip(here.scene, movie)
    bpy.ops.ed.undo_push(message="before")
    run()
    assert len(all_of(bpy.context.scene)) == 2
    bpy.ops.ed.undo_push(message="Restyle Strip")  # which Blender does where there is a window
    bpy.ops.ed.undo()
    assert [strip.name for strip in all_of(bpy.context.scene)] == ["dance"]
