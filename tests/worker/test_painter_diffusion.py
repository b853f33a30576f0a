"""Painting with small random models: every setting has the effect that it is there for, and no other."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import diffusers
import numpy as np
import pytest
import tiny_models
import torch
from flowbrush.backend.errors import BackendError, Cancelled, Code, ModelError
from flowbrush.backend.models.choice import resolve
from flowbrush.backend.models.device import Plan
from flowbrush.backend.painters import diffusion, lending
from flowbrush.backend.painters.diffusion import DiffusionPainter
from flowbrush.backend.painters.latents import decode, encode, noise_for, to_tensor
from flowbrush.backend.painters.painter import PaintRequest
from flowbrush.backend.painters.region import whole
from flowbrush.backend.take import SCHEDULERS, ControlSettings, TakeSettings

SIZE = (48, 64)  # rows, columns
DEPTH, NORMAL = ControlSettings("depth"), ControlSettings("normal", scale=0.7)


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders `sd`, `sdxl`, `inpaint` and `lossless`, with ControlNets for depth and normal."""
    folder = tmp_path_factory.mktemp("models")
    tiny_models.write_sd(folder / "sd")
    tiny_models.write_sd(folder / "inpaint", in_channels=9)
    tiny_models.write_sdxl(folder / "sdxl")
    tiny_models.write_lossless(folder / "lossless")
    for name, unet in (
        ("sd", tiny_models.UNET),
        ("inpaint", tiny_models.UNET),
        ("sdxl", tiny_models.UNET_XL),
        ("lossless", tiny_models.UNET_LOSSLESS),
    ):
        for seed, condition in enumerate(("depth", "normal")):
            tiny_models.write_controlnet(folder / name / "controlnets" / condition, unet, seed)
    return folder


@pytest.fixture
def painter(models: Path) -> Callable[..., DiffusionPainter]:
    """Makes a painter: `painter("sd", steps=2)`."""

    def make(name: str = "sd", warn: Callable[[str], None] = warn_never, **changes: Any) -> DiffusionPainter:
        settings = TakeSettings(model=str(models / name), **{"steps": 4, "guidance": 1.0, **changes})
        return DiffusionPainter(resolve(settings), settings, warn)

    return make


def warn_never(sentence: str) -> None:
    raise AssertionError(f"warned: {sentence}")


def smooth(seed: int, shape: tuple[int, int] = SIZE) -> np.ndarray:
    """A picture of soft blobs, (H, W, 3)."""
    rows, columns = np.mgrid[: shape[0], : shape[1]] / 16.0
    waves = [np.sin(rows * (1 + seed % 3) + k) * np.cos(columns + seed + k) for k in range(3)]
    return (0.5 + 0.4 * np.stack(waves, axis=-1)).astype(np.float32)


def request(shape: tuple[int, int] = SIZE, **changes: Any) -> PaintRequest:
    conditions = {"depth": smooth(1, shape), "normal": smooth(2, shape)}
    given = {"initial": smooth(0, shape), "conditions": conditions, "prompt": "ink", "negative_prompt": ""}
    return PaintRequest(**{**given, "strength": 0.8, "seed": 7, **changes})


def middle_mask(shape: tuple[int, int] = SIZE) -> np.ndarray:
    """A soft-edged spot of 16 by 16 pixels."""
    mask = np.zeros(shape, np.float32)
    mask[16:32, 24:40] = 0.5
    mask[18:30, 26:38] = 1
    return mask


def never() -> bool:
    return False


def difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one - other).mean())


