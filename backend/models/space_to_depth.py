"""A lossless stand-in for an autoencoder: latents are the picture's own pixels, rearranged."""

from dataclasses import dataclass

import torch
from diffusers import ConfigMixin, ModelMixin
from diffusers.configuration_utils import register_to_config
from diffusers.models.autoencoders.vae import DecoderOutput


@dataclass(frozen=True)
class Certain:
    """A distribution with all its weight on one value; what a diffusers autoencoder's `encode` returns."""

    value: torch.Tensor

    def sample(self, generator: torch.Generator | None = None) -> torch.Tensor:  # noqa: ARG002
        """The value; there is nothing to draw."""
        return self.value

    def mode(self) -> torch.Tensor:
        """The value."""
        return self.value


@dataclass(frozen=True)
class Encoded:
    """What `SpaceToDepth.encode` returns, in the shape of diffusers' AutoencoderKLOutput."""

    latent_dist: Certain


class SpaceToDepth(ModelMixin, ConfigMixin):
    """Pictures (N, 3, H, W) to latents (N, 3 * f * f, H / f, W / f) and back, nothing learned, nothing lost.

    The factor f is 2 ** (len(block_out_channels) - 1), as diffusers' pipelines compute it; H and W are multiples of
    f. White noise stays white: latents hold the same numbers in another order.
    """

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        block_out_channels: tuple[int, ...] = (1, 1, 1),
        latent_channels: int = 48,
        scaling_factor: float = 1.0,  # noqa: ARG002  read by pipelines from the configuration
        force_upcast: bool = False,  # noqa: ARG002
    ) -> None:
        super().__init__()
        self.factor = 2 ** (len(block_out_channels) - 1)
        if latent_channels != 3 * self.factor**2:
            raise ValueError(f"latent_channels must be {3 * self.factor**2} for factor {self.factor}")
        # Pipelines ask the autoencoder for its dtype and device, which diffusers reads from its tensors.
        self.register_buffer("place", torch.zeros(1))

    def encode(self, pictures: torch.Tensor, return_dict: bool = True) -> Encoded | tuple[Certain]:
        """Pictures to latents, as a distribution that has one value."""
        found = Certain(torch.nn.functional.pixel_unshuffle(pictures, self.factor))
        return Encoded(found) if return_dict else (found,)

    def decode(
        self,
        latents: torch.Tensor,
        return_dict: bool = True,
        generator: torch.Generator | None = None,  # noqa: ARG002
    ) -> DecoderOutput | tuple[torch.Tensor]:
        """Latents to pictures."""
        pictures = torch.nn.functional.pixel_shuffle(latents, self.factor)
        return DecoderOutput(sample=pictures) if return_dict else (pictures,)
