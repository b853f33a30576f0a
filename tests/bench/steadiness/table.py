"""The table of the benchmark: what was measured, the ratios between methods, and the bars of the project.

Ratios of warping errors are those of the measures as they are stored, mean squares; their table shows the roots.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from flowbrush.backend.quality.measures import MEASURES, Measures

from .shots import ShotPlan
from .takes import METHODS, PROFILED, Cost

BASE, PUBLISHED, OURS = "per_frame", "published", "surface"
SHOWN = {
    "warping_1": "lag 1",
    "warping_4": "lag 4",
    "warping_16": "lag 16",
    "warping_64": "lag 64",
    "warping_inside": "inside",
    "texel": "texel",
    "tof": "tOF",
    "drift": "drift",
    "returned": "came back",
    "sharpness": "sharp",
    "style_colour": "style, colour",
    "style_structure": "style, structure",
    "fidelity": "fidelity",
}
COMPARED = ("warping_1", "warping_4", "warping_16", "warping_64", "warping_inside", "texel")
JUDGED_SIZE = 512 * 512  # pixels; the bars of time hold for pictures of this size


@dataclass(frozen=True)
class Row:
    """One take: its shot, painter and method, what was measured of it, and what it took."""

    shot: ShotPlan
    painter: str
    method: str
    measures: Measures
    cost: Cost

    def value(self, measure: str) -> float | None:
        """The summary of a measure of the take."""
        return _summary(self.measures, measure, of_render=False)

    def floor(self, measure: str) -> float | None:
        """The same of the render."""
        return _summary(self.measures, measure, of_render=True)

    def document(self) -> dict[str, Any]:
        """As JSON-ready fields."""
        return {
            "shot": self.shot.name,
            "size": list(self.shot.size),
            "painter": self.painter,
            "method": self.method,
            "measures": {name: self.value(name) for name in SHOWN},
            "render": {name: self.floor(name) for name in SHOWN},
            "cost": asdict(self.cost),
        }


@dataclass(frozen=True)
class Verdict:
    """A bar of one shot: the value, whether it is met, and what the render itself would have in place of our paint.

    None where it cannot be judged, or the bar is not one of steadiness.
    """

    bar: str
    value: float | None
    met: bool | None
    render: float | None = None


def ratio(one: float | None, other: float | None) -> float | None:
    """one / other; None where either is not known or there is nothing to divide by."""
    return None if one is None or not other else one / other


def verdicts(rows: Sequence[Row], second: float) -> list[Verdict]:
    """All bars for the rows of one shot and painter. second: assumed seconds of a call of SD 1.5, see `paper_time`."""
    by = {row.method: row for row in rows}
    if OURS not in by or BASE not in by:
        return []
    ours, base, published = by[OURS], by[BASE], by.get(PUBLISHED)
    made = []
    for measure, over, of_base, of_published in (("warping_1", "1", 0.1, 1 / 3), ("warping_16", "16", 0.05, 0.2)):
        for name, other, limit in ((BASE, base, of_base), (PUBLISHED, published, of_published)):
            value, render = (
                ratio(one, other.value(measure)) if other else None
                for one in (ours.value(measure), ours.floor(measure))
            )
            verdict = _at_most(f"lag {over}, of {name}'s at most {limit:.3g}", value, limit)
            made.append(replace(verdict, render=render))
    made.append(_at_most("came back, CIEDE2000 at most 2", ours.value("returned"), 2.0))
    for measure, limit in (("sharpness", 0.95), ("style_colour", 0.9), ("style_structure", 0.9), ("fidelity", 1.0)):
        title = f"{SHOWN[measure]}, of {BASE}'s at least {limit:g}"
        made.append(_at_least(title, ratio(ours.value(measure), base.value(measure)), limit))
    calls = ours.cost.calls / ours.cost.frames
    made.append(_at_most("calls a frame at most 0.125 (slow camera)", calls, 0.125 if ours.shot.slow else None))
    time = ratio(ours.cost.seconds, base.cost.seconds)
    made.append(_at_most(f"time, of {BASE}'s at most 0.2", time, 0.2 if ours.painter == "starter" else None))
    on_paper = ratio(paper_time(ours.cost, second), paper_time(base.cost, second))
    made.append(_at_most(f"time on paper, SD 1.5 at {second:g} s a call, at most 0.2", on_paper, 0.2))
    width, height = ours.shot.size
    judged = width * height >= JUDGED_SIZE
    carrying, share = ours.cost.carrying, 1.0 - ours.cost.file_share
    made.append(_at_most("carrying, s a frame at most 0.25 (512 x 512)", carrying, 0.25 if judged else None))
    made.append(_at_most("of it not files, at most 0.5", share, 0.5 if judged else None))
    return made


def paper_time(cost: Cost, second: float) -> float:
    """Seconds that the take would take if each call of the painter took `second` and the rest what it did."""
    return cost.calls * second + cost.carrying * cost.frames


def markdown(rows: Sequence[Row], second: float) -> str:
    """Everything as Markdown: for each painter the bars, and for each shot what was measured."""
    parts = []
    for painter in dict.fromkeys(row.painter for row in rows):
        of_painter = [row for row in rows if row.painter == painter]
        shots = list(dict.fromkeys(row.shot for row in of_painter))
        groups = [[row for row in of_painter if row.shot == shot] for shot in shots]
        parts.append(f"## Painter: {painter}\n\n{_bars(shots, [verdicts(group, second) for group in groups])}")
        parts.append(f"### Ratios of mean squares\n\n{_ratios(groups)}")
        parts += [f"### {_title(shot)}\n\n{_measured(group)}" for shot, group in zip(shots, groups, strict=True)]
    return "\n\n".join(parts) + "\n"


def _bars(shots: Sequence[ShotPlan], judged: Sequence[Sequence[Verdict]]) -> str:
    names = [verdict.bar for verdict in max(judged, key=len)]
    if not names:
        return f"No bars without both {BASE} and {OURS}."
    lines = []
    for number, name in enumerate(names):
        cells = [_verdict(of_shot[number]) if of_shot else "" for of_shot in judged]
        known = [of_shot[number].met for of_shot in judged if of_shot and of_shot[number].met is not None]
        lines.append([name, *cells, f"{known.count(True)} of {len(known)}"])
    table = _table(["bar", *(shot.name for shot in shots), "met"], lines)
    return f"✓ met, ✗ not met, without a sign: not judged here. In brackets: what the render itself has.\n\n{table}"


def _ratios(groups: Iterable[Sequence[Row]]) -> str:
    lines = []
    for group in groups:
        by = {row.method: row for row in group}
        for row in group:
            cells = [
                _number(ratio(row.value(measure), by[other].value(measure)) if other in by else None)
                for other in (BASE, PUBLISHED)
                for measure in COMPARED
            ]
            lines.append([row.shot.name, row.method, *cells])
    heads = [f"{name} / {other}" for other in (BASE, PUBLISHED) for name in map(SHOWN.__getitem__, COMPARED)]
    return _table(["shot", "method", *heads], lines)


def _measured(group: Sequence[Row]) -> str:
    heads = ["", *SHOWN.values(), "calls", "painted", "s a frame", "carrying", "of it files", "MB"]
    lines = [["render", *(_shown(name, group[0].floor(name)) for name in SHOWN)]]
    for row in sorted(group, key=lambda row: METHODS.index(row.method)):
        cost = row.cost
        lines.append(
            [
                row.method,
                *(_shown(name, row.value(name)) for name in SHOWN),
                str(cost.calls),
                f"{cost.painted:.1f}",
                f"{cost.seconds / cost.frames:.3f}",
                f"{cost.carrying:.3f}",
                f"{100 * cost.file_share:.0f} %",
                f"{cost.memory:.0f}",
            ]
        )
    return _table(heads, lines)


def profile(cost: Cost) -> str:
    """Where the time of carrying went, as Markdown."""
    share = f"{100 * cost.file_share:.0f} %"
    lines = [[f"`{name}`", f"{1000 * seconds / PROFILED:.1f}"] for name, seconds in cost.profile]
    head = f"{1000 * cost.carrying:.0f} ms a frame without the painter, {share} of it reading and writing files."
    return f"{head}\n\n{_table(['in itself', 'ms a frame'], lines)}"


def _title(shot: ShotPlan) -> str:
    return f"{shot.name}, {shot.frames} frames, {shot.size[0]} x {shot.size[1]}"


def _at_most(bar: str, value: float | None, limit: float | None) -> Verdict:
    return Verdict(bar, value, None if value is None or limit is None else value <= limit)


def _at_least(bar: str, value: float | None, limit: float) -> Verdict:
    return Verdict(bar, value, None if value is None else value >= limit)


def _verdict(verdict: Verdict) -> str:
    sign = {True: " ✓", False: " ✗", None: ""}[verdict.met]
    render = "" if verdict.render is None else f" (render {_number(verdict.render)})"
    return _number(verdict.value) + sign + render


def _shown(name: str, value: float | None) -> str:
    kind = MEASURES[name]
    return _number(kind.root(value) if kind.root_unit else value)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _summary(measures: Measures, name: str, *, of_render: bool) -> float | None:
    found = (measures.render if of_render else measures.take).get(name)
    return None if found is None else found.summary


def _table(heads: Sequence[str], lines: Iterable[Sequence[str]]) -> str:
    rows = [list(heads), ["---"] * len(heads)]
    rows += [[*line, *[""] * (len(heads) - len(line))] for line in lines]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)
