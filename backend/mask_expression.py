r"""Masks in words: `hero & !sword | floor` says which part of a picture is meant.

    (a)         a; what follows is in order of binding, the tightest first
    !a          everything but a, the background included
    a & b       what is in both
    a | b       what is in either
    everything  the whole picture
    background  where no surface is seen

A name stands for what is called so: `object:hero`, `collection:hero` with all that is in it, `material:skin`; by a
custom property, `property:role=hero` or `property:is_hero` (any value but nothing, 0 and False). A name without a kind
is the object's of that name; where there is none the collection's, then the material's. `*` stands for any text. Names
with spaces or signs of this language stand in double quotes, in which a star is only a star, and \" and \\ are a quote
and a backslash: `"left arm"*` is every name that begins with `left arm`.

The standard library only: Blender checks what the user types, the backend makes the pictures (`passes.masks`).
"""

import difflib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from .errors import Code, SettingsError
from .shot import SceneMaterial, SceneObject

BARE_KINDS = ("object", "collection", "material")  # what a name without a kind can mean, in this order
KINDS = (*BARE_KINDS, "property")
EVERYTHING, BACKGROUND = "everything", "background"
MAX_LENGTH = 4000
MAX_DEPTH = 50
NOTHING = frozenset({"", "0", "0.0", "False", "false"})  # values of a property that is not set
_SIGNS = "!&|()"
_WITH_ARTICLE = {"object": "an object", "collection": "a collection", "material": "a material"}


@dataclass(frozen=True)
class Pattern:
    """A name with any text at each star: `pieces` are the letters before, between and after the stars."""

    pieces: tuple[str, ...]

    def matches(self, name: str) -> bool:
        """Whether `name` is meant; large and small letters are told apart."""
        if len(self.pieces) == 1:
            return name == self.pieces[0]
        first, *between, last = self.pieces
        if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
            return False
        place, end = len(first), len(name) - len(last)
        for piece in between:
            found = name.find(piece, place, end)
            if found < 0:
                return False
            place = found + len(piece)
        return True

    def __str__(self) -> str:
        return "*".join(_quoted(piece) for piece in self.pieces)


@dataclass(frozen=True)
class Name:
    """All that is called so. kind: one of KINDS, empty where none was said. value: of a property; None: any."""

    kind: str
    pattern: Pattern
    value: Pattern | None = None

    def __str__(self) -> str:
        if not self.kind:
            return f'"{self.pattern}"' if self.pattern.pieces in ((EVERYTHING,), (BACKGROUND,)) else str(self.pattern)
        return f"{self.kind}:{self.pattern}" + ("" if self.value is None else f"={self.value}")


@dataclass(frozen=True)
class Word:
    """EVERYTHING or BACKGROUND."""

    word: str

    def __str__(self) -> str:
        return self.word


@dataclass(frozen=True)
class Not:
    """All but `part`."""

    part: "Expression"

    def __str__(self) -> str:
        return f"!({self.part})" if isinstance(self.part, And | Or) else f"!{self.part}"


@dataclass(frozen=True)
class And:
    """What is in all of `parts`, two or more."""

    parts: tuple["Expression", ...]

    def __str__(self) -> str:
        return " & ".join(f"({part})" if isinstance(part, And | Or) else str(part) for part in self.parts)


@dataclass(frozen=True)
class Or:
    """What is in any of `parts`, two or more."""

    parts: tuple["Expression", ...]

    def __str__(self) -> str:
        return " | ".join(f"({part})" if isinstance(part, Or) else str(part) for part in self.parts)


Expression = Name | Word | Not | And | Or


@dataclass(frozen=True)
class Ids:
    """The pixels that have one of `numbers` in the pass `source`, which is object_id or material_id."""

    source: str
    numbers: frozenset[int]


@dataclass(frozen=True)
class Mask:
    """An expression and what its names mean in a shot. notices: sentences about names that have two meanings."""

    expression: Expression
    meaning: dict[Name, Ids]
    notices: tuple[str, ...] = ()

    @property
    def passes(self) -> tuple[str, ...]:
        """The passes that its pixels are found with."""
        found = {ids.source for ids in self.meaning.values()}
        return tuple(sorted(found | {"object_id" for leaf in _leaves(self.expression) if leaf == Word(BACKGROUND)}))


