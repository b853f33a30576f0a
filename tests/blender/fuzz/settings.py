"""Random cameras, view layers, render settings, scenes, and what else lies about in a file."""

from typing import Any

import bpy
from blender.fuzz.chance import Chance
from blender.fuzz.looks import AOV_NAMES
from flowbrush.scene import compat

_FORMATS = ("PNG", "JPEG", "OPEN_EXR", "OPEN_EXR_MULTILAYER", "TIFF", "BMP", "HDR", "TARGA", "WEBP", "FFMPEG")


def add_collections(chance: Chance, scene: bpy.types.Scene, least: int = 0) -> None:
    """Collections in each other, in the scene or in no scene."""
    for _ in range(chance.randint(least, 4)):
        collection = bpy.data.collections.new(chance.name())
        own = [c for c in bpy.data.collections if c != collection and c.library is None]
        owner = chance.choice([None, scene.collection, *own])
        if (
            owner is not None
            and collection not in owner.children_recursive
            and owner not in collection.children_recursive
        ):
            owner.children.link(collection)
        collection.hide_render = chance.often(0.1)
        collection.color_tag = chance.choice(("NONE", "COLOR_03"))
        chance.custom_properties(collection)


def add_cameras(chance: Chance, scene: bpy.types.Scene) -> None:
    """One to three cameras, some bound to markers, with moving and driven lenses."""
    for _ in range(chance.randint(1, 3)):
        data = bpy.data.cameras.new(chance.name())
        camera = bpy.data.objects.new(chance.name(), data)
        scene.collection.objects.link(camera)
        camera.location = (0.0, -6.0, 0.0)
        camera.rotation_euler = (1.57, 0.0, 0.0)
        data.type = chance.choice(("PERSP", "PERSP", "ORTHO"))
        data.dof.use_dof, data.shift_x = chance.often(0.3), chance.choice((0.0, 0.1))
        for name in chance.some(("lens", "shift_y", "ortho_scale", "sensor_width"), 0.2):
            data.keyframe_insert(name, frame=0)
            setattr(data, name, getattr(data, name) * 1.1 + 0.1)
            if chance.often():
                data.keyframe_insert(name, frame=6)
        if chance.often(0.2):
            chance.drive(data, "shift_y")
        if chance.often(0.4):
            scene.timeline_markers.new(chance.name(), frame=chance.randint(-2, 5)).camera = camera
        scene.camera = camera
    if chance.often(0.3):
        scene.timeline_markers.new("no camera", frame=1)


def add_layers(chance: Chance, scene: bpy.types.Scene) -> None:
    """View layers with passes, AOVs (one may have Flowbrush's name), light groups and excluded collections."""
    scene.view_layers[0].name = chance.name()
    for _ in range(chance.randint(0, 2)):
        scene.view_layers.new(chance.name()).use = chance.often()
    scene.view_layers[0].use = True
    for layer in scene.view_layers:
        for name in chance.some(("mist", "z", "normal", "cryptomatte_object", "emit", "vector", "object_index"), 0.2):
            setattr(layer, f"use_pass_{name}", True)
        for name in chance.some(AOV_NAMES, 0.15):
            layer.aovs.add().name = name
            layer.aovs[-1].type = chance.choice(("COLOR", "VALUE"))
        layer.active_aov_index = chance.randrange(max(1, len(layer.aovs)))
        if chance.often(0.2):
            layer.lightgroups.add().name = chance.name()
        if chance.often(0.1):
            layer.material_override = chance.choice([None, *bpy.data.materials])
        layer.pass_alpha_threshold = chance.choice((0.5, 0.5, 0.1))
        layer.samples = chance.choice((0, 0, 2))
        chance.scramble(layer.cycles, 0.1)
        for child in layer.layer_collection.children:
            child.exclude, child.holdout = chance.often(0.2), chance.often(0.2)
            child.indirect_only, child.hide_viewport = chance.often(0.1), chance.often(0.1)
        for line in range(chance.choice((0, 0, 1))):
            lines = layer.freestyle_settings.linesets.new(f"lines {line}")
            lines.visibility, lines.linestyle = "RANGE", bpy.data.linestyles.new(chance.name())


