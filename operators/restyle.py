"""Restyle Strip: strips of the sequencer are painted, and each result lies above its strip."""

import re
from dataclasses import dataclass, replace
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import bpy

from .. import preferences
from ..backend import takes
from ..backend.errors import Code, SceneError
from ..backend.over_time import LaterPrompt
from ..backend.protocol import Message
from ..backend.shot import Shot, source_of
from ..backend.take import Take, TakeSettings
from ..scene import compat, restyle, strips
from ..scene.strip_frames import Footage, OfScene, Shown, shown_by
from ..settings import take_settings
from ..translations import said
from . import picture, refresh
from .capture import CaptureStage, order_for, unsaved_images
from .footage import estimators_for, lacking
from .job import Job, JobOperator, Stage
from .stylize import StylizeStage
from .watch import Painted
from .worker import WorkerStage


@dataclass(frozen=True)
class Work:
    """One strip, by name, because undo takes away what stands for it in Python; and where its take is painted."""

    timeline: str
    strip: str
    shown: Shown
    folder: Path
    take: str


class EstimateStage(WorkerStage):
    """Estimates what the footage's shot in `folder` lacks of the conditions of `settings`, if anything."""

    def __init__(self, folder: Path, settings: TakeSettings) -> None:
        super().__init__("Estimating", "estimate")
        self._folder, self._controls = folder, settings.controls

    def start(self) -> None:
        """Looks at the shot, which now is there. Raises SettingsError where weights are missing."""
        shot, weights = Shot.load(self._folder), preferences.estimator_weights()
        wanted = lacking(shot, self._controls)
        if all(control.optional for control in wanted):  # stylizing goes without, and says so
            return
        names, _ = estimators_for(shot, wanted, weights)
        self._fields = {"shot": str(self._folder), "conditions": names, "weights": str(weights or "")}
        super().start()

    def poll(self) -> list[Message]:
        """What the worker says; at once a result where nothing is asked of it."""
        return super().poll() if self._connection is not None else [{"type": "result"}]


class PlaceStage:
    """Lays the finished take over its strip; done within Blender, between the stages of the strips."""

    title = "Placing"

    def __init__(self, work: Work) -> None:
        self._work = work
        self._notices: list[str] = []

    def start(self) -> None:
        """Places it. Raises SceneError where the strip is gone."""
        work = self._work
        shot = Shot.load(work.folder)
        refresh.look_at_takes(shot, choose=work.take)
        take = Take.load(shot, work.take)
        strips.take_pictures(shot, take)
        timeline, strip, result = _lay_over(work, shot, take)
        self._notices = restyle.above_others(timeline, strip, result) + strips.colour_notices(timeline)
        placed.append(result.name)

    def poll(self) -> list[Message]:
        """All that is to be said."""
        return [*({"type": "warning", "sentence": notice} for notice in self._notices), {"type": "result"}]

    def cancel(self) -> None:
        """It is done by now."""

    def close(self) -> None:
        """Nothing was taken."""


placed: list[str] = []  # by the job that runs, or ran last


class FLOWBRUSH_OT_restyle_strip(JobOperator):
    """Paint the selected scene, movie and image strips, and lay each result above its strip, frame by frame the same"""

    bl_idname = "flowbrush.restyle_strip"
    bl_label = "Restyle Strip"
    bl_options = {"REGISTER", "UNDO"}

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """One job at a time, and something to restyle."""
        if not super().poll(context):
            return False
        if not restyle.chosen(compat.sequencer_scene(context)):
            cls.poll_message_set(said("Select a scene, movie or image strip in the sequencer"))
            return False
        return True

    def plan(self, context: bpy.types.Context) -> Job:
        """Of each strip: its material becomes a shot, that is painted, the take is laid over it."""
        tab, timeline = context.scene, compat.sequencer_scene(context)
        settings = take_settings(tab.flowbrush)
        wanted = tab.flowbrush.take
        works, stages, warnings = [], [], []
        chosen = restyle.chosen(timeline)
        for strip in chosen:
            shown = shown_by(timeline, strip)
            own = for_material(settings, shown)
            if own.method != settings.method:
                warnings.append(f"Footage has no surfaces: '{strip.name}' is painted with the method Flow")
            folder = _folder(tab, timeline, strip.name)
            work = Work(timeline.name, strip.name, shown, folder, takes.name_for(folder, wanted, own))
            works.append(work)
            steps = [*_to_shot(tab, work, own), StylizeStage(folder, work.take, own, replace_other=False)]
            for stage in steps:
                stage.title = f"{strip.name}: {stage.title}"
            stages += [*steps, PlaceStage(work)]
        if any(isinstance(work.shown.material, OfScene) for work in works):
            warnings += unsaved_images()
        placed.clear()
        count = len(works)
        done = f"'{works[0].strip}' is restyled" if count == 1 else f"{count} strips are restyled"
        job = Job("Restyle Strip", stages, lambda _message: done, partial(_show, list(map(_painted, works))))
        job.warnings += warnings
        return job

    def _finish(self, context: bpy.types.Context) -> set[str]:
        """Undo takes away what was placed, also where a later strip failed."""
        outcome = super()._finish(context)
        return {"FINISHED"} if placed else outcome


