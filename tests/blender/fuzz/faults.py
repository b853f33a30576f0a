"""What goes wrong while a scene is captured, or what its user does meanwhile, at a random moment."""

import errno
import resource
import sys
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import bpy
import flowbrush.scene
from blender.fuzz.chance import Chance
from flowbrush.backend.errors import Cancelled
from flowbrush.scene.changes import Changes

_ROOM = str(Path(flowbrush.scene.__file__).parent)
_ERRORS = (
    KeyboardInterrupt(),
    MemoryError(),
    RuntimeError("Error: no memory left on the GPU"),
    OSError(errno.ENOSPC, "No space left on device"),
    PermissionError(errno.EACCES, "Permission denied"),
    Cancelled(),
    ReferenceError("StructRNA of type Object has been removed"),
)


@dataclass(frozen=True)
class Fault:
    """One thing that happens: how many frames are captured before the caller stops, what surrounds the capture, and
    what the user does after which frame."""

    name: str
    steps: int = 99
    around: Callable[[], AbstractContextManager[None]] = nullcontext
    edit: Callable[[Chance, bpy.types.Scene], None] | None = None
    edit_after: int = 1


def choose(chance: Chance) -> Fault:
    """Any of them."""
    kind = chance.choice(("nothing", "cancel", "error", "error", "error", "full disk", "edit", "edit"))
    if kind == "cancel":
        steps = chance.randint(0, 2)
        return Fault(f"cancelled after {steps} frames", steps)
    if kind == "error":
        error, line = chance.choice(_ERRORS), round(10 ** chance.uniform(0.5, 3.7))
        return Fault(f"{error!r} at the {line}th line that runs", around=lambda: _raise_at(line, error))
    if kind == "full disk":
        size = chance.choice((100, 2000, 6000))
        return Fault(f"no file can be larger than {size} bytes", around=lambda: _largest_file(size))
    if kind == "edit":
        edit = chance.choice(EDITS)
        return Fault(f"the user: {edit.__name__}", edit=edit, edit_after=chance.randint(1, 2))
    return Fault("nothing goes wrong")


@contextmanager
def _raise_at(line: int, error: BaseException) -> Generator[None, None, None]:
    """Raises `error` before the `line`th line of the room scene/, but not while changes are undone."""
    left, undoing = line, 0

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if not frame.f_code.co_filename.startswith(_ROOM):
            return None
        if event == "line" and not undoing:
            left -= 1
            if left == 0:
                raise error
        return trace

    def leave(self: Changes, *details: Any) -> Any:
        nonlocal undoing
        undoing += 1
        try:
            return former_exit(self, *details)
        finally:
            undoing -= 1

    former_exit, former_trace = Changes.__exit__, sys.gettrace()
    Changes.__exit__ = leave  # type: ignore[method-assign]
    sys.settrace(trace)
    try:
        yield
    finally:
        sys.settrace(former_trace)
        Changes.__exit__ = former_exit  # type: ignore[method-assign]


@contextmanager
def _largest_file(size: int) -> Generator[None, None, None]:
    """The system refuses to write on, to Blender as well, as where the disk is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def _own(blocks: Any) -> list[Any]:
    """The user's own data-blocks: not linked, and not made by the capture."""
    return [block for block in blocks if block.library is None and block.get("number of the seed") is not None]


def mark_as_own() -> None:
    """Lets `_own` tell apart what was there from what a capture adds."""
    for blocks in (bpy.data.objects, bpy.data.materials, bpy.data.collections):
        for number, block in enumerate(block for block in blocks if block.library is None):
            block["number of the seed"] = number
    for item in bpy.data.objects:
        if item.library is None and (
            empty := [slot.slot_index for slot in item.material_slots if slot.material is None]
        ):
            item["empty slots of the seed"] = empty


def deletes_an_object(chance: Chance, scene: bpy.types.Scene) -> None:
    others = [item for item in _own(bpy.data.objects) if item.type != "CAMERA"]
    if others:
        bpy.data.objects.remove(chance.choice(others))


