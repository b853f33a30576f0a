"""The take folder: one stylized result of a shot, with its settings, its frames and what a resumed run needs.

take.json            settings, resolved models with their hashes
frames/####.png      8-bit sRGB; there only when whole
painted/####.png     where frames/ show only a part of the paint, or refine it: the paint that other frames take from
keyframes/####.*     pictures that the method painted for frames to take from, and what it must know of them
state/####.npz       what the method must know of a frame to go on from it
made.jsonl           what each of these was made from, see `made`
timings.jsonl        what each frame took, see `timings`
rating.json          how many stars the user gave it, see `takes`
report/index.html    a page for people, see `quality.report`
log                  what libraries printed
"""

import os
import tomllib
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from . import made
from .additions import MAX_ADDITIONS, MAX_LORA_WEIGHT, EmbeddingSettings, LoraSettings
from .errors import Code, SettingsError, ShotError
from .mask_expression import parse
from .needs import METHODS
from .over_time import KeyedSetting, LaterPrompt, OverTime, parse_later_prompts, parse_over_time
from .parsing import Fields
from .shot import MAX_FRAME, Shot, frame_file
from .storage import make_folder, read_json, write_json

FORMAT = "flowbrush-take"
VERSION = 1
SCHEDULERS = ("", "ddim", "ddim_trailing", "euler", "euler_a", "dpmpp_2m", "dpmpp_2m_karras", "unipc", "lcm")
DEVICES = ("auto", "cpu", "cuda", "mps")
PRECISIONS = ("auto", "float32", "float16", "bfloat16")
SEED_MODES = ("fixed", "per_frame", "surface")
LIGHTS = ("follow", "keep")
PREDICTIONS = ("", "epsilon", "v_prediction")
MAX_CLIP_SKIP = 12
MAX_CONTROLS = 16
MAX_GUIDANCE = 50.0
MAX_REGIONS = 16
MAX_SEED = 2**53  # what JSON keeps exactly
MAX_SOFTNESS = 100.0  # pixels
MAX_SCALE = 2.0
MAX_STEPS = 1000
_LISTS = ("controls", "loras", "embeddings", "later_prompts")
STYLES_FILE = Path(__file__).with_name("styles.toml")


@dataclass(frozen=True)
class ControlSettings:
    """One ControlNet.

    condition: the name of its conditioning image. model: a folder or safetensors file; empty means the one that comes
    with the model. scale: conditioning scale. start, end: the part of the denoising in which it acts, 0 to 1. optional:
    a shot that lacks the condition is painted without, instead of being refused.
    """

    condition: str
    model: str = ""
    scale: float = 1.0
    start: float = 0.0
    end: float = 1.0
    optional: bool = False


@dataclass(frozen=True)
class RegionSettings:
    """A part of the picture that is painted with a prompt of its own.

    mask: an expression, see `mask_expression`. strength: instead of the take's; None for the take's. softness: of the
    mask's border, see `passes.masks.softened`, pixels.
    """

    mask: str
    prompt: str
    negative_prompt: str = ""
    strength: float | None = None
    softness: float = 0.0


