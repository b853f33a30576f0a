"""LoRAs: every layout does beside the model what its matrices would do within, and goes without a trace."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_models
import torch
from flowbrush.backend.additions import LoraSettings
from flowbrush.backend.errors import Code, ModelError
from flowbrush.backend.models.choice import fingerprints, resolve
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.take import TakeSettings
from painting import difference, never, request
from safetensors.torch import load_file, save_file

Make = Callable[..., DiffusionPainter]
FAMILIES = ("sd", "sdxl")
LAYOUTS = ("kohya", "original", "peft", "diffusers")
SEEN = 0.008  # of 1: a difference between pictures that is no rounding


@pytest.fixture(scope="module")
def files(models: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a LoRA for each family in every layout, and another one `second` for SD."""
    folder = tmp_path_factory.mktemp("loras")
    for name in FAMILIES:
        matrices = tiny_models.lora(models / name)
        for layout in LAYOUTS:
            tiny_models.write_lora(folder / f"{name}-{layout}.safetensors", models / name, matrices, layout)
    tiny_models.write_lora(folder / "second.safetensors", models / "sd", tiny_models.lora(models / "sd", 9, 3), "peft")
    return folder


@pytest.fixture
def painted(painter: Make, files: Path) -> Callable[..., np.ndarray]:
    """Paints with LoRAs of `files`: painted("sd", ("sd-kohya", 0.5))."""

    def paint(name: str = "sd", *loras: tuple[str, float], **changes: Any) -> np.ndarray:
        chosen = tuple(LoraSettings(str(files / f"{stem}.safetensors"), weight) for stem, weight in loras)
        return painter(name, loras=chosen, **{"guidance": 3.0, "steps": 2, "precision": "float32", **changes}).paint(
            request(), never
        )

    return paint


@pytest.mark.parametrize("name", FAMILIES)
def test_every_layout_paints_what_the_merged_model_paints(
    models: Path, painted: Callable[..., np.ndarray], tmp_path: Path, name: str
) -> None:
    merged = tiny_models.write_merged(tmp_path / "merged", models / name, (tiny_models.lora(models / name), 0.7))
    without, within = painted(name), painted(merged)
    assert difference(within, without) > SEEN
    for layout in LAYOUTS:
        assert difference(painted(name, (f"{name}-{layout}", 0.7)), within) < 1e-4, layout


def test_alpha_scales(models: Path, painted: Callable[..., np.ndarray], files: Path) -> None:
    tiny_models.write_lora(files / "half.safetensors", models / "sd", tiny_models.lora(models / "sd"), alpha=1.0)
    assert difference(painted("sd", ("half", 1.0)), painted("sd", ("sd-kohya", 0.5))) < 1e-5


@pytest.mark.parametrize("name", FAMILIES)
def test_weight_zero_and_no_lora_after_one_are_the_clean_picture(painted: Callable[..., np.ndarray], name: str) -> None:
    clean = painted(name)
    assert difference(painted(name, (f"{name}-kohya", 1.0)), clean) > SEEN
    assert np.array_equal(painted(name), clean)
    assert np.array_equal(painted(name, (f"{name}-kohya", 0.0)), clean)
    assert np.array_equal(painted(name), clean)


def test_weights_add_up_and_take_each_other_back(painted: Callable[..., np.ndarray]) -> None:
    twice = painted("sd", ("sd-kohya", 0.3), ("sd-kohya", 0.5))
    assert difference(twice, painted("sd", ("sd-kohya", 0.8))) < 1e-4
    assert difference(painted("sd", ("sd-kohya", 1.5), ("sd-peft", -1.5)), painted("sd")) < 1e-4
    assert difference(painted("sd", ("sd-kohya", -0.8)), twice) > SEEN


def test_two_loras_paint_what_both_merged_paint(
    models: Path, painted: Callable[..., np.ndarray], tmp_path: Path
) -> None:
    first, second = tiny_models.lora(models / "sd"), tiny_models.lora(models / "sd", 9, 3)
    merged = tiny_models.write_merged(tmp_path / "merged", models / "sd", (first, 0.6), (second, -0.4 * 2 / 2))
    both = painted("sd", ("sd-kohya", 0.6), ("second", -0.4))
    assert difference(both, painted(merged)) < 1e-4
    assert difference(both, painted("sd", ("sd-kohya", 0.6))) > SEEN


def test_the_model_is_not_loaded_again_and_weights_change_between_pictures(painter: Make, files: Path) -> None:
    lora = LoraSettings(str(files / "sd-kohya.safetensors"), 1.0)
    bare, worn = painter(guidance=3.0, steps=2), painter(guidance=3.0, steps=2, loras=(lora,))
    assert worn._pipeline is bare._pipeline
    first = worn.paint(request(), never)
    again = painter(guidance=3.0, steps=2, loras=(LoraSettings(lora.file, 0.25),)).paint(request(), never)
    assert difference(first, again) > SEEN
    assert np.array_equal(worn.paint(request(), never), first), "each painter has its own weights"
    clean = bare.paint(request(), never)
    assert difference(first, clean) > SEEN
    assert np.array_equal(worn.paint(request(), never), first), "and its own LoRAs"