def deletes_a_material(chance: Chance, scene: bpy.types.Scene) -> None:
    if materials := _own(bpy.data.materials):
        bpy.data.materials.remove(chance.choice(materials))


def deletes_a_collection(chance: Chance, scene: bpy.types.Scene) -> None:
    if collections := _own(bpy.data.collections):
        bpy.data.collections.remove(chance.choice(collections))


def adds_an_object(chance: Chance, scene: bpy.types.Scene) -> None:
    mesh = bpy.data.meshes.new("added by the user")
    mesh.from_pydata([(0, 0, 0), (1, 0, 0), (0, 1, 0)], [], [(0, 1, 2)])
    scene.collection.objects.link(bpy.data.objects.new("added by the user", mesh))


def adds_a_material(chance: Chance, scene: bpy.types.Scene) -> None:
    material = bpy.data.materials.new("added by the user")
    meshes = [item for item in _own(bpy.data.objects) if item.type == "MESH" and item.data.library is None]
    if meshes:
        chance.choice(meshes).data.materials.append(material)


def fills_an_empty_slot(chance: Chance, scene: bpy.types.Scene) -> None:
    material = bpy.data.materials.new("added by the user")
    for item in _own(bpy.data.objects):
        for index in item.get("empty slots of the seed", ()):
            if not item.material_slots[index].is_property_readonly("material"):
                item.material_slots[index].material = material
                return


def renames_things(chance: Chance, scene: bpy.types.Scene) -> None:
    for blocks in (bpy.data.objects, bpy.data.materials, bpy.data.collections):
        if own := _own(blocks):
            chance.choice(own).name = "renamed by the user"
    scene.name = "renamed by the user"
    scene.view_layers[-1].name = "renamed by the user"


def moves_an_object(chance: Chance, scene: bpy.types.Scene) -> None:
    still = [item for item in _own(bpy.data.objects) if item.animation_data is None and item.parent is None]
    if still:
        chance.choice(still).location = (0.5, 0.25, 0.125)


def clears_the_nodes_of_a_material(chance: Chance, scene: bpy.types.Scene) -> None:
    if materials := [m for m in _own(bpy.data.materials) if m.node_tree is not None]:
        chance.choice(materials).node_tree.nodes.clear()


def adds_a_node(chance: Chance, scene: bpy.types.Scene) -> None:
    if materials := [m for m in _own(bpy.data.materials) if m.node_tree is not None]:
        chance.choice(materials).node_tree.nodes.new("ShaderNodeTexBrick").name = "added by the user"


def goes_to_another_frame(chance: Chance, scene: bpy.types.Scene) -> None:
    scene.frame_set(chance.randint(-9, 9))


def deletes_another_view_layer(chance: Chance, scene: bpy.types.Scene) -> None:
    if len(scene.view_layers) > 1:
        scene.view_layers.remove(scene.view_layers[-1])
        scene.view_layers[0].use_pass_z = scene.view_layers[0].use_pass_z  # now the compositor knows of it


def adds_a_view_layer(chance: Chance, scene: bpy.types.Scene) -> None:
    layer = scene.view_layers.new("added by the user")
    layer.use, layer.cycles.use_denoising = False, True  # Cycles gives it settings when it is first asked for them
    for item in layer.objects:  # what is selected there depends on what is shown now
        item.select_set(False, view_layer=layer)


def changes_the_light(chance: Chance, scene: bpy.types.Scene) -> None:
    for light in bpy.data.lights:
        if light.library is None and light.animation_data is None:
            light.energy = 0.5


def opens_the_file_again(chance: Chance, scene: bpy.types.Scene) -> None:
    bpy.ops.wm.open_mainfile(filepath=bpy.data.filepath, use_scripts=False)


EDITS = (
    opens_the_file_again,
    deletes_an_object,
    deletes_a_material,
    deletes_a_collection,
    adds_an_object,
    adds_a_material,
    fills_an_empty_slot,
    renames_things,
    moves_an_object,
    clears_the_nodes_of_a_material,
    adds_a_node,
    goes_to_another_frame,
    deletes_another_view_layer,
    adds_a_view_layer,
    changes_the_light,
)
