"""Makes the report of a take: TAKE/report/index.html, and beside it the movie and the stills that it shows.

The page is written last, whole, and names files that no former page had unless they are the same; what only the former
page named is removed after it. So there is a whole report at any time, or none.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from ... import needs, timings
from ...errors import Cancelled, Code, ShotError
from ...models.choice import model_path
from ...models.licence import licence_of
from ...progress import FrameDone
from ...shot import Shot, frame_file
from ...storage import make_folder, write_whole
from ...take import Take
from ..measure import measure
from ..measures import FILE, Measured, Measures
from ..sheet import write_jpeg
from .movie import Tiles, write_movie
from .page import Player, Report, Worst, address, page
from .sources import Source, fingerprint, sources

FOLDER, PAGE = "report", "index.html"
WORST = 6  # frames that are shown first
STILL = 480  # pixels of a still's longer side


def report_path(take: Take) -> Path:
    """Where the page of `take` is or will be."""
    return take.folder / FOLDER / PAGE


def measure_and_report(shot: Shot, take: Take, cancelled: Callable[[], bool]) -> Iterator[FrameDone]:
    """Writes the report of `take`, measured first where it is not yet, or not all of it as it is now.

    A shot without the passes that measuring takes has a report that says so. Raises as `measure` and `make_report` do.
    """
    why, steps = "", 1
    if not is_measured(shot, take):
        try:
            needs.check_measures(shot)
        except ShotError as lacking:
            why = str(lacking)
        else:
            steps = 2
            for done in measure(shot, take, cancelled):
                yield replace(done, total=steps * done.total)
    for done in make_report(shot, take, cancelled, why):
        yield replace(done, done=done.done + (steps - 1) * done.total, total=steps * done.total)


def make_report(shot: Shot, take: Take, cancelled: Callable[[], bool], why: str = "") -> Iterator[FrameDone]:
    """Writes the report of the finished frames of `take` and yields every frame that is put into its movie.

    why: the reason why it cannot be measured, a sentence. A movie of the very same pictures is kept. Raises ShotError
    (BAD_TAKE) where nothing is finished or a picture is damaged, StorageError, or Cancelled; the former report stays
    then.
    """
    finished = take.finished(shot)
    if not finished:
        raise ShotError(Code.BAD_TAKE, f"The take '{take.name}' has no finished frame: stylize it first")
    frames = range(finished[0], finished[-1] + 1)
    found, notes = sources(shot, take, frames)
    mark = fingerprint(shot, found, frames)
    folder = make_folder(report_path(take).parent)
    movie, tiles = folder / f"{mark}.mp4", Tiles.of(len(found), shot.resolution)
    if not movie.exists():
        yield from _movie(movie, tiles, found, frames, shot, take, cancelled)
    measures, unmeasured = _measures(shot, take)
    unmeasured = f"{unmeasured} {why}".strip()
    others, more = _other_measures(shot, found, take)
    worst = _worst(measures, frames, found, shot.resolution, folder, mark)
    absent = len(frames) - len(finished)
    grey = [f"{absent} of {len(frames)} frames are not finished: they are grey"] if absent else []
    report = Report(
        shot=shot,
        take=take,
        frames=frames,
        player=Player(movie.name, tiles.size, [_source(k, one, tiles, frames, folder) for k, one in enumerate(found)]),
        worst=worst,
        measures=measures,
        unmeasured=unmeasured,
        others=others,
        timings=timings.read(take.folder),
        licence=licence_of(model_path(take.settings.model)),
        notes=[*grey, *notes, *more],
    )
    write_whole(folder / PAGE, page(report).encode("utf-8"))
    _remove_former(folder, {PAGE, movie.name, *(still for one in worst for still in one.stills)})


def is_measured(shot: Shot, take: Take) -> bool:
    """Whether the take has measures, of this capture and of the frames that are finished, as they are now."""
    measures, _ = _measures(shot, take)
    if measures is None:
        return False
    finished, moment = take.finished(shot), (take.folder / FILE).stat().st_mtime_ns
    newer = any(take.frame_path(frame).stat().st_mtime_ns > moment for frame in finished)
    return list(measures.frames) == finished and not newer


def _movie(
    path: Path,
    tiles: Tiles,
    found: Sequence[Source],
    frames: range,
    shot: Shot,
    take: Take,
    cancelled: Callable[[], bool],
) -> Iterator[FrameDone]:
    def pictures() -> Iterator[np.ndarray]:
        for frame in frames:
            if cancelled():
                raise Cancelled()
            yield tiles.joined([one.picture(frame, shot.resolution) for one in found])

    began = time.monotonic()
    for index in write_movie(path, pictures(), tiles.whole, shot.rate):
        yield FrameDone(frames[index], take.frame_path(frames[index]), index + 1, len(frames), time.monotonic() - began)
        began = time.monotonic()


def _source(index: int, one: Source, tiles: Tiles, frames: range, folder: Path) -> dict[str, object]:
    """As the page's script takes it. files: the pictures themselves; a heat map has none, its file is bare levels."""
    files = {} if one.below else one.files
    addresses = [address(files[frame], folder) if frame in files else None for frame in frames]
    return {"name": one.name, "corner": tiles.corner(index), "files": addresses}


