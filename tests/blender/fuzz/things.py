"""Random objects of every type that Blender has, with what bends, moves and multiplies them."""

import math
from collections.abc import Callable
from typing import Any

import bpy
import numpy as np
from blender import scenes
from blender.fuzz.chance import Chance

# They want a file or a bake, or take longer than a seed may.
_MODIFIERS = (
    "ARMATURE", "ARRAY", "BEVEL", "BOOLEAN", "BUILD", "CAST", "CORRECTIVE_SMOOTH", "CURVE", "DATA_TRANSFER",
    "DECIMATE", "DISPLACE", "EDGE_SPLIT", "HOOK", "LAPLACIANSMOOTH", "LATTICE", "MASK", "MIRROR", "NORMAL_EDIT",
    "REMESH", "SCREW", "SHRINKWRAP", "SIMPLE_DEFORM", "SKIN", "SMOOTH", "SOLIDIFY", "SUBSURF", "TRIANGULATE",
    "UV_PROJECT", "UV_WARP", "VERTEX_WEIGHT_EDIT", "WARP", "WAVE", "WEIGHTED_NORMAL", "WELD", "WIREFRAME",
    "CLOTH", "COLLISION", "MULTIRES", "MESH_TO_VOLUME",
)  # fmt: skip
_NODES = (
    "SetPosition", "MeshToPoints", "SubdivideMesh", "SetMaterial", "InstanceOnPoints", "SplitEdges",
    "ObjectInfo",
)  # fmt: skip
_CONSTRAINTS = (
    "CHILD_OF", "CLAMP_TO", "COPY_LOCATION", "COPY_ROTATION", "COPY_SCALE", "COPY_TRANSFORMS", "DAMPED_TRACK",
    "FLOOR", "FOLLOW_PATH", "LIMIT_DISTANCE", "LIMIT_LOCATION", "LIMIT_ROTATION", "LOCKED_TRACK",
    "MAINTAIN_VOLUME", "PIVOT", "STRETCH_TO", "TRACK_TO", "TRANSFORM",
)  # fmt: skip


def add(chance: Chance, scene: bpy.types.Scene) -> None:
    """A few objects of random types, in random collections."""
    for make in chance.choices(MAKERS, k=chance.randint(2, 8)):
        item = make(chance)
        own = [collection for collection in bpy.data.collections if collection.library is None]
        home = chance.choice([scene.collection, *own])
        if item.instance_collection is not None and home in (
            item.instance_collection,
            *_inside(item.instance_collection),
        ):
            home = scene.collection  # an instance cannot be in what it shows
        home.objects.link(item)
        _place(chance, item)
    for item in chance.some(scene.objects, 0.2):
        above = chance.choice(scene.objects)
        if item.parent is None and above.session_uid < item.session_uid:
            item.parent = above


def _inside(collection: bpy.types.Collection) -> list[bpy.types.Collection]:
    """The collections that are shown where `collection` is."""
    found = list(collection.children_recursive)
    for item in collection.all_objects:
        if item.instance_collection is not None:
            found += [item.instance_collection, *_inside(item.instance_collection)]
    return found


def _place(chance: Chance, item: bpy.types.Object) -> None:
    item.location, item.rotation_euler = chance.place(), chance.place(math.pi)
    if chance.often(0.3):
        item.rotation_mode = chance.choice(("QUATERNION", "AXIS_ANGLE", "ZXY"))
    if chance.often(0.2):
        item.scale = chance.place()
    for path in chance.some(("location", "rotation_euler", "scale", "hide_render", "hide_viewport"), 0.15):
        for frame in (-3, 2, 7):
            if path.startswith("hide"):
                setattr(item, path, chance.often(0.2))
            else:
                setattr(item, path, chance.place())
            item.keyframe_insert(path, frame=frame)
    if chance.often(0.2):
        chance.drive(item, "location", 1)
    if chance.often(0.1):
        chance.drive(item, "pass_index")
    earlier = [other for other in bpy.data.objects if other.session_uid < item.session_uid]  # or there were cycles
    for kind in chance.some(_CONSTRAINTS, 0.04):
        constraint = item.constraints.new(kind)
        if hasattr(constraint, "target"):
            constraint.target = chance.choice([None, *earlier])
        if kind == "CHILD_OF":
            constraint.set_inverse_pending = False  # or Blender computes it at some later moment
        if kind == "STRETCH_TO":
            constraint.rest_length = 1.0  # the same
        chance.scramble(constraint, 0.1)
    item.pass_index = chance.choice((0, 0, 7, 32767))
    if chance.often(0.1):
        item.is_holdout = item.is_shadow_catcher = True
    chance.custom_properties(item)
    push_to_nla(chance, item)


