"""What the model settings of a take mean on this machine: which files, whether they are safe, and their hashes.

Reads configurations and headers, never weights, and needs nothing but the standard library.
"""

import hashlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from .. import words
from ..errors import Code, ModelError
from ..needs import need
from ..storage import read_json
from ..take import ControlSettings, TakeSettings, bad_settings
from . import installed

STARTER = Path(__file__).parent / "starter"
PICKLES = (".ckpt", ".pt", ".pth", ".bin", ".pkl")
LORA_IN_FOLDER = "pytorch_lora_weights.safetensors"
MAX_CONFIG = 1_000_000
MAX_HEADER = 100_000_000

# The classes that a model's folder may name. A model_index.json is somebody else's file, and naming a class in it is
# asking for that class to be imported and run.
_CLIP = {("transformers", "CLIPTextModel"), ("transformers", "CLIPTextModelWithProjection")}
_TOKENIZERS = {("transformers", "CLIPTokenizer"), ("transformers", "CLIPTokenizerFast")}
_CLASSES = {
    "unet": {("diffusers", "UNet2DConditionModel")},
    "vae": {
        ("diffusers", "AutoencoderKL"),
        ("diffusers", "AutoencoderTiny"),
        ("flowbrush.backend.models.space_to_depth", "SpaceToDepth"),
    },
    "text_encoder": _CLIP,
    "text_encoder_2": _CLIP,
    "tokenizer": _TOKENIZERS,
    "tokenizer_2": _TOKENIZERS,
}
_KINDS = {
    "ControlNet": ("ControlNetModel", "ControlNetUnionModel"),
    "VAE": ("AutoencoderKL", "AutoencoderTiny"),
    "image encoder": ("CLIPVisionModelWithProjection",),
}
_FAMILIES = re.compile(r"StableDiffusion(XL)?(ControlNet)?(Img2Img|Inpaint)?Pipeline|LatentConsistencyModelPipeline")
_WITHOUT_WEIGHTS = ("tokenizer", "tokenizer_2", "scheduler")
SD_PARTS = ("unet", "vae", "text_encoder", "tokenizer", "scheduler")
SDXL_PARTS = (*SD_PARTS, "text_encoder_2", "tokenizer_2")


@dataclass(frozen=True)
class Part:
    """A part of a model's folder: the class that loads it and which of its weights files (`variant`, often '')."""

    name: str
    library: str
    class_name: str
    variant: str


@dataclass(frozen=True)
class Source:
    """A model on disk.

    path: a diffusers folder or a single file. files: every file that is read of it, with size and modification time,
    so that a changed file makes another Source. parts: what the folder holds; empty for a single file.
    variant, class_name: of the folder of a ControlNet or VAE, which weights, often '', and which class loads them.
    """

    path: Path
    files: tuple[tuple[Path, int, int], ...]
    parts: tuple[Part, ...] = ()
    variant: str = ""
    class_name: str = ""

    @property
    def is_pickle(self) -> bool:
        """Whether some of its weights are pickles, which can run code when they are read."""
        return any(path.suffix in PICKLES for path, _, _ in self.files)


@dataclass(frozen=True)
class Adapter:
    """An IP-Adapter and the encoder that reads the reference picture for it."""

    weights: Source
    encoder: Source


@dataclass(frozen=True)
class ModelChoice:
    """The model of a take and its ControlNets, LoRAs and embeddings, in the order of the settings.

    embeddings: each with the word that stands for it. vae: instead of the model's own, if any. prediction: as in the
    settings. adapter, picture: where there is a reference.
    """

    base: Source
    controls: tuple[Source, ...]
    conditions: tuple[str, ...]
    loras: tuple[Source, ...] = ()
    embeddings: tuple[tuple[str, Source], ...] = ()
    vae: Source | None = None
    prediction: str = ""
    adapter: Adapter | None = None
    picture: Source | None = None


