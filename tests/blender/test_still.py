"""One frame by itself is captured once, and again only when the scene may look otherwise.

The extension is registered from its folder, in this process; the background Blender is stood in for.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import bpy
import flowbrush
import pytest
from blender.flat_takes import make_shot
from flowbrush import preferences
from flowbrush.backend.shot import Shot
from flowbrush.operators import capture, still
from flowbrush.properties.styles import styles
from flowbrush.scene import edits


@pytest.fixture(scope="module", autouse=True)
def registered() -> Iterator[None]:
    bpy.ops.wm.read_factory_settings(use_empty=False)
    known = bpy.context.preferences.addons.new()
    known.module = "flowbrush"
    flowbrush.register()
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)


def add_levels() -> None:
    bpy.data.objects["Cube"].modifiers.new("levels", "SUBSURF").show_viewport = False


CHANGES: dict[str, Callable[[], None]] = {
    "an object": lambda: setattr(bpy.data.objects["Cube"], "location", (0, 0, 1)),
    "a material": lambda: setattr(bpy.data.materials["Material"], "roughness", 0.1),
    "the light": lambda: setattr(bpy.data.lights["Light"], "energy", 7),
    "the camera": lambda: setattr(bpy.data.cameras["Camera"], "lens", 20),
    "the size": lambda: setattr(bpy.context.scene.render, "resolution_x", 77),
    "the samples of the renderer": lambda: setattr(bpy.context.scene.cycles, "max_bounces", 2),
    "the view transform": lambda: setattr(bpy.context.scene.view_settings, "exposure", 1.0),
    "a modifier": add_levels,
    "what only renders show": lambda: setattr(bpy.data.objects["Cube"].modifiers["levels"], "render_levels", 3),
    "what renders": lambda: setattr(bpy.data.collections["Collection"], "hide_render", True),
    "a keyframe": lambda: bpy.data.objects["Cube"].keyframe_insert("location", frame=9),
}


def test_what_changes_the_picture_is_noticed_and_nothing_else() -> None:
    scene, view_layer = bpy.context.scene, bpy.context.view_layer
    view_layer.update()
    before = edits.look(scene)
    assert before is not None
    scene.flowbrush.prompt, scene.flowbrush.style = "a fox", list(styles())[-1]  # told as a change of the scene
    bpy.data.objects["Light"].select_set(True)
    scene.frame_set(5)
    scene.timeline_markers.new("here", frame=3)
    bpy.data.images.new("Flowbrush", 8, 8).update()
    view_layer.update()
    assert edits.look(scene) == before
    for name, change in CHANGES.items():
        before = edits.look(scene)
        change()
        view_layer.update()
        assert edits.look(scene) != before, name
    bpy.data.collections["Collection"].hide_render = False
    bpy.data.objects["Cube"].hide_viewport = True
    view_layer.update()
    assert edits.look(scene) is None, "of what no window shows Blender tells nothing"
    bpy.data.objects["Cube"].hide_viewport = False


def test_a_frame_is_not_captured_again_while_nothing_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = bpy.context.scene
    bpy.context.preferences.addons["flowbrush"].preferences.shots_folder = str(tmp_path)
    monkeypatch.setattr(
        capture.CaptureStage, "start", lambda self: make_shot(self._folder, self._order.frames, takes=())
    )
    monkeypatch.setattr(capture.CaptureStage, "poll", lambda _self: [{"type": "result"}])
    monkeypatch.setattr(still, "needed_for", lambda *_: ((), ()))
    monkeypatch.setattr(capture, "needed_for", lambda *_: ((), ()))

    def captured(frame: int) -> bool:
        _folder, stages, _warnings = still.still_shot(scene, frame)
        for stage in stages:
            stage.start()
            stage.poll()
        return bool(stages)

    assert [captured(frame) for frame in (3, 3, 4, 4, 3)] == [True, False, True, False, True]
    scene.flowbrush.prompt = "a hare"
    assert not captured(3)
    scene.flowbrush.samples += 1
    assert captured(3) and not captured(3)
    bpy.data.objects["Cube"].location.x += 1
    bpy.context.view_layer.update()
    assert captured(3) and not captured(3)
    shot = Shot.load(preferences.shot_folder(scene).with_name(f"{scene.flowbrush.folder_name} {still.STILL}"))
    shot.picture_path(3).unlink()
    assert captured(3)
    make_shot(preferences.shot_folder(scene), (1, 5), takes=())
    assert not captured(4), "the captured shot has it"
