"""Line drawings that Blender makes itself, by Freestyle and by Grease Pencil's Line Art: white lines on black.

Each drawing is made for the current frame of a scene that is set up to render data (`render_settings`). What is added
to the scene for it is gone when it is made.
"""

import math
from collections.abc import Iterable
from pathlib import Path

import bpy
import numpy as np

from ..backend import needs
from ..backend.errors import Cancelled, Code, SceneError
from ..backend.shot import Camera, DrawnCondition
from . import compat, engines, render_settings
from .changes import Changes
from .exr_file import read_channels
from .held import hold
from .onlooker import look
from .pen import draw_lines

THICKNESS = 2.0  # pixels, as the lines that are drawn from passes
_NAME = "Flowbrush lines"
_SAMPLES = 16  # of Freestyle's strokes, for smooth borders
_EDGES = ("silhouette", "border", "crease", "external_contour", "material_boundary", "edge_mark")
_CREASE = math.radians(140.0)  # between two faces; sharper folds are lines, in both drawings

_MEANINGS = {
    needs.FREESTYLE: "Freestyle's lines, white on black",
    needs.GREASE_PENCIL: "the lines of Grease Pencil's Line Art, white on black",
}


def described(extras: Iterable[str]) -> dict[str, DrawnCondition]:
    """The drawings among `extras`, in the words of `backend.shot`."""
    return {name: DrawnCondition(_MEANINGS[name]) for name in extras if name in _MEANINGS}


def freestyle(
    scene: bpy.types.Scene, layer: bpy.types.ViewLayer, renders: render_settings.Renders, rough: Path
) -> np.ndarray:
    """Freestyle's lines, (H, W) float32 from 0 to 1; `rough` is a folder for what Blender writes on the way.

    Where the scene renders with Freestyle its own line sets are drawn, with their strokes; else silhouettes, borders,
    creases and the borders of materials, THICKNESS wide. Raises RuntimeError where Blender cannot render, SceneError
    where there is no Cycles, which draws the strokes, Cancelled.
    """
    if not hasattr(scene, "cycles"):
        raise SceneError(
            Code.UNSUPPORTED_SCENE, "Freestyle's lines need Cycles: enable it in the preferences under Add-ons"
        )
    path = rough / "freestyle.exr"
    scenes_own = (hold(scene.render), "use_freestyle", True) in renders.beauty and layer.use_freestyle
    render_settings.apply(renders.data)
    with Changes() as changes:
        changes.set(scene.render, "engine", engines.CYCLES)
        for owner, name, value in render_settings.cycles_data(scene, layer):
            changes.set(owner, name, value)
        changes.set(scene.render, "use_freestyle", True)
        changes.set(scene.render, "filepath", compat.literal_path(path))
        changes.set(layer, "use_freestyle", True)
        changes.set(layer.freestyle_settings, "as_render_pass", True)
        # The strokes are a scene of their own, with the scene's samples; nobody looks at what is behind them.
        changes.set(scene.cycles, "samples", _SAMPLES)
        changes.set(scene.cycles, "filter_width", 1.5)
        changes.set(layer, "samples", 1)
        for name in (p.identifier for p in layer.bl_rna.properties if p.identifier.startswith("use_pass_")):
            changes.set(layer, name, name == "use_pass_combined")
        if not (scenes_own and any(lines.show_render for lines in layer.freestyle_settings.linesets)):
            _choose_lines(changes, scene, layer.freestyle_settings)
        render_settings.image_format(scene, "OPEN_EXR_MULTILAYER")
        with bpy.context.temp_override(scene=scene):
            if "CANCELLED" in bpy.ops.render.render(write_still=True):
                raise Cancelled
    channels = read_channels(path.read_bytes())
    [ink] = [values for name, values in channels.items() if name.endswith(".Freestyle.A")]
    return np.clip(ink, 0.0, 1.0).astype(np.float32)


def _choose_lines(changes: Changes, scene: bpy.types.Scene, freestyle: bpy.types.FreestyleSettings) -> None:
    """One line set of our own in the place of all others."""
    changes.set(scene.render, "line_thickness_mode", "ABSOLUTE")
    changes.set(scene.render, "line_thickness", 100.0 / scene.render.resolution_percentage)
    changes.set(freestyle, "mode", "EDITOR")
    changes.set(freestyle, "crease_angle", _CREASE)
    for lines in freestyle.linesets:
        changes.set(lines, "show_render", False)
    changes.callback(setattr, freestyle.linesets, "active_index", freestyle.linesets.active_index)
    styles = set(bpy.data.linestyles)
    changes.callback(_remove_styles_but, styles)  # a line set comes with one
    lines = changes.new(freestyle.linesets, _NAME)
    lines.linestyle.thickness = THICKNESS
    for name in (p.identifier for p in lines.bl_rna.properties if p.identifier.startswith("select_")):
        if not name.startswith("select_by_"):
            setattr(lines, name, name.removeprefix("select_") in _EDGES)


def _remove_styles_but(kept: set[bpy.types.FreestyleLineStyle]) -> None:
    for style in set(bpy.data.linestyles) - kept:
        bpy.data.linestyles.remove(style)


def grease_pencil(
    scene: bpy.types.Scene,
    layer: bpy.types.ViewLayer,
    renders: render_settings.Renders,
    camera: Camera,
    size: tuple[int, int],
) -> np.ndarray:
    """Line Art's visible lines of the whole scene, (H, W) float32 from 0 to 1, THICKNESS wide.

    The modifier finds the lines in space, and Flowbrush draws them: Grease Pencil's own renderer needs a graphics
    card. Raises RuntimeError where Blender cannot render, Cancelled.
    """
    render_settings.apply(renders.data)
    with Changes() as changes:
        item = _add_drawing(changes, scene)
        for owner, name, value in compat.unrendered_grease_pencil(item, layer):
            changes.set(owner, name, value)
        found: list[list[np.ndarray]] = []
        look(scene, lambda _engine, depsgraph: found.append(compat.strokes(item.evaluated_get(depsgraph).data)))
    if not found:
        raise RuntimeError("Line Art was not evaluated")
    return draw_lines(found[0], camera, size, THICKNESS)


def _add_drawing(changes: Changes, scene: bpy.types.Scene) -> bpy.types.Object:
    """A Grease Pencil object whose Line Art draws the whole scene, until `changes` closes."""
    material = changes.new(bpy.data.materials, _NAME)
    bpy.data.materials.create_gpencil_data(material)
    drawing = changes.new(compat.grease_pencil_blocks(), _NAME)
    drawing.materials.append(material)
    drawing.layers.new(_NAME).frames.new(scene.frame_current)
    item = changes.new(bpy.data.objects, _NAME, drawing)
    lines = compat.add_line_art(item)
    lines.source_type, lines.target_layer, lines.target_material = "SCENE", _NAME, material
    lines.crease_threshold, lines.stroke_depth_offset = _CREASE, 0.0
    lines.use_edge_overlap = True  # else some go missing along the seams that importers leave
    changes.callback(setattr, lines, "target_material", None)  # Blender 4.2 counts it less often than it lets go
    scene.collection.objects.link(item)
    return item