def resolve(settings: TakeSettings) -> ModelChoice:
    """Finds and checks the model and all that `settings` name with it.

    Raises ModelError: MISSING_MODEL where nothing is, UNSAFE_MODEL for pickles and code, BAD_MODEL for what is damaged
    or of a family that Flowbrush does not paint with. Raises SettingsError for embeddings with the same word.
    """
    words_taken = [embedding.word.lower() for embedding in settings.embeddings]
    if len(set(words_taken)) < len(words_taken):
        raise bad_settings("two embeddings have the same token: give one of them another")
    path = model_path(settings.model)
    try:
        base = _source(path, "model", settings.allow_pickle)
        controls = tuple(
            _source(_control_path(path, control), "ControlNet", settings.allow_pickle) for control in settings.controls
        )
        loras = tuple(_added(lora.file, "LoRA") for lora in settings.loras)
        embeddings = tuple((one.word, _added(one.file, "embedding")) for one in settings.embeddings)
        vae = _source(model_path(settings.vae), "VAE", settings.allow_pickle) if settings.vae else None
        adapter = _adapter(path, settings.reference_model) if settings.reference else None
        picture = _picture(_path(settings.reference)) if settings.reference else None
    except OSError as error:
        raise _bad(f"{error.filename} cannot be read ({error.strerror})") from error
    conditions = tuple(control.condition for control in settings.controls)
    return ModelChoice(base, controls, conditions, loras, embeddings, vae, settings.prediction, adapter, picture)


def model_path(setting: str) -> Path:
    """Where the model of the setting `model` is, if it is there: `starter`, a downloaded model's id, or a path."""
    if setting == "starter":
        return STARTER
    known = installed.find(installed.models_folder(), setting)
    return known.path if known else _path(setting)


def fingerprints(choice: ModelChoice) -> dict[str, str]:
    """The SHA-256 of the model and of all that is used with it, for take.json.

    That of a single file is the file's own; that of a folder is over its files' names and hashes.
    """
    controls = {f"control {index}: {name}": source for index, (name, source) in enumerate(_named_controls(choice))}
    loras = {f"lora {index}: {source.path.stem}": source for index, source in enumerate(choice.loras)}
    embeddings = {f"embedding {index}: {word}": source for index, (word, source) in enumerate(choice.embeddings)}
    more = {} if choice.vae is None else {"vae": choice.vae}
    if choice.adapter and choice.picture:
        more |= {
            "reference": choice.picture,
            "ip-adapter": choice.adapter.weights,
            "image encoder": choice.adapter.encoder,
        }
    sources = {"model": choice.base, **controls, **loras, **embeddings, **more}
    return {role: _fingerprint(source) for role, source in sources.items()}


