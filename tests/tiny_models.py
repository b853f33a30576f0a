"""Models in the real layouts with small random weights, made anew by whoever needs one.

Weights are scaled so that every part has a visible effect on the picture: an untrained zero convolution would let a
ControlNet pass any test that it is ignored in.
"""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from diffusers import (
    AutoencoderKL,
    ControlNetModel,
    ControlNetUnionModel,
    DDIMScheduler,
    EulerDiscreteScheduler,
    StableDiffusionPipeline,
    StableDiffusionXLPipeline,
    UNet2DConditionModel,
)
from flowbrush.backend.errors import Code, ModelError
from flowbrush.backend.models import loading
from flowbrush.backend.models.choice import resolve
from flowbrush.backend.models.space_to_depth import SpaceToDepth
from flowbrush.backend.take import TakeSettings
from safetensors.torch import load_file, save_file
from transformers import (
    CLIPTextConfig,
    CLIPTextModel,
    CLIPTextModelWithProjection,
    CLIPTokenizer,
    CLIPVisionConfig,
    CLIPVisionModelWithProjection,
)

# Models this small spend their time waiting for the second thread.
torch.set_num_threads(1)

SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "steps_offset": 1}
BLOCKS = (16, 32)
TEXT, TEXT_2, TEXT_SD2 = 32, 48, 40  # widths of the text encoders
UNET = {
    "sample_size": 8,  # latents: pictures of 16 pixels
    "block_out_channels": BLOCKS,
    "layers_per_block": 1,
    "down_block_types": ("CrossAttnDownBlock2D", "DownBlock2D"),
    "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D"),
    "cross_attention_dim": TEXT,
    "norm_num_groups": 4,
    "attention_head_dim": 4,
}
UNET_XL = {
    **UNET,
    "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D"),
    "up_block_types": ("CrossAttnUpBlock2D", "UpBlock2D"),
    "transformer_layers_per_block": (1, 2),
    "cross_attention_dim": TEXT + TEXT_2,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 8,
    "projection_class_embeddings_input_dim": 6 * 8 + TEXT_2,
}
VAE = {
    "block_out_channels": (8, 16),
    "down_block_types": ("DownEncoderBlock2D",) * 2,
    "up_block_types": ("UpDecoderBlock2D",) * 2,
    "norm_num_groups": 4,
    "sample_size": 16,
    "scaling_factor": 0.5,
}
UNET_SD2 = {**UNET, "cross_attention_dim": TEXT_SD2, "attention_head_dim": (2, 4), "use_linear_projection": True}
UNET_LOSSLESS = {**UNET, "in_channels": 48, "out_channels": 48}


def tokenizer(folder: Path, **options: Any) -> CLIPTokenizer:
    """CLIP's tokenizer without merges: every character is a word piece."""
    folder.mkdir(parents=True, exist_ok=True)
    signs = [chr(code) for code in range(33, 127)]
    words = [*signs, *(sign + "</w>" for sign in signs), "<|startoftext|>", "<|endoftext|>"]
    (folder / "vocab.json").write_text(json.dumps({word: number for number, word in enumerate(words)}))
    (folder / "merges.txt").write_text("#version: 0.2\n")
    return CLIPTokenizer.from_pretrained(str(folder), model_max_length=77, **options)


def text_config(**changes: Any) -> CLIPTextConfig:
    settings = {
        "vocab_size": 190,
        "hidden_size": TEXT,
        "intermediate_size": 64,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "bos_token_id": 188,
        "eos_token_id": 189,
        "pad_token_id": 189,
        "projection_dim": TEXT,
    }
    return CLIPTextConfig(**{**settings, **changes})


def lively(module: torch.nn.Module, gain: float = 1.0) -> Any:
    """`module` with random weights of which none is zero."""
    for name, weight in module.named_parameters():
        with torch.no_grad():
            if "norm" in name or weight.ndim < 2:
                weight.add_(torch.randn_like(weight) * 0.1)
            else:
                weight.normal_(0, gain / weight[0].numel() ** 0.5)
    return module.eval()


