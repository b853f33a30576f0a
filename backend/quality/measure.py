"""Measures a take, frame by frame: what `measures` describes.

Of the shot's pixels only a few frames are in memory at a time, however long it is. What needs earlier frames (points
that are followed, first colours) is summed up as it goes, so a run that was stopped begins again.
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np

from .. import needs
from ..errors import Cancelled, Code, ShotError
from ..motion.places import with_sky
from ..motion.surface import Points, SurfaceIndex
from ..motion.tracking import Passes, tracking
from ..motion.warp import carry
from ..passes.conditions import condition
from ..passes.exr import read_passes, read_picture, read_png
from ..progress import FrameDone
from ..shot import Shot
from ..storage import make_folder, storage_errors, write_whole
from ..take import Take
from .colour import lab
from .drift import Drift
from .flicker import link_by_surface, link_to_previous, mean_square, squared_difference
from .flow_difference import tof
from .likeness import edge_f_score, edges
from .look import colour_distance, sharpness, structure_distance
from .measures import (
    FILE,
    LAGS,
    MAX_OBJECTS,
    MEASURES,
    TEXEL_LEVEL,
    Measured,
    Measures,
    ObjectDrift,
    PointCounts,
    heat_path,
    texels_path,
)
from .texels import Texels

HIDDEN = 20  # frames; what was unseen for so long has to be found again by more than the frame before
BAND = 2  # pixels beside silhouettes, whose colours belong to the view and not to the surface
OUTLINES = 1 / 64  # of the picture's height: beside silhouettes, where styles draw their outlines
LINES = "canny_geometry"  # the condition whose lines the picture should have
OF_TAKE, OF_RENDER = 0, 1

Values = dict[str, tuple[float | None, float | None]]
"""What one frame gives: of the take and of the render."""


def measure(
    shot: Shot, take: Take, cancelled: Callable[[], bool] = lambda: False, hidden: int = HIDDEN
) -> Iterator[FrameDone]:
    """Measures those frames of `take` that are done, and yields each; `Measures.load(take.folder)` then reads all.

    hidden: frames after which a surface that nobody saw counts as come back. Raises ShotError (MISSING_PASS, BAD_TAKE,
    BAD_SHOT, BAD_EXR), StorageError or Cancelled; before the end there are no measures.
    """
    needs.check_measures(shot)
    if take.capture != shot.capture:
        raise ShotError(Code.BAD_TAKE, f"The take '{take.name}' is of another capture of the shot: stylize again")
    frames = take.finished(shot)
    if not frames:
        raise ShotError(Code.BAD_TAKE, f"The take '{take.name}' has no frames yet: stylize first")
    with storage_errors(take.folder / FILE):
        (take.folder / FILE).unlink(missing_ok=True)
    for path in (heat_path(take.folder, 0), texels_path(take.folder, 0)):
        make_folder(path.parent)
    gauge = _Gauge(shot, take, set(frames), hidden)
    series: list[Values] = []
    for done, frame in enumerate(frames, 1):
        if cancelled():
            raise Cancelled("Cancelled; the take was not measured")
        began = time.monotonic()
        series.append(gauge.frame(frame))
        path = heat_path(take.folder, frame)
        if done == len(frames):
            gauge.measures(frames, series).save(take.folder)
        yield FrameDone(frame, path, done, len(frames), time.monotonic() - began)


class _Gauge:
    """What is kept from frame to frame: the sums, and the frame before."""

    def __init__(self, shot: Shot, take: Take, finished: set[int], hidden: int) -> None:
        self._shot, self._take, self._finished, self._hidden = shot, take, finished, hidden
        self._follow = tracking(shot)
        self._surfaces = shot.source == "scene"  # footage has none
        self._lines = set(needs.CONDITIONS[LINES].passes)
        self._has_lines = self._surfaces and self._lines <= set(shot.passes)
        self._texels, self._drift = Texels(2, hidden), Drift()
        self._before: tuple[Passes, list[np.ndarray]] = {}, []

    def frame(self, frame: int) -> Values:
        """All values of a frame; writes its heat maps."""
        passes = read_passes(self._shot, frame, {*self._follow.passes, *(self._lines if self._has_lines else ())})
        pictures = self._pictures(frame)
        labs = np.stack([lab(picture) for picture in pictures])
        values: Values = {
            "sharpness": _both(sharpness(picture) for picture in pictures),
            "style_colour": (colour_distance(*labs), None),
            "style_structure": (structure_distance(*pictures), None),
        }
        if self._has_lines:
            asked = condition(LINES, passes, self._shot, frame)[..., 0] > 0.5
            values["fidelity"] = _both(edge_f_score(edges(picture), asked) for picture in pictures)
        values |= self._against_previous(frame, passes, pictures)
        if self._surfaces:
            clear = self._follow.followed(passes) & ~self._follow.silhouette_band(passes, BAND)
            points = Points.of(with_sky(passes, self._shot, frame))
            index = SurfaceIndex(points, np.ones(clear.shape, bool))
            seen = self._texels.see(points, index, clear, labs)
            values |= {"texel": _pair(seen.variance), "returned": _pair(seen.returned)}
            values["drift"] = _pair(self._drift.see(seen.objects, seen.colours, seen.first))
            _write_grey(texels_path(self._take.folder, frame), seen.heat / TEXEL_LEVEL)
            values |= self._against_earlier(frame, passes, pictures, index)
        self._before = passes, pictures
        return values

    def _pictures(self, frame: int) -> list[np.ndarray]:
        """The take's and the render's."""
        path = self._take.frame_path(frame)
        painted = read_png(path, self._shot.resolution, Code.BAD_TAKE, "remove it and stylize again")
        return [painted, read_picture(self._shot, frame)]

    def _against_previous(self, frame: int, passes: Passes, pictures: list[np.ndarray]) -> Values:
        """Warping error over one frame with its heat map, the same away from outlines, and tOF."""
        values: Values = {"warping_1": (None, None), "warping_inside": (None, None), "tof": (None, None)}
        heat = np.zeros(pictures[0].shape[:2], np.float32)
        if self._reaches(frame, 1):
            passes_before, pictures_before = self._before
            link = link_to_previous(self._follow, frame, passes, passes_before)
            pairs = list(zip(pictures, pictures_before, strict=True))
            squares = [squared_difference(now, before, link) for now, before in pairs]
            values["warping_1"] = _both(mean_square(one, link.visible) for one in squares)
            inside = link.visible & ~self._outlines(passes)
            inside &= ~carry(self._outlines(passes_before).astype(np.uint8), link.flow, "nearest").astype(bool)
            values["warping_inside"] = _both(mean_square(one, inside) for one in squares)
            values["tof"] = _both(tof(now, before, link) for now, before in pairs)
            heat = 255.0 * np.sqrt(squares[OF_TAKE])
        _write_grey(heat_path(self._take.folder, frame), heat)
        return values

    def _against_earlier(self, frame: int, passes: Passes, pictures: list[np.ndarray], index: SurfaceIndex) -> Values:
        """Warping error over more than one frame, from the earlier frame to this one, as the paper writes it."""
        values: Values = {}
        for lag in LAGS[1:]:
            values[f"warping_{lag}"] = None, None
            if self._reaches(frame, lag):
                then = read_passes(self._shot, frame - lag, self._follow.passes)
                points = Points.of(with_sky(then, self._shot, frame - lag))
                link = link_by_surface(self._follow, then, points, passes, index)
                pairs = zip(self._pictures(frame - lag), pictures, strict=True)
                values[f"warping_{lag}"] = _both(
                    mean_square(squared_difference(earlier, now, link), link.visible) for earlier, now in pairs
                )
        return values

    def _outlines(self, passes: Passes) -> np.ndarray:
        """(H, W) bool: where a style may have drawn outlines."""
        return self._follow.silhouette_band(passes, max(BAND, round(OUTLINES * self._shot.resolution[1])))

    def _reaches(self, frame: int, lag: int) -> bool:
        """There is a frame so long before, in the same segment."""
        return frame - lag in self._finished and frame - lag >= self._shot.segment_start(frame)

    def measures(self, frames: list[int], series: list[Values]) -> Measures:
        """What all frames together say."""
        over_all = {"texel": _pair(self._texels.variance()), "returned": _pair(self._texels.returned())}

        def measured(which: int) -> dict[str, Measured]:
            made = {}
            for name in MEASURES:
                values = tuple(one[name][which] for one in series if name in one)
                if values and not (which == OF_RENDER and name.startswith("style_")):
                    made[name] = Measured(values, over_all[name][which] if name in over_all else _mean(values))
            return made

        texels = self._texels
        return Measures(
            capture=self._take.capture,
            hidden=self._hidden,
            frames=tuple(frames),
            take=measured(OF_TAKE),
            render=measured(OF_RENDER),
            objects=tuple(
                ObjectDrift(one.id, one.points, *(float(difference) for difference in one.differences))
                for one in self._drift.objects()[:MAX_OBJECTS]
            ),
            points=PointCounts(texels.followed, texels.seen, texels.came_back),
        )


def _both(values: Iterator[float | None]) -> tuple[float | None, float | None]:
    of_take, of_render = values
    return of_take, of_render


def _pair(values: np.ndarray | None) -> tuple[float | None, float | None]:
    return (None, None) if values is None else (float(values[OF_TAKE]), float(values[OF_RENDER]))


def _mean(values: tuple[float | None, ...]) -> float | None:
    known = [value for value in values if value is not None]
    return float(np.mean(known)) if known else None


def _write_grey(path: Path, levels: np.ndarray) -> None:
    """Writes (H, W) float32 0..255, what is above held there, as an 8-bit PNG."""
    encoded, png = cv2.imencode(".png", np.rint(np.clip(levels, 0.0, 255.0)).astype(np.uint8))
    assert encoded
    write_whole(path, png.tobytes())
