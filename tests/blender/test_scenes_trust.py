"""Objects whose vectors cannot follow their surface are said to be such, with a reason; those whose can are not."""

from collections.abc import Callable
from pathlib import Path

import bpy
import pytest
from blender import scenes, truth
from blender.stage import FLOOR, WALL, add_ball, link, stage, throw
from flowbrush.scene import compat
from flowbrush.scene.transparency import transparency


def reasons(scene: bpy.types.Scene, folder: Path) -> dict[str, str]:
    pair = truth.capture_pair(scene, folder, samples=1)
    return {item.name: item.distrust for item in pair.shot.objects}


def grown(item: bpy.types.Object) -> None:
    """Faces appear one after the other."""
    build = item.modifiers.new("Build", "BUILD")
    build.frame_start, build.frame_duration = 1, 12


def grown_in_renders_only(item: bpy.types.Object) -> None:
    grown(item)
    item.modifiers["Build"].show_viewport = False


def grown_from_the_next_frame(item: bpy.types.Object) -> None:
    """Nothing changes before the last captured frame: only the one after the range is another."""
    build = item.modifiers.new("Build", "BUILD")
    build.frame_start, build.frame_duration, build.use_reverse = truth.NOW, 20, True


def cut_by_another(item: bpy.types.Object) -> None:
    """The cut slides over the surface while it keeps its number of corners."""
    box = scenes.add_mesh("Box", *scenes.grid(1, 1), None)
    box.modifiers.new("Solid", "SOLIDIFY").thickness = 4.0
    box.hide_render = True
    scenes.key_every_frame(box, "location", lambda f: (-1.2 + 1e-5 * f * f, 0.0, 3.0))
    item.modifiers.new("Cut", "BOOLEAN").object = box


def counted_up(item: bpy.types.Object) -> None:
    """Geometry Nodes make one more column of a grid in each frame."""
    tree, output = scenes.geometry_nodes(item)
    grid = tree.nodes.new("GeometryNodeMeshGrid")
    driver = grid.inputs["Vertices X"].driver_add("default_value").driver
    driver.expression = "frame"
    tree.links.new(grid.outputs["Mesh"], output)


def more_instances(item: bpy.types.Object) -> None:
    """One more in each frame: they are numbered by counting."""
    tree, output = scenes.geometry_nodes(item)
    names = ("MeshLine", "MeshCube", "InstanceOnPoints")
    line, cube, place = (tree.nodes.new(f"GeometryNode{name}") for name in names)
    line.inputs["Count"].driver_add("default_value").driver.expression = "frame"
    tree.links.new(line.outputs["Mesh"], place.inputs["Points"])
    tree.links.new(cube.outputs["Mesh"], place.inputs["Instance"])
    tree.links.new(place.outputs[0], output)


def subdivided(item: bpy.types.Object) -> None:
    """More vertices, but the same in every frame."""
    item.modifiers.new("Round", "SUBSURF").render_levels = 1


def waved(item: bpy.types.Object) -> None:
    item.modifiers.new("Wave", "WAVE").height = 0.1


CHANGES: dict[Callable[[bpy.types.Object], None], tuple[str, ...]] = {
    grown: ("vertices in frame", "frame 6"),
    grown_in_renders_only: ("vertices in frame",),
    grown_from_the_next_frame: ("frame 7", "frame 8"),
    cut_by_another: ("made anew",),
    counted_up: ("vertices in frame",),
    more_instances: ("instances of it in frame",),
    subdivided: (),
    waved: (),
}


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_meshes_that_change_are_found_by_looking_at_them(tmp_path, change):
    scene = stage()
    ball = add_ball("Ball")
    ball.location = (0.0, 0.0, 1.0)
    change(ball)
    said = reasons(scene, tmp_path)
    assert said[FLOOR] == said[WALL] == ""
    assert bool(said["Ball"]) == bool(CHANGES[change])
    for words in CHANGES[change]:
        assert words in said["Ball"], said["Ball"]