def vae() -> AutoencoderKL:
    return lively(AutoencoderKL(**VAE))


def write_sd(
    folder: Path, in_channels: int = 4, seed: int = 0, unet: dict[str, Any] = UNET, prediction: str = "epsilon"
) -> Path:
    """A model in the layout of Stable Diffusion 1.5; `in_channels=9` makes the one for inpainting."""
    torch.manual_seed(seed)
    text = text_config(hidden_size=unet["cross_attention_dim"])
    words = tokenizer(folder / "words", **({"pad_token": "!"} if unet is UNET_SD2 else {}))
    schedule = {**SCHEDULE, "clip_sample": False, "set_alpha_to_one": False, "prediction_type": prediction}
    StableDiffusionPipeline(
        vae=vae(),
        text_encoder=lively(CLIPTextModel(text), 3.0),
        tokenizer=words,
        unet=lively(UNet2DConditionModel(in_channels=in_channels, **unet)),
        scheduler=DDIMScheduler(**schedule),
        safety_checker=None,
        feature_extractor=None,
        requires_safety_checker=False,
    ).save_pretrained(folder)
    return folder


def write_sd2(folder: Path, seed: int = 0) -> Path:
    """A model in the layout of Stable Diffusion 2 that predicts velocity."""
    return write_sd(folder, seed=seed, unet=UNET_SD2, prediction="v_prediction")


def write_lossless(folder: Path, seed: int = 0) -> Path:
    """A model over latents that are the picture's own pixels, 48 channels of 4 by 4, like the starter model."""
    write_sd(folder, seed=seed)
    SpaceToDepth().save_pretrained(folder / "vae")
    lively(UNet2DConditionModel(**UNET_LOSSLESS)).save_pretrained(folder / "unet")
    file = folder / "model_index.json"
    index = {**json.loads(file.read_text()), "vae": ["flowbrush.backend.models.space_to_depth", "SpaceToDepth"]}
    file.write_text(json.dumps(index))
    return folder


def write_sdxl(folder: Path, seed: int = 0) -> Path:
    """A model in the layout of Stable Diffusion XL."""
    torch.manual_seed(seed)
    StableDiffusionXLPipeline(
        vae=vae(),
        text_encoder=lively(CLIPTextModel(text_config()), 3.0),
        text_encoder_2=lively(CLIPTextModelWithProjection(text_config(hidden_size=TEXT_2, projection_dim=TEXT_2)), 3.0),
        tokenizer=tokenizer(folder / "words"),
        tokenizer_2=tokenizer(folder / "words", pad_token="!"),
        unet=lively(UNet2DConditionModel(**UNET_XL)),
        scheduler=EulerDiscreteScheduler(**SCHEDULE),
        add_watermarker=False,
    ).save_pretrained(folder)
    return folder


def control_config(unet: dict[str, Any]) -> dict[str, Any]:
    """Of the ControlNet that fits the UNet."""
    rest = {key: value for key, value in unet.items() if key not in ("up_block_types", "sample_size", "out_channels")}
    # One halving for each of the VAE's.
    widths = (8, 16) if unet.get("in_channels", 4) == 4 else (8, 16, 16)
    return {**rest, "conditioning_embedding_out_channels": widths}


def write_controlnet(folder: Path, unet: dict[str, Any] = UNET, seed: int = 1) -> Path:
    torch.manual_seed(seed)
    lively(ControlNetModel(**control_config(unet))).save_pretrained(folder)
    return folder


def write_union(folder: Path, kinds: int = 6, seed: int = 2) -> Path:
    """A union ControlNet for models like `write_sdxl`'s."""
    torch.manual_seed(seed)
    more = {"num_control_type": kinds, "num_trans_channel": 16, "num_proj_channel": 16, "num_trans_head": 8}
    lively(ControlNetUnionModel(**control_config(UNET_XL), **more)).save_pretrained(folder)
    return folder