def set_render(chance: Chance, scene: bpy.types.Scene) -> None:
    """Render settings of every kind, some of them animated; the engine may be any."""
    render = scene.render
    for struct in (render, scene.cycles, scene.eevee, scene.view_settings, scene.display, scene.display.shading, scene):
        chance.scramble(struct, 0.1)
        chance.animate(struct, 0.02)
    scene.cycles.samples, scene.cycles.use_denoising = chance.randint(1, 3), chance.often(0.2)
    if chance.often(0.2):
        scene.cycles.keyframe_insert("samples", frame=2)
    # EEVEE takes ten seconds a frame on software OpenGL.
    render.engine = chance.choices(("CYCLES", "BLENDER_WORKBENCH", compat.EEVEE), (30, 8, 1))[0]
    render.resolution_percentage = chance.choice((100, 100, 50, 133))
    render.use_border, render.border_max_x = chance.often(0.2), 0.5
    for name in chance.some(
        ("use_motion_blur", "use_multiview", "use_stamp", "use_persistent_data", "use_simplify", "use_freestyle"), 0.2
    ):
        setattr(render, name, True)
    render.use_crop_to_border = chance.often(0.2)
    try:
        compat.choose_file_format(render.image_settings, chance.choice(_FORMATS))
    except TypeError:  # a build without this format
        compat.choose_file_format(render.image_settings, "PNG")
    chance.scramble(render.image_settings, 0.1)
    render.filepath = chance.choice(("//out/####", "/tmp/{blend_name}", "", "C:\\out"))
    render.fps_base, scene.frame_step = chance.choice((1.0, 1.001)), chance.choice((1, 1, 3))
    render.frame_map_old, render.frame_map_new = 100, chance.choice((100, 100, 50))
    render.pixel_aspect_x = chance.choice((1.0, 1.0, 2.0))
    chance.custom_properties(scene)


def add_another_scene(chance: Chance, scene: bpy.types.Scene) -> None:
    """Another scene that shares objects, or is the background, or is shown in the sequencer."""
    other = bpy.data.scenes.new(chance.name())
    for item in chance.some(scene.objects, 0.5):
        other.collection.objects.link(item)
    other.camera = scene.camera
    if chance.often(0.3):
        scene.background_set = other
    if chance.often(0.3):
        strips = compat.strips_of(scene.sequence_editor_create())
        strips.new_scene(chance.name(), other, 1, 1)
    other.frame_set(4)
    chance.scramble(other.render, 0.1)


def add_odds_and_ends(chance: Chance, scene: bpy.types.Scene) -> None:
    """Texts, palettes, data without users, a keying set, and handlers that follow the frame."""
    for kind in chance.some(("texts", "palettes", "actions", "meshes", "collections", "linestyles", "brushes"), 0.2):
        blocks: Any = getattr(bpy.data, kind)
        block = blocks.new(chance.name(), mode="SCULPT") if kind == "brushes" else blocks.new(chance.name())
        block.use_fake_user = chance.often()
    if chance.often(0.2):
        bpy.data.texts.new("handler.py").write("import bpy\nprint('never run')\n")
    if chance.often(0.3):
        bpy.app.handlers.frame_change_post.append(_follow_the_frame)
    if chance.often(0.1):
        bpy.app.handlers.frame_change_pre.append(_fail)
    scene.tool_settings.use_keyframe_insert_auto = chance.often(0.3)
    scene.cursor.location = chance.place()


def _follow_the_frame(scene: bpy.types.Scene, _: Any = None) -> None:
    """A user's handler: what it sets depends on the frame only, so it sets it back when the frame comes back."""
    scene["followed"] = scene.frame_current


def _fail(scene: bpy.types.Scene, _: Any = None) -> None:
    raise ValueError("a handler of the user's that fails")
