"""Estimates conditions for a shot of footage and puts them into it as pictures.

conditions/<name>/####.png          the condition
conditions/<name>/estimate.json     what it was made from; anything else starts again
conditions/<name>/measured/####.npy depth as estimated, until all frames are there and can be brought to one scale
"""

import hashlib
import shutil
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from .. import needs
from ..errors import Cancelled, Code, ShotError
from ..motion.tracking import tracking
from ..motion.warp import carry
from ..passes.exr import read_passes, read_picture
from ..progress import FrameDone
from ..shot import DrawnCondition, Shot, frame_file
from ..storage import make_folder, read_json, storage_errors, write_json, write_whole
from .catalogue import Estimator, estimator
from .estimators import Estimate, find_weights, load_estimator
from .steady import Followed, followed, hold

RANGE = (0.005, 0.995)  # the shot's depth between these shares becomes black to white
BINS = 4096
METHOD = 1  # counts up whenever the same weights and pictures give other conditions


def estimate_conditions(
    shot: Shot,
    names: Iterable[str],
    weights: Path | None,
    cancelled: Callable[[], bool],
    *,
    download: bool = False,
) -> Iterator[FrameDone]:
    """Estimates with each of `names` (see `estimators.ESTIMATORS`), and yields every frame when it is stored.

    weights, download: see `find_weights`. Going on after a stop gives the same bytes. Raises SettingsError, ShotError,
    ModelError, BackendError, StorageError or Cancelled; finished frames stay.
    """
    chosen = {name: estimator(name) for name in names}
    if shot.source != "footage":
        raise ShotError(Code.BAD_SHOT, "This shot is of a Blender scene: its conditions are exact, none is estimated")
    if missing := shot.missing_frames():
        raise ShotError(Code.BAD_SHOT, f"Frame {missing[0]} is missing ({len(missing)} in all): make the shot first")
    for one in chosen.values():
        needs.need(one.condition)
    folders = {name: find_weights(name, weights, download=download) for name in chosen}
    total = len(chosen) * len(shot.frame_numbers)
    for place, (name, one) in enumerate(chosen.items()):
        work = _depth if one.gives_depth else _drawings
        began = time.monotonic()
        for done, frame in work(shot, name, one, folders[name], cancelled):
            path = shot.drawn_path(one.condition, frame)
            count = place * len(shot.frame_numbers) + done
            yield FrameDone(frame, path, count, total, time.monotonic() - began)
            began = time.monotonic()
        condition = DrawnCondition(f"{one.meaning}; estimated", estimated=True)
        shot = replace(shot, drawn={**shot.drawn, one.condition: condition})
        shot.save()


def _drawings(
    shot: Shot, name: str, one: Estimator, weights: Path | None, cancelled: Callable[[], bool]
) -> Iterator[tuple[int, int]]:
    """Stores what is missing; yields how many are there, and the frame."""
    _begin(shot, name, one, weights)

    def store(path: Path, picture: np.ndarray) -> None:
        _write_png(path, picture)

    yield from _each(shot, name, weights, lambda frame: shot.drawn_path(one.condition, frame), store, cancelled)


def _depth(
    shot: Shot, name: str, one: Estimator, weights: Path | None, cancelled: Callable[[], bool]
) -> Iterator[tuple[int, int]]:
    """Measures every frame, then brings all to one scale and range."""
    measured = _begin(shot, name, one, weights) / "measured"
    if all(shot.drawn_path(one.condition, frame).exists() for frame in shot.frame_numbers):
        return
    make_folder(measured)

    def path(frame: int) -> Path:
        return measured / frame_file(frame, "npy")

    def store(path: Path, depth: np.ndarray) -> None:
        write_whole(path, lambda file: np.save(file, depth.astype(np.float32)))

    yield from _each(shot, name, weights, path, store, cancelled)
    for frame, picture in _steadied(shot, path, cancelled):
        _write_png(shot.drawn_path(one.condition, frame), picture)
    with storage_errors(measured):
        shutil.rmtree(measured)


