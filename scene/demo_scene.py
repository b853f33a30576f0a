"""The scene that comes with Flowbrush: a knight walks up and strikes, while the camera circles and comes closer."""

import math
from pathlib import Path
from typing import Any

import bpy

from ..backend.ade20k import PROPERTY
from ..backend.storage import make_folder

CHARACTER = Path(__file__).parent.parent / "demo" / "knight.glb"
FRAMES = 48
SIZE = (512, 512)
SAMPLES = 4  # with a denoiser: clean enough to paint over, and half as long to capture as with eight
HELD = ("1H_Sword", "Round_Shield")  # the model holds everything at once
ARMS = ("1H_Sword", "2H_Sword", "Badge_Shield", "Rectangle_Shield", "Round_Shield", "Spike_Shield")
WALK, STRIKE = "Walking_A", "1H_Melee_Attack_Slice_Diagonal"
STRIKES_AT = 25  # frame
PATH = ((0.75, 1.5, 0.0), (0.0, 0.0, 0.0))  # metres, from where to where he walks


def build_demo_scene(out: Path) -> None:
    """Writes the scene to the .blend `out`. Raises StorageError."""
    bpy.ops.wm.read_factory_settings(use_empty=True)
    scene = bpy.context.scene
    _set_up_render(scene)
    _light(scene)
    _ground_and_props()
    _knight()
    _camera(scene)
    scene.frame_set(1)
    make_folder(out.parent)
    bpy.ops.wm.save_as_mainfile(filepath=str(out), check_existing=False, compress=True)


def _set_up_render(scene: bpy.types.Scene) -> None:
    scene.frame_start, scene.frame_end = 1, FRAMES
    render = scene.render
    render.engine = "CYCLES"
    render.fps = 24
    render.resolution_x, render.resolution_y = SIZE
    render.resolution_percentage = 100
    scene.cycles.samples = SAMPLES
    scene.cycles.use_denoising = True
    # The accurate ones take longer than all the samples, for a picture that is painted over.
    scene.cycles.denoising_quality, scene.cycles.denoising_prefilter = "FAST", "NONE"
    scene.cycles.max_bounces = 3
    # The colours as they are in the materials: what a painter starts from should not be graded already.
    scene.view_settings.view_transform = "Standard"


def _light(scene: bpy.types.Scene) -> None:
    world = bpy.data.worlds.new("Sky")
    world.use_nodes = True
    world.node_tree.nodes["Background"].inputs["Color"].default_value = (0.62, 0.83, 1.0, 1.0)
    world.node_tree.nodes["Background"].inputs["Strength"].default_value = 0.55
    scene.world = world
    sun = bpy.data.lights.new("Sun", "SUN")
    sun.energy, sun.angle, sun.color = 4.2, math.radians(3.0), (1.0, 0.93, 0.82)
    lamp = _add(scene, "Sun", sun)
    lamp.rotation_euler = (math.radians(48.0), math.radians(8.0), math.radians(-38.0))


def _ground_and_props() -> None:
    ground = _primitive("Ground", "plane", (0.0, 0.0, 0.0), size=60.0)
    ground.data.materials.append(_paving())
    ground[PROPERTY] = "sidewalk"
    crates = _material("Wood", (0.42, 0.22, 0.09))
    stone = _material("Stone", (0.46, 0.44, 0.42))
    cloth = _material("Cloth", (0.50, 0.06, 0.07))
    grass = _material("Grass", (0.16, 0.33, 0.10))
    for name, category, kind, place, turn, scale, material in (
        ("Crate", "box", "cube", (-1.35, 0.7, 0.45), 0.35, (0.45, 0.45, 0.45), crates),
        ("Small Crate", "box", "cube", (-1.25, 0.72, 1.15), 0.9, (0.25, 0.25, 0.25), crates),
        ("Column", "column", "cylinder", (1.75, 1.3, 1.4), 0.0, (0.3, 0.3, 1.4), stone),
        ("Column Foot", "base", "cube", (1.75, 1.3, 0.12), 0.2, (0.45, 0.45, 0.12), stone),
        ("Ball", "ball", "sphere", (1.25, -0.35, 0.26), 0.0, (0.26, 0.26, 0.26), cloth),
        ("Bush", "plant", "sphere", (-2.6, 2.6, 0.5), 0.0, (1.0, 0.8, 0.7), grass),
        ("Far Column", "column", "cylinder", (-0.6, 4.2, 1.6), 0.0, (0.3, 0.3, 1.6), stone),
    ):
        item = _primitive(name, kind, place)
        item[PROPERTY] = category
        item.rotation_euler.z, item.scale = turn, scale
        item.data.materials.append(material)
        if kind != "sphere":
            bevel = item.modifiers.new("Bevel", "BEVEL")
            bevel.width, bevel.segments = 0.04, 2
        if kind != "cube":
            item.data.shade_smooth()