def pipeline_result(model: Path, steps: int, strength: float, guidance: float, scheduler: str) -> np.ndarray:
    """What diffusers' own ControlNet pipeline makes of `request()`, both ControlNets, from the same noisy latents."""
    xl = model.name == "sdxl"
    cls = (
        diffusers.StableDiffusionXLControlNetImg2ImgPipeline
        if xl
        else diffusers.StableDiffusionControlNetImg2ImgPipeline
    )
    nets = [diffusers.ControlNetModel.from_pretrained(model / "controlnets" / name) for name in ("depth", "normal")]
    more = {} if xl else {"safety_checker": None, "feature_extractor": None, "requires_safety_checker": False}
    pipeline = cls.from_pretrained(model, controlnet=nets, local_files_only=True, **more)
    pipeline.set_progress_bar_config(disable=True)
    if scheduler == "euler":
        pipeline.scheduler = diffusers.EulerDiscreteScheduler.from_config(pipeline.scheduler.config)
    asked = request(strength=strength)
    with torch.inference_mode():
        known = encode(pipeline.vae, to_tensor(asked.initial, "cpu"))
        pipeline.scheduler.set_timesteps(steps)
        first, _ = pipeline.get_timesteps(steps, strength, "cpu")
        noise, generator = noise_for(known.shape, asked.seed)
        latents = pipeline(
            prompt=asked.prompt,
            negative_prompt="blurry",
            image=to_tensor(asked.initial, "cpu"),
            control_image=[to_tensor(asked.conditions[name], "cpu") for name in ("depth", "normal")],
            controlnet_conditioning_scale=[1.0, 0.7],
            control_guidance_start=[0.0, 0.3],
            control_guidance_end=[0.8, 1.0],
            height=SIZE[0],
            width=SIZE[1],
            strength=strength,
            num_inference_steps=steps,
            guidance_scale=guidance,
            latents=pipeline.scheduler.add_noise(known, noise, first[:1]),
            generator=generator,
            output_type="latent",
        ).images
        return decode(pipeline.vae, latents)


@pytest.mark.parametrize("name", ["sd", "sdxl"])
@pytest.mark.parametrize("guidance", [1.0, 5.0])
@pytest.mark.parametrize("scheduler", ["", "euler"])
def test_paints_what_the_pipelines_of_diffusers_paint(
    models: Path, painter: Callable[..., DiffusionPainter], name: str, guidance: float, scheduler: str
) -> None:
    controls = (replace(DEPTH, end=0.8), replace(NORMAL, start=0.3))
    ours = painter(name, steps=5, guidance=guidance, scheduler=scheduler, controls=controls)
    painted = ours.paint(request(negative_prompt="blurry"), never)
    wanted = pipeline_result(models / name, 5, 0.8, guidance, scheduler)
    assert difference(wanted, request().initial) > 0.05, "the test would see nothing"
    np.testing.assert_allclose(painted, wanted, atol=3e-3)  # guidance enlarges what rounding does


@pytest.mark.parametrize("name", ["sd", "sdxl", "inpaint", "lossless"])
def test_same_request_same_bytes_and_another_seed_another_picture(
    painter: Callable[..., DiffusionPainter], name: str
) -> None:
    ours = painter(name, controls=(DEPTH,), scheduler="euler_a")
    first = ours.paint(request(), never)
    assert first.shape == (*SIZE, 3)
    assert first.dtype == np.float32
    assert first.min() >= 0 and first.max() <= 1
    assert difference(ours.paint(request(seed=8), never), first) > 0.01
    assert ours.paint(request(), never).tobytes() == first.tobytes()
    assert painter(name, controls=(DEPTH,), scheduler="euler_a").paint(request(), never).tobytes() == first.tobytes()


@pytest.mark.parametrize("scheduler", SCHEDULERS)
def test_every_scheduler_paints_with_and_without_mask(painter: Callable[..., DiffusionPainter], scheduler: str) -> None:
    ours = painter(scheduler=scheduler)
    assert difference(ours.paint(request(), never), request().initial) > 0.02
    mask = middle_mask()
    painted = ours.paint(request(mask=mask), never)
    assert np.array_equal(painted[mask == 0], request().initial[mask == 0])
    assert difference(painted[mask == 1], request().initial[mask == 1]) > 0.02


