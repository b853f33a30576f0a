"""Regions and paint masks through the methods, with a painter that fills each region with a colour of its own."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from flowbrush.backend.errors import Cancelled, Code, SettingsError, ShotError
from flowbrush.backend.methods import METHODS
from flowbrush.backend.methods.areas import AREA, Areas
from flowbrush.backend.methods.colour import ColourHold
from flowbrush.backend.methods.executor import run_plan
from flowbrush.backend.methods.studio import MARGIN, Studio
from flowbrush.backend.painters.painter import PaintRequest
from flowbrush.backend.passes.exr import read_passes
from flowbrush.backend.passes.masks import softened
from flowbrush.backend.quality.contact_sheet import read_frame
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import RegionSettings, Take, TakeSettings
from synthetic_shot import make_shot

COLOURS = {"red": (0.8, 0.2, 0.2), "green": (0.2, 0.7, 0.3), "blue": (0.2, 0.3, 0.8)}
SQUARE = RegionSettings("Square", "blue", softness=0.0)


class Filler:
    """Fills with the colour that the prompt names, and remembers what it was asked for."""

    def __init__(self) -> None:
        self.requests: list[PaintRequest] = []

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        if cancelled():
            raise Cancelled()
        self.requests.append(request)
        picture = np.broadcast_to(np.float32(COLOURS[request.prompt]), request.initial.shape)
        for region in request.regions:
            picture = picture + region.mask[..., None] * (np.float32(COLOURS[region.prompt]) - picture)
        if request.mask is None:
            return picture
        return np.where(request.mask[..., None] > 0, picture, request.initial)

    def close(self) -> None:
        pass


def run(
    shot: Shot,
    method: str,
    name: str,
    painter: Filler,
    cancelled: Callable[[], bool] = lambda: False,
    **settings: object,
) -> Take:
    take = Take.start(shot, name, TakeSettings(method=method, prompt="red", **settings), {})
    chosen = METHODS[method]
    plan = chosen.plan(shot, take.frame_numbers(shot), cancelled)
    list(run_plan(plan, chosen, Studio(shot, take, painter, cancelled), at_once=1))
    return take


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=6)


def square(shot: Shot, frame: int) -> np.ndarray:
    return read_passes(shot, frame, ["object_id"])["object_id"] == 2


def stored(path: Path) -> np.ndarray:
    return cv2.imread(str(path))


@pytest.mark.parametrize("method", METHODS)
def test_each_region_has_its_prompt_in_every_frame(shot: Shot, method: str) -> None:
    take = run(shot, method, "a", Filler(), regions=(SQUARE,))
    for frame in shot.frame_numbers:
        inside, picture = square(shot, frame), read_frame(take, frame)
        middle = cv2.erode(inside.astype(np.uint8), np.ones((9, 9))) > 0
        around = cv2.dilate(inside.astype(np.uint8), np.ones((9, 9))) == 0
        assert np.abs(picture[middle] - COLOURS["blue"]).max() < 0.02, frame
        assert np.abs(picture[around] - COLOURS["red"]).max() < 0.02, frame


def test_the_painter_gets_the_frames_own_masks_with_the_margin(shot: Shot) -> None:
    painter = Filler()
    regions = (SQUARE, RegionSettings("material:Paint & !Wall", "green", strength=0.3, softness=2.0))
    run(shot, "per_frame", "a", painter, regions=regions, strength=0.6)
    for frame, request in zip(shot.frame_numbers, painter.requests, strict=True):
        assert [(one.prompt, one.strength) for one in request.regions] == [("blue", 0.6), ("green", 0.3)]
        hard, soft = (one.mask[MARGIN:-MARGIN, MARGIN:-MARGIN] for one in request.regions)
        assert request.regions[0].mask.shape == request.initial.shape[:2]
        assert np.array_equal(hard, square(shot, frame).astype(np.float32))
        assert np.array_equal(soft, softened(square(shot, frame), 2.0))


def test_without_regions_nothing_is_asked_for_but_the_picture(shot: Shot) -> None:
    painter = Filler()
    run(shot, "per_frame", "a", painter)
    assert all(request.regions == () and request.mask is None for request in painter.requests)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("softness", [0.0, 1.5])
def test_outside_the_paint_mask_the_render_is_kept_to_the_last_bit(shot: Shot, method: str, softness: float) -> None:
    take = run(shot, method, "a", Filler(), paint="Square", paint_softness=softness)
    for frame in shot.frame_numbers:
        mask = softened(square(shot, frame), softness)
        render, picture = stored(shot.picture_path(frame)), stored(take.frame_path(frame))
        assert (mask == 0).any() and np.array_equal(picture[mask == 0], render[mask == 0]), frame
        red = np.rint(np.float32(COLOURS["red"])[::-1] * 255)
        assert np.abs(picture[mask == 1] - red).max() <= 3, frame


def test_paint_that_is_carried_does_not_thin_out_at_the_masks_border(shot: Shot) -> None:
    """The border shows the same mixture in the last frame as in the first, however often it was carried."""
    take = run(shot, "flow", "a", Filler(), paint="Square", paint_softness=3.0, edge_band=0.0)
    for frame in (1, 6):
        render = stored(shot.picture_path(frame)).astype(np.float32)
        mask = softened(square(shot, frame), 3.0)[..., None]
        wanted = render + mask * (np.float32(COLOURS["red"])[::-1] * 255 - render)
        assert np.abs(stored(take.frame_path(frame)) - wanted).max() < 6, frame


def test_where_nothing_is_to_be_painted_nothing_is_asked_for(shot: Shot) -> None:
    painter = Filler()
    take = run(shot, "flow", "a", painter, paint="background")
    assert not any(request.mask.any() for request in painter.requests)
    assert np.array_equal(stored(take.frame_path(6)), stored(shot.picture_path(6)))
    painter = Filler()
    run(shot, "flow", "b", painter, paint="Square", paint_softness=0.0)
    for frame, request in zip(shot.frame_numbers, painter.requests, strict=False):
        assert not request.mask[MARGIN:-MARGIN, MARGIN:-MARGIN][~square(shot, frame)].any()


@pytest.mark.parametrize("method", METHODS)
def test_a_resumed_take_has_the_same_bytes(shot: Shot, method: str) -> None:
    settings = {"regions": (SQUARE,), "paint": "Square", "paint_softness": 2.0}
    whole = run(shot, method, "whole", Filler(), **settings)
    painter = Filler()
    with pytest.raises(Cancelled):
        run(shot, method, "stopped", painter, lambda: len(painter.requests) >= 3, **settings)
    assert Take.load(shot, "stopped").settings.regions == (SQUARE,)
    again = run(shot, method, "stopped", Filler(), **settings)
    for frame in shot.frame_numbers:
        assert again.frame_path(frame).read_bytes() == whole.frame_path(frame).read_bytes(), frame


def test_a_take_with_other_regions_is_another_take(shot: Shot) -> None:
    run(shot, "per_frame", "a", Filler(), regions=(SQUARE,))
    with pytest.raises(ShotError, match="other settings"):
        run(shot, "per_frame", "a", Filler())


def test_masks_are_checked_against_the_shot(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=1, passes=("object_id",))
    with pytest.raises(SettingsError, match="did you mean Square") as caught:
        Areas(shot, TakeSettings(regions=(RegionSettings("Sqare", "ink"),)))
    assert caught.value.code == Code.BAD_MASK
    with pytest.raises(ShotError, match="no pass 'material_id', which mask 'Square & Paint' needs") as missing:
        Areas(shot, TakeSettings(paint="Square & Paint"))
    assert missing.value.code == Code.MISSING_PASS
    assert Areas(shot, TakeSettings(paint="everything")).of(1).painted.min() == 1.0
    footage = replace(shot, source="footage", objects=(), materials=())
    with pytest.raises(ShotError, match="Footage has no objects"):
        Areas(footage, TakeSettings(paint="Square"))
    assert Areas(footage, TakeSettings(paint="everything")).of(1).painted.min() == 1.0


def test_surfaces_are_told_apart_by_the_topmost_region(shot: Shot) -> None:
    regions = (RegionSettings("everything", "blue"), SQUARE)
    areas = Areas(shot, TakeSettings(regions=regions)).of(1)
    assert np.array_equal(areas.numbers, np.where(square(shot, 1), 2, 1))
    ids = read_passes(shot, 1, ["object_id"])["object_id"]
    assert np.array_equal(areas.tell_apart(ids) % AREA, ids)
    kept = Areas(shot, TakeSettings(regions=regions, paint="!Square")).of(1)
    assert set(np.unique(kept.numbers[square(shot, 1)])) == {3}


def test_colours_are_held_within_an_area_only() -> None:
    """What the first frame did not show is held to what is painted alike, never to another region's colours."""
    random = np.random.default_rng(0)
    render = random.uniform(0.3, 0.7, (16, 32, 3)).astype(np.float32)
    everywhere = np.ones((16, 32), bool)
    hold = ColourHold.measure(np.full((16, 32), 1, np.int32), everywhere, render, np.clip(render + 0.2, 0, 1))
    darker = np.clip(render - 0.1, 0, 1)
    same_area = hold.apply(np.full((16, 32), 2, np.int32), everywhere, render, darker, everywhere)
    assert same_area.mean() > darker.mean() + 0.05
    other_area = hold.apply(np.full((16, 32), 2 + AREA, np.int32), everywhere, render, darker, everywhere)
    np.testing.assert_allclose(other_area, darker, atol=5e-3)
