"""The two comparisons of a file with itself see even the smallest change, and none where there is none."""

from collections.abc import Callable

import bpy
import pytest
from blender import blend_file, rna_dump, scenes


@pytest.fixture(scope="module")
def scene(tmp_path_factory) -> bpy.types.Scene:
    scene = scenes.odd_scene(64, 48, tmp_path_factory.mktemp("library") / "library.blend")
    bpy.data.objects["Nodes"].data.attributes.new("weights", "FLOAT", "POINT")
    bpy.context.view_layer.update()
    blend_file.saved()
    rna_dump.dump()
    return scene


def test_a_file_is_the_same_as_itself_wherever_it_was_in_between(scene):
    before = blend_file.saved(), rna_dump.dump()
    scene.frame_set(7)
    bpy.data.materials.remove(bpy.data.materials.new("passing"))
    scene.frame_set(3, subframe=0.25)
    bpy.data.objects["Nodes"].location.x = 0.123
    bpy.data.objects["Nodes"]["size"] = 2.5
    scene.camera = bpy.data.objects["Camera.001"]
    assert blend_file.difference(before[0], blend_file.saved()) == []
    assert rna_dump.difference(before[1], rna_dump.dump()) == {}


IN_THE_FILE: dict[str, Callable[[bpy.types.Scene], object]] = {
    "a vertex by a hair": lambda s: setattr(bpy.data.objects["Nodes"].data.vertices[0].co, "z", 1e-7),
    "an attribute": lambda s: setattr(bpy.data.objects["Nodes"].data.attributes["weights"].data[3], "value", 0.5),
    "the material of a face": lambda s: setattr(bpy.data.objects["Bare"].data.polygons[0], "material_index", 4),
    "a driver": lambda s: setattr(bpy.data.objects["Nodes"].animation_data.drivers[0].driver, "expression", "13"),
    "a muted link": lambda s: setattr(bpy.data.materials["nodes"].node_tree.links[0], "is_muted", True),
    "the place of a node": lambda s: setattr(bpy.data.materials["nodes"].node_tree.nodes[0], "location", (1.0, 0.0)),
    "one more node": lambda s: bpy.data.materials["nodes"].node_tree.nodes.new("NodeFrame"),
    "a letter of a custom property": lambda s: s.__setitem__("note", "a"),
    "who has no user but a fake one": lambda s: setattr(bpy.data.materials["plain"], "use_fake_user", False),
    "the active object": lambda s: setattr(s.view_layers[0].objects, "active", bpy.data.objects["Text"]),
    "a pass": lambda s: setattr(s.view_layers[0], "use_pass_emit", True),
    "one more collection in the scene": lambda s: s.collection.children.link(bpy.data.collections["Group"]),
    "a frame by a sub-frame": lambda s: s.frame_set(3, subframe=0.375),
}


@pytest.mark.parametrize("edit", IN_THE_FILE.values(), ids=IN_THE_FILE)
def test_what_is_saved_tells_of(scene, edit):
    before = blend_file.saved()
    edit(scene)
    assert blend_file.difference(before, blend_file.saved())


SEEN_BY_PYTHON: dict[str, Callable[[bpy.types.Scene], object]] = {
    "data without users": lambda s: bpy.data.meshes.new("orphan"),
    "a selection": lambda s: bpy.data.objects["Text"].select_set(not bpy.data.objects["Text"].select_get()),
    "what is hidden here": lambda s: bpy.data.objects["Plain"].hide_set(True),
    "an evaluated place": lambda s: (
        setattr(bpy.data.objects["Twin of bare"], "location", (5.0, 0.0, 0.0)),
        bpy.context.view_layer.update(),
    ),
    "pixels that are not saved": lambda s: bpy.data.images.new("Painted", 16, 16),
}


@pytest.mark.parametrize("edit", SEEN_BY_PYTHON.values(), ids=SEEN_BY_PYTHON)
def test_what_python_sees_tells_of(scene, edit):
    before = rna_dump.dump()
    edit(scene)
    assert rna_dump.difference(before, rna_dump.dump())


def test_pixels_are_looked_at(scene):
    image = bpy.data.images.new("Brush strokes", 16, 16)
    before = rna_dump.dump()
    image.pixels[37] = 0.25
    assert any("pixels" in path for path in rna_dump.difference(before, rna_dump.dump()))


def test_the_reader_of_saved_files_reads_all_data_blocks(scene):
    labels = blend_file.saved().blocks
    for letters, blocks in (("OB", bpy.data.objects), ("ME", bpy.data.meshes), ("MA", bpy.data.materials)):
        for block in blocks:
            if block.users and block.library is None:
                assert f"{letters}{block.name} 0" in labels