def push_to_nla(chance: Chance, item: Any) -> None:
    """Turns the object's action into strips of the NLA editor, some of the time."""
    data = item.animation_data
    if data is None or data.action is None or not chance.often(0.3):
        return
    action = data.action
    for _ in range(chance.randint(1, 2)):
        strip = data.nla_tracks.new().strips.new(action.name, chance.randint(1, 5), action)
        strip.blend_type = chance.choice(("REPLACE", "ADD"))
        strip.scale = chance.choice((1.0, 0.5, 2.0))
    data.nla_tracks[0].mute = chance.often(0.2)
    if chance.often():
        data.action = None


def mesh(chance: Chance) -> bpy.types.Object:
    """A grid, tube or nothing, with attributes, materials by face, shape keys and modifiers."""
    if chance.often(0.2) and bpy.data.meshes:
        data = chance.choice(bpy.data.meshes)  # shared
        item = bpy.data.objects.new(chance.name(), data)
        _slots(chance, item)
        return item
    vertices, faces = chance.choice(
        (scenes.grid(chance.randint(1, 4), chance.randint(1, 4)), scenes.tube(2, 5), (np.zeros((0, 3)), []))
    )
    data = bpy.data.meshes.new(chance.name())
    data.from_pydata(vertices.tolist(), [], faces)
    _attributes(chance, data)
    item = bpy.data.objects.new(chance.name(), data)
    _slots(chance, item)
    if faces and chance.often():
        data.polygons.foreach_set("material_index", [chance.randint(0, 3) for _ in data.polygons])
    if faces and chance.often(0.3):
        _shape_keys(chance, item)
    if faces and chance.often(0.4):
        group = item.vertex_groups.new(name=chance.name())
        group.add(range(len(vertices)), chance.random(), "REPLACE")
    for kind in chance.some(_MODIFIERS, 0.04):
        _modifier(chance, item, kind)
    if chance.often(0.2):
        _geometry_nodes(chance, item)
    if faces and chance.often(0.12):
        _particles(chance, item)
    item.add_rest_position_attribute = chance.often(0.2)
    return item


def _slots(chance: Chance, item: bpy.types.Object) -> None:
    if item.data.library is None and not item.data.materials:
        for _ in range(chance.choice((0, 1, 1, 2, 3))):
            item.data.materials.append(chance.choice([None, *bpy.data.materials]))
    for slot in chance.some(item.material_slots, 0.2):
        slot.link = "OBJECT"
        slot.material = chance.choice([None, *bpy.data.materials])
    if item.material_slots:
        item.active_material_index = chance.randrange(len(item.material_slots))


def _attributes(chance: Chance, data: Any) -> None:
    for kind in chance.some(("FLOAT", "INT", "FLOAT_VECTOR", "FLOAT_COLOR", "BYTE_COLOR", "BOOLEAN", "FLOAT2"), 0.2):
        domain = chance.choice(("POINT", "CORNER" if kind.endswith("COLOR") or kind == "FLOAT2" else "FACE"))
        data.attributes.new(chance.choice((chance.name(), "rest_position_", "colour")), kind, domain)
    if chance.often(0.1):
        data.attributes.new("rest_position", "FLOAT_VECTOR", "POINT")
    if chance.often(0.3):
        data.uv_layers.new(name=chance.name())
    if data.polygons and chance.often():
        data.polygons.foreach_set("use_smooth", [chance.often() for _ in data.polygons])
        data.polygons.foreach_set("select", [chance.often() for _ in data.polygons])


def _shape_keys(chance: Chance, item: bpy.types.Object) -> None:
    item.shape_key_add(name="Basis")
    for _ in range(chance.randint(1, 2)):
        key = item.shape_key_add(name=chance.name(), from_mix=False)
        key.data[0].co = chance.place()
        for frame in chance.some((-2, 1, 4, 6)):
            key.value = chance.random()
            key.keyframe_insert("value", frame=frame)
        key.value = chance.random()
    item.data.shape_keys.use_relative = chance.often(0.8)
    item.active_shape_key_index = chance.randint(0, 1)
    item.show_only_shape_key = chance.often(0.2)


