"""Painting with a model that says which words it knows: the rest is announced, and changes nothing at all."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_models
from flowbrush.backend.models.choice import STARTER, fingerprints, resolve
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.painter import PaintRequest
from flowbrush.backend.take import RegionSettings, TakeSettings, load_styles
from flowbrush.backend.words import FILE, Words

PICTURE = np.random.default_rng(1).random((16, 16, 3), np.float32)
WORDS = Words(("ink", "dark"), ("a",))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_models.write_sd(tmp_path_factory.mktemp("models") / "small")
    WORDS.write(folder)
    return folder


def paint(settings: TakeSettings, warn: Callable[[str], None] = pytest.fail) -> bytes:
    painter = DiffusionPainter(resolve(settings), settings, warn)
    request = PaintRequest(PICTURE, {}, settings.prompt, settings.negative_prompt, settings.strength, 1)
    return painter.paint(request, lambda: False).tobytes()


def taken(model: Path, prompt: str, negative_prompt: str = "a") -> TakeSettings:
    return TakeSettings(model=str(model), prompt=prompt, negative_prompt=negative_prompt, steps=2, guidance=2.0)


def test_unknown_words_change_nothing_and_are_told_once(model: Path) -> None:
    said: list[str] = []
    settings = taken(model, "(A knight:1.2) of INK", "blurry a")
    settings = replace(settings, regions=(RegionSettings("Ball", "fox", "dark elf"),))
    assert paint(settings, said.append) == paint(taken(model, "a ink"))
    assert said == [
        'The model small does not know "knight", "of", "blurry", "fox", "elf": they change nothing. It knows ink, dark'
    ]


def test_known_words_change_the_picture(model: Path) -> None:
    assert len({paint(taken(model, prompt)) for prompt in ("", "ink", "dark ink")}) == 3
    assert paint(taken(model, "ink")) != paint(taken(model, "ink", "dark"))


def test_a_long_prompt_keeps_the_word_at_its_end(model: Path) -> None:
    said: list[str] = []
    assert paint(taken(model, "very " * 90 + "dark"), said.append) == paint(taken(model, "dark"))
    assert len(said) == 1, "nothing is cut off"


def test_other_models_take_every_word(model: Path, tmp_path: Path) -> None:
    knowing = shutil.copytree(model, tmp_path / "knowing")
    (knowing / FILE).unlink()
    assert paint(taken(knowing, "fox")) != paint(taken(knowing, ""))


def test_the_words_are_part_of_the_model(model: Path, tmp_path: Path) -> None:
    other = shutil.copytree(model, tmp_path / "other")
    assert fingerprints(resolve(taken(other, ""))) == fingerprints(resolve(taken(model, "")))
    Words(("ink",), ()).write(other)
    assert fingerprints(resolve(taken(other, ""))) != fingerprints(resolve(taken(model, "")))


@pytest.mark.parametrize(("name", "style"), load_styles().items())
def test_the_starter_knows_the_words_of_its_styles(name: str, style: TakeSettings) -> None:
    words = Words.of_model(STARTER)
    assert words is not None
    assert name in words.changing
    assert words.unknown(*style.prompts) == ()
