"""Stylize: the worker paints one frame to try a style, or the whole shot."""

from dataclasses import replace
from pathlib import Path

import bpy

from .. import preferences
from ..backend.protocol import Message
from ..backend.shot import Shot, checked_name
from ..backend.take import TakeSettings
from ..settings import take_settings
from . import picture, refresh
from .capture import CaptureStage, captured_shot, check_scene, needed_for, unsaved_images
from .job import Job, JobOperator, Stage
from .worker import WorkerStage

STILL = "still"


class StylizeStage(WorkerStage):
    """Paints the shot in `folder` into the take `take`. replace_other: even over one made with other settings.

    Raises ShotError for a name that a take cannot have, BackendError(NO_ENVIRONMENT) when the worker cannot run.
    """

    def __init__(self, folder: Path, take: str, settings: TakeSettings, *, replace_other: bool) -> None:
        super().__init__(
            "Stylizing",
            "stylize",
            shot=str(folder),
            take=checked_name(take),
            settings=settings.document(),
            replace=replace_other,
        )


class FLOWBRUSH_OT_stylize_frame(JobOperator):
    """Paint the current frame, to try the style before painting the animation"""

    bl_idname = "flowbrush.stylize_frame"
    bl_label = "Stylize Frame"

    def plan(self, context: bpy.types.Context) -> Job:
        """On the captured shot where it holds this frame; else the frame is captured by itself, apart from the shot."""
        scene = context.scene
        frame = scene.frame_current
        settings = take_settings(scene.flowbrush, range(frame, frame + 1)).at(frame)
        settings = replace(settings, method="per_frame", frames=(frame, frame))
        folder = preferences.shot_folder(scene)
        stages: list[Stage] = []
        warnings: list[str] = []
        if not _holds(folder, frame, needed_for(scene, "per_frame")[0]):
            check_scene(scene)
            folder = folder.with_name(f"{folder.name} {STILL}")
            stages.append(CaptureStage(scene, folder, (frame, frame), "per_frame"))
            warnings = unsaved_images()
        stages.append(StylizeStage(folder, STILL, settings, replace_other=True))
        job = Job("Stylize Frame", stages, lambda _message: f"Frame {frame} is painted", picture.show)
        job.warnings += warnings
        return job


class FLOWBRUSH_OT_stylize_animation(JobOperator):
    """Paint all captured frames into the take"""

    bl_idname = "flowbrush.stylize_animation"
    bl_label = "Stylize Animation"

    replace: bpy.props.BoolProperty(
        name="Replace",
        description="Remove a take of this name that was made with other settings",
        options={"SKIP_SAVE"},
    )

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the worker, on the captured shot."""
        chosen = context.scene.flowbrush
        shot = captured_shot(context.scene)
        stage = StylizeStage(
            shot.folder, chosen.take, take_settings(chosen, shot.frame_numbers), replace_other=self.replace
        )
        name = chosen.take

        def show(path: str) -> None:
            picture.show(path)
            refresh.look_at_take(shot, name)

        def finish(_message: Message) -> str:
            refresh.look_at_takes(shot, choose=name)
            return f"{name} is finished"

        return Job("Stylize Animation", [stage], finish, show)


def _holds(folder: Path, frame: int, passes: tuple[str, ...]) -> bool:
    if not (folder / "shot.json").exists():
        return False
    shot = Shot.load(folder)
    whole = frame in shot.frame_numbers and frame not in shot.missing_frames()
    return whole and (shot.source == "footage" or set(passes) <= shot.passes.keys())


CLASSES = (FLOWBRUSH_OT_stylize_frame, FLOWBRUSH_OT_stylize_animation)
