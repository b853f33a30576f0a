"""Every difference between Blender 4.2 and 5.2 that Flowbrush meets, each under the name of what it gives."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

EEVEE = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"


def choose_file_format(settings: bpy.types.ImageFormatSettings, file_format: str) -> None:
    """Sets the file format of a render; since 5.0 the medium has to be chosen first."""
    if hasattr(settings, "media_type"):
        multilayer = file_format == "OPEN_EXR_MULTILAYER"
        settings.media_type = "MULTI_LAYER_IMAGE" if multilayer else "VIDEO" if file_format == "FFMPEG" else "IMAGE"
    settings.file_format = file_format


def literal_path(path: Path) -> str:
    """`path` for a property in which newer versions expand {templates}."""
    text = str(path)
    return text.replace("{", "{{").replace("}", "}}") if hasattr(bpy.types, "FileOutputItem") else text


def uses_nodes(material: bpy.types.Material) -> bool:
    """Whether the material is made of nodes; since 5.0 every material is."""
    if bpy.app.version >= (5, 0, 0):
        return material.node_tree is not None
    return material.use_nodes and material.node_tree is not None


def compositor_tree(scene: bpy.types.Scene) -> bpy.types.NodeTree | None:
    """The scene's compositing nodes, or None where it has none."""
    if bpy.app.version >= (5, 0, 0):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def action_curves(animation: bpy.types.AnimData) -> list[bpy.types.FCurve]:
    """The curves of the active action that belong to this data-block; since 4.4 actions have slots."""
    action = animation.action
    if action is None:
        return []
    if not hasattr(action, "layers"):
        return list(action.fcurves)
    return [
        curve
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        if bag.slot_handle == animation.action_slot_handle
        for curve in bag.fcurves
    ]


def animated_ids() -> Iterator[bpy.types.ID]:
    """Every data-block that is animated, with the node trees that live inside materials, worlds and lights."""
    for block in bpy.data.user_map():
        for owner in (block, getattr(block, "node_tree", None)):
            if owner is not None and getattr(owner, "animation_data", None) is not None:
                yield owner


def animated_paths(owner: Any) -> set[tuple[str, int]]:
    """Path and index of every property of `owner` that its action or its NLA strips move."""
    animation = owner.animation_data
    paths = {(curve.data_path, curve.array_index) for curve in action_curves(animation)}
    for track in animation.nla_tracks:
        for strip in track.strips:
            if strip.action is not None:
                paths |= {(curve.data_path, curve.array_index) for curve in _all_curves(strip.action)}
    return paths


def _all_curves(action: bpy.types.Action) -> Iterator[bpy.types.FCurve]:
    if not hasattr(action, "layers"):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves
