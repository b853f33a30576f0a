"""Reads what Blender saves of the open file, so that two states of it can be compared byte by byte.

A .blend is a list of memory blocks, each with the address it had and the number of its struct; the block DNA1
describes all structs (Blender's developer documentation, "The blend file format"; 5.0 made the blocks' heads longer).
Addresses change from one start to the next, so each is replaced by a number that stands for what lies there.
"""

import hashlib
import struct
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import bpy
import numpy as np

_NOT_DATA = {b"REND", b"TEST", b"GLOB", b"DNA1", b"USER"}  # the file's own head, and preferences
# How far a simulation has come that is not baked, and where data was appended from, which Blender leaves half empty.
_SKIPPED = {"PointCache", "PTCacheMem", "NodesModifierDataBlock", "LibraryWeakReference"}
# What Blender computes from the rest, or counts while it runs. A viewport's camera is the scene's unless it is locked
# to another.
_COMPUTED = {
    "ChannelDriver.curval",
    "ChannelDriver.flag",  # whether its expression has failed
    "ColorManagedViewSettings.*curve_mapping",  # what the curves are is compared where they are
    "CurveMap.*curve",
    "Curve.loc[3]",
    "Curve.size[3]",
    "Curve.texflag",
    "FCurve.curval",
    "ImagePaintSettings.missing_data",
    "Object.base_local_view_bits",
    "Object.transflag",  # its choices are in the dump, what is left is whether the scale turns inside out
    "Base.flag",  # selected and hidden are in the dump of what Python sees
    "NodesModifierBake.*data_blocks",
    "NodesModifierBake.data_blocks_num",
    "Object.base_flag",
    "IDPropertyData.*children_map",
    "Image.last_render_slot",
    "Mesh.face_sets_color_seed",
    "Mesh.loc[3]",  # the extent of a mesh, where that is not set by hand
    "Mesh.size[3]",
    "Mesh.texflag",
    "Object.constinv[4][4]",
    "ID.recalc",
    "ID.recalc_after_undo_push",
    "ID.session_uid",
    "ID_Runtime_Remap.status",
    "ScrEdge.*v1",
    "ScrEdge.*v2",
    "View3D.*camera",
    "bNodeTreeInterfacePanel.**items_array",
}


@dataclass(frozen=True)
class Block:
    """A piece of memory: structs of one kind, the data-block it belongs to, and its number there (0: itself)."""

    owner: str
    number: int
    kind: int
    address: int
    data: bytes

    @property
    def label(self) -> str:
        return f"{self.owner} {self.number}"


@dataclass(frozen=True)
class Saved:
    """All blocks by label, with addresses replaced."""

    dna: "Dna"
    blocks: dict[str, Block]


def saved() -> Saved:
    """The open file as Blender saves it now; data-blocks without users are not in it."""
    with tempfile.TemporaryDirectory() as rough:
        path = Path(rough) / "copy.blend"
        bpy.ops.wm.save_as_mainfile(filepath=str(path), copy=True, compress=False, check_existing=False)
        return parse(path.read_bytes())


def difference(before: Saved, after: Saved) -> list[str]:
    """A line for each field that differs, with its bytes before and after; empty if all is the same."""
    found = []
    for label in sorted({*before.blocks, *after.blocks}):
        old, new = before.blocks.get(label), after.blocks.get(label)
        if old is None or new is None:
            found.append(f"{label}: {'only after' if old is None else 'only before'}")
        elif len(old.data) != len(new.data):
            found.append(f"{label} {before.dna.structs[old.kind].name}: {len(old.data)} → {len(new.data)} bytes")
        elif old.data != new.data:
            changed = np.flatnonzero(np.frombuffer(old.data, np.uint8) != np.frombuffer(new.data, np.uint8))
            places = {before.dna.path(old.kind, at): at & ~3 for at in changed[::-1].tolist()}
            for path, at in places.items():
                found.append(f"{label} {path}: {old.data[at : at + 8].hex()} → {new.data[at : at + 8].hex()}")
    return found


