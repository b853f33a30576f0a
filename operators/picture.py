"""Shows a finished picture where the user can look at it without losing sight of anything else."""

import bpy

NAME = "Flowbrush"


def show(path: str) -> None:
    """Loads the picture into the image named Flowbrush, and shows it where no image of the user's is shown."""
    image = bpy.data.images.get(NAME)
    if image is None:
        image = bpy.data.images.load(path)
        image.name = NAME
    else:
        image.filepath = path
        image.reload()
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type != "IMAGE_EDITOR":
                continue
            editor = area.spaces.active
            if editor.image is None or editor.image == image or editor.image.type == "RENDER_RESULT":
                editor.image = image
                area.tag_redraw()
