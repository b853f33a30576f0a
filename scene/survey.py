"""Looks at frames before any of them is rendered: what the picture of each depends on, and what its passes do."""

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import pack
from typing import Any

import bpy

from ..backend.errors import Code, SceneError
from ..backend.shot import Camera
from . import cameras, compat, geometry
from .changes import Changes
from .fingerprint import Walk, digest, forget, name_of
from .onlooker import look
from .plain import is_plain
from .surface import RENDERED

_PATIENCE = 0.5  # seconds until whoever waits hears of it
# What of scene, view layer and objects gives the picture its light and colour, or is seen by what it does to shapes.
_LIGHT = re.compile(
    r"modifiers|view_settings|display_settings|freestyle_settings|use_freestyle|line_thickness\w*|world|world_override|samples|"
    r"dither_intensity|film_exposure|(max|diffuse|glossy|transmission|volume)_bounces|caustics_\w+|sample_clamp_\w+|"
    r"\w*(denois|fast_gi|guiding|light|adaptive_)\w*"
)
_LIGHTS = (bpy.types.World, bpy.types.Light, bpy.types.FreestyleLineStyle)
_SHAPES = (bpy.types.Mesh, bpy.types.Curve, bpy.types.MetaBall, bpy.types.Volume, bpy.types.Camera, *geometry.POINTS)
# What acts on other data-blocks only: how these look then says it all. Objects and scenes are looked at by themselves.
_ACTS_ON_OTHERS = tuple(
    getattr(bpy.types, name) for name in ("Action", "Key", "Armature", "Lattice", "Scene", "Object", "Library")
)


@dataclass(frozen=True)
class State:
    """What a frame depends on: digests of what its passes show, in this frame and in the two beside it, and of what its
    picture shows.

    camera: as the frame is seen through it.
    """

    passes: str
    picture: str
    camera: Camera


def survey(
    changes: Changes,
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    engine: str,
    resolution: tuple[int, int],
    frames: Iterable[int],
    tell: Callable[[int, int], None],
) -> dict[int, State]:
    """The state of each of `frames`, which are looked at in this order.

    engine: the one that captures. resolution: of the pictures, which decides how a camera sees. tell: hears now and
    then how many are done, and of how many; what it raises ends the survey. Leaves Blender at one of the frames, and
    render settings changed through `changes`. Raises SceneError (RENDER_FAILED).
    """
    # Freestyle crashes without a picture. Border and blur would not matter, but a capture has neither.
    for name in ("use_freestyle", "use_compositing", "use_sequencer", "use_border", "use_multiview", "use_motion_blur"):
        changes.set(scene.render, name, False)
    for other in scene.view_layers:
        changes.set(other, "use", other == layer)
    changes.set(scene.render, "engine", scene.render.engine)
    beside = with_neighbours(frames)
    looking = _Looking(scene, engine, resolution)
    while left := [frame for frame in beside if frame not in looking.found]:
        looking.frames = left
        before = len(looking.found)
        look(scene, looking)
        if len(looking.found) == before:
            raise SceneError(Code.RENDER_FAILED, "Blender could not evaluate the scene: see its console")
        tell(len(looking.found), len(beside))
    return {frame: looking.state(frame) for frame in frames}


def with_neighbours(frames: Iterable[int]) -> list[int]:
    """`frames` and those beside them, which Blender evaluates for their vectors."""
    return list(dict.fromkeys(near for frame in frames for near in (frame - 1, frame, frame + 1)))


@dataclass(frozen=True)
class _Group:
    """Data-blocks in a fixed order: the digests of those that nothing moves, and how to look at the others."""

    members: list[bytes | Callable[[], Walk]]

    def digest(self) -> bytes:
        """The digest of all of them now."""
        return digest(*(member if isinstance(member, bytes) else member().digest() for member in self.members))


@dataclass(frozen=True)
class _Parts:
    """All that makes up an evaluated scene.

    materials_show: whether a material can change more than colours. shapes, rest and light: what shows in the passes
    by itself, what does besides light and colour, and what only gives these.
    """

    objects: list[bpy.types.Object]
    materials_show: bool
    shapes: _Group
    rest: _Group
    light: _Group


@dataclass(frozen=True)
class _Seen:
    """Digests of one frame by itself, and its camera."""

    passes: bytes
    picture: bytes
    camera: Camera