def parse(file: bytes) -> Saved:
    """The blocks of an uncompressed .blend."""
    pieces = list(_pieces(file))
    dna = read_dna(next(data for code, _, _, data in pieces if code == b"DNA1"))
    blocks: dict[str, Block] = {}
    owner, inside, number, skipped = "", "", 0, False
    for code, kind, address, data in pieces:
        name = dna.id_name(kind, data)
        if code == b"DATA":
            skipped = dna.structs[kind].name in _SKIPPED or (skipped and not dna.structs[kind].fields)
            if skipped:
                continue
            number += 1
            if name or (inside and dna.structs[kind].name == "ViewLayer"):
                inside, number = name and f" {name}", 1000 * (not name)  # a tree or collection inside, and after it
        elif code in _NOT_DATA:
            owner = ""
        else:
            owner, inside, number = name, "", 0
            while f"{owner} 0" in blocks:  # a linked data-block may have a local one's name
                owner += "'"
        if owner:
            block = Block(owner + inside, number, kind, address, data)
            blocks[block.label] = block
    return Saved(dna, _canonical(dna, list(blocks.values())))


def _pieces(file: bytes) -> Iterator[tuple[bytes, int, int, bytes]]:
    """Code, number of the struct, address and bytes of every block."""
    assert file.startswith(b"BLENDER"), "not an uncompressed .blend"
    large = file[7:9].isdigit()  # the size of the file's own head, since 5.0
    position = int(file[7:9]) if large else 12
    head = struct.Struct("<4siQqq" if large else "<4siQii")
    code = b""
    while code != b"ENDB":
        code, second, address, fourth, _ = head.unpack_from(file, position)
        kind, length = (second, fourth) if large else (fourth, second)
        position += head.size
        yield code, kind, address, file[position : position + length]
        position += length


def _canonical(dna: "Dna", blocks: list[Block]) -> dict[str, Block]:
    """The blocks with what lies there in place of addresses, and 0 for what Blender computes."""
    by_address: dict[int, list[int]] = {}
    for number, block in enumerate(blocks):
        by_address.setdefault(block.address, []).append(number)

    def target(number: int, address: int) -> str:
        # What is written through a buffer has an address that others have too. What is pointed to is a data-block, or
        # belongs to the same one and is written after what points to it.
        found = [n for n in by_address[address] if blocks[n].owner == blocks[number].owner]
        found = [n for n in found if n > number] or found[::-1]
        found = found or [n for n in by_address[address] if blocks[n].number == 0]
        return blocks[found[0]].label if found else ""

    found = {}
    for number, block in enumerate(blocks):
        data = np.frombuffer(block.data, np.uint8).copy()
        words = data[: data.size & ~7].view(np.uint64)
        kind = dna.structs[block.kind]
        if kind.fields and data.size % kind.size == 0:
            data.reshape(-1, kind.size)[:, dna.computed(block.kind)] = 0
        pointers = [(index, word) for index, word in enumerate(words.tolist()) if word in by_address]
        if kind.fields and data.size % kind.size == 0:
            rows = data.reshape(-1, kind.size)
            rows[:, dna.pointers(block.kind)] = 0
            for text in dna.texts(block.kind):  # behind a text's end stands what was left of a former one
                rows[:, text] *= ~np.logical_or.accumulate(rows[:, text] == 0, axis=1)
        else:
            data[-3:] = 0  # Blender fills up to four bytes with what lies there
        for index, address in pointers:
            words[index] = _number(target(number, address))
        found[block.label] = replace(block, data=data.tobytes())
    return found


@cache
def _number(label: str) -> int:
    if not label:  # an address that nothing was written for, which happens to be that of something else
        return 0
    return int.from_bytes(hashlib.blake2b(label.encode(), digest_size=8).digest(), "little")


@dataclass(frozen=True)
class Field:
    """A member of a struct: its place in bytes, how many there are, and the number of its own struct or -1."""

    name: str
    type: str
    kind: int
    offset: int
    size: int
    count: int

    @property
    def is_pointer(self) -> bool:
        return self.name.startswith(("*", "(*"))


@dataclass(frozen=True)
class Struct:
    """A struct of DNA1."""

    name: str
    size: int
    fields: tuple[Field, ...]


