"""Builds a whole random file from a seed: the same one whenever the seed is the same."""

from pathlib import Path

import bpy
from blender import scenes
from blender.fuzz import looks, rigs, settings, things
from blender.fuzz.chance import Chance
from flowbrush.scene import compat

_MODES = {
    "MESH": ("EDIT", "SCULPT", "VERTEX_PAINT", "WEIGHT_PAINT", "TEXTURE_PAINT"),
    "ARMATURE": ("EDIT", "POSE"),
    "CURVE": ("EDIT",),
    "FONT": ("EDIT",),
    "LATTICE": ("EDIT",),
    "META": ("EDIT",),
}


def build(seed: int, folder: Path) -> bpy.types.Scene:
    """The scene of this seed in an otherwise empty file; `folder` is where libraries may be written."""
    bpy.app.handlers.frame_change_pre.clear()
    bpy.app.handlers.frame_change_post.clear()
    chance = Chance(seed)
    libraries = [_library(chance, folder / f"library {n}.blend") for n in range(chance.choice((0, 0, 1, 2)))]
    scene = scenes.empty_scene(chance.randint(16, 48), chance.randint(16, 48))
    settings.add_collections(chance, scene)
    looks.add_materials(chance)
    for library in libraries:
        _link(chance, scene, library)
    if chance.often():
        rigs.add(chance, scene)
    things.add(chance, scene)
    settings.add_cameras(chance, scene)
    settings.add_layers(chance, scene)
    if chance.often(0.3):
        settings.add_another_scene(chance, scene)
    looks.add_world(chance, scene)
    settings.set_render(chance, scene)
    looks.add_compositing(chance, scene)  # after what decides which passes there are
    settings.add_odds_and_ends(chance, scene)
    scene.frame_set(chance.choice((1, 3, -2, 0)), subframe=chance.choice((0.0, 0.0, 0.5, 0.3)))
    rigs.leave_unkeyed(chance, scene)
    _select(chance, scene)
    if chance.often(0.1) and scene.render.engine == "CYCLES":
        scene.render.use_compositing = scene.render.use_sequencer = False
        bpy.ops.render.render(scene=scene.name)
    compat.refresh_compositor(scene)
    settle()
    return scene


def settle() -> None:
    """Has Blender evaluate drivers and constraints now, which it would do at some later moment."""
    for item in bpy.data.objects:
        item.update_tag(refresh={"OBJECT", "DATA"})
        if item.library is None:
            item.pass_index = item.pass_index
    bpy.context.view_layer.update()


def _library(chance: Chance, path: Path) -> Path:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    settings.add_collections(chance, scene, 1)
    looks.add_materials(chance)
    things.add(chance, scene)
    if chance.often():
        rigs.add(chance, scene)
    bpy.ops.wm.save_as_mainfile(filepath=str(path), check_existing=False)
    return path


def _link(chance: Chance, scene: bpy.types.Scene, library: Path) -> None:
    """Links collections, objects and materials; overrides some of the objects."""
    with bpy.data.libraries.load(str(library), link=chance.often(0.8)) as (there, wanted):
        wanted.collections = chance.some(there.collections, 0.7)
        wanted.objects = chance.some(there.objects, 0.5)
        wanted.materials = chance.some(there.materials, 0.5)
    for item in wanted.objects:
        if item is None:
            continue
        if item.library is not None and chance.often(0.4):
            item = item.override_create(remap_local_usages=True)
            item.location = chance.place()
        if item.name not in scene.collection.objects:
            scene.collection.objects.link(item)
    for collection in wanted.collections:
        if collection is not None and chance.often():
            scene.collection.children.link(collection)


def _select(chance: Chance, scene: bpy.types.Scene) -> None:
    """Selected, hidden and active objects; one of them may be open in edit, sculpt or pose mode."""
    layer = bpy.context.view_layer
    shown = [item for item in layer.objects if item.visible_get()]
    for item in layer.objects:
        item.select_set(chance.often(0.4))
        if chance.often(0.1):
            item.hide_set(True)
    layer.objects.active = chance.choice([None, *layer.objects])
    able = [item for item in shown if item.type in _MODES and item.library is None and not item.hide_get()]
    able = [item for item in able if item.override_library is None and (item.data is None or item.data.library is None)]
    if able and chance.often(0.4):
        layer.objects.active = chance.choice(able)
        mode = chance.choice(_MODES[layer.objects.active.type])
        if bpy.ops.object.mode_set.poll():
            try:
                bpy.ops.object.mode_set(mode=mode)
            except RuntimeError:  # this object cannot, an empty mesh for one
                return
        if mode == "EDIT" and layer.objects.active.type == "MESH" and chance.often():
            bpy.ops.mesh.select_all(action="SELECT")
            bpy.ops.transform.translate(value=(0.1, 0.0, 0.0))
