"""Writes down what the numbers in a shot's passes mean, in the words of `backend.shot`."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from ..backend.shot import SceneMaterial, SceneObject, Shot
from . import cameras, compat, engines, passes
from .category import category
from .surface import Marking

_MOST_PROPERTIES, _LONGEST_PROPERTY = 64, 256  # of an object in shot.json; letters


def frames_per_second(render: bpy.types.RenderSettings) -> tuple[int, int]:
    """Frames a second as an exact ratio: 24 / 1.001 is (24000, 1001)."""
    rate = render.fps / Fraction(render.fps_base).limit_denominator(10_000)
    return rate.numerator, rate.denominator


def resolution(render: bpy.types.RenderSettings) -> tuple[int, int]:
    """Width and height of the pictures that Blender renders now, in pixels."""
    percentage = render.resolution_percentage
    return render.resolution_x * percentage // 100, render.resolution_y * percentage // 100


def shot(
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    folder: Path,
    frames: tuple[int, int],
    marking: Marking,
    captured: tuple[str, ...],
    noticed: list[str],
) -> Shot:
    """All that is known of a shot before its first frame is rendered; cameras and depth range are not.

    captured: the names of its passes.
    """
    render = scene.render
    return Shot(
        folder=folder,
        name=folder.name,
        scene=scene.name,
        blender=bpy.app.version_string,
        engine=render.engine,
        view_layer=layer.name,
        fps=frames_per_second(render),
        resolution=resolution(render),
        pixel_aspect=(render.pixel_aspect_x, render.pixel_aspect_y),
        frames=frames,
        near=0.0,
        far=0.0,
        cuts=cameras.cuts(scene, range(frames[0], frames[1] + 1)),
        cameras={},
        objects=objects(marking),
        materials=materials(marking),
        passes=passes.described(captured, render.engine),
        notices=(*noticed, *marking.notices),
    )


def objects(marking: Marking) -> tuple[SceneObject, ...]:
    """What there is to see, by the numbers in the pass `object_id`; whom to trust is known when all is rendered."""
    parents = defaultdict(set)
    for collection in (*bpy.data.collections, *(scene.collection for scene in bpy.data.scenes)):
        for child in collection.children:
            parents[child].add(collection)
    return tuple(
        SceneObject(
            id=number,
            name=item.name_full,
            collections=tuple(collection.name_full for collection in _with_parents(item.users_collection, parents)),
            materials=tuple(_name(slot.material, marking) for slot in item.material_slots if slot.material),
            properties=_properties(item),
            category=category(item, parents),
        )
        for number, item in marking.objects.items()
    )


def _with_parents(
    collections: Iterable[bpy.types.Collection], parents: Mapping[bpy.types.Collection, set[bpy.types.Collection]]
) -> list[bpy.types.Collection]:
    """The collections and all that they lie in, sorted by name; the scenes' own are the outermost."""
    found: set[bpy.types.Collection] = set()
    waiting = list(collections)
    while waiting:
        if (collection := waiting.pop()) not in found:
            found.add(collection)
            waiting += parents.get(collection, ())
    return sorted(found, key=lambda collection: collection.name_full)


def _properties(item: bpy.types.Object) -> dict[str, str]:
    """The custom properties that are plain numbers, booleans ("true", "false") or short texts, as text."""
    plain = {name: item[name] for name in sorted(item.keys()) if isinstance(item[name], bool | int | float | str)}
    texts = {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in plain.items()}
    short = [(name, text) for name, text in texts.items() if len(text) <= _LONGEST_PROPERTY]
    return dict(short[:_MOST_PROPERTIES])


def materials(marking: Marking) -> tuple[SceneMaterial, ...]:
    """All materials, by the numbers in the pass `material_id`."""
    return tuple(SceneMaterial(number, _name(material, marking)) for number, material in marking.materials.items())


def _name(material: bpy.types.Material, marking: Marking) -> str:
    return marking.stand_ins.get(material.name_full, material.name_full)


def notices(scene: bpy.types.Scene, engine: str, frames: range) -> list[str]:
    """What a capture leaves out or does differently from a plain render of the scene."""
    render, engine_notice = scene.render, engines.notice(scene, engine)
    found: list[tuple[Any, str]] = [
        (engine_notice, engine_notice),
        (render.use_motion_blur, "Captured without motion blur: there are no vectors with it"),
        (render.use_compositing and compat.compositor_tree(scene), "Captured without compositing"),
        (
            engine == engines.CYCLES and scene.cycles.use_denoising and not compat.can_denoise(),
            "This Blender was built without OpenImageDenoise: pictures are not denoised; use more samples",
        ),
        (render.use_border, "The render region was ignored; the whole picture was captured"),
        (render.use_multiview, "Captured in mono, not in stereo"),
        (scene.frame_step != 1, f"Every frame was captured; the scene's frame step is {scene.frame_step}"),
        (
            any(item.type in {"GPENCIL", "GREASEPENCIL"} for item in scene.objects),
            "Grease Pencil drawings have no passes; they are in the picture only",
        ),
        (
            engine == engines.CYCLES and not compat.ORTHOGRAPHIC_VECTORS and "ORTHO" in cameras.kinds(scene, frames),
            "This Blender gives wrong motion if an orthographic camera moves: use Blender 4.2 or 5.2, or a long lens",
        ),
    ]
    return [sentence for applies, sentence in found if applies]
