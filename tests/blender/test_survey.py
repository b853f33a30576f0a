"""What a frame depends on: every edit that can show changes its fingerprint, and nothing else does."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
import pytest
from blender import scenes
from flowbrush.scene import compat
from flowbrush.scene.changes import Changes
from flowbrush.scene.survey import State, survey

FRAME = 3
SIZE = (32, 24)
NOTHING: set[str] = set()
PICTURE = {"picture"}
ALL = {"passes", "picture"}


@pytest.fixture
def scene(tmp_path: Path) -> bpy.types.Scene:
    """Things that move, a texture in a file, one in the file itself, a light, a sky, modifiers, a driver, hair."""
    scene = scenes.motion_scene(*SIZE, shift=False)
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    scene.collection.objects.link(sun)
    scene.world = bpy.data.worlds.new("Sky")
    compat.give_nodes(scene.world)
    for material in bpy.data.materials:
        scenes.make_matte(material)
    for name, material in (("file", "floor"), ("packed", "wall")):
        image = bpy.data.images.new(name, 4, 4)
        image.filepath_raw, image.file_format = str(tmp_path / f"{name}.png"), "PNG"
        image.save()
        tree = bpy.data.materials[material].node_tree
        texture = tree.nodes.new("ShaderNodeTexImage")
        texture.image = image
        tree.links.new(texture.outputs["Color"], find(tree, "BSDF_PRINCIPLED").inputs["Roughness"])
    bpy.data.images["packed"].pack()
    subdivision = bpy.data.objects["Wall"].modifiers.new("Subdivision", "SUBSURF")
    subdivision.levels, subdivision.render_levels = 0, 1
    bpy.data.objects["Floor"].driver_add("location", 2).driver.expression = "frame * 0.01"
    return scene


def find(tree: bpy.types.NodeTree, kind: str) -> bpy.types.Node:
    return next(node for node in tree.nodes if node.type == kind)


def look(scene: bpy.types.Scene, frames: range = range(FRAME, FRAME + 1)) -> dict[int, State]:
    with Changes() as changes:
        return survey(changes, scene, scene.view_layers[0], "CYCLES", SIZE, frames, lambda _done, _total: None)


def differing(before: State, after: State) -> set[str]:
    return {name for name in ("passes", "picture") if getattr(before, name) != getattr(after, name)}


def move_vertex() -> None:
    bpy.data.meshes["Wall"].vertices[0].co.x += 1e-4


def move_key() -> None:
    camera = bpy.data.objects["Camera"]
    curves = compat.action_curves(camera.animation_data)
    next(point for point in curves[0].keyframe_points if point.co.x == FRAME).co.y += 0.01


def colour() -> None:
    find(bpy.data.materials["ball"].node_tree, "MIX_RGB").inputs["Color2"].default_value = (1, 0, 0, 1)


def glass() -> None:
    tree = bpy.data.materials["ball"].node_tree
    clear = tree.nodes.new("ShaderNodeBsdfTransparent")
    tree.links.new(clear.outputs[0], find(tree, "OUTPUT_MATERIAL").inputs["Surface"])


def alpha() -> None:
    find(bpy.data.materials["ball"].node_tree, "BSDF_PRINCIPLED").inputs["Alpha"].default_value = 0.9


def glow() -> None:
    """A surface that glows is left out by Cycles when its strength becomes 0."""
    tree = bpy.data.materials["ball"].node_tree
    tree.links.new(find(tree, "EMISSION").outputs[0], find(tree, "OUTPUT_MATERIAL").inputs["Surface"])


def bump() -> None:
    tree = bpy.data.materials["ball"].node_tree
    gloss, bump = tree.nodes.new("ShaderNodeBsdfDiffuse"), tree.nodes.new("ShaderNodeBump")
    tree.links.new(bump.outputs[0], gloss.inputs["Normal"])
    tree.links.new(gloss.outputs[0], find(tree, "OUTPUT_MATERIAL").inputs["Surface"])


def pixel() -> None:
    image = bpy.data.images["packed"]
    pixels = np.array(image.pixels)
    pixels[0] = 0.5
    image.pixels = pixels
    image.pack()


def file_on_disk() -> None:
    path = Path(bpy.data.images["file"].filepath)
    os.utime(path, ns=(1, 1))


def sky() -> None:
    find(bpy.context.scene.world.node_tree, "BACKGROUND").inputs["Strength"].default_value = 0.3


def render_levels() -> None:
    bpy.data.objects["Wall"].modifiers["Subdivision"].render_levels = 2


def hidden_in_renders() -> None:
    bpy.data.objects["Ball"].hide_render = True


def driver() -> None:
    bpy.data.objects["Floor"].animation_data.drivers[0].driver.expression = "frame * 0.011"


def lens() -> None:
    bpy.data.cameras["Camera"].lens = 36


def other_material() -> None:
    bpy.data.objects["Ball"].material_slots[0].material = bpy.data.materials["wall"]


def weight() -> None:
    bpy.data.objects["Figure"].vertex_groups["lower"].add([300], 0.5, "REPLACE")


def texture_coordinates() -> None:
    layer = bpy.data.meshes["Sphere"].uv_layers[0]
    layer.data[5].uv.x += 0.25


def attribute() -> None:
    bpy.data.meshes["Floor"].attributes.new("dirt", "FLOAT", "POINT").data[3].value = 1.0


def geometry_nodes() -> None:
    group = bpy.data.node_groups.new("Move", "GeometryNodeTree")
    group.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    group.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    start, end, move = (group.nodes.new(n) for n in ("NodeGroupInput", "NodeGroupOutput", "GeometryNodeSetPosition"))
    move.inputs["Offset"].default_value = (0, 0, 0.01)
    group.links.new(start.outputs[0], move.inputs[0])
    group.links.new(move.outputs[0], end.inputs[0])
    bpy.data.objects["Ball"].modifiers.new("Move", "NODES").node_group = group


def hair() -> None:
    bpy.data.objects["Floor"].modifiers.new("Grass", "PARTICLE_SYSTEM")
    settings = bpy.data.objects["Floor"].particle_systems[0].settings
    settings.type, settings.count, settings.render_type = "HAIR", 5, "PATH"


def cut() -> None:
    camera = bpy.data.objects.new("Other", bpy.data.cameras["Camera"])
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.timeline_markers.new("cut", frame=2).camera = camera


def property_of_object() -> None:
    bpy.data.objects["Ball"]["wear"] = 0.5


def freestyle_mark() -> None:
    bpy.context.scene.view_layers[0].freestyle_settings.crease_angle = 1.0


SHOWN: dict[str, tuple[Callable[[], object], set[str]]] = {
    "vertex": (move_vertex, ALL),
    "key": (move_key, ALL),
    "colour": (colour, PICTURE),
    "glass": (glass, ALL),
    "alpha": (alpha, ALL),
    "glow": (glow, ALL),
    "bump": (bump, ALL),
    "pixel": (pixel, PICTURE),
    "file on disk": (file_on_disk, PICTURE),
    "sky": (sky, PICTURE),
    "light": (lambda: setattr(bpy.data.lights["Sun"], "energy", 2.0), PICTURE),
    "light's place": (lambda: setattr(bpy.data.objects["Sun"], "rotation_euler", (1, 0, 0)), PICTURE),
    "view transform": (lambda: setattr(bpy.context.scene.view_settings, "exposure", 1.0), PICTURE),
    "samples": (lambda: setattr(bpy.context.scene.cycles, "samples", 7), PICTURE),
    "lines": (freestyle_mark, PICTURE),
    "render levels": (render_levels, ALL),
    "hidden in renders": (hidden_in_renders, ALL),
    "driver": (driver, ALL),
    "lens": (lens, ALL),
    "other material": (other_material, ALL),
    "weight": (weight, ALL),
    "texture coordinates": (texture_coordinates, ALL),
    "attribute": (attribute, ALL),
    "geometry nodes": (geometry_nodes, ALL),
    "hair": (hair, ALL),
    "cut": (cut, ALL),
    "property": (property_of_object, ALL),
    "film": (lambda: setattr(bpy.context.scene.render, "film_transparent", True), ALL),
    "simplify": (lambda: setattr(bpy.context.scene.render, "use_simplify", True), ALL),
}


@pytest.mark.parametrize("edit", SHOWN)
def test_an_edit_that_can_show_counts_where_it_can(scene, edit):
    before = look(scene)[FRAME]
    change, expected = SHOWN[edit]
    change()
    after = look(scene)[FRAME]
    assert differing(before, after) == expected


def select_and_activate() -> None:
    for item in bpy.data.objects:
        item.select_set(item.name == "Wall")
    bpy.context.view_layer.objects.active = bpy.data.objects["Wall"]
    for piece in bpy.data.meshes["Wall"].polygons:
        piece.select = piece.index % 2 == 0


def hide_in_window() -> None:
    bpy.data.objects["Ball"].hide_set(True)
    bpy.data.objects["Wall"].hide_viewport = True


def arrange_nodes() -> None:
    node = find(bpy.data.materials["ball"].node_tree, "BSDF_PRINCIPLED")
    node.location, node.label, node.select = (300, 20), "glow", True


def set_up_output() -> None:
    scene = bpy.context.scene
    scene.render.filepath, scene.render.image_settings.file_format = "//elsewhere", "JPEG"
    scene.frame_start, scene.frame_end, scene.frame_step, scene.render.fps = 2, 40, 3, 30


def unused_blocks() -> None:
    compat.give_nodes(bpy.data.materials.new("unused"))
    bpy.data.texts.new("notes").write("to do")
    bpy.data.meshes.new("unused")


def users_passes() -> None:
    layer = bpy.context.scene.view_layers[0]
    layer.use_pass_mist = layer.use_pass_cryptomatte_object = True
    layer.aovs.add().name = "dirt"


UNSEEN: dict[str, Callable[[], object]] = {
    "nothing": lambda: None,
    "selection": select_and_activate,
    "hidden in the window": hide_in_window,
    "viewport levels": lambda: setattr(bpy.data.objects["Wall"].modifiers["Subdivision"], "levels", 2),
    "current frame": lambda: bpy.context.scene.frame_set(7, subframe=0.5),
    "arranged nodes": arrange_nodes,
    "output": set_up_output,
    "cursor": lambda: setattr(bpy.context.scene.cursor, "location", (1, 2, 3)),
    "unused data-blocks": unused_blocks,
    "passes of the user": users_passes,
    "engine": lambda: setattr(bpy.context.scene.render, "engine", "BLENDER_WORKBENCH"),
    "frame before another": lambda: look(bpy.context.scene, range(6, 8)),
}


@pytest.mark.parametrize("edit", UNSEEN)
def test_an_edit_that_cannot_show_does_not_count(scene, edit):
    before = look(scene)
    UNSEEN[edit]()
    assert look(scene) == before


def test_an_edit_of_a_few_frames_counts_for_those_and_for_the_vectors_beside(scene):
    frames = range(1, 9)
    before = look(scene, frames)
    ball = bpy.data.objects["Ball"]
    for curve in compat.action_curves(ball.animation_data):
        for point in curve.keyframe_points:
            point.interpolation = "LINEAR"
            point.co.y += 0.1 if point.co.x >= 6 else 0.0
    after = look(scene, frames)
    assert [frame for frame in frames if before[frame].picture != after[frame].picture] == [6, 7, 8]
    assert [frame for frame in frames if before[frame].passes != after[frame].passes] == [5, 6, 7, 8]


def test_the_first_keys_of_an_object_count_from_where_it_moves(scene):
    frames = range(1, 9)
    before = look(scene, frames)
    wall = bpy.data.objects["Wall"]
    wall.keyframe_insert("location", frame=5)
    wall.location.y += 0.1
    wall.keyframe_insert("location", frame=8)
    after = look(scene, frames)
    assert [frame for frame in frames if before[frame].picture != after[frame].picture] == [6, 7, 8]
    assert [frame for frame in frames if before[frame].passes != after[frame].passes] == [5, 6, 7, 8]


def test_a_script_that_runs_at_each_frame_counts(scene):
    def squeeze(_scene: bpy.types.Scene, _depsgraph: object = None) -> None:
        bpy.data.lights["Sun"].energy = power

    power = 3.0
    bpy.app.handlers.frame_change_pre.append(squeeze)
    try:
        before = look(scene)[FRAME]
        power = 4.0
        assert differing(before, look(scene)[FRAME]) == PICTURE
    finally:
        bpy.app.handlers.frame_change_pre.remove(squeeze)


def test_properties_that_an_addon_brings_count_while_it_is_there(scene):
    before = look(scene)[FRAME]
    bpy.types.Material.flowbrush_test = bpy.props.FloatProperty()
    try:
        with_addon = look(scene)[FRAME]
        bpy.data.materials["ball"].flowbrush_test = 0.5
        assert differing(with_addon, look(scene)[FRAME]) == PICTURE
        bpy.data.materials["ball"].property_unset("flowbrush_test")
    finally:
        del bpy.types.Material.flowbrush_test
    assert look(scene)[FRAME] == before


def test_the_same_in_another_process_and_in_a_copy_elsewhere(scene, tmp_path):
    bpy.data.images["file"].filepath = str(tmp_path / "file.png")
    original, copy = tmp_path / "scene.blend", tmp_path / "elsewhere" / "copy.blend"
    copy.parent.mkdir()
    bpy.ops.wm.save_as_mainfile(filepath=str(original))
    bpy.data.images["file"].filepath = "//file.png"
    bpy.ops.wm.save_as_mainfile(filepath=str(copy), copy=True)
    here = _fingerprints(look(scene))
    program = f"""
import json, os, sys
import bpy
sys.path += {sys.path!r}
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
from blender.test_survey import _fingerprints, look
print("\\n" + json.dumps(_fingerprints(look(bpy.context.scene))), flush=True)
os._exit(0)
"""
    for file in (original, copy):
        run = subprocess.run([sys.executable, "-c", program, str(file)], capture_output=True, text=True)
        assert run.returncode == 0, run.stderr
        assert json.loads(run.stdout.splitlines()[-1]) == here, file


def _fingerprints(states: dict[int, State]) -> list[list[str]]:
    return [[state.passes, state.picture] for state in states.values()]


def test_a_changed_library_counts_when_it_is_loaded(tmp_path):
    scene = scenes.odd_scene(*SIZE, tmp_path / "library.blend")
    bpy.ops.wm.save_as_mainfile(filepath=str(tmp_path / "scene.blend"))
    before = look(scene)[FRAME]
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "library.blend"))
    bpy.data.meshes["Linked"].vertices[0].co.z = 1.0
    bpy.ops.wm.save_mainfile()
    bpy.ops.wm.open_mainfile(filepath=str(tmp_path / "scene.blend"))
    assert differing(before, look(bpy.context.scene)[FRAME]) == ALL