IMAGE = 24  # width of the image encoder's answer


def write_ip_adapter(path: Path, unet: UNet2DConditionModel, seed: int = 3, plus: bool = False) -> Path:
    """An IP-Adapter for `unet` with the names of its makers, and its image encoder beside it."""
    torch.manual_seed(seed)
    sizes = {"hidden_size": 64, "intermediate_size": 64, "num_hidden_layers": 2, "num_attention_heads": 2}
    config = CLIPVisionConfig(**sizes, image_size=32, patch_size=16, projection_dim=IMAGE)
    lively(CLIPVisionModelWithProjection(config), 3.0).save_pretrained(path.parent / "image_encoder")
    width = unet.config.cross_attention_dim
    if plus:
        weights = {"image_proj.latents": torch.randn(1, 4, 64), "image_proj.proj_in.weight": torch.randn(64, 64) / 8}
        weights |= {"image_proj.proj_out.weight": torch.randn(width, 64) / 8}
        for name in ("proj_in.bias", "norm_out.weight", "norm_out.bias", "proj_out.bias"):
            weights[f"image_proj.{name}"] = torch.randn(width if name != "proj_in.bias" else 64)
        for layer in (f"image_proj.layers.{number}." for number in range(4)):
            for norm in ("0.norm1", "0.norm2", "1.0"):
                weights |= {f"{layer}{norm}.{kind}": torch.randn(64) for kind in ("weight", "bias")}
            for name, shape in (("0.to_q", (64, 64)), ("0.to_kv", (128, 64)), ("0.to_out", (64, 64))):
                weights[f"{layer}{name}.weight"] = torch.randn(shape) / 8
            weights[f"{layer}1.1.weight"] = torch.randn(256, 64) / 8
            weights[f"{layer}1.3.weight"] = torch.randn(64, 256) / 16
    else:
        weights = {
            "image_proj.proj.weight": torch.randn(4 * width, IMAGE),
            "image_proj.proj.bias": torch.randn(4 * width),
        }
        weights |= {"image_proj.norm.weight": torch.ones(width), "image_proj.norm.bias": torch.zeros(width)}
    layers = [name for name in unet.attn_processors if name.endswith("attn2.processor")]
    for number, name in enumerate(layers):
        out = unet.get_submodule(name.removesuffix(".processor")).to_k.out_features
        for part in ("to_k_ip", "to_v_ip"):
            weights[f"ip_adapter.{2 * number + 1}.{part}.weight"] = torch.randn(out, width) / width**0.5
    save_file(weights, path)
    return path


def write_layout(folder: Path, model: Path, controlnet: Path) -> None:
    """The configurations alone of `model` and `controlnet`, as Flowbrush ships them for single files."""
    sources = {
        "model_index.json": model / "model_index.json",
        "controlnet/config.json": controlnet / "config.json",
        "scheduler/scheduler_config.json": model / "scheduler" / "scheduler_config.json",
        **{
            f"{part}/config.json": model / part / "config.json"
            for part in ("unet", "vae", "text_encoder", "text_encoder_2")
            if (model / part).is_dir()
        },
    }
    for name, source in sources.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(source.read_bytes())


