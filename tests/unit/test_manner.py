"""The words of the starter: each has a meaning, and phrases made of them read back as what was meant."""

import random

import pytest
from flowbrush.backend.training.vocabulary import FILLERS, KNOWN, STYLES
from flowbrush.backend.training.words import TINTS, WISHES, Manner, manner_of, prompt_of, random_manner
from hypothesis import given
from hypothesis import strategies as st

steps = st.sampled_from((-1.0, 0.0, 1.0))
manners = st.builds(Manner, steps, steps, steps, steps, st.sampled_from(("", *TINTS)))


@given(st.sampled_from(tuple(STYLES)), manners, st.integers(0, 10**6))
def test_phrases_read_back(style: str, manner: Manner, seed: int) -> None:
    assert manner_of(prompt_of(style, manner, random.Random(seed))) == (style, manner, [])


def test_unknown_words_are_told_in_their_order() -> None:
    style, manner, unknown = manner_of("A Zebra, in watercolor with cool paper: by Rembrandt!")
    assert (style, manner, unknown) == ("watercolour", Manner(warmth=-1.0, ground=1.0), ["zebra", "by", "rembrandt"])


def test_no_words_ask_for_nothing() -> None:
    assert manner_of("") == ("", Manner(), [])


@pytest.mark.parametrize("word", KNOWN)
def test_every_known_word_means_one_thing(word: str) -> None:
    meanings = [word in [name for names in STYLES.values() for name in names], word in WISHES, word in FILLERS]
    assert sum(meanings) == 1 and manner_of(word)[2] == []


def test_half_of_the_manners_are_neutral_and_every_wish_comes() -> None:
    dice = random.Random(1)
    drawn = [random_manner(dice) for _ in range(4000)]
    assert 0.45 < sum(one == Manner() for one in drawn) / len(drawn) < 0.55
    assert {one.tint for one in drawn} == {"", *TINTS}
    for name in ("tone", "warmth", "line", "ground"):
        assert {getattr(one, name) for one in drawn} == {-1.0, 0.0, 1.0}
