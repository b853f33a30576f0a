"""Settings while they are translated: what changes, and what there is to say about it."""

import math
from dataclasses import dataclass, replace
from typing import Any

from ..additions import MAX_ADDITIONS, MAX_LORA_WEIGHT, LoraSettings
from ..over_time import DIGITS, MAX_KEYS, MAX_PROMPTS, KeyedSetting, LaterPrompt
from ..parsing import MAX_TEXT
from ..shot import MAX_FRAME
from ..take import MAX_CONTROLS, MAX_GUIDANCE, MAX_SCALE, MAX_SEED, MAX_STEPS, ControlSettings, TakeSettings
from . import prompts
from .loras import find_lora

MAX_NAMED = 60  # characters of somebody else's words in a sentence
MAX_LISTED = 40  # names in one

# A1111's samplers, lower case, with the schedule type where one is said. Also Deforum's, which are A1111's or have the
# names of k-diffusion. https://github.com/AUTOMATIC1111/stable-diffusion-webui/blob/master/modules/sd_samplers_kdiffusion.py
_SCHEDULERS = {
    "ddim": "ddim",
    "euler": "euler",
    "euler a": "euler_a",
    "euler_ancestral": "euler_a",
    "dpm++ 2m": "dpmpp_2m",
    "dpm++ 2m karras": "dpmpp_2m_karras",
    "dpm++ 2m automatic": "dpmpp_2m_karras",  # what its schedule is, left to itself
    "unipc": "unipc",
    "lcm": "lcm",
}
# What is drawn, by a word in the name of the preprocessor or else of the ControlNet; the first that fits.
_CONDITIONS = {
    "scribble": "",
    "depth_zoe": "depth_metric",
    "depth": "depth",
    "normal": "normal",
    "canny": "canny",
    "softedge": "softedge",
    "hed": "softedge",
    "pidinet": "softedge",
    "lineart": "lineart",
    "openpose_full": "openpose_full",
    "openpose_hand": "openpose_hand",
    "openpose_faceonly": "openpose_faceonly",
    "openpose_face": "openpose_face",
    "openpose": "openpose",
    "seg": "segmentation",
    "oneformer": "segmentation",
    "tile": "tile",
    "shuffle": "shuffle",
}


@dataclass(frozen=True)
class Translation:
    """What became of another program's settings.

    program: whose they were. translated: the fields that were taken over, with the panel's words for them. notes: a
    sentence for everything that has no counterpart, or that became something else.
    """

    program: str
    settings: TakeSettings
    translated: dict[str, str]
    notes: tuple[str, ...]


