"""Nodes that a capture adds to the trees of materials for a while."""

from typing import Any
from uuid import uuid4

import bpy

from .changes import Changes


class Nodes:
    """Adds nodes to a tree, which go again when the changes close."""

    def __init__(self, changes: Changes, tree: bpy.types.NodeTree) -> None:
        self.tree, self._changes = tree, changes
        changes.callback(_activate, tree, tree.nodes.active and tree.nodes.active.name)

    def add(self, kind: str, **values: Any) -> bpy.types.Node:
        """A node of the type `kind`, with properties set."""
        unique = f"flowbrush {uuid4().hex}"  # the user may delete it meanwhile, and add others of this kind
        self._changes.callback(_remove, self.tree, unique)
        self.tree.nodes.new(kind).name = unique
        node = self.tree.nodes[unique]
        for name, value in values.items():
            setattr(node, name, value)
        return node

    def vector(self, operation: str, *inputs: bpy.types.NodeSocket | tuple[float, ...]) -> bpy.types.NodeSocket:
        """The result of a vector operation on sockets and constants."""
        node = self.add("ShaderNodeVectorMath", operation=operation)
        for socket, given in zip(node.inputs, inputs, strict=False):
            if isinstance(given, tuple):
                socket.default_value = given
            else:
                self.tree.links.new(given, socket)
        return node.outputs["Vector"]


def _remove(tree: bpy.types.NodeTree, name: str) -> None:
    if name in tree.nodes:
        tree.nodes.remove(tree.nodes[name])


def _activate(tree: bpy.types.NodeTree, name: str | None) -> None:
    """Makes the node of that name active again, unless the user has chosen another."""
    if tree.nodes.active is None:
        tree.nodes.active = tree.nodes.get(name) if name else None
