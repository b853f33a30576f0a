"""Loading models from folders and single files, and every way in which one can be wrong."""

import hashlib
import json
import pickle
import shutil
import socket
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_models
import torch
from diffusers import AutoencoderKL, ControlNetModel, UNet2DConditionModel
from flowbrush.backend.errors import Code, ModelError, SettingsError
from flowbrush.backend.models import single_file
from flowbrush.backend.models.choice import fingerprints, resolve
from flowbrush.backend.models.device import Needs, choose_device, choose_precision, make_plan
from flowbrush.backend.take import ControlSettings, TakeSettings
from safetensors.torch import load_file, save_file
from tiny_models import load, refused
from transformers import AutoConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `sd`, `sd2` and `sdxl`, each with a ControlNet for depth where it is looked for."""
    folder = tmp_path_factory.mktemp("models")
    for name, write, unet in (
        ("sd", tiny_models.write_sd, tiny_models.UNET),
        ("sd2", tiny_models.write_sd2, tiny_models.UNET_SD2),
        ("sdxl", tiny_models.write_sdxl, tiny_models.UNET_XL),
    ):
        write(folder / name)
        tiny_models.write_controlnet(folder / name / "controlnets" / "depth", unet)
    return folder


@pytest.fixture
def sd(models: Path, tmp_path: Path) -> Path:
    """A copy of `sd` to damage."""
    return shutil.copytree(models / "sd", tmp_path / "sd")


@pytest.fixture
def layouts(models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Layouts for single files as small as the models here."""
    small = tiny_models.write_layouts(tmp_path / "layouts", models, {"sd15": "sd", "sd2": "sd2", "sdxl": "sdxl"})
    monkeypatch.setattr(single_file, "LAYOUTS", small)
    monkeypatch.setattr(single_file, "TOKENIZER", models / "sd" / "tokenizer")
    return tmp_path / "layouts"


def settings(model: Path, *controls: ControlSettings, allow_pickle: bool = False) -> TakeSettings:
    return TakeSettings(model=str(model), controls=controls, allow_pickle=allow_pickle)


DEPTH = ControlSettings("depth")


@pytest.mark.parametrize("name", ["sd", "sdxl"])
def test_folder_loads_with_its_own_controlnet(models: Path, name: str) -> None:
    loaded = load(settings(models / name, DEPTH))
    assert loaded.xl == (name == "sdxl")
    assert (loaded.latent_channels, loaded.inpaints) == (4, False)
    stored = load_file(models / name / "unet" / "diffusion_pytorch_model.safetensors")
    assert torch.equal(loaded.pipeline.unet.conv_in.weight, stored["conv_in.weight"])
    stored = load_file(models / name / "controlnets" / "depth" / "diffusion_pytorch_model.safetensors")
    assert torch.equal(loaded.controlnets[0].conv_in.weight, stored["conv_in.weight"])


@pytest.mark.parametrize("name", ["sd", "sd2", "sdxl"])
def test_single_file_holds_the_same_weights_as_the_folder(
    models: Path, layouts: Path, tmp_path: Path, name: str
) -> None:
    file = tiny_models.write_single_file(tmp_path / f"{name}.safetensors", models / name)
    control = tiny_models.write_single_controlnet(
        tmp_path / "depth.safetensors", models / name / "controlnets" / "depth"
    )
    from_folder = load(settings(models / name, DEPTH))
    from_file = load(settings(file, replace(DEPTH, model=str(control))))
    assert from_file.xl == from_folder.xl
    parts = ["unet", "vae", "text_encoder"] + (["text_encoder_2"] if name == "sdxl" else [])
    pairs = [(getattr(from_file.pipeline, part), getattr(from_folder.pipeline, part)) for part in parts]
    for one, other in [*pairs, (from_file.controlnets[0], from_folder.controlnets[0])]:
        weights, wanted = one.state_dict(), other.state_dict()
        assert weights.keys() == wanted.keys()
        assert all(torch.equal(weights[key], wanted[key]) for key in wanted)


def test_single_file_for_inpainting_keeps_its_nine_channels(models: Path, layouts: Path, tmp_path: Path) -> None:
    folder = tiny_models.write_sd(tmp_path / "inpaint", in_channels=9)
    loaded = load(settings(tiny_models.write_single_file(tmp_path / "inpaint.safetensors", folder)))
    assert loaded.inpaints
    assert loaded.pipeline.unet.config.in_channels == 9