@dataclass(frozen=True)
class TakeSettings(OverTime):
    """All that decides what a take looks like. The same settings, shot and model give the same bytes.

    model: `starter`, a diffusers folder or a single safetensors file. strength: denoising strength of img2img, 0 to 1.
    guidance: classifier-free guidance scale, 1 turns it off. seed_mode: `fixed` starts every frame from the same noise,
    `per_frame` from noise of its own, `surface` from noise that stays on the surfaces. scheduler: one of SCHEDULERS,
    empty for the model's own. crop_to_mask: paint only the part of a picture around its mask. allow_pickle: load
    weights that can run code; only on the user's insistence. frames: first and last frame to stylize, both included;
    None for the whole shot. edge_band: how far from a silhouette paint counts as belonging to the view, in thousandths
    of the picture's height (methods `flow` and `surface`).
    regions: later ones lie above earlier ones; the rest of the picture has the take's own prompt. paint: expression of
    what is painted at all, empty for everything; where that mask is 0 the render is kept to the last bit.
    paint_softness: of its border, pixels. refine: strength of a last pass over every frame, 0 for none. light: `follow`
    makes carried paint brighter and darker as the scene's light and shadows move over it, `keep` leaves it as it was
    painted (method `surface`).
    shared_attention: all pictures look at the first one while they are painted, if the model attends to anything.
    loras, embeddings: what is added to the model, see `additions`.
    over_time: the numbers that change from frame to frame; they go before what is said of them elsewhere.
    later_prompts: those that take the place of the take's own from some frame on.
    prediction: what the model predicts, one of PREDICTIONS; empty for what it says itself. clip_skip: how many more of
    the text encoder's last layers are left out than the model does itself. vae: a folder or single file; empty for the
    model's own. reference: a picture whose style is taken, empty for none, reference_scale: how much of it, and
    reference_model: the IP-Adapter that takes it, a safetensors file; empty for the one that is downloaded.
    """

    style: str = ""
    method: str = "surface"
    prompt: str = ""
    negative_prompt: str = ""
    model: str = "starter"
    controls: tuple[ControlSettings, ...] = field(default=())
    strength: float = 0.75
    steps: int = 20
    guidance: float = 7.5
    scheduler: str = ""
    seed: int = 0
    seed_mode: str = "fixed"
    device: str = "auto"
    precision: str = "auto"
    crop_to_mask: bool = True
    allow_pickle: bool = False
    frames: tuple[int, int] | None = None
    edge_band: float = 12.0
    regions: tuple[RegionSettings, ...] = field(default=())
    paint: str = ""
    paint_softness: float = 1.0
    refine: float = 0.0
    light: str = "follow"
    shared_attention: bool = False
    loras: tuple[LoraSettings, ...] = field(default=())
    embeddings: tuple[EmbeddingSettings, ...] = field(default=())
    over_time: tuple[KeyedSetting, ...] = field(default=())
    later_prompts: tuple[LaterPrompt, ...] = field(default=())
    prediction: str = ""
    clip_skip: int = 0
    vae: str = ""
    reference: str = ""
    reference_scale: float = 0.6
    reference_model: str = ""

    @staticmethod
    def parse(document: dict[str, Any], where: str = "settings") -> "TakeSettings":
        """Checks `document`, field by field; absent fields take their default. Raises SettingsError."""
        default = TakeSettings()
        given = Fields(document, where, bad_settings)
        if unknown := sorted(set(given.names()) - {f.name for f in fields(TakeSettings)}):
            raise bad_settings(f"{where}: '{unknown[0]}' is not a setting")
        settings = TakeSettings(
            style=given.text("style", default.style),
            method=given.text("method", default.method, tuple(METHODS)),
            prompt=given.text("prompt", default.prompt),
            negative_prompt=given.text("negative_prompt", default.negative_prompt),
            model=given.text("model", default.model),
            controls=tuple(
                ControlSettings(
                    condition=control.text("condition"),
                    model=control.text("model", ""),
                    scale=control.number("scale", 0.0, MAX_SCALE, 1.0),
                    start=control.number("start", 0.0, 1.0, 0.0),
                    end=control.number("end", 0.0, 1.0, 1.0),
                    optional=control.flag("optional", False),
                )
                for control in given.children("controls", MAX_CONTROLS)
            ),
            strength=given.number("strength", 0.0, 1.0, default.strength),
            steps=given.integer("steps", 1, MAX_STEPS, default.steps),
            guidance=given.number("guidance", 0.0, MAX_GUIDANCE, default.guidance),
            scheduler=given.text("scheduler", default.scheduler, SCHEDULERS),
            seed=given.integer("seed", 0, MAX_SEED, default.seed),
            seed_mode=given.text("seed_mode", default.seed_mode, SEED_MODES),
            device=given.text("device", default.device, DEVICES),
            precision=given.text("precision", default.precision, PRECISIONS),
            crop_to_mask=given.flag("crop_to_mask", default.crop_to_mask),
            allow_pickle=given.flag("allow_pickle", default.allow_pickle),
            frames=_frames(given),
            edge_band=given.number("edge_band", 0.0, 50.0, default.edge_band),
            regions=tuple(_region(region) for region in given.children("regions", MAX_REGIONS)),
            paint=_mask(given, "paint", default.paint),
            paint_softness=given.number("paint_softness", 0.0, MAX_SOFTNESS, default.paint_softness),
            refine=given.number("refine", 0.0, 1.0, default.refine),
            light=given.text("light", default.light, LIGHTS),
            shared_attention=given.flag("shared_attention", default.shared_attention),
            loras=tuple(map(LoraSettings.parse, given.children("loras", MAX_ADDITIONS))),
            embeddings=tuple(map(EmbeddingSettings.parse, given.children("embeddings", MAX_ADDITIONS))),
            later_prompts=parse_later_prompts(given),
            prediction=given.text("prediction", default.prediction, PREDICTIONS),
            clip_skip=given.integer("clip_skip", 0, MAX_CLIP_SKIP, default.clip_skip),
            vae=given.text("vae", default.vae),
            reference=given.text("reference", default.reference),
            reference_scale=given.number("reference_scale", 0.0, MAX_SCALE, default.reference_scale),
            reference_model=given.text("reference_model", default.reference_model),
        )
        return replace(settings, over_time=parse_over_time(given, settings.ranges))

    def document(self) -> dict[str, Any]:
        """As JSON-ready fields; `parse` reads them back."""
        document = {**_given(self), "regions": [_given(region) for region in self.regions]}
        document |= {name: [asdict(part) for part in getattr(self, name)] for name in _LISTS}
        document["over_time"] = {keyed.setting: [list(key) for key in keyed.keys] for keyed in self.over_time}
        if self.frames:
            document["frames"] = list(self.frames)
        return document

    @property
    def prompts(self) -> tuple[str, ...]:
        """All prompts and negative prompts, the later ones and the regions' too."""
        given: tuple[TakeSettings | LaterPrompt | RegionSettings, ...] = (self, *self.later_prompts, *self.regions)
        return tuple(text for one in given for text in (one.prompt, one.negative_prompt))

    @property
    def masks(self) -> tuple[str, ...]:
        """The mask expressions that say where something is painted."""
        return (*(region.mask for region in self.regions), *([self.paint] if self.paint else []))

    @property
    def surface_noise(self) -> bool:
        """Whether some painting starts from noise that stays on the surfaces."""
        return self.seed_mode == "surface" or self.most("refine") > 0.0

    @property
    def ranges(self) -> dict[str, tuple[float, float]]:
        """The numbers that may change over time, by their names in `over_time`, with their lowest and highest value."""
        whole = {"strength": 1.0, "guidance": MAX_GUIDANCE, "refine": 1.0, "paint_softness": MAX_SOFTNESS}
        scales = {f"controls[{index}].scale": MAX_SCALE for index in range(len(self.controls))}
        regions = {
            f"regions[{index}].{name}": most
            for index in range(len(self.regions))
            for name, most in (("strength", 1.0), ("softness", MAX_SOFTNESS))
        }
        weights = {f"loras[{index}].weight": (-MAX_LORA_WEIGHT, MAX_LORA_WEIGHT) for index in range(len(self.loras))}
        return {name: (0.0, most) for name, most in (whole | scales | regions).items()} | weights

    def frame_seed(self, frame: int) -> int:
        """The seed of the noise of `frame`."""
        return self.seed if self.seed_mode != "per_frame" else (self.seed + 7919 * (frame + 2**21)) % 2**53


def load_styles(path: Path = STYLES_FILE) -> dict[str, TakeSettings]:
    """The named styles of a toml file, in the file's order. Raises SettingsError."""
    try:
        tables = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(Code.BAD_SETTINGS, f"The styles in {path} cannot be read: {error}") from error
    return {name: replace(TakeSettings.parse(table, f"style '{name}'"), style=name) for name, table in tables.items()}


def style_settings(name: str) -> TakeSettings:
    """The settings of the style called `name`. Raises SettingsError with the names that exist."""
    styles = load_styles()
    if name not in styles:
        raise SettingsError(Code.BAD_SETTINGS, f"There is no style '{name}'; choose one of {', '.join(styles)}")
    return styles[name]


@dataclass(frozen=True)
class Take:
    """A take on disk. models: the SHA-256 of the model and what goes with it. capture: the one that all of it shows."""

    folder: Path
    settings: TakeSettings
    models: dict[str, str]
    capture: str = ""

    @staticmethod
    def start(shot: Shot, name: str, settings: TakeSettings, models: dict[str, str]) -> "Take":
        """Begins the take `name`, or goes on with it where models and settings are the same but for what is over time.

        What there is may be of a former capture, or of such settings, see `methods.executor.renewed`. Raises ShotError
        when the name is taken by another, StorageError when it cannot be written.
        """
        take = Take(shot.take_folder(name), settings, models, shot.capture)
        if (take.folder / "take.json").exists():
            there = Take.load(shot, name)
            if obstacle := there.obstacle(take):
                raise ShotError(Code.BAD_TAKE, f"The take '{name}' {obstacle}: choose a new name or replace it")
            return replace(there, settings=settings)
        for part in ("frames", "state", "keyframes", *(["painted"] if take.keeps_paint else [])):
            make_folder(take.folder / part)
        made.begin(take.folder)
        take.save()
        return take

    def obstacle(self, wanted: "Take") -> str:
        """Why this take cannot become `wanted`, as the end of a sentence about it; empty where it can."""
        if (self.settings.still(), self.models) != (wanted.settings.still(), wanted.models):
            return "has other settings or another model"
        same = (self.settings, self.capture) == (wanted.settings, wanted.capture)
        if not same and not made.known(self.folder):
            return "is of another capture, and was made by a Flowbrush that did not note which frames that concerns"
        return ""

    def save(self) -> None:
        """Writes take.json whole. Raises StorageError."""
        document = {"format": FORMAT, "version": VERSION, "capture": self.capture}
        document |= {"settings": self.settings.document(), "models": self.models}
        write_json(self.folder / "take.json", document)

    @staticmethod
    def load(shot: Shot, name: str) -> "Take":
        """Reads the take `name` of `shot`. Raises ShotError or SettingsError."""
        folder = shot.take_folder(name)
        given = Fields(read_json(folder / "take.json", 10_000_000, _bad_take), "take.json", _bad_take)
        if given.text("format") != FORMAT or given.integer("version", 0, 1_000_000) != VERSION:
            raise _bad_take("it was not written by this version of Flowbrush")
        models = given.child("models")
        settings = TakeSettings.parse(given.mapping("settings"), "take.json: 'settings'")
        return Take(folder, settings, {key: models.text(key) for key in models.names()}, given.text("capture", ""))

    @property
    def name(self) -> str:
        """The take's name, which is its folder's."""
        return self.folder.name

    @property
    def keeps_paint(self) -> bool:
        """Whether the paint that frames take from each other is another picture than the one that is shown."""
        return bool(self.settings.paint) or self.settings.most("refine") > 0.0

    def frame_path(self, frame: int) -> Path:
        """Where the stylized picture of `frame` is or will be."""
        return self.folder / "frames" / frame_file(frame, "png")

    def painted_path(self, frame: int) -> Path:
        """Where the paint of `frame` is before it was refined and the render put around it."""
        return self.folder / "painted" / frame_file(frame, "png")

    def state_path(self, frame: int) -> Path:
        """Where the method keeps what it must know of `frame`."""
        return self.folder / "state" / frame_file(frame, "npz")

    def keyframe_path(self, frame: int) -> Path:
        """Where the picture is or will be that the method painted of `frame` for other frames to take from."""
        return self.folder / "keyframes" / frame_file(frame, "png")

    def keyframe_state_path(self, frame: int) -> Path:
        """Where the method keeps what it must know of the keyframe `frame`."""
        return self.folder / "keyframes" / frame_file(frame, "npz")

    def frame_numbers(self, shot: Shot) -> range:
        """All frames that the take has when it is whole."""
        first, last = self.settings.frames or shot.frames
        return range(max(first, shot.frames[0]), min(last, shot.frames[1]) + 1)

    def finished(self, shot: Shot) -> list[int]:
        """The frames that are done."""
        try:
            there = set(os.listdir(self.folder / "frames"))  # noqa: PTH208  many times faster, and asked at every frame
        except (FileNotFoundError, NotADirectoryError):
            return []
        return [frame for frame in self.frame_numbers(shot) if frame_file(frame, "png") in there]


