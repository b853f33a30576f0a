"""Instances of every kind on the stage; see `test_scenes_instances`."""

from collections.abc import Callable

import bpy
from blender import scenes
from blender.stage import add_ball, link, throw


def collections_in_collections() -> None:
    """A ball in a collection, three of that one in another, and two of those that move."""
    inner, outer = bpy.data.collections.new("Inner"), bpy.data.collections.new("Outer")
    ball = add_ball("Ball", 0.4)
    bpy.context.scene.collection.objects.unlink(ball)
    inner.objects.link(ball)
    for number in range(3):
        member = _instancer(f"Member {number}", inner, outer)
        member.location.x = 0.7 * number
        scenes.key_every_frame(member, "rotation_euler", lambda f: (0.004 * f * f, 0.0, 0.0))
    for number in range(2):
        group = _instancer(f"Group {number}", outer, bpy.context.scene.collection)
        throw(group, (-1.5, -0.3 - number, 0.4 + 0.9 * number), 0.012)


def _instancer(name: str, shown: bpy.types.Collection, place: bpy.types.Collection) -> bpy.types.Object:
    item = bpy.data.objects.new(name, None)
    item.instance_type, item.instance_collection = "COLLECTION", shown
    place.objects.link(item)
    return item


def on_vertices_and_faces() -> None:
    """Two objects shown at the corners and on the faces of another, that bends."""
    for kind, height in (("VERTS", 0.4), ("FACES", 1.5)):
        vertices, faces = scenes.grid(3, 1)
        carrier = scenes.add_mesh(kind, vertices * (1.2, 0.3, 1.0), faces, None)
        throw(carrier, (-0.8, -0.6, height), 0.008)
        bend = carrier.modifiers.new("Bend", "SIMPLE_DEFORM")
        bend.deform_method, bend.angle = "BEND", 0.6
        carrier.instance_type = kind
        carrier.show_instancer_for_render = carrier.show_instancer_for_viewport = False
        add_ball(f"Ball on {kind}", 0.25).parent = carrier


def by_geometry_nodes() -> None:
    """Another object on points that move, and a generated mesh on others; the points stay as a wire."""
    host = scenes.add_mesh("Host", *scenes.grid(3, 2), scenes.emission("host", 3.0, (0.7, 0.3, 0.3)))
    throw(host, (-0.8, -0.4, 0.6), 0.012)
    tree, output = scenes.geometry_nodes(host)
    info = tree.nodes.new("GeometryNodeObjectInfo")
    ball = add_ball("Ball", 0.3)
    ball.location = (50.0, 50.0, 50.0)
    info.inputs["Object"].default_value = ball
    info.inputs["As Instance"].default_value = True
    place = tree.nodes.new("GeometryNodeInstanceOnPoints")
    turn = tree.nodes.new("GeometryNodeRotateInstances")
    turn.inputs["Rotation"].driver_add("default_value", 2).driver.expression = "0.005 * frame * frame"
    tree.links.new(tree.nodes["Group Input"].outputs[0], place.inputs["Points"])
    tree.links.new(info.outputs["Geometry"], place.inputs["Instance"])
    tree.links.new(place.outputs[0], turn.inputs[0])
    tree.links.new(turn.outputs[0], output)


def by_particles(*, on_disk: bool = False) -> None:
    """Balls that fly off and fall; baked, as simulations must be."""
    emitter = scenes.add_mesh("Emitter", *scenes.grid(2, 2), None)
    emitter.location, emitter.scale = (0.0, -0.6, 0.2), (1.2, 0.3, 1.0)
    emitter.show_instancer_for_render = emitter.show_instancer_for_viewport = False
    system = emitter.modifiers.new("Dust", "PARTICLE_SYSTEM").particle_system
    system.point_cache.use_disk_cache = on_disk
    settings = system.settings
    settings.count, settings.frame_start, settings.frame_end, settings.lifetime = 12, 1, 1, 100
    settings.distribution = "RAND"
    settings.normal_factor, settings.render_type, settings.particle_size = 4.0, "OBJECT", 1.0
    settings.use_rotations, settings.angular_velocity_mode, settings.angular_velocity_factor = True, "GLOBAL_X", 2.0
    ball = add_ball("Ball", 0.2)
    ball.location = (50.0, 50.0, 50.0)
    settings.instance_object = ball
    bpy.ops.ptcache.bake_all(bake=True)


def as_linked_copies() -> None:
    """Three objects that share a mesh."""
    ball = add_ball("Ball", 0.4)
    for number in range(2):
        link(f"Copy {number}", ball.data)
    for number, name in enumerate(("Ball", "Copy 0", "Copy 1")):
        throw(bpy.data.objects[name], (-1.6 + number, -0.8, 0.6), 0.01 + 0.002 * number)


KINDS: list[Callable[[], None]] = [
    collections_in_collections,
    on_vertices_and_faces,
    by_geometry_nodes,
    by_particles,
    as_linked_copies,
]
