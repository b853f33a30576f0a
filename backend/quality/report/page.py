"""The report's page: everything of it in one HTML text, which names nothing outside the shot's folder.

All that comes from files is escaped, and the page's own policy lets it run one script and load from no network.
"""

import base64
import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from html import escape
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote

from ...shot import Shot
from ...take import Take
from ...timings import Timing
from ..measures import MEASURES, Measured, Measures
from .plots import Line, number, plot
from .words import EXPLAINED, GROUPS, SETTINGS

_FOLDER = Path(__file__).parent
_KEYS = 12  # of a number over time
_BESIDE = 12  # objects in the table that is open from the start


@dataclass(frozen=True)
class Worst:
    """A frame that flickers most, its two stills beside the page, and what the measure says of take and render."""

    frame: int
    stills: tuple[str, ...]
    take: float
    render: float | None


@dataclass(frozen=True)
class Player:
    """movie: its file beside the page. tile: width and height of a picture in it. sources: name, corner, files."""

    movie: str
    tile: tuple[int, int]
    sources: list[dict[str, Any]]


@dataclass(frozen=True)
class Report:
    """All that a page tells. frames: those of player and plots. others: measures of other takes by their names.

    notes: sentences on what is left out. unmeasured: why there are no measures; empty where there are.
    """

    shot: Shot
    take: Take
    frames: Sequence[int]
    player: Player
    worst: Sequence[Worst]
    measures: Measures | None
    unmeasured: str
    others: Mapping[str, Measures]
    timings: Sequence[Timing]
    licence: str
    notes: Sequence[str]


def page(report: Report) -> str:
    """The whole HTML text."""
    plots: dict[str, list[list[str | None]]] = {}
    measures = _measures(report, plots)
    timings = _timings(report, plots)
    script = (_FOLDER / "page.js").read_text("utf-8")
    start = report.frames.index(report.worst[0].frame) if report.worst else 0
    player = {"fps": report.shot.fps, "frames": list(report.frames), "tile": report.player.tile, "start": start}
    return Template((_FOLDER / "page.html").read_text("utf-8")).substitute(
        policy=_policy(script),
        title=f"{escape(report.take.name)} · {escape(report.shot.name)} · Flowbrush",
        heading=f"{_name(report.take.name)} <small>of {_name(report.shot.name)}</small>",
        facts=_facts(report),
        notes=_list("notes", map(escape, report.notes)),
        worst=_worst(report),
        player=_player(report),
        measures=measures,
        settings=_settings(report),
        timings=timings,
        data=_json({**player, "sources": report.player.sources, "plots": plots}),
        style=(_FOLDER / "page.css").read_text("utf-8"),
        script=script,
    )


