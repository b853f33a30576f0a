"""What a user sets in a scene, and what a running job tells the panels."""

import re
import zlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from . import gallery
from .backend.errors import Code, SettingsError
from .backend.needs import CONDITIONS, METHODS
from .backend.take import LIGHTS, MAX_SOFTNESS, SEED_MODES, RegionSettings, TakeSettings, load_styles
from .scene import words
from .scene.bone_maps import JOINTS
from .scene.names import check_mask

StyleItem = tuple[str, str, str, int, int]

METHOD_TEXTS = {
    "surface": ("Surface", "Paint every surface once, in a few keyframes, and find it again in every frame"),
    "flow": ("Flow", "Carry the paint of the frame before along with the surfaces; paint what comes into view"),
    "per_frame": ("Per Frame", "Paint every frame by itself; sharp, but the strokes change from frame to frame"),
}

LIGHT_TEXTS = {
    "follow": ("Follow", "Paint gets brighter and darker as the light on it changes"),
    "keep": ("Keep", "Paint stays in the light in which it was painted"),
}

SEED_MODE_TEXTS = {
    "fixed": ("In the Picture", "The same noise in every frame, at the same place of the picture"),
    "per_frame": ("Of Each Frame", "Other noise in every frame"),
    "surface": ("On Surfaces", "Noise that stays on the surfaces while they move, and the strokes with it"),
}


@cache
def styles() -> dict[str, TakeSettings]:
    """The styles that come with Flowbrush. Raises SettingsError."""
    return load_styles()


def _style_number(name: str) -> int:
    # A .blend stores the number: it must not change when a style is added in front of another. Blender's menus keep it
    # as a float, which is exact up to 24 bits.
    return zlib.crc32(name.encode()) & 0xFFFFFF


@cache
def _style_texts() -> list[tuple[str, str, str]]:
    # Kept, because Blender does not keep the texts of items that a function gives.
    return [(name, name.replace("_", " ").title(), settings.prompt) for name, settings in styles().items()]


def _style_items(_owner: bpy.types.PropertyGroup, _context: bpy.types.Context | None) -> list[StyleItem]:
    return [(*texts, gallery.icon(texts[0]), _style_number(texts[0])) for texts in _style_texts()]


def style_of(owner: "FlowbrushSettings | FlowbrushRegion") -> TakeSettings:
    """The style that was chosen. Raises SettingsError in a file whose style this version does not have."""
    if owner.style not in styles():
        raise SettingsError(
            Code.BAD_SETTINGS, "This file was made with a style that this version does not have: choose another style"
        )
    return styles()[owner.style]


def _apply_style(settings: "FlowbrushSettings", _context: bpy.types.Context) -> None:
    style = style_of(settings)
    for name in ("prompt", "negative_prompt", "strength", "steps", "guidance", "model"):
        setattr(settings, name, getattr(style, name))


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
    )
    folder: StringProperty(
        name="Folder",
        description="Gets a folder for each condition; when empty, the folder export in the shot's",
        subtype="DIR_PATH",
    )


FIRST_STYLE, FIRST = next(iter(styles().items()))


def _fill_in_prompts(region: "FlowbrushRegion", _context: bpy.types.Context) -> None:
    style = style_of(region)
    region.prompt, region.negative_prompt = style.prompt, style.negative_prompt


def _strength(description: str, name: str = "Strength", default: float = FIRST.strength) -> Any:
    return FloatProperty(
        name=name,
        description=description,
        default=default,
        min=0.0,
        max=1.0,
        subtype="FACTOR",
        options=set(),
    )


def _softness(what: str, default: float) -> Any:
    """The field of a mask's border."""
    return FloatProperty(
        name="Softness",
        description=f"How far {what} mix across the mask's border, in pixels",
        default=default,
        min=0.0,
        max=MAX_SOFTNESS,
        soft_max=20.0,
        options=set(),
    )


def _choice(name: str, description: str, values: Iterable[str], texts: dict[str, tuple[str, str]], default: str) -> Any:
    """The field of a setting that takes one of `values`; texts: the name and the description of each."""
    items = [(value, *texts[value]) for value in values]
    return EnumProperty(name=name, description=description, items=items, default=default, options=set())


