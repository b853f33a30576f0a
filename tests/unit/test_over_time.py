"""Settings that change over time: keys, later prompts, what each frame is painted with, what a change makes anew."""

import zlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from flowbrush.backend.additions import LoraSettings
from flowbrush.backend.errors import Cancelled, FlowbrushError, SettingsError, ShotError
from flowbrush.backend.methods import METHODS
from flowbrush.backend.methods.executor import renewed, run_plan
from flowbrush.backend.methods.plan import whole_plan
from flowbrush.backend.methods.refine import Refined
from flowbrush.backend.methods.studio import Studio
from flowbrush.backend.needs import METHODS as NAMES
from flowbrush.backend.over_time import DIGITS, KeyedSetting, LaterPrompt, keyed, renumbered
from flowbrush.backend.painters.painter import LatentGrid, PaintRequest
from flowbrush.backend.possible import possible
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import ControlSettings, RegionSettings, Take, TakeSettings
from hypothesis import given, settings
from hypothesis import strategies as st
from synthetic_shot import make_shot

LAST = 6
RISING = KeyedSetting("strength", ((2, 0.2), (4, 0.6)))
NIGHT = LaterPrompt(4, "night", "day")
ALL = TakeSettings(
    prompt="noon",
    controls=(ControlSettings("depth"), ControlSettings("normal")),
    regions=(RegionSettings("hero", "ink"),),
    over_time=(
        RISING,
        KeyedSetting("guidance", ((1, 1.0), (6, 7.5))),
        KeyedSetting("controls[1].scale", ((3, 2.0),)),
        KeyedSetting("regions[0].strength", ((1, 0.5), (2, 0.25))),
        KeyedSetting("loras[0].weight", ((1, -1.0),)),
    ),
    loras=(LoraSettings("ink.safetensors"),),
    later_prompts=(NIGHT,),
)
frames = st.integers(-50, 50)
shares = st.floats(0, 1)


class Recorder:
    """Paints noise that depends on the whole request, and keeps the requests."""

    grid = LatentGrid(8, 4)

    def __init__(self, after: int = 1000) -> None:
        self.requests: list[PaintRequest] = []
        self.after = after

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        if len(self.requests) == self.after:
            raise Cancelled()
        self.requests.append(request)
        words = f"{request.prompt} {request.strength} {request.guidance} {request.scales}".encode()
        noise = np.random.default_rng(zlib.crc32(words)).uniform(-0.2, 0.2, request.initial.shape)
        picture = np.clip(request.initial + request.strength * noise, 0, 1).astype(np.float32)
        return picture if request.mask is None else np.where(request.mask[..., None] > 0, picture, request.initial)

    def close(self) -> None:
        pass


def run(shot: Shot, name: str, wanted: TakeSettings, after: int = 1000) -> tuple[Take, list[PaintRequest]]:
    take, painter = Take.start(shot, name, wanted, {}), Recorder(after)
    method = METHODS[wanted.method]
    method = Refined(method) if wanted.most("refine") else method
    plan = whole_plan(method, shot, take.frame_numbers(shot), wanted, lambda: False)
    take = renewed(take, plan, shot)
    list(run_plan(plan, method, Studio(shot, take, painter, lambda: False, plan[0].frame), at_once=1))
    return take, painter.requests


def bytes_of(take: Take, shot: Shot) -> list[bytes]:
    return [take.frame_path(frame).read_bytes() for frame in take.frame_numbers(shot)]


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=LAST)


@given(st.lists(shares, min_size=1, max_size=40), frames, st.sampled_from((1, 3)))
def test_keys_give_every_value_back(values: list[float], first: int, digits: int) -> None:
    rounded = [round(value, digits) for value in values]
    found = keyed("strength", enumerate(rounded, first))
    assert [found.at(frame) for frame in range(first, first + len(values))] == rounded
    assert len(found.keys) <= len(values)


@pytest.mark.parametrize(("count", "low", "high"), [(48, 0.2, 0.8), (31, 0.6, 0.3), (9, 0.5, 0.5)])
def test_a_ramp_is_two_keys(count: int, low: float, high: float) -> None:
    ramp = [low + (high - low) * index / (count - 1) for index in range(count)]
    found = keyed("strength", enumerate(ramp))
    assert len(found.keys) == (1 if low == high else 2)
    assert [found.at(frame) for frame in range(count)] == [round(value, DIGITS) for value in ramp]