def original_unet_name(name: str, layers: int, depth: int) -> str:
    """A diffusers UNet's or ControlNet's weight, by its name in the original (CompVis, Stability) checkpoints.

    There, input_blocks counts the first convolution, then each level's residual blocks and its downsampling;
    output_blocks each level's residual blocks, with the upsampling as the last member of a level's last block.
    """
    simple = {
        "time_embedding.linear_1": "time_embed.0",
        "time_embedding.linear_2": "time_embed.2",
        "add_embedding.linear_1": "label_emb.0.0",
        "add_embedding.linear_2": "label_emb.0.2",
        "conv_in": "input_blocks.0.0",
        "conv_norm_out": "out.0",
        "conv_out": "out.2",
    }
    stem, _, kind = name.rpartition(".")
    if stem in simple:
        return f"{simple[stem]}.{kind}"
    parts = name.split(".")
    rest = ".".join(parts[4:])
    if parts[0] == "mid_block":
        place = f"middle_block.{2 * int(parts[2]) if parts[1] == 'resnets' else 1}"
        rest = ".".join(parts[3:])
    elif parts[0] == "down_blocks":
        block = 1 + int(parts[1]) * (layers + 1)
        if parts[2] == "downsamplers":
            return f"input_blocks.{block + layers}.0.op.{kind}"
        place = f"input_blocks.{block + int(parts[3])}.{0 if parts[2] == 'resnets' else 1}"
    else:
        block = int(parts[1]) * (layers + 1)
        if parts[2] == "upsamplers":
            attends = depth > 0
            return f"output_blocks.{block + layers}.{2 if attends else 1}.conv.{kind}"
        place = f"output_blocks.{block + int(parts[3])}.{0 if parts[2] == 'resnets' else 1}"
    for ours, original in (
        ("norm1.", "in_layers.0."),
        ("conv1.", "in_layers.2."),
        ("norm2.", "out_layers.0."),
        ("conv2.", "out_layers.3."),
        ("time_emb_proj.", "emb_layers.1."),
        ("conv_shortcut.", "skip_connection."),
    ):
        if rest.startswith(ours):
            rest = original + rest.removeprefix(ours)
            break
    return f"{place}.{rest}"


def original_vae_name(name: str, levels: int) -> str:
    """A diffusers VAE's weight by its name in the original checkpoints; the decoder counts its levels backwards."""
    name = name.replace("conv_norm_out", "norm_out").replace("mid_block.attentions.0", "mid.attn_1")
    for number in (0, 1):
        name = name.replace(f"mid_block.resnets.{number}", f"mid.block_{number + 1}")
    for level in range(levels):
        name = name.replace(f"down_blocks.{level}.resnets.", f"down.{level}.block.")
        name = name.replace(f"down_blocks.{level}.downsamplers.0.", f"down.{level}.downsample.")
        name = name.replace(f"up_blocks.{level}.resnets.", f"up.{levels - 1 - level}.block.")
        name = name.replace(f"up_blocks.{level}.upsamplers.0.", f"up.{levels - 1 - level}.upsample.")
    name = name.replace("conv_shortcut", "nin_shortcut")
    if "attn_1" in name:
        for ours, original in (("group_norm", "norm"), ("to_q", "q"), ("to_k", "k"), ("to_v", "v")):
            name = name.replace(ours, original)
        name = name.replace("to_out.0", "proj_out")
    return name


def write_single_file(path: Path, model: Path, metadata: dict[str, str] | None = None) -> Path:
    """The diffusers model in folder `model` as one file with the names and shapes of the original checkpoints."""
    pipeline_class = StableDiffusionXLPipeline if (model / "text_encoder_2").is_dir() else StableDiffusionPipeline
    pipeline = pipeline_class.from_pretrained(model, local_files_only=True)
    weights = original_unet(pipeline.unet, "model.diffusion_model.")
    weights |= original_vae(pipeline.vae, "first_stage_model.")
    xl = pipeline_class is StableDiffusionXLPipeline
    if pipeline.unet.config.cross_attention_dim == TEXT_SD2:
        weights |= original_open_clip(pipeline.text_encoder, "cond_stage_model.model.")
        save_file({name: weight.contiguous() for name, weight in weights.items()}, path, metadata)
        return path
    clip = "conditioner.embedders.0.transformer." if xl else "cond_stage_model.transformer."
    for name, weight in pipeline.text_encoder.state_dict().items():
        weights[clip + "text_model." + name.removeprefix("text_model.")] = weight
    if xl:
        weights |= original_open_clip(pipeline.text_encoder_2, "conditioner.embedders.1.model.")
    save_file({name: weight.contiguous() for name, weight in weights.items()}, path, metadata)
    return path


