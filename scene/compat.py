"""Every difference between Blender 4.2 and 5.2 that Flowbrush meets, each under the name of what it gives."""

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import bpy
import numpy as np

EEVEE = "BLENDER_EEVEE" if bpy.app.version >= (5, 0, 0) else "BLENDER_EEVEE_NEXT"
# From 4.5 to 5.0 Cycles takes a moving orthographic camera for a perspective one in its vectors (seen in 4.5.15 and
# 5.0.1; 4.2.23 and 5.2.3 are right, and so is EEVEE, seen in 4.3.2).
ORTHOGRAPHIC_VECTORS = not (4, 3, 0) <= bpy.app.version < (5, 2, 0)
# Properties that say nothing any more, and warn whoever reads them: since 5.0 every material is made of nodes.
REDUNDANT = frozenset({"use_nodes"} if bpy.app.version >= (5, 0, 0) else ())
# What Cycles makes of a surface without a material; its first input is the colour.
CYCLES_DEFAULT_SHADER = "ShaderNodeBsdfPrincipled" if bpy.app.version >= (5, 0, 0) else "ShaderNodeBsdfDiffuse"
# Before 5.0 the names of view layer, pass and channel may not have more than 63 bytes together: room for the layer's.
LONGEST_LAYER_NAME = 63 if bpy.app.version >= (5, 0, 0) else 32

# What a property with a path needs where // in front of it means the folder of the .blend file; without it, since 4.5,
# the field is drawn as if that were wrong.
RELATIVE_PATH = {"PATH_SUPPORTS_BLEND_RELATIVE"} if bpy.app.version >= (4, 5, 0) else set()


def choose_file_format(settings: bpy.types.ImageFormatSettings, file_format: str) -> None:
    """Sets the file format of a render; since 5.0 the medium has to be chosen first."""
    if hasattr(settings, "media_type"):
        multilayer = file_format == "OPEN_EXR_MULTILAYER"
        settings.media_type = "MULTI_LAYER_IMAGE" if multilayer else "VIDEO" if file_format == "FFMPEG" else "IMAGE"
    settings.file_format = file_format
    if hasattr(settings, "use_exr_interleave"):  # one part; 5.0 cannot write several when pixels are not square
        settings.use_exr_interleave = True


def literal_path(path: Path) -> str:
    """`path` for a property in which 4.5 and later expand {templates}."""
    text = str(path)
    return text.replace("{", "{{").replace("}", "}}") if bpy.app.version >= (4, 5, 0) else text


def give_nodes(block: bpy.types.Material | bpy.types.World) -> bpy.types.NodeTree:
    """The node tree of a new material or world; before 5.0 it has none until asked for one."""
    if bpy.app.version < (5, 0, 0):
        block.use_nodes = True
    return block.node_tree


def uses_nodes(block: bpy.types.Material | bpy.types.World) -> bool:
    """Whether the material or world is made of nodes; since 5.0 all are."""
    return block.node_tree is not None and (bpy.app.version >= (5, 0, 0) or block.use_nodes)


def compositor_tree(scene: bpy.types.Scene) -> bpy.types.NodeTree | None:
    """The scene's compositing nodes, or None where it has none."""
    if bpy.app.version >= (5, 0, 0):
        return scene.compositing_node_group
    return scene.node_tree if scene.use_nodes else None


def refresh_compositor(scene: bpy.types.Scene) -> None:
    """Lets the compositor's Render Layers nodes find their passes again after these were switched off and on.

    Before 5.0 the links from such a pass stay marked as invalid otherwise.
    """
    tree = compositor_tree(scene)
    if tree is not None and bpy.app.version < (5, 0, 0):
        for node in tree.nodes:
            if node.bl_idname == "CompositorNodeRLayers":
                node.update()


def action_curves(animation: bpy.types.AnimData) -> list[bpy.types.FCurve]:
    """The curves of the active action that belong to this data-block; since 4.4 actions have slots."""
    return [curve for curves in curve_collections(animation) for curve in curves]


def curve_collections(animation: bpy.types.AnimData) -> list[Any]:
    """Where the curves of the active action lie that belong to this data-block, to add to them or take away."""
    action = animation.action
    if action is None:
        return []
    if not hasattr(action, "layers"):
        return [action.fcurves]
    return [
        bag.fcurves
        for layer in action.layers
        for strip in layer.strips
        for bag in strip.channelbags
        if bag.slot_handle == animation.action_slot_handle
    ]


