"""The models folder: what is found in it, what goes with a model, and what is refused."""

import json
from pathlib import Path

import pytest
from flowbrush.backend.errors import ModelError
from flowbrush.backend.models import installed
from flowbrush.backend.models.catalogue import Entry, load_catalogue
from flowbrush.backend.models.choice import model_path, resolve
from flowbrush.backend.take import ControlSettings, TakeSettings

ENTRIES = load_catalogue()


def put(folder: Path, entry: Entry) -> Path:
    """The entry as a download leaves it, with empty files."""
    own = folder / entry.id
    for file in entry.files:
        path = own / entry.local(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    installed.record(own, entry, "0" * 40, {})
    return own


def test_what_was_put_there_is_listed_as_it_was(tmp_path: Path) -> None:
    for name in ("sd15", "control-tile-sd15", "lcm-sd15"):
        put(tmp_path, ENTRIES[name])
    (tmp_path / "somebody's folder").mkdir()
    found = installed.listed(tmp_path)
    assert list(found) == ["control-tile-sd15", "lcm-sd15", "sd15"]
    assert found["sd15"].path == tmp_path / "sd15"
    assert found["lcm-sd15"].path == tmp_path / "lcm-sd15" / "pytorch_lora_weights.safetensors"
    assert found["control-tile-sd15"].networks == ("tile", "colour")
    assert installed.listed(tmp_path / "absent") == {}


def test_a_models_conditions_find_their_controlnets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("anything-v5", "sdxl", "control-tile-sd15", "control-union-sdxl", "control-depth-sdxl"):
        put(tmp_path, ENTRIES[name])
    anime = tmp_path / "anything-v5" / "anything-v5.safetensors"
    assert installed.controlnet_for(anime, "colour", tmp_path) == tmp_path / "control-tile-sd15"
    assert installed.controlnet_for(anime, "depth", tmp_path) is None
    assert installed.controlnet_for(tmp_path / "sdxl", "depth", tmp_path) == tmp_path / "control-depth-sdxl"
    assert installed.controlnet_for(tmp_path / "sdxl", "lineart", tmp_path) == tmp_path / "control-union-sdxl"
    assert installed.controlnet_for(tmp_path / "elsewhere", "lineart", tmp_path) is None
    monkeypatch.setenv(installed.VARIABLE, str(tmp_path))
    assert model_path("anything-v5") == anime
    assert model_path("sd15").name == "sd15" and model_path("sd15").parent != tmp_path


def test_a_model_from_elsewhere_is_known_by_its_configuration(tmp_path: Path) -> None:
    put(tmp_path, ENTRIES["control-depth-sd15"])
    (tmp_path / "mine" / "unet").mkdir(parents=True)
    config = tmp_path / "mine" / "unet" / "config.json"
    for width, found in ((768, True), (1024, False), ("768", False), (None, False)):
        config.write_text(json.dumps({"cross_attention_dim": width}))
        assert bool(installed.controlnet_for(tmp_path / "mine", "depth", tmp_path)) is found


def test_a_single_file_from_elsewhere_is_known_by_its_weights_names(tmp_path: Path) -> None:
    put(tmp_path, ENTRIES["control-depth-sd2"])
    path = tmp_path / "mine.safetensors"
    for name, found in (("cond_stage_model.model.x", True), ("cond_stage_model.transformer.x", False), ("x", False)):
        header = json.dumps({name: {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
        path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
        assert bool(installed.controlnet_for(path, "depth", tmp_path)) is found
    path.write_bytes(b"damaged")
    assert installed.family_of(path) == ""


def test_a_missing_controlnet_says_where_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(installed.VARIABLE, str(tmp_path))
    with pytest.raises(ModelError, match="panel Model"):
        resolve(TakeSettings(controls=(ControlSettings("shuffle"),)))  # the starter has none for it


@pytest.mark.parametrize("name", ["../sd15", "sd15/..", "", ".", "starter", "/etc", "SD15", "absent"])
def test_nothing_outside_the_folder_is_found_or_removed(tmp_path: Path, name: str) -> None:
    put(tmp_path / "models", ENTRIES["sd15"])
    put(tmp_path, ENTRIES["sd15"])
    assert installed.find(tmp_path / "models", name) is None
    with pytest.raises(ModelError):
        installed.remove(tmp_path / "models", name)
    assert (tmp_path / "sd15" / installed.RECORD).is_file()


def test_removing_takes_a_model_alone(tmp_path: Path) -> None:
    put(tmp_path, ENTRIES["sd15"])
    put(tmp_path, ENTRIES["lcm-sd15"])
    installed.remove(tmp_path, "sd15")
    assert [path.name for path in tmp_path.iterdir()] == ["lcm-sd15"]


def test_a_link_is_not_removed(tmp_path: Path) -> None:
    put(tmp_path / "elsewhere", ENTRIES["sd15"])
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "sd15").symlink_to(tmp_path / "elsewhere" / "sd15")
    with pytest.raises(ModelError):
        installed.remove(tmp_path / "models", "sd15")
    assert (tmp_path / "elsewhere" / "sd15" / installed.RECORD).is_file()


@pytest.mark.parametrize(
    "change",
    [
        {"loads": "../sdxl"},
        {"loads": "/etc/passwd"},
        {"loads": 3},
        {"family": "sd9"},
        {"kind": "program"},
        {"format": "other"},
        {"version": 2},
        {"networks": "depth"},
    ],
)
def test_a_damaged_record_is_refused(tmp_path: Path, change: dict[str, object]) -> None:
    path = put(tmp_path, ENTRIES["sd15"]) / installed.RECORD
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    assert installed.listed(tmp_path) == {}
    with pytest.raises(ModelError, match="download it again"):
        installed.find(tmp_path, "sd15")


def test_an_answer_about_a_licence_is_remembered(tmp_path: Path) -> None:
    assert installed.agreed(tmp_path) == set()
    installed.agree(tmp_path / "new", "mit")
    installed.agree(tmp_path / "new", "openrail")
    assert installed.agreed(tmp_path / "new") == {"mit", "openrail"}
    (tmp_path / "new" / installed.LICENCES).write_text("[")
    assert installed.agreed(tmp_path / "new") == set()
