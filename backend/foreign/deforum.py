"""Deforum's settings files: one JSON object of some 200 fields, those that change over time as schedules.

A schedule is a text such as "0:(0.65), 30:(0.5)": frames, and numbers or formulas in brackets. Read as
scripts/deforum_helpers/{args,settings,animation_key_frames,prompt,seed}.py of
https://github.com/deforum-art/sd-webui-deforum write it.
"""

import json
import re
from typing import Any

from .draft import Draft, Translation, number, short

_PROMPTS = ("prompts", "animation_prompts")
_POSITIVE = ("animation_prompts_positive", "positive_prompts")
_NEGATIVE = ("animation_prompts_negative", "negative_prompts", "negative_prompt")
_STRENGTH = ("strength_schedule", "strength")
_GUIDANCE = ("cfg_scale_schedule", "cfg_scale", "scale")
_KEY = re.compile(r"\"?(\d{1,7})\"?\s?:\s?\(")
_FRAME = re.compile(r"\d{1,7}", re.ASCII)
_UNIT = re.compile(r"cn_(\d)_(\w+)")

# What Flowbrush has from elsewhere, and the fields that this is about.
_ELSEWHERE = (
    (
        "Moves of the camera and guessed depth are left out: the scene's own camera and depth are used",
        r"animation_mode|border|angle|zoom|(translation|rotation|transform|perspective|shake|depth|midas|padding|fov|"
        r"near|far|aspect)_\w+|enable_perspective_flip|use_depth_warping|save_depth_maps|sampling_mode",
    ),
    (
        "Frames, size and rate are left out: they are the scene's",
        r"W|H|fps|max_frames|seed_resize_from_[wh]|resume_\w+",
    ),
    (
        "How frames depend on each other is left out: choose a Method, which follows the surfaces exactly",
        r"diffusion_\w+|(optical_flow|redo_flow|cadence|hybrid|keyframe)_\w+|(color|colour)_\w+|legacy_colormatch|"
        r"noise_\w+|perlin_\w+|enable_noise_\w+|use_noise_mask|(contrast|kernel|sigma|amount|threshold)_schedule|"
        r"reroll_\w+",
    ),
    (
        "Pictures and movies to start from are left out: painting starts from the render",
        r"use_init|init_\w+|strength_0_no_init|(video|extract)_\w+|overwrite_extracted_frames|use_looper|image_\w+|"
        r"blendFactor\w+|tweening_frames_schedule|from_img2img_instead_of_link",
    ),
    (
        "Masks are left out: use Regions and Paint Only",
        r"\w*mask\w*|fill",
    ),
    (
        "The movie's making is left out: Load into Sequencer, and render",
        r"batch_name|filename_format|(save|display|show)_\w+|skip_video\w*|ffmpeg_\w+|(frame_interpolation|r_upscale)_\w+|"
        r"make_gif|delete_\w+|add_soundtrack|soundtrack_path|store_frames_in_ram|render_steps|path_name_modifier|"
        r"image_path|mp4_path|outdir|output_format",
    ),
)


def recognised(document: dict[str, Any]) -> bool:
    """Whether `document` is such a file."""
    return any(name in document for name in (*_PROMPTS, _STRENGTH[0], _GUIDANCE[0]))


def translate(document: dict[str, Any], draft: Draft) -> Translation:
    """Into `draft`. Raises SettingsError for what is senseless."""
    rest = dict(document)
    _prompts(rest, draft)
    if kept := _schedule(rest, _STRENGTH, "Strength", draft):
        draft.note(f"Deforum's strength {kept[0][1]:g} is how much of a picture stays: Strength is 1 less that")
        draft.strength(1.0 - kept[0][1])
        draft.keys("strength", "Strength", [(frame, 1.0 - value) for frame, value in kept])
    if guidance := _schedule(rest, _GUIDANCE, "Guidance", draft):
        draft.guidance(guidance[0][1])
        draft.keys("guidance", "Guidance", guidance)
    if "steps" in rest:
        draft.steps(number(rest.pop("steps")))
    if "seed" in rest:
        draft.seed(number(rest.pop("seed")))
    if "seed_behavior" in rest:
        behaviour = _shown(rest.pop("seed_behavior"))
        draft.seed_mode("fixed" if behaviour == "fixed" else "per_frame")
        if behaviour != "fixed":
            draft.note(f"Seeds that change ({behaviour}) became other noise in every frame; On Surfaces is steadier")
    if isinstance(sampler := rest.pop("sampler", None), str):
        draft.scheduler(sampler, _shown(rest.pop("scheduler", "")))
    if model := rest.pop("sd_model_name", None):
        draft.note(f"The model {_shown(model)} is not looked for: choose it in the panel Model")
    _controls(rest, draft)
    _left_out(
        [name for name, value in rest.items() if value not in (None, False, "", "None") and _on(name, rest)], draft
    )
    return draft.translation()


