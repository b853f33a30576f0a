import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from flowbrush.backend.errors import Code, FlowbrushError, SettingsError, ShotError
from flowbrush.backend.needs import METHODS
from flowbrush.backend.shot import Shot, checked_name, frame_file
from flowbrush.backend.take import RegionSettings, Take, TakeSettings, load_styles, style_settings
from hypothesis import given
from hypothesis import strategies as st
from synthetic_shot import make_shot


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=3)


def test_a_saved_shot_reads_back_the_same(shot: Shot) -> None:
    assert Shot.load(shot.folder) == shot
    assert shot.rate == Fraction(24)
    assert shot.missing_frames() == []
    shot.picture_path(2).unlink()
    assert shot.missing_frames() == [2]


def test_a_shot_can_be_moved(shot: Shot, tmp_path: Path) -> None:
    moved = shot.folder.rename(tmp_path / "elsewhere")
    assert Shot.load(moved).exr_path(1).exists()
    assert str(tmp_path) not in (moved / "shot.json").read_text()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"format": "something"}, "not a Flowbrush shot"),
        ({"version": 99}, "format version 99"),
        ({"frames": [5, 1]}, "ends before it starts"),
        ({"frames": [1]}, "two numbers"),
        ({"frames": [True, 3]}, "whole number"),
        ({"resolution": [0, 64]}, "between 1 and"),
        ({"resolution": "96x64"}, "must be a list"),
        ({"near": 9.0}, "nearer"),
        ({"near": 10**400}, "number"),
        ({"cameras": {}}, "must be an object"),
        ({"fps": [24, 0]}, "between 1 and"),
        ({"name": 7}, "must be text"),
        ({"name": "x" * 5000}, "longer than"),
        ({"passes": {"depth": {"channels": [1], "meaning": ""}}}, "must be text"),
        ({"objects": [{"id": -1, "name": ""}]}, "between 0"),
    ],
)
def test_a_wrong_field_is_named(shot: Shot, change: dict, sentence: str) -> None:
    path = shot.folder / "shot.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    with pytest.raises(ShotError, match=sentence) as caught:
        Shot.load(shot.folder)
    assert caught.value.code == Code.BAD_SHOT


@pytest.mark.parametrize("text", ["", "{", "[]", "nul", '{"near": NaN}', "[" * 100_000, "\x00", '{"a":' * 5000])
def test_what_is_no_json_object_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "shot.json").write_text(text)
    with pytest.raises(ShotError):
        Shot.load(tmp_path)


@given(st.binary(max_size=300))
def test_no_bytes_make_the_reader_fail_in_another_way(data: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "shot.json").write_bytes(data)
        with pytest.raises(ShotError):
            Shot.load(Path(folder))


def test_a_missing_shot_says_so(tmp_path: Path) -> None:
    with pytest.raises(ShotError, match="does not exist"):
        Shot.load(tmp_path / "nowhere")


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../up", "a/b", "a\\b", "C:x", ".hidden", "x" * 81, "a\n", "dot.", "a "]
)
def test_a_take_cannot_leave_the_shot(shot: Shot, name: str) -> None:
    with pytest.raises(ShotError) as caught:
        shot.take_folder(name)
    assert caught.value.code == Code.BAD_TAKE


@pytest.mark.parametrize("name", ["ink", "take 2 (final)", "水彩", "v1.2"])
def test_ordinary_take_names_are_fine(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    ("frame", "name"), [(1, "0001.png"), (-1, "-0001.png"), (0, "0000.png"), (123456, "123456.png")]
)
def test_frame_files(frame: int, name: str) -> None:
    assert frame_file(frame, "png") == name


def test_segments_start_at_cuts(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "shot", last=6, cuts=(3, 5))
    assert [shot.segment_start(f) for f in shot.frame_numbers] == [1, 1, 3, 3, 5, 5]


def test_a_take_goes_on_only_with_the_same_settings(shot: Shot) -> None:
    settings, models = TakeSettings(prompt="ink"), {"starter": "sha256:1"}
    take = Take.start(shot, "a", settings, models)
    assert Take.start(shot, "a", settings, models) == take == Take.load(shot, "a")
    for other in ((TakeSettings(prompt="oil"), models), (settings, {"starter": "sha256:2"})):
        with pytest.raises(ShotError, match="other settings"):
            Take.start(shot, "a", *other)


