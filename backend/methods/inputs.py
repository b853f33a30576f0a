"""What the result of each task depends on, as a digest: as long as that is the same, so is the result.

A task reads what the shot has of its own frame, and whatever the tasks that it needs read and left behind. That is all
that a method may read of single frames. Models and settings are no part of the digest, because a whole take has the
same; but what of the settings changes over time is, as it is at the task's frame.
"""

import json
from dataclasses import asdict
from hashlib import sha256
from pathlib import Path

from .. import needs
from ..made import Which
from ..passes.conditions import OF_WHOLE_SHOT
from ..shot import Shot
from ..take import TakeSettings
from .plan import Task

SURFACE_FORM = 2
"""Of what `surface` leaves of a keyframe: another form, and takes of the former one are painted again."""


def digests(plan: list[Task], shot: Shot, settings: TakeSettings) -> dict[Which, str]:
    """For each task of `plan` the SHA-256 of all that its result depends on. Raises ShotError."""
    whole = _of_whole(shot, settings)
    if settings.shared_attention and plan:  # all look at the first, which the studio calls the anchor
        whole = _digest([whole, _of_frame(shot, plan[0].frame, settings)])
    found: dict[Which, str] = {}
    for task in plan:
        needed = [found[which] for which in task.reads]
        found[task.which] = _digest([whole, *task.which, _of_frame(shot, task.frame, settings), needed])
    return found


def _of_whole(shot: Shot, settings: TakeSettings) -> str:
    """What every frame depends on."""
    wanted = sorted({control.condition for control in settings.controls})
    return _digest(
        [
            shot.source,
            shot.resolution,
            [asdict(item) for item in shot.objects],
            [asdict(item) for item in shot.materials],
            {name: OF_WHOLE_SHOT[name](shot) for name in wanted if name in OF_WHOLE_SHOT and name not in shot.drawn},
            [name for name in wanted if name in shot.drawn],
            *([SURFACE_FORM] if settings.method == "surface" else []),
        ]
    )


def _of_frame(shot: Shot, frame: int, settings: TakeSettings) -> str:
    """What the shot has of `frame`: its picture and passes, and another lens beside it, which its vectors follow."""
    camera = shot.cameras.get(frame)
    beside = (shot.cameras.get(near) for near in (frame - 1, frame + 1))
    return _digest(
        [
            shot.prints.get(frame, shot.capture),
            asdict(camera) if camera else None,
            [near.projection if near and camera and near.projection != camera.projection else None for near in beside],
            [near in shot.cuts for near in (frame, frame + 1)],
            [_of_file(path) for path in _files(shot, frame, settings)],
            *_over_time(settings, frame),
        ]
    )


def _over_time(settings: TakeSettings, frame: int) -> list[object]:
    """What is set for `frame` alone. A prompt that is the take's own is not, and so may stay when later ones come."""
    now = settings.at(frame)
    prompts = [now.prompt, now.negative_prompt]
    own = [] if prompts == [settings.prompt, settings.negative_prompt] else [prompts]
    return [*([keyed.setting, keyed.at(frame)] for keyed in settings.over_time), *own]


def _files(shot: Shot, frame: int, settings: TakeSettings) -> list[Path]:
    """Those files that may be made again without another capture, for which its prints do not vouch."""
    wanted = sorted({control.condition for control in settings.controls})
    drawn = [name for name in wanted if name in shot.drawn]
    posed = any(needs.need(name).extra == needs.POSE for name in wanted if name not in drawn)
    return [*(shot.drawn_path(name, frame) for name in drawn), *([shot.pose_path(frame)] if posed else [])]


def _of_file(path: Path) -> str:
    return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _digest(document: object) -> str:
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