def test_layers_wear_nothing_afterwards(painter: Make, files: Path) -> None:
    unet = painter(loras=(LoraSettings(str(files / "sd-kohya.safetensors")),))._pipeline.unet
    names = {name for name, _ in unet.named_buffers()}
    assert any("lora" in name for name in names)
    assert not any("lora" in name for name in unet.state_dict()), "no weight of the model's own"
    painter()
    assert not any("lora" in name for name, _ in unet.named_buffers())
    assert not any(module._forward_hooks for module in unet.modules())


def test_a_folder_of_diffusers_is_taken_and_its_hash_goes_into_the_take(models: Path, files: Path) -> None:
    (files / "folder").mkdir()
    file = files / "folder" / "pytorch_lora_weights.safetensors"
    file.write_bytes((files / "sd-peft.safetensors").read_bytes())
    by_folder, by_file = (
        fingerprints(resolve(TakeSettings(model=str(models / "sd"), loras=(LoraSettings(str(path)),))))
        for path in (file.parent, files / "sd-peft.safetensors")
    )
    assert by_folder["lora 0: pytorch_lora_weights"] == by_file["lora 0: sd-peft"]


def refused(painter: Make, file: Path, code: Code, *words: str, name: str = "sd") -> None:
    with pytest.raises(ModelError) as caught:
        painter(name, loras=(LoraSettings(str(file)),))
    assert caught.value.code == code
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(("name", "other"), [("sd", "sdxl"), ("sdxl", "sd")])
@pytest.mark.parametrize("layout", ["kohya", "peft"])
def test_loras_of_another_family_are_refused_and_leave_no_trace(
    painter: Make, painted: Callable[..., np.ndarray], files: Path, name: str, other: str, layout: str
) -> None:
    clean = painted(name)
    refused(painter, files / f"{other}-{layout}.safetensors", Code.BAD_MODEL, "another family", name=name)
    assert np.array_equal(painted(name), clean)


def test_loras_of_other_sizes_and_kinds_are_refused(painter: Make, files: Path, tmp_path: Path) -> None:
    weights = load_file(files / "sd-kohya.safetensors")
    down, up = "lora_unet_mid_block_attentions_0_proj_in.lora_down.weight", "lora_te_text_model_x.lora_up.weight"
    assert down in weights
    changes: tuple[tuple[dict[str, torch.Tensor], str], ...] = (
        ({down: torch.zeros(2, 7, 1, 1)}, "another size"),
        ({down: torch.zeros(0, 32, 1, 1)}, "another size"),
        ({down: torch.tensor(1.0)}, "another size"),
        ({down.replace("lora_down.weight", "alpha"): torch.ones(2)}, "several scales"),
        ({"lora_te_text_model_x.lora_down.weight": torch.ones(2, 2), up: torch.ones(2, 2)}, "another family"),
        ({down.replace("lora_down.weight", "hada_w1_a"): torch.ones(2, 2)}, "LoHa"),
        ({down.replace("lora_down.weight", "dora_scale"): torch.ones(2, 2)}, "DoRA"),
        ({down: torch.ones(2, 32, 1, 1, dtype=torch.int32)}, "of no LoRA"),
    )
    for number, (change, said) in enumerate(changes):
        save_file({**weights, **change}, tmp_path / f"{number}.safetensors")
        refused(painter, tmp_path / f"{number}.safetensors", Code.BAD_MODEL, said)
    save_file({name: tensor for name, tensor in weights.items() if name != down}, tmp_path / "part.safetensors")
    refused(painter, tmp_path / "part.safetensors", Code.BAD_MODEL, "lacks a half")
    save_file({}, tmp_path / "none.safetensors")
    refused(painter, tmp_path / "none.safetensors", Code.BAD_MODEL, "empty")


def test_damaged_and_pickled_files_are_refused(painter: Make, files: Path, tmp_path: Path) -> None:
    refused(painter, tmp_path / "gone.safetensors", Code.MISSING_MODEL, "no LoRA at")
    whole = (files / "sd-kohya.safetensors").read_bytes()
    (tmp_path / "cut.safetensors").write_bytes(whole[:-10])
    refused(painter, tmp_path / "cut.safetensors", Code.BAD_MODEL, "cut short")
    (tmp_path / "odd.safetensors").write_bytes(whole.replace(b'"F32"', b'"F99"'))
    refused(painter, tmp_path / "odd.safetensors", Code.BAD_MODEL, "damaged")
    (tmp_path / "lora.pt").write_bytes(b"")
    with pytest.raises(ModelError) as caught:
        painter(loras=(LoraSettings(str(tmp_path / "lora.pt")),), allow_pickle=True)
    assert caught.value.code == Code.UNSAFE_MODEL


@pytest.mark.parametrize(
    ("stem", "right"),
    [
        ("lcm-lora-sdv1-5", {"scheduler": "lcm", "steps": 6, "guidance": 1.5}),
        ("Hyper-SD15-8steps-lora", {"scheduler": "ddim_trailing", "steps": 8, "guidance": 1.0}),
    ],
)
def test_loras_for_few_steps_say_what_they_want(painter: Make, files: Path, stem: str, right: dict[str, Any]) -> None:
    (files / f"{stem}.safetensors").write_bytes((files / "sd-kohya.safetensors").read_bytes())
    lora = LoraSettings(str(files / f"{stem}.safetensors"))
    warned: list[str] = []
    painter(warn=warned.append, loras=(lora,), steps=20)
    assert len(warned) == 1
    assert f"set the scheduler to {right['scheduler']}" in warned[0]
    painter(loras=(lora,), **right).paint(request(), never)
