"""Footage: a movie or numbered images become a shot, whose motion and conditions are estimated."""

import re
from collections.abc import Sequence
from pathlib import Path

import bpy
from bpy.props import StringProperty

from .. import preferences
from ..backend import needs
from ..backend.errors import Code, SettingsError, ShotError
from ..backend.footage.catalogue import ESTIMATORS
from ..backend.protocol import Message
from ..backend.shot import Shot
from ..backend.take import ControlSettings
from ..scene import compat
from ..scene.footage import footage_of
from ..translations import said
from . import job, picture, refresh
from .capture import captured_shot
from .job import Job, JobOperator
from .worker import WorkerStage


class FLOWBRUSH_OT_shot_from_strip(JobOperator):
    """Make a shot of the active movie or image strip by estimating its motion; what the strip does to it is left out"""

    bl_idname = "flowbrush.shot_from_strip"
    bl_label = "Make Shot from Strip"
    bl_options = {"UNDO"}  # it becomes the scene's; to adjust it would be to make it again

    filepath: StringProperty(
        name="File",
        description="A movie, or one image of a numbered sequence; when empty, the active strip's footage",
        subtype="FILE_PATH",
        options={"SKIP_SAVE"},
    )

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the worker. The shot then is the scene's."""
        scene = context.scene
        if self.filepath:
            path, settings = Path(bpy.path.abspath(self.filepath)), {}
            name = path.stem
        else:
            timeline = compat.sequencer_scene(context)
            strip = timeline.sequence_editor.active_strip if timeline.sequence_editor else None
            found = footage_of(timeline, strip)
            path, name = found.path, Path(found.name).stem
            settings = {"frames": list(found.frames), "start": found.start}
            if found.rate:
                settings["rate"] = list(found.rate.as_integer_ratio())
        name = re.sub(r"[^\w .()+-]", "_", name).strip(" .") or "footage"
        folder = preferences.shot_folder(scene).with_name(name)
        stage = WorkerStage("Estimating motion", "footage", footage=str(path), shot=str(folder), settings=settings)

        def finish(_message: Message) -> str:
            scene.flowbrush.shot_name = name
            refresh.look(scene)
            return f"{name} is a shot: {scene.flowbrush.captured}"

        return Job("Make Shot", [stage], finish, picture.show)


class FLOWBRUSH_OT_shot_from_file(bpy.types.Operator):
    """Choose a movie, or one image of a numbered sequence, and make a shot of it"""

    bl_idname = "flowbrush.shot_from_file"
    bl_label = "Make Shot from File"

    filepath: StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})
    filter_glob: StringProperty(
        default="*.mp4;*.mov;*.mkv;*.avi;*.webm;*.m4v;*.mpg;*.ts;*.mxf;*.gif;*.png;*.jpg;*.jpeg;*.tif;*.tiff;*.exr;*.webp",
        options={"HIDDEN"},
    )

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One job at a time."""
        if job.running() is not None:
            cls.poll_message_set(said("Wait for the running job, or cancel it"))
        return job.running() is None

    def invoke(self, context: bpy.types.Context, _event: bpy.types.Event) -> set[str]:
        """Opens the file browser."""
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[str]:
        """Starts the job, with the window staying free where there is one."""
        how = "EXEC_DEFAULT" if bpy.app.background else "INVOKE_DEFAULT"
        outcome: set[str] = bpy.ops.flowbrush.shot_from_strip(how, filepath=self.filepath)
        return {"FINISHED"} if outcome == {"RUNNING_MODAL"} else outcome


class FLOWBRUSH_OT_estimate_conditions(JobOperator):
    """Estimate the conditions that the style asks for and footage does not have; needs the footage extra"""

    bl_idname = "flowbrush.estimate_conditions"
    bl_label = "Estimate Conditions"

    def plan(self, context: bpy.types.Context) -> Job:
        """One stage: the worker, on the shot."""
        shot = captured_shot(context.scene)
        weights = preferences.estimator_weights()
        names, left_out = estimators_for(shot, context.scene.flowbrush.control_settings, weights)
        folder = str(weights) if weights else ""
        stage = WorkerStage("Estimating", "estimate", shot=str(shot.folder), conditions=names, weights=folder)
        job = Job("Estimate Conditions", [stage], lambda _message: f"Estimated: {', '.join(names)}", picture.show)
        job.warnings += left_out
        return job


def estimators_for(
    shot: Shot, controls: Sequence[ControlSettings], weights: Path | None
) -> tuple[list[str], list[str]]:
    """Which estimators give `shot` the conditions that it lacks, by the files in the folder `weights`.

    Also gives a sentence about each optional one for which the files are missing. Raises ShotError where no condition
    is lacking, SettingsError where one that is not optional, or all that are lacking, cannot be estimated.
    """
    names, left_out = [], []
    for control in lacking(shot, controls):
        ways = {name: one for name, one in ESTIMATORS.items() if one.condition == control.condition}
        ready = [
            name for name, one in ways.items() if all(weights and (weights / file).is_file() for file in one.files)
        ]
        if ready:
            names.append(ready[0])
            continue
        files = ", ".join(file for one in ways.values() for file in one.files) or "nothing that is known"
        lack = f"Estimating '{control.condition}' needs {files}: choose the folder that holds it in the preferences"
        if not control.optional:
            raise SettingsError(Code.MISSING_MODEL, lack)
        left_out.append(lack)
    if left_out and not names:
        raise SettingsError(Code.MISSING_MODEL, left_out[0])
    if not names:
        raise ShotError(
            Code.BAD_SHOT, "The shot has all conditions that the style asks for: nothing is to be estimated"
        )
    return names, left_out


def lacking(shot: Shot, controls: Sequence[ControlSettings]) -> list[ControlSettings]:
    """Those of `controls` whose condition `shot` does not give. Raises SettingsError for a name that is none."""
    found = []
    for control in controls:
        try:
            needs.check_condition(shot, control.condition)
        except ShotError:
            found.append(control)
    return found


CLASSES = (FLOWBRUSH_OT_shot_from_strip, FLOWBRUSH_OT_shot_from_file, FLOWBRUSH_OT_estimate_conditions)
