"""Plots over time as inline SVG: shapes only, which stretch to any width; what is written beside them is HTML."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

HEIGHT = 100.0  # of the drawing, in its own units; a frame is one unit wide


@dataclass(frozen=True)
class Line:
    """A value for each frame, None where there is none. style: the class that the page's style sheet colours."""

    name: str
    style: str
    values: Sequence[float | None]


def plot(frames: Sequence[int], lines: Iterable[Line], cuts: Iterable[int], label: str) -> str:
    """A figure's inside: the plot of `lines` over `frames`, its scale at the left, first and last frame below.

    The scale begins at 0. cuts: frames in front of which a dashed line stands. label: for who cannot see it.
    """
    lines = list(lines)
    top = ceiling(max((value for line in lines for value in line.values if value is not None), default=0.0))
    width = max(len(frames) - 1, 1)
    rules = "".join(f'<path class="rule" d="M0 {y:g}H{width}"/>' for y in (0.0, HEIGHT / 2, HEIGHT))
    places = {frame: index for index, frame in enumerate(frames)}
    rules += "".join(f'<path class="cut" d="M{places[cut] - 0.5:g} 0V{HEIGHT:g}"/>' for cut in cuts if cut in places)
    drawn = "".join(
        f'<path class="{shape} {line.style}" d="{path}"/>'
        for line in lines
        for shape, path in zip(("line", "dot"), _paths(line.values, top), strict=True)
        if path
    )
    scale = "".join(f"<span>{number(value)}</span>" for value in (top, top / 2, 0.0))
    return (
        f'<div class="plot"><div class="scale">{scale}</div>'
        f'<svg viewBox="0 0 {width} {HEIGHT:g}" preserveAspectRatio="none" role="img" aria-label="{escape(label)}">'
        f'{rules}{drawn}<path class="cursor" d="M0 0V{HEIGHT:g}"/></svg>'
        f'<div class="ends"><span>{frames[0]}</span><span>frame</span><span>{frames[-1]}</span></div></div>'
    )


def ceiling(value: float) -> float:
    """The next of 1, 2 and 5 times a power of ten that is not below `value`; 1 for 0."""
    if value <= 0.0:
        return 1.0
    power = 10.0 ** floor(log10(value))
    return next((step * power for step in (1.0, 2.0, 5.0) if step * power >= value), 10.0 * power)


def number(value: float | None) -> str:
    """With three digits that count, and without an exponent where a person can read it; a dash for None."""
    if value is None:
        return "–"
    if value != 0.0 and not 1e-3 <= abs(value) < 1e6:
        return f"{value:.2e}"
    decimals = max(0, 2 - floor(log10(abs(value)))) if value else 0
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _paths(values: Sequence[float | None], top: float) -> tuple[str, str]:
    """Straight from value to value, with gaps; and values between two gaps, as lines of no length with round ends."""
    line, dots = "", ""
    for index, value in enumerate(values):
        if value is None:
            continue
        place = f"{index} {HEIGHT * (1.0 - value / top):.2f}"
        before, after = index > 0 and values[index - 1] is not None, values[index + 1 : index + 2] not in ([], [None])
        if before or after:
            line += f"{'L' if before else 'M'}{place}"
        else:
            dots += f"M{place}h0"
    return line, dots
