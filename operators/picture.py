"""Shows a finished picture beside the render, where the user can look at it without losing sight of anything else.

Two images of the open file hold them, and `panels.wipe` draws one over the other. They are shown again after an undo,
which may have taken them away: what they show is on disk.
"""

from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from ..properties.picture import PICTURE, RENDER

_shown: tuple[str, Path | None] | None = None


def show(path: str, render: Path | None = None) -> None:
    """Loads the picture into the image named Flowbrush, and shows it where no image of the user's is shown.

    render: what is seen to the left of the border, of the same size; None for no border.
    """
    global _shown
    _shown = path, render
    image = _load(PICTURE, path)
    if render is not None:
        # The drawing takes bytes as they are; sRGB would be turned into linear light on their way to the screen.
        _load(RENDER, str(render)).colorspace_settings.name = "Non-Color"
    elif other := bpy.data.images.get(RENDER):
        bpy.data.images.remove(other)
    for area in _editors():
        space = area.spaces.active
        if space.image is None or space.image == image or space.image.type == "RENDER_RESULT":
            space.image = image
            area.tag_redraw()


def open_editor() -> None:
    """Opens an Image Editor in a window of its own where none shows the picture, as Blender does for a render."""
    image = bpy.data.images.get(PICTURE)
    if bpy.app.background or image is None or any(area.spaces.active.image == image for area in _editors()):
        return
    windows = bpy.context.window_manager.windows
    window = bpy.context.window or windows[0]
    known = list(windows)
    with bpy.context.temp_override(window=window, area=max(window.screen.areas, key=lambda a: a.width * a.height)):
        bpy.ops.screen.area_dupli("INVOKE_DEFAULT")
    for opened in (window for window in windows if window not in known):
        area = opened.screen.areas[0]
        area.type = "IMAGE_EDITOR"
        area.spaces.active.image = image
        region = next(region for region in area.regions if region.type == "WINDOW")
        with bpy.context.temp_override(window=opened, area=area, region=region):
            bpy.ops.image.view_all(fit_view=True)


def forget() -> None:
    """Takes both images out of the file, unless the user has put them to use."""
    global _shown
    _shown = None
    for name in (PICTURE, RENDER):
        image = bpy.data.images.get(name)
        if image is not None and image.users - len([a for a in _editors() if a.spaces.active.image == image]) <= 0:
            bpy.data.images.remove(image)


@persistent  # type: ignore[untyped-decorator]  # of bpy, which has no types
def show_again(_scene: object) -> None:
    """Handler for an undo or redo that has just been done."""
    if _shown is not None and Path(_shown[0]).is_file():
        show(*_shown)


@persistent  # type: ignore[untyped-decorator]  # of bpy, which has no types
def look_away(_file: str) -> None:
    """Handler for a file that has just been opened: an undo there does not bring back pictures of another."""
    global _shown
    _shown = None


def _load(name: str, path: str) -> bpy.types.Image:
    image = bpy.data.images.get(name)
    if image is None:
        image = bpy.data.images.load(path)
        image.name = name
    else:
        image.filepath = path
        image.reload()
    return image


def _editors() -> list[bpy.types.Area]:
    windows = bpy.context.window_manager.windows
    return [area for window in windows for area in window.screen.areas if area.type == "IMAGE_EDITOR"]