def _modifier(chance: Chance, item: bpy.types.Object, kind: str) -> None:
    if kind == "MULTIRES" and any(m.type == "MULTIRES" for m in item.modifiers):
        return
    modifier = item.modifiers.new(chance.name(), kind)
    if modifier is None:
        return
    if kind in {"REMESH", "SKIN"}:
        return
    for name in ("object", "target", "auxiliary_target", "offset_object"):
        prop = modifier.bl_rna.properties.get(name)
        if prop is not None and prop.type == "POINTER" and prop.fixed_type.identifier == "Object":
            others = [other for other in bpy.data.objects if other.type in {"MESH", "CURVE", "LATTICE", "ARMATURE"}]
            try:
                setattr(modifier, name, chance.choice([None, *others]))
            except (TypeError, RuntimeError):
                continue
    chance.scramble(modifier, 0.15)
    modifier.show_render = chance.often(0.9)
    chance.animate(modifier, 0.03)


def _geometry_nodes(chance: Chance, item: bpy.types.Object) -> None:
    modifier = item.modifiers.new("Nodes", "NODES")
    if chance.often(0.3) and any(t.bl_idname == "GeometryNodeTree" for t in bpy.data.node_groups):
        modifier.node_group = next(t for t in bpy.data.node_groups if t.bl_idname == "GeometryNodeTree")
        return
    tree = bpy.data.node_groups.new(chance.name(), "GeometryNodeTree")
    tree.interface.new_socket("Geometry", in_out="INPUT", socket_type="NodeSocketGeometry")
    tree.interface.new_socket("Amount", in_out="INPUT", socket_type="NodeSocketFloat")
    tree.interface.new_socket("Geometry", in_out="OUTPUT", socket_type="NodeSocketGeometry")
    nodes, links = tree.nodes, tree.links
    way = nodes.new("NodeGroupInput").outputs[0]
    for kind in chance.some(
        (f"GeometryNode{name}" for name in _NODES),
        0.3,
    ):
        node = nodes.new(kind)
        if kind == "GeometryNodeObjectInfo":
            node.inputs[0].default_value = chance.choice(bpy.data.objects)
            continue
        if kind == "GeometryNodeSetMaterial":
            node.inputs["Material"].default_value = chance.choice([None, *bpy.data.materials])
        links.new(way, node.inputs[0])
        way = node.outputs[0]
    links.new(way, nodes.new("NodeGroupOutput").inputs[0])
    modifier.node_group = tree
    if chance.often(0.3):
        _simulation(tree)


def _simulation(tree: bpy.types.NodeTree) -> None:
    begin, end = tree.nodes.new("GeometryNodeSimulationInput"), tree.nodes.new("GeometryNodeSimulationOutput")
    begin.pair_with_output(end)
    output = next(node for node in tree.nodes if node.bl_idname == "NodeGroupOutput")
    tree.links.new(output.inputs[0].links[0].from_socket, begin.inputs["Geometry"])
    tree.links.new(begin.outputs["Geometry"], end.inputs["Geometry"])
    tree.links.new(end.outputs["Geometry"], output.inputs[0])


def _particles(chance: Chance, item: bpy.types.Object) -> None:
    item.modifiers.new(chance.name(), "PARTICLE_SYSTEM")
    settings = item.particle_systems[0].settings
    settings.type, settings.count = chance.choice(("EMITTER", "HAIR")), chance.randint(1, 12)
    if settings.type == "EMITTER":
        settings.frame_start, settings.frame_end = -5.0, 5.0
    if chance.often():
        settings.render_type = chance.choice(("OBJECT", "NONE"))
        settings.instance_object = chance.choice(bpy.data.objects) if bpy.data.objects else None
    settings.name = chance.name()


def curve(chance: Chance) -> bpy.types.Object:
    """A Bezier or poly curve, a text or a NURBS surface."""
    kind = chance.choice(("CURVE", "FONT", "SURFACE"))
    data = bpy.data.curves.new(chance.name(), kind)
    item = bpy.data.objects.new(chance.name(), data)
    if kind == "FONT":
        data.body = chance.choice(("", "Flow", "日本語\nzwei"))
    else:
        for _ in range(chance.randint(0, 2)):
            spline = data.splines.new("NURBS" if kind == "SURFACE" else chance.choice(("BEZIER", "POLY", "NURBS")))
            points = spline.bezier_points if spline.type == "BEZIER" else spline.points
            points.add(chance.randint(1, 3))
            for point in points:
                point.co = chance.place() if spline.type == "BEZIER" else (*chance.place(), 1.0)
    data.bevel_depth, data.extrude = chance.choice((0.0, 0.1)), chance.choice((0.0, 0.2))
    _slots(chance, item)
    for index, piece in enumerate((*data.splines, *getattr(data, "body_format", ()))):
        piece.material_index = index % 3
    chance.animate(data, 0.03)
    if chance.often(0.2):
        data.eval_time = 3.0
        data.keyframe_insert("eval_time", frame=2)
    return item