def look_up(text: str, objects: Sequence[SceneObject], materials: Sequence[SceneMaterial]) -> Mask:
    """`text` with the names of a shot. Raises SettingsError (BAD_MASK) as `parse`, and for a name that nothing has.

    objects: all that can be seen, by their numbers in the pass object_id. materials: likewise for material_id.
    """
    expression = parse(text)
    meaning: dict[Name, Ids] = {}
    notices: list[str] = []
    for leaf in _leaves(expression):
        if isinstance(leaf, Name) and leaf not in meaning:
            meaning[leaf] = _meant(leaf, objects, materials, notices.append)
    return Mask(expression, meaning, tuple(notices))


def possible_passes(text: str) -> tuple[str, ...]:
    """The passes that a mask can need, whatever its names turn out to mean. Raises SettingsError (BAD_MASK)."""
    found: set[str] = set()
    for leaf in _leaves(parse(text)):
        if isinstance(leaf, Name):
            found |= {"object_id"} if leaf.kind != "material" else set()
            found |= {"material_id"} if leaf.kind in ("", "material") else set()
        elif leaf.word == BACKGROUND:
            found.add("object_id")
    return tuple(sorted(found))


def written(kind: str, name: str) -> str:
    """The expression that means what is of this kind and has this name, whatever else has it too."""
    return str(Name(kind, Pattern((name,))))


def _leaves(expression: Expression) -> Iterator[Name | Word]:
    match expression:
        case Name() | Word():
            yield expression
        case Not():
            yield from _leaves(expression.part)
        case And() | Or():
            for part in expression.parts:
                yield from _leaves(part)


def _meant(
    name: Name, objects: Sequence[SceneObject], materials: Sequence[SceneMaterial], notice: Callable[[str], None]
) -> Ids:
    if name.kind == "property":
        return _with_property(name, objects)
    kinds = (name.kind,) if name.kind else BARE_KINDS
    names = {kind: _names(kind, objects, materials) for kind in kinds}
    meanings = [kind for kind in kinds if any(name.pattern.matches(known) for known in names[kind])]
    if not meanings:
        known = {one for kind in kinds for one in names[kind]}
        raise _unknown(name.kind or "object, collection or material", name.pattern, known)
    if len(meanings) > 1:
        first, second = meanings[:2]
        other = Name(second, name.pattern)
        notice(
            f"{name} is both {_WITH_ARTICLE[first]} and {_WITH_ARTICLE[second]}: the {first} is meant, or say {other}"
        )
    match meanings[0]:
        case "object":
            return Ids("object_id", frozenset(one.id for one in objects if name.pattern.matches(one.name)))
        case "collection":
            inside = [one for one in objects if any(name.pattern.matches(known) for known in one.collections)]
            return Ids("object_id", frozenset(one.id for one in inside))
        case _:
            return Ids("material_id", frozenset(one.id for one in materials if name.pattern.matches(one.name)))


def _names(kind: str, objects: Sequence[SceneObject], materials: Sequence[SceneMaterial]) -> set[str]:
    match kind:
        case "object":
            return {one.name for one in objects}
        case "collection":
            return {known for one in objects for known in one.collections}
        case _:
            return {one.name for one in materials}


def _with_property(name: Name, objects: Sequence[SceneObject]) -> Ids:
    pattern, wanted = name.pattern, name.value
    values = [(one.id, value) for one in objects for key, value in one.properties.items() if pattern.matches(key)]
    if not values:
        raise _unknown("object with the custom property", pattern, {key for one in objects for key in one.properties})
    if wanted is None:
        return Ids("object_id", frozenset(number for number, value in values if value not in NOTHING))
    if not any(wanted.matches(value) for _, value in values):
        raise _unknown(f"object whose property {pattern} is", wanted, {value for _, value in values})
    return Ids("object_id", frozenset(number for number, value in values if wanted.matches(value)))


def _unknown(what: str, pattern: Pattern, known: set[str]) -> SettingsError:
    near = difflib.get_close_matches("".join(pattern.pieces), sorted(known), n=3, cutoff=0.5)
    advice = f"did you mean {' or '.join(near)}?" if near else "look at the names in the Outliner"
    return SettingsError(Code.BAD_MASK, f"There is no {what} '{'*'.join(pattern.pieces)}': {advice}")


