"""Encodes prompts with the text encoders of a pipeline of diffusers, without the last layers of these if asked to."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import Code, SettingsError

if TYPE_CHECKING:
    import torch


def check_clip_skip(pipeline: Any, clip_skip: int) -> None:
    """Raises SettingsError where `clip_skip` layers left out leave none."""
    layers = int(pipeline.text_encoder.config.num_hidden_layers)
    if clip_skip >= layers:
        raise SettingsError(
            Code.BAD_SETTINGS,
            f"Clip skip {clip_skip} leaves nothing of the {layers} layers of the text encoder: lower it",
        )


def encoded(pipeline: Any, prompt: str, device: str, clip_skip: int) -> tuple[torch.Tensor, ...]:
    """The embeddings of a prompt (1, tokens, width), and for XL those of all of it (1, width).

    Positive or negative, both are encoded in the same way: the pipelines skip layers for the positive one only.
    """
    xl = hasattr(pipeline, "text_encoder_2")
    with _shortened(pipeline.text_encoder, 0 if xl else clip_skip):
        embeddings, _, *pooled = pipeline.encode_prompt(
            prompt=prompt,
            device=device,
            num_images_per_prompt=1,
            do_classifier_free_guidance=False,
            clip_skip=(clip_skip or None) if xl else None,
        )
    return (embeddings, *pooled[:1])


def encoded_negative(
    pipeline: Any, prompt: str, device: str, clip_skip: int, positive: tuple[torch.Tensor, ...]
) -> tuple[torch.Tensor, ...]:
    """As `encoded`; where there is no prompt XL models can want zeros. positive: what `encoded` gave of the other."""
    import torch

    if not prompt and pipeline.config.get("force_zeros_for_empty_prompt", False):
        return tuple(torch.zeros_like(text) for text in positive)
    return encoded(pipeline, prompt, device, clip_skip)


@contextmanager
def _shortened(encoder: Any, layers: int) -> Iterator[None]:
    """Inside, the text encoder does without its last `layers`; its norm stays.

    So does the pipeline of Stable Diffusion, but not that of diffusers 0.42 with transformers from 5.6 on.
    """
    text = getattr(encoder, "text_model", encoder).encoder
    whole = text.layers
    text.layers = whole[: len(whole) - layers]
    try:
        yield
    finally:
        text.layers = whole
