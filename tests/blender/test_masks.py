"""Masks of a captured scene whose picture is known: four squares that fill it, one in each quarter."""

import bpy
import numpy as np
import pytest
from blender import scenes
from flowbrush.backend.errors import SettingsError
from flowbrush.backend.mask_expression import look_up
from flowbrush.backend.needs import mask_in
from flowbrush.backend.passes.exr import read_passes
from flowbrush.backend.passes.masks import pixels
from flowbrush.backend.shot import Shot
from flowbrush.scene import compat, names
from flowbrush.scene.capture import CaptureSettings, capture

SIZE = 32
QUARTERS = {"body": (0, 0), "left arm": (0, 1), "床": (1, 0)}  # row, column; what is left shows the background
MASKS = {
    "body": {"body"},
    '"left arm" | 床': {"left arm", "床"},
    "collection:cast": {"body", "left arm"},
    "hero & !body": {"left arm"},
    "material:skin": {"body", "床"},
    "stone": {"left arm"},
    "property:role=lead": {"body"},
    "property:armed": {"left arm"},
    "*o*": {"body"},
    "!background": {"body", "left arm", "床"},
    "everything & !(body | stone)": {"床", "nothing"},
}


def quarter(name: str) -> np.ndarray:
    """(SIZE, SIZE) bool."""
    row, column = QUARTERS.get(name, (1, 1))
    rows, columns = np.indices((SIZE, SIZE)) // (SIZE // 2)
    return (rows == row) & (columns == column)


@pytest.fixture(scope="module")
def shot(tmp_path_factory) -> Shot:
    scene = scenes.empty_scene(SIZE, SIZE)
    cast, hero = bpy.data.collections.new("cast"), bpy.data.collections.new("hero")
    scene.collection.children.link(cast)
    cast.children.link(hero)
    materials = {"skin": bpy.data.materials.new("skin"), "stone": bpy.data.materials.new("stone")}
    compat.give_nodes(materials["stone"])  # the other has none, and is replaced for the capture
    for name, (row, column) in QUARTERS.items():
        vertices, faces = scenes.grid(1, 1)
        item = scenes.add_mesh(name, vertices, faces, materials["stone" if name == "left arm" else "skin"])
        item.location = (2 * column - 1, 1 - 2 * row, 0)
        if name != "床":
            scene.collection.objects.unlink(item)
            hero.objects.link(item)
    bpy.data.objects["body"]["role"] = "lead"
    bpy.data.objects["body"]["armed"] = False
    bpy.data.objects["left arm"]["armed"] = True
    camera = bpy.data.objects.new("camera", bpy.data.cameras.new("camera"))
    camera.data.type, camera.data.ortho_scale, camera.location = "ORTHO", 4.0, (0, 0, 5)
    scene.collection.objects.link(camera)
    scene.camera = camera
    folder = tmp_path_factory.mktemp("shots") / "quarters"
    list(capture(scene, folder, CaptureSettings(1, 1, samples=1, passes=("object_id", "material_id"))))
    return Shot.load(folder)


@pytest.mark.parametrize("text", MASKS)
def test_a_mask_is_where_its_things_are(shot, text):
    mask = mask_in(shot, text)
    made = pixels(mask, read_passes(shot, 1, mask.passes), (SIZE, SIZE))
    assert np.array_equal(made, np.logical_or.reduce([quarter(name) for name in MASKS[text]]))


@pytest.mark.parametrize("text", [*MASKS, "cast & skin", "bodi", "property:arm", "stone | 床床"])
def test_blender_says_of_a_mask_what_the_backend_will_say(shot, text):
    try:
        expected = ("", " ".join(look_up(text, shot.objects, shot.materials).notices))
    except SettingsError as error:
        expected = (str(error), "")
    assert names.check_mask(text) == expected