def _each(
    shot: Shot,
    name: str,
    weights: Path | None,
    path: Callable[[int], Path],
    store: Callable[[Path, np.ndarray], None],
    cancelled: Callable[[], bool],
) -> Iterator[tuple[int, int]]:
    """Runs the estimator on every frame whose `path` is not there. It is loaded only where one is missing."""
    missing = [frame for frame in shot.frame_numbers if not path(frame).exists()]
    estimate: Estimate | None = None
    for left, frame in zip(range(len(missing) - 1, -1, -1), missing, strict=True):
        if cancelled():
            raise Cancelled()
        estimate = estimate or load_estimator(name, weights)
        store(path(frame), estimate(np.rint(read_picture(shot, frame) * 255.0).astype(np.uint8)))
        yield len(shot.frame_numbers) - left, frame


def _steadied(
    shot: Shot, path: Callable[[int], Path], cancelled: Callable[[], bool]
) -> Iterator[tuple[int, np.ndarray]]:
    """Every frame's depth as a picture, (H, W, 3) uint8. Holds two frames at a time."""
    follow = tracking(shot)
    means: list[float] = []
    pairs: list[Followed | None] = []
    before: np.ndarray | None = None
    passes_before: dict[str, np.ndarray] = {}
    for frame in shot.frame_numbers:
        if cancelled():
            raise Cancelled()
        depth, passes = _measured(path(frame), shot), read_passes(shot, frame, follow.passes)
        pair = None
        if before is not None and shot.segment_start(frame) != frame:
            flow = follow.to_previous(passes, frame)
            pair = followed(depth, carry(before, flow, "linear"), follow.seen_before(passes, passes_before, flow))
        means.append(float(depth.mean()))
        pairs.append(pair)
        before, passes_before = depth, passes
    held = dict(zip(shot.frame_numbers, hold(means, pairs), strict=True))

    def steady(frame: int) -> np.ndarray:
        scale, shift = held[frame]
        return _measured(path(frame), shot) * np.float32(scale) + np.float32(shift)

    low, high = _range(steady, shot.frame_numbers)
    for frame in shot.frame_numbers:
        grey = np.clip((steady(frame) - low) / max(high - low, 1e-6), 0.0, 1.0)
        yield frame, np.repeat(np.rint(grey * 255.0).astype(np.uint8)[..., None], 3, axis=2)


def _range(steady: Callable[[int], np.ndarray], frames: range) -> tuple[float, float]:
    """Below and above which a small share of all the shot's depth lies."""
    ends = [(float(depth.min()), float(depth.max())) for depth in map(steady, frames)]
    lowest, highest = min(low for low, _ in ends), max(high for _, high in ends)
    if highest <= lowest:
        return lowest, highest
    counts = sum(np.histogram(steady(frame), BINS, (lowest, highest))[0] for frame in frames)
    shares = np.cumsum(counts) / np.sum(counts)
    step = (highest - lowest) / BINS
    low, high = (int(np.searchsorted(shares, share)) for share in RANGE)
    return lowest + low * step, lowest + (high + 1) * step


def _measured(path: Path, shot: Shot) -> np.ndarray:
    try:
        depth: np.ndarray = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise ShotError(Code.BAD_SHOT, f"{path} is damaged: remove it and estimate again") from error
    if depth.shape != shot.resolution[::-1] or not np.isfinite(depth).all():
        raise ShotError(Code.BAD_SHOT, f"{path} is damaged: remove it and estimate again")
    return depth


def _begin(shot: Shot, name: str, one: Estimator, weights: Path | None) -> Path:
    """Leaves in the condition's folder what may be kept, and gives the folder."""
    folder = shot.drawn_path(one.condition, 0).parent
    made_from: dict[str, Any] = {"estimator": name, "method": METHOD, "capture": shot.capture}
    made_from["weights"] = [_hash(weights / file) for file in one.files] if weights else []
    record = folder / "estimate.json"
    if record.exists() and _same(record, made_from):
        return folder
    with storage_errors(folder):
        if record.exists():
            shutil.rmtree(folder)
    make_folder(folder)
    write_json(record, made_from)
    return folder


def _same(record: Path, made_from: dict[str, Any]) -> bool:
    try:
        return read_json(record, 1_000_000, lambda reason: ShotError(Code.BAD_SHOT, reason)) == made_from
    except ShotError:  # damaged: nothing vouches for the frames
        return False


def _hash(path: Path) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_png(path: Path, picture: np.ndarray) -> None:
    encoded, png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    assert encoded
    write_whole(path, png.tobytes())
