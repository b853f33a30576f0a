"""What must be captured for which condition and method, so that nothing else is."""

from collections.abc import Iterable
from dataclasses import dataclass

FREESTYLE, GREASE_PENCIL, POSE = "lineart_freestyle", "lineart_grease_pencil", "pose"


@dataclass(frozen=True)
class Need:
    """What a condition is made of.

    network: the kind of ControlNet that takes it, by the name under which a model's own ones lie. passes: of a render.
    extra: what Blender makes for it alone, one of FREESTYLE, GREASE_PENCIL, POSE; empty for nothing.
    """

    network: str
    passes: tuple[str, ...] = ()
    extra: str = ""


CONDITIONS: dict[str, Need] = {
    "depth": Need("depth", ("depth",)),
    "normal": Need("normal", ("normal",)),
    "lineart": Need("lineart", ("depth", "normal", "object_id", "material_id")),
    "segmentation": Need("segmentation", ("object_id",)),
    "colour": Need("colour"),
}

# Following a surface from frame to frame, and telling whether it is seen there.
MOTION = ("vector", "depth", "object_id", "instance", "surface")
METHODS: dict[str, tuple[str, ...]] = {"per_frame": (), "flow": MOTION}

PASSES = ("depth", "normal", "vector", "object_id", "material_id", "surface", "instance")
EXTRAS = (FREESTYLE, GREASE_PENCIL, POSE)


def needed(method: str, conditions: Iterable[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The passes and the extras that must be captured for a method and these conditions, in a fixed order."""
    needs = [CONDITIONS[name] for name in conditions]
    passes = {*METHODS[method], *(name for need in needs for name in need.passes)}
    extras = {need.extra for need in needs}
    return tuple(name for name in PASSES if name in passes), tuple(name for name in EXTRAS if name in extras)
