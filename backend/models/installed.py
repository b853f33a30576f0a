"""The models folder: what was downloaded, what of it goes with a model, and which licences the user agreed to.

<id>/                  an entry of the catalogue, whole; there under this name only when every file was checked
<id>/flowbrush.json    what it is and where it came from, see `Installed`
.partial/              downloads that are not whole yet, see `download`
licences.json          the licences that the user has read and agreed to
catalogue.toml         entries of the user's own, see `catalogue`

The folder is named by $FLOWBRUSH_MODELS, which Blender sets for its worker.
"""

import os
import shutil
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import Code, FlowbrushError, ModelError
from ..parsing import Fields
from ..storage import make_folder, read_json, storage_errors, write_json
from .catalogue import FAMILIES, KINDS, MAX_FILES, NETWORKS, Entry, is_id, load_catalogue

VARIABLE = "FLOWBRUSH_MODELS"
RECORD = "flowbrush.json"
LICENCES = "licences.json"
OWN_CATALOGUE = "catalogue.toml"
MAX_RECORD = 1_000_000
_FORMAT, _VERSION = "flowbrush-model", 1
# What a single file calls the weights of its text encoder, as in `single_file`.
_TEXT_ENCODERS = {
    "cond_stage_model.transformer.": "sd15",
    "cond_stage_model.model.": "sd2",
    "conditioner.embedders.1.model.": "sdxl",
}
# By how many numbers a prompt's word has for the UNet.
_WIDTHS = {768: "sd15", 1024: "sd2", 2048: "sdxl"}


@dataclass(frozen=True)
class Installed:
    """A model in the models folder.

    kind, family, networks: as in the catalogue. path: what is loaded. licence: its name. repo, revision: where it came
    from.
    """

    id: str
    kind: str
    family: str
    name: str
    licence: str
    path: Path
    repo: str
    revision: str
    networks: tuple[str, ...]


def models_folder() -> Path | None:
    """The models folder of this process, if it has one."""
    named = os.environ.get(VARIABLE, "")
    return Path(named) if named else None


def catalogue(folder: Path) -> dict[str, Entry]:
    """All entries that can be downloaded to `folder`, the user's own too. Raises ModelError."""
    own = folder / OWN_CATALOGUE
    return load_catalogue(own if own.is_file() else None)


def listed(folder: Path) -> dict[str, Installed]:
    """All models in `folder` by their id. Folders whose record cannot be read are left out."""
    found = {}
    for record in sorted(folder.glob(f"*/{RECORD}")):
        try:
            found[record.parent.name] = _read(record)
        except FlowbrushError:
            continue
    return found


def find(folder: Path | None, name: str) -> Installed | None:
    """The model with the id `name`, if it is in `folder`. Raises ModelError for a damaged record."""
    if folder is None or not is_id(name) or not (folder / name / RECORD).is_file():
        return None
    return _read(folder / name / RECORD)


def record(folder: Path, entry: Entry, revision: str, sha256: dict[str, str]) -> None:
    """Writes what `folder` holds. sha256: of its files, by their names there. Raises StorageError."""
    about = asdict(entry)
    document: dict[str, Any] = {"format": _FORMAT, "version": _VERSION, "revision": revision, "files": sha256}
    document |= {name: about[name] for name in ("kind", "family", "name", "repo", "networks")}
    loads = entry.path_in(folder).relative_to(folder).as_posix()
    write_json(folder / RECORD, {**document, "licence": entry.licence.name, "loads": loads})


def remove(folder: Path, name: str) -> None:
    """Removes the model with the id `name` from `folder` with all its files; no link is followed.

    It is gone at once or not at all. Raises ModelError where it is not there, StorageError.
    """
    own = folder / name
    if not is_id(name) or not (own / RECORD).is_file() or own.resolve() != folder.resolve() / name:
        raise ModelError(Code.MISSING_MODEL, f"There is no downloaded model '{name}' in {folder}")
    with storage_errors(own):
        doomed = Path(tempfile.mkdtemp(prefix=".removed-", dir=folder))
        try:
            own.rename(doomed / name)
        finally:
            shutil.rmtree(doomed)


def controlnet_for(base: Path, network: str, folder: Path | None) -> Path | None:
    """The downloaded ControlNet that takes this kind of condition and fits the model at `base`.

    One for this condition alone goes before one for many. None where there is none, or where the model's family is not
    known.
    """
    family = family_of(base)
    if folder is None or not family:
        return None
    fit = [one for one in listed(folder).values() if one.family == family and network in one.networks]
    return min(fit, key=lambda one: len(one.networks)).path if fit else None


def ip_adapter_for(base: Path, folder: Path | None) -> Path | None:
    """The downloaded IP-Adapter that fits the model at `base`: of several the plainest, whose name is the shortest."""
    family = family_of(base)
    if folder is None or not family:
        return None
    fit = [one for one in listed(folder).values() if one.kind == "ip_adapter" and one.family == family]
    return min(fit, key=lambda one: len(one.id)).path if fit else None


def image_encoder(folder: Path | None) -> Path | None:
    """The downloaded image encoder of IP-Adapters."""
    found = [] if folder is None else [one.path for one in listed(folder).values() if one.kind == "image_encoder"]
    return found[0] if found else None


def family_of(base: Path) -> str:
    """The family of the model at `base`, a diffusers folder or a safetensors file; '' where it is not known."""
    for own in (base, base.parent):
        if (own / RECORD).is_file():
            try:
                return _read(own / RECORD).family
            except ModelError:
                return ""
    if base.suffix == ".safetensors":
        return _family_of_file(base)
    try:
        width = read_json(base / "unet" / "config.json", MAX_RECORD, _bad).get("cross_attention_dim")
    except ModelError:
        return ""
    return _WIDTHS.get(width, "") if isinstance(width, int) else ""


def _family_of_file(path: Path) -> str:
    from .choice import tensor_shapes  # which imports this module

    try:
        names = tensor_shapes(path)
    except (ModelError, OSError):
        return ""
    found = [family for prefix, family in _TEXT_ENCODERS.items() if any(name.startswith(prefix) for name in names)]
    return found[0] if found else ""


def agreed(folder: Path) -> set[str]:
    """The ids of the licences that the user has agreed to."""
    try:
        given = Fields(read_json(folder / LICENCES, MAX_RECORD, _bad), LICENCES, _bad)
        return set(given.texts("agreed", 1000))
    except ModelError:  # none yet, or damaged: asked again
        return set()


def agree(folder: Path, licence: str) -> None:
    """Notes that the user has agreed to the licence with this id. Raises StorageError."""
    make_folder(folder)
    write_json(folder / LICENCES, {"agreed": sorted(agreed(folder) | {licence})})


def _read(path: Path) -> Installed:
    given = Fields(read_json(path, MAX_RECORD, _bad), str(path), _bad)
    if given.text("format") != _FORMAT or given.integer("version", 0, 1_000_000) != _VERSION:
        raise _bad(f"{path} was not written by this version of Flowbrush")
    loads = given.text("loads")
    own = path.parent
    if loads != "." and (own / loads).resolve().parent != own.resolve():
        raise _bad(f"{path} names a file outside its folder")
    return Installed(
        id=own.name,
        kind=given.text("kind", choices=KINDS),
        family=given.text("family", choices=tuple(FAMILIES)),
        name=given.text("name"),
        licence=given.text("licence"),
        path=own if loads == "." else own / loads,
        repo=given.text("repo"),
        revision=given.text("revision"),
        networks=tuple(name for name in given.texts("networks", MAX_FILES) if name in NETWORKS),
    )


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"The downloaded model cannot be used, download it again: {reason}")
