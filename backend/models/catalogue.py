"""The catalogue of public models: what there is, under which licence, and what goes with what.

catalogue.toml comes with Flowbrush; a user's own file with the same fields is read after it. Such a file is somebody
else's, so that it is checked field by field: it can name files of a hub's repository and nothing else.
"""

import re
import tomllib
from collections.abc import Container
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from ..errors import Code, ModelError
from ..needs import CONDITIONS
from ..parsing import Fields

FILE = Path(__file__).with_name("catalogue.toml")
MAX_FILE = 1_000_000
MAX_ENTRIES = 2000
MAX_FILES = 100
MAX_MEGABYTES = 100_000
KINDS = ("model", "controlnet", "lora", "embedding", "vae", "ip_adapter", "image_encoder")
FAMILIES = {"sd15": "Stable Diffusion 1.5", "sd2": "Stable Diffusion 2", "sdxl": "Stable Diffusion XL"}
COMMERCIAL = ("yes", "conditions", "no", "unclear")
NETWORKS = tuple(dict.fromkeys(one.network for one in CONDITIONS.values()))
HUB = "https://huggingface.co"
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")
_REPO = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_FILE = re.compile(r"[A-Za-z0-9_][\w.-]{0,120}(/[A-Za-z0-9_][\w.-]{0,120}){0,5}", re.ASCII)
_ENDINGS = (".safetensors", ".json", ".txt")  # weights and texts; never code, never pickles
_RESERVED = ("starter", "con", "prn", "aux", "nul")  # Flowbrush's own model, and what Windows keeps for itself


@dataclass(frozen=True)
class Licence:
    """Under which licence models may be used.

    commercial: one of COMMERCIAL. terms: what it asks for, one sentence for the user.
    """

    id: str
    name: str
    link: str
    commercial: str
    terms: str


@dataclass(frozen=True)
class Entry:
    """A model that can be downloaded.

    id: also the name of its folder. kind: one of KINDS. family: one of FAMILIES. repo: on the hub. files: of the
    repository; renamed: those that lie under another name here. revision: a commit, empty for the newest. megabytes:
    of all files, 0 where not known. sha256: of files, where known. networks: what a ControlNet takes, see `needs.Need`.
    needs: ids of entries without which it does not work.
    """

    id: str
    kind: str
    name: str
    family: str
    licence: Licence
    repo: str
    files: tuple[str, ...]
    about: str = ""
    revision: str = ""
    megabytes: int = 0
    renamed: dict[str, str] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)
    networks: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()

    @property
    def page(self) -> str:
        """The address of its page on the hub."""
        return f"{HUB}/{self.repo}"

    def local(self, file: str) -> str:
        """Under which name `file` of the repository lies in the entry's folder."""
        return self.renamed.get(file, file)

    def path_in(self, folder: Path) -> Path:
        """What is loaded when the entry lies in `folder`: the folder, or its file where it is only one."""
        return folder / self.local(self.files[0]) if len(self.files) == 1 else folder


def load_catalogue(own: Path | None = None) -> dict[str, Entry]:
    """All entries by their id, in the files' order. own: the user's file, if there is one.

    Raises ModelError (BAD_MODEL) where a file cannot be read, an id comes twice, or an entry names another that is not
    there.
    """
    tables = [_read(FILE), *([_read(own)] if own is not None else [])]
    licences: dict[str, Licence] = {}
    entries: dict[str, Entry] = {}
    for given in tables:
        for name in given.child("licence", {}).names():
            _refuse_twice(name, licences)
            licences[name] = _licence(name, given.child("licence").child(name))
        for name in given.child("model", {}).names():
            _refuse_twice(name, entries)
            entries[name] = _entry(name, given.child("model").child(name), licences)
    if len(entries) > MAX_ENTRIES:
        raise _bad(f"it has more than {MAX_ENTRIES} entries")
    for entry in entries.values():
        for needed in entry.needs:
            if needed not in entries:
                raise _bad(f"'{entry.id}' needs '{needed}', which is not in it")
    return entries


