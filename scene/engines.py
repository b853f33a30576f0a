"""Which engine captures a scene: its own where that is Cycles or EEVEE, else Cycles."""

import ctypes
import sys

import bpy

from ..backend.errors import Code, SceneError
from . import compat

CYCLES = "CYCLES"
_SURFACELESS = 0x31DD  # EGL_PLATFORM_SURFACELESS_MESA
_EEVEES = frozenset({"BLENDER_EEVEE", "BLENDER_EEVEE_NEXT"})


def engine_for(scene: bpy.types.Scene) -> str:
    """The id of the engine to capture with. Raises SceneError when it is Cycles and that is switched off."""
    if scene.render.engine in _EEVEES and eevee_renders():
        return compat.EEVEE
    if not hasattr(scene, "cycles"):
        raise SceneError(Code.UNSUPPORTED_SCENE, "Cycles is switched off: enable it in the preferences under Add-ons")
    return CYCLES


def notice(scene: bpy.types.Scene, engine: str) -> str:
    """What to tell the user when the scene is set to another engine than the one it is captured with; else empty."""
    if scene.render.engine == engine or engine != CYCLES:
        return ""
    if scene.render.engine in _EEVEES:
        return "Captured with Cycles: EEVEE needs a graphics driver, and EGL finds none on this machine"
    return f"Captured with Cycles, the scene is set to {scene.render.engine}"


def eevee_renders() -> bool:
    """Whether EEVEE can render here. Asked of the system, because a Blender without a window would abort.

    On Linux such a Blender takes its graphics from EGL (Khronos, EGL 1.5, sections 3.2 and 3.3): from the default
    display, or from none at all, which is Mesa's "surfaceless" platform.
    """
    if sys.platform != "linux" or not bpy.app.background:
        return True
    try:
        egl = ctypes.CDLL("libEGL.so.1")
    except OSError:  # it is not installed
        return False
    pointer = ctypes.c_void_p
    egl.eglGetDisplay.restype, egl.eglGetPlatformDisplay.restype = pointer, pointer
    egl.eglGetPlatformDisplay.argtypes = (ctypes.c_uint, pointer, pointer)
    egl.eglInitialize.argtypes = (pointer, pointer, pointer)
    displays = (egl.eglGetDisplay(None), egl.eglGetPlatformDisplay(_SURFACELESS, None, None))
    return any(egl.eglInitialize(display, None, None) for display in displays)
