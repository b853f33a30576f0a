"""The list of takes and what can be done with the chosen one: rate, restore, swap, compare, remove.

The extension is registered from its folder, in this process.
"""

import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import bpy
import flowbrush
import numpy as np
import pytest
from blender import flat_takes
from blender.flat_takes import SIZE, empty_scene, make_shot
from flowbrush import preferences, thumbnails
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import Take, TakeSettings
from flowbrush.operators import job, picture, refresh, still, takes
from flowbrush.properties import takes as take_list
from flowbrush.properties.next_step import free_name, next_step
from flowbrush.properties.picture import pair
from flowbrush.scene import compare, compat, growing, strips
from flowbrush.settings import take_settings


@pytest.fixture(scope="module", autouse=True)
def registered():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    known = bpy.context.preferences.addons.new()  # what installing does; without it there are no preferences
    known.module = "flowbrush"
    flowbrush.register()
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)
    assert thumbnails.icon("") == 0 and thumbnails._pictures is None


@pytest.fixture
def here(tmp_path: Path) -> SimpleNamespace:
    """A scene whose shot has the takes flow and ink, of 12 frames each."""
    scene = empty_scene()
    bpy.context.preferences.addons["flowbrush"].preferences.shots_folder = str(tmp_path)
    scene.flowbrush.shot_name = "walk"
    shot = make_shot(tmp_path / "walk", takes=("flow", "ink"))
    refresh.look(scene)
    return SimpleNamespace(scene=scene, shot=shot, known=take_list.takes_of(scene))


def choose(here: SimpleNamespace, name: str) -> None:
    here.known.active = here.known.takes.find(name)
    assert take_list.chosen(here.scene).name == name


def said(operator, **arguments) -> str:
    """The error of `operator`, or the sentence that it leaves in the panel."""
    try:
        assert operator(**arguments) == {"FINISHED"}
    except RuntimeError as error:
        return str(error)
    return bpy.context.window_manager.flowbrush.sentence


def test_the_list_is_what_is_on_the_disk(here: SimpleNamespace) -> None:
    assert {line.name for line in here.known.takes} == {"flow", "ink"}
    line = here.known.takes["ink"]
    assert (line.about, line.finished, line.wanted, line.stars, line.problem) == ("Starter, Surface", 12, 12, 0, "")
    choose(here, "ink")
    Take.start(here.shot, "cel", TakeSettings(style="ink", method="flow", prompt="a fox"), {})
    for frame in (11, 12):
        Take.load(here.shot, "flow").frame_path(frame).unlink()
    assert bpy.ops.flowbrush.refresh() == {"FINISHED"}
    assert {line.name for line in here.known.takes} == {"flow", "ink", "cel"}
    assert take_list.chosen(here.scene).name == "ink", "the chosen take stays chosen"
    assert here.known.takes["flow"].finished == 10
    assert (here.known.takes["cel"].about, here.known.takes["cel"].prompt) == ("Ink, Flow", "a fox")


def test_the_large_button_says_what_is_next(here: SimpleNamespace) -> None:
    chosen, scene = here.scene.flowbrush, here.scene
    scene.frame_start, scene.frame_end = 1, 12
    repaint(here, "ink")
    chosen.take = "ink"
    assert next_step(scene).label == "Load 12 Frames into Timeline"
    assert bpy.ops.flowbrush.load_into_sequencer() == {"FINISHED"}
    assert next_step(scene).label == "Begin ink 1"
    assert bpy.ops.flowbrush.new_take() == {"FINISHED"} and chosen.take == "ink 1"
    assert next_step(scene).label == "Stylize 12 Frames"
    Take.load(here.shot, "ink").frame_path(5).unlink()
    refresh.look(scene)
    chosen.take = "ink"
    assert next_step(scene).label == "Go On: 11 of 12"
    here.shot.picture_path(3).unlink()
    refresh.look(scene)
    assert next_step(scene).label == "Go On Capturing: 11 of 12"
    chosen.shot_name = "run"
    assert next_step(scene).label == "Capture 12 Frames"
    chosen.take = "ink 9"
    assert free_name(scene) == "ink 10"