def test_shipped_layouts_are_those_of_the_real_models() -> None:
    """Their published numbers of parameters, counted on configurations without weights."""

    def parameters(cls: type, layout: str, part: str) -> int:
        with torch.device("meta"):
            if cls in (CLIPTextModel, CLIPTextModelWithProjection):
                module = cls(AutoConfig.from_pretrained(single_file.LAYOUTS / layout / part))
            else:
                module = cls.from_config(cls.load_config(single_file.LAYOUTS / layout / part))
        return sum(weight.numel() for weight in module.parameters())

    assert parameters(UNet2DConditionModel, "sd15", "unet") == 859_520_964
    assert parameters(AutoencoderKL, "sd15", "vae") == 83_653_863
    assert parameters(CLIPTextModel, "sd15", "text_encoder") == 123_060_480
    assert parameters(ControlNetModel, "sd15", "controlnet") == 361_279_120
    assert parameters(UNet2DConditionModel, "sd2", "unet") == 865_910_724
    assert parameters(CLIPTextModel, "sd2", "text_encoder") == 340_387_840
    assert parameters(UNet2DConditionModel, "sdxl", "unet") == 2_567_463_684
    assert parameters(CLIPTextModelWithProjection, "sdxl", "text_encoder_2") == 694_659_840


def test_the_tokenizer_for_single_files_is_clips() -> None:
    """Ids that OpenAI's tokenizer gives."""
    words = CLIPTokenizer.from_pretrained(str(single_file.TOKENIZER))
    wanted = [49406, 320, 1125, 539, 550, 18376, 6765, 320, 4558, 49407]
    assert words("a photo of an astronaut riding a horse").input_ids == wanted


def test_nothing_is_asked_from_the_network(sd: Path, layouts: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*arguments: object) -> None:
        raise AssertionError(f"connects to {arguments}")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.setattr(socket, "getaddrinfo", no_network)
    load(settings(sd, DEPTH))
    load(settings(tiny_models.write_single_file(sd.parent / "sd.safetensors", sd)))


def test_half_precision_variant_is_found(sd: Path) -> None:
    for weights in sd.rglob("*.safetensors"):
        weights.rename(weights.with_name(f"{weights.stem}.fp16.safetensors"))
    assert load(settings(sd, DEPTH)).latent_channels == 4


def test_long_prompts_end_where_the_text_encoder_does(sd: Path) -> None:
    file = sd / "tokenizer" / "tokenizer_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "model_max_length": 10**30}))
    assert load(settings(sd)).pipeline.tokenizer.model_max_length == 77


def test_missing_models_are_named(models: Path, tmp_path: Path) -> None:
    refused(settings(tmp_path / "nowhere"), Code.MISSING_MODEL, "no model", "nowhere")
    gone = ControlSettings("depth", model=str(tmp_path / "gone.safetensors"))
    refused(settings(models / "sd", gone), Code.MISSING_MODEL, "no ControlNet", "gone.safetensors")
    refused(settings(models / "sd", ControlSettings("normal")), Code.MISSING_MODEL, "without a ControlNet", "'normal'")