def _knight() -> None:
    """Imports the knight, gives him sword and shield, and lets him walk and strike."""
    before = set(bpy.data.objects)
    bpy.ops.import_scene.gltf(filepath=str(CHARACTER), import_shading="NORMALS")
    imported = [item for item in bpy.data.objects if item not in before]
    [rig] = [item for item in imported if item.type == "ARMATURE"]
    for bone in rig.pose.bones:
        bone.custom_shape = None
    for item in imported:
        unused = item.name.partition(".")[0] in ARMS and item.name not in HELD
        if item.type == "MESH" and (item.parent is None or unused or item.name.endswith("_Offhand")):
            bpy.data.objects.remove(item)
        elif item.type == "MESH":
            item[PROPERTY] = "person"
    _choose_actions(rig)
    start, end = PATH
    rig.rotation_mode = "XYZ"
    rig.rotation_euler.z = math.atan2(end[0] - start[0], start[1] - end[1])
    for frame, place in ((1, start), (STRIKES_AT + 3, end)):
        rig.location = place
        rig.keyframe_insert("location", frame=frame)


def _choose_actions(rig: bpy.types.Object) -> None:
    """Leaves two of the model's many actions: the walk, repeated, and the strike that it blends into."""
    animation = rig.animation_data
    animation.action = None
    for track in list(animation.nla_tracks):
        name = track.name.removesuffix("_Rig")
        if name not in (WALK, STRIKE):
            animation.nla_tracks.remove(track)
            continue
        track.mute = track.is_solo = False
        strip = track.strips[0]
        strip.extrapolation = "HOLD"
        if name == WALK:
            strip.repeat = 2.0
        else:
            strip.frame_start_ui = STRIKES_AT
            strip.blend_in = 6.0
    for action in [a for a in bpy.data.actions if a.name.removesuffix("_Rig") not in (WALK, STRIKE)]:
        bpy.data.actions.remove(action)


def _camera(scene: bpy.types.Scene) -> None:
    """A camera on an arc around the knight that looks at his chest."""
    aim = _add(scene, "Aim", None)
    for frame, (x, y, _) in ((1, PATH[0]), (STRIKES_AT + 3, PATH[1])):
        aim.location = (x * 0.7, y * 0.7, 1.12)
        aim.keyframe_insert("location", frame=frame)
    lens = bpy.data.cameras.new("Camera")
    lens.lens = 40.0
    camera = _add(scene, "Camera", lens)
    for frame, degrees, distance, height in ((1, -36.0, 5.3, 1.9), (FRAMES, 20.0, 4.4, 1.4)):
        angle = math.radians(degrees)
        camera.location = (distance * math.sin(angle), -distance * math.cos(angle), height)
        camera.keyframe_insert("location", frame=frame)
    look = camera.constraints.new("TRACK_TO")
    look.target, look.track_axis, look.up_axis = aim, "TRACK_NEGATIVE_Z", "UP_Y"
    scene.camera = camera


def _add(scene: bpy.types.Scene, name: str, data: Any) -> bpy.types.Object:
    item = bpy.data.objects.new(name, data)
    scene.collection.objects.link(item)
    return item


def _primitive(name: str, kind: str, place: tuple[float, float, float], **size: float) -> bpy.types.Object:
    add = {
        "plane": bpy.ops.mesh.primitive_plane_add,
        "cube": bpy.ops.mesh.primitive_cube_add,
        "cylinder": bpy.ops.mesh.primitive_cylinder_add,
        "sphere": bpy.ops.mesh.primitive_uv_sphere_add,
    }[kind]
    add(location=place, **size)
    item = bpy.context.active_object
    item.name = item.data.name = name
    return item


def _material(name: str, colour: tuple[float, float, float]) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    material.use_nodes = True
    shader = material.node_tree.nodes["Principled BSDF"]
    shader.inputs["Base Color"].default_value = (*colour, 1.0)
    shader.inputs["Roughness"].default_value = 0.8
    return material


def _paving() -> bpy.types.Material:
    """Flagstones: the eye sees at once whether paint sticks to them."""
    material = _material("Paving", (1.0, 1.0, 1.0))
    nodes, links = material.node_tree.nodes, material.node_tree.links
    place, bricks = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexBrick")
    for socket, colour in (
        ("Color1", (0.40, 0.36, 0.29, 1.0)),
        ("Color2", (0.30, 0.29, 0.25, 1.0)),
        ("Mortar", (0.19, 0.22, 0.13, 1.0)),
    ):
        bricks.inputs[socket].default_value = colour
    for socket, value in (("Scale", 1.0), ("Mortar Size", 0.02), ("Brick Width", 1.1), ("Row Height", 0.7)):
        bricks.inputs[socket].default_value = value
    links.new(place.outputs["Object"], bricks.inputs["Vector"])
    links.new(bricks.outputs["Color"], nodes["Principled BSDF"].inputs["Base Color"])
    return material
