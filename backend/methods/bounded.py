"""Keeping what is costly to make, as long as all of it together stays below a number of bytes."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Thing = TypeVar("Thing")


class Bounded(Generic[Key, Thing]):
    """Makes things by their key, one after another whoever asks, and keeps those that were asked for last."""

    def __init__(self, make: Callable[[Key], Thing], size: Callable[[Thing], int], most: int) -> None:
        """size: the bytes that a thing takes. most: of all of them; the last one is kept however large it is."""
        self._make = make
        self._size = size
        self._most = most
        self._kept: OrderedDict[Key, tuple[Thing, int]] = OrderedDict()
        self._bytes = 0
        self._making = threading.Lock()

    def __call__(self, key: Key) -> Thing:
        """The thing of `key`."""
        with self._making:
            if key not in self._kept:
                thing = self._make(key)
                size = self._size(thing)
                self._kept[key] = thing, size
                self._bytes += size
                while self._bytes > self._most and len(self._kept) > 1:
                    _, (_, freed) = self._kept.popitem(last=False)
                    self._bytes -= freed
            self._kept.move_to_end(key)
            return self._kept[key][0]