def test_the_large_button_knows_that_settings_changed(here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen, scene = here.scene.flowbrush, here.scene
    scene.frame_start, scene.frame_end = 1, 12
    chosen.take = "ink"
    repaint(here, "ink")
    with monkeypatch.context() as patch:  # it is asked whenever the tab is drawn
        patch.setattr(Path, "open", lambda *_: pytest.fail("a file is read"))
        patch.setattr(os, "stat", lambda *_args, **_kwargs: pytest.fail("a file is looked at"))
        chosen.prompt = "a fox"
        step = next_step(scene)
    assert (step.label, step.arguments) == ("Stylize 12 Frames as ink 1", {"take": "ink 1"})
    repaint(here, "ink")
    assert next_step(scene).label == "Load 12 Frames into Timeline"
    chosen.strength = 0.2
    assert next_step(scene).label == "Stylize 12 Frames as ink 1"
    for frame, value in ((1, 0.2), (12, 0.8)):
        chosen.strength = value
        chosen.keyframe_insert("strength", frame=frame)
    repaint(here, "ink")
    assert next_step(scene).label == "Load 12 Frames into Timeline"
    for curve in compat.action_curves(scene.animation_data):
        curve.keyframe_points[1].co.y = 0.9
        curve.update()
    assert next_step(scene).label == "Repaint 11 Changed Frames"
    replace(Take.load(here.shot, "ink"), capture="another").save()
    refresh.look(scene)
    assert next_step(scene).label == "Repaint What Changed"
    chosen.method = "flow"
    assert next_step(scene).label == "Capture 12 Frames", "the shot lacks the passes"


def repaint(here: SimpleNamespace, name: str) -> None:
    """As if the take had been painted with the settings in the panel, with what a shot without passes can give."""
    here.scene.flowbrush.method = "per_frame"
    here.scene.flowbrush.fill_controls(())
    replace(Take.load(here.shot, name), settings=take_settings(here.scene.flowbrush)).save()
    refresh.look(here.scene)


def test_the_list_follows_scene_shot_and_file(here: SimpleNamespace, tmp_path: Path) -> None:
    here.scene.flowbrush.shot_name = "run"
    assert take_list.takes_of(here.scene) is None and not bpy.ops.flowbrush.rate_take.poll()
    refresh.look(here.scene)
    assert len(take_list.takes_of(here.scene).takes) == 0
    here.scene.flowbrush.shot_name = "walk"
    assert len(take_list.takes_of(here.scene).takes) == 2
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "walk.blend"))
    Take.start(here.shot, "cel", TakeSettings(), {})
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "walk.blend"))
    assert len(take_list.takes_of(bpy.context.scene).takes) == 3
    assert len(bpy.context.window_manager.flowbrush_takes) == 1


def test_a_growing_take_is_followed_while_it_is_painted(here: SimpleNamespace) -> None:
    take = Take.start(here.shot, "cel", TakeSettings(), {})
    refresh.look_at_take(here.shot, "cel")
    line = take_list.chosen(here.scene)
    assert (line.name, line.finished, line.icon) == ("cel", 0, 0)
    take.frame_path(3).write_bytes(Take.load(here.shot, "ink").frame_path(3).read_bytes())
    refresh.look_at_take(here.shot, "cel")
    assert line.finished == 1 and len(here.known.takes) == 3


