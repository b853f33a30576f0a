"""Where a model runs, at what precision, and how it fits into the memory there."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import Code, SettingsError


@dataclass(frozen=True)
class Needs:
    """Bytes of a model on its device: all weights together, its largest stage alone, and one decoding by the VAE."""

    weights: int
    largest_stage: int
    vae: int
    decoding: int


@dataclass(frozen=True)
class Plan:
    """How a model is fitted into memory.

    offload: keep each part in main memory and bring it to the device while it works. tile: decode and encode in tiles.
    notices: what the user is told about it.
    """

    offload: bool = False
    tile: bool = False
    notices: tuple[str, ...] = ()


def choose_device(setting: str) -> str:
    """`cuda`, `mps` or `cpu`: what is set, or for `auto` the fastest there is. Raises SettingsError if it is not."""
    import torch

    present = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if setting == "auto":
        return next(device for device, here in present.items() if here)
    if not present[setting]:
        raise SettingsError(
            Code.BAD_SETTINGS, f"PyTorch finds no '{setting}' on this computer: set the device to 'auto' or 'cpu'"
        )
    return setting


def choose_precision(setting: str, device: str) -> str:
    """The name of a torch dtype: what is set, or for `auto` the fastest that the device computes natively."""
    if setting != "auto":
        return setting
    if device != "cpu":
        return "float16"
    return "bfloat16" if _cpu_computes_bfloat16() else "float32"


def free_memory(device: str) -> int:
    """Bytes that can still be taken on `device`."""
    import psutil  # type: ignore[import-untyped]
    import torch

    if device == "cuda":
        # What PyTorch has reserved but does not use is free for it as well.
        unused = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return torch.cuda.mem_get_info()[0] + unused
    if device == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return int(psutil.virtual_memory().available)


def make_plan(device: str, room: int, needs: Needs) -> Plan:
    """Decides what a model with `needs` has to do without, on a `device` with `room` bytes for it, all in all."""
    offload = device != "cpu" and needs.weights + needs.decoding > room and needs.largest_stage < needs.weights
    tile = (needs.vae if offload else needs.weights) + needs.decoding > room and needs.decoding > 0
    notices = []
    if offload:
        notices.append(
            f"The model needs {_gb(needs.weights)} and {_gb(room)} are free on {device}: its parts take turns there, "
            "which is slower"
        )
    if tile:
        notices.append(
            f"Decoding a picture needs {_gb(needs.decoding)} and memory is short: it is done in tiles, which may show "
            "faint seams; close other programs or render smaller to avoid it"
        )
    return Plan(offload, tile, tuple(notices))


def _cpu_computes_bfloat16() -> bool:
    # Without these instructions bfloat16 is emulated, several times slower than float32.
    import torch

    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in ("avx512_bf16", "amx_bf16", "arm_bf16"))


def _gb(size: int) -> str:
    return f"{size / 1e9:.1f} GB"
