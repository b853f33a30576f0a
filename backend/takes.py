"""All takes of a shot: what a list tells of each, how many stars it was given, and its removal.

takes/<take>/rating.json    {"stars": 4}; no part of the settings, so that it makes nothing outdated
"""

import re
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from .errors import Code, FlowbrushError, ShotError
from .parsing import Fields
from .shot import Shot, checked_name
from .storage import read_json, storage_errors, write_json
from .take import Take, TakeSettings

RATING = "rating.json"
MOST_STARS = 5


@dataclass(frozen=True)
class Summary:
    """What a list tells of a take.

    settings: None where they cannot be read. finished: the frames that are done. wanted: how many it has when it is
    whole. stars: 0 for none given. former: whether it is of another capture than the shot. problem: what of it cannot
    be read, a sentence; empty where all can.
    """

    name: str
    settings: TakeSettings | None = None
    finished: tuple[int, ...] = ()
    wanted: int = 0
    stars: int = 0
    former: bool = False
    problem: str = ""

    def middle(self, shot: Shot) -> Path | None:
        """The picture of the frame in the middle of those that are finished."""
        if self.settings is None or not self.finished:
            return None
        return Take(shot.take_folder(self.name), self.settings, {}).frame_path(self.finished[len(self.finished) // 2])


def listed(shot: Shot) -> list[Summary]:
    """All takes of `shot`, the newest first. Folders that are links or cannot be a take's are left out."""
    folders = [file.parent for file in (shot.folder / "takes").glob("*/take.json") if file.is_file()]
    usable = [folder for folder in folders if not folder.is_symlink() and _is_name(folder.name)]
    usable.sort(key=lambda folder: ((folder / "take.json").stat().st_mtime_ns, folder.name), reverse=True)
    return [summary(shot, folder.name) for folder in usable]


def summary(shot: Shot, name: str) -> Summary:
    """What a list tells of the take `name`."""
    try:
        take = Take.load(shot, name)
    except FlowbrushError as error:
        return Summary(name, problem=str(error))
    stars, problem = 0, ""
    try:
        stars = rating(take.folder)
    except ShotError as error:
        problem = str(error)
    return Summary(
        name=name,
        settings=take.settings,
        finished=tuple(take.finished(shot)),
        wanted=len(take.frame_numbers(shot)),
        stars=stars,
        former=take.capture != shot.capture,
        problem=problem,
    )


def rating(folder: Path) -> int:
    """How many stars the take in `folder` was given, 0 for none. Raises ShotError for a file that does not say so."""
    path = folder / RATING
    if not path.is_file():
        return 0
    return Fields(read_json(path, 10_000, _bad_rating), RATING, _bad_rating).integer("stars", 0, MOST_STARS)


def rate(shot: Path, name: str, stars: int) -> None:
    """Gives the take `name` of the shot in the folder `shot` 0 to 5 stars. Raises ShotError, StorageError."""
    write_json(_own_folder(shot, name) / RATING, {"stars": min(max(stars, 0), MOST_STARS)})


def remove(shot: Path, name: str) -> None:
    """Removes the take `name` of the shot in the folder `shot` with all its files; no link is followed.

    It is gone at once or not at all: its folder moves to one that no list names, and is emptied there. Raises ShotError
    where it is not in the shot's folder, StorageError.
    """
    folder = _own_folder(shot, name)
    with storage_errors(folder):
        doomed = Path(tempfile.mkdtemp(prefix=".removed-", dir=folder.parent))
        try:
            folder.rename(doomed / name)
        finally:
            shutil.rmtree(doomed)


def name_for(shot: Path, wanted: str, settings: TakeSettings) -> str:
    """The name under which a take with `settings` is made without touching another one: `wanted`, or with a number.

    shot: the folder of the shot, which need not be there yet. A take that has these very settings keeps its name.
    """
    stem = re.sub(r" \d+$", "", wanted)
    name, number = checked_name(wanted), 1
    while (shot / "takes" / name / "take.json").exists():
        try:
            if Take.load(Shot.load(shot), name).settings == settings:
                return name
        except FlowbrushError:  # made by another Flowbrush, or damaged: left alone like any other take
            pass
        number += 1
        name = f"{stem} {number}"
    return name


def _own_folder(shot: Path, name: str) -> Path:
    folder = shot / "takes" / checked_name(name)
    if not (folder / "take.json").is_file():
        raise ShotError(Code.BAD_TAKE, f"The take '{name}' is not there any more: press Refresh")
    if folder.resolve() != shot.resolve() / "takes" / name:
        raise ShotError(Code.BAD_TAKE, f"The take '{name}' is a link to another place: change it there")
    return folder


def _is_name(name: str) -> bool:
    try:
        checked_name(name)
    except ShotError:
        return False
    return True


def _bad_rating(reason: str) -> ShotError:
    return ShotError(Code.BAD_TAKE, f"The rating cannot be read, give it anew: {reason}")
