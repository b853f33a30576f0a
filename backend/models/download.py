"""Downloads models of the catalogue from the Hugging Face hub into the models folder.

Runs in a process of its own, the only one for which the hub is switched on, and only after the user asked for it.
What is not whole lies in .partial/<id>-<commit>/ and is gone on with there. A file leaves its `.part` name when its
SHA-256, or git's hash for small files, is the one that the hub and the catalogue say; the folder gets its final name
when all its files have.
"""

import hashlib
import io
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..client import OFFLINE
from ..conversation import REQUEST, Conversation
from ..errors import Cancelled, Code, ModelError, StorageError
from ..protocol import Channel
from ..storage import make_folder, storage_errors
from .catalogue import Entry
from .installed import find, record

PARTIAL = ".partial"
SPARE = 200_000_000  # bytes of the disk that stay free
MAX_REPOSITORY_FILES = 100_000
BLOCK = 1 << 22
RECEIVED = 1 << 16
INTERVAL = 0.2  # seconds between two words about progress
_GONE = "The hub has it no more, or shows it only to whom it knows: choose another model"
_NO_ANSWER = "The hub does not answer; what is there is kept, and the next download goes on from it"

Tell = Callable[[int, int, str], None]


@dataclass(frozen=True)
class RemoteFile:
    """A file as the hub describes it. sha256: of large files; blob: git's hash, for the others."""

    name: str
    size: int
    sha256: str
    blob: str


@dataclass(frozen=True)
class Plan:
    """What of an entry is to be fetched. commit: the revision that the hub has resolved."""

    entry: Entry
    commit: str
    files: tuple[RemoteFile, ...]

    def staged(self, folder: Path) -> Path:
        """Where its files gather."""
        return folder / PARTIAL / f"{self.entry.id}-{self.commit}"

    def part(self, folder: Path, file: RemoteFile) -> Path:
        """Where `file` grows."""
        whole = self.staged(folder) / self.entry.local(file.name)
        return whole.with_name(f"{whole.name}.part")

    def missing(self, folder: Path) -> int:
        """How many bytes are still to come."""
        return sum(file.size for file in self.files) - self.there(folder)

    def there(self, folder: Path) -> int:
        """How many bytes have come."""
        paths = [(self.part(folder, file), self.staged(folder) / self.entry.local(file.name)) for file in self.files]
        return sum(path.stat().st_size for pair in paths for path in pair if path.is_file())


def go_online() -> None:
    """Switches the hub on for this process, which must not have imported huggingface_hub yet."""
    for name in OFFLINE:
        os.environ.pop(name, None)
    os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"


def download(entries: Sequence[Entry], folder: Path, tell: Tell, cancelled: Callable[[], bool]) -> list[Path]:
    """Fetches what `folder` lacks of `entries` and gives their folders.

    tell: gets bytes that are there, bytes in all and a sentence. Raises ModelError (DOWNLOAD) with what to do,
    StorageError, Cancelled; what has come stays and is gone on with.
    """
    wanted = [entry for entry in entries if find(folder, entry.id) is None]
    tell(0, 0, "Asking the hub")
    with _hub_errors():
        plans = [_plan(entry) for entry in wanted]
    make_folder(folder)
    for plan in plans:
        _clear_others(plan, folder)
    missing = sum(plan.missing(folder) for plan in plans)
    if shutil.disk_usage(folder).free < missing + SPARE:
        raise StorageError(
            Code.DISK_FULL,
            f"{megabytes(missing)} are to come and the disk has no room for them: make room for {folder}, or choose "
            "another models folder in the preferences",
        )
    meter = _Meter(sum(plan.there(folder) for plan in plans), sum(sum(f.size for f in p.files) for p in plans), tell)
    for plan in plans:
        _fetch(plan, folder, meter, cancelled)
    return [folder / entry.id for entry in entries]


