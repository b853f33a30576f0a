"""Dice for building scenes: names in any script, values, keys and drivers for any property of Blender."""

import random
from typing import Any

import bpy

_WORDS = (
    "Knight",
    "剣士",
    "рыцарь",
    "فارس",
    "नायक",
    "騎士👩🏽‍🚀",
    "Ä/ö\\ü",
    "a.001",
    ".hidden",
    "{curly}",
    "100%",
    "'\"",
    " ",
)
LONGEST = 255 if bpy.app.version >= (5, 0, 0) else 63  # bytes
# What makes a render slow, a file disappear or a test hang, and what is a choice between the things tested here.
_LEFT_ALONE = (
    "active", "bake", "border", "cache", "count", "depth", "device", "dicing", "directory", "engine", "feature_set",
    "file", "frame", "levels", "name", "octree", "override", "path", "pending", "percentage", "point", "preview",
    "resolution", "samples", "scale", "shading_system", "size", "step", "subdivision", "texture", "threads", "tile",
    "time", "user",
)  # fmt: skip


class Chance(random.Random):
    """Random numbers with what scenes are made of."""

    def often(self, share: float = 0.5) -> bool:
        """True in this share of cases."""
        return self.random() < share

    def some(self, things: Any, share: float = 0.5) -> list[Any]:
        """A random part of `things`, in their order."""
        return [thing for thing in things if self.often(share)]

    def name(self) -> str:
        """A name for a data-block: short, in another script, colliding, or as long as it can be."""
        text = self.choice(_WORDS)
        if self.often(0.1):
            text = (text * 300).encode()[:LONGEST].decode("utf-8", "ignore")
        return text

    def place(self, spread: float = 2.0) -> tuple[float, float, float]:
        """A point around the origin."""
        return (self.uniform(-spread, spread), self.uniform(-spread, spread), self.uniform(-spread, spread))

    def colour(self) -> tuple[float, float, float, float]:
        """Red, green, blue, and an alpha that is often 1."""
        return (self.random(), self.random(), self.random(), self.choice((1.0, 1.0, 0.5)))

    def value(self, prop: bpy.types.Property) -> Any:
        """Some value that `prop` may have, or None for a kind of property that has no random value."""
        if prop.type == "BOOLEAN" and not prop.is_array:
            return self.often()
        if prop.type in {"INT", "FLOAT"}:
            low, high = max(prop.soft_min, -3), min(prop.soft_max, 3)
            roll = self.uniform if prop.type == "FLOAT" else lambda a, b: self.randint(int(a), int(b))
            if low > high:
                return None
            return [roll(low, high) for _ in range(prop.array_length)] if prop.is_array else roll(low, high)
        if prop.type == "ENUM" and not prop.is_enum_flag and len(prop.enum_items) > 1:
            return self.choice(list(prop.enum_items)).identifier
        return None

    def settable(self, struct: Any) -> list[bpy.types.Property]:
        """The properties of `struct` that may be given random values."""
        return [
            prop
            for prop in struct.bl_rna.properties
            if not prop.is_readonly
            and prop.identifier not in {"use_nodes", "id_type", "type", "mode"}
            and not any(word in prop.identifier for word in _LEFT_ALONE)
            and self.value(prop) is not None
        ]

    def scramble(self, struct: Any, share: float = 0.2) -> None:
        """Sets a part of all properties of `struct` to random values."""
        for prop in self.some(self.settable(struct), share):
            try:
                setattr(struct, prop.identifier, self.value(prop))
            except (TypeError, ValueError, AttributeError):  # a choice that does not exist in this state, or build
                continue

    def animate(self, struct: Any, share: float = 0.05) -> None:
        """Keys a part of all properties of `struct`, and leaves some at a value that is not keyed."""
        props = [prop for prop in self.settable(struct) if prop.is_animatable]
        for prop in self.some(props, share):
            try:
                for frame in (self.randint(-5, 2), self.randint(3, 8)):
                    setattr(struct, prop.identifier, self.value(prop))
                    struct.keyframe_insert(prop.identifier, frame=frame)
                if self.often(0.3):
                    setattr(struct, prop.identifier, self.value(prop))
            except (TypeError, ValueError, AttributeError, RuntimeError):
                continue

    def drive(self, struct: Any, name: str, index: int = -1) -> None:
        """Drives a number by an expression; now and then by a hostile one."""
        curve = struct.driver_add(name, index) if index >= 0 else struct.driver_add(name)
        curve.driver.expression = self.choice(
            ("frame * 0.01", "sin(frame)", "0.5", "1 / 0", "no_such_name", "[][1]", "bpy.data.objects['?'].x", "('a')")
        )
        if self.often(0.3):
            curve.mute = True

    def custom_properties(self, block: bpy.types.ID) -> None:
        """Some of the user's own properties, of every kind, one of them animated."""
        for name, value in self.some(
            {
                "number": 1.5, "whole": 7, "text": "ß✓", "yes": True, "list": [1, 2, 3], "floats": [0.5, 0.25],
                "group": {"inner": {"deep": 1}, "list": [1.0]}, "nothing": [], "flowbrush": 3, "ファイル": b"bytes",
            }.items(), 0.3,
        ):  # fmt: skip
            block[name] = value
            if name == "number" and not isinstance(block, bpy.types.Collection) and self.often():
                block.keyframe_insert('["number"]', frame=2)
                block["number"] = 2.5
        if "number" in block and self.often():
            block.id_properties_ui("number").update(min=-1.0, max=5.0, description="a number")
