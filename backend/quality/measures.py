"""What was measured of a take: the names, the units, and the file `measures.json` in the take's folder.

A JSON object (UTF-8, at most MAX_BYTES):

    format     "flowbrush-measures"
    version    1
    capture    the shot's capture that was measured, as in take.json
    hidden     how many frames a surface must have been unseen before its return is judged (whole number, 1 or more)
    frames     [F numbers] the frames that were measured, rising; frames that the take lacked are not among them
    take       {name: {"series": [F numbers or null], "summary": number or null}} of the stylized pictures
    render     the same of the shot's own pictures: the floor (a render has moving light and antialiasing too)
    objects    [{"id", "points", "take", "render"}] the drift of each object over the shot: mean CIEDE2000 over the
               frames that show it; points: how many were compared, all frames together. By falling points, at most
               MAX_OBJECTS. Id 0 is the sky. id and points are whole numbers, take and render numbers
    points     {"followed": n, "seen": n, "returned": n} points laid on surfaces, how often one was seen, and how often
               one came back after `hidden` frames or more

Names are the keys of MEASURES, which tells title, unit and what is better of each. A name is in `take` and in `render`
or missing where the shot cannot tell it (footage has no surfaces); the two of style are in `take` only. A series has
null where a frame has no value: no frame so long before in the same segment, nothing seen in both, nothing came back.
The summary is the mean over the series' values, but for `texel` the mean over points and for `returned` the median over
all points that came back (to 0.01).

Beside it in the take's folder:

    measures/heat/####.png   8-bit grey, size of the frame: by how many levels (root of the mean square over R, G and B,
                             0 to 255, as it is) a pixel differs from the frame before, carried onto it by the vectors
                             (lag 1); 0 where the frame before does not show that surface, and all over the first
                             frame of a segment. One for each of `frames`, named as in frames/ (see `heat_path`)
    measures/texels/####.png 8-bit grey, size of the frame: squares around the followed points that this frame sees and
                             an earlier one saw, by how much (CIELAB distance, one level is 0.25) each differs from its
                             mean colour in the frames before; 0 elsewhere. One for each of `frames` of a captured
                             scene, none of footage (see `texels_path`)

Standard library only: Blender's side reads it too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from math import sqrt
from pathlib import Path
from typing import Any

from ..errors import Code, ShotError
from ..parsing import Fields
from ..shot import MAX_FRAME, frame_file
from ..storage import read_json, write_json

FORMAT, VERSION = "flowbrush-measures", 1
FILE, FOLDER = "measures.json", "measures"
LAGS = (1, 4, 16, 64)
MAX_OBJECTS = 256
MAX_BYTES = 50_000_000
MAX_FRAMES = 100_000
TEXEL_LEVEL = 0.25  # CIELAB distance that one level of texels/####.png stands for


@dataclass(frozen=True)
class Kind:
    """How a measure is read.

    unit: of its values, empty for a plain number. better: "lower", "higher", or "" where neither is (compare with
    another take). root_unit, root_scale: for a squared unit, what `root` gives; empty for others.
    """

    title: str
    unit: str
    better: str
    root_unit: str = ""
    root_scale: float = 1.0

    def root(self, value: float | None) -> float | None:
        """The square root of a value in `root_unit`; None stays None."""
        return None if value is None else self.root_scale * sqrt(value)


_OF_SQUARES = ("square of the range 0 to 1", "lower", "8-bit levels", 255.0)
MEASURES: dict[str, Kind] = {
    **{f"warping_{lag}": Kind(f"Warping error over {lag} frame{'s' * (lag > 1)}", *_OF_SQUARES) for lag in LAGS},
    "warping_inside": Kind("Over 1 frame, away from silhouettes", *_OF_SQUARES),
    "texel": Kind("Change of a surface point's colour (texel variance)", "CIELAB squared", "lower", "CIELAB"),
    "tof": Kind("Seen against true motion (tOF)", "pixels", "lower"),
    "drift": Kind("Colour drift of objects", "CIEDE2000", "lower"),
    "returned": Kind("Change of surfaces that came back", "CIEDE2000", "lower"),
    "sharpness": Kind("Sharpness (variance of the Laplacian)", "8-bit levels squared", "higher"),
    "style_colour": Kind("Distance from the render, colour", "CIEDE2000", ""),
    "style_structure": Kind("Distance from the render, structure", "", ""),
    "fidelity": Kind("Lines that are the scene's (F-score)", "", "higher"),
}
"""Every measure in the order in which they are shown; what each is says the function that makes it.

