"""The denoising loop of Stable Diffusion models with ControlNets, over diffusers' models and schedulers."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from ..errors import Cancelled
from ..take import MAX_CONTROLS

if TYPE_CHECKING:
    import torch
    from diffusers import ControlNetModel, UNet2DConditionModel


@dataclass(frozen=True)
class Text:
    """An encoded prompt.

    embeddings: (N, tokens, width), N = 2 with guidance (negative prompt first), else 1. pooled: (N, width) for XL.
    reference: (N, 1, …), what an IP-Adapter takes of the reference picture.
    """

    embeddings: torch.Tensor
    pooled: torch.Tensor | None = None
    reference: torch.Tensor | None = None


@dataclass(frozen=True)
class Prompt:
    """An encoded prompt at work. weight: (1, 1, h, w), its share of each latent's prediction; None: all of it."""

    text: Text
    weight: torch.Tensor | None = None


@dataclass(frozen=True)
class Control:
    """A ControlNet at work.

    picture: (1, 3, H, W), 0..1. start, end: the part of the steps in which it acts, 0 to 1. kind: the number under
    which a union ControlNet takes the picture, which takes all of its pictures at once; None for any other.
    """

    model: ControlNetModel
    picture: torch.Tensor
    scale: float
    start: float
    end: float
    kind: int | None = None

    def acts(self, step: int, steps: int) -> bool:
        """Whether it acts in step `step` of `steps`, by the rule of diffusers' pipelines."""
        return self.scale > 0 and step / steps >= self.start and (step + 1) / steps <= self.end


@dataclass(frozen=True)
class Course:
    """What the denoising of one picture goes through.

    latents: (1, C, h, w) at the noise level of `timesteps[0]`. prompts: one pass of UNet and ControlNets for each.
    time_ids: (N, 6) sizes and crop for XL. beside: (1, C + 1, h, w), mask and masked latents for an inpainting UNet.
    keep_known(latents, step) puts back what is not to be painted after each step. guidance: classifier-free guidance
    scale, for prompts that are encoded for it.
    """

    scheduler: Any
    timesteps: torch.Tensor
    latents: torch.Tensor
    prompts: Sequence[Prompt]
    controls: Sequence[Control]
    time_ids: torch.Tensor | None
    beside: torch.Tensor | None
    generator: torch.Generator
    keep_known: Callable[[torch.Tensor, int], torch.Tensor]
    guidance: float


# attention(left, text): what surrounds each pass of the UNet, with how many steps left, itself counted, and which text.
Attention = Callable[[int, Text], AbstractContextManager[None]]


def by_itself(left: int, text: Text) -> AbstractContextManager[None]:  # noqa: ARG001
    """The Attention of a picture that looks at no other."""
    return nullcontext()


def steps_taken(steps: int, strength: float) -> int:
    """How many of `steps` steps img2img takes at `strength`: rounded down."""
    return min(int(steps * strength + 1e-6), steps)  # 0.29 * 100 is 28.999…


def remaining_timesteps(scheduler: Any, steps: int, strength: float) -> torch.Tensor:
    """The last `strength` part of `steps` timesteps, with which img2img starts from a picture."""
    taken = steps_taken(steps, strength)
    first = (steps - taken) * scheduler.order
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(first)
    return scheduler.timesteps[first:] if taken else scheduler.timesteps[:0]


def denoise(
    unet: UNet2DConditionModel,
    course: Course,
    guidance_input: torch.Tensor | None,
    cancelled: Callable[[], bool],
    attention: Attention = by_itself,
) -> Iterator[torch.Tensor]:
    """The latents (1, C, h, w) after each step; the last are clean.

    The predictions for all prompts, each guided by itself, are added up by the prompts' weights. That is MultiDiffusion
    (Bar-Tal et al. 2023) with all its views as large as the picture; averaging predictions instead of stepped latents
    is the same for steps that are linear in them, and leaves the schedulers that look back one history.
    guidance_input: (1, width) for models that take guidance as an input. Raises Cancelled, between two passes.
    """
    import torch

    scheduler, timesteps, latents = course.scheduler, course.timesteps, course.latents
    step_options = _step_options(scheduler, course.generator)
    copies = course.prompts[0].text.embeddings.shape[0]
    for step, timestep in enumerate(timesteps):
        sample = scheduler.scale_model_input(latents.repeat(copies, 1, 1, 1), timestep)
        sample = sample.contiguous(memory_format=torch.channels_last)
        acting = [control for control in course.controls if control.acts(step, len(timesteps))]
        predicted = None
        for prompt in course.prompts:
            with attention(len(timesteps) - step, prompt.text):
                if cancelled():
                    raise Cancelled()
                one = _predicted(
                    unet, sample, timestep, prompt.text, acting, course.time_ids, guidance_input, course.beside
                )
            if copies == 2:
                without, with_prompt = one.chunk(2)
                one = without + course.guidance * (with_prompt - without)
            if prompt.weight is not None:
                one = prompt.weight * one
            predicted = one if predicted is None else predicted + one
        latents = scheduler.step(predicted, timestep, latents, **step_options, return_dict=False)[0]
        latents = course.keep_known(latents, step)
        yield latents


