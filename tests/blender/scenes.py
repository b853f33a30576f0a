"""Scenes that tests capture, each built from an empty file; all motion accelerates, or swapped vectors would pass."""

import math
from collections.abc import Callable
from pathlib import Path

import bpy
import numpy as np
from flowbrush.scene import compat
from mathutils import Vector

Place = tuple[float, float, float]
FRAMES = range(1, 9)


def empty_scene(width: int, height: int) -> bpy.types.Scene:
    """An empty file's scene with Cycles at `width` × `height`, and a black world."""
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    scene = bpy.context.scene
    render = scene.render
    render.engine = "CYCLES"
    render.resolution_x, render.resolution_y, render.resolution_percentage = width, height, 100
    render.threads_mode, render.threads = "FIXED", 2
    scene.cycles.use_denoising = False
    scene.view_settings.view_transform = "Standard"
    scene.frame_start, scene.frame_end = FRAMES[0], FRAMES[-1]
    return scene


def emission(name: str, scale: float, tint: tuple[float, float, float], dark: float = 0.3) -> bpy.types.Material:
    """A glowing cloud pattern that stays on the undeformed surface; no light, no reflection, no view dependence."""
    material = bpy.data.materials.new(name)
    material.cycles.emission_sampling = "NONE"
    tree = compat.give_nodes(material)
    nodes, links = tree.nodes, tree.links
    nodes.clear()
    place, noise = nodes.new("ShaderNodeTexCoord"), nodes.new("ShaderNodeTexNoise")
    noise.inputs["Scale"].default_value = scale
    noise.inputs["Detail"].default_value = 0.0
    glow, output = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
    mix = nodes.new("ShaderNodeMixRGB")
    mix.inputs["Color1"].default_value = (*(dark * t for t in tint), 1.0)
    mix.inputs["Color2"].default_value = (*tint, 1.0)
    links.new(place.outputs["Generated"], noise.inputs["Vector"])
    links.new(noise.outputs["Fac"], mix.inputs["Fac"])
    links.new(mix.outputs["Color"], glow.inputs["Color"])
    links.new(glow.outputs["Emission"], output.inputs["Surface"])
    return material


def make_matte(material: bpy.types.Material) -> None:
    """Lets a material of `emission` reflect light in its colours, in place of glowing."""
    tree = material.node_tree
    glow = next(node for node in tree.nodes if node.type == "EMISSION")
    surface, output = tree.nodes.new("ShaderNodeBsdfPrincipled"), glow.outputs[0].links[0].to_node
    tree.links.new(glow.inputs["Color"].links[0].from_socket, surface.inputs["Base Color"])
    tree.links.new(surface.outputs[0], output.inputs["Surface"])


def key_every_frame(owner: bpy.types.bpy_struct, name: str, value: Callable[[int], object]) -> None:
    """Keys `owner.name` at `value(frame)` on every frame, and on both neighbours of the range."""
    for frame in range(FRAMES[0] - 1, FRAMES[-1] + 2):
        setattr(owner, name, value(frame))
        owner.keyframe_insert(name, frame=frame)


def add_mesh(name: str, vertices: np.ndarray, faces: list[tuple[int, ...]], material: bpy.types.Material | None):
    """An object with a mesh of its own in the scene."""
    mesh = bpy.data.meshes.new(name)
    mesh.from_pydata(vertices.tolist(), [], faces)
    mesh.update()
    if material is not None:
        mesh.materials.append(material)
    item = bpy.data.objects.new(name, mesh)
    bpy.context.scene.collection.objects.link(item)
    return item


def grid(columns: int, rows: int) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """A square from -1 to 1 in x and y, cut into `columns` × `rows` faces."""
    x, y = np.meshgrid(np.linspace(-1, 1, columns + 1), np.linspace(-1, 1, rows + 1))
    vertices = np.stack([x.ravel(), y.ravel(), np.zeros(x.size)], axis=1)
    corners = [row * (columns + 1) + column for row in range(rows) for column in range(columns)]
    return vertices, [(a, a + 1, a + columns + 2, a + columns + 1) for a in corners]