def shader(kind: str, **values: object) -> Callable[[bpy.types.NodeTree, bpy.types.NodeSocket], None]:
    """A material of one shader with these values."""

    def build(tree: bpy.types.NodeTree, output: bpy.types.NodeSocket) -> None:
        node = tree.nodes.new(kind)
        for name, value in values.items():
            node.inputs[name.replace("_", " ")].default_value = value
        tree.links.new(node.outputs[0], output)

    return build


CLEAR = shader("ShaderNodeBsdfTransparent")


def mixed(share: float | None, into: Callable = CLEAR) -> Callable:
    """Diffuse and another shader in equal parts, or one of them alone; None: by a texture."""

    def build(tree: bpy.types.NodeTree, output: bpy.types.NodeSocket) -> None:
        mix = tree.nodes.new("ShaderNodeMixShader")
        shader("ShaderNodeBsdfDiffuse")(tree, mix.inputs[1])
        into(tree, mix.inputs[2])
        if share is None:
            tree.links.new(tree.nodes.new("ShaderNodeTexNoise").outputs[0], mix.inputs[0])
        else:
            mix.inputs[0].default_value = share
        tree.links.new(mix.outputs[0], output)

    return build


def in_a_group(alpha: float) -> Callable:
    """A group with an input for alpha, as exporters of characters make them; it is computed before it is used."""

    def build(tree: bpy.types.NodeTree, output: bpy.types.NodeSocket) -> None:
        inner = bpy.data.node_groups.new("Toon", "ShaderNodeTree")
        inner.interface.new_socket("Alpha", in_out="INPUT", socket_type="NodeSocketFloat")
        inner.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
        given, result = inner.nodes.new("NodeGroupInput"), inner.nodes.new("NodeGroupOutput")
        minus = inner.nodes.new("ShaderNodeMath")
        minus.operation, minus.inputs[0].default_value = "SUBTRACT", 1.0
        inner.links.new(given.outputs[0], minus.inputs[1])
        mixed(0.5)(inner, result.inputs[0])
        mix = next(node for node in inner.nodes if node.bl_idname == "ShaderNodeMixShader")
        inner.links.new(minus.outputs[0], mix.inputs[0])
        group = tree.nodes.new("ShaderNodeGroup")
        group.node_tree = inner
        group.inputs[0].default_value = alpha
        tree.links.new(group.outputs[0], output)

    return build


def fading(tree: bpy.types.NodeTree, output: bpy.types.NodeSocket) -> None:
    """Opaque now, and transparent later."""
    shader("ShaderNodeBsdfPrincipled")(tree, output)
    alpha = tree.nodes["Principled BSDF"].inputs["Alpha"]
    for frame, value in ((1, 1.0), (8, 0.0)):
        alpha.default_value = value
        alpha.keyframe_insert("default_value", frame=frame)
    alpha.default_value = 1.0


def smoky(tree: bpy.types.NodeTree, output: bpy.types.NodeSocket) -> None:
    shader("ShaderNodeBsdfDiffuse")(tree, output)
    fog = tree.nodes.new("ShaderNodeVolumeScatter")
    tree.links.new(fog.outputs[0], output.node.inputs["Volume"])


def not_used(tree: bpy.types.NodeTree, output: bpy.types.NodeSocket) -> None:
    """Glass that no output shows."""
    shader("ShaderNodeBsdfDiffuse")(tree, output)
    tree.nodes.new("ShaderNodeBsdfGlass")


MATERIALS = {
    "diffuse": (shader("ShaderNodeBsdfDiffuse"), ""),
    "principled": (shader("ShaderNodeBsdfPrincipled"), ""),
    "glass beside": (not_used, ""),
    "mixed with nothing of it": (mixed(0.0), ""),
    "opaque toon": (in_a_group(1.0), ""),
    "emission": (shader("ShaderNodeEmission"), ""),
    "alpha": (shader("ShaderNodeBsdfPrincipled", Alpha=0.5), "transparent"),
    "transmission": (shader("ShaderNodeBsdfPrincipled", Transmission_Weight=0.3), "refractive"),
    "glass": (shader("ShaderNodeBsdfGlass"), "refractive"),
    "holdout": (shader("ShaderNodeHoldout"), "transparent"),
    "mixed with some of it": (mixed(0.25), "transparent"),
    "cut out by a texture": (mixed(None), "transparent"),
    "clear toon": (in_a_group(0.5), "transparent"),
    "glass in a group": (mixed(0.5, in_a_group(0.5)), "transparent"),
    "fading": (fading, "transparent"),
    "smoke": (smoky, "volumetric"),
}


