"""The names that masks can use, of the open file, in the words of `backend.shot`."""

import bpy

from ..backend.errors import SettingsError
from ..backend.mask_expression import MAX_LENGTH, Name, Pattern, look_up
from ..backend.shot import SceneMaterial, SceneObject
from . import describe
from .aovs import Aovs
from .surface import RENDERED, Marking


def named() -> tuple[tuple[SceneObject, ...], tuple[SceneMaterial, ...]]:
    """All objects and materials as a capture would number them, were it now."""
    objects = dict(enumerate((item for item in bpy.data.objects if item.type in RENDERED), 1))
    materials = dict(enumerate((item for item in bpy.data.materials if not item.is_grease_pencil), 1))
    marking = Marking(Aovs({}), objects, materials, {}, ())
    return describe.objects(marking), describe.materials(marking)


def check_mask(text: str) -> tuple[str, str]:
    """What is wrong with a mask expression in the open file, and what is worth knowing of it; empty for nothing."""
    try:
        return "", " ".join(look_up(text, *named()).notices)
    except SettingsError as error:
        return str(error), ""


def selected(context: bpy.types.Context) -> str:
    """The mask expression of the selected objects, or of the active collection where none is selected.

    Rigs stand for what hangs on them, instances of a collection for the collection, and a collection for its objects
    where all of them are selected. Empty where there is nothing to see, or where it would be too long.
    """
    objects = set()
    collections = []
    for item in context.selected_objects:
        if item.type == "EMPTY" and item.instance_collection:
            collections.append(item.instance_collection)
        objects |= {part for part in (item, *item.children_recursive) if part.type in RENDERED}
    if not context.selected_objects:
        collections.append(context.collection)
    elif wholes := [one for one in bpy.data.collections if objects and _seen_in(one) == objects]:
        innermost = min(wholes, key=lambda one: len(one.children_recursive))
        collections, objects = [*collections, innermost], set()
    names = [Name("collection", Pattern((one.name_full,))) for one in collections if _seen_in(one)]
    # Without a kind a name is an object's before all else.
    names += [Name("", Pattern((one.name_full,))) for one in sorted(objects, key=lambda item: item.name_full)]
    text = " | ".join(map(str, names))
    return text if len(text) <= MAX_LENGTH else ""


def _seen_in(collection: bpy.types.Collection) -> set[bpy.types.Object]:
    return {item for item in collection.all_objects if item.type in RENDERED}
