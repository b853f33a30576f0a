"""What a user sets in a scene."""

import re
from collections.abc import Iterable
from pathlib import Path

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)

from ..backend.needs import METHODS
from ..backend.take import LIGHTS, SCHEDULERS, SEED_MODES, ControlSettings, RegionSettings, TakeSettings
from ..languages import CONTEXT
from ..scene import keyed_lists, words
from ..scene.compat import RELATIVE_PATH
from ..scene.names import check_mask
from . import control
from .addition import FlowbrushEmbedding, FlowbrushLora
from .control import FlowbrushControl
from .export import FlowbrushExport
from .fields import choice_field, softness_field, strength_field
from .model import FlowbrushModel
from .region import FlowbrushRegion
from .styles import FIRST, style_field, style_of

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

OWN_SCHEDULER = "own"  # the backend's empty name, which no item of Blender's menus can have
SCHEDULER_TEXTS = {
    OWN_SCHEDULER: ("Model's Own", "The one that the model was made with"),
    "ddim": ("DDIM", "Deterministic, and steady from 20 steps on"),
    "ddim_trailing": ("DDIM Trailing", "DDIM that begins with nothing but noise: for LoRAs that paint in few steps"),
    "euler": ("Euler", "Simple and quick"),
    "euler_a": ("Euler Ancestral", "Draws new noise in every step: lively, and less steady"),
    "dpmpp_2m": ("DPM++ 2M", "Good pictures in 15 to 25 steps"),
    "dpmpp_2m_karras": ("DPM++ 2M Karras", "The same with smaller steps towards the end: finer details"),
    "unipc": ("UniPC", "Good pictures in 10 to 15 steps"),
    "lcm": ("LCM", "4 to 8 steps, for models and LoRAs that were made for it"),
}


def _apply_style(settings: "FlowbrushSettings", _context: bpy.types.Context) -> None:
    style = style_of(settings)
    for name in ("prompt", "negative_prompt", "strength", "steps", "guidance", "model", "edge_band", "crop_to_mask"):
        setattr(settings, name, getattr(style, name))
    settings.scheduler = style.scheduler or OWN_SCHEDULER
    settings.fill_controls(style.controls)
    settings.model_use.fill(style)


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

    style: style_field("A set of prompt, model and strengths; choosing one fills in the fields below", _apply_style)
    prompt: StringProperty(
        name="Prompt",
        translation_context=CONTEXT,
        description="What the picture shows and how it is painted",
        default=FIRST.prompt,
        options=set(),
    )
    negative_prompt: StringProperty(
        name="Negative",
        translation_context=CONTEXT,
        description="What the picture must not look like",
        default=FIRST.negative_prompt,
        options=set(),
    )
    strength: strength_field("How far painting may leave the render: 0 keeps it, 1 keeps only its conditions")
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
    )
    seed: IntProperty(
        name="Seed",
        description="The noise that painting starts from; another seed, another picture",
        min=0,
        options=set(),
    )
    seed_mode: choice_field(
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
        options=RELATIVE_PATH,
    )

    scheduler: choice_field(
        "Scheduler",
        "How the noise is taken away, step by step",
        (OWN_SCHEDULER, *SCHEDULERS[1:]),
        SCHEDULER_TEXTS,
        FIRST.scheduler or OWN_SCHEDULER,
    )
    controls: CollectionProperty(type=FlowbrushControl)
    active_control: IntProperty(name="Active Condition", min=0, options=set())
    own_controls: BoolProperty(
        name="Own Conditions",
        description="Whether the list says which conditions there are; else they are those of the style",
        options=set(),
    )
    model_use: PointerProperty(type=FlowbrushModel)

    method: choice_field(
        "Method", "How the frames depend on each other", reversed(METHODS), METHOD_TEXTS, TakeSettings.method
    )
    refine: strength_field(
        "Paint every finished frame over once more, this strongly and with noise on its surfaces",
        "Refine",
        TakeSettings.refine,
    )
    light: choice_field(
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
    edge_band: FloatProperty(
        name="Edge Band",
        description="How far from a silhouette paint belongs to the view and not to the surface, in thousandths of the "
        "picture's height: lines there are drawn in every frame",
        default=TakeSettings.edge_band,
        min=0.0,
        max=50.0,
        options=set(),
    )
    crop_to_mask: BoolProperty(
        name="Crop to Mask",
        description="Where only a part of a picture is painted, give the model only that part: quicker and finer",
        default=TakeSettings.crop_to_mask,
        options=set(),
    )
    regions: CollectionProperty(type=FlowbrushRegion)
    active_prompt: IntProperty(name="Active Prompt", min=0, options=set())
    active_region: IntProperty(name="Active Region", min=0, options=set())
    loras: CollectionProperty(name="LoRA", type=FlowbrushLora)
    active_loras: IntProperty(name="Active LoRA", min=0, options=set())
    embeddings: CollectionProperty(name="Embeddings", type=FlowbrushEmbedding)
    active_embeddings: IntProperty(name="Active Embedding", min=0, options=set())
    paint: StringProperty(
        name="Paint Only",
        description="A mask of what is painted; all else stays the render to the last bit. Empty paints everything",
        update=lambda self, _context: self.check_masks(),
        options=set(),
    )
    paint_softness: softness_field(
        "How far paint and render mix across the mask's border, in pixels", TakeSettings.paint_softness
    )
    paint_problem: StringProperty(name="Problem", description="Why the mask has no meaning", options={"SKIP_SAVE"})
    paint_notice: StringProperty(name="Notice", description="What is worth knowing of the mask", options={"SKIP_SAVE"})
    export: PointerProperty(type=FlowbrushExport)
    take: StringProperty(name="Take", description="Name of the stylized result", default="take 1")

    def check_masks(self) -> None:
        """Looks up the names of all masks in the open file."""
        self.paint_problem, self.paint_notice = check_mask(self.paint) if self.paint.strip() else ("", "")
        for region in self.regions:
            region.check()

    def fill_controls(self, controls: Iterable[ControlSettings]) -> None:
        """Puts `controls` in the place of all in the list."""
        keyed_lists.clear(self, "controls")
        control.fill(self.controls, controls)
        self.active_control, self.own_controls = 0, True

    @property
    def control_settings(self) -> tuple[ControlSettings, ...]:
        """The conditions in use, as the backend takes them. Raises SettingsError where no style is known."""
        if not self.own_controls:
            return style_of(self).controls
        return tuple(one.settings for one in self.controls if one.enabled)

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
