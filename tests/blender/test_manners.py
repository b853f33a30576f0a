"""Keys, and what the search finds: registered in this process, as Blender shows them."""

import importlib.util
from pathlib import Path

import bpy
import flowbrush
import pytest
from flowbrush import keymaps, registration
from flowbrush.operators import job
from flowbrush.panels import menu
from flowbrush.properties import next_step


@pytest.fixture(scope="module", autouse=True)
def registered():
    bpy.ops.wm.read_factory_settings(use_empty=True)
    known = bpy.context.preferences.addons.new()  # what installing does; without it there are no preferences
    known.module = "flowbrush"
    flowbrush.register()
    yield
    flowbrush.unregister()
    bpy.context.preferences.addons.remove(known)


MODIFIERS = ("ctrl", "shift", "alt", "oskey")


def of_blender(name):
    """Key, modifiers and operator of all entries of the keymap that Blender brings as `name`."""
    (folder,) = bpy.utils.preset_paths("keyconfig")
    place = Path(folder, "keymap_data", f"{name}.py")
    spec = importlib.util.spec_from_file_location(name, place)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        (place, key["type"], *(bool(key.get(modifier)) for modifier in MODIFIERS)): operator
        for place, _where, content in module.generate_keymaps(module.Params())
        for operator, key, _properties in content["items"]
        if "type" in key
    }


@pytest.mark.parametrize("name", ["blender_default", "industry_compatible_data"])
def test_keys_are_beside_those_for_rendering_and_clash_with_none_of_blenders(name):
    ours = {
        item.idname: (item.type, *(bool(getattr(item, modifier)) for modifier in MODIFIERS))
        for keymap in bpy.context.window_manager.keyconfigs.addon.keymaps
        for item in keymap.keymap_items
        if item.idname.startswith("flowbrush.")
    }
    assert list(ours) == [operator for operator, _key in keymaps.KEYS]
    theirs = of_blender(name)
    if name == "blender_default":
        assert theirs[keymaps.PLACE, "F12", False, False, False, False] == "render.render"
    assert not {operator for (_place, *key), operator in theirs.items() if tuple(key) in ours.values()}


def options(operator):
    return getattr(operator, "bl_options", set())


def test_the_menu_has_operators_that_say_what_they_do():
    for name, icon in (entry for group in menu.GROUPS for entry in group):
        found = getattr(bpy.types, f"FLOWBRUSH_OT_{name}")
        assert "INTERNAL" not in options(found)
        icons = bpy.types.UILayout.bl_rna.functions["operator"].parameters["icon"].enum_items
        assert icon in icons


def test_no_two_operators_that_a_search_finds_have_one_name():
    operators = [cls for cls in registration.CLASSES if issubclass(cls, bpy.types.Operator)]
    names = [cls.bl_label for cls in operators if "INTERNAL" not in options(cls)]
    assert len(names) > 40 and len(names) == len(set(names))
    assert all(" " in name or name == "Capture" for name in names), "one word says too little outside of the tab"


def test_next_step_does_what_the_button_says_and_tells_its_error(monkeypatch, tmp_path):
    scene = bpy.context.scene
    bpy.context.preferences.addons["flowbrush"].preferences.shots_folder = str(tmp_path)
    monkeypatch.setattr(
        "flowbrush.operators.next_step.step_in", lambda _scene: next_step.Step("flowbrush.new_take", "", "")
    )
    before = scene.flowbrush.take
    bpy.ops.ed.undo_push(message="before")
    assert bpy.ops.flowbrush.next_step() == {"FINISHED"}
    assert scene.flowbrush.take != before
    monkeypatch.undo()
    with pytest.raises(RuntimeError, match=r"^Error: The scene has no camera"):
        bpy.ops.flowbrush.next_step()
    monkeypatch.setattr(job, "_job", job.Job("Capture", [], lambda _message: ""))
    assert not bpy.ops.flowbrush.next_step.poll()
