"""Makes a take of a shot: the one function behind the worker, the command line and the benchmarks."""

import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from .errors import Code, SettingsError, ShotError
from .methods import METHODS
from .methods.executor import pending, run_plan
from .methods.studio import Studio
from .painters.painter import Painter
from .passes.conditions import CONDITIONS
from .shot import Shot
from .take import Take, TakeSettings

Warn = Callable[[str], None]


@dataclass(frozen=True)
class FrameDone:
    """One frame is finished and stored at `path`; `done` of `total` frames are. seconds: what this frame took."""

    frame: int
    path: Path
    done: int
    total: int
    seconds: float


class Painters:
    """Keeps the last painter, because loading a model costs more than painting a frame."""

    def __init__(self) -> None:
        self._key: object = None
        self._painter: Painter | None = None

    def get(self, settings: TakeSettings, warn: Warn) -> tuple[Painter, dict[str, str]]:
        """A painter for `settings`, and the SHA-256 of its models. Raises ModelError, SettingsError or BackendError."""
        from .models.choice import fingerprints, resolve
        from .painters.diffusion import DiffusionPainter

        model = resolve(settings)
        key = (model, replace(settings, **_OF_THE_REQUEST))
        if self._painter is None or key != self._key:
            self.close()
            self._painter = DiffusionPainter(model, settings, warn)
            self._key = key
        return self._painter, fingerprints(model)

    def close(self) -> None:
        """Frees the model's memory."""
        from .models.loading import forget

        if self._painter is not None:
            self._painter.close()
            forget()
        self._painter, self._key = None, None


# These come with each request; a painter is made for all the others.
_OF_THE_REQUEST: dict[str, Any] = {
    "style": "", "method": "flow", "prompt": "", "negative_prompt": "", "strength": 0.0, "seed": 0,
    "seed_mode": "fixed", "frames": None, "edge_band": 0.0,
}  # fmt: skip


def stylize(
    shot: Shot,
    name: str,
    settings: TakeSettings,
    painters: Painters,
    warn: Warn,
    cancelled: Callable[[], bool],
    *,
    replace_other: bool = False,
) -> Iterator[FrameDone]:
    """Makes or goes on with the take `name`, and yields every frame when it is stored.

    replace_other: remove a take of this name that was made with other settings, instead of refusing.
    Raises SettingsError, ShotError, ModelError, BackendError, StorageError or Cancelled; finished frames stay.
    """
    settings = within(settings, shot)
    method = METHODS[settings.method]
    _check_passes(shot, settings, method.passes)
    painter, models = painters.get(settings, warn)
    if replace_other:
        _remove_other(shot, name, settings, models)
    take = Take.start(shot, name, settings, models)
    frames = take.frame_numbers(shot)
    plan = method.plan(shot, frames)
    studio = Studio(shot, take, painter, cancelled)
    total, done = len(plan), len(plan) - len(pending(plan, take))
    began = time.monotonic()
    for task in run_plan(plan, method, studio):
        done += 1
        yield FrameDone(task.frame, take.frame_path(task.frame), done, total, time.monotonic() - began)
        began = time.monotonic()


def within(settings: TakeSettings, shot: Shot) -> TakeSettings:
    """`settings` with its frames cut to the shot's. Raises SettingsError where none is left, ShotError."""
    first, last = settings.frames or shot.frames
    frames = range(max(first, shot.frames[0]), min(last, shot.frames[1]) + 1)
    if not frames:
        raise SettingsError(
            Code.EMPTY_RANGE,
            f"The shot has frames {shot.frames[0]} to {shot.frames[1]}, none of {first} to {last}: choose from those",
        )
    if missing := [frame for frame in shot.missing_frames() if frame in frames]:
        raise ShotError(Code.BAD_SHOT, f"Frame {missing[0]} was not captured ({len(missing)} missing): capture again")
    whole = (frames.start, frames.stop - 1) == shot.frames
    return replace(settings, frames=None if whole else (frames.start, frames.stop - 1))


def _check_passes(shot: Shot, settings: TakeSettings, of_method: tuple[str, ...]) -> None:
    needs = dict.fromkeys(of_method, f"method '{settings.method}'")
    for control in settings.controls:
        if control.condition not in CONDITIONS:
            raise SettingsError(
                Code.BAD_SETTINGS, f"There is no condition '{control.condition}'; choose one of {', '.join(CONDITIONS)}"
            )
        needs |= dict.fromkeys(CONDITIONS[control.condition].needs, f"condition '{control.condition}'")
    for name, who in needs.items():
        if name not in shot.passes:
            raise ShotError(
                Code.MISSING_PASS, f"The shot has no pass '{name}', which {who} needs: capture it again with that pass"
            )


def _remove_other(shot: Shot, name: str, settings: TakeSettings, models: dict[str, str]) -> None:
    folder = shot.take_folder(name)
    if not (folder / "take.json").exists():
        return
    if Take.load(shot, name) != Take(folder, settings, models, shot.capture):
        shutil.rmtree(folder)
