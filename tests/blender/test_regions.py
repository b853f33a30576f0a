"""Regions as a user makes them: the list, its operators, what the panel says of a mask, and the settings that follow.

The extension is registered from its folder, in this process.
"""

from types import SimpleNamespace

import bpy
import flowbrush
import pytest
from flowbrush.backend.errors import SettingsError
from flowbrush.backend.take import RegionSettings
from flowbrush.operators import regions
from flowbrush.operators.capture import needed_for
from flowbrush.properties import styles
from flowbrush.scene import names
from flowbrush.settings import take_settings


@pytest.fixture(scope="module", autouse=True)
def registered(tmp_path_factory):
    bpy.ops.wm.read_factory_settings(use_empty=True)
    known = bpy.context.preferences.addons.new()  # what installing does; without it there are no preferences
    known.module = "flowbrush"
    flowbrush.register()
    known.preferences.shots_folder = str(tmp_path_factory.mktemp("shots"))
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)


@pytest.fixture
def scene():
    """A hero of two parts on a rig, in nested collections; a floor; a prop with a custom property."""
    bpy.data.batch_remove((*bpy.data.objects, *bpy.data.collections, *bpy.data.materials))
    scene = bpy.context.scene
    scene.flowbrush.regions.clear()
    scene.flowbrush.paint = ""
    cast, hero = bpy.data.collections.new("cast"), bpy.data.collections.new("hero")
    scene.collection.children.link(cast)
    cast.children.link(hero)
    rig = bpy.data.objects.new("rig", bpy.data.armatures.new("rig"))
    hero.objects.link(rig)
    for name in ("body", "left arm"):
        part = mesh(name, hero)
        part.parent = rig
    floor = mesh("床", scene.collection)
    floor.data.materials.append(bpy.data.materials.new("stone"))
    mesh("sword", scene.collection)["role"] = "prop"
    bpy.context.view_layer.update()
    return scene


def mesh(name, collection):
    item = bpy.data.objects.new(name, bpy.data.meshes.new(name))
    collection.objects.link(item)
    return item


def select(*chosen):
    for item in bpy.context.view_layer.objects:
        item.select_set(item.name in chosen)


def problem(text):
    return names.check_mask(text)[0]


@pytest.mark.parametrize(
    "text",
    [
        "body",
        "cast & !hero",
        'object:"left arm" | 床',
        "stone",
        "material:stone",
        "property:role=prop",
        "object:*",
        "background",
    ],
)
def test_names_of_the_file_are_known(scene, text):
    assert names.check_mask(text) == ("", "")


def test_what_is_wrong_is_said_in_the_panel(scene):
    assert bpy.ops.flowbrush.region_add() == {"FINISHED"}
    region = scene.flowbrush.regions[0]
    assert "empty" in region.problem
    region.mask = "bodi"
    assert "did you mean body?" in region.problem
    region.mask = "body &"
    assert "a name is missing" in region.problem
    region.mask = "body"
    assert region.problem == "" and region.notice == ""
    mesh("stone", scene.collection)
    region.mask = "stone"
    assert region.problem == "" and "the object is meant" in region.notice
    scene.flowbrush.paint = "swrod"
    assert "did you mean sword?" in scene.flowbrush.paint_problem
    scene.flowbrush.paint = " "
    assert scene.flowbrush.paint_problem == ""


def test_renamed_objects_are_noticed_on_refresh(scene):
    bpy.ops.flowbrush.region_add()
    region = scene.flowbrush.regions[0]
    region.mask = "sword"
    bpy.data.objects["sword"].name = "axe"
    bpy.ops.flowbrush.refresh()
    assert "no object, collection or material 'sword'" in region.problem


@pytest.mark.parametrize(
    ("chosen", "mask"),
    [
        (("body",), "body"),
        (("body", "sword"), "body | sword"),
        (("left arm", "床"), '"left arm" | 床'),
        (("rig",), "collection:hero"),
        (("body", "left arm"), "collection:hero"),
        (("rig", "sword"), 'body | "left arm" | sword'),
    ],
)
def test_the_selection_becomes_a_mask(scene, chosen, mask):
    select(*chosen)
    assert bpy.ops.flowbrush.region_add_selected() == {"FINISHED"}
    region = scene.flowbrush.regions[-1]
    assert region.mask == mask and region.problem == ""


def test_nothing_selected_is_the_active_collection(scene):
    select()
    child = bpy.context.view_layer.layer_collection.children["cast"]
    bpy.context.view_layer.active_layer_collection = child
    bpy.ops.flowbrush.region_add_selected()
    assert scene.flowbrush.regions[-1].mask == "collection:cast"


def test_an_instance_is_its_collection(scene):
    empty = bpy.data.objects.new("copy", None)
    empty.instance_type, empty.instance_collection = "COLLECTION", bpy.data.collections["hero"]
    scene.collection.objects.link(empty)
    select("copy")
    bpy.ops.flowbrush.region_add_selected()
    assert scene.flowbrush.regions[-1].mask == "collection:hero"


def test_a_selection_that_is_not_rendered_is_refused(scene):
    lamp = bpy.data.objects.new("lamp", bpy.data.lights.new("lamp", "POINT"))
    scene.collection.objects.link(lamp)
    select("lamp")
    with pytest.raises(RuntimeError, match="Select objects that are rendered"):
        bpy.ops.flowbrush.region_add_selected()
    assert len(scene.flowbrush.regions) == 0