def remove_curves(animation: bpy.types.AnimData, chosen: Callable[[bpy.types.FCurve], bool]) -> None:
    """Removes the `chosen` ones of the curves that `action_curves` gives."""
    for curves in curve_collections(animation):
        for curve in [curve for curve in curves if chosen(curve)]:
            curves.remove(curve)


def animated_ids() -> Iterator[bpy.types.ID]:
    """Every data-block that is animated, with the node trees that live inside materials, worlds and lights."""
    for block in bpy.data.user_map():
        for owner in (block, getattr(block, "node_tree", None)):
            if owner is not None and getattr(owner, "animation_data", None) is not None:
                yield owner


def animated_paths(owner: Any) -> set[tuple[str, int]]:
    """Path and index of every property of `owner` that its action, its NLA strips or drivers move."""
    animation = owner.animation_data
    paths = {(curve.data_path, curve.array_index) for curve in (*action_curves(animation), *animation.drivers)}
    for track in animation.nla_tracks:
        for strip in track.strips:
            if strip.action is not None:
                paths |= {(curve.data_path, curve.array_index) for curve in all_curves(strip.action)}
    return paths


def all_curves(action: bpy.types.Action) -> Iterator[bpy.types.FCurve]:
    """The curves of an action, of all its slots."""
    if not hasattr(action, "layers"):
        yield from action.fcurves
        return
    for layer in action.layers:
        for strip in layer.strips:
            for bag in strip.channelbags:
                yield from bag.fcurves


def grease_pencil_blocks() -> Any:
    """The file's Grease Pencil drawings, new and old kind having had two names between 4.3 and 5.0."""
    return bpy.data.grease_pencils_v3 if (4, 3, 0) <= bpy.app.version < (5, 0, 0) else bpy.data.grease_pencils


def add_line_art(item: bpy.types.Object) -> Any:
    """Gives a Grease Pencil object the modifier Line Art; before 4.3 it had modifiers of a kind of their own."""
    if bpy.app.version < (4, 3, 0):
        return item.grease_pencil_modifiers.new("Line Art", "GP_LINEART")
    return item.modifiers.new("Line Art", "LINEART")


def unrendered_grease_pencil(item: bpy.types.Object, layer: bpy.types.ViewLayer) -> list[tuple[Any, str, Any]]:
    """Settings with which `item` is evaluated in a render but not drawn, for which Blender needs a graphics card.

    Layers have a switch since 4.5; before, an object can instance itself on nothing, and not show itself.
    """
    if hasattr(layer, "use_grease_pencil"):
        return [(layer, "use_grease_pencil", False)]
    return [
        (item, "instance_type", "VERTS"),
        (item, "show_instancer_for_render", False),
        (item, "show_instancer_for_viewport", False),
    ]


def strokes(drawing: Any) -> list[np.ndarray]:
    """The strokes of a Grease Pencil data-block with one layer and one frame: (N, 3) each, in the object's space."""
    frame = drawing.layers[0].frames[0]
    if bpy.app.version < (4, 3, 0):
        found = []
        for stroke in frame.strokes:
            points = np.zeros(3 * len(stroke.points), np.float32)
            stroke.points.foreach_get("co", points)
            found.append(points.reshape(-1, 3))
        return found
    attributes = frame.drawing.attributes
    if "position" not in attributes:
        return []
    points = np.zeros(3 * len(attributes["position"].data), np.float32)
    attributes["position"].data.foreach_get("vector", points)
    first = [offset.value for offset in frame.drawing.curve_offsets]
    return np.split(points.reshape(-1, 3), first[1:-1])


def strips_of(owner: Any) -> Any:
    """The strips of a sequence editor or meta strip that lie at its own level; before 4.4 called sequences."""
    return owner.strips if hasattr(owner, "strips") else owner.sequences


def strip_span(strip: Any) -> range:
    """The frames that a strip covers between its handles."""
    if hasattr(strip, "left_handle"):
        return range(strip.left_handle, strip.right_handle)
    return range(strip.frame_final_start, strip.frame_final_end)


def content_start(strip: Any) -> int:
    """The frame at which a strip's first image would be without trimming."""
    return round(strip.content_start if hasattr(strip, "content_start") else strip.frame_start)


def content_length(strip: Any) -> int:
    """How many frames of the timeline a strip's untrimmed content covers."""
    if hasattr(strip, "content_duration"):
        return round(strip.content_duration)
    return round(strip.frame_final_duration + strip.frame_offset_start + strip.frame_offset_end)


