"""Textual inversions: a word that is taught means what its rows mean, alone and in company, and is forgotten again."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from flowbrush.backend.additions import EmbeddingSettings, LoraSettings
from flowbrush.backend.errors import Code, ModelError, SettingsError
from flowbrush.backend.models.choice import fingerprints, resolve
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.take import TakeSettings
from painting import difference, never, request
from safetensors.torch import load_file, save_file

Make = Callable[..., DiffusionPainter]


def rows_of(model: Path, words: str) -> dict[str, torch.Tensor]:
    """What each text encoder of `model` has for `words`, which are single letters."""
    vocabulary = json.loads((model / "words" / "vocab.json").read_text())
    ids = [vocabulary[f"{word}</w>"] for word in words.split()]
    tables = {}
    for part, name in (("text_encoder", "clip_l"), ("text_encoder_2", "clip_g")):
        for file in (model / part).glob("*.safetensors"):
            weights = load_file(file)
            table = next(weight for key, weight in weights.items() if key.endswith("token_embedding.weight"))
            tables[name] = table[ids].clone()
    return tables


@pytest.fixture
def painted(painter: Make, tmp_path: Path) -> Callable[..., np.ndarray]:
    """Paints `prompt`, knowing the embeddings of `files` in tmp_path by the words given."""

    def paint(prompt: str, name: str = "sd", negative_prompt: str = "", **files: str) -> np.ndarray:
        known = tuple(EmbeddingSettings(str(tmp_path / f"{stem}.safetensors"), word) for stem, word in files.items())
        ours = painter(name, warn=lambda _: None, embeddings=known, guidance=3.0, steps=2, precision="float32")
        return ours.paint(request(prompt=prompt, negative_prompt=negative_prompt), never)

    return paint


def write(path: Path, tables: dict[str, torch.Tensor]) -> None:
    save_file({"emb_params": tables["clip_l"]} if len(tables) == 1 else tables, path)


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_a_word_means_what_its_rows_mean(
    models: Path, painted: Callable[..., np.ndarray], tmp_path: Path, name: str
) -> None:
    write(tmp_path / "sketchy.safetensors", rows_of(models / name, "x y z"))
    clean = painted("a sketchy b", name)
    taught = painted("a Sketchy, b", name, sketchy="")
    assert difference(taught, clean) > 0.003
    assert np.array_equal(taught, painted("a x y z, b", name))
    assert np.array_equal(painted("a b", name, "c sketchy", sketchy=""), painted("a b", name, "c x y z"))
    assert np.array_equal(painted("a sketchy b", name), clean), "and is forgotten"


def test_old_configurations_find_the_end_of_the_prompt(
    models: Path, painted: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    """Those of XL models say 2, and then transformers takes the highest id for the end: now a word that is taught."""
    old = shutil.copytree(models / "sdxl", tmp_path / "old")
    for part in ("text_encoder", "text_encoder_2"):
        file = old / part / "config.json"
        file.write_text(json.dumps({**json.loads(file.read_text()), "eos_token_id": 2}))
    write(tmp_path / "sketchy.safetensors", rows_of(old, "x y"))
    assert np.array_equal(painted("a sketchy b", old, sketchy=""), painted("a x y b", old))


def test_words_are_whole_words_and_several_do_not_mix(
    models: Path, painted: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    for stem, words in (("in", "x"), ("in-k", "y z"), ("diffusers", "w")):
        write(tmp_path / f"{stem}.safetensors", rows_of(models / "sd", words))
    save_file({"<flowbrush>": rows_of(models / "sd", "w")["clip_l"][0]}, tmp_path / "diffusers.safetensors")
    files = {"in": "", "in-k": "", "diffusers": "<flowbrush>"}
    assert np.array_equal(painted("drinking in, in-k <flowbrush>", **files), painted("drinking x, y z w"))


def test_with_a_lora_beside_it(models: Path, painter: Make, tmp_path: Path) -> None:
    import tiny_models

    write(tmp_path / "sketchy.safetensors", rows_of(models / "sd", "x"))
    tiny_models.write_lora(tmp_path / "lora.safetensors", models / "sd", tiny_models.lora(models / "sd"))
    loras = (LoraSettings(str(tmp_path / "lora.safetensors")),)
    known = (EmbeddingSettings(str(tmp_path / "sketchy.safetensors")),)

    def paint(prompt: str, **changes: Any) -> np.ndarray:
        return painter(warn=lambda _: None, precision="float32", **changes).paint(request(prompt=prompt), never)

    assert np.array_equal(paint("sketchy", loras=loras, embeddings=known), paint("x", loras=loras))


def test_an_embedding_that_no_prompt_names_is_said(models: Path, painter: Make, tmp_path: Path) -> None:
    write(tmp_path / "sketchy.safetensors", rows_of(models / "sd", "x"))
    known = (EmbeddingSettings(str(tmp_path / "sketchy.safetensors")),)
    said: list[str] = []
    painter(warn=said.append, embeddings=known, prompt="ink")
    painter(embeddings=known, negative_prompt="a sketchy one")
    assert len(said) == 1
    assert "'sketchy'" in said[0]


def test_what_does_not_fit_is_refused(models: Path, painter: Make, tmp_path: Path) -> None:
    def refused(tensors: dict[str, torch.Tensor], *said: str, name: str = "sd") -> None:
        save_file(tensors, tmp_path / "odd.safetensors")
        with pytest.raises(ModelError) as caught:
            painter(name, embeddings=(EmbeddingSettings(str(tmp_path / "odd.safetensors")),))
        assert caught.value.code == Code.BAD_MODEL
        assert all(word in str(caught.value) for word in said)

    sd, xl = rows_of(models / "sd", "x y"), rows_of(models / "sdxl", "x y")
    refused(xl, "family of models", "clip_g, clip_l")
    refused({"emb_params": sd["clip_l"]}, "family of models", name="sdxl")
    refused({"emb_params": torch.zeros(2, 7)}, "another family", "another size")
    refused({"emb_params": torch.tensor(1.0)}, "another size")
    refused({"emb_params": torch.zeros(76, 32)}, "76 rows")
    refused({"emb_params": torch.zeros(0, 32)}, "0 rows")
    refused({**xl, "clip_g": xl["clip_g"][:1]}, "rows", name="sdxl")
    refused({}, "family of models")
    clean = painter().paint(request(), never)
    assert np.array_equal(painter().paint(request(), never), clean)


def test_files_are_named_in_the_take_and_words_are_their_own(models: Path, tmp_path: Path) -> None:
    for stem in ("one", "two"):
        write(tmp_path / f"{stem}.safetensors", rows_of(models / "sd", "x"))
    first, second = (EmbeddingSettings(str(tmp_path / f"{stem}.safetensors"), "Ink") for stem in ("one", "two"))
    settings = TakeSettings(model=str(models / "sd"), embeddings=(first,))
    assert "embedding 0: Ink" in fingerprints(resolve(settings))
    with pytest.raises(SettingsError, match="same token"):
        resolve(TakeSettings(model=str(models / "sd"), embeddings=(first, second)))