class FlowbrushRegion(bpy.types.PropertyGroup):
    """A part of the picture that is painted with a prompt of its own."""

    enabled: BoolProperty(name="Enabled", description="Use this region", default=True, options=set())
    mask: StringProperty(
        name="Mask",
        description="Which part: names of objects, collections and materials, with & | ! ( ) and *",
        update=lambda self, _context: self.check(),
        options=set(),
    )
    softness: _softness("the two prompts", RegionSettings.softness)
    style: EnumProperty(
        name="Style",
        description="Choosing one fills in its prompts",
        items=_style_items,
        default=_style_number(FIRST_STYLE),
        update=_fill_in_prompts,
        options=set(),
    )
    prompt: StringProperty(
        name="Prompt", description="What this part shows and how it is painted", default=FIRST.prompt, options=set()
    )
    negative_prompt: StringProperty(
        name="Negative",
        description="What this part must not look like",
        default=FIRST.negative_prompt,
        options=set(),
    )
    words: StringProperty(
        name="Words",
        description="Which words of the prompts the model does not know",
        get=lambda self: words.notice(self.id_data.flowbrush.model, self.prompt, self.negative_prompt),
    )
    use_strength: BoolProperty(
        name="Own Strength", description="Paint this part with another strength than the rest", options=set()
    )
    strength: _strength("How far painting may leave the render here")
    problem: StringProperty(name="Problem", description="Why the mask has no meaning", options={"SKIP_SAVE"})
    notice: StringProperty(name="Notice", description="What is worth knowing of the mask", options={"SKIP_SAVE"})

    def check(self) -> None:
        """Looks up the mask's names in the open file."""
        self.problem, self.notice = check_mask(self.mask)

    @property
    def settings(self) -> RegionSettings:
        """As the backend takes it."""
        strength = self.strength if self.use_strength else None
        return RegionSettings(self.mask.strip(), self.prompt, self.negative_prompt, strength, self.softness)


