"""Makes a take of a shot: the one function behind the worker, the command line and the benchmarks."""

import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

from . import needs, timings
from .methods import METHODS
from .methods.areas import Areas
from .methods.executor import pending, picture_path, renewed, run_plan
from .methods.plan import Method, Task, whole_plan
from .methods.refine import Refined
from .methods.studio import Studio
from .models.choice import fingerprints, resolve
from .painters.diffusion import DiffusionPainter
from .possible import possible
from .progress import FrameDone
from .shot import Shot
from .take import Take, TakeSettings


def stylize(
    shot: Shot,
    name: str,
    settings: TakeSettings,
    warn: Callable[[str], None],
    cancelled: Callable[[], bool],
    *,
    replace_other: bool = False,
) -> Iterator[FrameDone]:
    """Makes or goes on with the take `name`, and yields every frame when it is stored.

    What is finished stays where it depends on nothing that changed in the shot since.

    warn: gets sentences for the user. replace_other: remove a take of this name that was made with other settings,
    instead of refusing. The model stays loaded for the next take (see models.loading).
    Raises SettingsError, ShotError, ModelError, BackendError, StorageError or Cancelled; finished frames stay.
    """
    settings = possible(within(settings, shot), shot, warn)
    method: Method = Refined(METHODS[settings.method]) if settings.most("refine") else METHODS[settings.method]
    if settings.surface_noise:
        needs.check_surface_noise(shot)
    for notice in Areas(shot, settings).notices:
        warn(notice)
    model = resolve(settings)
    models = fingerprints(model)
    if replace_other:
        _remove_other(shot, name, settings, models)
    take = Take.start(shot, name, settings, models)
    plan = whole_plan(method, shot, take.frame_numbers(shot), settings, cancelled)
    former = len(take.finished(shot))
    take = renewed(take, plan, shot)
    if (stay := len(take.finished(shot))) < former:
        warn(
            f"The shot or its settings over time have changed: {stay} of {former} finished frames are kept, "
            "the others depend on the change and are painted again"
        )
    to_do = pending(plan, take)
    total, done = len(plan), len(plan) - len(to_do)
    if done == total:
        return
    left = Counter(_kind(task) for task in to_do)
    studio = Studio(shot, take, DiffusionPainter(model, settings, warn), cancelled, plan[0].frame)
    began = time.monotonic()
    for task in run_plan(plan, method, studio):
        done += 1
        seconds = time.monotonic() - began
        timings.add(take.folder, timings.Timing(task.frame, task.is_keyframe, seconds, task.refines))
        left[_kind(task)] -= 1
        yield FrameDone(task.frame, picture_path(take, task), done, total, seconds, _kind(task), dict(left))
        began = time.monotonic()


def _kind(task: Task) -> str:
    return "keyframe" if task.is_keyframe else "refined frame" if task.refines else "frame"


def within(settings: TakeSettings, shot: Shot) -> TakeSettings:
    """`settings` with its frames cut to the shot's. Raises SettingsError where none is left, ShotError."""
    frames = shot.captured_frames(settings.frames)
    whole = (frames.start, frames.stop - 1) == shot.frames
    return replace(settings, frames=None if whole else (frames.start, frames.stop - 1))


def _remove_other(shot: Shot, name: str, settings: TakeSettings, models: dict[str, str]) -> None:
    folder = shot.take_folder(name)
    if not (folder / "take.json").exists():
        return
    if Take.load(shot, name).obstacle(Take(folder, settings, models, shot.capture)):
        shutil.rmtree(folder)