def original_vae(module: AutoencoderKL, prefix: str) -> dict[str, torch.Tensor]:
    """The weights of a VAE by their original names."""
    weights = {}
    for name, weight in module.state_dict().items():
        original = original_vae_name(name, len(VAE["block_out_channels"]))
        if "attn_1" in original and original.endswith("weight") and weight.ndim == 2:
            weight = weight[:, :, None, None]  # the original has 1 × 1 convolutions here
        weights[prefix + original] = weight.contiguous()
    return weights


def original_unet(module: torch.nn.Module, prefix: str) -> dict[str, torch.Tensor]:
    """The weights of a UNet by their original names."""
    layers = module.config.layers_per_block
    attends = ["CrossAttn" in kind for kind in module.config.up_block_types]
    return {
        prefix
        + original_unet_name(
            name, layers, int(name.startswith("up_blocks") and attends[int(name.split(".")[1])])
        ): weight
        for name, weight in module.state_dict().items()
    }


def original_open_clip(encoder: torch.nn.Module, prefix: str) -> dict[str, torch.Tensor]:
    """A second text encoder's weights by OpenCLIP's names, where query, key and value are one matrix."""
    state = {name.removeprefix("text_model."): weight for name, weight in encoder.state_dict().items()}
    weights = {
        "positional_embedding": state["embeddings.position_embedding.weight"],
        "token_embedding.weight": state["embeddings.token_embedding.weight"],
        "ln_final.weight": state["final_layer_norm.weight"],
        "ln_final.bias": state["final_layer_norm.bias"],
    }
    if "text_projection.weight" in state:  # not in that of Stable Diffusion 2
        weights["text_projection"] = state["text_projection.weight"].T
    for layer in range(encoder.config.num_hidden_layers):
        ours, theirs = f"encoder.layers.{layer}.", f"transformer.resblocks.{layer}."
        for kind in ("weight", "bias"):
            merged = [state[f"{ours}self_attn.{part}_proj.{kind}"] for part in "qkv"]
            weights[f"{theirs}attn.in_proj_{kind}"] = torch.cat(merged)
            for name, original in (
                ("self_attn.out_proj", "attn.out_proj"),
                ("layer_norm1", "ln_1"),
                ("layer_norm2", "ln_2"),
                ("mlp.fc1", "mlp.c_fc"),
                ("mlp.fc2", "mlp.c_proj"),
            ):
                weights[f"{theirs}{original}.{kind}"] = state[f"{ours}{name}.{kind}"]
    return {prefix + name: weight for name, weight in weights.items()}


def write_single_controlnet(path: Path, folder: Path) -> Path:
    """The ControlNet in `folder` as one file, with the original names; XL has only diffusers' names."""
    controlnet = ControlNetModel.from_pretrained(folder, local_files_only=True)
    if controlnet.config.addition_embed_type:
        save_file(controlnet.state_dict(), path)
        return path
    layers = controlnet.config.layers_per_block
    weights = {}
    for name, weight in controlnet.state_dict().items():
        stem, _, kind = name.rpartition(".")
        if stem.startswith("controlnet_down_blocks."):
            original = f"zero_convs.{stem.split('.')[1]}.0.{kind}"
        elif stem == "controlnet_mid_block":
            original = f"middle_block_out.0.{kind}"
        elif stem.startswith("controlnet_cond_embedding.blocks."):
            original = f"input_hint_block.{2 * (int(stem.split('.')[2]) + 1)}.{kind}"
        elif stem.startswith("controlnet_cond_embedding."):
            original = f"input_hint_block.{0 if stem.endswith('conv_in') else 14}.{kind}"
        else:
            original = original_unet_name(name, layers, 0)
        weights[f"control_model.{original}"] = weight.contiguous()
    save_file(weights, path)
    return path


Lora = dict[tuple[str, str], tuple[torch.Tensor, torch.Tensor]]
LORA_LAYERS = ("to_q", "to_out.0", "proj_in", "ff.net.2", "resnets.0.conv1", "samplers.0.conv", "q_proj", "fc2")