def test_a_take_goes_on_after_another_capture_only_where_its_frames_are_noted(shot: Shot) -> None:
    take = Take.start(shot, "a", TakeSettings(), {})
    later = replace(shot, capture="later")
    assert Take.start(later, "a", TakeSettings(), {}) == take
    (take.folder / "made.jsonl").unlink()  # as in takes of older versions
    with pytest.raises(ShotError, match=r"another capture.*new name or replace") as caught:
        Take.start(later, "a", TakeSettings(), {})
    assert caught.value.code == Code.BAD_TAKE
    assert Take.start(shot, "a", TakeSettings(), {}) == take


words = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
settings_strategy = st.builds(
    TakeSettings,
    prompt=words,
    method=st.sampled_from(tuple(METHODS)),
    strength=st.floats(0, 1),
    steps=st.integers(1, 1000),
    seed=st.integers(0, 2**53),
    frames=st.none() | st.tuples(st.integers(-99, 0), st.integers(1, 99)),
    regions=st.lists(
        st.builds(
            RegionSettings,
            mask=st.sampled_from(["hero", "a & !b", "property:x=1"]),
            prompt=words,
            strength=st.none() | st.floats(0, 1),
            softness=st.floats(0, 100),
        ),
        max_size=3,
    ).map(tuple),
    paint=st.sampled_from(["", "hero | floor"]),
)


@given(settings_strategy)
def test_settings_read_back_the_same(settings: TakeSettings) -> None:
    assert TakeSettings.parse(json.loads(json.dumps(settings.document()))) == settings
    assert TakeSettings.parse(settings.document()) == settings


@pytest.mark.parametrize(
    "document",
    [
        {"strength": 1.5},
        {"prompt": "\ud800"},
        {"prompt": "ink\0"},
        {"steps": 0},
        {"steps": 2.5},
        {"method": "magic"},
        {"strenght": 0.5},
        {"controls": [{"condition": "depth", "scale": -1}]},
        {"controls": {}},
        {"frames": [3, 1]},
        {"scheduler": "none"},
        {"seed": "7"},
        {"seed_mode": "none"},
        {"refine": 1.5},
        {"shared_attention": 1},
        {"crop_to_mask": 1},
        {"paint": "hero &"},
        {"paint_softness": -1},
        {"regions": [{"prompt": "ink"}]},
        {"regions": [{"mask": "", "prompt": "ink"}]},
        {"regions": [{"mask": "hero", "prompt": "ink", "strength": 2}]},
        {"regions": [{"mask": "hero", "prompt": "ink", "softness": 1e6}]},
        {"regions": [{"mask": "hero", "prompt": "ink"}] * 17},
    ],
)
def test_senseless_settings_are_refused(document: dict) -> None:
    with pytest.raises(SettingsError):
        TakeSettings.parse(document)


def test_seeds(shot: Shot) -> None:
    fixed, varied = TakeSettings(seed=5), TakeSettings(seed=5, seed_mode="per_frame")
    assert {fixed.frame_seed(f) for f in range(-5, 5)} == {5}
    assert len({varied.frame_seed(f) for f in range(-5, 5)}) == 10
    on_surfaces = TakeSettings.parse({"seed": 5, "seed_mode": "surface"})
    assert {on_surfaces.frame_seed(f) for f in range(-5, 5)} == {5}
    assert TakeSettings.parse({}).seed_mode == "fixed", "as takes were made before there was a choice"


def test_the_shipped_styles_can_be_used() -> None:
    styles = load_styles()
    assert len(styles) >= 3
    assert all(style.prompt and style.style == name for name, style in styles.items())
    with pytest.raises(FlowbrushError, match="choose one of"):
        style_settings("no such style")


def test_every_style_can_paint_footage_of_which_only_lines_are_estimated() -> None:
    for style in load_styles().values():
        needed = {control.condition for control in style.controls if not control.optional}
        assert needed <= {"lineart", "colour"}, style.style


def test_optional_controls_survive_the_way_to_the_worker() -> None:
    gouache = style_settings("gouache")
    assert any(control.optional for control in gouache.controls)
    assert TakeSettings.parse(gouache.document()) == gouache
    older = {"controls": [{"condition": "depth"}]}
    assert not TakeSettings.parse(older).controls[0].optional
    with pytest.raises(FlowbrushError, match="true or false"):
        TakeSettings.parse({"controls": [{"condition": "depth", "optional": 1}]})
