"""Stylize: the worker paints one frame to try a style, or the whole shot."""

from dataclasses import replace
from pathlib import Path

import bpy

from ..backend.protocol import Message
from ..backend.shot import checked_name
from ..backend.take import TakeSettings
from ..settings import take_settings
from . import picture, refresh
from .capture import captured_shot
from .job import Job, JobOperator
from .still import STILL, render_of, still_shot
from .watch import Painted
from .worker import WorkerStage


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
        folder, stages, warnings = still_shot(scene, frame)
        stages.append(StylizeStage(folder, STILL, settings, replace_other=True))

        def show(path: str) -> None:
            picture.show(path, render_of(folder, path))
            picture.open_editor()

        job = Job("Stylize Frame", stages, lambda _message: f"Frame {frame} is painted", show)
        job.warnings += warnings
        return job


class FLOWBRUSH_OT_stylize_animation(JobOperator):
    """Paint all captured frames into the take. What is finished stays: stop at any time, and go on later"""

    bl_idname = "flowbrush.stylize_animation"
    bl_label = "Stylize Animation"

    replace: bpy.props.BoolProperty(
        name="Replace",
        description="Remove a take of this name that was made with other settings",
        options={"SKIP_SAVE"},
    )
    take: bpy.props.StringProperty(
        name="Take",
        description="Name of the take, which becomes the one in the panel; when empty, that one",
        options={"SKIP_SAVE"},
    )

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the worker, on the captured shot."""
        chosen = context.scene.flowbrush
        shot = captured_shot(context.scene)
        name = self.take or chosen.take
        stage = StylizeStage(shot.folder, name, take_settings(chosen, shot.frame_numbers), replace_other=self.replace)
        chosen.take = name

        def finish(_message: Message) -> str:
            refresh.look_at_takes(shot, choose=name)
            return f"{name} is finished"

        return Job("Stylize Animation", [stage], finish, Painted(shot.folder, name).show)


CLASSES = (FLOWBRUSH_OT_stylize_frame, FLOWBRUSH_OT_stylize_animation)