def address(path: Path, folder: Path) -> str:
    """`path` as a page in `folder` names it, so that both can be moved together."""
    return quote(Path(os.path.relpath(path, folder)).as_posix())


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode("utf-8")).digest()).decode("ascii")
    return (
        "default-src 'none'; img-src 'self' file:; media-src 'self' file:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    )


def _json(document: dict[str, Any]) -> str:
    """For a script element, which ends at the first `</script`, whatever stands around it."""
    text = json.dumps(document, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def _name(text: str) -> str:
    """A name that somebody gave, which cannot turn the direction of the text around it."""
    return f"<bdi>{escape(text)}</bdi>"


def _list(style: str, items: Any) -> str:
    text = "".join(f"<li>{item}</li>" for item in items)
    return f'<ul class="{style}">{text}</ul>' if text else ""


def _facts(report: Report) -> str:
    shot, settings = report.shot, report.take.settings
    made = f"Blender {shot.blender}, {shot.engine}" if shot.source == "scene" else "footage"
    facts = [
        f"method {settings.method}",
        f"style {settings.style}" if settings.style else "",
        f"frames {report.frames[0]} to {report.frames[-1]}",
        f"{shot.resolution[0]} × {shot.resolution[1]}",
        f"{number(float(shot.rate))} fps",
        made,
    ]
    return " · ".join(escape(fact) for fact in facts if fact)


def _worst(report: Report) -> str:
    if not report.worst:
        return _blank(report.unmeasured or "No frame has a frame before it that it could be compared with.")
    kind = MEASURES["warping_1"]
    items = []
    for one in report.worst:
        stills = "".join(f'<img src="{quote(still)}" alt="" loading="lazy">' for still in one.stills)
        beside = f", render {number(kind.root(one.render))}" if one.render is not None else ""
        items.append(
            f'<button type="button" data-frame="{report.frames.index(one.frame)}"><span class="pair">{stills}</span>'
            f'<span class="said"><b>Frame {one.frame}</b>{number(kind.root(one.take))}{beside}</span></button>'
        )
    return (
        '<p class="hint">Those that differ most from the frame before, carried onto them by the true motion '
        f"({escape(kind.root_unit)}; of two neighbours the worse). Beside each: where, "
        '<span class="ramp"></span> from the same to 64 levels and more. Press one to see it below.</p>'
        + _list("worst", items)
    )


def _player(report: Report) -> str:
    shot = report.shot
    aspect = shot.resolution[0] * shot.pixel_aspect[0] / (shot.resolution[1] * shot.pixel_aspect[1] or 1.0)
    size = f'width="{shot.resolution[0]}" height="{shot.resolution[1]}"'
    last = len(report.frames) - 1

    def choice(side: str, chosen: int) -> str:
        options = "".join(
            f'<option value="{index}"{" selected" if index == chosen else ""}>{escape(source["name"])}</option>'
            for index, source in enumerate(report.player.sources)
        )
        return f'<label>{side.title()} <select id="{side}">{options}</select></label>'

    def mode(name: str, title: str) -> str:
        return f'<button type="button" data-set-mode="{name}" aria-pressed="false">{title}</button>'

    movie = f'<video src="{quote(report.player.movie)}" muted loop playsinline preload="auto"></video>'
    return f"""
<div class="needs-script" hidden>
<div class="bar">{choice("left", 0)}<button type="button" id="swap" title="Swap (X)">⇄</button>{choice("right", 1)}
{mode("wipe", "Wipe")}{mode("beside", "Side by side")}{mode("difference", "Difference")}</div>
<div class="stage" style="--aspect: {aspect:.6g}; max-width: min(100%, calc(80vh * {aspect:.6g} * 1))">
<div class="view right"><canvas {size}></canvas><span class="tag"></span></div>
<div class="view left"><canvas {size}></canvas><span class="tag"></span></div>
<div class="handle"></div></div>
<div class="bar"><button type="button" id="play">Play</button>
<input class="grow" type="range" id="scrub" min="0" max="{last}" value="0" aria-label="Frame">
<output id="frame"></output>
<label>Wipe <input type="range" id="wipe" min="0" max="100" step="any" value="50"></label></div>
<p class="hint"><kbd>Space</kbd> play or pause, <kbd>←</kbd> <kbd>→</kbd> one frame, <kbd>Home</kbd> <kbd>End</kbd>,
<kbd>W</kbd> wipe, <kbd>S</kbd> side by side, <kbd>D</kbd> difference, <kbd>X</kbd> swap. Drag in the picture to move
the border. While it plays you see a compressed movie; when it stands still, the pictures themselves.</p>
<p class="hint" id="no-movie" hidden>This browser cannot play the movie: the pictures are shown one by one.</p>
</div>
{movie}
<noscript><p class="hint">The player needs scripts; this is its movie, all pictures beside each other.</p>
{movie.replace("muted", "controls muted")}</noscript>"""


def _measures(report: Report, plots: dict[str, list[list[str | None]]]) -> str:
    measures = report.measures
    if measures is None:
        return _blank(report.unmeasured)
    parts = [_table(report, measures)]
    for title, why, names in GROUPS:
        cards = [_card(name, report, measures, plots) for name in names if _has_values(name, measures)]
        if cards:
            parts.append(
                f'<h3 class="group">{title}</h3><p class="hint">{why}</p><div class="cards">{"".join(cards)}</div>'
            )
    return "".join(parts) + _objects(report.shot, measures)


def _table(report: Report, measures: Measures) -> str:
    others = list(report.others.items())
    heads = "".join(f'<th class="number" scope="col">{_name(name)}</th>' for name, _ in others)
    rows = []
    for name, kind in MEASURES.items():
        if not _has_values(name, measures):
            continue
        mine = measures.take[name].summary
        cells = [f'<td class="number"><b>{_shown(name, mine)}</b></td>']
        cells.append(f'<td class="number">{_shown(name, _summary(measures.render, name))}</td>')
        for _, other in others:
            theirs = _summary(other.take, name)
            cells.append(f'<td class="number {_verdict(kind.better, mine, theirs)}">{_shown(name, theirs)}</td>')
        aim = {"lower": "less is better", "higher": "more is better"}.get(kind.better, "")
        unit = ", ".join(filter(None, (kind.root_unit or kind.unit, aim)))
        rows.append(
            f'<tr><th scope="row">{escape(kind.title)}<br><small>{escape(unit)}</small></th>{"".join(cells)}</tr>'
        )
    return (
        '<div class="scroll"><table><thead><tr><th scope="col">Mean over the shot</th>'
        f'<th class="number" scope="col">{_name(report.take.name)}</th>'
        f'<th class="number" scope="col">Render</th>{heads}'
        f"</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
        '<p class="hint">The render has errors of its own (moving light, antialiasing): it is the floor.'
        f"{' Another take is green where it does better than this one, red where worse.' if others else ''}</p>"
    )


def _card(name: str, report: Report, measures: Measures, plots: dict[str, list[list[str | None]]]) -> str:
    kind, frames = MEASURES[name], report.frames
    lines = [Line(report.take.name, "take", _series(name, measures.take, measures.frames, frames))]
    if name in measures.render:
        lines.append(Line("Render", "render", _series(name, measures.render, measures.frames, frames)))
    for index, (other_name, other) in enumerate(report.others.items()):
        if name in other.take:
            lines.append(Line(other_name, f"other-{index}", _series(name, other.take, other.frames, frames)))
    unit = kind.root_unit or kind.unit
    head = f"{escape(kind.title)}{f' <small>{escape(unit)}</small>' if unit else ''}"
    return _figure(name, head, EXPLAINED.get(name, ""), lines, report, plots)


def _figure(
    name: str, head: str, text: str, lines: list[Line], report: Report, plots: dict[str, list[list[str | None]]]
) -> str:
    plots[name] = [[None if value is None else number(value) for value in line.values] for line in lines]
    legend = "".join(
        f'<span class="{line.style}"><i></i>{_name(line.name)} <b id="{name}-{index}"></b></span>'
        for index, line in enumerate(lines)
    )
    drawing = plot(report.frames, reversed(lines), report.shot.cuts, f"{name.replace('_', ' ')} over time")
    return (
        f'<figure class="card"><h3>{head}</h3><p class="explained">{escape(text)}</p>'
        f'<div class="legend">{legend}</div>{drawing}</figure>'
    )


def _series(
    name: str, measured: Mapping[str, Measured], at: Sequence[int], frames: Sequence[int]
) -> list[float | None]:
    """In the unit that is shown, for every one of `frames`."""
    root = MEASURES[name].root if MEASURES[name].root_unit else lambda value: value
    values = dict(zip(at, measured[name].series, strict=True))
    return [root(values.get(frame)) for frame in frames]


def _has_values(name: str, measures: Measures) -> bool:
    """A shot that is too short, or shows nothing twice, has a measure without any."""
    return name in measures.take and any(value is not None for value in measures.take[name].series)


def _summary(measured: Mapping[str, Measured], name: str) -> float | None:
    return measured[name].summary if name in measured else None


def _shown(name: str, value: float | None) -> str:
    return number(MEASURES[name].root(value) if MEASURES[name].root_unit else value)


def _verdict(better: str, mine: float | None, theirs: float | None) -> str:
    if not better or mine is None or theirs is None or mine == theirs:
        return ""
    return "better" if (theirs < mine) == (better == "lower") else "worse"


def _objects(shot: Shot, measures: Measures) -> str:
    if not measures.objects:
        return ""
    names = {one.id: one.name for one in shot.objects}
    rows = [
        f'<tr><th scope="row">{_name(names[one.id]) if one.id in names else "Sky"}</th>'
        f'<td class="number">{number(one.take)}</td><td class="number">{number(one.render)}</td></tr>'
        for one in measures.objects
    ]
    head = (
        '<div class="scroll"><table><thead><tr><th scope="col">Object</th><th class="number" scope="col">Take</th>'
        '<th class="number" scope="col">Render</th></tr></thead><tbody>'
    )
    more = ""
    if len(rows) > _BESIDE:
        rest = "".join(rows[_BESIDE:])
        more = f"<details><summary>{len(rows) - _BESIDE} more</summary>{head}{rest}</tbody></table></div></details>"
    first = f"{head}{''.join(rows[:_BESIDE])}</tbody></table></div>"
    return (
        '<h3 class="group">Colour drift by object</h3>'
        f'<p class="hint">CIEDE2000; those with most surface in the pictures first.</p>{first}{more}'
    )


def _settings(report: Report) -> str:
    settings, rows = report.take.settings, []
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name in SETTINGS and value not in ("", None, ()):
            rows.append((SETTINGS[field.name], escape(_text(value))))
    for control in settings.controls:
        reach = f"scale {number(control.scale)}, from {number(control.start)} to {number(control.end)} of the denoising"
        model = f", {control.model}" if control.model else ""
        rows.append(("Condition", escape(f"{control.condition}: {reach}{model}")))
    for region in settings.regions:
        strength = "" if region.strength is None else f", strength {number(region.strength)}"
        negative = f"\nnot: {region.negative_prompt}" if region.negative_prompt else ""
        rows.append((f"Region {escape(region.mask)}", escape(f"{region.prompt}{negative}{strength}")))
    for keyed in settings.over_time:
        keys = ", ".join(f"{number(value)} at {frame}" for frame, value in keyed.keys[:_KEYS])
        more = f" and {len(keyed.keys) - _KEYS} keys more" if len(keyed.keys) > _KEYS else ""
        rows.append((f"Over time: {escape(keyed.setting)}", escape(f"{keys}{more}")))
    for later in settings.later_prompts:
        negative = f"\nnot: {later.negative_prompt}" if later.negative_prompt else ""
        rows.append((f"Prompt from frame {later.frame}", escape(f"{later.prompt}{negative}")))
    rows.append(("Licence of the model", escape(report.licence or "not stated in its files")))
    for role, digest in report.take.models.items():
        rows.append((f"SHA-256, {escape(role)}", f"<code>{escape(digest)}</code>"))
    rows.append(("Capture", f"<code>{escape(report.take.capture or 'not named')}</code>"))
    rows += [("Notice of the shot", escape(notice)) for notice in report.shot.notices]
    return f"<dl>{''.join(f'<dt>{name}</dt><dd>{value}</dd>' for name, value in rows)}</dl>"


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return number(value)
    return " to ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _timings(report: Report, plots: dict[str, list[list[str | None]]]) -> str:
    if not report.timings:
        return _blank("How long its frames took was not noted when this take was made.")
    rows = []
    taken = {
        title: {timing.frame: timing.seconds for timing in report.timings if _kind(timing) == title}
        for title in ("Keyframes", "Frames", "Refined")
    }
    for title in taken:
        seconds = sorted(taken[title].values())
        if seconds:
            cells = (len(seconds), *map(_seconds, (sum(seconds), seconds[len(seconds) // 2], seconds[-1])))
            rows.append(
                f"<tr><th scope='row'>{title}</th>{''.join(f'<td class=number>{cell}</td>' for cell in cells)}</tr>"
            )
    heads = "".join(
        f'<th class="number" scope="col">{head}</th>' for head in ("How many", "Together", "Median", "Slowest")
    )
    lines = []
    for title, style in (("Frames", "take"), ("Keyframes", "other-0"), ("Refined", "other-1")):
        if taken[title]:
            lines.append(Line(title, style, [taken[title].get(frame) for frame in report.frames]))
    figure = _figure(
        "seconds", "Seconds a frame", "Painting, carrying paint, reading and writing.", lines, report, plots
    )
    return (
        f'<div class="scroll"><table><thead><tr><th scope="col"></th>{heads}</tr></thead><tbody>{"".join(rows)}</tbody>'
        f'</table></div><div class="cards" style="margin-top: 1rem">{figure}</div>'
    )


def _kind(timing: Timing) -> str:
    return "Keyframes" if timing.keyframe else "Refined" if timing.refined else "Frames"


def _seconds(seconds: float) -> str:
    minutes = int(seconds // 60)
    return f"{minutes} min {seconds - 60 * minutes:.0f} s" if minutes else f"{number(seconds)} s"


def _blank(text: str) -> str:
    return f'<p class="hint blank">{escape(text)}</p>'
