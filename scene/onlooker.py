"""Sees a scene as Blender evaluates it for a render, which only a render engine gets to see: one that renders nothing.

For its windows Blender evaluates other modifiers, coarser subdivisions and other objects.
"""

from collections.abc import Callable
from typing import ClassVar

import bpy

from ..backend.errors import Cancelled

See = Callable[[bpy.types.RenderEngine, bpy.types.Depsgraph], None]


def _see_nothing(_engine: bpy.types.RenderEngine, _depsgraph: bpy.types.Depsgraph) -> None:
    pass


class _Onlooker(bpy.types.RenderEngine):
    bl_idname = "FLOWBRUSH_ONLOOKER"
    bl_label = "Flowbrush Onlooker"
    see: ClassVar[See] = staticmethod(_see_nothing)

    def render(self, depsgraph: bpy.types.Depsgraph) -> None:
        """Called by Blender for it to render."""
        type(self).see(self, depsgraph)


def look(scene: bpy.types.Scene, see: See) -> None:
    """Has Blender render the scene at its frame and calls `see` for every view layer that it would render.

    The engine's `frame_set(frame, subframe)` takes `see` to other frames; Blender stays at the last of them. What `see`
    raises goes to Blender's console only. The caller sees to it that nothing but a view layer is rendered. Raises
    Cancelled.
    """
    engine = scene.render.engine
    try:
        _Onlooker.see = see
        bpy.utils.register_class(_Onlooker)
        scene.render.engine = _Onlooker.bl_idname
        # Given the scene by name, the operator would render it at the frame of the one in the window.
        with bpy.context.temp_override(scene=scene):
            if "CANCELLED" in bpy.ops.render.render():
                raise Cancelled
    finally:
        scene.render.engine = engine
        if _Onlooker.is_registered:
            bpy.utils.unregister_class(_Onlooker)
        _Onlooker.see = _see_nothing  # what it was may hold objects that go
