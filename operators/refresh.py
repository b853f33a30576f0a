"""Refresh: looks at what of a shot is on disk, so that the panels need not."""

from pathlib import Path

import bpy
from bpy.app.handlers import persistent

from .. import preferences, thumbnails
from ..backend import takes
from ..backend.errors import FlowbrushError
from ..backend.shot import Shot
from ..properties import takes as take_list
from ..properties.settings import METHOD_TEXTS
from ..properties.styles import styles
from ..translations import said


def look(scene: bpy.types.Scene) -> None:
    """Writes what of the shot of `scene` is on disk into `scene.flowbrush.captured` and the list of its takes, and
    checks its masks."""
    scene.flowbrush.check_masks()
    folder = preferences.shot_folder(scene)
    if not (folder / "shot.json").exists():
        scene.flowbrush.captured = "Nothing yet"
        _forget(folder)
        return
    try:
        shot = Shot.load(folder)
    except FlowbrushError as error:
        scene.flowbrush.captured = str(error)
        _forget(folder)
        return
    take_list.shots[folder] = shot
    look_at_takes(shot)
    width, height = shot.resolution
    first, last = shot.frames
    missing = len(shot.missing_frames())
    known = _list_of(folder)
    known.first, known.frames, known.missing = first, last - first + 1, missing
    known.footage = shot.source == "footage"
    lacking = f", {missing} missing" if missing else ""
    scene.flowbrush.captured = f"Frames {first} to {last}{lacking}, {width} × {height}"


def look_at_shot(folder: Path) -> None:
    """Does that for the scenes of the open file whose shot is in `folder`."""
    for scene in bpy.data.scenes:
        if preferences.shot_folder(scene).absolute() == folder:
            look(scene)


def look_at_takes(shot: Shot, choose: str = "") -> None:
    """Lists the takes of `shot` as they are on disk. choose: the take that is chosen then, if not the one that was."""
    known = _list_of(shot.folder)
    wanted = choose or (known.takes[known.active].name if known.active < len(known.takes) else "")
    pictures: dict[str, Path | None] = dict.fromkeys(line.folder for line in known.takes)
    known.takes.clear()
    for found in takes.listed(shot):
        line = known.takes.add()
        _tell(line, shot, found)
        pictures[line.folder] = found.middle(shot)
    for folder, picture in pictures.items():
        thumbnails.show(folder, picture)
    known.active = max(known.takes.find(wanted), 0)


def look_at_take(shot: Shot, name: str) -> None:
    """Brings the line of one take up to date while it grows, at the cost of one folder; its picture stays."""
    line = _list_of(shot.folder).takes.get(name)
    if line is None:
        look_at_takes(shot, choose=name)
    else:
        _tell(line, shot, takes.summary(shot, name))


def _list_of(folder: Path) -> take_list.FlowbrushTakeList:
    lists = bpy.context.window_manager.flowbrush_takes
    known = lists.get(str(folder))
    if known is None:
        known = lists.add()
        known.name = str(folder)
    return known


def _forget(folder: Path) -> None:
    take_list.shots.pop(folder, None)
    known = _list_of(folder)
    known.takes.clear()
    known.frames = known.missing = 0


def _tell(line: take_list.FlowbrushTake, shot: Shot, found: takes.Summary) -> None:
    line.name, line.folder = found.name, str(shot.take_folder(found.name))
    line.finished, line.wanted, line.stars = len(found.finished), found.wanted, found.stars
    line.former = found.former
    painted = sorted(int(path.stem) for path in shot.take_folder(found.name).glob("keyframes/[0-9-]*.png"))
    line.keyframes = " ".join(map(str, painted))
    line.problem = found.problem or ("It shows a former capture of the shot" if found.former else "")
    if found.settings:
        take_list.made_with[shot.take_folder(found.name)] = found.settings
        style = found.settings.style or Path(found.settings.model).stem
        line.about = f"{said(style.replace('_', ' ').title())}, {said(METHOD_TEXTS[found.settings.method][0])}"
        line.prompt = found.settings.prompt


@persistent  # type: ignore[untyped-decorator]  # of bpy, which has no types
def look_at_all_scenes(_file: str) -> None:
    """Handler for a file that has just been opened."""
    thumbnails.clear()
    bpy.context.window_manager.flowbrush_takes.clear()  # a file holds the lists that were shown when it was saved
    look_at_open_file()


def look_at_open_file() -> None:
    """Looks at the shots of all scenes, and lists the conditions of their styles where that was not done yet."""
    for scene in bpy.data.scenes:
        chosen = scene.flowbrush
        if scene.is_editable and not chosen.own_controls and chosen.style in styles():
            chosen.fill_controls(styles()[chosen.style].controls)
        look(scene)


class FLOWBRUSH_OT_refresh(bpy.types.Operator):
    """Look again at what of the shot is on disk"""

    bl_idname = "flowbrush.refresh"
    bl_label = "Refresh Shot"

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Reads the shot's folder."""
        look(context.scene)
        return {"FINISHED"}


CLASSES = (FLOWBRUSH_OT_refresh,)