def lora(model: Path, seed: int = 5, rank: int = 2) -> Lora:
    """Matrices down and up for layers of all parts of the diffusers model in folder `model`, by part and layer."""
    torch.manual_seed(seed)
    return {
        (part, layer): (
            torch.randn(rank, *weight.shape[1:]) / weight[0].numel() ** 0.5,
            torch.randn(weight.shape[0], rank, *(1 for _ in weight.shape[2:])),
        )
        for part, file in encoder_and_unet_files(model)
        for layer, weight in ((name.removesuffix(".weight"), weight) for name, weight in load_file(file).items())
        if layer.endswith(LORA_LAYERS)
    }


def encoder_and_unet_files(model: Path) -> list[tuple[str, Path]]:
    return [(part, file) for part in ("unet", "text_encoder", "text_encoder_2") for file in (model / part).glob("*.s*")]


def write_merged(folder: Path, model: Path, *loras: tuple[Lora, float]) -> Path:
    """The model with its weights changed by `loras`, each times a factor: what they should do beside it."""
    shutil.copytree(model, folder)
    for part, file in encoder_and_unet_files(folder):
        weights = load_file(file)
        for matrices, factor in loras:
            for (of, layer), (down, up) in matrices.items():
                if of == part:
                    change = up.flatten(1) @ down.flatten(1)
                    weights[f"{layer}.weight"] += factor * change.reshape(weights[f"{layer}.weight"].shape)
        save_file(weights, file, {"format": "pt"})
    return folder


def write_lora(path: Path, model: Path, matrices: Lora, layout: str = "kohya", alpha: float = 2.0) -> Path:
    """layout: `kohya`, `original` (kohya's with the original names of the UNet), or `peft` and `diffusers`, which have
    no alpha."""
    weights = {}
    for (part, layer), (down, up) in matrices.items():
        weights |= lora_keys(part, layer, layout, model, down, up, torch.tensor(alpha))
    save_file(weights, path)
    return path


def lora_keys(
    part: str, layer: str, layout: str, model: Path, down: torch.Tensor, up: torch.Tensor, alpha: torch.Tensor
) -> dict[str, torch.Tensor]:
    """One layer's matrices with the names that `layout` gives them."""
    if part != "unet":
        layer = f"text_model.{layer.removeprefix('text_model.')}"
    if layout in ("peft", "diffusers"):
        halves = ("lora_A", "lora_B") if layout == "peft" else ("lora.down", "lora.up")
        return {f"{part}.{layer}.{half}.weight": one for half, one in zip(halves, (down, up), strict=True)}
    xl = (model / "text_encoder_2").is_dir()
    prefix = {"unet": "lora_unet", "text_encoder": "lora_te1" if xl else "lora_te", "text_encoder_2": "lora_te2"}[part]
    if layout == "original" and part == "unet":
        config = json.loads((model / "unet" / "config.json").read_text())
        attends = layer.startswith("up_blocks") and "CrossAttn" in config["up_block_types"][int(layer.split(".")[1])]
        layer = original_unet_name(f"{layer}.weight", config["layers_per_block"], int(attends)).removesuffix(".weight")
    key = f"{prefix}_{layer.replace('.', '_')}"
    return {f"{key}.lora_down.weight": down, f"{key}.lora_up.weight": up, f"{key}.alpha": alpha}


def write_layouts(folder: Path, models: Path, names: dict[str, str]) -> Path:
    """Layouts for single files as small as the `models`; names: of the models, by layout."""
    for layout, name in names.items():
        write_layout(folder / layout, models / name, models / name / "controlnets" / "depth")
    return folder


def load(chosen: TakeSettings) -> loading.Models:
    return loading.load(resolve(chosen), "float32")


def refused(chosen: TakeSettings, code: Code, *words: str) -> None:
    """Asserts that a model is refused with `code` and a sentence that holds `words`."""
    with pytest.raises(ModelError) as caught:
        load(chosen)
    assert caught.value.code == code
    for word in words:
        assert word in str(caught.value)
