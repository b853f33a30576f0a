"""How fast a job goes and how long it will still take, from what its parts have taken so far.

Painting a keyframe takes many times as long as carrying its paint to a frame: each kind of work is told by itself, and
nothing is said of a kind of which nothing is done yet.
"""

from collections import defaultdict, deque
from collections.abc import Mapping
from statistics import median

KEPT = 9  # of the last durations of a kind: later frames may be dearer than earlier ones


class Pace:
    """Durations of what is done, by kind."""

    def __init__(self) -> None:
        self._seconds: dict[str, deque[float]] = defaultdict(lambda: deque(maxlen=KEPT))

    def note(self, kind: str, seconds: float) -> None:
        """One more of its kind is done, and took so long."""
        self._seconds[kind].append(max(seconds, 0.0))

    def sentence(self, kind: str, left: Mapping[str, int]) -> str:
        """How fast `kind` goes and how long all takes that is `left`, by kind; empty before the first of a kind.

        Where something is left of a kind that was not begun yet, it is told as more than the time of the others.
        """
        if not self._seconds[kind]:
            return ""
        seconds = median(self._seconds[kind])
        speed = f"{1 / seconds:.1f} {kind}s/s" if 0.0 < seconds < 1.0 else f"{seconds:.1f} s a {kind}"
        known = {name: count for name, count in left.items() if self._seconds[name]}
        time = sum(count * median(self._seconds[name]) for name, count in known.items())
        if not any(left.values()):
            return speed
        unknown = any(count for name, count in left.items() if name not in known)
        return f"{speed}, more than {spoken(time)} left" if unknown else f"{speed}, {spoken(time)} left"


def spoken(seconds: float) -> str:
    """A duration as a person says it: 40 s, 3 min, 2 h 10 min."""
    if seconds < 90:
        return f"{round(seconds)} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
