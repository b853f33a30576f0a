"""Whether a scene may look otherwise than it did, told in a moment and without going to any frame.

Blender tells of all that it evaluates anew for its windows: that is counted. What it does not tell of is compared: the
settings of the render, what only renders ask for, and cameras that markers choose.
"""

from dataclasses import dataclass
from functools import cache

import bpy
from bpy.app.handlers import persistent

from .fingerprint import Walk, digest, forget
from .surface import RENDERED

_SEEN = {*RENDERED, "LIGHT", "LIGHT_PROBE"}
_edits = 0


@dataclass(frozen=True)
class Look:
    """How a scene looks. Where two of one scene are equal, a capture shows the same, and a frame is as it was.

    edits: how much was changed until then, in whatever scene. settings: a digest of what is compared.
    """

    edits: int
    settings: bytes


def look(scene: bpy.types.Scene) -> Look | None:
    """How `scene` looks now; None where Blender would not tell of all changes, because its window hides something."""
    layer = next((layer for layer in scene.view_layers if layer.use), None)
    if layer is None or layer != bpy.context.view_layer:
        return None
    items = [item for item in layer.objects if item.type in _SEEN and not item.hide_render]
    if not all(item.visible_get(view_layer=layer) for item in items):
        return None
    forget()
    cameras = [(marker.frame, marker.camera.name_full) for marker in scene.timeline_markers if marker.camera]
    only_rendered = [_only_rendered(part) for item in items for part in (item.data, *item.modifiers) if part]
    rest = repr((sorted(cameras), only_rendered)).encode()
    return Look(_edits, digest(Walk(scene).digest(), Walk(layer).digest(), rest))


def _only_rendered(part: bpy.types.bpy_struct) -> list[object]:
    return [getattr(part, name) for name in _names_for_render(part.bl_rna.identifier)]


@cache
def _names_for_render(kind: str) -> list[str]:
    """As a modifier's `render_levels`: no window shows it, and so Blender evaluates nothing when it changes."""
    numbers = [prop for prop in getattr(bpy.types, kind).bl_rna.properties if prop.type in {"BOOLEAN", "INT", "FLOAT"}]
    return [prop.identifier for prop in numbers if "render" in prop.identifier and not prop.is_array]


def register() -> None:
    """Begins to count."""
    bpy.app.handlers.depsgraph_update_post.append(_note)
    for handlers in (bpy.app.handlers.undo_post, bpy.app.handlers.redo_post, bpy.app.handlers.load_post):
        handlers.append(_note_all)


def unregister() -> None:
    """Ends it."""
    for handlers in (bpy.app.handlers.load_post, bpy.app.handlers.redo_post, bpy.app.handlers.undo_post):
        handlers.remove(_note_all)
    bpy.app.handlers.depsgraph_update_post.remove(_note)


@persistent  # type: ignore[untyped-decorator]  # of bpy, which has no types
def _note(_scene: bpy.types.Scene, depsgraph: bpy.types.Depsgraph) -> None:
    global _edits
    # A scene counts by its values, because it is told of whenever a field in the tab is changed.
    if any(not isinstance(update.id, bpy.types.Scene) for update in depsgraph.updates):
        _edits += 1


@persistent  # type: ignore[untyped-decorator]
def _note_all(_what: object) -> None:
    global _edits
    _edits += 1
