"""The conditions by their names, and which go to other programs."""

import bpy
from bpy.props import EnumProperty, StringProperty

from ..backend.needs import CONDITIONS
from ..languages import CONTEXT
from ..scene.compat import RELATIVE_PATH

# Name, description and bit of each condition. A .blend stores the bits: they must not change.
CONDITION_TEXTS = {
    "depth": ("Depth", "Inverse depth, near is white, as MiDaS gives it; one range for the shot", 0),
    "depth_metric": ("Metric Depth", "Depth in metres, near is white, as ZoeDepth gives it; one range for the shot", 1),
    "normal": ("Normals", "Camera space normals in the colours of NormalBae", 2),
    "canny": ("Canny", "Edges of the picture", 3),
    "canny_geometry": ("Canny from Geometry", "Edges of the surfaces, without textures and shadows", 4),
    "softedge": ("Soft Edges", "Edges of surfaces and picture, soft as those of HED and PIDI", 5),
    "lineart": ("Line Art", "Lines drawn from the passes", 6),
    "lineart_freestyle": ("Line Art, Freestyle", "Lines drawn by Freestyle, by the scene's own line sets if it has", 7),
    "lineart_grease_pencil": ("Line Art, Grease Pencil", "Lines drawn by Grease Pencil's modifier Line Art", 8),
    "segmentation": ("Segmentation", "The classes of objects in the colours of ADE20K", 9),
    "object_colours": ("Object Colours", "A colour of its own for each object", 10),
    "openpose": ("OpenPose", "People's bodies, drawn from armatures", 11),
    "openpose_hand": ("OpenPose, Hands", "People's bodies and hands, drawn from armatures", 15),
    "openpose_face": ("OpenPose, Face", "People's bodies and faces, drawn from armatures", 16),
    "openpose_faceonly": ("OpenPose, Face Only", "People's faces, drawn from armatures", 17),
    "openpose_full": ("OpenPose, Full", "People's bodies, hands and faces, drawn from armatures", 18),
    "tile": ("Tile", "The picture without its details", 12),
    "shuffle": ("Shuffle", "The picture's colours without its composition", 13),
    "colour": ("Colour", "The picture itself", 14),
}


class FlowbrushExport(bpy.types.PropertyGroup):
    """Which conditions go to other programs, and where."""

    conditions: EnumProperty(
        name="Conditions",
        description="What is captured and exported besides what the style needs",
        items=[
            (name, title, description, "NONE", 1 << bit)
            for name, (title, description, bit) in CONDITION_TEXTS.items()
            if name in CONDITIONS
        ],
        options={"ENUM_FLAG"},
        translation_context=CONTEXT,
    )
    folder: StringProperty(
        name="Folder",
        description="Gets a folder for each condition; when empty, the folder export in the shot's",
        subtype="DIR_PATH",
        options=RELATIVE_PATH,
    )
