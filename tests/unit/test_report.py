"""The page of a take, looked at as a browser would: what it holds, names and lets run."""

import base64
import hashlib
import json
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import av
import cv2
import numpy as np
import pytest
from flowbrush.backend import timings
from flowbrush.backend.errors import Cancelled, Code, ShotError
from flowbrush.backend.quality.measures import MEASURES, Measured, Measures, ObjectDrift, PointCounts, heat_path
from flowbrush.backend.quality.report.make import is_measured, make_report, measure_and_report, report_path
from flowbrush.backend.quality.report.words import EXPLAINED, GROUPS
from flowbrush.backend.shot import SceneObject, Shot
from flowbrush.backend.take import ControlSettings, RegionSettings, Take, TakeSettings
from synthetic_shot import make_shot

HOSTILE = "</script><script>alert('1')</script><img src=x onerror=\"alert(2)\">&amp;\u202e]]>--><!--"
VOID = {"meta", "img", "input", "br"}


class Page(HTMLParser):
    """Every element with its attributes and the texts of scripts; fails where an end does not meet its beginning."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.text = path.read_text("utf-8")
        self.folder = path.parent
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.scripts: list[str] = []
        self.words = ""
        self._open: list[str] = []
        self.feed(self.text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        if tag in VOID or tag == "path":
            return
        self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self._open and self._open.pop() == tag, f"{tag} ends at {self.getpos()} where it has not begun"

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] == "script":
            self.scripts.append(data)
        elif "style" not in self._open:
            self.words += data

    @property
    def data(self) -> dict:
        return json.loads(self.scripts[0])

    def all(self, tag: str) -> list[dict[str, str]]:
        return [attributes for name, attributes in self.elements if name == tag]

    def files(self) -> list[Path]:
        """All that the page shows from files."""
        named = [a[name] for _, a in self.elements for name in ("src", "href", "poster") if name in a]
        named += [file for source in self.data["sources"] for file in source["files"] if file]
        assert all(not re.match(r"[a-z]+:|/", name) for name in named), named
        return [self.folder / unquote(name) for name in named]


def paint(take: Take, frames: Sequence[int], level: int = 0) -> None:
    for frame in frames:
        assert cv2.imwrite(str(take.frame_path(frame)), np.full((64, 96, 3), level + 20 * frame, np.uint8))


def measured(shot: Shot, frames: Sequence[int], warping: Sequence[float | None]) -> Measures:
    take = {"warping_1": Measured(tuple(warping), 0.01), "sharpness": Measured((500.0,) * len(frames), 500.0)}
    take["warping_64"] = Measured((None,) * len(frames), None)
    render = {"warping_1": Measured(tuple(value and value / 4 for value in warping), 0.0025)}
    drift = (ObjectDrift(2, 90, 3.0, 0.5), ObjectDrift(0, 9, 1.0, 0.2))
    return Measures(shot.capture, 20, tuple(frames), take, render, drift, PointCounts(9, 20, 0))


@pytest.fixture
def shot(tmp_path: Path) -> Shot:
    return make_shot(tmp_path / "shot", last=6)


@pytest.fixture
def take(shot: Shot) -> Take:
    take = Take.start(shot, "a", TakeSettings(prompt="ink"), {"model": "0" * 64})
    paint(take, shot.frame_numbers)
    return take


def test_every_measure_is_shown_and_explained() -> None:
    assert sorted(name for _, _, names in GROUPS for name in names) == sorted(MEASURES) == sorted(EXPLAINED)


def report(shot: Shot, take: Take) -> Page:
    list(make_report(shot, take, lambda: False))
    return Page(report_path(take))


def test_a_take_that_was_not_measured_says_so(shot: Shot, take: Take) -> None:
    page = report(shot, take)
    assert page.words.count("This take has not been measured yet.") == 2
    assert "was not noted" in page.words
    assert [source["name"] for source in page.data["sources"]] == ["Render", "a"]
    assert page.data["frames"] == [1, 2, 3, 4, 5, 6] and page.data["plots"] == {}


def test_a_shot_that_cannot_be_measured_says_why(tmp_path: Path) -> None:
    shot = make_shot(tmp_path / "bare", last=2, passes=("depth",))
    take = Take.start(shot, "a", TakeSettings(), {})
    paint(take, shot.frame_numbers)
    list(measure_and_report(shot, take, lambda: False))
    assert "not been measured yet. The shot has no pass" in Page(report_path(take)).words


def test_it_is_measured_where_it_is_not_yet(shot: Shot, take: Take) -> None:
    steps = [(done.done, done.total) for done in measure_and_report(shot, take, lambda: False)]
    assert steps == [(step, 12) for step in range(1, 13)]
    assert is_measured(shot, take) and "Warping error" in Page(report_path(take)).words
    assert list(measure_and_report(shot, take, lambda: False)) == []
    take.frame_path(6).unlink()
    assert not is_measured(shot, take)


def test_names_from_files_stay_text(shot: Shot) -> None:
    shot = replace(
        shot, name=HOSTILE, scene=HOSTILE, blender=HOSTILE, engine=HOSTILE, notices=(HOSTILE,), capture=HOSTILE
    )
    shot = replace(shot, objects=(SceneObject(2, HOSTILE),))
    settings = TakeSettings(
        style=HOSTILE,
        prompt=HOSTILE,
        negative_prompt=HOSTILE,
        model=HOSTILE,
        controls=(ControlSettings(HOSTILE, HOSTILE),),
        regions=(RegionSettings("Square", HOSTILE, HOSTILE),),
    )
    for name in ("odd (1) + é", "other"):
        take = Take.start(shot, name, settings, {HOSTILE: HOSTILE})
        paint(take, shot.frame_numbers)
        measured(shot, range(1, 7), [None, 0.1, 0.2, 0.1, 0.1, 0.3]).save(take.folder)
    (take.folder.parent / "broken").mkdir()
    (take.folder.parent / "broken" / "take.json").write_text(json.dumps({"format": HOSTILE, "version": HOSTILE}))
    page = report(shot, Take.load(shot, "odd (1) + é"))
    assert page.words.count(HOSTILE) >= 12, "it is shown as it is"
    assert len(page.all("script")) == 2 and HOSTILE not in "".join(page.scripts)
    assert not [name for _, attributes in page.elements for name in attributes if name.startswith("on")]
    assert [image["alt"] for image in page.all("img")] == [""] * len(page.all("img"))
    assert all(file.is_file() for file in page.files())
    assert len(page.files()) == 2 + 2 + 18, "stills, the movie with and without scripts, pictures of three sources"


def test_nothing_is_loaded_from_elsewhere(shot: Shot, take: Take) -> None:
    heat_path(take.folder, 2).parent.mkdir(parents=True)
    for frame in (2, 3, 4, 5, 6):
        cv2.imwrite(str(heat_path(take.folder, frame)), np.full((64, 96), 30, np.uint8))
    measured(shot, range(1, 7), [None, 0.1, 0.2, 0.1, 0.1, 0.3]).save(take.folder)
    page = report(shot, take)
    assert not re.findall(r"(?:https?:)?//[\w.]|@import|url\(", page.text.replace(page.scripts[1], ""))
    assert not re.search(r"https?:|fetch\(|XMLHttpRequest|import\(|WebSocket", page.scripts[1])
    [policy] = [a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    digest = base64.b64encode(hashlib.sha256(page.scripts[1].encode()).digest()).decode()
    assert policy.startswith("default-src 'none';") and f"script-src 'sha256-{digest}'" in policy
    assert all(shot.folder.resolve() in file.resolve().parents and file.is_file() for file in page.files())


def test_the_worst_frames_come_first_and_no_neighbours(shot: Shot, take: Take) -> None:
    measured(shot, range(1, 7), [None, 0.01, 0.04, 0.09, 0.02, 0.03]).save(take.folder)
    timings.add(take.folder, timings.Timing(1, True, 75.0))
    page = report(shot, take)
    assert re.findall(r"Frame (\d)([\d.]+), render ([\d.]+)", page.words) == [
        ("4", "76.5", "38.2"),
        ("6", "44.2", "22.1"),
        ("2", "25.5", "12.8"),
    ]
    assert page.data["start"] == 3
    assert page.data["plots"]["warping_1"][0] == [None, "25.5", "51", "76.5", "36.1", "44.2"]
    assert "warping_64" not in page.data["plots"], "a measure without a value has no plot"
    assert "1 min 15 s" in page.words and "Square" in page.words and "Sky" in page.words


def test_measures_of_another_capture_are_not_shown(shot: Shot, take: Take) -> None:
    replace(measured(shot, range(1, 7), [None] * 6), capture="another").save(take.folder)
    assert "captured again since" in report(shot, take).words


def test_damaged_measures_are_told(shot: Shot, take: Take) -> None:
    (take.folder / "measures.json").write_text("{")
    assert "not valid JSON" in report(shot, take).words


def test_the_movie_has_every_picture_in_its_tile(shot: Shot, take: Take) -> None:
    other = Take.start(shot, "other", TakeSettings(prompt="cel"), {})
    paint(other, [2, 3], level=100)
    page = report(shot, take)
    [movie, _] = page.all("video")
    with av.open(str(page.folder / movie["src"])) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == shot.rate and stream.codec_context.name == "vp9"
        pictures = [frame.to_ndarray(format="rgb24") for frame in container.decode(stream)]
    width, height = page.data["tile"]
    assert (width, height) == (96, 64) and len(pictures) == 6
    for source, level_of in ((1, lambda frame: 20 * frame), (2, lambda frame: {2: 140, 3: 160}.get(frame, 96))):
        x, y = page.data["sources"][source]["corner"]
        for frame, picture in enumerate(pictures, 1):
            tile = picture[y : y + height, x : x + width]
            assert abs(tile.mean() - level_of(frame)) <= 4, (source, frame)
    assert page.data["sources"][2]["files"][:3] == [None, "../../other/frames/0002.png", "../../other/frames/0003.png"]


def test_a_movie_of_the_same_pictures_is_kept_and_another_replaces_it(shot: Shot, take: Take) -> None:
    assert len(list(make_report(shot, take, lambda: False))) == 6
    before = {path.name for path in report_path(take).parent.iterdir()}
    assert list(make_report(shot, take, lambda: False)) == []
    paint(take, [3], level=7)
    assert len(list(make_report(shot, take, lambda: False))) == 6
    after = {path.name for path in report_path(take).parent.iterdir()}
    assert len(after) == len(before) == 2 and before & after == {"index.html"}


@pytest.mark.parametrize("stop", ["cancel", "damage", "leave"])
def test_the_former_report_stays_whole_where_a_new_one_is_not_finished(shot: Shot, take: Take, stop: str) -> None:
    report(shot, take)
    files = {path.name: path.read_bytes() for path in report_path(take).parent.iterdir()}
    paint(take, shot.frame_numbers, level=9)
    if stop == "damage":
        take.frame_path(5).write_bytes(take.frame_path(5).read_bytes()[:40])
        with pytest.raises(ShotError, match="damaged") as caught:
            report(shot, take)
        assert caught.value.code == Code.BAD_TAKE
    elif stop == "cancel":
        asked = iter([False, False, True])
        with pytest.raises(Cancelled):
            list(make_report(shot, take, lambda: next(asked)))
    else:
        begun = make_report(shot, take, lambda: False)
        next(begun)
        begun.close()
    assert {path.name: path.read_bytes() for path in report_path(take).parent.iterdir()} == files


def test_files_that_are_not_the_reports_are_left_alone(shot: Shot, take: Take) -> None:
    report(shot, take)
    notes = report_path(take).with_name("notes.txt")
    notes.write_text("mine")
    paint(take, [1], level=3)
    report(shot, take)
    assert notes.read_text() == "mine"


def test_a_take_that_is_half_done_shows_what_there_is(shot: Shot) -> None:
    take = Take.start(shot, "half", TakeSettings(), {})
    with pytest.raises(ShotError, match="no finished frame"):
        report(shot, take)
    paint(take, [2, 4])
    page = report(shot, take)
    assert page.data["frames"] == [2, 3, 4] and "1 of 3 frames are not finished" in page.words
    assert page.data["sources"][1]["files"] == ["../frames/0002.png", None, "../frames/0004.png"]


def test_a_moved_shot_shows_its_report(shot: Shot, take: Take, tmp_path: Path) -> None:
    report(shot, take)
    shutil.move(shot.folder, tmp_path / "elsewhere")
    page = Page(tmp_path / "elsewhere" / "takes" / "a" / "report" / "index.html")
    assert page.files() and all(file.is_file() for file in page.files())
    assert str(tmp_path) not in page.text
