"""Typed access to JSON that somebody else wrote: every field is checked before anything uses it."""

import math
import re
from collections.abc import Callable
from typing import Any

from .errors import FlowbrushError

MAX_TEXT = 4000
_NO_TEXT = re.compile("[\0\ud800-\udfff]")  # what ends a text early, and halves of characters


class Fields:
    """A JSON object whose fields are read with their type and range.

    `fail(reason)` makes the error that is raised when a field is missing or wrong; `where` names the object in it.
    """

    def __init__(self, document: Any, where: str, fail: Callable[[str], FlowbrushError]) -> None:
        self._fail = fail
        self.where = where
        if not isinstance(document, dict):
            raise fail(f"{where} must be an object")
        self._document: dict[str, Any] = document

    def _value(self, name: str, kinds: type | tuple[type, ...], description: str, default: Any) -> Any:
        value = self._document.get(name, default)
        wrong_bool = isinstance(value, bool) and bool not in (kinds if isinstance(kinds, tuple) else (kinds,))
        if not isinstance(value, kinds) or wrong_bool:
            raise self._fail(f"{self.where}: '{name}' must be {description}")
        return value

    def error(self, reason: str) -> FlowbrushError:
        """What is raised where something is wrong with the object, for `reason`."""
        return self._fail(f"{self.where}: {reason}")

    def beside(self, document: dict[str, Any]) -> "Fields":
        """Other fields, which errors are told of as of this object's."""
        return Fields(document, self.where, self._fail)

    def names(self) -> list[str]:
        """The names of all fields present."""
        return list(self._document)

    def text(self, name: str, default: str | None = None, choices: tuple[str, ...] = ()) -> str:
        """A string of at most MAX_TEXT characters, one of `choices` if any are given."""
        value: str = self._value(name, str, "text", default)
        if len(value) > MAX_TEXT:
            raise self._fail(f"{self.where}: '{name}' is longer than {MAX_TEXT} characters")
        if _NO_TEXT.search(value):
            raise self._fail(f"{self.where}: '{name}' holds a sign that is no text")
        if choices and value not in choices:
            raise self._fail(f"{self.where}: '{name}' is '{value}'; choose one of {', '.join(choices)}")
        return value

    def flag(self, name: str, default: bool | None = None) -> bool:
        """True or false."""
        value: bool = self._value(name, bool, "true or false", default)
        return value

    def integer(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number in [low, high]."""
        value: int = self._value(name, int, "a whole number", default)
        if not low <= value <= high:
            raise self._fail(f"{self.where}: '{name}' is {value}; it must lie between {low} and {high}")
        return value

    def number(self, name: str, low: float = -math.inf, high: float = math.inf, default: float | None = None) -> float:
        """A finite number in [low, high]."""
        given: int | float = self._value(name, (int, float), "a number", default)
        # JSON's whole numbers can be too large for a float.
        value = float(given) if isinstance(given, float) or given.bit_length() < 1000 else math.inf
        if not math.isfinite(value) or not low <= value <= high:
            raise self._fail(f"{self.where}: '{name}' must be a number between {low} and {high}")
        return value

    def items(self, name: str, limit: int, default: list[Any] | None = None) -> list[Any]:
        """A list of at most `limit` items of any kind."""
        value: list[Any] = self._value(name, list, "a list", default)
        if len(value) > limit:
            raise self._fail(f"{self.where}: '{name}' holds more than {limit} items")
        return value

    def texts(self, name: str, limit: int, default: list[str] | None = None) -> tuple[str, ...]:
        """A list of strings."""
        items = self.items(name, limit, default)
        return tuple(Fields({"item": item}, f"{self.where}: '{name}'", self._fail).text("item") for item in items)

    def numbers(self, name: str, count: int, default: list[float] | None = None) -> tuple[float, ...]:
        """A list of exactly `count` finite numbers."""
        items = self.items(name, count, default)
        if len(items) != count:
            raise self._fail(f"{self.where}: '{name}' must hold {count} numbers")
        return tuple(Fields({"item": item}, f"{self.where}: '{name}'", self._fail).number("item") for item in items)

    def integers(self, name: str, low: int, high: int, limit: int, default: list[int] | None = None) -> tuple[int, ...]:
        """A list of at most `limit` whole numbers, each in [low, high]."""
        items = self.items(name, limit, default)
        where = f"{self.where}: '{name}'"
        return tuple(Fields({"item": item}, where, self._fail).integer("item", low, high) for item in items)

    def mapping(self, name: str) -> dict[str, Any]:
        """The object in field `name`, its fields unchecked."""
        value: dict[str, Any] = self._value(name, dict, "an object", None)
        return value

    def child(self, name: str, default: dict[str, Any] | None = None) -> "Fields":
        """The object in field `name`."""
        return Fields(self._document.get(name, default), f"{self.where}: '{name}'", self._fail)

    def children(self, name: str, limit: int) -> list["Fields"]:
        """The list of objects in field `name`; a missing field is an empty list."""
        items = self.items(name, limit, [])
        return [Fields(item, f"{self.where}: '{name}' [{index}]", self._fail) for index, item in enumerate(items)]