class Dna:
    """The structs of a file by their numbers, and what is known of each."""

    def __init__(self, structs: tuple[Struct, ...]) -> None:
        self.structs = structs
        [self._name] = [f for s in structs if s.name == "ID" for f in s.fields if f.name.startswith("name[")]
        self._pointers: dict[int, np.ndarray] = {}
        self._computed: dict[int, np.ndarray] = {}
        self._texts: dict[int, list[slice]] = {}

    def id_name(self, kind: int, data: bytes) -> str:
        """The name of a data-block with its two letters for the kind, empty for other blocks."""
        found = self.structs[kind]
        if found.name != "ID" and (not found.fields or (found.fields[0].type, found.fields[0].name) != ("ID", "id")):
            return ""
        return data[self._name.offset : self._name.offset + self._name.count].split(b"\0")[0].decode()

    def path(self, kind: int, at: int) -> str:
        """The field that byte `at` of a block of such structs belongs to."""
        path = self.structs[kind].name
        while kind >= 0 and self.structs[kind].size:
            at %= self.structs[kind].size
            hit = next((f for f in self.structs[kind].fields if f.offset <= at < f.offset + f.size * f.count), None)
            if hit is None:
                break
            path += f".{hit.name}"
            kind, at = -1 if hit.is_pointer else hit.kind, (at - hit.offset) % hit.size
        return path

    def pointers(self, kind: int) -> np.ndarray:
        """Which bytes of a struct are addresses."""
        return self._mask(self._pointers, kind, lambda _, f: f.is_pointer)

    def computed(self, kind: int) -> np.ndarray:
        """Which bytes of a struct Blender computes."""
        return self._mask(
            self._computed, kind, lambda struct, f: f.name.endswith("runtime") or f"{struct.name}.{f.name}" in _COMPUTED
        )

    def _mask(self, known: dict[int, np.ndarray], kind: int, marks: Callable[[Struct, Field], bool]) -> np.ndarray:
        if kind not in known:
            mask = np.zeros(self.structs[kind].size, bool)
            for f in self.structs[kind].fields:
                here = mask[f.offset : f.offset + f.size * f.count]
                if marks(self.structs[kind], f):
                    here[:] = True
                elif f.kind >= 0 and not f.is_pointer:
                    here.reshape(f.count, f.size)[:] = self._mask(known, f.kind, marks)
            known[kind] = mask
        return known[kind]

    def texts(self, kind: int) -> list[slice]:
        """Where the texts of a struct stand."""
        if kind not in self._texts:
            found = []
            for f in self.structs[kind].fields:
                if f.type == "char" and f.count > 1 and not f.is_pointer:
                    found.append(slice(f.offset, f.offset + f.count))
                elif f.kind >= 0 and not f.is_pointer:
                    for start in range(f.offset, f.offset + f.size * f.count, f.size):
                        found += [slice(start + s.start, start + s.stop) for s in self.texts(f.kind)]
            self._texts[kind] = found
        return self._texts[kind]


@cache
def read_dna(data: bytes) -> Dna:
    """The structs in the content of the block DNA1."""
    position = 4

    def numbers(form: str, count: int) -> tuple[int, ...]:
        nonlocal position
        values = struct.unpack_from(f"<{count}{form}", data, position)
        position += struct.calcsize(f"<{count}{form}")
        return values

    def texts() -> list[str]:
        nonlocal position
        position += 4  # NAME or TYPE
        (count,) = numbers("i", 1)
        found = data[position:].split(b"\0", count)[:count]
        position = (position + sum(len(text) + 1 for text in found) + 3) & ~3
        return [text.decode() for text in found]

    names, types = texts(), texts()
    position += 4  # TLEN
    sizes = numbers("h", len(types))
    position = (position + 3 & ~3) + 4  # STRC
    layouts = []
    for _ in range(numbers("i", 1)[0]):
        type_, fields = numbers("h", 2)
        pairs = numbers("h", 2 * fields)
        layouts.append((type_, list(zip(pairs[::2], pairs[1::2], strict=True))))
    kinds = {type_: kind for kind, (type_, _) in enumerate(layouts)}

    def members(pairs: list[tuple[int, int]]) -> Iterator[Field]:
        offset = 0
        for type_, name in pairs:
            count = 1
            for length in names[name].split("[")[1:]:
                count *= int(length.rstrip("]"))
            size = 8 if names[name].startswith(("*", "(*")) else sizes[type_]
            yield Field(names[name], types[type_], kinds.get(type_, -1), offset, size, count)
            offset += size * count

    structs = [Struct(types[type_], sizes[type_], tuple(members(pairs))) for type_, pairs in layouts]
    structs[0] = Struct("plain numbers", 1, ())  # Blender gives arrays of numbers and of addresses the number 0
    return Dna(tuple(structs))
