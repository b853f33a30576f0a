"""The style gallery: for each style, a picture of the bundled scene painted in it. `make gallery` paints them anew."""

from pathlib import Path

import bpy.utils.previews

FOLDER = Path(__file__).parent / "backend" / "gallery"

_pictures: bpy.utils.previews.ImagePreviewCollection | None = None


def icon(style: str) -> int:
    """The number of a style's picture; 0 for none."""
    return _pictures[style].icon_id if _pictures is not None and style in _pictures else 0


def register() -> None:
    """Names the pictures; Blender reads one when it is first drawn."""
    global _pictures
    _pictures = bpy.utils.previews.new()
    for path in sorted(FOLDER.glob("*.jpg")):
        _pictures.load(path.stem, str(path), "IMAGE")


def unregister() -> None:
    """Frees them."""
    global _pictures
    bpy.utils.previews.remove(_pictures)
    _pictures = None
