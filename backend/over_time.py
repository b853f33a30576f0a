"""Settings that change over time: numbers with keys at frames, and prompts that hold from a frame on.

As take.json and settings files have them:

    "over_time": {"strength": [[1, 0.3], [48, 0.8]], "regions[0].strength": [[12, 0.2], [13, 0.9]]},
    "later_prompts": [{"frame": 24, "prompt": "a stormy night", "negative_prompt": "blurry"}]
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, Self

from .parsing import Fields
from .shot import MAX_FRAME

DIGITS = 4  # decimals of a value: finer than anything that a picture shows
MAX_KEYS = 20_000
MAX_PROMPTS = 200
_PART = re.compile(r"(\w+)\[(\d{1,2})\]\.(\w+)")
Key = tuple[int, float]


@dataclass(frozen=True)
class KeyedSetting:
    """A number that changes over time.

    setting: its name, such as `strength` or `regions[0].strength`. keys: frames, each later than the one before it, and
    values; from one key to the next the value changes evenly, before the first and after the last it stays.
    """

    setting: str
    keys: tuple[Key, ...]

    def at(self, frame: int) -> float:
        """The value at `frame`, to DIGITS decimals."""
        after = bisect_right(self.keys, frame, key=lambda key: key[0])
        if after in (0, len(self.keys)):
            return self.keys[after - 1 if after else 0][1]
        (begin, low), (end, high) = self.keys[after - 1 : after + 1]
        return round(low + (high - low) * ((frame - begin) / (end - begin)), DIGITS)


@dataclass(frozen=True)
class LaterPrompt:
    """The prompt and the negative prompt from `frame` on."""

    frame: int
    prompt: str
    negative_prompt: str = ""


class OverTime:
    """Frozen settings of which numbers and prompts change over time: what those of a take inherit."""

    over_time: tuple[KeyedSetting, ...]
    later_prompts: tuple[LaterPrompt, ...]

    def at(self, frame: int) -> Self:
        """The settings of `frame`, in which nothing changes over time."""
        if not (self.over_time or self.later_prompts):
            return self
        now: Self = _changed(self, over_time=(), later_prompts=())
        for keyed in self.over_time:
            now = now.with_number(keyed.setting, keyed.at(frame))
        begun = [later for later in self.later_prompts if later.frame <= frame]
        if begun:
            now = _changed(now, **_prompts(begun[-1]))
        return now

    def still(self) -> Self:
        """What is the same in all frames; of a number that is not, only that it has keys."""
        still: Self = _changed(self, over_time=(), later_prompts=())
        for keyed in self.over_time:
            still = still.with_number(keyed.setting, 0.0)
        still = _changed(still, over_time=tuple(replace(keyed, keys=()) for keyed in self.over_time))
        return still

    def most(self, setting: str) -> float:
        """The largest value that the number `setting` of the take ever has."""
        keys = [keyed.keys for keyed in self.over_time if keyed.setting == setting]
        return max(value for _, value in keys[0]) if keys else float(getattr(self, setting))

    def with_number(self, setting: str, value: float) -> Self:
        """These settings with another value of a number that can have keys."""
        changes: dict[str, Any] = {setting: value}
        if place := _PART.fullmatch(setting):
            parts = list(getattr(self, place[1]))
            parts[int(place[2])] = replace(parts[int(place[2])], **{place[3]: value})
            changes = {place[1]: tuple(parts)}
        found: Self = _changed(self, **changes)
        return found

    def stretches(self, frames: range) -> list[range]:
        """`frames`, cut where another prompt begins."""
        starts = [later.frame for later in self.later_prompts if frames.start < later.frame < frames.stop]
        cuts = [start for start in starts if _prompts(self.at(start)) != _prompts(self.at(start - 1))]
        return [range(*pair) for pair in pairwise((frames.start, *cuts, frames.stop))]


def _changed(settings: Any, **changes: Any) -> Any:
    return replace(settings, **changes)


def _prompts(owner: Any) -> dict[str, str]:
    return {name: getattr(owner, name) for name in ("prompt", "negative_prompt")}


def renumbered(over_time: Iterable[KeyedSetting], listed: str, kept: list[int]) -> tuple[KeyedSetting, ...]:
    """`over_time` when of the list `listed` only the items `kept` are left, in this order."""
    found = []
    for keyed in over_time:
        place = _PART.fullmatch(keyed.setting)
        if place is None or place[1] != listed:
            found.append(keyed)
        elif int(place[2]) in kept:
            found.append(replace(keyed, setting=f"{listed}[{kept.index(int(place[2]))}].{place[3]}"))
    return tuple(found)


def keyed(setting: str, values: Iterable[Key]) -> KeyedSetting:
    """As few keys as give these frames and values, to DIGITS decimals; frames in order, at least one."""
    rounded = [(frame, round(value, DIGITS)) for frame, value in values]
    close = 0.499 * 10**-DIGITS  # less than what rounding forgives
    begin, keys = 0, rounded[:1]
    while begin < len(rounded) - 1:
        first, value = rounded[begin]
        end = begin + 1
        lowest, highest = -float("inf"), float("inf")  # slopes from `begin` that meet all that follows it so far
        for index in range(begin + 1, len(rounded)):
            distance, rise = rounded[index][0] - first, rounded[index][1] - value
            end = index if lowest <= rise / distance <= highest else end
            lowest, highest = max(lowest, (rise - close) / distance), min(highest, (rise + close) / distance)
            if lowest > highest:
                break
        keys.append(rounded[end])
        begin = end
    return KeyedSetting(setting, tuple(keys[:-1] if len(keys) > 1 and keys[-1][1] == keys[-2][1] else keys))


def parse_over_time(given: Fields, ranges: Mapping[str, tuple[float, float]]) -> tuple[KeyedSetting, ...]:
    """The field `over_time`, in the order of `ranges`: the lowest and highest value of each setting that can have keys.

    Raises what `given` raises.
    """
    fields = given.child("over_time", {})
    if unknown := sorted(set(fields.names()) - ranges.keys()):
        raise fields.error(f"'{unknown[0]}' is no setting that changes over time")
    return tuple(_keyed_setting(fields, name, *ranges[name]) for name in ranges if name in fields.names())


def _keyed_setting(fields: Fields, name: str, low: float, high: float) -> KeyedSetting:
    keys = tuple(_key(fields, name, item, low, high) for item in fields.items(name, MAX_KEYS))
    if not keys:
        raise fields.error(f"'{name}' has no keys")
    _check_order(fields, name, [frame for frame, _ in keys])
    return KeyedSetting(name, keys)


def _key(fields: Fields, name: str, item: object, low: float, high: float) -> Key:
    if not isinstance(item, list) or len(item) != 2:
        raise fields.error(f"each key of '{name}' must be a frame and a value")
    key = fields.beside({"frame": item[0], name: item[1]})
    return key.integer("frame", -MAX_FRAME, MAX_FRAME), round(key.number(name, low, high), DIGITS)


def parse_later_prompts(given: Fields) -> tuple[LaterPrompt, ...]:
    """The field `later_prompts`. Raises what `given` raises."""
    prompts = tuple(
        LaterPrompt(
            frame=one.integer("frame", -MAX_FRAME, MAX_FRAME),
            prompt=one.text("prompt"),
            negative_prompt=one.text("negative_prompt", ""),
        )
        for one in given.children("later_prompts", MAX_PROMPTS)
    )
    _check_order(given, "later_prompts", [prompt.frame for prompt in prompts])
    return prompts


def _check_order(given: Fields, name: str, frames: list[int]) -> None:
    if any(second <= first for first, second in pairwise(frames)):
        raise given.error(f"the frames of '{name}' must each be later than the one before")
