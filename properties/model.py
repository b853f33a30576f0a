"""What is done with the model besides choosing it."""

from typing import Any

import bpy
from bpy.props import FloatProperty, IntProperty, StringProperty

from ..backend.take import MAX_CLIP_SKIP, MAX_SCALE, PREDICTIONS, TakeSettings
from ..scene.compat import RELATIVE_PATH
from .control import DIGITS
from .fields import choice_field

OWN = "own"  # the backend's empty name, which no item of Blender's menus can have
PREDICTION_TEXTS = {
    OWN: ("Model's Own", "What the model's files say, or its weights"),
    "epsilon": ("Noise", "Epsilon: Stable Diffusion 1 and XL, and 2 for pictures of 512 pixels"),
    "v_prediction": ("Velocity", "V-prediction: Stable Diffusion 2 for pictures of 768 pixels, and some XL models"),
}


class FlowbrushModel(bpy.types.PropertyGroup):
    """How the model of a take is used."""

    vae: StringProperty(
        name="VAE",
        description="The part that turns pictures into latents and back, instead of the model's own: a diffusers "
        "folder or a safetensors file. Pale or greenish pictures can come from a wrong one",
        subtype="FILE_PATH",
        options=RELATIVE_PATH,
    )
    clip_skip: IntProperty(
        name="Clip Skip",
        description="Last layers of the text encoder to leave out. Most anime models want 1, which A1111 calls 2",
        min=0,
        max=MAX_CLIP_SKIP,
        soft_max=3,
        options=set(),
    )
    prediction: choice_field(
        "Prediction",
        "What the model predicts in every step. With the wrong one it paints nothing but noise",
        (OWN, *filter(None, PREDICTIONS)),
        PREDICTION_TEXTS,
        OWN,
    )

    reference: StringProperty(
        name="Reference",
        description="A picture whose style is taken, through an IP-Adapter; empty for none",
        subtype="FILE_PATH",
        options=RELATIVE_PATH,
    )
    reference_scale: FloatProperty(
        name="Reference Scale",
        description="How much of the reference's style is taken: 0 is nothing, and 1 leaves little to the prompt",
        default=TakeSettings.reference_scale,
        min=0.0,
        max=MAX_SCALE,
        soft_max=1.0,
        options=set(),
    )
    reference_model: StringProperty(
        name="IP-Adapter",
        description="What takes the reference's style: a safetensors file; when empty, the downloaded one that fits",
        subtype="FILE_PATH",
        options=RELATIVE_PATH,
    )

    @property
    def settings(self) -> dict[str, Any]:
        """The fields of a take's settings, as the backend takes them."""
        return {
            "vae": _absolute(self.vae),
            "reference": _absolute(self.reference),
            "reference_scale": round(self.reference_scale, DIGITS),
            "reference_model": _absolute(self.reference_model),
            "clip_skip": self.clip_skip,
            "prediction": "" if self.prediction == OWN else self.prediction,
        }

    def fill(self, settings: TakeSettings) -> None:
        """Takes over what `settings` say."""
        for name in ("vae", "clip_skip", "reference", "reference_scale", "reference_model"):
            setattr(self, name, getattr(settings, name))
        self.prediction = settings.prediction or OWN


def _absolute(path: str) -> str:
    path = path.strip()
    return bpy.path.abspath(path) if path.startswith("//") else path
