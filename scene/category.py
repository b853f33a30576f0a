"""What an object is, for the segmentation: one of ADE20K's classes, as a custom property of it or of a collection.

A custom property and not one of the extension's own: a background Blender reads it without the extension, and other
programs and importers can write it.
"""

from collections.abc import Collection, Mapping

import bpy

from ..backend.ade20k import COLOURS, PROPERTY

Parents = Mapping[bpy.types.Collection, Collection[bpy.types.Collection]]


def category(item: bpy.types.Object, parents: Parents) -> str:
    """The object's class: its own, or that of the nearest collection that has one, or "".

    parents: the collections in which each collection lies. Of collections at the same distance the first by name
    counts. A name that ADE20K does not have is none.
    """
    if own := _class_of(item):
        return own
    seen: set[bpy.types.Collection] = set()
    near = set(item.users_collection)
    while near:
        for collection in sorted(near, key=lambda collection: collection.name_full):
            if found := _class_of(collection):
                return found
        seen |= near
        near = {above for collection in near for above in parents.get(collection, ())} - seen
    return ""


def _class_of(owner: bpy.types.ID) -> str:
    value = owner.get(PROPERTY)
    return value if isinstance(value, str) and value in COLOURS else ""