def test_a_growing_take_is_played_with_the_render_in_the_gaps(here: SimpleNamespace) -> None:
    take = Take.start(here.shot, "cel", TakeSettings(), {})
    here.scene.flowbrush.take = "cel"
    refresh.look(here.scene)
    assert bpy.ops.flowbrush.watch_take() == {"FINISHED"}
    (strip,) = compat.strips_of(here.scene.sequence_editor)

    def shown() -> list[Path]:
        folder = Path(bpy.path.abspath(strip.directory))
        return [(folder / element.filename).resolve() for element in strip.elements]

    assert shown() == [here.shot.picture_path(frame).resolve() for frame in range(1, 13)]
    done = {}
    for frame in (3, 7, *range(1, 13)):
        take.frame_path(frame).write_bytes(Take.load(here.shot, "ink").frame_path(frame).read_bytes())
        done[frame] = take.frame_path(frame).resolve()
        growing.update(here.scene, here.shot, take)
        assert shown() == [done.get(frame, here.shot.picture_path(frame).resolve()) for frame in range(1, 13)]
    refresh.look(here.scene)
    assert not bpy.ops.flowbrush.watch_take.poll()
    assert bpy.ops.flowbrush.load_into_sequencer() == {"FINISHED"}
    assert [one.name for one in compat.strips_of(here.scene.sequence_editor)] == [strip.name], "the same strip"
    assert [element.filename for element in strip.elements] == [f"{frame:04d}.png" for frame in range(1, 13)]


def test_painted_keyframes_are_listed_and_marked(here: SimpleNamespace) -> None:
    scene = here.scene
    scene.flowbrush.take = "ink"
    assert not bpy.ops.flowbrush.mark_keyframes.poll()
    take = Take.load(here.shot, "ink")
    for frame in (9, 4):
        take.keyframe_path(frame).parent.mkdir(exist_ok=True)
        take.keyframe_path(frame).write_bytes(take.frame_path(frame).read_bytes())
    refresh.look(scene)
    assert here.known.takes["ink"].keyframe_numbers == [4, 9]
    scene.timeline_markers.new("mine", frame=2)
    for _ in range(2):
        assert bpy.ops.flowbrush.mark_keyframes() == {"FINISHED"}
    assert {(marker.name, marker.frame) for marker in scene.timeline_markers} == {
        ("mine", 2),
        ("Painted 4", 4),
        ("Painted 9", 9),
    }
    assert len(scene.timeline_markers) == 3
    assert bpy.ops.flowbrush.go_to_keyframe(frame=9) == {"FINISHED"} and scene.frame_current == 9


def test_the_picture_and_its_render_are_images_that_survive_an_undo(here: SimpleNamespace) -> None:
    take = Take.load(here.shot, "ink")
    path = take.frame_path(4)
    picture.show(str(path), still.render_of(here.shot.folder, str(path)))
    painted, render = pair()
    assert (painted.filepath, render.filepath) == (str(path), str(here.shot.picture_path(4)))
    assert render.colorspace_settings.name == "Non-Color"
    for image in (painted, render):
        bpy.data.images.remove(image)
    picture.show_again(None)
    assert pair()[0].filepath == str(path)
    picture.show(str(path))
    assert pair() is None, "nothing is wiped against the render of another frame"
    picture.forget()
    assert not bpy.data.images
    picture.show_again(None)
    assert not bpy.data.images


def test_a_take_has_the_picture_of_its_middle_frame(here: SimpleNamespace) -> None:
    folder = str(here.shot.take_folder("ink"))
    assert thumbnails._shown[folder][0].name == "0007.png"
    before = thumbnails._pictures[folder]
    refresh.look(here.scene)
    assert thumbnails._pictures[folder] is before, "what did not change is not read again"
    for frame in range(7, 13):
        Take.load(here.shot, "ink").frame_path(frame).unlink()
    refresh.look(here.scene)
    assert thumbnails._shown[folder][0].name == "0004.png" and list(thumbnails._pictures[folder].image_size) == [*SIZE]


def test_stars_are_given_and_taken_away(here: SimpleNamespace) -> None:
    choose(here, "ink")
    for stars, left in ((4, 4), (2, 2), (2, 0), (5, 5)):
        said(bpy.ops.flowbrush.rate_take, stars=stars)
        assert here.known.takes["ink"].stars == left
        refresh.look(here.scene)
        assert take_list.chosen(here.scene).stars == left
    assert here.known.takes["flow"].stars == 0


