"""Changing the user's scene for a while, and giving it back exactly as it was."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import bpy

from . import compat
from .held import Held, hold


class Changes(ExitStack):
    """Everything changed through this object is changed back in reverse order when it closes, whatever happened.

    How to undo a step is written down before the step is taken, and a step that cannot be undone does not keep the
    others from being undone; the last such error is raised at the end. What the user deleted meanwhile needs no
    undoing.
    """

    def callback(self, callback: Callable[..., Any], /, *args: Any, **kwds: Any) -> Callable[..., Any]:
        """Calls `callback` with these arguments when its turn to undo comes, if they are all there then.

        Give it what it works on as arguments: what a bound method or a lambda holds is not looked at.
        """
        held = [
            hold(value) for value in args if isinstance(value, bpy.types.bpy_struct | bpy.types.bpy_prop_collection)
        ]
        return super().callback(_undo, held, callback, *args, **kwds)

    def new(self, siblings: Any, /, *args: Any, of: Any = None) -> Any:
        """Adds to one of Blender's collections with its `new` or `add`, until its `remove` removes it.

        of: what the collection belongs to, where that is a part of a data-block which can be deleted alone.
        """
        made: list[Held] = []
        self.callback(_remove, siblings, made, of)
        made.append(hold((siblings.new if hasattr(siblings, "new") else siblings.add)(*args)))
        return made[0].part

    def set(self, owner: Any, name: str, value: Any) -> None:
        """Sets `owner.name`; if it is animated or driven, that is muted too, or it would win at the next frame."""
        self._mute_animation(owner, name)
        if owner.is_property_set(name):
            self.callback(setattr, owner, name, _plain(getattr(owner, name)))
        else:
            self.callback(_unset, owner, name)
        setattr(owner, name, value)

    def keep(self, struct: Any) -> None:
        """Remembers all values of `struct` and of the structs in it, which may then be changed freely."""
        self.callback(_restore, struct, list(_values(struct)))

    def keep_animated(self, layer: bpy.types.ViewLayer) -> None:
        """Remembers the value of every animated or driven property of the file.

        Blender overwrites them at each frame change, also those that the user changed and has not keyed yet: a pose
        in the making would be lost.
        """
        values = []
        for owner in compat.animated_ids():
            for path, index in compat.animated_paths(owner):
                try:
                    values.append((hold(owner), path, index, _plain(owner.path_resolve(path))))
                except ValueError:  # a curve for something that no longer exists: Blender ignores it too
                    continue
        self.callback(_put_all_back, layer, values)

    def _mute_animation(self, owner: Any, name: str) -> None:
        animation = getattr(owner.id_data, "animation_data", None)
        if animation is None:
            return
        try:
            path = owner.path_from_id(name)
        except ValueError:  # Blender has no path to it, so nothing can animate it
            return
        for curve in (*compat.action_curves(animation), *animation.drivers):
            if curve.data_path == path and not curve.mute:
                self.callback(setattr, curve, "mute", False)
                curve.mute = True


def _undo(held: list[Held], undo: Callable[..., Any], *args: Any, **kwds: Any) -> None:
    if all(one.exists() for one in held):
        undo(*args, **kwds)


def _remove(siblings: Any, made: list[Held], _of: Any) -> None:
    for one in made:
        if one.exists() and any(one.part == sibling for sibling in siblings):
            siblings.remove(one.part)


def _unset(owner: Any, name: str) -> None:
    owner.property_unset(name)


def _values(struct: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Path and value of everything in `struct` that can be set, what is nested in it last."""
    nested = {}
    for prop in struct.bl_rna.properties:
        name, value = prop.identifier, getattr(struct, prop.identifier)
        if prop.type == "POINTER":
            if name != "rna_type" and value is not None and not isinstance(value, bpy.types.ID):
                nested[name] = value
        # An enumeration may stand at nothing until Blender first needs it; nobody can set it to nothing again.
        elif prop.type != "COLLECTION" and not prop.is_readonly and not (prop.type == "ENUM" and value == ""):
            yield (*path, name), _plain(value)
    for name, value in nested.items():
        yield from _values(value, (*path, name))


def _restore(struct: Any, values: list[tuple[tuple[str, ...], Any]]) -> None:
    """Sets all that differs, twice over: one property limits what another may be (file format and colour depth)."""
    for last in (False, True):
        for (*way, name), value in values:
            owner = struct
            for step in way:  # by name, because Blender may have put another struct in the place of a nested one
                owner = getattr(owner, step)
            if _plain(getattr(owner, name)) == value:
                continue
            try:
                setattr(owner, name, value)
            except TypeError:
                if last:
                    raise


def _plain(value: Any) -> Any:
    """A copy that does not follow its owner: vectors, colours and arrays become tuples."""
    if isinstance(value, str | bytes | set | bool | int | float | bpy.types.ID) or value is None:
        return value
    return tuple(_plain(item) for item in value)


def _put_all_back(layer: bpy.types.ViewLayer, values: list[tuple[Held, str, int, Any]]) -> None:
    """Again and again: what is shown again is evaluated anew, its animation and drivers included."""
    for again in (True, True, False):
        for held, path, index, value in values:
            if held.exists():
                _put_back(held.part, path, index, value)
        if again:
            layer.update()


def _put_back(owner: bpy.types.ID, path: str, index: int, value: Any) -> None:
    """Sets the property at `path` unless it has that value already (setting tags the owner as changed)."""
    holder, _, name = path.rpartition(".")
    if path.endswith("]"):  # a custom property: head["name"]
        holder, _, name = path.rpartition("[")
    try:
        target = owner.path_resolve(holder) if holder else owner
        if _plain(owner.path_resolve(path)) == value:
            return
    except ValueError:  # its bone, modifier or property was deleted
        return
    if path.endswith("]"):
        target[name[1:-2]] = value
    elif isinstance(value, tuple):
        getattr(target, name)[index] = value[index]
    else:
        setattr(target, name, value)
