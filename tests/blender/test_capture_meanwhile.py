"""What a random scene once lost to a capture (see test_fuzz.py), each in a scene of its own."""

from contextlib import closing
from dataclasses import replace
from pathlib import Path

import bpy
import pytest
from blender import scenes
from flowbrush.backend.errors import SceneError
from flowbrush.backend.shot import Shot
from flowbrush.scene import compat
from flowbrush.scene.capture import CaptureSettings, capture
from flowbrush.scene.changes import Changes

SETTINGS = CaptureSettings(first=1, last=2, samples=1, denoise=False, size=(16, 12))


@pytest.fixture
def scene() -> bpy.types.Scene:
    scene = scenes.empty_scene(16, 12)
    scenes.add_camera(lambda f: (0.0, -4.0, 7.0), (0.0, 0.0, 0.0))
    return scene


def bare_grid(name: str = "Bare") -> bpy.types.Object:
    """A mesh without slots, whose faces ask for the third, first, second and fourth material."""
    item = scenes.add_mesh(name, *scenes.grid(2, 2), None)
    item.data.polygons.foreach_set("material_index", [2, 0, 1, 3])
    return item


def linked(name: str, path: Path) -> bpy.types.Object:
    """The object `name`, written to a library and linked from there into an otherwise empty scene with a camera."""
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
    scene = scenes.empty_scene(16, 12)
    scenes.add_camera(lambda f: (0.0, -4.0, 7.0), (0.0, 0.0, 0.0))
    with bpy.data.libraries.load(str(path), link=True) as (_, wanted):
        wanted.objects = [name]
    scene.collection.objects.link(wanted.objects[0])
    return wanted.objects[0]


def captured_with(scene: bpy.types.Scene, folder: Path, edit) -> None:
    """Captures, with `edit()` between the first frame and the second."""
    with closing(capture(scene, folder / "shot", SETTINGS)) as frames:
        next(frames)
        edit()
        list(frames)


def face_materials(item: bpy.types.Object) -> list[int]:
    return [face.material_index for face in item.data.polygons]


def test_faces_of_a_linked_mesh_keep_their_materials(scene, tmp_path):
    bare_grid()
    item = linked("Bare", tmp_path / "library.blend")
    list(capture(bpy.context.scene, tmp_path / "shot", SETTINGS))
    assert face_materials(item) == [2, 0, 1, 3] and not item.material_slots


def test_an_empty_slot_of_a_linked_mesh_is_no_obstacle(scene, tmp_path):
    bare_grid().data.materials.append(None)
    item = linked("Bare", tmp_path / "library.blend")
    list(capture(bpy.context.scene, tmp_path / "shot", SETTINGS))
    assert [slot.material for slot in item.material_slots] == [None]


def test_faces_in_edit_mode_keep_their_materials(scene, tmp_path):
    import bmesh  # part of bpy: it can be imported only after that

    item = bare_grid()
    bpy.context.view_layer.objects.active = item
    bpy.ops.object.mode_set(mode="EDIT")
    bmesh.from_edit_mesh(item.data).faces.ensure_lookup_table()
    bmesh.from_edit_mesh(item.data).faces[1].material_index = 5  # not in the mesh before edit mode ends
    list(capture(scene, tmp_path / "shot", SETTINGS))
    assert item.mode == "EDIT"
    bpy.ops.object.mode_set(mode="OBJECT")
    assert face_materials(item) == [2, 5, 1, 3]


def test_a_view_layer_with_the_longest_name(scene, tmp_path):
    name = "層" * 21
    scene.view_layers[0].name = name
    list(capture(scene, tmp_path / "shot", SETTINGS))
    assert scene.view_layers[0].name == name
    assert Shot.load(tmp_path / "shot").view_layer == name


def test_a_moment_between_negative_frames(scene, tmp_path):
    scene.frame_set(-1, subframe=0.25)
    before = scene.frame_current, scene.frame_subframe
    list(capture(scene, tmp_path / "shot", SETTINGS))
    assert (scene.frame_current, scene.frame_subframe) == before == (0, -0.75)


def test_what_is_hidden_for_a_while_stays_selected(scene, tmp_path):
    item = bare_grid()
    scene.frame_set(9)
    for frame in (2, 9):
        item.hide_viewport = frame == 2
        item.keyframe_insert("hide_viewport", frame=frame)
    item.select_set(True)
    list(capture(scene, tmp_path / "shot", SETTINGS))
    assert item.select_get()


def test_the_last_render_can_still_be_seen(scene, tmp_path):
    bare_grid()
    bpy.ops.render.render(scene=scene.name)
    result = bpy.data.images["Render Result"]
    scene.render.image_settings.file_format = "PNG"
    result.save_render(str(tmp_path / "before.png"), scene=scene)
    list(capture(scene, tmp_path / "shot", replace(SETTINGS, size=(8, 6))))
    result.save_render(str(tmp_path / "after.png"), scene=scene)
    before, after = (bpy.data.images.load(str(tmp_path / name)) for name in ("before.png", "after.png"))
    assert tuple(after.size) == (16, 12)
    assert list(before.pixels) == list(after.pixels)


