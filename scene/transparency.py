"""Whether what is seen of a material may lie behind its surface or inside, judged by its nodes.

Vectors, depth and ids are those of the first surface; paint on glass would stick to the pane. The judgement errs on
the side of transparent: a cut-out leaf is, and what cannot be known without rendering is taken for it.
"""

from collections.abc import Callable

import bpy

from . import compat

_CLEAR_SHADERS = {
    "ShaderNodeBsdfTransparent": "transparent",
    "ShaderNodeHoldout": "transparent",
    "ShaderNodeBsdfRayPortal": "transparent",
    "ShaderNodeBsdfRefraction": "refractive",
    "ShaderNodeBsdfGlass": "refractive",
}
# Inputs that make a shader clear: the value at which they do not, and what it is otherwise.
_CLEAR_INPUTS: dict[str, dict[str, tuple[float, str]]] = {
    "ShaderNodeBsdfPrincipled": {"Alpha": (1.0, "transparent"), "Transmission Weight": (0.0, "refractive")},
    "ShaderNodeEeveeSpecular": {"Transparency": (0.0, "transparent")},
}
_OPERATIONS: dict[str, Callable[[float, float], float]] = {
    "ADD": lambda a, b: a + b,
    "SUBTRACT": lambda a, b: a - b,
    "MULTIPLY": lambda a, b: a * b,
    "MINIMUM": min,
    "MAXIMUM": max,
    "LESS_THAN": lambda a, b: float(a < b),
    "GREATER_THAN": lambda a, b: float(a > b),
}

_Groups = tuple[bpy.types.Node, ...]  # the group nodes that lead to a node, outermost first


def transparency(material: bpy.types.Material) -> str:
    """`transparent`, `refractive` or `volumetric` if part of the material may be; empty where it is opaque."""
    if not compat.uses_nodes(material):
        return ""
    for engine in ("CYCLES", "EEVEE"):
        output = material.node_tree.get_output_node(engine)
        if output is None:
            continue
        if _link(output.inputs["Volume"]) is not None:
            return "volumetric"
        if kind := _shader(output.inputs["Surface"], (), set()):
            return kind
    return ""


def _link(socket: bpy.types.NodeSocket) -> bpy.types.NodeLink | None:
    return next((link for link in socket.links if not link.is_muted), None)


def _shader(socket: bpy.types.NodeSocket, groups: _Groups, known: set[tuple[bpy.types.Node, _Groups]]) -> str:
    """What the shader that `socket` is fed with is."""
    link = _link(socket)
    if link is None or (link.from_node, groups) in known:
        return ""
    node = link.from_node
    if node.bl_idname == "NodeGroupInput":
        outer = _same(groups[-1].inputs, link.from_socket) if groups else None
        return _shader(outer, groups[:-1], known) if outer is not None else ""
    if not _is_group(node):  # a group may be asked for several of its outputs
        known.add((node, groups))
    if node.bl_idname in _CLEAR_SHADERS and not node.mute:
        return _CLEAR_SHADERS[node.bl_idname]
    for name, (opaque, kind) in _CLEAR_INPUTS.get(node.bl_idname, {}).items():
        if name in node.inputs and _value(node.inputs[name], groups) != opaque and not node.mute:
            return kind
    if _is_group(node) and not node.mute:
        inner = _inside(node, link.from_socket)
        return _shader(inner, (*groups, node), known) if inner is not None else ""
    below = [other for other in node.inputs if other.type == "SHADER" or node.bl_idname == "NodeReroute"]
    if node.bl_idname == "ShaderNodeMixShader" and not node.mute:
        share = _value(node.inputs[0], groups)
        below = [side for side, absent in zip(below, (1.0, 0.0), strict=True) if share != absent]
    return next(filter(None, (_shader(other, groups, known) for other in below)), "")


def _value(socket: bpy.types.NodeSocket, groups: _Groups) -> float | None:
    """The number that `socket` always has; None where it may vary."""
    link = _link(socket)
    if link is None:
        return None if _moves(socket) or socket.type != "VALUE" else float(socket.default_value)
    node = link.from_node
    if node.mute:
        return None
    if node.bl_idname == "NodeReroute":
        return _value(node.inputs[0], groups)
    if node.bl_idname == "NodeGroupInput":
        outer = _same(groups[-1].inputs, link.from_socket) if groups else None
        return _value(outer, groups[:-1]) if outer is not None else None
    if _is_group(node):
        inner = _inside(node, link.from_socket)
        return _value(inner, (*groups, node)) if inner is not None else None
    if node.bl_idname == "ShaderNodeValue":
        return None if _moves(node.outputs[0]) else float(node.outputs[0].default_value)
    return _computed(node, groups) if node.bl_idname == "ShaderNodeMath" else None


def _computed(node: bpy.types.Node, groups: _Groups) -> float | None:
    if node.operation not in _OPERATIONS:
        return None
    operands = [_value(socket, groups) for socket in node.inputs[:2]]
    if node.operation == "MULTIPLY" and 0.0 in operands:
        return 0.0
    if operands[0] is None or operands[1] is None:
        return None
    result = _OPERATIONS[node.operation](operands[0], operands[1])
    return min(max(result, 0.0), 1.0) if node.use_clamp else result


def _moves(socket: bpy.types.NodeSocket) -> bool:
    """Whether the socket's own value is animated."""
    animation = socket.id_data.animation_data
    if animation is None:
        return False
    return socket.path_from_id("default_value") in {path for path, _ in compat.animated_paths(socket.id_data)}


def _is_group(node: bpy.types.Node) -> bool:
    return getattr(node, "node_tree", None) is not None


def _inside(group: bpy.types.Node, outside: bpy.types.NodeSocket) -> bpy.types.NodeSocket | None:
    """The socket inside `group` that feeds its output `outside`."""
    outputs = [node for node in group.node_tree.nodes if node.bl_idname == "NodeGroupOutput" and node.is_active_output]
    return _same(outputs[0].inputs, outside) if outputs else None


def _same(sockets: bpy.types.bpy_prop_collection, like: bpy.types.NodeSocket) -> bpy.types.NodeSocket | None:
    return next((socket for socket in sockets if socket.identifier == like.identifier), None)
