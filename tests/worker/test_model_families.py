"""What a model is loaded with besides its own folder: what it predicts, another VAE, layers of text left out."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tiny_models
import torch
from flowbrush.backend.errors import Code, SettingsError
from flowbrush.backend.models import single_file
from flowbrush.backend.models.choice import fingerprints, resolve, tensor_shapes
from flowbrush.backend.models.prediction import Prediction, prediction_of
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.take import TakeSettings
from painting import difference, never, request
from safetensors.torch import load_file, save_file
from tiny_models import load, refused

SD2_NORM = "model.diffusion_model.output_blocks.3.1.transformer_blocks.0.norm1.bias"


@pytest.fixture
def layouts(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Layouts for single files as small as the models here."""
    small = tiny_models.write_layouts(tmp_path / "layouts", models, {"sd15": "sd", "sd2": "sd2", "sdxl": "sdxl"})
    monkeypatch.setattr(single_file, "LAYOUTS", small)
    monkeypatch.setattr(single_file, "TOKENIZER", models / "sd" / "tokenizer")
    return small


def predicted(loaded: object) -> str:
    return loaded.pipeline.scheduler.config.prediction_type  # type: ignore[attr-defined]


def test_a_folder_says_what_its_model_predicts_and_a_setting_overrules_it(
    models: Path, painter: Callable[..., DiffusionPainter]
) -> None:
    assert predicted(load(TakeSettings(model=str(models / "sd2")))) == "v_prediction"
    assert predicted(load(TakeSettings(model=str(models / "sd2"), prediction="epsilon"))) == "epsilon"
    velocity, noise = (painter("sd2", prediction=one).paint(request(), never) for one in ("", "epsilon"))
    assert difference(velocity, noise) > 0.05


def test_a_single_file_of_stable_diffusion_2_paints_what_its_folder_does(
    models: Path, layouts: Path, tmp_path: Path, painter: Callable[..., DiffusionPainter]
) -> None:
    file = tmp_path / "sd2.safetensors"
    tiny_models.write_single_file(file, models / "sd2", {"modelspec.prediction_type": "v"})
    from_file = painter(str(file)).paint(request(), never)
    from_folder = painter("sd2").paint(request(), never)
    assert difference(from_folder, request().initial) > 0.05
    np.testing.assert_allclose(from_file, from_folder, atol=1e-5)


def test_a_guessed_prediction_is_told(
    models: Path, layouts: Path, tmp_path: Path, painter: Callable[..., DiffusionPainter]
) -> None:
    file = tiny_models.write_single_file(tmp_path / "sd2.safetensors", models / "sd2")
    for spread, kind, other in ((0.2, "v_prediction", "epsilon"), (0.02, "epsilon", "v_prediction")):
        weights = load_file(file)
        weights[SD2_NORM] = torch.randn(weights[SD2_NORM].shape) * spread
        save_file(weights, file)
        warnings: list[str] = []
        assert predicted(painter(str(file), warn=warnings.append)._models) == kind
        (sentence,) = warnings
        assert f"'{kind}', by its weights" in sentence and f"set the prediction to '{other}'" in sentence
    chosen = TakeSettings(model=str(file), prediction="v_prediction")
    assert predicted(load(chosen)) == "v_prediction"
    assert not load(chosen).notices


