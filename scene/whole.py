"""Half-clear surfaces as whole ones, for EEVEE's data.

Of a surface that lets some light through EEVEE writes the passes in a pattern of dots, which hides a share of what is
behind. As with Cycles, the first surface that is not quite clear shall count: such materials get a second output, whose
surface is there wherever the opacity of the first is above a threshold.
"""

import bpy

from . import compat
from .changes import Changes
from .nodes import Nodes
from .transparency import transparency

THRESHOLD = 0.01  # of opacity; below it a surface is not there


def add_outputs(changes: Changes) -> list[bpy.types.Node]:
    """Adds the outputs until `changes` closes. They count for EEVEE while their `target` is EEVEE; now it is not."""
    return [
        _add_output(Nodes(changes, material.node_tree), output)
        for material in bpy.data.materials
        if not material.is_grease_pencil and compat.uses_nodes(material) and transparency(material)
        if (output := material.node_tree.get_output_node("EEVEE")) and output.inputs["Surface"].links
    ]


def _add_output(nodes: Nodes, output: bpy.types.Node) -> bpy.types.Node:
    opacity, there = nodes.add("ShaderNodeShaderToRGB"), nodes.add("ShaderNodeMath", operation="GREATER_THAN")
    clear, solid = nodes.add("ShaderNodeBsdfTransparent"), nodes.add("ShaderNodeBsdfDiffuse")
    mix = nodes.add("ShaderNodeMixShader")
    second = nodes.add("ShaderNodeOutputMaterial", target="CYCLES")
    there.inputs[1].default_value = THRESHOLD
    link = nodes.tree.links.new
    link(output.inputs["Surface"].links[0].from_socket, opacity.inputs[0])
    link(opacity.outputs["Alpha"], there.inputs[0])
    link(there.outputs[0], mix.inputs[0])
    link(clear.outputs[0], mix.inputs[1])
    link(solid.outputs[0], mix.inputs[2])
    link(mix.outputs[0], second.inputs["Surface"])
    for displaced in output.inputs["Displacement"].links:
        link(displaced.from_socket, second.inputs["Displacement"])
    return second