def with_needs(entry: Entry, entries: dict[str, Entry]) -> list[Entry]:
    """`entry` and before it all that it needs, each once."""
    found: dict[str, Entry] = {}

    def add(one: Entry, above: tuple[str, ...]) -> None:
        for needed in one.needs:
            if needed not in above:
                add(entries[needed], (*above, one.id))
        found.setdefault(one.id, one)

    add(entry, (entry.id,))
    return list(found.values())


def controlnet(entries: dict[str, Entry], family: str, network: str) -> Entry | None:
    """The first ControlNet of the family that takes this kind of condition; one for it alone before one for many."""
    fit = [one for one in entries.values() if one.family == family and network in one.networks]
    return min(fit, key=lambda one: len(one.networks), default=None)


def is_id(name: str) -> bool:
    """Whether `name` can be the id of an entry, which is a folder's name on every system."""
    return _ID.fullmatch(name) is not None and name not in _RESERVED


def _read(path: Path) -> Fields:
    try:
        if path.stat().st_size > MAX_FILE:
            raise _bad(f"{path} is larger than {MAX_FILE // 1_000_000} MB")
        return Fields(tomllib.loads(path.read_text("utf-8")), path.name, _bad)
    except (OSError, ValueError, RecursionError) as error:
        raise _bad(f"{path} cannot be read ({error})") from error


def _refuse_twice(name: str, known: Container[str]) -> None:
    if name in known:
        raise _bad(f"'{name}' is in it twice")


def _licence(name: str, given: Fields) -> Licence:
    link = given.text("link")
    if not re.fullmatch(r"https://\S+", link):
        raise _bad(f"{given.where}: 'link' must be an address that begins with https://")
    return Licence(name, given.text("name"), link, given.text("commercial", choices=COMMERCIAL), given.text("terms"))


def _entry(name: str, given: Fields, licences: dict[str, Licence]) -> Entry:
    if not is_id(name):
        raise _bad(f"'{name}' is no id: use small letters, digits, '-' and '_'")
    kind = given.text("kind", choices=KINDS)
    files = given.texts("files", MAX_FILES)
    renamed, sha256 = given.child("renamed", {}), given.child("sha256", {})
    entry = Entry(
        id=name,
        kind=kind,
        name=given.text("name"),
        family=given.text("family", choices=tuple(FAMILIES)),
        licence=licences[given.text("licence", choices=tuple(licences))],
        repo=_matching(given, "repo", _REPO),
        files=files,
        about=given.text("about", ""),
        revision=_matching(given, "revision", _COMMIT) if "revision" in given.names() else "",
        megabytes=given.integer("megabytes", 0, MAX_MEGABYTES, 0),
        renamed={file: renamed.text(file) for file in renamed.names()},
        sha256={file: _matching(sha256, file, _SHA256) for file in sha256.names()},
        networks=given.texts("networks", len(NETWORKS), []),
        needs=given.texts("needs", MAX_FILES, []),
    )
    _check_files(entry, given)
    if set(entry.networks) - set(NETWORKS) or bool(entry.networks) != (kind == "controlnet"):
        raise _bad(f"{given.where}: 'networks' says what a ControlNet takes, of {', '.join(NETWORKS)}")
    return entry


def _check_files(entry: Entry, given: Fields) -> None:
    local = [entry.local(file) for file in entry.files]
    for file in (*entry.files, *local):
        if not _FILE.fullmatch(file) or ".." in file or PurePosixPath(file).suffix not in _ENDINGS:
            raise _bad(f"{given.where}: '{file}' is no file with the ending {', '.join(_ENDINGS)}")
    if not entry.files or len({file.lower() for file in local}) < len(local):
        raise _bad(f"{given.where}: 'files' must name each file once")
    if set(entry.renamed) - set(entry.files) or set(entry.sha256) - set(entry.files):
        raise _bad(f"{given.where}: 'renamed' and 'sha256' must speak of its files")


def _matching(given: Fields, name: str, pattern: re.Pattern[str]) -> str:
    value = given.text(name)
    if not pattern.fullmatch(value):
        raise _bad(f"{given.where}: '{name}' cannot be '{value[:80]}'")
    return value


def _bad(reason: str) -> ModelError:
    return ModelError(Code.BAD_MODEL, f"The catalogue of models cannot be used: {reason}")