def for_material(settings: TakeSettings, shown: Shown) -> TakeSettings:
    """`settings` of the timeline as those of the material: what changes over time does so where it is seen.

    A frame that is shown twice is as when it is shown first. Footage has no surfaces, and is painted with `flow`.
    """
    if isinstance(shown.material, Footage) and settings.method == "surface":
        settings = replace(settings, method="flow")
    if not (settings.over_time or settings.later_prompts):
        return settings
    seen: dict[int, int] = {}
    for frame, number in enumerate(shown.frames, shown.start):
        seen.setdefault(number, frame)
    numbers = sorted(seen)
    then = {number: settings.at(seen[number]) for number in numbers}
    prompts = [(number, then[number].prompt, then[number].negative_prompt) for number in numbers]
    _, first, negative = prompts[0]
    return replace(
        settings,
        prompt=first,
        negative_prompt=negative,
        over_time=tuple(
            replace(keyed, keys=tuple((number, keyed.at(seen[number])) for number in numbers))
            for keyed in settings.over_time
        ),
        later_prompts=tuple(LaterPrompt(*now) for before, now in pairwise(prompts) if before[1:] != now[1:]),
    )


def _folder(tab: bpy.types.Scene, timeline: bpy.types.Scene, strip: str) -> Path:
    name = f"{Path(bpy.data.filepath).stem or 'untitled'} {timeline.name} {strip}"
    return preferences.shot_folder(tab).with_name(re.sub(r"[^\w .()+-]", "_", name).strip(" ."))


def _to_shot(tab: bpy.types.Scene, work: Work, settings: TakeSettings) -> list[Stage]:
    """The stages after which `work.folder` holds the shot. Raises SceneError where another kind of shot is there."""
    source = source_of(work.folder)
    match work.shown.material:
        case OfScene(name, camera):
            if source == "footage":
                raise _occupied(work)
            scene = bpy.data.scenes[name]
            return [CaptureStage(order_for(scene, work.shown.needed, settings.method, tab, camera), work.folder)]
        case Footage(path, rate):
            if source == "scene":
                raise _occupied(work)
            wanted = {"frames": list(work.shown.needed)}
            if rate:
                wanted["rate"] = list(rate.as_integer_ratio())
            stage = WorkerStage(
                "Estimating motion", "footage", footage=str(path), shot=str(work.folder), settings=wanted
            )
            return [stage, EstimateStage(work.folder, settings)]


def _occupied(work: Work) -> SceneError:
    return SceneError(
        Code.UNSUPPORTED_SCENE,
        f"{work.folder.name} holds the shot of another kind of strip of this name: rename '{work.strip}'",
    )


def _show(takes: list[Painted], path: str) -> None:
    """Shows a picture: as one of a take that is painted, where it belongs to one."""
    show = next((take.show for take in takes if take.has(path)), picture.show)
    show(path)


def _painted(work: Work) -> Painted:
    return Painted(work.folder, work.take, lambda _scene, *of: _lay_over(work, *of))


def _lay_over(work: Work, shot: Shot, take: Take) -> tuple[bpy.types.Scene, Any, Any]:
    """Lays the take, whole or not, over its strip; gives the timeline and both. Raises SceneError where one is gone."""
    timeline = bpy.data.scenes.get(work.timeline)
    if timeline is None:
        raise SceneError(Code.UNSUPPORTED_SCENE, f"The scene '{work.timeline}' is gone: the take is kept")
    strip = restyle.find(timeline, work.strip)
    return timeline, strip, restyle.lay_over(timeline, strip, work.shown, shot, take)


CLASSES = (FLOWBRUSH_OT_restyle_strip,)