class Draft:
    """Changes to `base`, made one after the other by a format's reader. first: what the program's frame 0 becomes."""

    def __init__(self, base: TakeSettings, program: str, first: int = 0) -> None:
        self._base, self._program, self._first = base, program, first
        self._over_time: list[KeyedSetting] = []
        self._changes: dict[str, Any] = {}
        self._controls: list[ControlSettings] = []
        self._loras: list[LoraSettings] = []
        self._translated: dict[str, str] = {}
        self._notes: list[str] = []

    def note(self, sentence: str) -> None:
        """Something that the user should know."""
        if sentence not in self._notes:
            self._notes.append(sentence)

    def left_out(self, names: list[str]) -> None:
        """What has no counterpart at all, by the other program's names."""
        if names:
            more = f" and {len(names) - MAX_LISTED} more" if len(names) > MAX_LISTED else ""
            self.note(f"Left out, without a counterpart: {', '.join(map(short, names[:MAX_LISTED]))}{more}")

    def prompts(self, prompt: str, negative: str) -> None:
        """The prompts, without the signs that only the other program reads."""
        self._take("prompt", "Prompt", self._plain("Prompt", prompt))
        self._take("negative_prompt", "Negative", self._plain("Negative", negative))
        self._changes["later_prompts"] = ()

    def later_prompts(self, found: dict[int, tuple[str, str]]) -> None:
        """The prompts that begin later, prompt and negative prompt by the program's frame."""
        frames = sorted(frame for frame in found if frame + self._first <= MAX_FRAME)
        if len(frames) > MAX_PROMPTS:
            self.note(f"Prompts change more than {MAX_PROMPTS} times there: the rest is left out")
        later = []
        for frame in frames[:MAX_PROMPTS]:
            prompt, negative = found[frame]
            texts = self._plain("Prompt", prompt), self._plain("Negative", negative)
            later.append(LaterPrompt(frame + self._first, *texts))
        if later:
            self._take("later_prompts", "Prompts over Time", tuple(later))
            self._tell_first()

    def _plain(self, label: str, text: str) -> str:
        plain = prompts.plain(text)
        if plain.weighted:
            self.note("Weights of words, as in (word:1.3), have no counterpart: the words stay, without weights")
        if plain.changing:
            self.note("Words that change while a picture is painted, as in [from:to:0.5], have no counterpart")
        if plain.networks:
            self.note(f"Hypernetworks and the like are left out: {', '.join(map(short, plain.networks[:MAX_LISTED]))}")
        for lora in plain.loras[:MAX_ADDITIONS]:
            self._lora(*lora)
        if len(plain.text) > MAX_TEXT:
            self.note(f"{label} is longer than {MAX_TEXT} characters: its end is left out")
        return plain.text[:MAX_TEXT]

    def _lora(self, name: str, written: str) -> None:
        """The LoRA `name`, if its file is found; its weight is what a prompt says first."""
        weight, file = number(written or "1"), find_lora(name, self._base)
        if weight is None or file is None:
            why = "has a weight that cannot be read" if file else "lies neither beside the model nor beside other LoRAs"
            self.note(f"The LoRA {short(f'{name} {written}')} {why}: add its file under LoRA and Embeddings")
        elif len(self._loras) < MAX_ADDITIONS and all(lora.file != str(file) for lora in self._loras):
            inside = self._within(f"The weight of {short(name)}", weight, -MAX_LORA_WEIGHT, MAX_LORA_WEIGHT)
            self._loras.append(LoraSettings(str(file), inside))

    def keys(self, setting: str, label: str, keys: list[tuple[int, float]]) -> None:
        """What the number `setting`, which has been given its first value, becomes: the program's frames and values."""
        low, high = self._base.ranges.get(setting, (0.0, MAX_SCALE))
        within = [(frame, round(min(max(value, low), high), DIGITS)) for frame, value in keys[:MAX_KEYS]]
        if any(value != round(inside, DIGITS) for (_, value), (_, inside) in zip(within, keys, strict=False)):
            self.note(f"{label} is kept between {low:g} and {high:g} in all frames")
        shifted = tuple((frame + self._first, value) for frame, value in within if frame + self._first <= MAX_FRAME)
        if len({value for _, value in shifted}) > 1:
            self._over_time.append(KeyedSetting(setting, shifted))
            self._tell_first()

    def _tell_first(self) -> None:
        if self._first:
            self.note(f"Frame 0 of {self._program} became frame {self._first}, where the shot begins")

    def strength(self, value: float | None) -> None:
        """Denoising strength, 0 to 1."""
        self._number("strength", "Strength", value, 0.0, 1.0)

    def steps(self, value: float | None) -> None:
        """Denoising steps."""
        self._number("steps", "Steps", value, 1, MAX_STEPS, whole=True)

    def guidance(self, value: float | None) -> None:
        """Classifier-free guidance scale."""
        self._number("guidance", "Guidance", value, 0.0, MAX_GUIDANCE)

    def seed(self, value: float | None) -> None:
        """The seed; one below 0 stands for any."""
        if value is not None and value < 0:
            self.note(f"The seed is left to chance there: Seed stays {self._base.seed}")
            return
        self._number("seed", "Seed", value, 0, MAX_SEED, whole=True)
        self.note(f"The same seed is other noise in {self._program}: the picture will be another one")

    def seed_mode(self, value: str) -> None:
        """Where noise stays."""
        self._take("seed_mode", "Noise", value)

    def scheduler(self, sampler: str, schedule: str = "") -> None:
        """A sampler, and its schedule type where it is said apart."""
        whole = f"{sampler} {schedule}".strip()
        name = _SCHEDULERS.get(whole.lower())
        if name is None and schedule.lower() == "automatic":
            name = _SCHEDULERS.get(sampler.strip().lower())
        if name is None:
            self.note(f"The sampler {short(whole)} has no counterpart")
        else:
            self._take("scheduler", "Scheduler", name)

    def control(
        self, module: str, model: str, scale: float | None = None, start: float | None = None, end: float | None = None
    ) -> int | None:
        """A ControlNet unit: its preprocessor, its network, and its weight and range where they can be read.

        Gives its place among the controls; None where it has no counterpart.
        """
        found = [name for text in (module, model) for word, name in _CONDITIONS.items() if word in text.lower()]
        if not found or not found[0] or len(self._controls) == MAX_CONTROLS:
            self.note(f"The ControlNet unit {short(f'{module} {model}')} has no counterpart")
            return None
        given = ControlSettings(found[0])
        self._controls.append(
            replace(
                given,
                scale=self._within("A ControlNet's weight", given.scale if scale is None else scale, 0.0, MAX_SCALE),
                start=self._within("A ControlNet's start", given.start if start is None else start, 0.0, 1.0),
                end=self._within("A ControlNet's end", given.end if end is None else end, 0.0, 1.0),
            )
        )
        return len(self._controls) - 1

    def translation(self) -> Translation:
        """All of it. Raises SettingsError where it makes no sense together."""
        if self._controls:
            self._take("controls", "Conditions", tuple(self._controls))
            self.note("Of ControlNet units only condition, weight and range are taken: Flowbrush draws the conditions")
        if self._loras:
            self._take("loras", "LoRA", tuple(self._loras))
        kept = [one for one in self._base.over_time if one.setting.partition("[")[0] not in self._changes]
        changed = replace(self._base, **self._changes, over_time=(*kept, *self._over_time))
        settings = TakeSettings.parse(changed.document(), "the pasted text")
        return Translation(self._program, settings, self._translated, tuple(self._notes))

    def _number(
        self, name: str, label: str, value: float | None, low: float, high: float, *, whole: bool = False
    ) -> None:
        if value is None:
            self.note(f"{label} cannot be read, and stays {getattr(self._base, name):g}")
            return
        inside = self._within(label, value, low, high)
        self._take(name, label, round(inside) if whole else inside)

    def _within(self, label: str, value: float, low: float, high: float) -> float:
        inside = min(max(value, low), high)
        if inside != value:
            self.note(f"{label} was {value:g}: it became {inside:g}")
        return inside

    def _take(self, name: str, label: str, value: Any) -> None:
        self._changes[name] = value
        self._translated[name] = label


def short(words: str) -> str:
    """Somebody else's words, fit to stand in a sentence."""
    words = " ".join(words[: 4 * MAX_NAMED].encode("utf-8", "replace").decode().replace("\0", " ").split())
    return words if len(words) <= MAX_NAMED else f"{words[:MAX_NAMED]}…"


def number(value: object) -> float | None:
    """A number, or a text that is one; None for anything else, and for what is not finite."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None