def build_material(name: str) -> bpy.types.Material:
    material = bpy.data.materials.new(name)
    tree = compat.give_nodes(material)
    tree.nodes.clear()
    MATERIALS[name][0](tree, tree.nodes.new("ShaderNodeOutputMaterial").inputs["Surface"])
    return material


@pytest.mark.parametrize("name", MATERIALS)
def test_transparent_materials_are_told_by_their_nodes(name):
    scenes.empty_scene(16, 16)
    assert transparency(build_material(name)) == MATERIALS[name][1]


def test_simulations_have_to_be_baked(tmp_path):
    scene = stage()
    cloth = scenes.add_mesh("Cloth", *scenes.grid(6, 6), scenes.emission("cloth", 3.0, (0.7, 0.3, 0.3)))
    cloth.location.z = 1.5
    cloth.modifiers.new("Cloth", "CLOTH")
    ball = add_ball("Ball", 0.1)
    dust = add_ball("Emitter").modifiers.new("Dust", "PARTICLE_SYSTEM").particle_system
    dust.settings.render_type, dust.settings.instance_object = "OBJECT", ball
    dust.settings.count, dust.settings.frame_start, dust.settings.frame_end = 20, 1, 1
    fallen = add_ball("Fallen", 0.2)
    throw(add_ball("Thrown"), speed=0.04)
    with bpy.context.temp_override(object=fallen):
        bpy.ops.rigidbody.world_add()
        scene.rigidbody_world.collection = bpy.data.collections.new("Bodies")
        scene.rigidbody_world.collection.objects.link(fallen)
    said = reasons(scene, tmp_path / "free")
    assert all("bake" in said[name] for name in ("Cloth", "Ball", "Fallen")), said
    assert said["Emitter"] == said[FLOOR] == ""
    bpy.ops.ptcache.bake_all(bake=True)
    pair = truth.capture_pair(scene, tmp_path / "baked")
    assert pair.untrusted == set()
    truth.check_pictures(pair)
    truth.check_rays(pair, scene)


def test_what_has_no_surface_of_its_own_is_not_trusted(tmp_path):
    """All in one scene: each object is judged for itself."""
    scene = stage()
    glass, smoke, opaque = (build_material(name) for name in ("glass", "smoke", "opaque toon"))
    for place, material in enumerate((glass, smoke, opaque)):
        throw(add_ball(material.name, 0.3, material), (place - 2.0, -0.5, 0.5))
    twin = link("Twin of glass", bpy.data.objects["opaque toon"].data)
    twin.material_slots[0].link, twin.material_slots[0].material = "OBJECT", glass
    given = add_ball("Given glass", 0.3)  # by Geometry Nodes: none of its slots shows it
    tree, output = scenes.geometry_nodes(given)
    paint = tree.nodes.new("GeometryNodeSetMaterial")
    paint.inputs["Material"].default_value = glass
    tree.links.new(tree.nodes["Group Input"].outputs[0], paint.inputs["Geometry"])
    tree.links.new(paint.outputs[0], output)
    link("Blob", bpy.data.metaballs.new("Blob")).data.elements.new()
    link("Cloud", bpy.data.volumes.new("Cloud"))
    said = reasons(scene, tmp_path)
    assert "glass" in said["glass"] and "refractive" in said["glass"]
    assert "volumetric" in said["smoke"]
    assert "refractive" in said["Given glass"] and "refractive" in said["Twin of glass"]
    assert "no vectors" in said["Blob"] and "no vectors" in said["Cloud"]
    assert said["opaque toon"] == said[FLOOR] == said[WALL] == ""
