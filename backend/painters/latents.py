"""Pictures to latents and back, for any VAE in diffusers' layout."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import torch


def to_tensor(picture: np.ndarray, device: str) -> torch.Tensor:
    """(H, W, C) → (1, C, H, W) float32 on `device`."""
    import torch

    return torch.from_numpy(np.ascontiguousarray(picture, np.float32)).permute(2, 0, 1)[None].to(device)


def encode(vae: Any, picture: torch.Tensor) -> torch.Tensor:
    """(1, 3, H, W) float32 0..1 → latents (1, C, h, w) float32, of unit scale: the most likely ones, not a sample."""
    encoded = vae.encode((picture * 2 - 1).to(vae.dtype))
    latents = encoded.latent_dist.mode() if hasattr(encoded, "latent_dist") else encoded.latents
    mean, deviation = _statistics(vae, latents.float())
    return (latents.float() - mean) * vae.config.scaling_factor / deviation


def decode(vae: Any, latents: torch.Tensor) -> np.ndarray:
    """Latents (1, C, h, w) → (H, W, 3) float32 0..1; NaN stays NaN."""
    mean, deviation = _statistics(vae, latents.float())
    latents = latents.float() * deviation / vae.config.scaling_factor + mean
    decoded = vae.decode(latents.to(vae.dtype), return_dict=False)[0]
    return (decoded.float() / 2 + 0.5).clamp(0, 1)[0].permute(1, 2, 0).contiguous().cpu().numpy()


def noise_for(latents_shape: tuple[int, ...], seed: int) -> tuple[torch.Tensor, torch.Generator]:
    """White noise of `seed`, float32, and the generator for noise that follows; on the CPU: the same on all devices."""
    import torch

    generator = torch.Generator("cpu").manual_seed(seed)
    return torch.randn(latents_shape, generator=generator, dtype=torch.float32), generator


def holes(mask: np.ndarray, scale: int) -> np.ndarray:
    """(H, W) mask → (h, w) float32: 1 where any pixel of the latent's `scale` × `scale` cell is painted at all."""
    height, width = mask.shape[0] // scale, mask.shape[1] // scale
    return np.ascontiguousarray(mask.reshape(height, scale, width, scale).max(axis=(1, 3)) > 0, np.float32)


def shares_of_cells(mask: np.ndarray, scale: int) -> np.ndarray:
    """(H, W) mask → (h, w) float32: its mean over the `scale` × `scale` cell of each latent."""
    height, width = mask.shape[0] // scale, mask.shape[1] // scale
    return mask.reshape(height, scale, width, scale).mean(axis=(1, 3), dtype=np.float32)


def _statistics(vae: Any, latents: torch.Tensor) -> tuple[Any, Any]:
    """Mean and deviation per channel where the VAE was published with them, else 0 and 1."""
    values = []
    for name, default in (("latents_mean", 0.0), ("latents_std", 1.0)):
        given = getattr(vae.config, name, None)
        values.append(default if given is None else latents.new_tensor(given).view(1, -1, 1, 1))
    return values[0], values[1]