def test_schedulers_differ(painter: Callable[..., DiffusionPainter]) -> None:
    pictures = [painter(scheduler=name).paint(request(), never).tobytes() for name in SCHEDULERS if name]
    assert len(set(pictures)) == len(pictures)


def test_controlnet_at_scale_zero_is_as_if_it_were_not_there(painter: Callable[..., DiffusionPainter]) -> None:
    without = painter().paint(request(), never)
    assert np.array_equal(painter(controls=(replace(DEPTH, scale=0.0),)).paint(request(), never), without)
    half, full = (painter(controls=(replace(DEPTH, scale=s),)).paint(request(), never) for s in (0.5, 1.0))
    assert 0.005 < difference(half, without) < difference(full, without)


def test_each_controlnet_reads_its_own_condition(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(controls=(DEPTH, NORMAL))
    asked = request()
    swapped = {"depth": asked.conditions["normal"], "normal": asked.conditions["depth"]}
    assert difference(ours.paint(replace(asked, conditions=swapped), never), ours.paint(asked, never)) > 1e-3
    reordered = painter(controls=(NORMAL, DEPTH)).paint(asked, never)
    np.testing.assert_allclose(reordered, ours.paint(asked, never), atol=1e-4)


def test_controlnet_acts_only_between_start_and_end(painter: Callable[..., DiffusionPainter]) -> None:
    """A ControlNet is asked for in exactly those steps; outside them it costs nothing."""

    def asked_for(start: float, end: float) -> tuple[int, np.ndarray]:
        ours = painter(steps=4, controls=(replace(DEPTH, start=start, end=end),))
        calls: list[int] = []
        hook = ours._models.controlnets[0].register_forward_pre_hook(lambda *arguments: calls.append(1))
        painted = ours.paint(request(strength=1.0), never)
        hook.remove()
        return len(calls), painted

    whole, first_half, second_half = asked_for(0, 1), asked_for(0, 0.5), asked_for(0.5, 1)
    assert [count for count, _ in (whole, first_half, second_half)] == [4, 2, 2]
    assert difference(first_half[1], second_half[1]) > 1e-3
    assert difference(first_half[1], whole[1]) > 1e-3


def test_conditions_are_embedded_once_a_picture(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(steps=4, controls=(DEPTH,))
    calls: list[int] = []
    embedding = ours._models.controlnets[0].controlnet_cond_embedding
    hook = embedding.conv_in.register_forward_pre_hook(lambda *arguments: calls.append(1))
    first = ours.paint(request(), never)
    other = replace(request(), conditions={"depth": smooth(5)})
    assert difference(ours.paint(other, never), first) > 1e-3
    hook.remove()
    assert len(calls) == 2


def test_more_strength_leaves_the_initial_picture_further(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(steps=10)
    with torch.inference_mode():
        unpainted = decode(ours._vae, encode(ours._vae, to_tensor(request().initial, "cpu")))
    distances = [difference(ours.paint(request(strength=s), never), unpainted) for s in (0.1, 0.4, 1.0)]
    assert distances[0] < distances[1] < distances[2]


def test_less_than_one_step_keeps_the_picture_and_says_so(painter: Callable[..., DiffusionPainter]) -> None:
    said: list[str] = []
    ours = painter(steps=4, warn=said.append)
    for _ in range(2):
        assert np.array_equal(ours.paint(request(strength=0.2), never), request().initial)
    assert len(said) == 1
    assert "less than one step" in said[0]


def test_prompt_and_negative_prompt_have_effect(painter: Callable[..., DiffusionPainter]) -> None:
    guided = painter(guidance=6.0)
    first = guided.paint(request(), never)
    assert difference(guided.paint(request(prompt="watercolour"), never), first) > 1e-3
    assert difference(guided.paint(request(negative_prompt="blurry"), never), first) > 1e-3
    unguided = painter(guidance=1.0)
    assert np.array_equal(unguided.paint(request(), never), unguided.paint(request(negative_prompt="blurry"), never)), (
        "guidance 1 leaves no room for a negative prompt"
    )


def test_guidance_off_costs_half(painter: Callable[..., DiffusionPainter]) -> None:
    for guidance, batch in ((1.0, 1), (3.0, 2)):
        ours = painter(guidance=guidance)
        seen: list[int] = []
        hook = ours._unet.register_forward_pre_hook(lambda _, arguments, seen=seen: seen.append(len(arguments[0])))
        ours.paint(request(), never)
        hook.remove()
        assert set(seen) == {batch}


def test_distilled_model_takes_guidance_as_an_input(models: Path, painter: Callable[..., DiffusionPainter]) -> None:
    folder = shutil.copytree(models / "sd", models / "distilled", dirs_exist_ok=True)
    unet = diffusers.UNet2DConditionModel(**tiny_models.UNET, time_cond_proj_dim=16)
    tiny_models.lively(unet).save_pretrained(folder / "unet")
    pictures = []
    for guidance in (2.0, 8.0):
        ours = painter("distilled", guidance=guidance, scheduler="lcm")
        seen: list[int] = []
        hook = ours._unet.register_forward_pre_hook(lambda _, arguments, seen=seen: seen.append(len(arguments[0])))
        pictures.append(ours.paint(request(), never))
        hook.remove()
        assert set(seen) == {1}, "and so needs no unconditional half"
    assert difference(*pictures) > 1e-3


def test_prompts_are_encoded_once(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(guidance=3.0)
    calls: list[int] = []
    hook = ours._pipeline.text_encoder.register_forward_pre_hook(lambda *arguments: calls.append(1))
    for seed in range(3):
        ours.paint(request(seed=seed), never)
    hook.remove()
    assert len(calls) == 2, "the prompt and the negative prompt"


def test_prompt_that_is_too_long_is_said(painter: Callable[..., DiffusionPainter]) -> None:
    said: list[str] = []
    painter(warn=said.append).paint(request(prompt="ink " * 60), never)
    assert len(said) == 1
    assert "180 word pieces" in said[0]


@pytest.mark.parametrize("name", ["sd", "sdxl", "inpaint", "lossless"])
@pytest.mark.parametrize("crop", [False, True])
def test_mask_keeps_what_is_outside_bit_for_bit(
    painter: Callable[..., DiffusionPainter], name: str, crop: bool
) -> None:
    mask = middle_mask()
    ours = painter(name, controls=(DEPTH,), crop_to_mask=crop)
    painted = ours.paint(request(mask=mask), never)
    initial = request().initial
    assert np.array_equal(painted[mask == 0], initial[mask == 0])
    assert difference(painted[mask == 1], initial[mask == 1]) > 0.02
    assert ours.paint(request(mask=mask), never).tobytes() == painted.tobytes()
    assert np.array_equal(ours.paint(request(mask=np.zeros(SIZE, np.float32)), never), initial)


def test_lossless_latents_are_kept_around_the_mask(painter: Callable[..., DiffusionPainter]) -> None:
    """With nothing lost by the VAE, what the loop puts back around the hole is the picture itself."""
    ours = painter("lossless", crop_to_mask=False)
    hard = (middle_mask() > 0).astype(np.float32)
    with torch.inference_mode():
        unpainted = ours._painted(request(mask=hard), request().initial, whole((*SIZE, 3)), never)
    np.testing.assert_allclose(unpainted[hard == 0], request().initial[hard == 0], atol=1e-5)


def test_mask_of_ones_paints_everything(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter(controls=(DEPTH,))
    everything = ours.paint(request(mask=np.ones(SIZE, np.float32)), never)
    assert np.array_equal(everything, ours.paint(request(), never))


def test_soft_mask_blends_in_pixels(painter: Callable[..., DiffusionPainter]) -> None:
    hard, soft = (middle_mask() > 0).astype(np.float32), middle_mask()
    ours = painter()
    full, blended = (ours.paint(request(mask=mask), never) for mask in (hard, soft))
    edge = soft == 0.5
    expected = 0.5 * full[edge] + 0.5 * request().initial[edge]
    np.testing.assert_allclose(blended[edge], expected, atol=1e-6)


def test_what_is_painted_knows_what_is_around_it(painter: Callable[..., DiffusionPainter]) -> None:
    """In a masked picture the surroundings decide: the same hole in another picture is filled otherwise."""
    ours = painter(crop_to_mask=False)
    mask = (middle_mask() > 0).astype(np.float32)
    initial = smooth(0)
    other = np.where(mask[:, :, None] > 0, initial, 1 - initial)
    one, two = (ours.paint(request(initial=picture, mask=mask), never) for picture in (initial, other))
    assert difference(one[mask == 1], two[mask == 1]) > 1e-3


def test_inpainting_model_does_not_see_what_it_paints_over(painter: Callable[..., DiffusionPainter]) -> None:
    """Its further channels hold the picture without the hole. At full strength the start hardly shows either."""
    ours = painter("inpaint", crop_to_mask=False)
    seen: list[torch.Tensor] = []
    hook = ours._unet.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0][:, 4:].clone()))
    mask = (middle_mask() > 0).astype(np.float32)
    ours.paint(request(mask=mask), never)
    ours.paint(request(mask=mask, initial=np.where(mask[:, :, None] > 0, 0.9, request().initial)), never)
    hook.remove()
    assert all(torch.equal(beside, seen[0]) for beside in seen)
    assert torch.equal(seen[0][0, 0], torch.from_numpy(mask[::2, ::2]))


def test_crop_is_painted_from_the_noise_of_its_place(painter: Callable[..., DiffusionPainter]) -> None:
    """Cropped or not, the first step sees the same noise in the hole."""
    shape = (120, 120)
    mask = np.zeros(shape, np.float32)
    mask[112:, :8] = 1
    seen: dict[bool, torch.Tensor] = {}
    for crop in (False, True):
        ours = painter(crop_to_mask=crop)
        hook = ours._unet.register_forward_pre_hook(
            lambda _, arguments, crop=crop: seen.__setitem__(crop, arguments[0].clone())
        )
        with pytest.raises(Cancelled):
            ours.paint(request(shape, mask=mask, strength=1.0), lambda crop=crop: crop in seen)
        hook.remove()
    assert seen[False].shape[2:] == (60, 60)
    assert seen[True].shape[2:] == (36, 36), "64 pixels around the mask, in whole multiples of 4"
    difference_there = (seen[True] - seen[False][:, :, 24:, :36]).abs().mean()
    elsewhere = (seen[True] - seen[False][:, :, 22:58, :36]).abs().mean()
    assert difference_there < 0.1 * elsewhere


@pytest.mark.parametrize("shape", [(45, 50), (33, 64), (64, 31)])
@pytest.mark.parametrize("masked", [False, True])
def test_any_size_goes_in_and_comes_out(
    painter: Callable[..., DiffusionPainter], shape: tuple[int, int], masked: bool
) -> None:
    mask = middle_mask(shape) if masked else None
    painted = painter(controls=(DEPTH,)).paint(request(shape, mask=mask), never)
    assert painted.shape == (*shape, 3)
    assert difference(painted, smooth(0, shape)) > 0.001


def test_padding_does_not_shift_the_picture(painter: Callable[..., DiffusionPainter]) -> None:
    """The padded part is continued by reflection, so the rest is painted as in the picture that had it anyway."""
    whole = np.concatenate([smooth(0, (46, 64)), smooth(0, (46, 64))[-1:-3:-1]])
    ours = painter(controls=())
    assert np.array_equal(
        ours.paint(request(initial=whole), never)[:46], ours.paint(request(initial=whole[:46]), never)
    )


@pytest.mark.parametrize("after", [0, 1, 3])
def test_cancel_ends_within_one_step(painter: Callable[..., DiffusionPainter], after: int) -> None:
    ours = painter(steps=8)
    steps: list[int] = []
    hook = ours._unet.register_forward_pre_hook(lambda *arguments: steps.append(1))
    with pytest.raises(Cancelled):
        ours.paint(request(strength=1.0), lambda: len(steps) >= after)
    hook.remove()
    assert len(steps) == after
    assert difference(ours.paint(request(), never), request().initial) > 0.02, "it paints on afterwards"


def test_out_of_memory_is_explained(painter: Callable[..., DiffusionPainter], monkeypatch: pytest.MonkeyPatch) -> None:
    ours = painter()
    for error in (
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB"),
        RuntimeError("MPS backend out of memory"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"),
        MemoryError(),
    ):
        monkeypatch.setattr(diffusion, "denoise", raising(error))
        with pytest.raises(BackendError) as caught:
            ours.paint(request(), never)
        assert caught.value.code == Code.OUT_OF_MEMORY
        assert "render smaller" in str(caught.value)
    monkeypatch.setattr(diffusion, "denoise", raising(RuntimeError("a bug")))
    with pytest.raises(RuntimeError, match="a bug"):
        ours.paint(request(), never)


def test_numbers_that_overflow_are_no_picture(painter: Callable[..., DiffusionPainter]) -> None:
    ours = painter()
    hook = ours._unet.register_forward_hook(lambda _, __, output: (output[0] * torch.nan,))
    with pytest.raises(ModelError) as caught:
        ours.paint(request(), never)
    hook.remove()
    assert caught.value.code == Code.BAD_MODEL
    assert "precision float32" in str(caught.value)


def test_saving_memory_is_said_and_changes_little(
    painter: Callable[..., DiffusionPainter], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = painter("sdxl", controls=(DEPTH,)).paint(request(), never)
    monkeypatch.setattr(lending, "make_plan", lambda *arguments: Plan(True, True, ("It is slower",)))
    said: list[str] = []
    ours = painter("sdxl", controls=(DEPTH,), warn=said.append)
    offloaded = ours.paint(request(), never)
    assert said == ["It is slower"]
    assert ours._vae.use_tiling
    assert difference(offloaded, plain) < 0.1
    monkeypatch.undo()
    painter("sdxl", controls=(DEPTH,)).paint(request(), never)
    assert not ours._vae.use_tiling, "the next painter with room does without"


@pytest.mark.parametrize("offload", [True, False])
def test_parts_take_turns_on_the_device(
    painter: Callable[..., DiffusionPainter], monkeypatch: pytest.MonkeyPatch, offload: bool
) -> None:
    class Part:
        moves: ClassVar[list[str]] = []

        def to(self, device: str) -> None:
            self.moves.append(device)

    monkeypatch.setattr(lending, "make_plan", lambda *arguments: Plan(offload))
    lender = lending.Lender(painter()._models, "there")
    monkeypatch.setattr(lending, "free_memory", lambda device: 0)
    lender.make_room((*SIZE, 3), warn_never)
    Part.moves.clear()
    with pytest.raises(Cancelled), lender.lent(Part()):
        assert Part.moves == ["there"]
        raise Cancelled()
    assert Part.moves == (["there", "cpu"] if offload else ["there"])


def test_precision_is_what_is_set(painter: Callable[..., DiffusionPainter]) -> None:
    half = painter(precision="bfloat16")
    assert half._unet.dtype == torch.bfloat16
    assert difference(half.paint(request(), never), painter(precision="float32").paint(request(), never)) < 0.05


def raising(error: BaseException) -> Callable[..., Any]:
    def raise_it(*arguments: Any, **options: Any) -> Any:
        raise error

    return raise_it