def tube(rings: int, sides: int) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """A tube of radius 1 along z from 0 to 1, without caps."""
    turn = np.arange(sides) * 2 * math.pi / sides
    heights = np.linspace(0, 1, rings + 1)
    vertices = np.array([(math.cos(a), math.sin(a), z) for z in heights for a in turn])
    faces = [
        (r * sides + s, r * sides + (s + 1) % sides, (r + 1) * sides + (s + 1) % sides, (r + 1) * sides + s)
        for r in range(rings)
        for s in range(sides)
    ]
    return vertices, faces


def add_figure(material: bpy.types.Material) -> bpy.types.Object:
    """A body and an arm in one mesh; two bones swing the bending arm across the body ever faster."""
    body, body_faces = tube(12, 24)
    arm, arm_faces = tube(24, 12)
    body = body * (0.5, 0.35, 1.8)
    arm_place = np.array([0.62, 0.0, 1.4])
    arm = np.stack([arm[:, 2] * 1.3, arm[:, 0] * 0.12, arm[:, 1] * 0.12], axis=1) + arm_place  # along x
    faces = body_faces + [tuple(i + len(body) for i in face) for face in arm_faces]
    figure = add_mesh("Figure", np.concatenate([body, arm]), faces, material)

    bones = bpy.data.armatures.new("Bones")
    armature = bpy.data.objects.new("Bones", bones)
    bpy.context.scene.collection.objects.link(armature)
    bpy.context.view_layer.objects.active = armature
    bpy.ops.object.mode_set(mode="EDIT")
    root, upper, lower = (bones.edit_bones.new(name) for name in ("root", "upper", "lower"))
    root.head, root.tail = (0, 0, 0), (0, 0, 1)
    upper.head, upper.tail = arm_place, np.add(arm_place, (0.65, 0, 0))
    lower.head, lower.tail = upper.tail, np.add(arm_place, (1.3, 0, 0))
    upper.parent, lower.parent = root, upper
    bpy.ops.object.mode_set(mode="OBJECT")

    groups = {name: figure.vertex_groups.new(name=name) for name in ("root", "upper", "lower")}
    groups["root"].add(range(len(body)), 1.0, "REPLACE")
    for index, along in enumerate((arm[:, 0] - arm_place[0]) / 1.3, len(body)):
        weight = float(np.clip((along - 0.3) / 0.4, 0, 1))
        groups["lower"].add([index], weight, "REPLACE")
        groups["upper"].add([index], 1.0 - weight, "REPLACE")
    figure.modifiers.new("Bones", "ARMATURE").object = armature
    figure.parent = armature
    for name, start, speed, lift in (("upper", 1.3, 0.010, 0.009), ("lower", 0.7, 0.008, 0.0)):
        bone = armature.pose.bones[name]
        bone.rotation_mode = "XYZ"
        key_every_frame(
            bone, "rotation_euler", lambda f, a=start, s=speed, u=lift: (0.1 - u * f * f, 0.0, -a - s * f * f)
        )
    key_every_frame(armature, "rotation_euler", lambda f: (0.0, 0.0, 0.3 - 0.004 * f * f))
    return figure


def add_camera(place: Callable[[int], Place], target: Place, lens: float = 35.0) -> bpy.types.Object:
    """A moving camera that looks from `place(frame)` towards `target`, as the scene's camera."""
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.scene.collection.objects.link(camera)
    camera.data.lens = lens
    key_every_frame(camera, "location", place)
    key_every_frame(
        camera, "rotation_euler", lambda f: (Vector(place(f)) - Vector(target)).to_track_quat("Z", "Y").to_euler()
    )
    bpy.context.scene.camera = camera
    return camera


