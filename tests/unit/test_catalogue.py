"""The catalogue of models: what comes with Flowbrush is complete, and what others write is checked."""

from pathlib import Path

import pytest
from flowbrush.backend.errors import ModelError
from flowbrush.backend.models.catalogue import (
    FAMILIES,
    KINDS,
    NETWORKS,
    controlnet,
    load_catalogue,
    with_needs,
)

OWN = """
[licence.mine]
name = "Mine"
link = "https://example.org/licence"
commercial = "no"
terms = "Not to be sold."

[model.mine]
kind = "lora"
name = "Mine"
family = "sd15"
licence = "mine"
repo = "me/mine"
files = ["mine.safetensors"]
"""


def own(folder: Path, text: str) -> Path:
    path = folder / "own.toml"
    path.write_text(text, "utf-8")
    return path


def test_what_comes_along_has_every_kind_and_family() -> None:
    entries = load_catalogue()
    assert {entry.kind for entry in entries.values()} == set(KINDS)
    assert {entry.family for entry in entries.values() if entry.kind == "model"} == set(FAMILIES)
    assert all(entry.about and entry.name and entry.licence.terms for entry in entries.values())


def test_an_entry_names_its_weights_and_a_folder_all_that_loading_needs() -> None:
    for entry in load_catalogue().values():
        local = [entry.local(file) for file in entry.files]
        assert any(file.endswith(".safetensors") for file in local), entry.id
        if len(local) > 1:
            assert ("model_index.json" if entry.kind == "model" else "config.json") in local, entry.id
        if entry.kind == "model" and len(local) > 1:
            parts = {file.partition("/")[0] for file in local if "/" in file}
            wanted = {"unet", "vae", "text_encoder", "tokenizer", "scheduler"}
            if entry.family == "sdxl":
                wanted |= {"text_encoder_2", "tokenizer_2"}
            assert parts == wanted, entry.id


@pytest.mark.parametrize("family", FAMILIES)
def test_lines_and_colours_find_a_controlnet_in_every_family(family: str) -> None:
    # The styles that come along are held to these.
    entries = load_catalogue()
    for network in ("lineart", "colour", "depth", "normal"):
        found = controlnet(entries, family, network)
        assert found is not None and found.family == family and network in found.networks


def test_a_controlnet_for_one_condition_goes_before_one_for_many() -> None:
    entries = load_catalogue()
    assert controlnet(entries, "sdxl", "depth").id == "control-depth-sdxl"
    assert controlnet(entries, "sdxl", "normal").id == "control-union-sdxl"
    assert controlnet(entries, "sd2", "shuffle") is None
    assert all(controlnet(entries, "sd15", network) for network in NETWORKS)


def test_what_an_entry_needs_comes_first_and_once() -> None:
    entries = load_catalogue()
    assert [one.id for one in with_needs(entries["ip-adapter-sd15"], entries)] == [
        "ip-adapter-encoder",
        "ip-adapter-sd15",
    ]


def test_a_users_own_file_adds_to_it(tmp_path: Path) -> None:
    entries = load_catalogue(own(tmp_path, OWN))
    assert entries["mine"].licence.commercial == "no" and "sd15" in entries
    assert entries["mine"].path_in(Path("there")) == Path("there/mine.safetensors")
    assert entries["sd15"].path_in(Path("there")) == Path("there")


def test_entries_that_need_each_other_are_found_once(tmp_path: Path) -> None:
    text = OWN + 'needs = ["other"]\n' + OWN.split("[model.mine]")[1].join(["[model.other]", 'needs = ["mine"]\n'])
    entries = load_catalogue(own(tmp_path, text))
    assert [one.id for one in with_needs(entries["mine"], entries)] == ["other", "mine"]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("mine.safetensors", "../mine.safetensors"),
        ("mine.safetensors", "/etc/mine.safetensors"),
        ("mine.safetensors", "a/../../mine.safetensors"),
        ("mine.safetensors", "C:mine.safetensors"),
        ("mine.safetensors", "a\\\\mine.safetensors"),
        ("mine.safetensors", "mine.ckpt"),
        ("mine.safetensors", "mine.py"),
        ('files = ["mine.safetensors"]', "files = []"),
        ('files = ["mine.safetensors"]', 'files = ["a.safetensors", "A.safetensors"]'),
        ('files = ["mine.safetensors"]', "files = [3]"),
        ("me/mine", "me/../mine"),
        ("me/mine", "https://elsewhere.org/mine"),
        ("me/mine", "mine"),
        ("[model.mine]", "[model.'../mine']"),
        ("[model.mine]", "[model.starter]"),
        ("[model.mine]", "[model.sd15]"),
        ("[model.mine]", "[model.con]"),
        ('family = "sd15"', 'family = "sd9"'),
        ('licence = "mine"', 'licence = "yours"'),
        ('commercial = "no"', 'commercial = "perhaps"'),
        ("https://example.org", "file:///etc"),
        ('kind = "lora"', 'kind = "controlnet"'),
        ('kind = "lora"', 'kind = "lora"\nnetworks = ["depth"]'),
        ('kind = "lora"', 'kind = "controlnet"\nnetworks = ["sound"]'),
        ('kind = "lora"', 'kind = "lora"\nneeds = ["nothing"]'),
        ('kind = "lora"', 'kind = "lora"\nrevision = "main"'),
        ('kind = "lora"', 'kind = "lora"\nmegabytes = -1'),
        ('kind = "lora"', 'kind = "lora"\nrenamed = { "mine.safetensors" = "../x.safetensors" }'),
        ('kind = "lora"', 'kind = "lora"\nrenamed = { "other.json" = "x.json" }'),
        ('kind = "lora"', 'kind = "lora"\nsha256 = { "mine.safetensors" = "00" }'),
        ("[model.mine]", "[model]\nmine = 3\n[x]"),
        ("[licence.mine]", "licence = 3\n[x]"),
        ("[licence.mine]", "[licence.mine"),
    ],
)
def test_what_cannot_be_trusted_is_refused(tmp_path: Path, old: str, new: str) -> None:
    assert old in OWN
    with pytest.raises(ModelError, match="catalogue"):
        load_catalogue(own(tmp_path, OWN.replace(old, new)))


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_bytes(b"\xff\xfe")
    for path in (tmp_path / "own.toml", tmp_path / "absent.toml", tmp_path):
        with pytest.raises(ModelError):
            load_catalogue(path)
