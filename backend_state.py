"""What the panels show of the backend before there is one: its folder's state, and what would be set up here.

Looks at a small file now and then; the machine is asked in a thread, since a driver may take seconds to answer.
"""

import threading
import time
from dataclasses import dataclass

import bpy

from . import preferences
from .backend.installing import marker
from .backend.installing.disk import MB, in_words
from .backend.installing.machine import look
from .backend.installing.variants import VARIANTS, Machine, choose, possible

LICENCES = (
    ("PyTorch, SciPy, NumPy", "BSD-3-Clause"),
    ("diffusers, transformers", "Apache-2.0"),
    ("OpenCV", "Apache-2.0"),
    ("OpenEXR", "BSD-3-Clause"),
    ("PyAV with FFmpeg", "BSD-3-Clause, GPL-2.0-or-later"),
    ("NVIDIA CUDA libraries", "NVIDIA's own licence"),
    ("uv, which installs them", "MIT or Apache-2.0"),
)
_STALE = 0.5  # seconds after which the folder is looked at again

_seen: tuple[float, str, marker.State] = (0.0, "", marker.State.MISSING)
_machine: Machine | None = None
_thread: threading.Thread | None = None


@dataclass(frozen=True)
class Offer:
    """What would be set up: the variant's name (empty where none fits), why, what it needs, and how large it is."""

    variant: str
    title: str
    reason: str
    needs: str
    size: str


def state() -> marker.State:
    """What there is in the folder of Flowbrush's own environment."""
    global _seen
    folder = preferences.own_environment()
    when, where, _state = _seen
    if where != str(folder) or time.monotonic() - when > _STALE:
        _seen = (time.monotonic(), str(folder), marker.state(folder))
    return _seen[2]


def is_set_up() -> bool:
    """Whether the tab can be worked with: there is an environment, or the user has chosen a Python of their own."""
    return bool(preferences.get().backend_python) or state() is marker.State.READY


def size_on_disk() -> str:
    """What the environment takes, in words; empty where that is not known."""
    known = marker.read(preferences.own_environment())
    return in_words(known.size) if known is not None and known.size else ""


def possible_variants() -> tuple[str, ...]:
    """The variants that can be chosen on this machine, as far as is known yet."""
    return possible(_machine) if _machine else tuple(VARIANTS)


def offer() -> Offer | None:
    """What would be set up on this machine; None while it is looked at."""
    machine = _look()
    chosen = preferences.get().variant
    if machine is None:
        return None
    choice = choose(machine)
    name = choice.variant if chosen == "AUTO" else chosen
    variant = VARIANTS.get(name)
    if variant is None or name not in possible(machine):
        reason = (
            choice.reason if variant is None else f"There is no build of PyTorch for {variant.title} on this machine"
        )
        return Offer("", variant.title if variant else "", reason, "", "")
    size = variant.sizes[machine.system]
    about = "" if size.measured else ", as far as can be estimated"
    sizes = f"{in_words(size.download * MB)} to download, {in_words(size.disk * MB)} on the disk{about}"
    reason = choice.reason if chosen == "AUTO" or name == choice.variant else "You have chosen this"
    return Offer(name, variant.title, reason, variant.needs, sizes)


def unregister() -> None:
    """Lets go of the timer, if one waits."""
    if bpy.app.timers.is_registered(_redraw_when_known):
        bpy.app.timers.unregister(_redraw_when_known)


def _look() -> Machine | None:
    global _thread
    if _thread is None:
        _thread = threading.Thread(target=_ask, daemon=True)
        _thread.start()
        bpy.app.timers.register(_redraw_when_known, first_interval=0.2)
    return _machine


def _ask() -> None:
    global _machine
    _machine = look()


def _redraw_when_known() -> float | None:
    if _machine is None:
        return 0.2
    for window in bpy.context.window_manager.windows:
        for area in window.screen.areas:
            if area.type in {"VIEW_3D", "PREFERENCES"}:
                area.tag_redraw()
    return None
