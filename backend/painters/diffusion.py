"""Paints with Stable Diffusion 1, 2 and XL models and any number of ControlNets, on this machine.

The denoising loop is Flowbrush's own, over diffusers' models and schedulers, because it needs what the pipelines of
diffusers do not give: masks for any number of latent channels, ControlNets left out where they do not act, an end
within one step when it is cancelled. Without a mask it computes what those pipelines compute; a test compares them.
"""

from __future__ import annotations

import functools
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import Cancelled, Code, ModelError
from ..models.additions import notices
from ..models.choice import ModelChoice
from ..models.device import choose_device, choose_precision
from ..models.loading import load
from ..models.reference import embedded, read_picture, set_scale
from ..take import TakeSettings
from ..words import Words
from .denoising import (
    Attention,
    Control,
    Course,
    Prompt,
    Text,
    by_itself,
    denoise,
    pictures_embedded_once,
    remaining_timesteps,
    steps_taken,
    uses_guidance,
)
from .latents import decode, encode, holes, noise_for, shares_of_cells, to_tensor
from .lending import Lender, memory_explained
from .painter import LatentGrid, PaintRequest
from .prompts import Mixture, mixture
from .region import Region, around, padded, whole
from .schedulers import make_scheduler
from .shared_attention import SharedAttention, self_attention
from .texts import check_clip_skip, encoded, encoded_negative

if TYPE_CHECKING:
    import torch

PROMPTS_KEPT = 64


