"""What a model that knows few words makes of a prompt, and what the user is told."""

import json
from pathlib import Path

import pytest
from flowbrush.backend.errors import Code, ModelError
from flowbrush.backend.take import RegionSettings, TakeSettings
from flowbrush.backend.words import FILE, Words
from hypothesis import given
from hypothesis import strategies as st

WORDS = Words(("ink", "cel", "dark"), ("a", "of", "lines"))


@pytest.mark.parametrize(
    ("text", "unknown", "understood"),
    [
        ("ink", (), "ink"),
        ("A knight of Ink, dark LINES", ("knight",), "a of ink dark lines"),
        ("(ink:1.2), ((dark)) [cel|fox:0.5]", ("fox",), "ink dark cel"),
        ("blink inks ink's ink_wash", ("blink", "inks", "ink's", "ink_wash"), ""),
        ("fox Fox FOX, fox!", ("fox",), ""),
        ("ink-dark/cel", (), "ink dark cel"),
        ("1girl, 4 of 7 +++ <lora:more:1>", ("1girl", "lora", "more"), "of"),
        ("日本 e\u0301t\u00e9 ink🙂", ("日本", "été"), "ink"),
        (" \n", (), ""),
    ],
)
def test_words_are_told_apart(text: str, unknown: tuple[str, ...], understood: str) -> None:
    assert WORDS.unknown(text) == unknown
    assert WORDS.understood(text) == understood


@given(st.text(st.characters(exclude_categories=())))
def test_what_is_understood_is_known(text: str) -> None:
    understood = WORDS.understood(text)
    assert set(understood.split()) <= WORDS.known
    assert not WORDS.unknown(understood) and WORDS.understood(understood) == understood
    assert not set(WORDS.unknown(text)) & WORDS.known


def test_the_sentence_names_what_changes_nothing_and_what_does() -> None:
    assert WORDS.notice("starter", "ink", "a cel") == ""
    assert WORDS.notice("starter", "ink fox", "") == (
        'The model starter does not know "fox": it changes nothing. It knows ink, cel, dark'
    )
    assert 'know "fox", "elf": they change nothing.' in WORDS.notice("starter", "fox", "elf of ink")


def test_a_sentence_stays_one() -> None:
    assert WORDS.notice("starter", " ".join(f"fox{n}" for n in range(100))).count("fox") == 8
    assert '"fox7" and 92 more: they' in WORDS.notice("starter", " ".join(f"fox{n}" for n in range(100)))


def test_regions_are_read_too() -> None:
    settings = TakeSettings(prompt="1", negative_prompt="2", regions=(RegionSettings("Ball", "3", "4"),))
    assert settings.prompts == ("1", "2", "3", "4")


def test_a_model_keeps_its_words(tmp_path: Path) -> None:
    WORDS.write(tmp_path)
    assert Words.of_model(tmp_path) == WORDS


def test_most_models_say_nothing_of_their_words(tmp_path: Path) -> None:
    assert Words.of_model(tmp_path) is None
    single = tmp_path / "model.safetensors"
    single.write_bytes(b"")
    assert Words.of_model(single) is None
    assert Words.of_model(tmp_path / "nothing") is None


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"changing": "ink", "fillers": []}', '{"changing": [1]}'])
def test_damaged_words_are_a_damaged_model(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(ModelError, match=r"words\.json") as caught:
        Words.of_model(tmp_path)
    assert caught.value.code == Code.BAD_MODEL


def test_too_many_words_are_refused(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text(json.dumps({"changing": ["ink"] * 10_001, "fillers": []}))
    with pytest.raises(ModelError):
        Words.of_model(tmp_path)
