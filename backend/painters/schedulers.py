"""The denoising schedulers by the names that settings use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from diffusers import SchedulerMixin

_SCHEDULERS: dict[str, tuple[str, dict[str, Any]]] = {
    "ddim": ("DDIMScheduler", {}),
    "ddim_trailing": ("DDIMScheduler", {"timestep_spacing": "trailing"}),  # begins with nothing but noise in few steps
    "euler": ("EulerDiscreteScheduler", {}),
    "euler_a": ("EulerAncestralDiscreteScheduler", {}),
    "dpmpp_2m": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": False}),
    "dpmpp_2m_karras": ("DPMSolverMultistepScheduler", {"use_karras_sigmas": True}),
    "unipc": ("UniPCMultistepScheduler", {}),
    "lcm": ("LCMScheduler", {}),
}


def make_scheduler(name: str, own: SchedulerMixin) -> SchedulerMixin:
    """A fresh scheduler called `name` with the noise schedule of the model's `own`; '' is one of its own kind."""
    import diffusers

    if not name:
        return type(own).from_config(own.config)
    class_name, changes = _SCHEDULERS[name]
    return getattr(diffusers, class_name).from_config(own.config, **changes)
