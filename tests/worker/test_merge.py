"""Merging checkpoints: the sum by hand, exact at its ends, the same bytes each time, and refusals."""

from pathlib import Path

import pytest
import tiny_models
import torch
from flowbrush.backend.errors import Code, FlowbrushError
from flowbrush.backend.models.choice import tensor_shapes
from flowbrush.backend.models.merge import merge
from safetensors import safe_open
from safetensors.torch import load_file, save_file


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`one` and `other` of a family, `other` with what a training leaves in its file; `xl` of another family."""
    folder = tmp_path_factory.mktemp("checkpoints")
    for seed, name in enumerate(("one", "other")):
        tiny_models.write_single_file(folder / f"{name}.safetensors", tiny_models.write_sd(folder / name, seed=seed))
    more = {"model_ema.decay": torch.ones(1), "cond_stage_model.transformer.position_ids": torch.arange(77)[None]}
    save_file({**load_file(folder / "other.safetensors"), **more}, folder / "other.safetensors")
    tiny_models.write_single_file(folder / "xl.safetensors", tiny_models.write_sdxl(folder / "xl"))
    return folder


def merged(files: Path, weight: float, out: Path, first: str = "one", second: str = "other") -> dict[str, torch.Tensor]:
    merge(files / f"{first}.safetensors", files / f"{second}.safetensors", weight, out)
    tensor_shapes(out)  # raises where header and size do not fit
    return load_file(out)


def test_it_is_the_weighted_sum(files: Path, tmp_path: Path) -> None:
    one, other = load_file(files / "one.safetensors"), load_file(files / "other.safetensors")
    found = merged(files, 0.3, tmp_path / "a.safetensors")
    assert found.keys() == one.keys()
    for name, tensor in found.items():
        assert torch.allclose(tensor, 0.7 * one[name] + 0.3 * other[name], atol=1e-6), name
    for weight, wanted in ((0.0, one), (1.0, other)):
        ends = merged(files, weight, tmp_path / "end.safetensors")
        assert all(torch.equal(tensor, wanted[name]) for name, tensor in ends.items())
    merged(files, 0.3, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    with safe_open(tmp_path / "a.safetensors", "pt") as file:
        assert file.metadata()["merged"] == "0.7 one + 0.3 other"


def test_half_precision_stays(files: Path, tmp_path: Path) -> None:
    for kind in (torch.float16, torch.bfloat16):
        one = {name: tensor.to(kind) for name, tensor in load_file(files / "one.safetensors").items()}
        save_file(one, tmp_path / "half.safetensors")
        merge(tmp_path / "half.safetensors", files / "other.safetensors", 0.5, tmp_path / "out.safetensors")
        other, found = load_file(files / "other.safetensors"), load_file(tmp_path / "out.safetensors")
        for name, tensor in found.items():
            assert tensor.dtype == kind
            assert torch.equal(tensor, (0.5 * one[name].float() + 0.5 * other[name]).to(kind)), name


def test_what_does_not_fit_is_refused_and_nothing_is_written(files: Path, tmp_path: Path) -> None:
    one, out = files / "one.safetensors", tmp_path / "out.safetensors"

    def refused(first: Path, second: Path, weight: float, said: str, code: Code = Code.BAD_MODEL) -> None:
        with pytest.raises(FlowbrushError, match=said) as caught:
            merge(first, second, weight, out)
        assert caught.value.code == code
        assert not list(tmp_path.glob("*out*"))

    weights = load_file(one)
    wide = "model.diffusion_model.input_blocks.0.0.weight"
    save_file({**weights, wide: torch.zeros(16, 9, 3, 3)}, tmp_path / "inpaint.safetensors")
    save_file({**weights, "v_pred": torch.zeros(0)}, tmp_path / "velocity.safetensors")
    save_file({**weights, wide: weights[wide].to(torch.float8_e4m3fn)}, tmp_path / "eight.safetensors")
    save_file({"lora_unet_x.alpha": torch.ones(1)}, tmp_path / "lora.safetensors")
    (tmp_path / "cut.safetensors").write_bytes(one.read_bytes()[:-9])
    refused(one, files / "xl.safetensors", 0.5, "different families")
    refused(one, tmp_path / "inpaint.safetensors", 0.5, f"1 of their tensors .*{wide}")
    refused(one, tmp_path / "velocity.safetensors", 0.5, "v_pred")
    refused(tmp_path / "eight.safetensors", one, 0.5, "F8_E4M3")
    refused(one, tmp_path / "lora.safetensors", 0.5, "no Stable Diffusion UNet")
    refused(one, tmp_path / "cut.safetensors", 0.5, "cut short")
    refused(one, tmp_path / "gone.safetensors", 0.5, "no file", Code.MISSING_MODEL)
    refused(one, files / "other", 0.5, "no file", Code.MISSING_MODEL)
    for weight in (-0.1, 1.1, float("nan")):
        refused(one, files / "other.safetensors", weight, "between 0 and 1", Code.BAD_SETTINGS)
    with pytest.raises(FlowbrushError, match="another name"):
        merge(one, files / "other.safetensors", 0.5, one)
    (tmp_path / "model.ckpt").write_bytes(b"")
    refused(one, tmp_path / "model.ckpt", 0.5, "only those are merged", Code.BAD_SETTINGS)
