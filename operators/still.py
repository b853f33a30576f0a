"""One frame by itself: on the captured shot where that holds it, else captured apart from the shot."""

from collections.abc import Iterable
from pathlib import Path

import bpy

from .. import preferences
from ..backend import needs
from ..backend.errors import ShotError
from ..backend.shot import Shot
from .capture import CaptureStage, check_scene, needed_for, order_for, unsaved_images
from .job import Stage

STILL = "still"


def still_shot(
    scene: bpy.types.Scene, frame: int, conditions: Iterable[str] = ()
) -> tuple[Path, list[Stage], list[str]]:
    """The folder of a shot that holds `frame` and can give `conditions`, the stages that make it, and warnings.

    Raises SceneError, SettingsError or ShotError.
    """
    wanted = tuple(conditions)
    folder = preferences.shot_folder(scene)
    if _holds(folder, frame, needed_for(scene, "per_frame", wanted)[0], wanted):
        return folder, [], []
    check_scene(scene)
    folder = folder.with_name(f"{folder.name} {STILL}")
    order = order_for(scene, (frame, frame), "per_frame", conditions=wanted)
    return folder, [CaptureStage(order, folder)], unsaved_images()


def render_of(folder: Path, picture: str) -> Path | None:
    """The render of the frame that `picture` shows, in the shot's `folder`; None where there is none."""
    path = folder / "pictures" / Path(picture).name  # a frame's files have one name in all folders
    return path if path.is_file() else None


def _holds(folder: Path, frame: int, passes: Iterable[str], conditions: Iterable[str]) -> bool:
    if not (folder / "shot.json").exists():
        return False
    shot = Shot.load(folder)
    if frame not in shot.frame_numbers or frame in shot.missing_frames():
        return False
    try:
        for name in conditions:
            needs.check_condition(shot, name)
    except ShotError:
        if shot.source == "footage":  # which cannot be captured: the user is told what to do
            raise
        return False
    return shot.source == "footage" or set(passes) <= shot.passes.keys()