def test_all_settings_come_back_from_a_take(here: SimpleNamespace) -> None:
    settings = TakeSettings(style="ink", prompt="a fox", method="flow", strength=0.5, seed=7, refine=0.25)
    Take.start(here.shot, "cel", settings, {})
    refresh.look(here.scene)
    choose(here, "cel")
    said(bpy.ops.flowbrush.restore_settings)
    chosen = here.scene.flowbrush
    assert (chosen.style, chosen.prompt, chosen.method, chosen.seed) == ("ink", "a fox", "flow", 7)
    assert (chosen.strength, chosen.refine) == (0.5, 0.25)
    assert bpy.context.window_manager.flowbrush.sentence == "The settings are those of cel"


def state(strip) -> tuple:
    """All that a strip is besides which take it shows."""
    transform = strip.transform
    return (
        compat.strip_span(strip), compat.content_start(strip), compat.content_length(strip), strip.channel, strip.mute,
        strip.blend_alpha, transform.offset_x, transform.scale_x, [element.filename for element in strip.elements],
    )  # fmt: skip


def on_top(editor, strip):
    """A speed effect on `strip`."""
    start = strip.frame_final_start
    effect = compat.new_effect(compat.strips_of(editor), "SPEED", "Fast", 6, range(start, start + 7), strip)
    effect.speed_control, effect.speed_factor = "MULTIPLY", 2.0
    return effect


def test_a_strip_shows_another_take_in_place(here: SimpleNamespace, tmp_path: Path) -> None:
    choose(here, "flow")
    said(bpy.ops.flowbrush.load_into_sequencer, take="flow")
    editor = here.scene.sequence_editor
    strip = editor.active_strip
    compat.move_strip(strip, 21)
    strip.frame_offset_start, strip.frame_offset_end = 2, 3
    strip.channel, strip.blend_alpha, strip.transform.offset_x, strip.transform.scale_x = 5, 0.5, 8, 0.75
    speed = on_top(editor, strip)
    before, pointer = state(strip), strip.as_pointer()
    choose(here, "ink")
    assert said(bpy.ops.flowbrush.swap_take) == "The strip on channel 5 shows ink"
    after = next(strip for strip in strips.every_strip(editor) if strip.type == "IMAGE")
    assert (speed.input_1, speed.speed_factor) == (after, 2.0)
    compat.strips_of(editor).remove(speed)
    assert state(after) == before and after.as_pointer() == pointer and after.name == "ink"
    assert Path(bpy.path.abspath(after.directory)) == Take.load(here.shot, "ink").folder / "frames"
    after.blend_alpha, after.transform.offset_x, after.transform.scale_x = 1.0, 0, 1.0
    seen = flat_takes.still(here.scene, 25, tmp_path / "seen.png")
    assert np.abs(seen.astype(int) - flat_takes.picture("ink", 5)).mean() < 1.0
    after.name = "My paint"
    choose(here, "flow")
    said(bpy.ops.flowbrush.swap_take)
    assert after.name == "My paint", "a name that the user gave stays"
    said(bpy.ops.flowbrush.load_into_sequencer, take="flow")
    assert len(list(strips.every_strip(editor))) == 1, "the take is found in the strip that shows it now"


def test_a_swap_that_would_lack_frames_is_refused(here: SimpleNamespace) -> None:
    said(bpy.ops.flowbrush.load_into_sequencer, take="flow")
    strip = here.scene.sequence_editor.active_strip
    for frame in (9, 10):
        Take.load(here.shot, "ink").frame_path(frame).unlink()
    choose(here, "ink")
    told = said(bpy.ops.flowbrush.swap_take)
    assert "'ink' lacks 2 of the 12 frames of 'flow', the first is 0009" in told
    assert strip.name == "flow" and "flow" in strip.directory


def test_only_strips_of_the_shot_are_swapped(here: SimpleNamespace, tmp_path: Path) -> None:
    choose(here, "ink")
    assert not bpy.ops.flowbrush.swap_take.poll(), "no strip is active"
    other = make_shot(tmp_path / "other")
    strips.load_take(here.scene, other, Take.load(other, "flow"))
    strip = here.scene.sequence_editor.active_strip
    assert "shows nothing of this shot" in said(bpy.ops.flowbrush.swap_take)
    del strip[strips.TAG]
    assert not bpy.ops.flowbrush.swap_take.poll()