def _frames(given: Fields) -> tuple[int, int] | None:
    if "frames" not in given.names():
        return None
    frames = given.integers("frames", -MAX_FRAME, MAX_FRAME, 2)
    if len(frames) != 2 or frames[1] < frames[0]:
        raise bad_settings(f"{given.where}: 'frames' must be a first and a last frame")
    return frames[0], frames[1]


def _region(given: Fields) -> RegionSettings:
    return RegionSettings(
        mask=_mask(given, "mask"),
        prompt=given.text("prompt"),
        negative_prompt=given.text("negative_prompt", ""),
        strength=given.number("strength", 0.0, 1.0) if "strength" in given.names() else None,
        softness=given.number("softness", 0.0, MAX_SOFTNESS, RegionSettings.softness),
    )


def _mask(given: Fields, name: str, default: str | None = None) -> str:
    """A mask expression that can be read, or `default`."""
    text = given.text(name, default).strip()
    if text != default:
        parse(text)
    return text


def _given(settings: TakeSettings | RegionSettings) -> dict[str, Any]:
    """As fields, without those that are None."""
    return {name: value for name, value in asdict(settings).items() if value is not None}


def bad_settings(reason: str) -> SettingsError:
    """The error of settings that make no sense."""
    return SettingsError(Code.BAD_SETTINGS, f"These settings cannot be used: {reason}")


def _bad_take(reason: str) -> ShotError:
    return ShotError(Code.BAD_TAKE, f"This is not a usable take: {reason}")