def test_moving_and_removing(scene):
    assert not bpy.ops.flowbrush.region_remove.poll() and not bpy.ops.flowbrush.region_move.poll()
    for name in ("body", "sword", "hero"):
        bpy.ops.flowbrush.region_add()
        scene.flowbrush.regions[-1].mask = name
    listed = [region.mask for region in scene.flowbrush.regions]
    assert listed == ["body", "sword", "hero"] and scene.flowbrush.active_region == 2
    bpy.ops.flowbrush.region_move(direction="DOWN")
    bpy.ops.flowbrush.region_move(direction="UP")
    assert [region.mask for region in scene.flowbrush.regions] == ["body", "hero", "sword"]
    assert scene.flowbrush.active_region == 1
    bpy.ops.flowbrush.region_remove()
    assert [region.mask for region in scene.flowbrush.regions] == ["body", "sword"]
    bpy.ops.flowbrush.region_remove()
    assert scene.flowbrush.active_region == 0
    bpy.ops.flowbrush.region_remove()
    assert not bpy.ops.flowbrush.region_remove.poll()


def test_every_change_of_the_list_can_be_undone():
    listed = [operator for operator in regions.CLASSES if operator.bl_idname.startswith("flowbrush.region")]
    assert len(listed) == 4 and all("UNDO" in operator.bl_options for operator in listed)


def test_a_mask_is_exported_by_the_worker(scene, monkeypatch):
    asked = {}

    class Stage:
        title = "Exporting"

        def __init__(self, title, kind, **fields):
            asked.update(fields, kind=kind)

        def start(self):
            pass

        def poll(self):
            return [{"type": "result", "folder": asked["folder"]}]

        def close(self):
            pass

    assert not bpy.ops.flowbrush.export_mask.poll()
    bpy.ops.flowbrush.region_add()
    scene.flowbrush.regions[0].mask = "hero & !body"
    with pytest.raises(RuntimeError, match="press Capture first"):
        bpy.ops.flowbrush.export_mask()
    monkeypatch.setattr(regions, "WorkerStage", Stage)
    monkeypatch.setattr(regions, "captured_shot", lambda scene: SimpleNamespace(folder="a shot"))
    assert bpy.ops.flowbrush.export_mask() == {"FINISHED"}
    assert asked["kind"] == "masks" and asked["mask"] == "hero & !body" and asked["softness"] == 0.0
    assert asked["folder"].endswith("hero and not body")
    assert "The mask is in" in bpy.context.window_manager.flowbrush.sentence


@pytest.mark.parametrize(
    ("mask", "name"),
    [('"left arm" | 床', "_left arm_ or 床"), ("Knight_*", "Knight_any"), ("../..", "_"), ("...", "mask")],
)
def test_the_folder_of_a_mask_stays_where_it_belongs(mask, name):
    assert regions.folder_name(mask) == name


def test_the_settings_say_what_the_panel_says(scene):
    chosen = scene.flowbrush
    for name in ("body", "sword"):
        bpy.ops.flowbrush.region_add()
        chosen.regions[-1].mask = name
    first, second = chosen.regions
    first.style = "watercolour"
    first.use_strength, first.strength, first.softness = True, 0.25, 4.0
    second.enabled = False
    chosen.paint, chosen.paint_softness = " hero ", 3.0
    settings = take_settings(chosen)
    expected = RegionSettings("body", first.prompt, first.negative_prompt, 0.25, 4.0)
    assert settings.regions == (expected,) and first.prompt == "watercolour"
    assert settings.paint == "hero" and settings.paint_softness == 3.0


def test_a_style_that_is_not_there_is_said(scene, monkeypatch):
    chosen = scene.flowbrush
    chosen.style = "cel"
    known = {"ink": styles.styles()["ink"]}
    monkeypatch.setattr(styles, "styles", lambda: known)
    with pytest.raises(SettingsError, match="choose another style"):
        take_settings(chosen)


def test_only_what_the_masks_need_is_captured(scene):
    chosen = scene.flowbrush
    chosen.style = "ink"
    before = set(needed_for(scene, "per_frame")[0])
    chosen.paint = "object:body"
    assert set(needed_for(scene, "per_frame")[0]) == before | {"object_id"}
    bpy.ops.flowbrush.region_add()
    chosen.regions[0].mask = "material:stone"
    assert set(needed_for(scene, "per_frame")[0]) == before | {"object_id", "material_id"}


def test_noise_on_surfaces_is_asked_for_and_captured(scene):
    chosen = scene.flowbrush
    chosen.style = "ink"
    assert take_settings(chosen).seed_mode == "fixed"
    assert "surface" not in needed_for(scene, "per_frame")[0]
    chosen.seed_mode = "surface"
    assert take_settings(chosen).seed_mode == "surface"
    assert {"depth", "object_id", "surface", "instance"} <= set(needed_for(scene, "per_frame")[0])
    chosen.seed_mode = "fixed"
    chosen.refine = 0.25
    chosen.shared_attention = True
    assert take_settings(chosen).refine == 0.25 and take_settings(chosen).shared_attention
    assert "surface" in needed_for(scene, "per_frame")[0], "the last pass has that noise too"