def tensor_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of the tensors in a safetensors file, from its header.

    Raises ModelError (BAD_MODEL) when the header is damaged or the file is not as long as the header says.
    Format: https://github.com/huggingface/safetensors
    """
    size = path.stat().st_size
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            if not 2 <= length <= min(MAX_HEADER, size - 8):
                raise ValueError("no header")
            tensors = {k: v for k, v in json.loads(file.read(length)).items() if k != "__metadata__"}
        end = max((int(tensor["data_offsets"][1]) for tensor in tensors.values()), default=0)
        shapes = {name: tuple(int(side) for side in tensor["shape"]) for name, tensor in tensors.items()}
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, RecursionError) as error:
        raise _bad(f"{path} is not a whole safetensors file: download it again") from error
    if 8 + length + end != size:
        raise _bad(f"{path} is cut short or damaged ({size} bytes instead of {8 + length + end}): download it again")
    return shapes


def _path(setting: str) -> Path:
    try:
        return Path(setting).expanduser().absolute()
    except RuntimeError:  # '~somebody' whom this computer does not know
        return Path(setting).absolute()


def _control_path(base: Path, control: ControlSettings) -> Path:
    if control.model:
        return model_path(control.model)
    network = need(control.condition).network
    for path in (base / "controlnets" / network, base / "controlnets" / "union"):
        if path.is_dir():
            return path
    if downloaded := installed.controlnet_for(base, network, installed.models_folder()):
        return downloaded
    raise ModelError(
        Code.MISSING_MODEL,
        f"The model {base.name} comes without a ControlNet for '{control.condition}': download the one for its family "
        "in the panel Model, choose one for this condition, or remove the condition",
    )


def _source(path: Path, kind: str, allow_pickle: bool) -> Source:
    if not path.exists():
        raise ModelError(Code.MISSING_MODEL, f"There is no {kind} at {path}: choose a folder or file that exists")
    if path.is_file():
        return _file_source(path, allow_pickle)
    return _model_folder(path, allow_pickle) if kind == "model" else _part_folder(path, kind, allow_pickle)


def _added(setting: str, kind: str) -> Source:
    """A LoRA or embedding, which are never loaded from pickles."""
    path = model_path(setting)
    if path.is_dir() and (path / LORA_IN_FOLDER).is_file():
        path /= LORA_IN_FOLDER
    if not path.is_file():
        raise ModelError(Code.MISSING_MODEL, f"There is no {kind} at {path}: choose a .safetensors file that exists")
    return _file_source(path, allow_pickle=False)


def _adapter(base: Path, setting: str) -> Adapter:
    """The IP-Adapter that is set, or the downloaded one for the model at `base`, with its image encoder.

    That lies beside it in the folder `image_encoder`, as its makers have it, or is downloaded.
    """
    folder = installed.models_folder()
    path = model_path(setting) if setting else installed.ip_adapter_for(base, folder)
    if path is None:
        raise ModelError(
            Code.MISSING_MODEL,
            f"The reference picture needs an IP-Adapter for {base.name}: download the one for its family in the panel "
            "Model, or choose its .safetensors file",
        )
    if not path.is_file():
        raise ModelError(
            Code.MISSING_MODEL, f"There is no IP-Adapter at {path}: choose a .safetensors file that exists"
        )
    beside = path.parent / "image_encoder"
    encoder = beside if beside.is_dir() else installed.image_encoder(folder)
    if encoder is None:
        raise ModelError(
            Code.MISSING_MODEL,
            f"The IP-Adapter {path.name} lacks its encoder: download it, or put its folder 'image_encoder' beside",
        )
    return Adapter(_file_source(path, allow_pickle=False), _part_folder(encoder, "image encoder", allow_pickle=False))


def _picture(path: Path) -> Source:
    if not path.is_file():
        raise ModelError(Code.MISSING_MODEL, f"There is no reference picture at {path}: choose one that exists")
    return Source(path, (_stamped(path),))


def _file_source(path: Path, allow_pickle: bool) -> Source:
    if path.suffix in PICKLES:
        if not allow_pickle:
            raise _unsafe(path)
    elif path.suffix != ".safetensors":
        raise _bad(f"{path} is neither a diffusers folder nor a .safetensors file: choose one of these")
    else:
        tensor_shapes(path)
    return Source(path, (_stamped(path),))


def _model_folder(path: Path, allow_pickle: bool) -> Source:
    index_file = path / "model_index.json"
    if not index_file.is_file():
        raise _bad(f"{path} holds no model_index.json: choose the folder of a diffusers model that does")
    index = read_json(index_file, MAX_CONFIG, _bad)
    family = index.get("_class_name")
    if not isinstance(family, str) or not _FAMILIES.fullmatch(family):
        raise _bad(f"{path.name} is a '{family}': Flowbrush paints with Stable Diffusion 1, 2 and XL models")
    parts, files = [], [file for file in (index_file, path / words.FILE) if file.is_file()]
    for name in SDXL_PARTS if "XL" in family else SD_PARTS:
        library, class_name = _class_of(path, name, index.get(name))
        variant, read = _part_files(path / name, name not in _WITHOUT_WEIGHTS, allow_pickle)
        parts.append(Part(name, library, class_name, variant))
        files += read
    return Source(path, tuple(_stamped(file) for file in files), tuple(parts))


def _class_of(path: Path, name: str, value: object) -> tuple[str, str]:
    if not isinstance(value, list) or len(value) != 2 or not all(isinstance(item, str) for item in value):
        raise _bad(f"{path / 'model_index.json'} names no '{name}': choose a complete model")
    library, class_name = value
    if name == "scheduler":
        allowed = library == "diffusers" and re.fullmatch(r"\w+Scheduler", class_name) is not None
    else:
        allowed = (library, class_name) in _CLASSES[name]
    if not allowed:
        raise _bad(f"{path.name} has a '{name}' of the kind {library}.{class_name}, which Flowbrush does not load")
    return library, class_name


def _part_folder(path: Path, kind: str, allow_pickle: bool) -> Source:
    """A model of which the folder is no part of another's."""
    advice = "choose the folder of one in diffusers' layout, or a .safetensors file"
    if not (path / "config.json").is_file():
        raise _bad(f"{path} holds no config.json and is no {kind}: {advice}")
    config = read_json(path / "config.json", MAX_CONFIG, _bad)
    class_name = config.get("_class_name") or next(iter(config.get("architectures") or [None]))
    if class_name == "ControlNetModel" and "num_control_type" in config:
        class_name = "ControlNetUnionModel"  # as its makers call it
    if class_name not in _KINDS[kind]:
        raise _bad(f"{path} is not a {kind}: {advice}")
    variant, files = _part_files(path, True, allow_pickle)
    return Source(path, tuple(_stamped(file) for file in files), variant=variant, class_name=class_name)


