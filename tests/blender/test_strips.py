"""Takes on the sequencer: place, exact length, what is left alone, loading again, colours."""

from pathlib import Path
from types import SimpleNamespace

import bpy
import cv2
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
    write_pictures,
)
from flowbrush.backend.errors import Code, FlowbrushError
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import Take
from flowbrush.scene import compat, strips


@pytest.fixture
def scene() -> bpy.types.Scene:
    return empty_scene()


def loaded(scene: bpy.types.Scene, shot: Shot, name: str = "flow") -> SimpleNamespace:
    """The strip and the notices of loading the take `name`."""
    notices = strips.load_take(scene, shot, Take.load(shot, name))
    return SimpleNamespace(strip=scene.sequence_editor.active_strip, notices=notices)


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
    title = compat.new_effect(sequences, "TEXT", "Title", 3, range(5, 9))
    later = compat.new_effect(sequences, "TEXT", "Later", 9, range(13, 20))
    muted = compat.new_effect(sequences, "TEXT", "Muted", 1, range(1, 30))
    muted.mute = True
    before = [(strip.channel, strip.mute, compat.strip_span(strip)) for strip in (title, later, muted)]
    got = loaded(scene, shot)
    assert got.strip.channel == 4
    assert [(strip.channel, strip.mute, compat.strip_span(strip)) for strip in (title, later, muted)] == before
    [told] = [notice for notice in got.notices if "hides" in notice]
    assert "'Title'" in told and "Muted" not in told and "Later" not in told


def test_full_sequencer_is_an_error(scene: bpy.types.Scene, tmp_path: Path) -> None:
    compat.new_effect(compat.strips_of(scene.sequence_editor_create()), "TEXT", "Top", 128, range(1, 5))
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
