"""The starter model's tokenizer: known words are one token each, everything else is letters, nothing is refused."""

from pathlib import Path

import pytest
from flowbrush.backend.training.vocabulary import END, KNOWN, START, TOKENS, new_tokenizer
from hypothesis import given
from hypothesis import strategies as st
from transformers import CLIPTokenizer

TOKENIZER = new_tokenizer()


def pieces(text: str) -> list[str]:
    """What `text` is read as, between the marks of start and end."""
    start, *read, end = TOKENIZER.convert_ids_to_tokens(TOKENIZER(text).input_ids)
    assert (start, end) == (START, END)
    return read


def test_no_word_is_there_twice() -> None:
    assert len(set(KNOWN)) == len(KNOWN)


@pytest.mark.parametrize("word", KNOWN)
def test_a_known_word_is_one_token(word: str) -> None:
    for written in (word, word.upper(), word.title(), f" {word}\n"):
        assert pieces(written) == [word]


def test_signs_do_not_hide_words() -> None:
    assert pieces("Ink, thick lines; (dark:1.2) oil-painting.") == [
        *("ink", ",</w>", "thick", "lines", ";</w>", "(</w>", "dark", ":</w>", "1</w>", ".</w>", "2</w>", ")</w>"),
        *("oil", "-</w>", "painting", ".</w>"),
    ]


@pytest.mark.parametrize("word", ["knight", "blink", "inks", "evergreen", "redder", "ink_wash", "ink2", "日本", "🙂"])
def test_another_word_holds_no_known_one(word: str) -> None:
    assert {len(piece.removesuffix("</w>")) for piece in pieces(word)} == {1}


@given(st.text())
def test_every_text_can_be_read(text: str) -> None:
    ids = TOKENIZER(text).input_ids
    assert max(ids) < len(TOKENIZER) and min(ids) >= 0


def test_a_long_text_is_cut_and_a_short_one_filled() -> None:
    ids = TOKENIZER(["ink " * 100, "ink"], padding="max_length", truncation=True).input_ids
    assert [len(row) for row in ids] == [TOKENS, TOKENS]
    assert ids[1][2:] == [TOKENIZER.eos_token_id] * (TOKENS - 2)


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory) -> CLIPTokenizer:
    """The tokenizer as diffusers reads it from a model's folder."""
    folder: Path = tmp_path_factory.mktemp("tokenizer")
    TOKENIZER.save_pretrained(folder)
    return CLIPTokenizer.from_pretrained(folder)


@given(st.lists(st.one_of(st.sampled_from(KNOWN), st.text(max_size=9))).map(" ".join))
def test_it_is_the_same_when_read_from_a_folder(stored: CLIPTokenizer, text: str) -> None:
    assert stored(text).input_ids == TOKENIZER(text).input_ids
    assert stored.model_max_length == TOKENS and len(stored) == len(TOKENIZER)
