"""Passes that materials write: the surface coordinate and the instance; for EEVEE, which has no such passes, ids too.

Each material gets a chain of nodes that ends in AOVs ("arbitrary output variables"). Cycles keeps an AOV as 32-bit
floats, EEVEE as halves, which count exactly up to 2048 only. So for EEVEE a number is parted into whole multiples of
2048, the whole rest, and the fraction, each in an AOV of its own, and is put together after the render.
"""

from collections.abc import Container, Mapping
from dataclasses import dataclass

import bpy
import numpy as np

from ..backend.errors import Code, SceneError
from . import compat
from .changes import Changes
from .nodes import Nodes

_BASE = 2048
_MOST = 16  # AOVs of a kind (AOV_MAX in Blender's source, larger in later versions); more would stay empty
_PARTS = ("high", "low", "fraction")
# What is put into a colour, in three parts each, times what, so that its range and its smallest step fit in. The
# coordinate then reaches 16 km and is exact to 2 micrometres.
_IN_PARTS = {
    "surface": (256.0, 256.0, 256.0),
    "numbers": (1.0, 1.0, 2.0**22),
}
_NUMBERS = ("object_id", "material_id", "instance")  # the channels of `numbers`


@dataclass(frozen=True)
class Aovs:
    """The AOVs of a capture by what is in them, named as Blender named them: one whole, or three that are parts."""

    names: dict[str, tuple[str, ...]]

    def read(self, channels: Mapping[str, np.ndarray], name: str) -> np.ndarray | None:
        """The pass `name`, (H, W, C) float32, from a render's channels; None where it is not made of AOVs.

        Raises KeyError when Blender left an AOV out.
        """
        if name in self.names and len(self.names[name]) == 1:
            (aov,) = self.names[name]
            return _channels(channels, aov, "RGB" if name == "surface" else "X")
        group = "numbers" if name in _NUMBERS else name
        if group not in self.names:
            return None
        high, low, fraction = (_channels(channels, aov, "RGB").astype(np.float64) for aov in self.names[group])
        values = (np.rint(high) * _BASE + np.rint(low) + fraction) / _IN_PARTS[group]
        return values[..., [_NUMBERS.index(name)] if group == "numbers" else slice(None)].astype(np.float32)


def add(changes: Changes, layer: bpy.types.ViewLayer, engine: str, passes: Container[str]) -> Aovs:
    """Adds to the layer what `passes` need, until `changes` closes. Raises SceneError if EEVEE has no room."""
    if engine != compat.EEVEE:
        kinds = {"surface": "COLOR", "instance": "VALUE"}
        return Aovs({name: (_add(changes, layer, name, kind),) for name, kind in kinds.items() if name in passes})
    groups = {"surface": ("surface",), "numbers": _NUMBERS}
    wanted = [group for group, holds in groups.items() if any(name in passes for name in holds)]
    if len(layer.aovs) + len(wanted) * len(_PARTS) > _MOST:
        raise SceneError(
            Code.UNSUPPORTED_SCENE,
            f"The view layer '{layer.name}' has {len(layer.aovs)} shader AOVs; with those of a capture, EEVEE has room "
            f"for {_MOST}: remove some in the layer's properties, or render with Cycles",
        )
    return Aovs({name: tuple(_add(changes, layer, f"{name}_{part}", "COLOR") for part in _PARTS) for name in wanted})


def write(changes: Changes, tree: bpy.types.NodeTree, aovs: Aovs) -> None:
    """Makes a material fill the AOVs until `changes` closes."""
    nodes = Nodes(changes, tree)
    if "surface" in aovs.names:
        _fill(nodes, aovs, "surface", _rest_position(nodes))
    if "instance" in aovs.names:
        _fill(nodes, aovs, "instance", nodes.add("ShaderNodeObjectInfo").outputs["Random"])
    if "numbers" in aovs.names:
        info, numbers = nodes.add("ShaderNodeObjectInfo"), nodes.add("ShaderNodeCombineXYZ")
        for source, axis in (("Object Index", "X"), ("Material Index", "Y"), ("Random", "Z")):
            tree.links.new(info.outputs[source], numbers.inputs[axis])
        _fill(nodes, aovs, "numbers", numbers.outputs["Vector"])


def _channels(channels: Mapping[str, np.ndarray], aov: str, letters: str) -> np.ndarray:
    found = {name.rpartition(f".{aov}.")[2]: pixels for name, pixels in channels.items() if f".{aov}." in name}
    return np.stack([found[letter] for letter in letters], axis=-1)


def _add(changes: Changes, layer: bpy.types.ViewLayer, name: str, kind: str) -> str:
    changes.set(layer, "active_aov_index", layer.active_aov_index)
    aov = changes.new(layer.aovs, of=layer)
    aov.name, aov.type = f"flowbrush_{name}", kind  # Blender makes the name unique
    return str(aov.name)


def _rest_position(nodes: Nodes) -> bpy.types.NodeSocket:
    """Where the surface point is before any deformation.

    Where there is no rest position (curves, text, meshes made by Geometry Nodes) the position in the object's own
    space is used: it stays put as long as the object does not bend.
    """
    rest = nodes.add("ShaderNodeAttribute", attribute_type="GEOMETRY", attribute_name="rest_position")
    length = nodes.add("ShaderNodeVectorMath", operation="LENGTH")
    exists = nodes.add("ShaderNodeMath", operation="SIGN")
    position = nodes.add("ShaderNodeTexCoord")
    choose = nodes.add("ShaderNodeMix", data_type="VECTOR")
    sockets = {socket.identifier: socket for socket in choose.inputs}
    link = nodes.tree.links.new
    link(rest.outputs["Vector"], length.inputs[0])  # all 0 where there is no such attribute
    link(length.outputs["Value"], exists.inputs[0])
    link(exists.outputs["Value"], sockets["Factor_Float"])
    link(position.outputs["Object"], sockets["A_Vector"])
    link(rest.outputs["Vector"], sockets["B_Vector"])
    return next(socket for socket in choose.outputs if socket.identifier == "Result_Vector")


def _fill(nodes: Nodes, aovs: Aovs, name: str, value: bpy.types.NodeSocket) -> None:
    """Writes `value` to the AOVs of `name`: whole, or in parts."""
    values = [value]
    if len(aovs.names[name]) > 1:
        value = nodes.vector("MULTIPLY", value, _IN_PARTS[name])
        high = nodes.vector("FLOOR", nodes.vector("MULTIPLY", value, (1 / _BASE,) * 3))
        rest = nodes.vector("MULTIPLY_ADD", high, (-_BASE,) * 3, value)
        low = nodes.vector("FLOOR", rest)
        values = [high, low, nodes.vector("SUBTRACT", rest, low)]
    for aov, part in zip(aovs.names[name], values, strict=True):
        output = nodes.add("ShaderNodeOutputAOV", aov_name=aov)
        nodes.tree.links.new(part, output.inputs["Value" if name == "instance" else "Color"])
