"""Lets a picture look at another one while both are denoised, so that it gets the same hand.

In every self-attention layer the keys and values of the other picture, the anchor, at the same step stand beside the
picture's own: the extended self-attention of video editing (Geyer et al., TokenFlow, 2023; with the anchor's alone:
Khachatryan et al., Text2Video-Zero, 2023). The anchor itself looks at nothing else and is denoised as it ever is. It is
computed anew each time, so a take that goes on gets the bytes of one that was never interrupted.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from diffusers import UNet2DConditionModel

    from .denoising import Attention, Text


def self_attention(unet: UNet2DConditionModel) -> list[torch.nn.Module]:
    """The layers of a UNet in which a picture attends to itself; a convolutional one has none."""
    from diffusers.models.attention import BasicTransformerBlock

    blocks = [module for module in unet.modules() if isinstance(module, BasicTransformerBlock)]
    return [block.attn1 for block in blocks if not block.only_cross_attention]


class SharedAttention:
    """The anchor's denoising, kept at the step of the picture that looks at it.

    denoise_anchor(attention) denoises the anchor, step by step as it is iterated over, through `attention`. An anchor
    that is painted with less strength joins in later; one with more is ahead at first.
    """

    def __init__(self, unet: UNet2DConditionModel, denoise_anchor: Callable[[Attention], Iterator[Any]]) -> None:
        self._layers = self_attention(unet)
        self._steps = denoise_anchor(self._keeping)
        self._left: int | None = None  # steps that the anchor had left when its tokens were kept
        self._kept: dict[int, dict[Any, torch.Tensor]] = {}  # by prompt and layer

    @contextmanager
    def looking(self, left: int, text: Text) -> Iterator[None]:
        """Inside, the UNet sees the anchor as it is with `left` steps left; by a prompt that the anchor has too."""
        import torch

        while self._left is None or self._left > left:
            next(self._steps)
        anchor = self._kept.get(id(text), {}) if self._left == left else {}

        def look(layer: Any, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
            if layer not in anchor:
                return {}
            return {"encoder_hidden_states": torch.cat([tokens, anchor[layer]], dim=1)}

        with self._hooked(look):
            yield

    @contextmanager
    def _keeping(self, left: int, text: Text) -> Iterator[None]:
        if left != self._left:
            self._left, self._kept = left, {}
        kept = self._kept.setdefault(id(text), {})

        def keep(layer: Any, tokens: torch.Tensor) -> dict[str, torch.Tensor]:
            kept[layer] = tokens
            return {}

        with self._hooked(keep):
            yield

    @contextmanager
    def _hooked(self, changes: Callable[[Any, torch.Tensor], dict[str, torch.Tensor]]) -> Iterator[None]:
        """Inside, the layers get `changes`(layer, tokens) as further arguments."""

        def hook(layer: Any, arguments: tuple[Any, ...], options: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
            return arguments, {**options, **changes(layer, arguments[0])}

        hooks = [layer.register_forward_pre_hook(hook, with_kwargs=True) for layer in self._layers]
        try:
            yield
        finally:
            for one in hooks:
                one.remove()
