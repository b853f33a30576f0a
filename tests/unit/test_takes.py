"""What a list tells of a shot's takes, their stars, and their removal, which keeps to the shot's folder."""

import json
import os
from pathlib import Path

import pytest
from flowbrush.backend import takes
from flowbrush.backend.errors import Code, FlowbrushError
from flowbrush.backend.shot import Shot
from flowbrush.backend.take import Take, TakeSettings
from synthetic_shot import make_shot


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=5)


def make_take(shot: Shot, name: str, frames: tuple[int, ...], prompt: str = "ink") -> Take:
    take = Take.start(shot, name, TakeSettings(prompt=prompt), {})
    for frame in frames:
        take.frame_path(frame).write_bytes(b"")
    return take


def test_a_shot_without_takes_has_none(shot: Shot) -> None:
    assert takes.listed(shot) == []


def test_the_newest_take_is_first_and_says_how_far_it_is(shot: Shot) -> None:
    for moment, name in enumerate(("ink", "cel")):
        file = make_take(shot, name, (1, 2, 4)).folder / "take.json"
        os.utime(file, (moment, moment))
    (shot.folder / "takes" / "ink" / "frames" / ".0003.png.part").write_bytes(b"")
    newest, older = takes.listed(shot)
    assert (newest.name, older.name) == ("cel", "ink")
    assert older.finished == (1, 2, 4) and older.wanted == 5 and older.problem == "" and not older.former
    assert older.settings == TakeSettings(prompt="ink")
    assert older.middle(shot) == shot.take_folder("ink") / "frames" / "0002.png"
    assert takes.Summary("ink").middle(shot) is None


def test_a_take_that_cannot_be_read_is_listed_with_the_reason(shot: Shot) -> None:
    make_take(shot, "ink", (1,))
    (shot.folder / "takes" / "ink" / "take.json").write_text('{"format": "another"}')
    (one,) = takes.listed(shot)
    assert one.name == "ink" and one.settings is None and "not written by this version" in one.problem


def test_a_take_without_a_folder_of_frames_has_none(shot: Shot) -> None:
    frames = make_take(shot, "ink", ()).folder / "frames"
    frames.rmdir()
    assert takes.summary(shot, "ink").finished == ()
    frames.write_text("a file where a folder should be")
    assert takes.summary(shot, "ink").finished == ()


def test_folders_that_are_no_takes_are_left_out(shot: Shot, tmp_path: Path) -> None:
    folder = make_take(shot, "ink", ()).folder
    for name in (".removed-1", "_x", "no json"):
        (folder.parent / name).mkdir()
    (folder.parent / "_x" / "take.json").write_bytes((folder / "take.json").read_bytes())
    (folder.parent / "linked").symlink_to(folder)
    assert [one.name for one in takes.listed(shot)] == ["ink"]


def test_stars_change_neither_settings_nor_what_a_take_goes_on_with(shot: Shot) -> None:
    take = make_take(shot, "ink", (1,))
    before = (take.folder / "take.json").read_bytes()
    takes.rate(shot.folder, "ink", 4)
    assert takes.summary(shot, "ink").stars == 4
    assert (take.folder / "take.json").read_bytes() == before and make_take(shot, "ink", ()) == take
    takes.rate(shot.folder, "ink", 0)
    assert takes.rating(take.folder) == 0


@pytest.mark.parametrize("text", ["", "[]", '{"stars": 6}', '{"stars": -1}', '{"stars": true}', '{"stars": 1e400}'])
def test_stars_that_cannot_be_read_are_none_and_can_be_given_anew(shot: Shot, text: str) -> None:
    take = make_take(shot, "ink", (1,))
    (take.folder / "rating.json").write_text(text)
    told = takes.summary(shot, "ink")
    assert told.stars == 0 and "give it anew" in told.problem and told.finished == (1,)
    takes.rate(shot.folder, "ink", 2)
    assert json.loads((take.folder / "rating.json").read_text()) == {"stars": 2}
    assert takes.summary(shot, "ink").problem == ""


def test_a_removed_take_is_gone_and_the_others_stay(shot: Shot, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "mine.png").write_bytes(b"mine")
    take, other = make_take(shot, "ink", (1, 2)), make_take(shot, "cel", (1,))
    (take.folder / "frames" / "linked").symlink_to(outside)
    takes.remove(shot.folder, "ink")
    assert [path.name for path in (shot.folder / "takes").iterdir()] == ["cel"]
    assert other.finished(shot) == [1] and (outside / "mine.png").read_bytes() == b"mine"


def test_what_lies_outside_the_shot_is_neither_removed_nor_rated(shot: Shot, tmp_path: Path) -> None:
    elsewhere = make_shot(tmp_path / "elsewhere", last=2)
    theirs = make_take(elsewhere, "ink", (1,))
    (shot.folder / "takes").mkdir(exist_ok=True)
    (shot.folder / "takes" / "ink").symlink_to(theirs.folder)
    for act in (lambda: takes.remove(shot.folder, "ink"), lambda: takes.rate(shot.folder, "ink", 3)):
        with pytest.raises(FlowbrushError, match="link to another place") as caught:
            act()
        assert caught.value.code == Code.BAD_TAKE
    for name in ("../../elsewhere/takes/ink", "..", "", ".", "gone"):
        with pytest.raises(FlowbrushError) as caught:
            takes.remove(shot.folder, name)
        assert caught.value.code == Code.BAD_TAKE
    (shot.folder / "takes" / "ink").unlink()
    (shot.folder / "takes").rmdir()
    (shot.folder / "takes").symlink_to(theirs.folder.parent)
    with pytest.raises(FlowbrushError, match="link to another place"):
        takes.remove(shot.folder, "ink")
    assert theirs.finished(elsewhere) == [1] and takes.rating(theirs.folder) == 0


def test_a_take_that_cannot_be_moved_stays_whole(shot: Shot, monkeypatch: pytest.MonkeyPatch) -> None:
    take = make_take(shot, "ink", (1, 2))

    def held(self: Path, target: Path) -> None:
        raise PermissionError(13, "held by a player")

    monkeypatch.setattr(Path, "rename", held)
    with pytest.raises(FlowbrushError) as caught:
        takes.remove(shot.folder, "ink")
    assert caught.value.code == Code.NOT_WRITABLE
    assert take.finished(shot) == [1, 2]
    assert [path.name for path in take.folder.parent.iterdir()] == ["ink"]
