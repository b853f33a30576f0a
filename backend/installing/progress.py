"""What uv says while it installs, as a fraction and a sentence."""

import re
import time
from collections.abc import Callable

from .disk import MB, in_words

# Gets what is done, of how much (0: not known), and a sentence. Raises Cancelled when the user asked to stop.
Tell = Callable[[int, int, str], None]
_UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_BEGUN = re.compile(r"^Downloading (\S+) \(([\d.]+)([KMG]?i?B)\)$")
_DONE = re.compile(r"^\s*Downloaded (\S+)$")
_SETTLING = 5.0  # seconds before a rate means something


class Progress:
    """Follows one run of uv. whole: bytes that its cache will have in the end, 0 where that is not known."""

    def __init__(self, whole: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._whole = whole
        self._clock = clock
        self._sizes: dict[str, int] = {}
        self._fetched: set[str] = set()
        self._phase = "Looking up the packages"
        self._first: tuple[float, int] | None = None
        self._last = 0
        self._said = ""

    def hear(self, line: str) -> None:
        """Takes a line that uv printed."""
        if begun := _BEGUN.match(line):
            name, number, unit = begun.groups()
            self._sizes[name] = int(float(number) * _UNITS[unit])
        elif done := _DONE.match(line):
            self._fetched.add(done.group(1))
        elif line.startswith("Resolved "):
            self._phase = "Fetching the packages"
        elif line.startswith("Prepared "):
            self._phase = "Putting the packages in place"

    def now(self, on_disk: int) -> tuple[int, int, str]:
        """Done, of how much, and a sentence. on_disk: bytes that the cache has now."""
        missing = [name for name in self._sizes if name not in self._fetched]
        if not missing or self._phase != "Fetching the packages":
            return min(on_disk, self._whole * 99 // 100) // MB, self._whole // MB, self._phase
        others = len(missing) - 2
        names = ", ".join(missing[:2]) + (f" and {others} more" if others > 0 else "")
        if self._whole:
            done, total = min(on_disk, self._whole * 99 // 100), self._whole
        else:
            done, total = sum(self._sizes[name] for name in self._fetched), sum(self._sizes.values())
        sentence = f"Fetching {names}: {in_words(done)} of {in_words(total)}{self._left(done, total)}"
        return done // MB, max(total // MB, 1), sentence

    def _left(self, done: int, total: int) -> str:
        """Said anew when there is news: the weight of the cache is known every second or so only."""
        if self._first is None:
            self._first = (self._clock(), done)
        if done == self._last:
            return self._said
        self._last = done
        seconds, grown = self._clock() - self._first[0], done - self._first[1]
        if seconds >= _SETTLING and grown > 0:
            left = (total - done) * seconds / grown
            self._said = f", about {left / 60:.0f} min left" if left >= 90 else f", about {max(left, 1):.0f} s left"
        return self._said
