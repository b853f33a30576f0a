"""Line drawings made by Blender: lines where silhouettes are, nothing elsewhere, and the scene as it was."""

from contextlib import closing
from dataclasses import replace

import bpy
import numpy as np
import pytest
from blender import rna_dump, scenes
from flowbrush.backend import needs
from flowbrush.backend.errors import SceneError
from flowbrush.backend.passes.exr import read_drawn, read_passes
from flowbrush.backend.shot import Shot
from flowbrush.scene import line_art
from flowbrush.scene.capture import CaptureSettings, capture

DRAWINGS = (needs.FREESTYLE, needs.GREASE_PENCIL)
SETTINGS = CaptureSettings(
    4, 5, samples=1, denoise=False, size=(96, 64), passes=("depth", "object_id"), extras=DRAWINGS
)
FILLED_IN = "].render.image_settings.linear_colorspace_settings.name"  # see test_capture_restores


@pytest.fixture(scope="module")
def captured(tmp_path_factory):
    """A shot with both drawings, and what the capture changed in the scene."""
    scene = scenes.odd_scene(64, 48, tmp_path_factory.mktemp("library") / "library.blend")
    scene.render.resolution_percentage = 50
    bpy.context.view_layer.update()
    rna_dump.dump()  # reading some attributes changes how Blender stores them
    before = rna_dump.dump()
    folder = tmp_path_factory.mktemp("shots") / "lines"
    with closing(capture(scene, folder, SETTINGS)) as frames:
        for _ in frames:
            pass
    difference = rna_dump.difference(before, rna_dump.dump())
    changed = {p: values for p, values in difference.items() if not (p.endswith(FILLED_IN) and values[0] == "")}
    return Shot.load(folder), changed


@pytest.mark.parametrize("drawing", DRAWINGS)
@pytest.mark.parametrize("frame", [4, 5])
def test_silhouettes_are_drawn_where_they_are(captured, drawing, frame):
    shot, _ = captured
    picture = read_drawn(shot, drawing, frame)
    assert np.ptp(picture, axis=2).max() == 0.0, "lines are grey"
    ink, ids = picture[..., 0], read_passes(shot, frame, ("object_id",))["object_id"]
    border = np.zeros(ids.shape, bool)
    border[:, 1:] |= ids[:, 1:] != ids[:, :-1]
    border[1:] |= ids[1:] != ids[:-1]
    near = np.max([np.roll(ink, (y, x), (0, 1)) for y in (-1, 0, 1) for x in (-1, 0, 1)], axis=0)
    inner = np.s_[2:-2, 2:-2]
    assert border[inner].sum() > 100
    assert (near[inner][border[inner]] > 0.3).mean() > 0.9
    assert 0.02 < (ink > 0.3).mean() < 0.5 and ink.max() > 0.9


def test_the_scene_s_own_line_sets_are_drawn_where_it_renders_with_freestyle(tmp_path):
    scene = scenes.empty_scene(64, 48)
    scenes.add_mesh("Square", *scenes.grid(1, 1), None)
    scenes.add_camera(lambda _: (0.0, 0.0, 5.0), (0.0, 0.0, 0.0))
    layer = scene.view_layers[0]
    for lines in list(layer.freestyle_settings.linesets):
        layer.freestyle_settings.linesets.remove(lines)
    lines = layer.freestyle_settings.linesets.new("Mine")
    lines.select_silhouette, lines.select_border, lines.select_crease = True, True, False
    lines.linestyle.thickness, lines.linestyle.color = 6.0, (1.0, 0.2, 0.0)
    ink = {}
    for own in (False, True):
        scene.render.use_freestyle = layer.use_freestyle = own
        settings = CaptureSettings(1, 1, samples=1, denoise=False, passes=(), extras=(needs.FREESTYLE,))
        with closing(capture(scene, tmp_path / str(own), settings)) as frames:
            list(frames)
        ink[own] = read_drawn(Shot.load(tmp_path / str(own)), needs.FREESTYLE, 1)
    assert [style.name for style in bpy.data.linestyles] == [lines.linestyle.name]
    assert ink[True].max() > 0.95 and np.ptp(ink[True], axis=2).max() == 0.0, "white, whatever their colour"
    assert ink[True].sum() > 2.5 * ink[False].sum() > 0


@pytest.mark.parametrize(
    ("drawing", "broken"), [(needs.FREESTYLE, "read_channels"), (needs.GREASE_PENCIL, "_add_drawing")]
)
def test_the_scene_is_as_it_was_after_an_error(tmp_path, monkeypatch, drawing, broken):
    def fail(*_):
        raise RuntimeError("Error: no memory left")

    def fail_late(changes, scene):
        made(changes, scene)
        fail()

    scene = scenes.odd_scene(64, 48, tmp_path / "library.blend")
    bpy.context.view_layer.update()
    rna_dump.dump()
    before = rna_dump.dump()
    made = line_art._add_drawing
    monkeypatch.setattr(line_art, broken, fail_late if broken == "_add_drawing" else fail)
    settings = replace(SETTINGS, extras=(drawing,))
    with (
        pytest.raises(SceneError, match="no memory left"),
        closing(capture(scene, tmp_path / "shot", settings)) as frames,
    ):
        list(frames)
    difference = rna_dump.difference(before, rna_dump.dump())
    assert {p: v for p, v in difference.items() if not (p.endswith(FILLED_IN) and v[0] == "")} == {}
    assert not list((tmp_path / "shot").glob("conditions/*/*.png"))


def test_the_scene_is_as_it_was(captured):
    _, changed = captured
    assert changed == {}