def parse(text: str) -> Expression:
    """The expression in `text`. Raises SettingsError (BAD_MASK) with the place where it goes wrong."""
    if len(text) > MAX_LENGTH:
        raise SettingsError(Code.BAD_MASK, f"The mask is longer than {MAX_LENGTH} characters: use stars or collections")
    if not text.strip():
        raise SettingsError(Code.BAD_MASK, "The mask is empty: name an object, a collection or a material")
    return _Parser(text).whole()


class _Parser:
    """Recursive descent; `place` is the index of the next character."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._place = 0
        self._depth = 0

    def whole(self) -> Expression:
        expression = self._or()
        if self._next():
            raise self._wrong("'&' or '|' is missing" if self._next() != ")" else "this ')' closes nothing")
        return expression

    def _or(self) -> Expression:
        parts = [self._and()]
        while self._took("|"):
            parts.append(self._and())
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def _and(self) -> Expression:
        parts = [self._not()]
        while self._took("&"):
            parts.append(self._not())
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _not(self) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._wrong(f"more than {MAX_DEPTH} signs within each other")
        expression = self._closed()
        self._depth -= 1
        return expression

    def _closed(self) -> Expression:
        if self._took("!"):
            return Not(self._not())
        opened = self._place_of_next()
        if self._took("("):
            expression = self._or()
            if not self._took(")"):
                raise self._wrong(f"the '(' at character {opened + 1} is not closed")
            return expression
        return self._name()

    def _name(self) -> Name | Word:
        start = self._place_of_next()
        if self._next() in ("", *"&|)"):
            raise self._wrong("a name is missing")
        kind = next((kind for kind in KINDS if self._text.startswith(f"{kind}:", start)), "")
        self._place = start + (len(kind) + 1 if kind else 0)
        pattern = self._pattern("=" if kind == "property" else "")
        if not kind and self._text[start : self._place] in (EVERYTHING, BACKGROUND):
            return Word(pattern.pieces[0])
        if kind == "property" and self._text[self._place : self._place + 1] == "=":
            self._place += 1
            return Name(kind, pattern, self._pattern(""))
        return Name(kind, pattern)

    def _pattern(self, until: str) -> Pattern:
        """Text up to a space, a sign or a character of `until`, in quotes or not."""
        start = self._place
        pieces = [""]
        while self._place < len(self._text):
            sign = self._text[self._place]
            if sign.isspace() or sign in _SIGNS or sign in until:
                break
            if sign == '"':
                pieces[-1] += self._in_quotes()
                continue
            self._place += 1
            if sign == "*":
                pieces.append("")
            else:
                pieces[-1] += sign
        if pieces == [""]:
            self._place = start
            raise self._wrong("a name is missing")
        # Two stars side by side are one.
        return Pattern((pieces[0], *(piece for piece in pieces[1:-1] if piece), *pieces[1:][-1:]))

    def _in_quotes(self) -> str:
        start = self._place
        letters: list[str] = []
        self._place += 1
        while self._place < len(self._text):
            letter = self._text[self._place]
            self._place += 1
            if letter == '"':
                return "".join(letters)
            if letter == "\\" and self._text[self._place : self._place + 1] in ('"', "\\"):
                letter = self._text[self._place]
                self._place += 1
            letters.append(letter)
        self._place = start
        raise self._wrong("this quote is not closed")

    def _place_of_next(self) -> int:
        while self._place < len(self._text) and self._text[self._place].isspace():
            self._place += 1
        return self._place

    def _next(self) -> str:
        """The next character that is no space; empty at the end."""
        place = self._place_of_next()
        return self._text[place : place + 1]

    def _took(self, sign: str) -> bool:
        found = self._next() == sign
        self._place += found
        return found

    def _wrong(self, what: str) -> SettingsError:
        place = self._place_of_next()
        where = f"at character {place + 1}, '{self._text[place : place + 20]}'," if self._next() else "at its end"
        shown = self._text if len(self._text) <= 40 else f"{self._text[:37]}..."
        return SettingsError(Code.BAD_MASK, f"The mask '{shown}' cannot be read: {where} {what}")


def _quoted(piece: str) -> str:
    plain = all(letter.isprintable() and letter not in _SIGNS + ' "*:=\\' for letter in piece)
    if plain:
        return piece
    escaped = piece.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