def geometry_nodes(item: bpy.types.Object) -> tuple[bpy.types.NodeTree, bpy.types.NodeSocket]:
    """A new Geometry Nodes modifier on `item`: its tree, with an input, and the socket that its result goes to."""
    tree = bpy.data.node_groups.new(item.name, "GeometryNodeTree")
    for way in ("INPUT", "OUTPUT"):
        tree.interface.new_socket("Geometry", in_out=way, socket_type="NodeSocketGeometry")
    tree.nodes.new("NodeGroupInput")
    output = tree.nodes.new("NodeGroupOutput")
    item.modifiers.new("Nodes", "NODES").node_group = tree
    return tree, output.inputs[0]


def motion_scene(width: int, height: int, *, shift: bool) -> bpy.types.Scene:
    """A figure that swings its arm, a ball, a floor and a wall, seen by a moving camera, with or without moving shift.

    All of it glows with a pattern of its own, so that a warped picture shows every error of the vectors.
    """
    scene = empty_scene(width, height)
    add_figure(emission("figure", 9.0, (0.9, 0.5, 0.3)))
    vertices, faces = grid(8, 8)
    add_mesh("Floor", vertices * 6, faces, emission("floor", 24.0, (0.4, 0.6, 0.3)))
    wall = add_mesh("Wall", vertices * 6, faces, emission("wall", 24.0, (0.3, 0.4, 0.7)))
    wall.rotation_euler, wall.location = (math.pi / 2, 0, 0), (0, 4, 3)
    bpy.ops.mesh.primitive_uv_sphere_add(radius=0.35, segments=48, ring_count=24)
    ball = bpy.context.object
    ball.name = "Ball"
    ball.data.shade_smooth()
    ball.data.materials.append(emission("ball", 5.0, (0.8, 0.7, 0.2)))
    key_every_frame(ball, "location", lambda f: (-1.6 + 0.03 * f * f, -0.6, 0.5 + 0.012 * f * f))
    key_every_frame(ball, "rotation_euler", lambda f: (0.004 * f * f, 0.01 * f * f, 0.0))
    camera = add_camera(lambda f: (-0.8 + 0.008 * f * f, -5.2 + 0.006 * f * f, 1.6), (0.2, 0.0, 1.0))
    if shift:
        key_every_frame(camera.data, "shift_x", lambda f: 0.0012 * f * f - 0.03)
        key_every_frame(camera.data, "shift_y", lambda f: 0.02 - 0.0009 * f * f)
    return scene


def odd_scene(width: int, height: int, library: Path) -> bpy.types.Scene:
    """A small scene with all that a capture has to change and give back: see the comments.

    library: where a .blend with an object to link may be written.
    """
    _write_library(library)
    scene = empty_scene(width, height)
    vertices, faces = grid(2, 2)
    # Materials: of nodes, without nodes (before 5.0), none at all, an empty slot, faces that ask for a third slot.
    add_mesh("Nodes", vertices, faces, emission("nodes", 3.0, (0.9, 0.5, 0.3)))
    plain = bpy.data.materials.new("plain")
    plain.diffuse_color, plain.pass_index, plain.use_fake_user = (0.1, 0.6, 0.2, 1.0), 7, True
    add_mesh("Plain", np.add(vertices, (2, 0, 0)), faces, plain)
    bare = add_mesh("Bare", np.add(vertices, (-2, 0, 0)), faces, None)
    bare.data.polygons.foreach_set("material_index", [2, 0, 1, 3])
    empty_slot = add_mesh("Empty slot", np.add(vertices, (0, 2, 0)), faces, None)
    empty_slot.data.materials.append(None)
    twin = bpy.data.objects.new("Twin of bare", bare.data)
    twin.location, twin.pass_index = (-2, 2, 0), 31000
    scene.collection.objects.link(twin)
    # Other kinds of surface, an instanced collection, and an object from another file.
    curve = bpy.data.curves.new("Text", "FONT")
    curve.body = "ab"
    text = bpy.data.objects.new("Text", curve)
    text.location = (1, -2, 0.5)
    scene.collection.objects.link(text)
    group = bpy.data.collections.new("Group")
    group.objects.link(add_mesh("Member", vertices * 0.3, faces, None))
    for place in ((-1, -2, 0.5), (-2, -2, 0.5)):
        instance = bpy.data.objects.new("Instance", None)
        instance.instance_type, instance.instance_collection, instance.location = "COLLECTION", group, place
        scene.collection.objects.link(instance)
    with bpy.data.libraries.load(str(library), link=True) as (_, wanted):
        wanted.objects = ["Linked"]
    scene.collection.objects.link(bpy.data.objects["Linked"])
    # A camera for each half of the range, keys, a driver, and a pose that was changed and not keyed yet.
    first = add_camera(lambda f: (0.02 * f * f, -4.0, 7.0), (0.0, 0.0, 0.0))
    second = add_camera(lambda f: (1.0, -4.0, 7.0 - 0.02 * f * f), (0.0, 0.0, 0.0))
    scene.timeline_markers.new("one", frame=1).camera = first
    scene.timeline_markers.new("two", frame=5).camera = second
    mover = bpy.data.objects["Nodes"]
    key_every_frame(mover, "location", lambda f: (0.0, 0.0, 0.01 * f * f))
    key_every_frame(scene.cycles, "samples", lambda f: 2 + f % 2)
    mover.driver_add("pass_index").driver.expression = "12"
    mover["size"] = 1.5
    mover.keyframe_insert('["size"]', frame=1)
    _odd_settings(scene)
    _odd_air(scene)
    scene.frame_set(3, subframe=0.25)
    scene.camera = second
    mover.location.x = 0.123
    mover["size"] = 2.5
    return scene


