"""Lists whose items have numbers with keyframes: an item that moves takes its F-Curves along, one that goes as well.

An F-Curve knows its item by its place in the list alone (`flowbrush.regions[2].strength`), and would be another one's.
"""

import re
from collections.abc import Callable

import bpy

from . import compat


def remove(owner: bpy.types.PropertyGroup, name: str, place: int) -> None:
    """Removes the item at `place` from the list `name` of `owner`."""
    getattr(owner, name).remove(place)
    _renumber(owner, name, lambda before: None if before == place else before - (before > place))


def move(owner: bpy.types.PropertyGroup, name: str, place: int, to: int) -> None:
    """Moves the item at `place` so that it is at `to` afterwards."""
    items = getattr(owner, name)
    order = list(range(len(items)))
    order.insert(to, order.pop(place))
    items.move(place, to)
    _renumber(owner, name, lambda before: order.index(before) if before < len(order) else before)


def clear(owner: bpy.types.PropertyGroup, name: str) -> None:
    """Removes all items."""
    getattr(owner, name).clear()
    _renumber(owner, name, lambda _before: None)


def _renumber(owner: bpy.types.PropertyGroup, name: str, now: Callable[[int], int | None]) -> None:
    """Lets the curves and drivers of every item name its place `now`; None: it is gone."""
    animation = owner.id_data.animation_data
    if animation is None:
        return
    listed = owner.path_from_id(name)
    item = re.compile(rf"{re.escape(listed)}\[(\d+)\](\..+)")
    for curves in (*compat.curve_collections(animation), animation.drivers):
        for curve in list(curves):
            if (found := item.fullmatch(curve.data_path)) is None:
                continue
            place = now(int(found[1]))
            if place is None:
                curves.remove(curve)
            elif place != int(found[1]):
                curve.data_path = f"{listed}[{place}]{found[2]}"
