"""Where in each frame which prompt holds, and where anything is painted at all: the take's masks in the shot's ids."""

from dataclasses import dataclass

import numpy as np

from .. import needs
from ..painters.painter import RegionRequest
from ..passes.exr import read_passes
from ..passes.masks import pixels, softened
from ..shot import Shot
from ..take import TakeSettings

AREA = 2**25  # above every id: a surface's number in area k lies between k and k + 1 times this


@dataclass(frozen=True)
class FrameAreas:
    """The areas of one frame.

    regions: as a painter takes them. painted: (H,W) float32, 1 where the picture shows paint, 0 where it shows the
    render; None: paint everywhere. numbers: (H,W) int32, the area that a pixel lies in: 0 for the take's own prompt,
    then one for each region, then one for what is not painted.
    """

    regions: tuple[RegionRequest, ...]
    painted: np.ndarray | None
    numbers: np.ndarray

    def tell_apart(self, surfaces: np.ndarray) -> np.ndarray:
        """(H,W) int32: the surfaces' numbers, other ones in each area, because they are painted in other ways."""
        return surfaces + np.int32(AREA) * self.numbers


class Areas:
    """The masks of a take. Raises SettingsError (BAD_MASK) for names that the shot has not, ShotError (MISSING_PASS).

    notices: sentences for the user.
    """

    def __init__(self, shot: Shot, settings: TakeSettings) -> None:
        self._shot = shot
        self._settings = settings
        self._regions = [needs.mask_in(shot, region.mask) for region in settings.regions]
        self._paint = needs.mask_in(shot, settings.paint) if settings.paint else None
        masks = [*self._regions, *([self._paint] if self._paint else [])]
        self.notices = tuple(notice for mask in masks for notice in mask.notices)
        self._passes = {name for mask in masks for name in mask.passes}

    def of(self, frame: int) -> FrameAreas:
        """The areas of `frame`. Raises ShotError."""
        shape = self._shot.resolution[::-1]
        passes = read_passes(self._shot, frame, sorted(self._passes)) if self._passes else {}
        numbers = np.zeros(shape, np.int32)
        now = self._settings.at(frame)
        regions = []
        for number, (settings, mask) in enumerate(zip(now.regions, self._regions, strict=True), 1):
            hard = pixels(mask, passes, shape)
            numbers[hard] = number
            strength = now.strength if settings.strength is None else settings.strength
            soft = softened(hard, settings.softness)
            regions.append(RegionRequest(soft, settings.prompt, settings.negative_prompt, strength))
        painted = None
        if self._paint is not None:
            hard = pixels(self._paint, passes, shape)
            numbers[~hard] = len(regions) + 1
            painted = softened(hard, now.paint_softness)
        return FrameAreas(tuple(regions), painted, numbers)