warping_*: 0 to 1, see `flicker`; warping_inside: of pixels that in both frames are farther than 1/64 of the picture's
height from a silhouette. texel, returned: see `texels`. tof: see `flow_difference`. drift: see `drift`. sharpness,
style_*: see `look`. style_structure and fidelity: 0 to 1. fidelity: see `likeness.edge_f_score`.
"""


@dataclass(frozen=True)
class Measured:
    """One measure: a value for each frame, None where there is none, and one for all of them."""

    series: tuple[float | None, ...]
    summary: float | None


@dataclass(frozen=True)
class ObjectDrift:
    """How far the colour of an object is from the one in which it was seen first, CIEDE2000, mean over its frames."""

    id: int
    points: int
    take: float
    render: float


@dataclass(frozen=True)
class PointCounts:
    """How many points were laid on surfaces, how often one was seen, and how often one came back."""

    followed: int
    seen: int
    returned: int


@dataclass(frozen=True)
class Measures:
    """All that was measured of a take; the module's text tells what each field holds."""

    capture: str
    hidden: int
    frames: tuple[int, ...]
    take: Mapping[str, Measured]
    render: Mapping[str, Measured]
    objects: tuple[ObjectDrift, ...]
    points: PointCounts

    def save(self, folder: Path) -> None:
        """Writes measures.json into a take's folder, whole. Raises StorageError."""
        write_json(folder / FILE, {"format": FORMAT, "version": VERSION, **asdict(self)})

    @staticmethod
    def load(folder: Path) -> "Measures":
        """Reads what `save` wrote. Raises ShotError (BAD_TAKE) for anything else."""
        given = Fields(read_json(folder / FILE, MAX_BYTES, _bad), FILE, _bad)
        if given.text("format") != FORMAT or given.integer("version", 0, 1_000_000) != VERSION:
            raise _bad("measures.json was not written by this version of Flowbrush")
        frames = given.integers("frames", -MAX_FRAME, MAX_FRAME, MAX_FRAMES)
        if list(frames) != sorted(set(frames)):
            raise _bad("'frames' does not rise")
        points = given.child("points")
        return Measures(
            capture=given.text("capture"),
            hidden=given.integer("hidden", 1, 2 * MAX_FRAME),
            frames=frames,
            take=_measured(given.child("take"), len(frames)),
            render=_measured(given.child("render"), len(frames)),
            objects=tuple(
                ObjectDrift(
                    child.integer("id", 0, 2**31 - 1),
                    child.integer("points", 0, 2**53),
                    child.number("take", 0.0),
                    child.number("render", 0.0),
                )
                for child in given.children("objects", MAX_OBJECTS)
            ),
            points=PointCounts(*(points.integer(name, 0, 2**53) for name in ("followed", "seen", "returned"))),
        )


def table(measures: Measures) -> str:
    """The summaries as lines of text, those of squares as their roots; the render's beside the take's."""
    lines = [f"{'':<56}{'take':>10}{'render':>10}"]
    for name, kind in MEASURES.items():
        if name in measures.take:
            unit = kind.root_unit or kind.unit
            cells = [_cell(kind, of.get(name)) for of in (measures.take, measures.render)]
            lines.append(f"{kind.title + (f', {unit}' if unit else ''):<56}{cells[0]:>10}{cells[1]:>10}")
    return "\n".join(lines)


def heat_path(folder: Path, frame: int) -> Path:
    """Where the heat map of the warping error of `frame` is, in a take's folder."""
    return folder / FOLDER / "heat" / frame_file(frame, "png")


def texels_path(folder: Path, frame: int) -> Path:
    """Where the heat map of the texel variance of `frame` is, in a take's folder."""
    return folder / FOLDER / "texels" / frame_file(frame, "png")


def _cell(kind: Kind, measured: Measured | None) -> str:
    value = measured.summary if measured else None
    value = kind.root(value) if kind.root_unit else value
    return "-" if value is None else f"{value:.3g}"


def _measured(given: Fields, frames: int) -> dict[str, Measured]:
    if unknown := sorted(set(given.names()) - set(MEASURES)):
        raise _bad(f"'{unknown[0]}' is not a measure")
    return {
        name: _one(given.mapping(name), f"{given.where}: '{name}'", frames)
        for name in MEASURES
        if name in given.names()
    }


def _one(document: dict[str, Any], where: str, frames: int) -> Measured:
    values = Fields(document, where, _bad).items("series", frames)
    if len(values) != frames:
        raise _bad(f"{where}: 'series' must hold {frames} values")
    return Measured(tuple(_value(value, where) for value in values), _value(document.get("summary"), where))


def _value(value: Any, where: str) -> float | None:
    """A number of 0 or more, or None."""
    return None if value is None else Fields({"value": value}, where, _bad).number("value", 0.0)


def _bad(reason: str) -> ShotError:
    return ShotError(Code.BAD_TAKE, f"These measures cannot be used: {reason}; measure the take again")