def content_trim(strip: Any) -> tuple[int, int]:
    """How many frames at the beginning and at the end of its file a strip leaves out for good."""
    if hasattr(strip, "content_trim_start"):
        return round(strip.content_trim_start), round(strip.content_trim_end)
    return strip.animation_offset_start, strip.animation_offset_end


def retimed_length(length: int) -> int:
    """How many frames a retimed strip of `length` frames passes between its first and last key; since 5.0 all."""
    return length if bpy.app.version >= (5, 0, 0) else length - 1


def open_handles(strip: Any) -> None:
    """Lets a strip show all that it has, as it is."""
    new = hasattr(strip, "left_handle_offset")
    for side in ("left_handle_offset", "right_handle_offset") if new else ("frame_offset_start", "frame_offset_end"):
        setattr(strip, side, 0)
    if len(getattr(strip, "retiming_keys", ())):  # in 4.2 only movie strips have them
        strip.retiming_keys.reset()


def move_strip(strip: Any, frame: int) -> None:
    """Slides a strip so that its untrimmed first image lies at `frame`."""
    setattr(strip, "content_start" if hasattr(strip, "content_start") else "frame_start", frame)


def new_effect(strips: Any, kind: str, name: str, channel: int, frames: range, *inputs: Any) -> Any:
    """An effect strip of the type `kind` that covers `frames`, on up to two strips.

    Since 5.0 an effect is given its length, before its end; the strips below it have another name since 4.5.
    """
    known = strips.bl_rna.functions["new_effect"].parameters.keys()
    extent = {"length": len(frames)} if "length" in known else {"frame_end": frames.stop}
    below = {("input" if "input1" in known else "seq") + str(number): strip for number, strip in enumerate(inputs, 1)}
    return strips.new_effect(name=name, type=kind, channel=channel, frame_start=frames.start, **extent, **below)


def new_wipe(strips: Any, name: str, channel: int, frames: range, right: Any, left: Any) -> Any:
    """An effect that shows `left` to the left of a sharp upright border, its fader, and `right` to the right of it."""
    wipe = new_effect(strips, "WIPE", name, channel, frames, right, left)
    wipe.transition_type, wipe.direction, wipe.angle, wipe.blur_width = "SINGLE", "OUT", -math.pi / 2, 0.0
    wipe.use_default_fade = False
    return wipe


def centre_text(strip: Any) -> None:
    """Centres a text strip's text on its location; the properties have other names before 4.4."""
    if hasattr(strip, "anchor_x"):
        strip.alignment_x, strip.anchor_x, strip.anchor_y = "CENTER", "CENTER", "CENTER"
    else:
        strip.align_x, strip.align_y = "CENTER", "CENTER"


def sequencer_scene(context: bpy.types.Context) -> bpy.types.Scene:
    """The scene whose strips the user edits; since 5.0 a workspace can show another scene's than the active one's."""
    return getattr(context.workspace, "sequencer_scene", None) or context.scene


def can_denoise() -> bool:
    """Whether this Blender was built with the denoiser of Cycles; Debian's was not."""
    import _cycles

    return bool(_cycles.with_openimagedenoise)


def show_in_sequencer(scene: bpy.types.Scene) -> None:
    """Makes video editors show the strips of `scene` where they show none yet; before 5.0 they follow the window."""
    for workspace in bpy.data.workspaces:
        if getattr(workspace, "sequencer_scene", scene) is None:
            workspace.sequencer_scene = scene


def workspaces_showing_another(scene: bpy.types.Scene) -> list[str]:
    """The workspaces whose video editors show the strips of another scene than `scene`; before 5.0 there are none."""
    shown = [(workspace.name, getattr(workspace, "sequencer_scene", scene)) for workspace in bpy.data.workspaces]
    return [name for name, other in shown if other is not None and other != scene]


def replace_sequencer_scene(old: bpy.types.Scene, new: bpy.types.Scene) -> None:
    """Makes every video editor that shows the strips of `old` show those of `new`."""
    for workspace in bpy.data.workspaces:
        if getattr(workspace, "sequencer_scene", None) == old:
            workspace.sequencer_scene = new


def stored_group(owner: bpy.types.ID, name: str) -> dict[str, Any]:
    """What a file holds of a property group, also where its class is not registered; fields at their default are left
    out. Since 5.0 such groups are kept apart from custom properties."""
    kept = owner.bl_system_properties_get() if bpy.app.version >= (5, 0, 0) else owner
    group = kept.get(name) if kept is not None else None
    return group.to_dict() if group is not None else {}
