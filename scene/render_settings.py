"""What Blender's render settings must be for the two renders of a frame: the beauty picture and the crisp data."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import bpy

from . import cameras, compat, whole
from .changes import Changes
from .engines import CYCLES
from .held import Held, hold

Setting = tuple[Held, str, Any]  # what the property `str` of `Held` shall be
Values = tuple[tuple[Any, str, Any], ...]
_SWITCHES = {
    "depth": "z",
    "normal": "normal",
    "vector": "vector",
    "object_id": "object_index",
    "material_id": "material_index",
}


@dataclass(frozen=True)
class Renders:
    """The settings that differ between the two renders, ready to be applied in turn."""

    beauty: tuple[Setting, ...]
    data: tuple[Setting, ...]


def apply(settings: tuple[Setting, ...]) -> None:
    """Sets them all, but of what the user has deleted meanwhile."""
    for held, name, value in settings:
        if held.exists():
            setattr(held.part, name, value)


def prepare(
    changes: Changes,
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    engine: str,
    size: tuple[int, int] | None,
    samples: int | None,
    denoise: bool | None,
    passes: Iterable[str],
) -> Renders:
    """Sets what both renders share, through `changes`, and says what to apply for each.

    The beauty picture keeps the scene's own samples, filter and denoiser unless `samples` or `denoise` say otherwise.
    The data are `passes` only, with one sample at the centre of each pixel, so that no number in them is the mean of
    two surfaces; there is no more light than must be, for nobody looks at it; lenses are sharp and the air is clear,
    for a ray that scatters on its way finds no surface.
    """
    render = scene.render
    for name in (p.identifier for p in render.bl_rna.properties if p.identifier.startswith("use_stamp")):
        changes.set(render, name, False)  # burnt-in text, and file paths in the pictures' metadata
    for name in (
        "use_motion_blur",
        "use_compositing",
        "use_sequencer",
        "use_border",
        "use_multiview",
        "use_single_layer",
    ):
        changes.set(render, name, False)
    changes.set(render, "engine", engine)
    changes.set(render, "use_file_extension", True)
    changes.set(render, "filepath", render.filepath)
    changes.keep(render.image_settings)
    if size is not None:
        changes.set(render, "resolution_x", size[0])
        changes.set(render, "resolution_y", size[1])
        changes.set(render, "resolution_percentage", 100)
    if engine == CYCLES:
        wanted = scene.cycles.use_denoising if denoise is None else denoise
        changes.set(scene.cycles, "use_denoising", wanted and compat.can_denoise())
    if samples is not None:
        owner, name = (scene.cycles, "samples") if engine == CYCLES else (scene.eevee, "taa_render_samples")
        changes.set(owner, name, samples)
    for other in scene.view_layers:
        changes.set(other, "use", other == layer)
    if len(layer.name.encode()) > compat.LONGEST_LAYER_NAME:
        changes.set(layer, "name", "flowbrush")
    changes.set(layer, "samples", 0 if samples is not None else layer.samples)
    _drop_passes(changes, layer)
    own = cycles_data(scene, layer) if engine == CYCLES else _eevee_data(changes, scene)
    data = (*_data(scene, layer, passes), *own)
    for owner, name, _ in data:
        changes.set(owner, name, getattr(owner, name))
    return Renders(
        beauty=tuple((hold(owner), name, getattr(owner, name)) for owner, name, _ in data),
        data=tuple((hold(owner), name, value) for owner, name, value in data),
    )


def image_format(scene: bpy.types.Scene, file_format: str) -> None:
    """Chooses how the next render is written, as PNG or as multilayer EXR. The caller keeps the former settings."""
    settings = scene.render.image_settings
    compat.choose_file_format(settings, file_format)
    settings.color_mode = "RGB" if file_format == "PNG" else "RGBA"
    settings.color_depth = "8" if file_format == "PNG" else "32"
    settings.color_management = "FOLLOW_SCENE"
    if file_format != "PNG":
        settings.exr_codec = "NONE"  # it is read at once and written anew


def _drop_passes(changes: Changes, layer: bpy.types.ViewLayer) -> None:
    """Turns off the user's passes: the beauty needs the picture only, and the data its own few."""
    for struct in (layer, layer.eevee, *([layer.cycles] if hasattr(layer, "cycles") else [])):
        for name in (p.identifier for p in struct.bl_rna.properties):
            if name.startswith(("use_pass_", "pass_debug_")) or name == "denoising_store_passes":
                changes.set(struct, name, name == "use_pass_combined")


def _data(scene: bpy.types.Scene, layer: bpy.types.ViewLayer, passes: Iterable[str]) -> Values:
    """What both engines have."""
    return (
        *(
            (layer, f"use_pass_{_SWITCHES[name]}", True)
            for name in {"depth": 0, **dict.fromkeys(passes)}
            if name in _SWITCHES
        ),
        (scene.render, "use_freestyle", False),
        (scene.render, "dither_intensity", 0.0),
        (layer, "samples", 0),
        *((curve, "mute", True) for curve in cameras.lens_curves()),
        *((camera.dof, "use_dof", False) for camera in bpy.data.cameras),
        *((item, "hide_render", True) for item in bpy.data.objects if item.type == "VOLUME"),
        *((link, "is_muted", True) for link in _volume_links()),
    )


def cycles_data(scene: bpy.types.Scene, layer: bpy.types.ViewLayer) -> Values:
    """What makes Cycles render data: one ray through each pixel's centre, and no light from elsewhere."""
    cycles = scene.cycles
    bounces = [f"{kind}_bounces" for kind in ("max", "diffuse", "glossy", "transmission", "volume")]
    return (
        *((cycles, name, 0) for name in bounces),  # not transparent_max_bounces: cut-out leaves show what is behind
        # The first surface that is not quite clear counts. One below the threshold would let rays pass by chance, and
        # Cycles would write half of the data of those that it stops.
        (layer, "pass_alpha_threshold", 0.01),
        (layer.cycles, "use_denoising", False),
        (cycles, "samples", 1),
        (cycles, "use_denoising", False),
        (cycles, "use_adaptive_sampling", False),
        (cycles, "time_limit", 0.0),
        (cycles, "sample_offset", 0),
        (cycles, "pixel_filter_type", "BLACKMAN_HARRIS"),
        (cycles, "filter_width", 0.01),
    )


def _eevee_data(changes: Changes, scene: bpy.types.Scene) -> Values:
    eevee = scene.eevee
    switches = ("use_shadows", "use_raytracing", "use_fast_gi", "use_overscan")
    return (
        (eevee, "taa_render_samples", 1),
        (scene.render, "filter_size", 0.0),  # the one sample is then at the centre
        *((eevee, name, False) for name in switches if hasattr(eevee, name)),
        # Blended surfaces write no passes.
        *((m, "surface_render_method", "DITHERED") for m in bpy.data.materials if m.surface_render_method == "BLENDED"),
        *((output, "target", "EEVEE") for output in whole.add_outputs(changes)),
    )


def _volume_links() -> Iterator[bpy.types.NodeLink]:
    """What fills worlds and materials with fog."""
    for block in (*bpy.data.worlds, *bpy.data.materials):
        if compat.uses_nodes(block):
            for link in block.node_tree.links:
                if link.to_node.bl_idname.startswith("ShaderNodeOutput") and link.to_socket.name == "Volume":
                    yield link
