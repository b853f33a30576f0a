"""Random materials, worlds and compositing."""

from typing import Any

import bpy
from blender.fuzz.chance import Chance
from flowbrush.scene import compat

_SHADERS = (
    "ShaderNodeBsdfPrincipled", "ShaderNodeBsdfDiffuse", "ShaderNodeBsdfTransparent", "ShaderNodeEmission",
    "ShaderNodeHoldout", "ShaderNodeBsdfToon",
)  # fmt: skip
_TEXTURES = (
    "ShaderNodeTexNoise",
    "ShaderNodeTexChecker",
    "ShaderNodeAttribute",
    "ShaderNodeTexCoord",
    "ShaderNodeValue",
)
AOV_NAMES = ("flowbrush_surface", "flowbrush_instance", "flowbrush_surface.001", "mine", "日本", "a.b")


def add_materials(chance: Chance) -> None:
    """Materials with nodes and without (before 5.0), sharing a group, some without users."""
    groups = [_group(chance) for _ in range(chance.randint(0, 2))]
    for _ in range(chance.randint(0, 5)):
        material = bpy.data.materials.new(chance.name())
        material.diffuse_color, material.pass_index = chance.colour(), chance.choice((0, 3, 32767))
        material.use_fake_user = chance.often(0.2)
        if chance.often(0.75):
            _shade(chance, compat.give_nodes(material), groups)
        if chance.often(0.1) and bpy.app.version < (5, 0, 0) and material.node_tree:
            material.use_nodes = False  # nodes that are there, but not used
        chance.scramble(material, 0.05)
        chance.custom_properties(material)
        if chance.often(0.2):
            material.keyframe_insert("diffuse_color", frame=2)
            material.diffuse_color = chance.colour()
    if chance.often(0.2):
        picture = bpy.data.images.new(chance.name(), 4, 4)
        picture.pixels = [chance.random() for _ in range(64)]
        if chance.often():
            picture.pack()


def _group(chance: Chance) -> bpy.types.NodeTree:
    tree = bpy.data.node_groups.new(chance.name(), "ShaderNodeTree")
    tree.interface.new_socket("Shader", in_out="OUTPUT", socket_type="NodeSocketShader")
    tree.links.new(tree.nodes.new(chance.choice(_SHADERS)).outputs[0], tree.nodes.new("NodeGroupOutput").inputs[0])
    if chance.often(0.3):
        tree.nodes.new("ShaderNodeOutputAOV").aov_name = chance.choice(AOV_NAMES)
    return tree


def _shade(chance: Chance, tree: bpy.types.NodeTree, groups: list[bpy.types.NodeTree]) -> None:
    nodes, links = tree.nodes, tree.links
    if chance.often(0.2):
        nodes.clear()  # no output at all, or another one below
    outputs = [node for node in nodes if node.bl_idname == "ShaderNodeOutputMaterial"]
    for target in chance.some(("ALL", "CYCLES", "EEVEE"), 0.3):
        output = nodes.new("ShaderNodeOutputMaterial")
        output.target, output.is_active_output = target, chance.often()
        outputs.append(output)
    for output in outputs:
        if groups and chance.often(0.3):
            shader = nodes.new("ShaderNodeGroup")
            shader.node_tree = chance.choice(groups)
        else:
            shader = nodes.new(chance.choice(_SHADERS))
        if shader.outputs:
            links.new(shader.outputs[0], output.inputs["Surface"])
        texture = nodes.new(chance.choice(_TEXTURES))
        if shader.inputs and chance.often():
            links.new(texture.outputs[0], shader.inputs[0])
        if chance.often(0.2):
            links.new(texture.outputs[0], output.inputs["Displacement"])
        if chance.often(0.15):
            links.new(nodes.new("ShaderNodeVolumeScatter").outputs[0], output.inputs["Volume"])
            links.new(texture.outputs[0], nodes.new("ShaderNodeVolumeScatter").inputs[0])
    decorate(chance, tree)
    if chance.often(0.3):
        nodes.new("ShaderNodeOutputAOV").aov_name = chance.choice(AOV_NAMES)


def decorate(chance: Chance, tree: bpy.types.NodeTree) -> None:
    """What an author leaves in a node tree: frames, muted nodes and links, an active and selected nodes, keys."""
    nodes = tree.nodes
    for node in chance.some(list(nodes), 0.3):
        node.mute, node.select, node.hide = chance.often(0.2), chance.often(), chance.often()
        node.location, node.label = chance.place(300)[:2], chance.name()
        for socket in chance.some(node.inputs, 0.2):
            if isinstance(getattr(socket, "default_value", None), float) and chance.often():
                socket.default_value = chance.random()
                socket.keyframe_insert("default_value", frame=chance.randint(-3, 6))
                socket.default_value = chance.random()
    for link in chance.some(list(tree.links), 0.15):
        link.is_muted = True
    if chance.often(0.3) and len(nodes):
        frame = nodes.new("NodeFrame")
        for node in chance.some(list(nodes), 0.3):
            if node != frame:
                node.parent = frame
    nodes.active = chance.choice([None, *nodes])


def add_world(chance: Chance, scene: bpy.types.Scene) -> None:
    """A world with nodes or without, or none; with fog, or moving."""
    if chance.often(0.2):
        scene.world = None
        return
    scene.world = bpy.data.worlds.new(chance.name())
    scene.world.color = chance.place(0.5)
    if chance.often(0.7):
        tree = compat.give_nodes(scene.world)
        if chance.often(0.3):
            output = next((n for n in tree.nodes if n.bl_idname == "ShaderNodeOutputWorld"), None)
            if output is not None:
                tree.links.new(tree.nodes.new("ShaderNodeVolumeScatter").outputs[0], output.inputs["Volume"])
        decorate(chance, tree)
    chance.animate(scene.world, 0.1)
    chance.custom_properties(scene.world)


def add_compositing(chance: Chance, scene: bpy.types.Scene) -> None:
    """A compositing tree that uses passes, or none."""
    if not chance.often(0.4):
        return
    tree = _compositing_tree(scene)
    layers: Any = tree.nodes.new("CompositorNodeRLayers")
    layers.scene = chance.choice([scene, *bpy.data.scenes])
    layers.layer = chance.choice(scene.view_layers).name if layers.scene == scene else layers.scene.view_layers[0].name
    compat.refresh_compositor(scene)  # or Blender finds out later which passes there are
    viewer = tree.nodes.new("CompositorNodeViewer")
    for socket in chance.some([socket for socket in layers.outputs if socket.enabled], 0.3):
        blur = tree.nodes.new("CompositorNodeBlur")
        tree.links.new(socket, blur.inputs[0])
        tree.links.new(blur.outputs[0], viewer.inputs[0])
    if chance.often(0.3):
        tree.nodes.new("CompositorNodeOutputFile")
    decorate(chance, tree)


def _compositing_tree(scene: bpy.types.Scene) -> bpy.types.NodeTree:
    if bpy.app.version < (5, 0, 0):
        scene.use_nodes = True
        return scene.node_tree
    scene.compositing_node_group = bpy.data.node_groups.new("Compositing", "CompositorNodeTree")
    return scene.compositing_node_group
