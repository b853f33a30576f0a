"""The wipe in the Image Editor: the render is drawn over the left part of the picture that was painted last."""

from typing import Any

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from ..properties.picture import PICTURE, pair
from ..translations import said

LINE = (1.0, 1.0, 1.0, 0.9)
LETTERS = 12  # pixels, at scale 1
_handle: Any = None


def draw_header(self: bpy.types.Header, context: bpy.types.Context) -> None:
    """The border, in the header of an editor that shows the picture."""
    image = context.space_data.image
    if image is not None and image.name == PICTURE and pair() is not None:
        row = self.layout.row()
        row.ui_units_x = 7
        row.prop(context.window_manager.flowbrush_picture, "border", slider=True)


def _draw() -> None:
    context = bpy.context
    both = pair()
    if both is None or context.space_data.image != both[0]:
        return
    border = context.window_manager.flowbrush_picture.border
    view = context.region.view2d
    (left, bottom), (right, top) = (view.view_to_region(at, at, clip=False) for at in (0.0, 1.0))
    middle = left + border * (right - left)
    corners = ((left, bottom), (middle, bottom), (middle, top), (left, top))
    shader = gpu.shader.from_builtin("IMAGE")
    places = ((0.0, 0.0), (border, 0.0), (border, 1.0), (0.0, 1.0))
    batch = batch_for_shader(shader, "TRI_FAN", {"pos": corners, "texCoord": places})
    shader.uniform_sampler("image", gpu.texture.from_image(both[1]))
    batch.draw(shader)
    scale = context.preferences.system.ui_scale
    _draw_line(middle, bottom, top, scale)
    _draw_names(left, middle, right, bottom, scale)


def _draw_line(middle: float, bottom: float, top: float, scale: float) -> None:
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    corners = ((middle - scale, bottom), (middle + scale, bottom), (middle + scale, top), (middle - scale, top))
    batch = batch_for_shader(shader, "TRI_FAN", {"pos": corners})
    shader.uniform_float("color", LINE)
    gpu.state.blend_set("ALPHA")
    batch.draw(shader)
    gpu.state.blend_set("NONE")


def _draw_names(left: float, middle: float, right: float, bottom: float, scale: float) -> None:
    """Below the picture, each where its part is wide enough."""
    blf.size(0, LETTERS * scale)
    blf.color(0, *LINE)
    for text, start, end in ((said("Render"), left, middle), ("Flowbrush", middle, right)):
        width, height = blf.dimensions(0, text)
        if width < end - start:
            blf.position(0, (start + end - width) / 2, bottom - height - 8 * scale, 0)
            blf.draw(0, text)


def register() -> None:
    """Begins to draw."""
    global _handle
    bpy.types.IMAGE_HT_header.append(draw_header)
    _handle = bpy.types.SpaceImageEditor.draw_handler_add(_draw, (), "WINDOW", "POST_PIXEL")


def unregister() -> None:
    """Ends it."""
    bpy.types.SpaceImageEditor.draw_handler_remove(_handle, "WINDOW")
    bpy.types.IMAGE_HT_header.remove(draw_header)