def test_a_material_that_the_user_puts_into_an_empty_slot_stays(scene, tmp_path):
    item = bare_grid()
    item.data.materials.append(None)
    mine = bpy.data.materials.new("mine")
    captured_with(scene, tmp_path, lambda: item.data.materials.__setitem__(0, mine))
    assert list(item.data.materials) == [mine]


def test_a_slot_that_the_user_adds_stays(scene, tmp_path):
    item = bare_grid()
    mine = bpy.data.materials.new("mine")
    captured_with(scene, tmp_path, lambda: item.data.materials.append(mine))
    assert list(item.data.materials) == [mine]


def test_nodes_that_the_user_makes_in_place_of_all_others_stay(scene, tmp_path):
    item = bare_grid()
    material = scenes.emission("mine", 3.0, (0.9, 0.5, 0.3))
    item.data.materials.append(material)
    made = []

    def replace_all() -> None:
        material.node_tree.nodes.clear()
        for kind in ("ShaderNodeAttribute", "ShaderNodeVectorMath", "ShaderNodeMath", "ShaderNodeOutputMaterial"):
            made.append(material.node_tree.nodes.new(kind).name)

    captured_with(scene, tmp_path, replace_all)
    assert [node.name for node in material.node_tree.nodes] == made


def test_what_was_animated_may_be_deleted_meanwhile(scene, tmp_path):
    item = bare_grid()
    array = item.modifiers.new("Array", "ARRAY")
    array.count = 2
    array.keyframe_insert("count", frame=1)
    captured_with(scene, tmp_path, lambda: item.modifiers.remove(array))
    assert not item.modifiers


def test_a_link_that_was_muted_may_be_deleted_meanwhile(scene, tmp_path):
    scene.world = bpy.data.worlds.new("Fog")
    tree = compat.give_nodes(scene.world)
    fog = tree.nodes.new("ShaderNodeVolumeScatter")
    tree.links.new(fog.outputs["Volume"], tree.nodes["World Output"].inputs["Volume"])
    bare_grid()
    captured_with(scene, tmp_path, lambda: tree.nodes.remove(fog))
    assert not any(link.to_socket.name == "Volume" for link in tree.links)


def test_the_view_layer_may_be_deleted_meanwhile(scene, tmp_path):
    bare_grid()
    other = scene.view_layers.new("other").name
    with pytest.raises(SceneError) as caught:
        captured_with(scene, tmp_path, lambda: scene.view_layers.remove(scene.view_layers[0]))
    assert "is gone" in str(caught.value)
    assert [layer.name for layer in scene.view_layers] == [other] and scene.view_layers[0].use


def test_another_file_may_be_opened_meanwhile(scene, tmp_path):
    bare_grid()
    blend = tmp_path / "scene.blend"
    bpy.ops.wm.save_as_mainfile(filepath=str(blend))
    with pytest.raises(SceneError):
        captured_with(scene, tmp_path, lambda: bpy.ops.wm.open_mainfile(filepath=str(blend)))
    assert not bpy.app.handlers.frame_change_post
    assert not bpy.data.materials and bpy.context.scene.render.resolution_x == 16


def test_what_is_made_is_removed_though_its_maker_failed_before_it_was_named(scene):
    """An interrupt may come between any two lines."""
    with pytest.raises(KeyboardInterrupt), Changes() as changes:
        changes.new(bpy.data.materials, "passing")
        raise KeyboardInterrupt
    assert "passing" not in bpy.data.materials


def test_attributes_of_a_mesh_stay_in_their_order(scene, tmp_path):
    item = bare_grid()
    item.data.attributes.new("weights", "FLOAT", "POINT")
    before = [attribute.name for attribute in item.data.attributes]
    list(capture(scene, tmp_path / "shot", SETTINGS))
    assert [attribute.name for attribute in item.data.attributes] == before and face_materials(item) == [2, 0, 1, 3]


def test_what_is_not_keyed_yet_stays_though_its_object_was_hidden_for_a_while(scene, tmp_path):
    item = bare_grid()
    for frame in (1, 9):
        item.location.x, item.hide_viewport = float(frame), frame == 1
        item.keyframe_insert("location", frame=frame)
        item.keyframe_insert("hide_viewport", frame=frame)
    scene.frame_set(1)
    item.location.x, item.hide_viewport = 0.5, False
    bpy.context.view_layer.update()
    list(capture(scene, tmp_path / "shot", SETTINGS))
    assert (item.location.x, item.hide_viewport) == (0.5, False)