def _predicted(
    unet: UNet2DConditionModel,
    sample: torch.Tensor,
    timestep: torch.Tensor,
    text: Text,
    controls: Sequence[Control],
    time_ids: torch.Tensor | None,
    guidance_input: torch.Tensor | None,
    beside: torch.Tensor | None,
) -> torch.Tensor:
    """What the UNet predicts of `sample` (N, C, h, w) for one prompt, before guidance."""
    import torch

    added: dict[str, Any] = {} if text.pooled is None else {"text_embeds": text.pooled, "time_ids": time_ids}
    if text.reference is not None:
        added["image_embeds"] = [text.reference]
    down, middle = _control_residuals(controls, sample, timestep, text, added)
    if beside is not None:
        sample = torch.cat([sample, beside.repeat(len(sample), 1, 1, 1)], dim=1)
    predicted: torch.Tensor = unet(
        sample,
        timestep,
        encoder_hidden_states=text.embeddings,
        timestep_cond=guidance_input,
        added_cond_kwargs=added,
        down_block_additional_residuals=down,
        mid_block_additional_residual=middle,
        return_dict=False,
    )[0]
    return predicted


def uses_guidance(unet: UNet2DConditionModel, guidance: float) -> bool:
    """Whether the unconditional half is computed: not for guidance 1, nor for models that take guidance as an input."""
    return guidance > 1 and unet.config.time_cond_proj_dim is None


@contextmanager
def pictures_embedded_once(networks: Iterable[ControlNetModel]) -> Iterator[None]:
    """A ControlNet embeds its picture, at full resolution, anew in every step; here only in the first.

    That of the picture which is painted, and that of one which it looks at.
    """
    embeddings = [network.controlnet_cond_embedding for network in dict.fromkeys(networks)]
    for embedding in embeddings:
        embedding.forward = lru_cache(maxsize=2 * MAX_CONTROLS)(embedding.forward)
    try:
        yield
    finally:
        for embedding in embeddings:
            del embedding.forward  # the class's own again


def _control_residuals(
    controls: Sequence[Control], sample: torch.Tensor, timestep: torch.Tensor, text: Text, added: dict[str, Any]
) -> tuple[tuple[torch.Tensor, ...] | None, torch.Tensor | None]:
    """What the ControlNets add to the UNet's down blocks and middle block; None where none acts."""
    down: list[torch.Tensor] | None = None
    middle = None
    for network, pictures in _passes(controls, len(sample)):
        its_down, its_middle = network(
            sample,
            timestep,
            encoder_hidden_states=text.embeddings,
            added_cond_kwargs=added,
            return_dict=False,
            **pictures,
        )
        down = list(its_down) if down is None else [a + b for a, b in zip(down, its_down, strict=True)]
        middle = its_middle if middle is None else middle + its_middle
    return None if down is None else tuple(down), middle


def _passes(controls: Sequence[Control], copies: int) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Each ControlNet to be computed, with its pictures as arguments; a union ControlNet once for all that it takes."""
    import torch

    of_unions: dict[Any, list[Control]] = {}
    for control in controls:
        if control.kind is None:
            yield control.model, {"controlnet_cond": control.picture, "conditioning_scale": control.scale}
        else:
            of_unions.setdefault(control.model, []).append(control)
    for union, taken in of_unions.items():
        kinds = [control.kind for control in taken]
        present = torch.zeros(copies, union.config.num_control_type, device=taken[0].picture.device)
        present[:, kinds] = 1
        yield (
            union,
            {
                "controlnet_cond": [control.picture for control in taken],
                "conditioning_scale": [control.scale for control in taken],
                "control_type": present.to(taken[0].picture.dtype),
                "control_type_idx": kinds,
            },
        )


def _step_options(scheduler: Any, generator: torch.Generator) -> dict[str, Any]:
    """Some schedulers draw noise in each step; it comes from the request's seed too."""
    return {"generator": generator} if "generator" in inspect.signature(scheduler.step).parameters else {}
