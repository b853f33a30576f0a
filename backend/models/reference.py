"""A reference picture, of which a model takes the style through an IP-Adapter.

Ye et al., IP-Adapter: Text Compatible Image Prompt Adapter for Text-to-Image Diffusion Models, 2023.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import Code, ModelError
from .choice import tensor_shapes

if TYPE_CHECKING:
    import torch
    from diffusers import UNet2DConditionModel

MAX_PICTURE = 100_000_000  # bytes
# Of the pictures that CLIP was trained on, red, green and blue.
_MEAN, _SPREAD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


def put_on(unet: UNet2DConditionModel, path: Path, encoder: Any, name: str) -> None:
    """Adds the IP-Adapter in the file `path` to `unet`, of the model `name`. Raises ModelError if it is for another."""
    from safetensors.torch import load_file

    shapes = tensor_shapes(path)
    reads = next((n for n in ("image_proj.proj.weight", "image_proj.proj_in.weight") if n in shapes), "")
    if not reads:
        raise _bad(f"{path} is no IP-Adapter of the kinds that Flowbrush loads: choose a plain one or one called Plus")
    layers = [attention for key, attention in unet.attn_processors.items() if key.endswith("attn2.processor")]
    widths = {shape[1] for key, shape in shapes.items() if key.endswith(".to_k_ip.weight")}
    found = sum(key.endswith(".to_k_ip.weight") for key in shapes)
    if found != len(layers) or widths != {unet.config.cross_attention_dim}:
        raise _bad(f"the IP-Adapter {path} was made for another family of models than {name}")
    plain = reads.endswith("proj.weight")
    if shapes[reads][1] != (encoder.config.projection_dim if plain else encoder.config.hidden_size):
        raise _bad(f"the IP-Adapter {path} was made for another image encoder")
    state: dict[str, dict[str, Any]] = {"image_proj": {}, "ip_adapter": {}}
    for key, weight in load_file(path).items():
        part, _, rest = key.partition(".")
        if part in state:
            state[part][rest] = weight
    unet._load_ip_adapter_weights([state], low_cpu_mem_usage=False)


def set_scale(unet: UNet2DConditionModel, scale: float) -> None:
    """How much the reference counts from now on."""
    for attention in unet.attn_processors.values():
        if hasattr(attention, "to_k_ip"):
            attention.scale = [scale]


def read_picture(path: Path) -> np.ndarray:
    """The picture at `path`: (H, W, 3) float32, 0 to 1, RGB. Raises ModelError (BAD_MODEL) for what is none."""
    import cv2

    data = np.frombuffer(path.read_bytes(), np.uint8) if path.stat().st_size <= MAX_PICTURE else np.zeros(0, np.uint8)
    try:
        stored = cv2.imdecode(data, cv2.IMREAD_COLOR) if data.size else None
    except cv2.error:
        stored = None
    if stored is None:
        raise ModelError(Code.BAD_MODEL, f"The reference {path} is no picture that can be read: choose a PNG or JPEG")
    return stored[..., ::-1].astype(np.float32) / 255.0


def embedded(encoder: Any, unet: UNet2DConditionModel, picture: np.ndarray, guided: bool) -> torch.Tensor:
    """What the adapter in `unet` takes of `picture` (H, W, 3): (N, 1, …), N = 2 if guided, first that of no picture."""
    import torch
    from diffusers.models.embeddings import ImageProjection

    pixels = _prepared(picture, int(encoder.config.image_size)).to(encoder.device, encoder.dtype)
    if isinstance(unet.encoder_hid_proj.image_projection_layers[0], ImageProjection):
        seen = encoder(pixels).image_embeds
        nothing = torch.zeros_like(seen)
    else:
        seen, nothing = (
            encoder(shown, output_hidden_states=True).hidden_states[-2] for shown in (pixels, torch.zeros_like(pixels))
        )
    return torch.stack([nothing, seen] if guided else [seen])


def _prepared(picture: np.ndarray, size: int) -> torch.Tensor:
    """The middle of `picture` as CLIP takes it: (1, 3, size, size)."""
    import torch

    height, width = picture.shape[:2]
    scaled = [max(size, round(side * size / min(height, width))) for side in (height, width)]
    pixels = torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None]
    pixels = torch.nn.functional.interpolate(pixels, scaled, mode="bicubic", antialias=True).clamp(0, 1)
    top, left = ((side - size) // 2 for side in scaled)
    middle = pixels[:, :, top : top + size, left : left + size]
    mean, spread = (torch.tensor(numbers)[None, :, None, None] for numbers in (_MEAN, _SPREAD))
    return (middle - mean) / spread


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"This model cannot be used: {reason}")