def _prompts(rest: dict[str, Any], draft: Draft) -> None:
    """Those of the first frame and those that begin later; what they say after --neg must not be seen."""
    found = [rest.pop(name) for name in _PROMPTS if name in rest]
    plain = _by_frame(found[0], draft) if found else {}
    positives = [_by_frame(rest.pop(name), draft) for name in _POSITIVE if name in rest]
    negatives = [_by_frame(rest.pop(name), draft) for name in _NEGATIVE if name in rest]
    if not found:
        return
    prompts = {}
    for frame in sorted({0}.union(plain, *positives, *negatives)):
        prompt, _, negative = _begun(plain, frame).partition("--neg")
        prompts[frame] = (
            _joined([prompt, *(_begun(texts, frame) for texts in positives)]),
            _joined([negative, *(_begun(texts, frame) for texts in negatives)]),
        )
    draft.prompts(*prompts.pop(0))
    draft.later_prompts(prompts)


def _joined(parts: list[str]) -> str:
    return ", ".join(dict.fromkeys(filter(None, (part.strip() for part in parts))))


def _by_frame(value: object, draft: Draft) -> dict[int, str]:
    """Prompts by the frame from which on they hold; they may also be a text that holds them, or one prompt."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return {}
    if not isinstance(value, dict):
        return {0: value} if isinstance(value, str) else {}
    texts = {name: text for name, text in value.items() if isinstance(text, str)}
    found = {int(name): text for name, text in texts.items() if _FRAME.fullmatch(name)}
    if formulas := [name for name in texts if not _FRAME.fullmatch(name)]:
        draft.note(f"Prompts at frames that are formulas are left out: {', '.join(map(short, formulas[:8]))}")
    return found


def _begun(texts: dict[int, str], frame: int) -> str:
    """Which of `texts` holds at `frame`; before the first already that one."""
    begun = [start for start in texts if start <= frame]
    return texts[max(begun) if begun else min(texts)] if texts else ""


def _schedule(rest: dict[str, Any], names: tuple[str, ...], label: str, draft: Draft) -> list[tuple[int, float]]:
    """Frames and numbers, of the first of `names` that is there; none where it cannot be read."""
    given = [rest.pop(name) for name in names if name in rest]
    if not given:
        return []
    keys = _keys(given[0])
    if not keys:
        draft.note(f"{label} cannot be read ({_shown(given[0])}), and stays as it is")
    if None in keys.values():
        draft.note(f"{label} is a formula there ({_shown(given[0])}): only its numbers are taken")
    numbers = _numbers(given[0])
    if keys and not numbers:
        draft.note(f"{label} cannot be read ({_shown(given[0])}), and stays as it is")
    return numbers


def _numbers(schedule: object) -> list[tuple[int, float]]:
    return sorted((frame, value) for frame, value in _keys(schedule).items() if value is not None)


def _keys(schedule: object) -> dict[int, float | None]:
    """The numbers of a schedule by their frames; None for a formula."""
    if not isinstance(schedule, str) or number(schedule) is not None:
        value = number(schedule)
        return {} if value is None else {0: value}
    starts = [(int(match[1]), match.end()) for match in _KEY.finditer(schedule)]
    return {frame: number(schedule[begin : begin + 40].partition(")")[0].strip()) for frame, begin in starts}


def _on(name: str, rest: dict[str, Any]) -> bool:
    """Whether a field is used; schedules have a field that says so."""
    return rest.get(f"enable_{name.removesuffix('_schedule')}_scheduling") is not False


def _shown(value: object) -> str:
    return short(value) if isinstance(value, str) else ""


def _controls(rest: dict[str, Any], draft: Draft) -> None:
    """The ControlNet units that are switched on."""
    units: dict[str, dict[str, Any]] = {}
    for name in [name for name in rest if _UNIT.fullmatch(name)]:
        units.setdefault(name[3], {})[name[5:]] = rest.pop(name)
    for unit in units.values():
        if unit.get("enabled") is not True:
            continue
        scale, start, end = (_numbers(unit.get(name)) for name in ("weight", "guidance_start", "guidance_end"))
        firsts = [keys[0][1] if keys else None for keys in (scale, start, end)]
        place = draft.control(_shown(unit.get("module")), _shown(unit.get("model")), *firsts)
        if place is not None:
            draft.keys(f"controls[{place}].scale", "A ControlNet's weight", scale)


def _left_out(names: list[str], draft: Draft) -> None:
    for sentence, pattern in _ELSEWHERE:
        about = {name for name in names if re.fullmatch(pattern, name)}
        if about:
            draft.note(sentence)
        names = [name for name in names if name not in about]
    draft.left_out(names)