def _measures(shot: Shot, take: Take) -> tuple[Measures | None, str]:
    """What was measured of the take, or why there is nothing to show."""
    if not (take.folder / FILE).exists():
        return None, "This take has not been measured yet."
    try:
        measures = Measures.load(take.folder)
    except ShotError as error:
        return None, str(error)
    if measures.capture != shot.capture:
        return None, "The shot was captured again since this take was measured: measure it again."
    return measures, ""


def _other_measures(shot: Shot, found: Sequence[Source], take: Take) -> tuple[dict[str, Measures], list[str]]:
    others: dict[str, Measures] = {}
    notes: list[str] = []
    # After the render, the take and its heat maps come the other takes.
    for name in [one.name for one in found[2:] if one.below is None]:
        folder = shot.take_folder(name)
        if not (folder / FILE).exists():
            continue
        try:
            measures = Measures.load(folder)
        except ShotError as error:
            notes.append(f"The measures of '{name}' are left out: {error}")
            continue
        if measures.capture == take.capture:
            others[name] = measures
    return others, notes


def _worst(
    measures: Measures | None,
    frames: range,
    found: Sequence[Source],
    size: tuple[int, int],
    folder: Path,
    mark: str,
) -> list[Worst]:
    """The frames with the largest warping error, of neighbours only the worse, with stills of take and heat map."""
    if measures is None or "warping_1" not in measures.take:
        return []
    values = _by_frame(measures.take["warping_1"], measures.frames)
    render = _by_frame(measures.render["warping_1"], measures.frames) if "warping_1" in measures.render else {}
    chosen: list[Worst] = []
    shown = [found[1], *[one for one in found[2:3] if one.below is not None]]
    for frame in sorted(values, key=lambda frame: (-values[frame], frame)):
        if len(chosen) == WORST:
            break
        if frame not in frames or any(abs(frame - one.frame) < 2 for one in chosen):
            continue
        stills = []
        for index, one in enumerate(shown):
            stills.append(f"{mark}-{index}-{frame_file(frame, 'jpg')}")
            _write_still(folder / stills[-1], one.picture(frame, size))
        chosen.append(Worst(frame, tuple(stills), values[frame], render.get(frame)))
    return chosen


def _by_frame(measured: Measured, frames: Sequence[int]) -> dict[int, float]:
    return {frame: value for frame, value in zip(frames, measured.series, strict=True) if value is not None}


def _write_still(path: Path, picture: np.ndarray) -> None:
    scale = min(1.0, STILL / max(picture.shape[:2]))
    size = tuple(max(1, round(side * scale)) for side in picture.shape[1::-1])
    write_jpeg(path, cv2.resize(picture, size, interpolation=cv2.INTER_AREA) / np.float32(255.0))


def _remove_former(folder: Path, named: set[str]) -> None:
    """Removes what former pages showed; only files that are called as ours are."""
    for path in (*folder.glob("*.mp4"), *folder.glob("*.jpg"), *folder.glob(".*.part")):
        if path.name not in named:
            # On Windows a browser that shows the former page holds its movie; the next report removes that.
            with suppress(PermissionError):
                path.unlink(missing_ok=True)
