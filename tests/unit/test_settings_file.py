"""Settings files: what is written reads back on another machine, and what others wrote is refused or announced."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from flowbrush.backend.errors import Code, FlowbrushError, SettingsError
from flowbrush.backend.settings_file import (
    FORMAT,
    MAX_FILE,
    is_settings,
    parse_settings,
    portable,
    read_settings,
    write_settings,
)
from flowbrush.backend.take import ControlSettings, RegionSettings, TakeSettings, load_styles
from hypothesis import given
from hypothesis import settings as trials
from hypothesis import strategies as st

text = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)
share = st.floats(0, 1)
settings = st.builds(
    TakeSettings,
    style=text,
    prompt=text,
    model=text,
    controls=st.lists(
        st.builds(ControlSettings, text, model=text, scale=share, start=share, end=share), max_size=3
    ).map(tuple),
    regions=st.lists(st.builds(RegionSettings, st.just("hero"), text, text, st.none() | share), max_size=2).map(tuple),
    strength=share,
    seed=st.integers(0, 2**53),
    device=st.sampled_from(("auto", "cpu")),
    allow_pickle=st.booleans(),
    frames=st.none() | st.just((1, 4)),
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=12,
)
names = st.sampled_from((*TakeSettings().document(), "frames", "strenght"))


@given(settings)
@trials(max_examples=50)
def test_what_is_portable_reads_back_the_same(tmp_path_factory: pytest.TempPathFactory, given: TakeSettings) -> None:
    path = tmp_path_factory.getbasetemp() / "look.flowbrush"
    write_settings(path, given)
    assert read_settings(path) == (portable(given), [])


def test_a_file_says_nothing_of_the_machine(tmp_path: Path) -> None:
    path = tmp_path / "look.flowbrush"
    write_settings(path, TakeSettings(device="cuda", precision="float16", frames=(1, 4), allow_pickle=True))
    assert not {"device", "precision", "frames", "allow_pickle"} & set(json.loads(path.read_text())["settings"])


def test_a_file_cannot_allow_weights_that_run_code() -> None:
    found, notes = parse_settings(document({"allow_pickle": True, "steps": 3}), "look")
    assert found == TakeSettings(steps=3)
    assert "allow_pickle" in notes[0]


def test_unknown_settings_are_announced_and_the_rest_is_read() -> None:
    given = {"strenght": 1, "steps": 3, "controls": [{"condition": "depth", "hue": 1}]}
    found, (note,) = parse_settings(document(given), "look")
    assert found == TakeSettings(steps=3, controls=(ControlSettings("depth"),))
    assert note.endswith("hue, strenght")
    (note,) = parse_settings(document({f"x{index}": 0 for index in range(99)} | {"\ud800": 0}), "look")[1]
    assert note.endswith("and 92 more") and note.encode()


def test_a_model_of_another_machine_stays_named(tmp_path: Path) -> None:
    path = tmp_path / "look.flowbrush"
    write_settings(path, TakeSettings(model="/home/ann/models/anime"))
    assert read_settings(path)[0].model == "/home/ann/models/anime"


def document(settings: object, version: int = 1) -> dict:
    return {"format": FORMAT, "version": version, "settings": settings}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "not valid JSON"),
        ("[]", "does not hold a JSON object"),
        ("[" * 100_000, "not valid JSON"),
        ("{}", "not a settings file"),
        (json.dumps(document({}) | {"format": "flowbrush-take"}), "not a settings file"),
        (json.dumps(document({}, version=2)), "newer Flowbrush: update"),
        (json.dumps(document([])), "must be an object"),
        (json.dumps(document({"steps": 10**9})), "between 1 and 1000"),
        (json.dumps(document({"strength": float("nan")})), "not valid JSON"),
        (json.dumps(document({"prompt": "\ud800"})), "no text"),
        (json.dumps(document({"prompt": "ink\0"})), "no text"),
        (json.dumps(document({"prompt": "x" * 5000})), "longer than"),
        (json.dumps(document({"controls": [{"condition": "depth"}] * 17})), "more than 16"),
        (json.dumps(document({"controls": [7]})), "must be an object"),
        (" " * (MAX_FILE + 1), "larger than"),
    ],
)
def test_what_is_no_settings_file_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "look.flowbrush"
    path.write_text(content)
    with pytest.raises(SettingsError, match=reason) as caught:
        read_settings(path)
    assert caught.value.code == Code.BAD_SETTINGS


@given(st.dictionaries(names, values, max_size=6) | values)
@trials(max_examples=50)
def test_hostile_settings_raise_the_named_error_only(given: object) -> None:
    try:
        found, notes = parse_settings(document(given), "look")
    except FlowbrushError as error:
        assert str(error)
    else:
        assert found == portable(found) and all(note.encode() for note in notes)


def test_styles_are_portable() -> None:
    assert all(portable(style) == style for style in load_styles().values())
    assert is_settings(document({})) and not is_settings({}) and portable(replace(TakeSettings(), frames=(1, 2)))
