"""How the picture that was painted last is looked at."""

import bpy
from bpy.props import FloatProperty

PICTURE = "Flowbrush"
RENDER = "Flowbrush Render"


def _redraw(_picture: bpy.types.PropertyGroup, context: bpy.types.Context) -> None:
    for window in context.window_manager.windows:
        for area in window.screen.areas:
            if area.type == "IMAGE_EDITOR":
                area.tag_redraw()


class FlowbrushPicture(bpy.types.PropertyGroup):
    """The wipe between the render and what was made of it. In the window manager, which undo leaves alone."""

    border: FloatProperty(
        name="Wipe",
        description="Where the Image Editor changes from the render on the left to the picture on the right",
        default=0.5,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        options={"SKIP_SAVE"},
        update=_redraw,
    )


def pair() -> tuple[bpy.types.Image, bpy.types.Image] | None:
    """The picture and its render, where both are there and of one size."""
    picture, render = (bpy.data.images.get(name) for name in (PICTURE, RENDER))
    if picture is None or render is None or tuple(picture.size) != tuple(render.size) or not all(render.size):
        return None
    return picture, render