def hair(chance: Chance) -> bpy.types.Object:
    """Hair curves, a point cloud or a volume without a file."""
    kind = chance.choice(("hair_curves", "pointclouds", "volumes"))
    data = getattr(bpy.data, kind).new(chance.name())
    if kind == "hair_curves" and hasattr(data, "add_curves"):
        data.add_curves([3, 4])
    item = bpy.data.objects.new(chance.name(), data)
    _slots(chance, item)
    return item


def metaball(chance: Chance) -> bpy.types.Object:
    """A metaball of a family."""
    data = bpy.data.metaballs.new(chance.name())
    for _ in range(chance.randint(0, 2)):
        data.elements.new().co = chance.place(0.5)
    item = bpy.data.objects.new("Family", data)
    _slots(chance, item)
    return item


def grease_pencil(chance: Chance) -> bpy.types.Object:
    """A drawing with a stroke; since 4.3 another kind of data-block."""
    old = bpy.app.version < (4, 3, 0)
    blocks = bpy.data.grease_pencils if old or bpy.app.version >= (5, 0, 0) else bpy.data.grease_pencils_v3
    data = blocks.new(chance.name())
    layer = data.layers.new(chance.name())
    for number in (1, 4):
        frame = layer.frames.new(number)
        if old:
            stroke = frame.strokes.new()
            stroke.points.add(3)
            for point in stroke.points:
                point.co = chance.place()
        else:
            frame.drawing.add_strokes([3])
            for point in frame.drawing.strokes[0].points:
                point.position = chance.place()
    item = bpy.data.objects.new(chance.name(), data)
    for _ in range(chance.randint(0, 2)):
        material = bpy.data.materials.new(chance.name())
        bpy.data.materials.create_gpencil_data(material)
        data.materials.append(chance.choice((material, None)))
    if chance.often(0.3):
        modifiers = item.grease_pencil_modifiers if old else item.modifiers
        chance.scramble(modifiers.new("Noise", "GP_NOISE" if old else "GREASE_PENCIL_NOISE"), 0.1)
    return item


def lattice(chance: Chance) -> bpy.types.Object:
    """A lattice with a moved point."""
    data = bpy.data.lattices.new(chance.name())
    data.points[0].co_deform = chance.place()
    return bpy.data.objects.new(chance.name(), data)


def empty(chance: Chance) -> bpy.types.Object:
    """An empty that instances a collection, or not."""
    item = bpy.data.objects.new(chance.name(), None)
    if bpy.data.collections and chance.often():
        item.instance_type, item.instance_collection = "COLLECTION", chance.choice(bpy.data.collections)
    return item


def light(chance: Chance) -> bpy.types.Object:
    """A light of any type, with nodes or a moving strength."""
    data = bpy.data.lights.new(chance.name(), chance.choice(("POINT", "SUN", "SPOT", "AREA")))
    if bpy.app.version < (5, 0, 0) and chance.often(0.3):
        data.use_nodes = True
    chance.animate(data, 0.03)
    item = bpy.data.objects.new(chance.name(), data)
    if hasattr(item, "light_linking") and bpy.data.collections and chance.often(0.2):
        item.light_linking.receiver_collection = chance.choice(bpy.data.collections)
    return item


def speaker(chance: Chance) -> bpy.types.Object:
    """A speaker or a light probe."""
    if chance.often():
        return bpy.data.objects.new(chance.name(), bpy.data.speakers.new(chance.name()))
    return bpy.data.objects.new(
        chance.name(), bpy.data.lightprobes.new(chance.name(), chance.choice(("SPHERE", "PLANE")))
    )


MAKERS: list[Callable[[Chance], bpy.types.Object]] = [
    mesh, mesh, mesh, mesh, mesh, curve, curve, hair, metaball, grease_pencil, lattice, empty, empty, light, speaker,
]  # fmt: skip
