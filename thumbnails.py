"""The pictures in the list of takes, one of each; Blender reads one when it is first drawn, and not in the window's
thread."""

from pathlib import Path

import bpy.utils.previews

_pictures: bpy.utils.previews.ImagePreviewCollection | None = None
_shown: dict[str, tuple[Path, int]] = {}


def icon(take: str) -> int:
    """The number of the picture of the take in the folder `take`; 0 for none."""
    return _pictures[take].icon_id if _pictures is not None and take in _pictures else 0


def show(take: str, picture: Path | None) -> None:
    """Makes `picture` the one of the take in the folder `take`; one that is shown already is kept."""
    assert _pictures is not None
    try:
        now = (picture, picture.stat().st_mtime_ns) if picture else None
    except FileNotFoundError:
        now = None
    if _shown.get(take) == now:
        return
    if _shown.pop(take, None):
        del _pictures[take]
    if now:
        _pictures.load(take, str(now[0]), "IMAGE")
        _shown[take] = now


def clear() -> None:
    """Lets go of all of them."""
    assert _pictures is not None
    _pictures.clear()
    _shown.clear()


def register() -> None:
    """Makes room for them."""
    global _pictures
    _pictures = bpy.utils.previews.new()


def unregister() -> None:
    """Frees them."""
    global _pictures
    bpy.utils.previews.remove(_pictures)
    _pictures = None
    _shown.clear()