class _Looking:
    """Looks at some of `frames` whenever it is called, as many as there is time for.

    What no animation, driver or script can move is looked at once.
    """

    def __init__(self, scene: bpy.types.Scene, engine: str, resolution: tuple[int, int]) -> None:
        self.frames: list[int] = []
        self.found: dict[int, _Seen] = {}
        self._scene = scene
        self._engine = engine
        self._resolution = resolution
        self._still: dict[tuple[str, bool], Walk] = {}
        self._bases: dict[str, bytes] = {}
        self._plain: dict[str, bool] = {}
        self._scripted = _scripts_run()
        forget()

    def __call__(self, engine: bpy.types.RenderEngine, depsgraph: bpy.types.Depsgraph) -> None:
        """Looks at the evaluated scene."""
        began = time.perf_counter()
        parts = self._parts(depsgraph)
        for frame in self.frames:
            engine.frame_set(frame, 0.0)
            self.found[frame] = self._seen(depsgraph, parts if not self._scripted else self._parts(depsgraph))
            if time.perf_counter() - began > _PATIENCE:
                break

    def state(self, frame: int) -> State:
        """What a frame depends on, which for its vectors are three frames."""
        seen = self.found[frame]
        passes = digest(*(self.found[near].passes for near in (frame - 1, frame, frame + 1)))
        return State(passes.hex(), seen.picture.hex(), seen.camera)

    def _seen(self, depsgraph: bpy.types.Depsgraph, parts: _Parts) -> _Seen:
        camera = cameras.describe(self._scene, depsgraph, self._resolution)
        rest = [parts.rest.digest(), *(_numbers(item.matrix_world) for item in parts.objects)]
        # Whatever a material looks up that is not plain may show in the passes.
        passes = digest(
            repr(camera).encode(),
            parts.shapes.digest(),
            *self._instances(depsgraph),
            *(rest if parts.materials_show else ()),
        )
        return _Seen(passes, digest(passes, *rest, parts.light.digest()), camera)

    def _parts(self, depsgraph: bpy.types.Depsgraph) -> _Parts:
        """The data-blocks of the evaluated scene, which stay the same while Blender goes from frame to frame."""
        objects = [block for block in depsgraph.ids if isinstance(block, bpy.types.Object)]
        objects.sort(key=name_of)
        blocks = self._blocks(depsgraph)
        colours = [block for block in blocks if isinstance(block, _LIGHTS) or self._is_plain(block)]
        others = [block for block in blocks if block not in colours]
        # A view layer moves in memory whenever its scene is evaluated.
        whole = [lambda: depsgraph.scene_eval, lambda: depsgraph.view_layer_eval]
        return _Parts(
            objects,
            any(isinstance(block, bpy.types.Material) for block in others),
            self._group([block for block in blocks if isinstance(block, _SHAPES)], whole, light=False),
            self._group([*others, *objects]),
            self._group(colours, whole),
        )

    def _group(
        self, blocks: list[bpy.types.ID], whole: Iterable[Callable[[], Any]] = (), *, light: bool = True
    ) -> _Group:
        """`blocks` with all their values, and what of scene and view layer counts with or without `light`."""
        walks = [(block, lambda block=block: self._walk(block, block)) for block in blocks]
        walks += [(self._scene, lambda part=part: self._walk(part(), self._scene, light=light)) for part in whole]
        return _Group([walk if self._moves(owner) else walk().digest() for owner, walk in walks])

    def _blocks(self, depsgraph: bpy.types.Depsgraph) -> list[bpy.types.ID]:
        """All data-blocks that make up the scene besides objects, also those that only materials and such point to."""
        found = {name_of(block): block for block in depsgraph.ids if not isinstance(block, _ACTS_ON_OTHERS)}
        new = list(found.values())
        while new:
            met = [block for one in new for block in self._walk(one, one).met if not isinstance(block, _ACTS_ON_OTHERS)]
            new = [block for name, block in {name_of(block): block for block in met}.items() if name not in found]
            found |= {name_of(block): block for block in new}
        return [found[name] for name in sorted(found)]

    def _walk(self, struct: Any, owner: bpy.types.ID, *, light: bool = True) -> Walk:
        """All values of `struct`, which belongs to `owner`; without those that are for light only if not `light`."""
        key = (f"{name_of(owner)} {struct.bl_rna.identifier}", light)
        if key not in self._still or self._moves(owner):
            self._still[key] = Walk(struct) if light else Walk(struct, _not_light)
        return self._still[key]

    def _moves(self, block: bpy.types.ID) -> bool:
        trees = (block, getattr(block, "node_tree", None))
        return self._scripted or any(
            getattr(tree.original, "animation_data", None) is not None for tree in trees if tree
        )

    def _is_plain(self, block: bpy.types.ID) -> bool:
        """Whether it is a material that can change nothing but colours."""
        if not isinstance(block, bpy.types.Material) or self._engine == compat.EEVEE:
            return False
        material = block.original
        if material.name_full not in self._plain or self._scripted:
            self._plain[material.name_full] = is_plain(material)
        return self._plain[material.name_full]

    def _instances(self, depsgraph: bpy.types.Depsgraph) -> list[bytes]:
        """A digest for everything there is to see, at its place."""
        shapes: dict[tuple[str, int], bytes] = {}
        found = []
        for instance in depsgraph.object_instances:
            item = instance.object
            if item.type not in RENDERED:
                continue
            key = (name_of(item), item.data.as_pointer())
            if key not in shapes:
                shapes[key] = self._walk(item, item, light=False).digest() + self._shape(item)
            found.append(
                digest(
                    shapes[key],
                    repr((name_of(item), instance.parent and name_of(instance.parent))).encode(),
                    _numbers(instance.matrix_world),
                    _numbers((instance.orco, instance.uv)),
                    repr((instance.random_id, tuple(instance.persistent_id))).encode(),
                    bytes((instance.show_self, instance.show_particles, instance.is_instance)),
                )
            )
        return sorted(found)

    def _shape(self, item: bpy.types.Object) -> bytes:
        """The digest of an evaluated object's geometry, and of the surface before anything bends it."""
        data = item.original.data
        key = name_of(data)
        if key not in self._bases or self._scripted:
            self._bases[key] = geometry.of_base(data)
        bent = item.modifiers or item.particle_systems or getattr(data, "shape_keys", None) or data.animation_data
        if isinstance(data, bpy.types.Mesh) and not bent:
            return self._bases[key]
        return geometry.of_object(item, self._bases[key])


def _scripts_run() -> bool:
    """Whether anybody's Python is called at each frame, which can change anything."""
    handlers = (*bpy.app.handlers.frame_change_pre, *bpy.app.handlers.frame_change_post)
    ours = __package__.rpartition(".")[0]
    return any(not str(getattr(handler, "__module__", "")).startswith(ours) for handler in handlers)


def _not_light(name: str) -> bool:
    return _LIGHT.fullmatch(name) is None


def _numbers(rows: Iterable[Iterable[float]]) -> bytes:
    numbers = [number for row in rows for number in row]
    return pack(f"{len(numbers)}f", *numbers)