def test_values_stay_before_the_first_key_and_after_the_last() -> None:
    assert [RISING.at(frame) for frame in (-9, 2, 3, 4, 900)] == [0.2, 0.2, 0.4, 0.6, 0.6]


def test_the_settings_of_a_frame_change_no_more() -> None:
    now = ALL.at(3)
    assert (now.strength, now.guidance, now.controls[1].scale, now.regions[0].strength) == (0.4, 3.6, 2.0, 0.25)
    assert (now.prompt, now.over_time, now.later_prompts) == ("noon", (), ())
    assert now.at(1) is now
    assert (ALL.at(4).prompt, ALL.at(4).negative_prompt, ALL.at(99).prompt) == ("night", "day", "night")
    assert ALL.controls[0] == now.controls[0] and {"noon", "night", "day", "ink"} <= set(ALL.prompts)


def test_they_read_back_the_same() -> None:
    assert TakeSettings.parse(ALL.document()) == ALL
    assert ALL.document()["over_time"]["strength"] == [[2, 0.2], [4, 0.6]]


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"over_time": {"steps": [[1, 3]]}}, "'steps' is no setting that changes"),
        ({"over_time": {"regions[0].strength": [[1, 0.5]]}}, "'regions\\[0\\].strength' is no setting"),
        ({"over_time": {"strength": []}}, "'strength' has no keys"),
        ({"over_time": {"strength": [[1, 0.5], [1, 0.6]]}}, "each be later"),
        ({"over_time": {"strength": [[1, 1.5]]}}, "between 0.0 and 1.0"),
        ({"over_time": {"strength": [[1.5, 0.5]]}}, "whole number"),
        ({"over_time": {"strength": [[2**40, 0.5]]}}, "must lie between"),
        ({"over_time": {"strength": [0.5]}}, "a frame and a value"),
        ({"over_time": {"strength": [[i, 0.5] for i in range(20_001)]}}, "more than 20000"),
        ({"over_time": [1]}, "must be an object"),
        ({"later_prompts": [{"frame": 4, "prompt": "a"}, {"frame": 3, "prompt": "b"}]}, "each be later"),
        ({"later_prompts": [{"frame": 4}]}, "must be text"),
        ({"later_prompts": {"4": "a"}}, "must be a list"),
    ],
)
def test_what_makes_no_sense_is_refused(document: dict, reason: str) -> None:
    with pytest.raises(SettingsError, match=reason):
        TakeSettings.parse(document)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(("strength", "frame")), inner),
    max_leaves=8,
)


@given(anything, anything)
@settings(max_examples=100)
def test_hostile_settings_raise_the_named_error_only(over_time: object, later: object) -> None:
    try:
        found = TakeSettings.parse({"over_time": over_time, "later_prompts": later})
    except FlowbrushError as error:
        assert str(error)
    else:
        assert TakeSettings.parse(found.document()) == found


def test_prompts_cut_the_shot_only_where_they_change() -> None:
    later = (LaterPrompt(-3, "noon"), LaterPrompt(3, "noon"), LaterPrompt(4, "night"), LaterPrompt(9, "dawn"))
    assert replace(ALL, later_prompts=later).stretches(range(1, 7)) == [range(1, 4), range(4, 7)]
    assert TakeSettings().stretches(range(1, 7)) == [range(1, 7)]


def test_a_control_that_is_left_out_takes_its_keys_along(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=1, passes=("normal",))
    controls = (ControlSettings("depth", optional=True), ControlSettings("normal"))
    both = tuple(KeyedSetting(f"controls[{index}].scale", ((1, index),)) for index in (0, 1))
    given = TakeSettings(method="per_frame", controls=controls, over_time=(RISING, *both))
    found = possible(given, shot, lambda _sentence: None)
    assert found.over_time == (RISING, KeyedSetting("controls[0].scale", ((1, 1),)))
    assert renumbered(both, "regions", []) == both


def test_every_frame_is_painted_with_its_own_values(shot: Shot) -> None:
    wanted = replace(ALL, method="per_frame", regions=(), over_time=(*ALL.over_time[:3], ALL.over_time[4]))
    _, requests = run(shot, "a", wanted)
    assert [request.strength for request in requests] == [0.2, 0.2, 0.4, 0.6, 0.6, 0.6]
    assert [request.guidance for request in requests] == [1.0, 2.3, 3.6, 4.9, 6.2, 7.5]
    assert {(request.scales, request.lora_weights) for request in requests} == {((1.0, 2.0), (-1.0,))}
    assert [request.prompt for request in requests] == ["noon"] * 3 + ["night"] * 3