def test_what_a_single_file_says_of_its_prediction(models: Path, tmp_path: Path) -> None:
    file = tiny_models.write_single_file(tmp_path / "model.safetensors", models / "sd")
    weights = load_file(file)

    def found(can_be_either: bool = False) -> Prediction:
        return prediction_of(file, tensor_shapes(file), can_be_either)

    assert found() == Prediction("epsilon"), "as Stable Diffusion 1 and XL, if they say nothing"
    save_file({**weights, "v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}, file)
    assert found() == Prediction("v_prediction", zero_snr=True)
    save_file(weights, file)
    beside = tmp_path / "model.yaml"
    beside.write_text('model:\n  params:\n    parameterization: "v"\n    linear_start: 0.00085\n')
    assert found() == Prediction("v_prediction")
    beside.write_text("model:\n  params:\n    linear_start: 0.00085\n")
    assert found(can_be_either=True) == Prediction("epsilon")
    save_file(weights, file, {"modelspec.prediction_type": "v"})
    assert found() == Prediction("v_prediction"), "the file itself is asked first"
    beside.write_bytes(b"\xff" * 2_000_000)
    save_file(weights, file, {"modelspec.prediction_type": "nonsense"})
    assert found() == Prediction("epsilon")


def test_models_that_start_from_noise_alone_are_scheduled_so(models: Path, layouts: Path, tmp_path: Path) -> None:
    file = tiny_models.write_single_file(tmp_path / "xl.safetensors", models / "sdxl")
    save_file({**load_file(file), "v_pred": torch.zeros(0), "ztsnr": torch.zeros(0)}, file)
    scheduler = load(TakeSettings(model=str(file))).pipeline.scheduler
    assert scheduler.config.prediction_type == "v_prediction"
    assert scheduler.config.rescale_betas_zero_snr and scheduler.config.timestep_spacing == "trailing"


@pytest.fixture
def other_vae(tmp_path: Path) -> Path:
    """The folder of a VAE with other weights than those of the models here."""
    torch.manual_seed(99)
    tiny_models.vae().save_pretrained(tmp_path / "vae")
    return tmp_path / "vae"


def original_file(folder: Path, prefix: str) -> Path:
    from diffusers import AutoencoderKL

    vae = AutoencoderKL.from_pretrained(folder, local_files_only=True)
    save_file(tiny_models.original_vae(vae, prefix), folder.parent / "vae.safetensors")
    return folder.parent / "vae.safetensors"


def test_a_vae_of_its_own_comes_from_a_folder_or_a_file(models: Path, layouts: Path, other_vae: Path) -> None:
    model = TakeSettings(model=str(models / "sd"))
    wanted = load_file(other_vae / "diffusion_pytorch_model.safetensors")
    files = (
        other_vae,
        other_vae / "diffusion_pytorch_model.safetensors",
        original_file(other_vae, "first_stage_model."),
        original_file(other_vae, ""),
    )
    for path in files:
        chosen = replace(model, vae=str(path))
        weights = load(chosen).pipeline.vae.state_dict()
        assert all(torch.equal(weights[name], wanted[name]) for name in wanted)
        assert list(fingerprints(resolve(chosen))) == ["model", "vae"]
    assert not torch.equal(
        load(model).pipeline.vae.state_dict()["decoder.conv_in.weight"], wanted["decoder.conv_in.weight"]
    )


def test_another_vae_makes_another_picture(painter: Callable[..., DiffusionPainter], other_vae: Path) -> None:
    asked = request(strength=0.5)
    own, other = (painter("sd", vae=vae).paint(asked, never) for vae in ("", str(other_vae)))
    assert difference(own, other) > 0.02


def test_a_single_file_without_a_vae_takes_the_one_that_is_chosen(
    models: Path, layouts: Path, tmp_path: Path, other_vae: Path
) -> None:
    file = tiny_models.write_single_file(tmp_path / "sd.safetensors", models / "sd")
    save_file({k: v for k, v in load_file(file).items() if not k.startswith("first_stage_model")}, file)
    refused(TakeSettings(model=str(file)), Code.BAD_MODEL, "without its VAE", "choose one for it")
    loaded = load(TakeSettings(model=str(file), vae=str(other_vae)))
    wanted = load_file(other_vae / "diffusion_pytorch_model.safetensors")
    assert torch.equal(loaded.pipeline.vae.state_dict()["encoder.conv_in.weight"], wanted["encoder.conv_in.weight"])


def test_a_vae_that_does_not_fit_is_refused(models: Path, layouts: Path, tmp_path: Path, other_vae: Path) -> None:
    model = TakeSettings(model=str(models / "sd"))
    refused(replace(model, vae=str(models / "lossless" / "vae")), Code.BAD_MODEL, "is not a VAE")
    refused(replace(model, vae=str(tmp_path / "gone")), Code.MISSING_MODEL, "no VAE")
    refused(replace(model, vae=str(models / "sd")), Code.BAD_MODEL, "no config.json", "VAE")
    refused(replace(model, model=str(models / "lossless"), vae=str(other_vae)), Code.BAD_MODEL, "another family")
    config = other_vae / "config.json"
    config.write_text(config.read_text().replace('"scaling_factor": 0.5', '"scaling_factor": 0.13'))
    refused(replace(model, vae=str(other_vae)), Code.BAD_MODEL, "another family")
    file = tmp_path / "vae.safetensors"
    weights = load_file(other_vae / "diffusion_pytorch_model.safetensors")
    save_file({name: weight for name, weight in weights.items() if "mid_block" not in name}, file)
    refused(replace(model, vae=str(file)), Code.BAD_MODEL, "vae.safetensors lacks")
    save_file({"a": torch.zeros(1)}, file)
    refused(replace(model, vae=str(file)), Code.BAD_MODEL, "vae.safetensors")
    (tmp_path / "vae.pt").write_bytes(b"")
    refused(replace(model, vae=str(tmp_path / "vae.pt")), Code.UNSAFE_MODEL, "pickle")


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_clip_skip_leaves_out_layers_of_both_prompts(painter: Callable[..., DiffusionPainter], name: str) -> None:
    skipped, whole = (painter(name, guidance=5.0, clip_skip=skip) for skip in (1, 0))
    pipeline = skipped._pipeline
    if name == "sdxl":
        asked = {"device": "cpu", "num_images_per_prompt": 1, "do_classifier_free_guidance": False}
        wanted = pipeline.encode_prompt("ink", clip_skip=1, **asked)[0]
    else:  # what the pipeline of diffusers means to do, and cannot with every transformers
        words = pipeline.tokenizer("ink", padding="max_length", return_tensors="pt").input_ids
        states = pipeline.text_encoder(words, output_hidden_states=True).hidden_states
        encoder = pipeline.text_encoder
        wanted = getattr(encoder, "text_model", encoder).final_layer_norm(states[-2])
    text = skipped._encode_prompts("ink", "ink", ())
    for half in text.embeddings:
        torch.testing.assert_close(half[None], wanted)
    assert not torch.allclose(whole._encode_prompts("ink", "ink", ()).embeddings, text.embeddings)
    if name == "sdxl":
        assert not skipped._encode_prompts("ink", "", ()).embeddings[0].any(), "no prompt is zeros for XL"
    assert difference(*(one.paint(request(), never) for one in (skipped, whole))) > 1e-3


def test_clip_skip_must_leave_a_layer(painter: Callable[..., DiffusionPainter]) -> None:
    with pytest.raises(SettingsError) as caught:
        painter("sd", clip_skip=2)
    assert "Clip skip 2 leaves nothing of the 2 layers" in str(caught.value)
