"""Plain materials: one opaque shader that leaves the surface where it is and its normal as it is.

Whatever else such a material does, it shows in the picture only. Renderers make small exceptions: where a surface is
seen at a glancing angle, Cycles turns the normal of a glossy layer and mixes normals by the layers' colours. So for
data every plain material is rendered as the same diffuse one; its textures need not even be loaded.
"""

import bpy

from . import compat
from .changes import Changes
from .held import hold
from .nodes import Nodes
from .render_settings import Setting
from .transparency import transparency

# Not emission: Blender leaves out a surface that does not glow after all.
_OPAQUE = frozenset(
    {"ShaderNodeBsdfPrincipled", "ShaderNodeBsdfDiffuse", "ShaderNodeBsdfAnisotropic", "ShaderNodeBsdfToon"}
)
_BENDING_INPUTS = frozenset({"Normal", "Coat Normal", "Clearcoat Normal", "Tangent"})


def is_plain(material: bpy.types.Material) -> bool:
    """Whether the material can change nothing but colours."""
    if not compat.uses_nodes(material):
        return True  # rendered as diffuse
    outputs = [node for node in material.node_tree.nodes if node.bl_idname == "ShaderNodeOutputMaterial"]
    if len(outputs) != 1 or outputs[0].inputs["Displacement"].is_linked or transparency(material):
        return False
    links = outputs[0].inputs["Surface"].links
    if not links or links[0].is_muted:
        return False
    shader = links[0].from_node
    bent = any(socket.is_linked and socket.name in _BENDING_INPUTS for socket in shader.inputs)
    return shader.bl_idname in _OPAQUE and not shader.mute and not bent


def as_diffuse(changes: Changes, tree: bpy.types.NodeTree) -> tuple[Setting, Setting]:
    """Gives a plain material's tree a diffuse shader of its own; returns what to set for a picture, and for data."""
    nodes = Nodes(changes, tree)
    output = next(node for node in tree.nodes if node.bl_idname == "ShaderNodeOutputMaterial")
    shader, second = nodes.add("ShaderNodeBsdfDiffuse"), nodes.add("ShaderNodeOutputMaterial")
    second.target = output.target
    tree.links.new(shader.outputs[0], second.inputs["Surface"])
    changes.callback(setattr, output, "is_active_output", output.is_active_output)
    output.is_active_output = True
    return (hold(output), "is_active_output", True), (hold(second), "is_active_output", True)