def answer(entries: Sequence[Entry], folder: Path, log: Path) -> None:
    """Does `download` for Blender: one request, answered as in `protocol`; what libraries print goes to `log`."""
    channel = Channel(log)
    talk = Conversation(channel)

    def tell(done: int, total: int, sentence: str) -> None:
        channel.send("progress", id=REQUEST, done=done, total=total, sentence=sentence)

    try:
        download(entries, folder, tell, lambda: talk.cancelled)
    except Exception as error:  # noqa: BLE001  whatever a library raises: the user is told
        channel.send_error(REQUEST, error)
    else:
        channel.send("result", id=REQUEST, names=[entry.id for entry in entries])


def megabytes(size: int) -> str:
    """A number of bytes for people."""
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{max(size / 1e6, 0.1):.1f} MB"


class _Meter:
    """Counts what comes, and tells of it now and then."""

    def __init__(self, done: int, total: int, tell: Tell) -> None:
        self._done, self._total, self._tell = done, total, tell
        self._began, self._before, self._told = time.monotonic(), done, 0.0

    def add(self, count: int, name: str) -> None:
        """`count` bytes of the file `name` have come."""
        self._done += count
        now = time.monotonic()
        if now - self._told >= INTERVAL:
            self._told = now
            speed = (self._done - self._before) / max(now - self._began, 0.1)
            self._tell(
                self._done,
                self._total,
                f"{name}, {megabytes(self._done)} of {megabytes(self._total)}, {megabytes(int(speed))}/s",
            )

    def say(self, sentence: str) -> None:
        """Something else than how far it is."""
        self._tell(self._done, self._total, sentence)


class _Growing(io.FileIO):
    """A file that tells of what is written to it, and stops where the user asked for it."""

    def __init__(self, path: Path, grown: Callable[[int], None], cancelled: Callable[[], bool]) -> None:
        super().__init__(path, "ab" if not path.exists() else "rb+")
        self.seek(0, os.SEEK_END)
        self._grown, self._cancelled = grown, cancelled

    def write(self, data: bytes) -> int:  # type: ignore[override]
        """As the base class."""
        if self._cancelled():
            raise Cancelled("Cancelled; what was downloaded is kept, and the next download goes on from it")
        with memoryview(data) as rest:
            written = 0
            while written < len(rest):
                written += super().write(rest[written:]) or 0
        self._grown(written)
        return written

    def truncate(self, size: int | None = None) -> int:
        """As the base class; the server began anew."""
        kept = self.tell() if size is None else size
        self._grown(kept - os.fstat(self.fileno()).st_size)
        return super().truncate(kept)


def _plan(entry: Entry) -> Plan:
    from huggingface_hub import HfApi

    info = HfApi().model_info(entry.repo, revision=entry.revision or None, files_metadata=True, timeout=10)
    siblings = {one.rfilename: one for one in (info.siblings or [])[:MAX_REPOSITORY_FILES]}
    files = []
    for name in entry.files:
        one = siblings.get(name)
        if one is None or not isinstance(one.size, int) or one.size < 0:
            raise _failed(f"{entry.page} has no file {name} any more: choose another model")
        sha256 = one.lfs.sha256 if one.lfs else ""
        if name in entry.sha256 and sha256 != entry.sha256[name]:
            raise _failed(f"{name} of {entry.page} is not the file that the catalogue means: choose another model")
        files.append(RemoteFile(name, one.size, sha256, one.blob_id or ""))
    commit = info.sha or ""
    if len(commit) != 40 or not commit.isalnum() or (entry.revision and commit != entry.revision):
        raise _failed(f"{entry.page} has not the revision that the catalogue means: choose another model")
    return Plan(entry, commit, tuple(files))


def _clear_others(plan: Plan, folder: Path) -> None:
    """Removes what is left of another revision."""
    for other in (folder / PARTIAL).glob(f"{plan.entry.id}-{'?' * 40}"):
        if other != plan.staged(folder):
            shutil.rmtree(other)