class DiffusionPainter:
    """A Painter on diffusers. `warn` gets a sentence for the user, once, when something is not done as asked.

    Prompts are encoded once and the model stays in memory between requests. Raises ModelError and SettingsError when
    it is made; BackendError (OUT_OF_MEMORY), ModelError and Cancelled when it paints.
    """

    def __init__(self, model: ModelChoice, settings: TakeSettings, warn: Callable[[str], None]) -> None:
        import torch

        torch.backends.cudnn.deterministic = True  # else it may add in another order the next time
        self._model = model
        self._settings = settings
        self._warn = functools.lru_cache(maxsize=None)(warn)
        self._conditions = model.conditions
        self._device = choose_device(settings.device)
        self._words = Words.of_model(model.base.path)
        if self._words and (notice := self._words.notice(model.base.path.name, *settings.prompts)):
            self._warn(notice)
        with memory_explained():
            self._models = load(model, choose_precision(settings.precision, self._device))
        for notice in (*notices(settings), *self._models.notices):
            self._warn(notice)
        self._pipeline: Any = self._models.pipeline
        self._picture = read_picture(model.picture.path) if model.picture else None
        check_clip_skip(self._pipeline, settings.clip_skip)
        self._unet, self._vae = self._pipeline.unet, self._pipeline.vae
        set_scale(self._unet, settings.reference_scale)
        self._attends = bool(self_attention(self._unet))
        if settings.shared_attention and not self._attends:
            self._warn(
                f"The UNet of {model.base.path.name} has no self-attention to share: no frame looks at the first"
            )
        self._cell = int(self._pipeline.vae_scale_factor)  # pixels of a latent's side
        self._multiple = self._cell * 2 ** (len(self._unet.config.block_out_channels) - 1)
        self._encoded = functools.lru_cache(maxsize=PROMPTS_KEPT)(self._encode_prompts)
        self._lender = Lender(self._models, self._device)

    @property
    def grid(self) -> LatentGrid:
        """See Painter."""
        return LatentGrid(self._cell, self._models.latent_channels)

    def paint(self, request: PaintRequest, cancelled: Callable[[], bool]) -> np.ndarray:
        """See Painter."""
        import torch

        mask = request.mask
        if mask is not None and not mask.any():
            return request.initial.copy()
        initial = padded(request.initial, self._multiple)
        region = whole(initial.shape)
        if mask is not None and self._settings.crop_to_mask:
            region = around(padded(mask, self._multiple), self._multiple, self._native_size())
        result = initial.copy()
        self._models.additions.wear(self._model)  # another painter of the same model may have others
        weights = tuple(lora.weight for lora in self._settings.loras)
        self._models.additions.weigh(weights if request.lora_weights is None else request.lora_weights)
        with memory_explained(), torch.inference_mode():
            self._lender.make_room(initial.shape, self._warn)
            result[region.at()] = self._painted(request, initial, region, cancelled)
        result = result[: request.initial.shape[0], : request.initial.shape[1]]
        if mask is None:
            return np.ascontiguousarray(result)
        return request.initial * (1 - mask[:, :, None]) + result * mask[:, :, None]

    def close(self) -> None:
        """See Painter. The model stays with `models.loading` for the next painter, until `forget` there."""
        self._encoded.cache_clear()

    def _painted(
        self, request: PaintRequest, initial: np.ndarray, region: Region, cancelled: Callable[[], bool]
    ) -> np.ndarray:
        """`region` of the padded picture `initial`, painted: (height, width, 3)."""
        import torch

        course = self._course(request, initial, region, cancelled)
        if course is None:
            return initial[region.at()]
        anchor = self._anchor(request, cancelled)
        undrawn = course.generator.get_state()
        networks = [control.model for control in course.controls]
        with self._lender.lent(self._unet, *networks), pictures_embedded_once(networks):
            attention = by_itself
            if anchor is not None:
                attention = SharedAttention(
                    self._unet, lambda keeping: self._denoised(anchor, cancelled, keeping)
                ).looking
            latents = deque(self._denoised(course, cancelled, attention), maxlen=1)[0]
        if request.noise is not None and not torch.equal(course.generator.get_state(), undrawn):
            self._warn(
                f"{type(course.scheduler).__name__} draws noise in every step, and that does not stay on the surfaces: "
                "choose another scheduler for noise that does"
            )
        if cancelled():
            raise Cancelled()
        with self._lender.lent(self._vae):
            painted = decode(self._vae, latents)
        if not np.isfinite(painted).all():
            dtype = str(self._unet.dtype).removeprefix("torch.")
            raise ModelError(Code.BAD_MODEL, f"The model's numbers overflow at precision {dtype}: set it to float32")
        return painted

    def _denoised(self, course: Course, cancelled: Callable[[], bool], attention: Attention) -> Iterator[torch.Tensor]:
        return denoise(self._unet, course, self._guidance_input(course.guidance), cancelled, attention)

    def _anchor(self, request: PaintRequest, cancelled: Callable[[], bool]) -> Course | None:
        """What the picture goes through that `request` looks at; None where that is none, or has no paint."""
        anchor = request.anchor
        if anchor is None or not self._attends or (anchor.mask is not None and not anchor.mask.any()):
            return None
        initial = padded(anchor.initial, self._multiple)
        return self._course(anchor, initial, whole(initial.shape), cancelled)

    def _course(
        self, request: PaintRequest, initial: np.ndarray, region: Region, cancelled: Callable[[], bool]
    ) -> Course | None:
        """What painting `region` of the padded picture `initial` goes through; None where its strength is no step."""
        settings, device, dtype = self._settings, self._device, self._unet.dtype
        cells = None if request.mask is None else holes(self._cut(request.mask, region), self._cell)
        asked = mixture(
            request, [shares_of_cells(self._cut(one.mask, region), self._cell) for one in request.regions], cells
        )
        for strength in asked.strengths:
            if not steps_taken(settings.steps, strength):
                self._warn(
                    f"Strength {strength:g} of {settings.steps} steps is less than one step: what should be painted so "
                    "stays as it is; use more steps or more strength"
                )
        scheduler: Any = make_scheduler(settings.scheduler, self._pipeline.scheduler)
        scheduler.set_timesteps(settings.steps, device=device)
        timesteps = remaining_timesteps(scheduler, settings.steps, asked.strengths[-1])
        if not len(timesteps):
            return None
        if cancelled():
            raise Cancelled()
        texts = [
            self._encoded(share.prompt, share.negative_prompt, self._models.additions.weights) for share in asked.shares
        ]
        picture = to_tensor(initial[region.at()], device)
        hole = None if cells is None else self._tensor(cells[:, :, None])
        with self._lender.lent(self._vae):
            known = encode(self._vae, picture).to(dtype)
            beside = self._beside(picture, hole).to(dtype) if self._models.inpaints else None
        noise, generator = self._noise(initial.shape, region, request)
        noise = noise.to(device, dtype)
        free = self._free(asked, len(timesteps), None if self._models.inpaints else hole)

        def keep_known(latents: torch.Tensor, step: int) -> torch.Tensor:
            painted = free(step)
            if painted is None:
                return latents
            following = timesteps[step + 1 : step + 2]
            there = scheduler.add_noise(known, noise, following) if len(following) else known
            return painted * latents + (1 - painted) * there

        return Course(
            scheduler=scheduler,
            timesteps=timesteps,
            latents=scheduler.add_noise(known, noise, timesteps[:1]),
            prompts=[
                Prompt(text, None if share.weight is None else self._tensor(share.weight[:, :, None]))
                for text, share in zip(texts, asked.shares, strict=True)
            ],
            controls=self._controls(request, region),
            time_ids=self._time_ids(initial.shape, region, texts[0]),
            beside=beside,
            generator=generator,
            keep_known=keep_known,
            guidance=settings.guidance if request.guidance is None else request.guidance,
        )

    def _native_size(self) -> int:
        """Side in pixels of the pictures that the model was trained on."""
        size = self._unet.config.sample_size or 64
        return int(size if isinstance(size, int) else max(size)) * self._cell

    def _noise(
        self, shape: tuple[int, ...], region: Region, request: PaintRequest
    ) -> tuple[torch.Tensor, torch.Generator]:
        import torch

        # Drawn for the whole picture and then cut, so that a crop starts from the noise that the picture has there.
        height, width = shape[0] // self._cell, shape[1] // self._cell
        noise, generator = noise_for((1, self._models.latent_channels, height, width), request.seed)
        if request.noise is not None:
            given = torch.from_numpy(request.noise)
            there = noise[0, :, : given.shape[1], : given.shape[2]]
            there.copy_(torch.where(given.isnan(), there, given))
        return noise[(..., *region.at(self._cell))], generator

    def _free(self, asked: Mixture, steps: int, hole: torch.Tensor | None) -> Callable[[int], torch.Tensor | None]:
        """free(step): (1, 1, h, w), 1 where latents stay as `step`, of `steps`, left them; None: everywhere.

        hole: (1, 1, h, w), 1 where anything is painted at all. A cell of less strength than others joins in later: till
        then it is the picture with the noise of that step, as in differential diffusion (Levin and Fried 2023).
        """
        begins = None
        if asked.cell_strengths is not None:
            taken = np.floor(asked.cell_strengths * self._settings.steps + 1e-6)
            begins = to_tensor((steps - taken)[:, :, None], self._device)

        def free(step: int) -> torch.Tensor | None:
            if begins is None:
                return hole
            begun = (begins <= step).to(self._unet.dtype)
            return begun if hole is None else hole * begun

        return free

    def _cut(self, picture: np.ndarray, region: Region) -> np.ndarray:
        return padded(picture, self._multiple)[region.at()]

    def _tensor(self, picture: np.ndarray) -> torch.Tensor:
        return to_tensor(picture, self._device).to(self._unet.dtype)

    def _beside(self, picture: torch.Tensor, hole: torch.Tensor | None) -> torch.Tensor:
        """Mask and latents of the picture without what is painted, the further input of an inpainting UNet."""
        import torch

        if hole is None:
            hole = torch.ones_like(picture[:, :1, :: self._cell, :: self._cell])
        pixels = hole.repeat_interleave(self._cell, 2).repeat_interleave(self._cell, 3)
        grey = 0.5  # 0 after scaling to -1..1, as in training
        return torch.cat([hole, encode(self._vae, torch.where(pixels > 0, grey, picture))], dim=1)

    def _controls(self, request: PaintRequest, region: Region) -> list[Control]:
        controls = self._settings.controls
        scales = tuple(control.scale for control in controls) if request.scales is None else request.scales
        copies = 2 if self._guided else 1
        made = []
        for name, controlnet, kind, control, scale in zip(
            self._conditions, self._models.controlnets, self._models.control_kinds, controls, scales, strict=True
        ):
            if scale == 0:
                continue
            picture = self._tensor(self._cut(request.conditions[name], region))
            if kind is not None:  # a union ControlNet compares its pictures with the latents
                picture = picture.expand(copies, -1, -1, -1)
            made.append(Control(controlnet, picture, scale, control.start, control.end, kind))
        return made

    def _encode_prompts(self, prompt: str, negative_prompt: str, _weights: tuple[float, ...]) -> Text:
        """The prompts encoded; `_weights` are those of the LoRAs, which change the text encoders as well."""
        import torch

        if self._words:
            prompt, negative_prompt = self._words.understood(prompt), self._words.understood(negative_prompt)
        additions = self._models.additions
        prompt, negative_prompt = additions.understood(prompt), additions.understood(negative_prompt)
        self._check_length(prompt)
        encoders = [self._pipeline.text_encoder] + ([self._pipeline.text_encoder_2] if self._models.xl else [])
        skip = self._settings.clip_skip
        with self._lender.lent(*encoders):
            texts = encoded(self._pipeline, prompt, self._device, skip)
            if self._guided:
                negative = encoded_negative(self._pipeline, negative_prompt, self._device, skip, texts)
                texts = tuple(torch.cat(both) for both in zip(negative, texts, strict=True))
        embeddings, *pooled = (text.to(self._unet.dtype) for text in texts)
        return Text(embeddings, pooled[0] if pooled else None, self._reference)

    @property
    def _guided(self) -> bool:
        """The same for all pictures: one that looks at another has as many halves."""
        return uses_guidance(self._unet, self._settings.most("guidance"))

    @functools.cached_property
    def _reference(self) -> torch.Tensor | None:
        """What the IP-Adapter takes of the reference picture."""
        if self._picture is None:
            return None
        encoder = self._models.image_encoder
        with self._lender.lent(encoder):
            return embedded(encoder, self._unet, self._picture, self._guided).to(self._device, self._unet.dtype)

    def _check_length(self, prompt: str) -> None:
        tokenizer = self._pipeline.tokenizer
        tokens = len(tokenizer(prompt, truncation=False, verbose=False).input_ids)
        if tokens > tokenizer.model_max_length:
            self._warn(
                f"The prompt has {tokens - 2} word pieces and the model reads {tokenizer.model_max_length - 2}: "
                "its end is not read; shorten it"
            )

    def _guidance_input(self, guidance: float) -> torch.Tensor | None:
        """Guidance as latent consistency models take it; None for all others."""
        import torch

        width = self._unet.config.time_cond_proj_dim
        if width is None:
            return None
        scale = torch.tensor([guidance - 1.0])
        return self._pipeline.get_guidance_scale_embedding(scale, width).to(self._device, self._unet.dtype)

    def _time_ids(self, shape: tuple[int, ...], region: Region, text: Text) -> torch.Tensor | None:
        """Picture size, corner of the crop and size of the crop, as XL models were trained to read them."""
        if text.pooled is None:
            return None
        numbers = [shape[0], shape[1], region.top, region.left, region.height, region.width]
        return text.pooled.new_tensor(numbers).repeat(text.pooled.shape[0], 1)
