"""What is kept of Blender's data from one moment to the next, while its user may delete it at any time."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from . import compat


@dataclass(frozen=True)
class Held:
    """A data-block, a part of one or a collection in it; `whole` is the data-block, None for what is in none.

    Blender marks what is left of a deleted data-block, but not what is left of its parts, or of a part that was
    deleted alone: that reads and writes freed memory. Only comparing it is safe.
    """

    part: Any
    whole: Any

    def exists(self) -> bool:
        """Whether it is still there."""
        if self.whole is None:
            return True
        if not exists(self.whole):
            return False
        kinds = (kind.__name__ for kind in type(self.part).__mro__)
        siblings = next((_SIBLINGS[kind] for kind in kinds if kind in _SIBLINGS), None)
        return siblings is None or any(self.part == sibling for sibling in siblings(self.whole))


def exists(block: bpy.types.ID) -> bool:
    """Whether a data-block is still there."""
    try:
        block.as_pointer()
    except ReferenceError:
        return False
    return True


def hold(part: Any) -> Held:
    """Holds what exists now."""
    return Held(part, part.id_data)


def _curves(owner: bpy.types.ID) -> Iterator[bpy.types.FCurve]:
    if isinstance(owner, bpy.types.Action):
        yield from compat.all_curves(owner)
    elif owner.animation_data is not None:
        yield from owner.animation_data.drivers


# The parts that a capture holds and that can be deleted alone: all of their kind in the data-block.
_SIBLINGS: dict[str, Callable[[Any], Iterable[Any]]] = {
    "CyclesRenderLayerSettings": lambda scene: (
        layer.cycles
        for layer in scene.view_layers
        if layer.is_property_set("cycles")  # asking makes it
    ),
    "FCurve": _curves,
    "FreestyleLineSet": lambda scene: (line for each in scene.view_layers for line in each.freestyle_settings.linesets),
    "FreestyleSettings": lambda scene: (layer.freestyle_settings for layer in scene.view_layers),
    "Node": lambda tree: tree.nodes,
    "NodeLink": lambda tree: tree.links,
    "Modifier": lambda item: item.modifiers,
    "ViewLayerEEVEE": lambda scene: (layer.eevee for layer in scene.view_layers),
    "ViewLayer": lambda scene: scene.view_layers,
}
