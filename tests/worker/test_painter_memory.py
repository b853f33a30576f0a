"""What painting does with a device: how it saves memory, in which numbers it counts, and what it says of both."""

from collections.abc import Callable
from typing import Any, ClassVar

import pytest
import torch
from flowbrush.backend.errors import BackendError, Cancelled, Code, ModelError
from flowbrush.backend.models.device import Plan
from flowbrush.backend.painters import diffusion, lending
from flowbrush.backend.painters.diffusion import DiffusionPainter
from painting import DEPTH, SIZE, difference, never, request, warn_never


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