def _part_files(folder: Path, has_weights: bool, allow_pickle: bool) -> tuple[str, list[Path]]:
    """The variant to load from a part's folder and the files that are then read."""
    if not folder.is_dir():
        raise _bad(f"{folder.parent} lacks its folder '{folder.name}': copy or download the model again")
    files = sorted(file for file in folder.iterdir() if file.is_file())
    if code := [file for file in files if file.suffix == ".py"]:
        raise ModelError(
            Code.UNSAFE_MODEL, f"The model brings code of its own ({code[0]}): choose one that is weights only"
        )
    texts = [file for file in files if file.suffix in (".json", ".txt")]
    if not has_weights:
        return "", texts
    plain = [file for file in files if file.suffix == ".safetensors" and file.name.count(".") == 1]
    half = [file for file in files if file.suffix == ".safetensors" and ".fp16" in file.name]
    for variant, weights in (("", plain), ("fp16", half)):
        if weights:
            for file in weights:
                tensor_shapes(file)
            return variant, [*texts, *weights]
    pickles = [file for file in files if file.suffix in PICKLES]
    if pickles and not allow_pickle:
        raise _unsafe(pickles[0])
    return "", [*texts, *pickles]


def _stamped(path: Path) -> tuple[Path, int, int]:
    status = path.stat()
    return path, status.st_size, status.st_mtime_ns


def _named_controls(choice: ModelChoice) -> list[tuple[str, Source]]:
    return list(zip(choice.conditions, choice.controls, strict=True))


def _fingerprint(source: Source) -> str:
    if source.path.is_file():
        return _sha256(source.files[0])
    lines = [f"{file[0].relative_to(source.path).as_posix()} {_sha256(file)}\n" for file in sorted(source.files)]
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@lru_cache(maxsize=256)
def _sha256(stamped: tuple[Path, int, int]) -> str:
    with open(stamped[0], "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _unsafe(path: Path) -> ModelError:
    return ModelError(
        Code.UNSAFE_MODEL,
        f"{path} is a pickle, which can run any program when it is opened: use the model's .safetensors version",
    )


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"This model cannot be used: {reason}")