def test_two_takes_are_compared_left_and_right_of_a_border(here: SimpleNamespace, tmp_path: Path) -> None:
    said(bpy.ops.flowbrush.load_into_sequencer, take="flow")
    users = here.scene.sequence_editor.active_strip
    before = state(users)
    choose(here, "flow")
    assert not bpy.ops.flowbrush.end_comparison.poll() and not here.known.compares
    assert said(bpy.ops.flowbrush.compare_takes, other="ink").startswith("flow is on the left, ink on the right")
    assert here.known.compares and here.known.border == 0.5
    here.known.border = 0.25
    seen = flat_takes.still(here.scene, 7, tmp_path / "seen.png")
    at = SIZE[0] // 4
    # The border itself is softened.
    for columns, name in ((slice(0, at - 2), "flow"), (slice(at + 2, None), "ink")):
        assert np.abs(seen[:, columns].astype(int) - flat_takes.picture(name, 7)[:, columns]).max() <= 2
    choose(here, "ink")
    said(bpy.ops.flowbrush.compare_takes, other=takes.RENDER)
    assert here.known.border == 0.25 and len(list(strips.every_strip(here.scene.sequence_editor))) == 4
    seen = flat_takes.still(here.scene, 7, tmp_path / "seen.png")
    assert np.abs(seen[:, at + 2 :].astype(int) - flat_takes.picture("", 7)[:, at + 2 :]).max() <= 2
    assert bpy.ops.flowbrush.end_comparison() == {"FINISHED"}
    assert list(strips.every_strip(here.scene.sequence_editor)) == [users] and state(users) == before


def test_takes_of_different_frames_are_compared_where_both_are(here: SimpleNamespace) -> None:
    for frame in range(1, 5):
        Take.load(here.shot, "ink").frame_path(frame).unlink()
    for frame in range(9, 13):
        Take.load(here.shot, "flow").frame_path(frame).unlink()
    choose(here, "flow")
    said(bpy.ops.flowbrush.compare_takes, other="ink")
    spans = [compat.strip_span(strip) for strip in strips.every_strip(here.scene.sequence_editor)]
    assert spans == [range(5, 9)] * 3
    for frame in range(5, 9):
        Take.load(here.shot, "ink").frame_path(frame).unlink()
    assert "no frame in common" in said(bpy.ops.flowbrush.compare_takes, other="ink")
    assert compare.runs(here.scene), "the former comparison stays"


def test_a_take_is_removed_with_its_files_and_the_question_names_its_strips(here: SimpleNamespace) -> None:
    said(bpy.ops.flowbrush.load_into_sequencer, take="ink")
    choose(here, "ink")
    asked = takes.question(preferences.shot_folder(here.scene), take_list.chosen(here.scene))
    assert "'ink' and its 12 frames are removed" in asked and asked.endswith("It is shown by the strip 'ink'.")
    assert "strip" not in takes.question(preferences.shot_folder(here.scene), here.known.takes["flow"])
    assert said(bpy.ops.flowbrush.remove_take) == "ink is removed"
    assert [line.name for line in here.known.takes] == ["flow"] and take_list.chosen(here.scene).name == "flow"
    assert not here.shot.take_folder("ink").exists() and len(Take.load(here.shot, "flow").finished(here.shot)) == 12
    assert str(here.shot.take_folder("ink")) not in thumbnails._pictures


def test_nothing_is_removed_while_a_job_runs(here: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    choose(here, "ink")
    monkeypatch.setattr(job, "_job", job.Job("Stylize Animation", [], lambda _message: ""))
    assert not bpy.ops.flowbrush.remove_take.poll() and not bpy.ops.flowbrush.swap_take.poll()
    assert bpy.ops.flowbrush.rate_take.poll() and bpy.ops.flowbrush.restore_settings.poll()
    with pytest.raises(RuntimeError, match="Wait for the running job"):
        bpy.ops.flowbrush.remove_take()
    assert Shot.load(here.shot.folder).take_folder("ink").exists()