class FlowbrushSettings(bpy.types.PropertyGroup):
    """One scene's shot, style, method and take."""

    shot_name: StringProperty(
        name="Name",
        description="Name of the shot's folder; when empty, the file's name, and the scene's if there are several",
        update=lambda self, _context: setattr(self, "captured", ""),
    )
    captured: StringProperty(
        name="Captured", description="What of this shot is on disk, when last looked at", options={"SKIP_SAVE"}
    )
    use_custom_range: BoolProperty(
        name="Custom Range", description="Capture other frames than the scene's", options=set()
    )
    frame_start: IntProperty(name="Frame Start", description="First frame of the shot", default=1, options=set())
    frame_end: IntProperty(name="End", description="Last frame of the shot, included", default=48, options=set())
    samples: IntProperty(
        name="Samples",
        description="Render samples of the picture that painting starts from; data passes always take one",
        default=16,
        min=1,
        max=4096,
        options=set(),
    )

    style: EnumProperty(
        name="Style",
        description="A set of prompt, model and strengths; choosing one fills in the fields below",
        items=_style_items,
        default=_style_number(FIRST_STYLE),
        update=_apply_style,
        options=set(),
    )
    prompt: StringProperty(
        name="Prompt", description="What the picture shows and how it is painted", default=FIRST.prompt
    )
    negative_prompt: StringProperty(
        name="Negative", description="What the picture must not look like", default=FIRST.negative_prompt
    )
    strength: _strength("How far painting may leave the render: 0 keeps it, 1 keeps only its conditions")
    steps: IntProperty(
        name="Steps",
        description="Denoising steps; more is slower and finer",
        default=FIRST.steps,
        min=1,
        max=1000,
        soft_max=50,
        options=set(),
    )
    guidance: FloatProperty(
        name="Guidance",
        description="How closely the prompt is followed; 1 turns guidance off and halves the time",
        default=FIRST.guidance,
        min=0.0,
        max=50.0,
        soft_max=15.0,
        options=set(),
    )
    seed: IntProperty(
        name="Seed",
        description="The noise that painting starts from; another seed, another picture",
        min=0,
        options=set(),
    )
    seed_mode: _choice(
        "Noise", "Where the noise stays that painting starts from", SEED_MODES, SEED_MODE_TEXTS, TakeSettings.seed_mode
    )
    words: StringProperty(
        name="Words",
        description="Which words of the prompts the model does not know",
        get=lambda self: words.notice(self.model, self.prompt, self.negative_prompt),
    )
    model: StringProperty(
        name="Model",
        description="The word starter for the model that comes along, a diffusers folder or a safetensors file",
        default=FIRST.model,
        subtype="FILE_PATH",
    )

    method: _choice(
        "Method", "How the frames depend on each other", reversed(METHODS), METHOD_TEXTS, TakeSettings.method
    )
    refine: _strength(
        "Paint every finished frame over once more, this strongly and with noise on its surfaces",
        "Refine",
        TakeSettings.refine,
    )
    light: _choice(
        "Light",
        "What paint does that the method Surface finds again, when the light on it changes",
        LIGHTS,
        LIGHT_TEXTS,
        TakeSettings.light,
    )
    shared_attention: BoolProperty(
        name="Shared Attention",
        description="Let the model look at the first picture while it paints the others: the hand stays the same, and "
        "painting takes twice as long. For models with self-attention",
        options=set(),
    )
    regions: CollectionProperty(type=FlowbrushRegion)
    active_region: IntProperty(name="Active Region", min=0, options=set())
    paint: StringProperty(
        name="Paint Only",
        description="A mask of what is painted; all else stays the render to the last bit. Empty paints everything",
        update=lambda self, _context: self.check_masks(),
        options=set(),
    )
    paint_softness: _softness("paint and render", TakeSettings.paint_softness)
    paint_problem: StringProperty(name="Problem", description="Why the mask has no meaning", options={"SKIP_SAVE"})
    paint_notice: StringProperty(name="Notice", description="What is worth knowing of the mask", options={"SKIP_SAVE"})
    export: PointerProperty(type=FlowbrushExport)
    take: StringProperty(name="Take", description="Name of the stylized result", default="take 1")

    def check_masks(self) -> None:
        """Looks up the names of all masks in the open file."""
        self.paint_problem, self.paint_notice = check_mask(self.paint) if self.paint.strip() else ("", "")
        for region in self.regions:
            region.check()

    @property
    def region_settings(self) -> tuple[RegionSettings, ...]:
        """The regions in use, as the backend takes them."""
        return tuple(region.settings for region in self.regions if region.enabled)

    @property
    def frame_range(self) -> tuple[int, int]:
        """First and last frame of the shot, both included."""
        scene = self.id_data
        if self.use_custom_range:
            return self.frame_start, self.frame_end
        return scene.frame_start, scene.frame_end

    @property
    def folder_name(self) -> str:
        """The name of the shot's folder."""
        if self.shot_name.strip():
            return self.shot_name.strip()
        name = Path(bpy.data.filepath).stem or "untitled"
        if len(bpy.data.scenes) > 1:
            name = f"{name} {self.id_data.name}"
        return re.sub(r"[^\w .()+-]", "_", name).strip(" .") or "untitled"


class FlowbrushPerson(bpy.types.PropertyGroup):
    """Which bones of an armature are a person's joints: a field for each of `JOINTS`; while all are empty, the bones
    are found from their names when a shot is captured. `scene.pose` reads it."""

    use: BoolProperty(
        name="Person", description="Draw this armature as a person in OpenPose conditions", default=True, options=set()
    )
    occluded: BoolProperty(
        name="Hidden Joints",
        description="Draw joints that are behind other objects as well; a model may then paint the limb in front",
        options=set(),
    )
    found: StringProperty(name="Found", description="What the last detection made of the bones", options={"SKIP_SAVE"})


for _joint in JOINTS:
    FlowbrushPerson.__annotations__[_joint] = StringProperty(
        name=_joint.replace("_", " ").title(),
        description="The bone that begins at this joint; fingers by their first bone. An empty one is left out, "
        "or put where an average person has it",
        options=set(),
    )


class FlowbrushJob(bpy.types.PropertyGroup):
    """How the running job is doing, or how the last one ended. Written by the operators, drawn by the panels."""

    running: BoolProperty(name="Running", options={"SKIP_SAVE"})
    title: StringProperty(name="Job", options={"SKIP_SAVE"})
    sentence: StringProperty(name="Status", options={"SKIP_SAVE"})
    progress: FloatProperty(name="Progress", min=0.0, max=1.0, subtype="FACTOR", options={"SKIP_SAVE"})
    error: StringProperty(name="Error", description="Why the last job did not finish", options={"SKIP_SAVE"})
    code: StringProperty(name="Error Code", options={"SKIP_SAVE"})
    environment: StringProperty(
        name="Backend", description="What the last check of the backend found", options={"SKIP_SAVE"}
    )