def _fetch(plan: Plan, folder: Path, meter: _Meter, cancelled: Callable[[], bool]) -> None:
    staged = make_folder(plan.staged(folder))
    hashes = {}
    for file in plan.files:
        whole = staged / plan.entry.local(file.name)
        make_folder(whole.parent)
        if not whole.is_file() or whole.stat().st_size != file.size:
            _fetch_file(plan, file, plan.part(folder, file), meter, cancelled)
            meter.say(f"Checking {whole.name}")
            hashes[plan.entry.local(file.name)] = _checked(file, plan.part(folder, file), cancelled)
            plan.part(folder, file).replace(whole)
        else:  # of a download that was stopped
            meter.say(f"Checking {whole.name}")
            hashes[plan.entry.local(file.name)] = _checked(file, whole, cancelled)
    record(staged, plan.entry, plan.commit, hashes)
    with storage_errors(folder / plan.entry.id):
        if (folder / plan.entry.id).exists():  # not whole, or the user's: it has no record
            raise StorageError(
                Code.NOT_WRITABLE,
                f"{folder / plan.entry.id} is in the way: move it, or choose another models folder",
            )
        staged.rename(folder / plan.entry.id)


def _fetch_file(plan: Plan, file: RemoteFile, part: Path, meter: _Meter, cancelled: Callable[[], bool]) -> None:
    from huggingface_hub import constants, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers, disable_progress_bars

    disable_progress_bars()
    # It writes blocks of this size and forgets a begun one: smaller ones lose less, and tell and cancel sooner.
    constants.DOWNLOAD_CHUNK_SIZE = RECEIVED
    if part.is_file() and part.stat().st_size > file.size:
        meter.add(-part.stat().st_size, file.name)
        part.unlink()
    short = file.name.rpartition("/")[2]
    with (
        storage_errors(part),
        _Growing(part, lambda count: meter.add(count, f"{plan.entry.name}: {short}"), cancelled) as growing,
        _hub_errors(),
    ):
        # Texts come as they are: packed ones cannot be gone on with.
        headers = {**build_hf_headers(), "Accept-Encoding": "identity"}
        http_get(
            hf_hub_url(plan.entry.repo, file.name, revision=plan.commit),
            growing,
            resume_size=growing.tell(),
            headers=headers,
            expected_size=file.size,
        )
        os.fsync(growing.fileno())


def _checked(file: RemoteFile, path: Path, cancelled: Callable[[], bool]) -> str:
    """The SHA-256 of `path`. Raises ModelError and removes it where it is not what the hub says."""
    sha256 = hashlib.sha256()
    blob = hashlib.sha1(f"blob {file.size}\0".encode(), usedforsecurity=False)
    with open(path, "rb") as content:
        while block := content.read(BLOCK):
            if cancelled():
                raise Cancelled("Cancelled; what was downloaded is kept, and the next download goes on from it")
            sha256.update(block)
            if not file.sha256:
                blob.update(block)
    good = sha256.hexdigest() == file.sha256 if file.sha256 else blob.hexdigest() == file.blob
    if not good:
        path.unlink()
        raise _failed(f"{file.name} came damaged (its checksum is wrong) and was removed: download again")
    return sha256.hexdigest()


@contextmanager
def _hub_errors() -> Iterator[None]:
    """Turns what the hub's library raises into a ModelError that says what to do."""
    import httpx2
    from huggingface_hub import errors

    try:
        yield
    except errors.GatedRepoError as error:
        raise _failed(
            "Its authors ask you to accept their licence on the model's page first, and to log in with 'hf auth login'"
        ) from error
    except errors.EntryNotFoundError as error:
        raise _failed(_GONE) from error
    except errors.HfHubHTTPError as error:
        status = error.response.status_code if error.response is not None else "no answer"
        if status in (401, 404):  # to whom it does not know it says the former of what is not there
            raise _failed(_GONE) from error
        raise _failed(f"The hub refuses ({status}): try again later; what is there is kept") from error
    except errors.HFValidationError as error:
        raise _failed(f"The catalogue's entry is no repository of the hub: {error}") from error
    except httpx2.HTTPError as error:
        raise _failed(_NO_ANSWER) from error
    except OSError as error:
        if error.errno is not None:  # the disk's
            raise
        raise _failed(_NO_ANSWER) from error


def _failed(sentence: str) -> ModelError:
    return ModelError(Code.DOWNLOAD, sentence)
