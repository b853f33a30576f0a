"""Refresh: looks at what of a shot is on disk, so that the panels need not."""

import bpy
from bpy.app.handlers import persistent

from .. import preferences
from ..backend.errors import FlowbrushError
from ..backend.shot import Shot


def look(scene: bpy.types.Scene) -> None:
    """Writes what of the shot of `scene` is on disk into `scene.flowbrush.captured`, and checks its masks."""
    scene.flowbrush.check_masks()
    folder = preferences.shot_folder(scene)
    if not (folder / "shot.json").exists():
        scene.flowbrush.captured = "Nothing yet"
        return
    try:
        shot = Shot.load(folder)
    except FlowbrushError as error:
        scene.flowbrush.captured = str(error)
        return
    width, height = shot.resolution
    first, last = shot.frames
    missing = len(shot.missing_frames())
    lacking = f", {missing} missing" if missing else ""
    scene.flowbrush.captured = f"Frames {first} to {last}{lacking}, {width} × {height}"


@persistent  # type: ignore[untyped-decorator]  # of bpy, which has no types
def look_at_all_scenes(_file: str) -> None:
    """Handler for a file that has just been opened."""
    for scene in bpy.data.scenes:
        look(scene)


class FLOWBRUSH_OT_refresh(bpy.types.Operator):
    """Look again at what of the shot is on disk"""

    bl_idname = "flowbrush.refresh"
    bl_label = "Refresh"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Reads the shot's folder."""
        look(context.scene)
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_refresh,)