def _odd_settings(scene: bpy.types.Scene) -> None:
    """Render settings that a capture cannot use as they are, and that are no defaults."""
    render = scene.render
    render.use_motion_blur = render.use_border = render.use_multiview = render.use_stamp = True
    render.border_max_x, render.resolution_percentage, render.filepath = 0.5, 50, "//somewhere/####"
    render.image_settings.file_format, render.image_settings.quality = "JPEG", 33
    render.image_settings.color_management = "OVERRIDE"
    render.image_settings.view_settings.view_transform = "AgX"
    render.image_settings.view_settings.exposure = 0.5
    render.fps, render.fps_base = 24, 1.001
    scene.frame_step, scene.use_preview_range = 3, True
    scene.cycles.use_denoising, scene.cycles.filter_width = True, 2.5
    layer = scene.view_layers[0]
    layer.use_pass_mist = layer.use_pass_cryptomatte_object = True
    layer.aovs.add().name = "flowbrush_surface"
    scene.view_layers.new("Other").use = True
    if bpy.app.version < (5, 0, 0):
        scene.use_nodes = True
        tree = scene.node_tree
    else:
        tree = scene.compositing_node_group = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
        tree.nodes.new("CompositorNodeRLayers").scene = scene
    passes = next(node for node in tree.nodes if node.bl_idname == "CompositorNodeRLayers")
    tree.links.new(passes.outputs["Mist"], tree.nodes.new("CompositorNodeViewer").inputs[0])


def _odd_air(scene: bpy.types.Scene) -> None:
    """Light, fog and an open lens: what a picture needs and data must not see."""
    sun = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
    sun.rotation_euler = (0.5, 0.3, 0.0)
    scene.collection.objects.link(sun)
    scene.world = bpy.data.worlds.new("Fog")
    tree = compat.give_nodes(scene.world)
    fog = tree.nodes.new("ShaderNodeVolumeScatter")
    fog.inputs["Density"].default_value = 0.1
    tree.links.new(fog.outputs["Volume"], tree.nodes["World Output"].inputs["Volume"])
    for camera in bpy.data.cameras:
        camera.dof.use_dof, camera.dof.aperture_fstop, camera.dof.focus_distance = True, 0.2, 3.0


def _write_library(path: Path) -> None:
    bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
    vertices, faces = grid(1, 1)
    add_mesh("Linked", np.add(vertices, (3, 3, 0)), faces, emission("linked", 2.0, (0.5, 0.5, 0.9)))
    bpy.ops.wm.save_as_mainfile(filepath=str(path))
