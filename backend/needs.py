"""What must be captured for which condition and method, so that nothing else is."""

from collections.abc import Iterable
from dataclasses import dataclass

from .errors import Code, SettingsError, ShotError
from .mask_expression import Mask, look_up, possible_passes
from .shot import Shot

FREESTYLE, GREASE_PENCIL, POSE = "lineart_freestyle", "lineart_grease_pencil", "pose"
# The names of ControlNet 1.1's own annotators: what of a person they draw besides the body.
OPENPOSE = ("openpose", "openpose_hand", "openpose_face", "openpose_faceonly", "openpose_full")


@dataclass(frozen=True)
class Need:
    """What a condition is made of.

    network: the kind of ControlNet that takes it, by the name under which a model's own ones lie. passes: of a render.
    extra: what Blender makes for it alone, one of FREESTYLE, GREASE_PENCIL, POSE; empty for nothing.
    """

    network: str
    passes: tuple[str, ...] = ()
    extra: str = ""


_GEOMETRY = ("depth", "normal", "object_id", "material_id")
CONDITIONS: dict[str, Need] = {
    "depth": Need("depth", ("depth",)),
    "depth_metric": Need("depth", ("depth",)),
    "normal": Need("normal", ("normal",)),
    "canny": Need("canny"),
    "canny_geometry": Need("canny", _GEOMETRY),
    "softedge": Need("softedge", _GEOMETRY),
    "lineart": Need("lineart", _GEOMETRY),
    "lineart_freestyle": Need("lineart", extra=FREESTYLE),
    "lineart_grease_pencil": Need("lineart", extra=GREASE_PENCIL),
    "segmentation": Need("segmentation", ("object_id",)),
    "object_colours": Need("segmentation", ("object_id",)),
    "tile": Need("tile"),
    "shuffle": Need("shuffle"),
    "colour": Need("colour"),
    # Depth and ids say which joints are hidden.
    **{name: Need("openpose", ("depth", "object_id"), POSE) for name in OPENPOSE},
}

# Following a surface from frame to frame, and telling whether it is seen there.
MOTION = ("vector", "depth", "object_id", "instance", "surface")
METHODS: dict[str, tuple[str, ...]] = {"per_frame": (), "flow": MOTION, "surface": MOTION}
# Noise that stays on surfaces asks only where a point lies on its surface.
SURFACE_NOISE = ("depth", "object_id", "surface", "instance")
# Footage has no surfaces: its estimated vectors, checked against each other, do for both.
MOTION_OF_FOOTAGE = ("vector",)
METHODS_OF_FOOTAGE: dict[str, tuple[str, ...]] = {"per_frame": (), "flow": MOTION_OF_FOOTAGE}

PASSES = ("depth", "normal", "vector", "object_id", "material_id", "surface", "instance")
EXTRAS = (FREESTYLE, GREASE_PENCIL, POSE)


def need(condition: str) -> Need:
    """What the condition of this name is made of. Raises SettingsError with the names that exist."""
    if condition not in CONDITIONS:
        raise SettingsError(
            Code.BAD_SETTINGS, f"There is no condition '{condition}'; choose one of {', '.join(CONDITIONS)}"
        )
    return CONDITIONS[condition]


def needed(
    method: str, conditions: Iterable[str], masks: Iterable[str] = (), surface_noise: bool = False
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The passes and the extras that must be captured for a method and these conditions, in a fixed order.

    masks: expressions that say where something is painted. surface_noise: whether noise stays on surfaces. Raises
    SettingsError where a mask has no meaning.
    """
    needs = [need(name) for name in conditions]
    passes = {*METHODS[method], *(name for one in needs for name in one.passes)}
    if surface_noise:
        passes.update(SURFACE_NOISE)
    passes |= {name for mask in masks for name in possible_passes(mask)}
    extras = {one.extra for one in needs}
    return tuple(name for name in PASSES if name in passes), tuple(name for name in EXTRAS if name in extras)


def check_method(shot: Shot, method: str) -> None:
    """Raises ShotError (MISSING_PASS) where `shot` lacks a pass that the method reads."""
    of_footage = shot.source == "footage" and method != "surface"  # which needs surfaces, and says so
    _check_passes(shot, (METHODS_OF_FOOTAGE if of_footage else METHODS)[method], f"method '{method}'")


def check_surface_noise(shot: Shot) -> None:
    """Raises ShotError (MISSING_PASS) where `shot` lacks a pass that noise on surfaces reads."""
    _check_passes(shot, SURFACE_NOISE, "noise on surfaces")


def check_measures(shot: Shot) -> None:
    """Raises ShotError (MISSING_PASS) where `shot` lacks a pass without which its takes cannot be measured."""
    _check_passes(shot, MOTION_OF_FOOTAGE if shot.source == "footage" else MOTION, "measuring a take")


def check_condition(shot: Shot, condition: str) -> None:
    """Raises SettingsError for a name that is no condition, ShotError (MISSING_PASS) where `shot` cannot give it."""
    made_of = need(condition)
    if condition in shot.drawn:
        return
    _check_passes(shot, made_of.passes, f"condition '{condition}'")
    if made_of.extra == POSE and not shot.has_pose:
        raise _lacks(shot, "pose", f"condition '{condition}'")
    if made_of.extra in (FREESTYLE, GREASE_PENCIL):
        raise _lacks(shot, f"drawing '{condition}'", f"condition '{condition}'")


def mask_in(shot: Shot, text: str) -> Mask:
    """The mask expression `text` with the names of `shot`.

    Raises SettingsError (BAD_MASK) where it has no meaning, ShotError (MISSING_PASS) where `shot` lacks its passes.
    """
    if shot.source == "footage" and possible_passes(text):
        raise ShotError(
            Code.MISSING_PASS, f"Footage has no objects and materials: mask '{text}' needs a captured scene"
        )
    mask = look_up(text, shot.objects, shot.materials)
    _check_passes(shot, mask.passes, f"mask '{text}'")
    return mask


def _check_passes(shot: Shot, passes: Iterable[str], who: str) -> None:
    for name in passes:
        if name not in shot.passes:
            raise _lacks(shot, f"pass '{name}'", who)


def _lacks(shot: Shot, what: str, who: str) -> ShotError:
    if shot.source == "footage":
        return ShotError(
            Code.MISSING_PASS, f"Footage does not know what {who} needs: estimate conditions, or do without"
        )
    return ShotError(Code.MISSING_PASS, f"The shot has no {what}, which {who} needs: capture it again with it")
