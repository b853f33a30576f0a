"""What of the settings a shot allows, told from its description: Blender asks whenever it draws the tab."""

from collections.abc import Callable
from dataclasses import replace

from . import needs
from .errors import ShotError
from .over_time import renumbered
from .shot import Shot
from .take import TakeSettings


def possible(settings: TakeSettings, shot: Shot, warn: Callable[[str], None]) -> TakeSettings:
    """`settings` without the optional controls whose condition `shot` cannot give; `warn` is told of each.

    Footage has no surfaces: there the method `flow` takes the place of `surface`, and `warn` is told of that as well.
    Raises SettingsError for a name that is no condition, ShotError (MISSING_PASS) where `shot` lacks what else is
    needed.
    """
    if shot.source == "footage" and settings.method == "surface":
        warn("Footage has no surfaces: painted with the method flow, along its estimated motion")
        settings = replace(settings, method="flow")
    needs.check_method(shot, settings.method)
    kept: list[int] = []
    for index, control in enumerate(settings.controls):
        try:
            needs.check_condition(shot, control.condition)
        except ShotError as lack:
            if not control.optional:
                raise
            warn(f"Painted without '{control.condition}'. {lack}")
        else:
            kept.append(index)
    controls = tuple(settings.controls[index] for index in kept)
    return replace(settings, controls=controls, over_time=renumbered(settings.over_time, "controls", kept))