def test_a_refinement_may_begin_later(shot: Shot) -> None:
    refine = KeyedSetting("refine", ((3, 0.0), (5, 0.5)))
    take, requests = run(shot, "a", TakeSettings(method="per_frame", over_time=(refine,)))
    assert take.keeps_paint and take.settings.surface_noise
    assert [request.strength for request in requests if request.noise is not None] == [0.25, 0.5, 0.5]
    for frame in shot.frame_numbers:
        same = take.frame_path(frame).read_bytes() == take.painted_path(frame).read_bytes()
        assert same == (frame <= 3)


@pytest.mark.parametrize("method", NAMES)
def test_a_new_prompt_takes_nothing_from_before(shot: Shot, method: str) -> None:
    take, requests = run(shot, "a", TakeSettings(method=method, later_prompts=(NIGHT,)))
    alone, _ = run(shot, "b", TakeSettings(method=method, prompt="night", negative_prompt="day", frames=(4, LAST)))
    assert bytes_of(take, shot)[3:] == bytes_of(alone, shot)
    assert {request.prompt for request in requests} == {"", "night"}


@pytest.mark.parametrize("method", NAMES)
def test_a_resumed_take_has_the_same_bytes(shot: Shot, method: str) -> None:
    wanted = TakeSettings(method=method, over_time=(RISING,), later_prompts=(NIGHT,))
    take, requests = run(shot, "whole", wanted)
    for after in range(1, len(requests), 2):
        with pytest.raises(Cancelled):
            run(shot, f"stopped {after}", wanted, after)
        assert bytes_of(run(shot, f"stopped {after}", wanted)[0], shot) == bytes_of(take, shot)


@pytest.mark.parametrize("method", NAMES)
@pytest.mark.parametrize("change", ["key", "prompt"])
def test_a_change_makes_anew_what_depends_on_it(shot: Shot, method: str, change: str) -> None:
    wanted = TakeSettings(method=method, over_time=(RISING,), later_prompts=(NIGHT,))
    former, requests = run(shot, "a", wanted)
    before = {frame: former.frame_path(frame).stat().st_mtime_ns for frame in shot.frame_numbers}
    other = replace(wanted, over_time=(KeyedSetting("strength", ((2, 0.2), (4, 0.6), (5, 0.6), (6, 0.9))),))
    first = 4 if method == "surface" else 6  # there a keyframe, of which all frames with this prompt have surface
    if change == "prompt":
        other, first = replace(wanted, later_prompts=(replace(NIGHT, prompt="storm"),)), 4
    take, again = run(shot, "a", other)
    assert take.settings == other == Take.load(shot, "a").settings
    assert bytes_of(take, shot) == bytes_of(run(shot, "from scratch", other)[0], shot)
    assert 0 < len(again) < len(requests)
    kept = [frame for frame in shot.frame_numbers if take.frame_path(frame).stat().st_mtime_ns == before[frame]]
    assert kept == list(range(1, first))


def test_prompts_may_be_added_to_a_take(shot: Shot) -> None:
    still = TakeSettings(method="per_frame")
    run(shot, "a", still)
    _, again = run(shot, "a", replace(still, later_prompts=(NIGHT,)))
    assert [request.prompt for request in again] == ["night"] * 3
    _, back = run(shot, "a", still)
    assert len(back) == 3


@pytest.mark.parametrize("other", [replace(ALL, steps=3), replace(ALL, over_time=ALL.over_time[1:])])
def test_another_take_stays_what_it_is(shot: Shot, other: TakeSettings) -> None:
    Take.start(shot, "a", ALL, {})
    with pytest.raises(ShotError, match="has other settings"):
        Take.start(shot, "a", other, {})


def test_all_frames_depend_on_the_one_that_they_look_at(shot: Shot) -> None:
    wanted = TakeSettings(method="per_frame", shared_attention=True, over_time=(RISING,))
    run(shot, "a", wanted)
    start = KeyedSetting("strength", ((1, 0.1), (2, 0.2), (4, 0.6)))
    assert len(run(shot, "a", replace(wanted, over_time=(start,)))[1]) == LAST
