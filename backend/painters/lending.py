"""Fits a model into the memory of its device: its parts can take turns there, and pictures be decoded in tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..errors import BackendError, Code
from ..models.device import Needs, Plan, free_memory, make_plan
from ..models.loading import Models

if TYPE_CHECKING:
    import torch

# Values per pixel that the decoder of Stable Diffusion's VAE holds at once: 768 measured, and room to work.
DECODER_VALUES = 1000


class Lender:
    """Brings the parts of `models` to `device` while they work."""

    def __init__(self, models: Models, device: str) -> None:
        self._models = models
        self._device = device
        self._plan: Plan | None = None

    def make_room(self, shape: tuple[int, ...], warn: Callable[[str], None]) -> None:
        """Decides once, from the first picture's `shape` (H, W, …), what is done to save memory, and warns of it."""
        if self._plan is not None:
            return
        import torch

        pipeline: Any = self._models.pipeline
        if self._models.xl and pipeline.vae.config.force_upcast and pipeline.vae.dtype == torch.float16:
            pipeline.vae.to(torch.float32)  # its activations overflow in float16
        room = free_memory(self._device) + sum(_bytes(part, self._device) for part in _parts(self._models))
        self._plan = make_plan(self._device, room, needs_of(self._models, shape))
        for notice in self._plan.notices:
            warn(notice)
        if self._plan.tile:
            pipeline.vae.enable_tiling()
        elif hasattr(pipeline.vae, "disable_tiling"):
            pipeline.vae.disable_tiling()

    @contextmanager
    def lent(self, *modules: Any) -> Iterator[None]:
        """The modules on the device; afterwards back in main memory where the plan has them take turns."""
        for module in modules:
            module.to(self._device)
        try:
            yield
        finally:
            if self._plan is not None and self._plan.offload:
                for module in modules:
                    module.to("cpu")


def needs_of(models: Models, shape: tuple[int, ...]) -> Needs:
    """What the model needs to paint a picture of `shape` (H, W, …)."""
    pipeline: Any = models.pipeline
    vae = pipeline.vae
    text = max(
        sum(_bytes(encoder) for encoder in of_one_kind)
        for of_one_kind in (_text_encoders(models), _image_encoders(models))
    )
    loop = _bytes(pipeline.unet) + sum(_bytes(controlnet) for controlnet in dict.fromkeys(models.controlnets))
    weights = sum(_bytes(part) for part in _parts(models))
    tiles = hasattr(vae, "enable_tiling")
    decoding = shape[0] * shape[1] * DECODER_VALUES * vae.dtype.itemsize if tiles else 0
    return Needs(weights, largest_stage=max(text, loop, _bytes(vae)), vae=_bytes(vae), decoding=decoding)


@contextmanager
def memory_explained() -> Iterator[None]:
    """Turns every way in which PyTorch runs out of memory into one BackendError with advice."""
    import torch

    try:
        yield
    except (RuntimeError, MemoryError) as error:
        exhausted = isinstance(error, MemoryError | torch.OutOfMemoryError)
        if not exhausted and not any(sign in str(error) for sign in ("out of memory", "can't allocate memory")):
            raise
        if torch.cuda.is_available():
            torch.cuda.empty_cache()
        raise BackendError(
            Code.OUT_OF_MEMORY,
            "The model and the picture do not fit into memory: render smaller, use fewer ControlNets, a lower "
            "precision or a smaller model, or close other programs",
        ) from error


def _text_encoders(models: Models) -> list[Any]:
    pipeline: Any = models.pipeline
    return [pipeline.text_encoder, pipeline.text_encoder_2] if models.xl else [pipeline.text_encoder]


def _image_encoders(models: Models) -> list[Any]:
    return [] if models.image_encoder is None else [models.image_encoder]


def _parts(models: Models) -> list[Any]:
    pipeline: Any = models.pipeline
    return [
        *_text_encoders(models),
        pipeline.unet,
        pipeline.vae,
        *dict.fromkeys(models.controlnets),
        *_image_encoders(models),
    ]


def _bytes(module: torch.nn.Module, device: str = "") -> int:
    """Of its weights, or of those that lie on `device`."""
    weights = [weight for weight in module.parameters() if device in ("", weight.device.type)]
    return sum(weight.numel() * weight.element_size() for weight in weights)
