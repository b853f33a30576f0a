"""What the panel says as the settings of a take, and the settings of a take put back into the panel."""

from dataclasses import replace
from pathlib import Path

import bpy

from .backend.over_time import keyed
from .backend.take import RegionSettings, TakeSettings
from .properties import addition, models
from .properties.settings import OWN_SCHEDULER, FlowbrushSettings
from .properties.styles import style_of, styles
from .scene.over_time import put_keys, remove_keys, sampled
from .scene.prompts import later_prompts, put_prompts

MAX_SEED = 2**31 - 1  # of Blender's whole numbers

# How a take is painted, whatever the scene: the fields that panel and settings have in common. What a Blender preset
# holds.
LOOK = (
    "prompt",
    "negative_prompt",
    "strength",
    "steps",
    "guidance",
    "seed_mode",
    "method",
    "light",
    "refine",
    "shared_attention",
    "edge_band",
    "crop_to_mask",
)


def take_settings(chosen: FlowbrushSettings, frames: range | None = None) -> TakeSettings:
    """What the panel says, checked; what has keyframes as it is in `frames`, or in the frames of the scene's shot.

    Raises SettingsError.
    """
    model = chosen.model.strip()
    settings = replace(
        style_of(chosen),
        **{name: getattr(chosen, name) for name in LOOK},
        **chosen.model_use.settings,
        model=bpy.path.abspath(model) if model.startswith("//") else model,
        seed=chosen.seed,
        scheduler="" if chosen.scheduler == OWN_SCHEDULER else chosen.scheduler,
        controls=chosen.control_settings,
        regions=chosen.region_settings,
        loras=addition.in_use(chosen.loras),
        embeddings=addition.in_use(chosen.embeddings),
        paint=chosen.paint.strip(),
        paint_softness=chosen.paint_softness,
        later_prompts=later_prompts(chosen.id_data),
    )
    if frames is None:
        first, last = chosen.frame_range
        frames = range(first, max(first, last) + 1)
    return TakeSettings.parse(_with_keys(settings, chosen, frames).document())


def _with_keys(settings: TakeSettings, chosen: FlowbrushSettings, frames: range) -> TakeSettings:
    over_time = []
    for name, path in _number_paths(chosen).items():
        low, high = settings.ranges[name]
        values = sampled(chosen.id_data, path, frames)
        if values:
            found = keyed(name, ((frame, min(max(value, low), high)) for frame, value in values))
            # Else it would be what it is at the scene's present frame.
            settings = settings.with_number(name, found.at(frames.start))
            over_time += [found] if len(found.keys) > 1 else []
    return replace(settings, over_time=tuple(over_time))


def _number_paths(chosen: FlowbrushSettings) -> dict[str, str]:
    """Where in Blender the numbers are that may have keys, by their names in `TakeSettings.over_time`."""
    numbers = {name: (chosen, name) for name in ("strength", "guidance", "refine", "paint_softness")}
    controls = chosen.controls if chosen.own_controls else ()
    for listed, name, owners in (
        ("regions", "strength", chosen.regions),
        ("regions", "softness", chosen.regions),
        ("controls", "scale", controls),
        ("loras", "weight", chosen.loras),
    ):
        in_use = [owner for owner in owners if owner.enabled]
        for index, owner in enumerate(in_use):
            if name != "strength" or owner.use_strength:
                numbers[f"{listed}[{index}].{name}"] = owner, name
    return {setting: owner.path_from_id(name) for setting, (owner, name) in numbers.items()}


def apply_settings(scene: bpy.types.Scene, settings: TakeSettings) -> list[str]:
    """Puts `settings` into the panel of `scene`; gives what `differences` gives.

    Not put there is what belongs to a machine or to one take: device, precision, leave to load pickles, frames.
    Raises SettingsError, with nothing changed, as `differences` does.
    """
    sentences = differences(scene, settings)
    chosen = scene.flowbrush
    remove_keys(scene, chosen.path_from_id())
    given, settings = settings, replace(settings, later_prompts=()).at(scene.frame_current)
    if settings.style in styles():
        chosen.style = settings.style  # before all that it fills in
    for name in (*LOOK, "model", "paint", "paint_softness"):
        setattr(chosen, name, getattr(settings, name))
    chosen.seed = _seed(settings)
    chosen.scheduler = settings.scheduler or OWN_SCHEDULER
    chosen.model_use.fill(settings)
    if settings.controls != chosen.control_settings:  # else those that are switched off would go
        chosen.fill_controls(settings.controls)
    addition.fill(chosen.loras, settings.loras)
    addition.fill(chosen.embeddings, settings.embeddings)
    if settings.regions != chosen.region_settings:  # else those that are switched off would go
        chosen.regions.clear()
        for region in settings.regions:
            _add_region(chosen, region)
        chosen.active_region = 0
    chosen.check_masks()
    paths = _number_paths(chosen)
    for one in given.over_time:
        put_keys(scene, paths[one.setting], one.keys)
    put_prompts(scene, given.later_prompts)
    return sentences


def differences(scene: bpy.types.Scene, settings: TakeSettings) -> list[str]:
    """A sentence for each thing that the panel of `scene` cannot have as `settings` say, and for a missing model.

    Raises SettingsError where `scene` and `settings` both have a style that is not known here.
    """
    style = styles().get(settings.style) or style_of(scene.flowbrush)
    sentences = []
    if settings.style not in ("", style.style):
        sentences.append(f"The style {settings.style} is not in this version: {style.style} stays chosen")
    if settings.seed != _seed(settings):
        sentences.append(f"The seed {settings.seed} is larger than Blender's numbers: it becomes {_seed(settings)}")
    if settings.model != models.STARTER and not _model_exists(settings.model):
        sentences.append(f"The model {settings.model} is not on this machine: choose or download it in the panel Model")
    for kind, additions in (("LoRA", settings.loras), ("embedding", settings.embeddings)):
        sentences += [
            f"The {kind} {one.file} is not on this machine: choose it under LoRA and Embeddings"
            for one in additions
            if not _exists(Path(bpy.path.abspath(one.file)))
        ]
    return sentences


def _seed(settings: TakeSettings) -> int:
    return settings.seed % (MAX_SEED + 1)


def _add_region(chosen: FlowbrushSettings, settings: RegionSettings) -> None:
    region = chosen.regions.add()
    for name in ("mask", "prompt", "negative_prompt", "softness"):
        setattr(region, name, getattr(settings, name))
    region.use_strength = settings.strength is not None
    if settings.strength is not None:
        region.strength = settings.strength


def _model_exists(setting: str) -> bool:
    return setting in models.known().there or _exists(Path(bpy.path.abspath(setting)))


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # too long, or with signs that no path has
        return False
