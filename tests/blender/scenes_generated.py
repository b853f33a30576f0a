"""Surfaces on the stage that no object's own mesh holds; see `test_scenes_generated`."""

from collections.abc import Callable

import bpy
from blender import scenes
from blender.stage import add_ball, link, throw


def bent_by_nodes() -> None:
    """Set Position moves the points of a ball ever farther."""
    ball = add_ball("Made", 0.6)
    ball.location = (-0.4, -0.6, 0.9)
    tree, output = scenes.geometry_nodes(ball)
    _bend(tree, tree.nodes["Group Input"].outputs[0], output)


def _bend(tree: bpy.types.NodeTree, given: bpy.types.NodeSocket, output: bpy.types.NodeSocket) -> None:
    """Moves each point up by its place along x, times the squared frame."""
    move, place, split = (tree.nodes.new(f"GeometryNode{k}") for k in ("SetPosition", "InputPosition", "InputIndex"))
    tree.nodes.remove(split)
    apart, together, times = (tree.nodes.new(f"ShaderNode{kind}") for kind in ("SeparateXYZ", "CombineXYZ", "Math"))
    times.operation = "MULTIPLY"
    times.inputs[1].driver_add("default_value").driver.expression = "0.008 * frame * frame"
    tree.links.new(place.outputs[0], apart.inputs[0])
    tree.links.new(apart.outputs["X"], times.inputs[0])
    tree.links.new(times.outputs[0], together.inputs["Z"])
    tree.links.new(together.outputs[0], move.inputs["Offset"])
    tree.links.new(given, move.inputs["Geometry"])
    tree.links.new(move.outputs[0], output)


def made_by_nodes() -> None:
    """A mesh that is generated and has no material, joined to the object's own that has one, thrown as a whole."""
    host = scenes.add_mesh("Made", *scenes.grid(3, 2), scenes.emission("host", 3.0, (0.3, 0.1, 0.1)))
    host.visible_diffuse = host.visible_glossy = False
    throw(host, (-0.8, -0.4, 0.6), 0.02)
    tree, output = scenes.geometry_nodes(host)
    join, cube = tree.nodes.new("GeometryNodeJoinGeometry"), tree.nodes.new("GeometryNodeMeshCube")
    tree.links.new(tree.nodes["Group Input"].outputs[0], join.inputs[0])
    tree.links.new(cube.outputs[0], join.inputs[0])
    tree.links.new(join.outputs[0], output)


def made_of_nothing_else() -> None:
    """Only a generated mesh, without any material, on an object that has none."""
    host = scenes.add_mesh("Made", *scenes.grid(1, 1), None)
    host.visible_diffuse = host.visible_glossy = False
    throw(host, (-0.8, -0.4, 0.6), 0.02)
    tree, output = scenes.geometry_nodes(host)
    tree.links.new(tree.nodes.new("GeometryNodeMeshCube").outputs[0], output)


def instanced_meshes() -> None:
    """Instances of a generated mesh without material, on moving points."""
    host = scenes.add_mesh("Made", *scenes.grid(2, 1), None)
    throw(host, (-0.8, -0.4, 0.8), 0.02)
    tree, output = scenes.geometry_nodes(host)
    cube, place = tree.nodes.new("GeometryNodeMeshCube"), tree.nodes.new("GeometryNodeInstanceOnPoints")
    cube.inputs["Size"].default_value = (0.4, 0.4, 0.4)
    tree.links.new(tree.nodes["Group Input"].outputs[0], place.inputs["Points"])
    tree.links.new(cube.outputs[0], place.inputs["Instance"])
    tree.links.new(place.outputs[0], output)


def made_and_bent() -> None:
    """A generated mesh that bends: it has no rest position of its own."""
    host = scenes.add_mesh("Made", *scenes.grid(1, 1), None)
    host.location = (-0.4, -0.6, 0.9)
    tree, output = scenes.geometry_nodes(host)
    grid = tree.nodes.new("GeometryNodeMeshGrid")
    for name, value in (("Vertices X", 20), ("Vertices Y", 20), ("Size X", 2.0), ("Size Y", 2.0)):
        grid.inputs[name].default_value = value
    _bend(tree, grid.outputs[0], output)


def a_text() -> None:
    text = link("Made", bpy.data.curves.new("Made", "FONT"))
    text.data.body, text.data.extrude = "字 Ab", 0.1
    text.data.materials.append(scenes.emission("text", 3.0, (0.8, 0.7, 0.2)))
    throw(text, (-1.0, -0.8, 0.8), 0.02)


def a_curve() -> None:
    curve = bpy.data.curves.new("Made", "CURVE")
    curve.dimensions, curve.bevel_depth = "3D", 0.25
    spline = curve.splines.new("POLY")
    spline.points.add(3)
    for point, place in zip(spline.points, ((-1, 0, 0), (-0.3, 0.2, 0.4), (0.4, 0, 0), (1, 0, 0.5)), strict=True):
        point.co = (*place, 1.0)
    throw(link("Made", curve), (-1.0, -0.6, 0.8), 0.02)


MADE: list[Callable[[], None]] = [
    bent_by_nodes,
    made_by_nodes,
    made_of_nothing_else,
    instanced_meshes,
    made_and_bent,
    a_text,
    a_curve,
]


def curves_object(name: str, strands: int, points: int) -> bpy.types.Object:
    """A patch of the new kind of hair, thick enough to be seen in a small picture."""
    data = bpy.data.hair_curves.new(name)
    data.add_curves([points] * strands)
    side = round(strands**0.5)
    for number, curve in enumerate(data.curves):
        x, y = number % side - side / 2, number // side
        for index, point in enumerate(curve.points):
            point.position = (0.12 * x, 0.08 * y, 0.15 * index)
            point.radius = 0.05
    data.materials.append(strands_material())
    return link(name, data)


def strands_material() -> bpy.types.Material:
    """Glows from dark roots to light tips: a pattern that stays on strands however they bend."""
    material = scenes.emission("strands", 1.0, (0.7, 0.5, 0.4))
    tree = material.node_tree
    hair, mix = tree.nodes.new("ShaderNodeHairInfo"), tree.nodes["Mix (Legacy)"]
    tree.links.new(hair.outputs["Intercept"], mix.inputs["Fac"])
    return material


def thrown_hair() -> None:
    throw(curves_object("Hair", 100, 6), (-1.2, -0.6, 0.4), 0.02)


def bent_hair() -> None:
    """Geometry Nodes bend the strands."""
    hair = curves_object("Hair", 100, 6)
    hair.location = (-0.2, -0.6, 0.3)
    tree, output = scenes.geometry_nodes(hair)
    _bend(tree, tree.nodes["Group Input"].outputs[0], output)


def particle_hair() -> None:
    """Hair of the old kind on a ball that is thrown and deforms."""
    ball = add_ball("Hair", 0.4, strands_material())
    settings = ball.modifiers.new("Fur", "PARTICLE_SYSTEM").particle_system.settings
    settings.type, settings.count, settings.hair_length = "HAIR", 100, 0.2
    settings.root_radius, settings.tip_radius, settings.radius_scale = 1.0, 0.8, 0.07
    throw(ball, (-1.2, -0.6, 0.6), 0.02)
    stretch = ball.modifiers.new("Stretch", "SIMPLE_DEFORM")
    stretch.deform_method = "STRETCH"
    scenes.key_every_frame(stretch, "factor", lambda f: 0.004 * f * f)


HAIR: list[Callable[[], None]] = [thrown_hair, bent_hair, particle_hair]
