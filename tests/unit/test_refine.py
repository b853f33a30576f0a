"""The last pass over all frames: it changes what is shown, never what frames take from each other."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.errors import Cancelled
from flowbrush.backend.methods import METHODS
from flowbrush.backend.methods.executor import pending, renewed, run_plan
from flowbrush.backend.methods.plan import Method
from flowbrush.backend.methods.refine import Refined
from flowbrush.backend.methods.studio import MARGIN, Studio
from flowbrush.backend.needs import METHODS as NAMES
from flowbrush.backend.painters.painter import LatentGrid, PaintRequest
from flowbrush.backend.quality.contact_sheet import read_frame
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import RegionSettings, Take, TakeSettings
from synthetic_shot import make_shot, place

REFINE = 0.25


class Stripes:
    """Paints noise that depends on the request, as strong as the request says; keeps the requests."""

    grid = LatentGrid(8, 4)

    def __init__(self) -> None:
        self.requests: list[PaintRequest] = []

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        if cancelled():
            raise Cancelled()
        self.requests.append(request)
        given = request.initial.tobytes() + (b"" if request.noise is None else request.noise.tobytes())
        noise = np.random.default_rng(zlib.crc32(given)).uniform(-0.2, 0.2, request.initial.shape)
        picture = np.clip(request.initial + request.strength * noise, 0, 1).astype(np.float32)
        return picture if request.mask is None else np.where(request.mask[..., None] > 0, picture, request.initial)

    def close(self) -> None:
        pass


def run(shot: Shot, name: str, settings: TakeSettings, painter: Stripes, after: int = 1000) -> Take:
    take = Take.start(shot, name, settings, {})
    chosen = method_of(settings)
    plan = chosen.plan(shot, take.frame_numbers(shot), lambda: False)
    take = renewed(take, plan, shot)
    list(run_plan(plan, chosen, Studio(shot, take, painter, lambda: len(painter.requests) >= after), at_once=1))
    return take


def method_of(settings: TakeSettings) -> Method:
    return Refined(METHODS[settings.method]) if settings.refine else METHODS[settings.method]


def files(take: Take, folder: str) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((take.folder / folder).glob("*.png"))}


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=4)


@pytest.mark.parametrize("method", NAMES)
def test_only_what_is_shown_is_refined(shot: Shot, method: str) -> None:
    plain, painter = TakeSettings(method=method, strength=0.8), Stripes()
    without = run(shot, "without", plain, Stripes())
    refined = run(shot, "refined", replace(plain, refine=REFINE), painter)
    assert files(refined, "painted") == files(without, "frames"), "frames take from each other what they did before"
    assert not (without.folder / "painted").exists()
    last = [request for request in painter.requests if request.strength == REFINE]
    assert len(last) == len(shot.frame_numbers)
    assert {request.strength for request in painter.requests} == {0.8, REFINE}
    for frame, request in zip(shot.frame_numbers, last, strict=True):
        paint = request.initial[MARGIN:-MARGIN, MARGIN:-MARGIN]
        np.testing.assert_allclose(paint, read_frame(without, frame), atol=1e-6)
        assert request.mask is None and request.noise is not None
        change = np.abs(read_frame(refined, frame) - paint)
        assert change.mean() > 0.01 and change.max() < 0.2 * REFINE + 1.5 / 255
    assert all(request.noise is None for request in painter.requests if request.strength != REFINE)


@pytest.mark.parametrize("method", NAMES)
def test_a_resumed_take_has_the_same_bytes(shot: Shot, method: str) -> None:
    settings, painter = TakeSettings(method=method, refine=REFINE), Stripes()
    whole = run(shot, "whole", settings, painter)
    for after in range(1, len(painter.requests)):
        name = f"stopped {after}"
        with pytest.raises(Cancelled):
            run(shot, name, settings, Stripes(), after)
        assert len(Take.load(shot, name).finished(shot)) < len(shot.frame_numbers)
        resumed = run(shot, name, settings, Stripes())
        assert files(resumed, "frames") == files(whole, "frames")


def test_finished_frames_are_there_before_the_last_one_is_painted(shot: Shot) -> None:
    with pytest.raises(Cancelled):
        run(shot, "a", TakeSettings(method="per_frame", refine=REFINE), Stripes(), after=4)
    assert Take.load(shot, "a").finished(shot) == [1, 2]


def test_a_removed_frame_is_only_refined_again(shot: Shot) -> None:
    settings = TakeSettings(method="flow", refine=REFINE)
    take = run(shot, "a", settings, Stripes())
    whole = files(take, "frames")
    take.frame_path(3).unlink()
    plan = method_of(settings).plan(shot, shot.frame_numbers, lambda: False)
    assert [(task.frame, task.refines) for task in pending(plan, take)] == [(3, True)]
    assert files(run(shot, "a", settings, Stripes()), "frames") == whole


@pytest.mark.parametrize("method", NAMES)
def test_after_another_capture_what_changed_is_made_again(shot: Shot, method: str) -> None:
    settings, painter = TakeSettings(method=method, refine=REFINE), Stripes()
    take = run(shot, "a", settings, Stripes())
    changed = make_shot(shot.folder, last=4, capture="again", place=lambda f: place(f) + 5 * (f > 3))
    plan = method_of(settings).plan(changed, changed.frame_numbers, lambda: False)
    kept = renewed(Take.start(changed, "a", settings, {}), plan, changed)
    if method != "surface":
        assert sorted(files(kept, "frames")) == sorted(files(kept, "painted")) == ["0001.png", "0002.png"]
    take = run(changed, "a", settings, painter)
    assert files(take, "frames") == files(run(changed, "whole", settings, Stripes()), "frames")
    if method == "per_frame":
        assert len(painter.requests) == 4


def test_masks_and_regions_hold_in_the_last_pass(shot: Shot) -> None:
    settings = TakeSettings(
        method="per_frame",
        refine=REFINE,
        paint="Square",
        paint_softness=0.0,
        regions=(RegionSettings("Square", "ink", strength=0.1), RegionSettings("Wall", "oil", strength=0.9)),
    )
    painter = Stripes()
    take = run(shot, "a", settings, painter)
    assert [region.strength for region in painter.requests[-1].regions] == [0.1, REFINE], "never more than it had"
    assert files(take, "painted") != files(take, "frames")
    for frame in shot.frame_numbers:
        changed = np.abs(read_frame(take, frame) - Studio(shot, take, painter, lambda: False).picture(frame)).max(
            axis=2
        )
        square = Studio(shot, take, painter, lambda: False).passes(frame, ["object_id"])["object_id"] == 2
        assert changed[~square].max() == 0.0 and changed[square].mean() > 0.01