def test_what_cannot_be_read_is_named(sd: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refused(settings(Path("~nobody_of_this_name/model")), Code.MISSING_MODEL, "~nobody_of_this_name")

    def denied(folder: Path) -> None:
        raise PermissionError(13, "Permission denied", str(folder))

    monkeypatch.setattr(Path, "iterdir", denied)
    refused(settings(sd), Code.BAD_MODEL, str(sd / "unet"), "Permission denied")


def test_a_condition_cannot_lead_out_of_the_model(models: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        resolve(settings(models / "sd", ControlSettings("../../sd/controlnets/depth")))
    assert caught.value.code == Code.BAD_SETTINGS


@pytest.mark.parametrize("ending", ["ckpt", "pt", "pth", "bin"])
def test_pickled_file_is_refused_unread(tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"model.{ending}"
    file.write_bytes(pickle.dumps(Bomb()))
    refused(settings(file), Code.UNSAFE_MODEL, "pickle", ".safetensors version")
    assert not Bomb.exploded


def test_pickled_code_does_not_run_even_when_pickles_are_allowed(tmp_path: Path) -> None:
    file = tmp_path / "model.ckpt"
    file.write_bytes(pickle.dumps(Bomb()))
    refused(settings(file, allow_pickle=True), Code.BAD_MODEL, "model.ckpt")
    assert not Bomb.exploded


def test_folder_with_only_pickles_is_refused_unless_allowed(sd: Path) -> None:
    weights = sd / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save(load_file(weights), sd / "unet" / "diffusion_pytorch_model.bin")
    weights.unlink()
    refused(settings(sd), Code.UNSAFE_MODEL, "diffusion_pytorch_model.bin")
    assert load(settings(sd, allow_pickle=True)).latent_channels == 4


def test_model_that_brings_code_is_refused(sd: Path) -> None:
    (sd / "unet" / "diffusers.py").write_text("raise SystemExit\n")
    refused(settings(sd), Code.UNSAFE_MODEL, "diffusers.py")


def test_index_cannot_name_any_class(sd: Path) -> None:
    change_index(sd, unet=["shutil", "rmtree"])
    refused(settings(sd), Code.BAD_MODEL, "shutil.rmtree")
    change_index(sd, unet=["diffusers", "UNet2DConditionModel"], scheduler=["os", "FakeScheduler"])
    refused(settings(sd), Code.BAD_MODEL, "os.FakeScheduler")


def test_other_families_are_refused(sd: Path) -> None:
    change_index(sd, scheduler=["diffusers", "FlowMatchEulerDiscreteScheduler"])
    refused(settings(sd), Code.BAD_MODEL, "FlowMatchEulerDiscreteScheduler")
    change_index(sd, _class_name="FluxPipeline")
    refused(settings(sd), Code.BAD_MODEL, "FluxPipeline", "Stable Diffusion")


@pytest.mark.parametrize("part", ["unet", "text_encoder", "vae"])
def test_missing_weights_are_noticed(sd: Path, part: str) -> None:
    """diffusers and transformers would go on with random or no numbers."""
    (file,) = (sd / part).glob("*.safetensors")
    weights = load_file(file)
    del weights[next(name for name in weights if name.endswith(("conv1.weight", "fc1.weight")))]
    save_file(weights, file, {"format": "pt"})
    refused(settings(sd), Code.BAD_MODEL, "lacks 1 weights")


def test_truncated_weights_are_noticed_before_loading(sd: Path) -> None:
    file = sd / "unet" / "diffusion_pytorch_model.safetensors"
    file.write_bytes(file.read_bytes()[:-100])
    with pytest.raises(ModelError) as caught:
        resolve(settings(sd))
    assert caught.value.code == Code.BAD_MODEL
    assert "cut short" in str(caught.value)
    file.write_bytes(b"<html>404</html>")
    refused(settings(sd), Code.BAD_MODEL, "download it again")


@pytest.mark.parametrize("text", ["{", "[]", '{"_class_name": "UNet2DConditionModel", "block_out_channels": "wide"}'])
def test_damaged_configuration_is_refused(sd: Path, text: str) -> None:
    (sd / "unet" / "config.json").write_text(text)
    refused(settings(sd), Code.BAD_MODEL, "damaged")


def test_configuration_of_another_size_is_refused(sd: Path) -> None:
    file = sd / "unet" / "config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "block_out_channels": [16, 64]}))
    refused(settings(sd), Code.BAD_MODEL, "damaged")


def test_incomplete_folder_is_refused(sd: Path) -> None:
    shutil.rmtree(sd / "vae")
    refused(settings(sd), Code.BAD_MODEL, "lacks its folder 'vae'")
    refused(settings(sd / "unet"), Code.BAD_MODEL, "model_index.json")


def test_controlnet_of_another_family_is_refused(models: Path) -> None:
    wrong = ControlSettings("depth", model=str(models / "sdxl" / "controlnets" / "depth"))
    refused(settings(models / "sd", wrong), Code.BAD_MODEL, "another family")
    not_one = ControlSettings("depth", model=str(models / "sd" / "unet"))
    refused(settings(models / "sd", not_one), Code.BAD_MODEL, "not a ControlNet")


def test_a_controlnet_may_read_the_prompt_in_another_way_than_the_model(models: Path, tmp_path: Path) -> None:
    """As the starter's, which do without what its UNet has. What XL models want besides the prompt must fit."""
    reads = {**tiny_models.UNET, "addition_embed_type": "text", "addition_embed_type_num_heads": 2}
    control = ControlSettings("depth", model=str(tiny_models.write_controlnet(tmp_path / "reading", reads)))
    load(settings(models / "sd", control))


def test_single_files_of_other_kinds_are_refused(models: Path, layouts: Path, tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    save_file({"double_blocks.0.weight": torch.zeros(1)}, file)
    refused(settings(file), Code.BAD_MODEL, "no Stable Diffusion UNet")
    weights = load_file(tiny_models.write_single_file(file, models / "sd"))
    save_file({k: v for k, v in weights.items() if not k.startswith("first_stage_model")}, file)
    refused(settings(file), Code.BAD_MODEL, "without its VAE")
    save_file({k.replace("transformer.text_model", "encoder"): v for k, v in weights.items()}, file)
    refused(settings(file), Code.BAD_MODEL, "diffusers folder")
    save_file({k: v for k, v in weights.items() if "middle_block.0" not in k}, file)
    refused(settings(file), Code.BAD_MODEL, "lacks")
    (tmp_path / "notes.txt").write_text("no model")
    refused(settings(tmp_path / "notes.txt"), Code.BAD_MODEL, "neither a diffusers folder")


def test_fingerprints_name_what_was_used(models: Path, sd: Path, tmp_path: Path) -> None:
    first = fingerprints(resolve(settings(sd, DEPTH)))
    assert list(first) == ["model", "control 0: depth"]
    assert first == fingerprints(resolve(settings(models / "sd", DEPTH))), "the place does not matter"
    change_index(sd, _diffusers_version="0.0.1")
    assert fingerprints(resolve(settings(sd, DEPTH)))["model"] != first["model"]
    file = tmp_path / "depth.safetensors"
    save_file({"a": torch.zeros(3)}, file)
    chosen = resolve(settings(sd, ControlSettings("depth", model=str(file))))
    assert fingerprints(chosen)["control 0: depth"] == hashlib.sha256(file.read_bytes()).hexdigest()


def test_a_changed_file_is_loaded_again(sd: Path) -> None:
    assert load(settings(sd)) is load(settings(sd))
    before = load(settings(sd)).pipeline.unet.conv_in.weight.clone()
    file = sd / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    save_file({**weights, "conv_in.weight": weights["conv_in.weight"] + 1}, file, {"format": "pt"})
    assert torch.equal(load(settings(sd)).pipeline.unet.conv_in.weight, before + 1)


def test_device_that_is_not_here_is_refused() -> None:
    absent = "mps" if torch.cuda.is_available() else "cuda"
    with pytest.raises(SettingsError) as caught:
        choose_device(absent)
    assert caught.value.code == Code.BAD_SETTINGS
    assert f"'{absent}'" in str(caught.value)


def test_what_is_set_wins_over_what_would_be_chosen() -> None:
    assert choose_device("cpu") == "cpu"
    assert choose_precision("float32", "cuda") == "float32"
    assert choose_precision("auto", "cuda") == "float16"
    assert choose_precision("auto", "cpu") in ("float32", "bfloat16")


def test_memory_decides_offload_and_tiles() -> None:
    gb = 10**9
    needs = Needs(weights=7 * gb, largest_stage=5 * gb, vae=gb, decoding=3 * gb)
    roomy, short, tight = (make_plan("cuda", free * gb, needs) for free in (24, 8, 3))
    assert (roomy.offload, roomy.tile, roomy.notices) == (False, False, ())
    assert (short.offload, short.tile) == (True, False)
    assert (tight.offload, tight.tile) == (True, True)
    assert "7.0 GB" in short.notices[0]
    assert len(tight.notices) == 2
    on_cpu = make_plan("cpu", 9 * gb, needs)
    assert (on_cpu.offload, on_cpu.tile) == (False, True)


class Bomb:
    """What a malicious pickle does, harmlessly."""

    exploded = False

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (setattr, (Bomb, "exploded", True))


def change_index(model: Path, **changes: object) -> None:
    file = model / "model_index.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **changes}))
