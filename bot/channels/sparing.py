"""So often within so long, for each of many; what nobody asks about any more is forgotten."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable

MOST = 10_000
"""So many are remembered; beyond that the one heard of longest ago is forgotten first."""


class Sparing:
    """In this process alone: a second process allows as much again, which is no harm for what it is used for."""

    def __init__(self, times: int, within_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._times = times
        self._within = within_s
        self._clock = clock
        self._seen: OrderedDict[Hashable, deque[float]] = OrderedDict()

    def may(self, key: Hashable) -> bool:
        """Whether it may be once more, and then counts it."""
        at = self._clock()
        seen = self._seen.setdefault(key, deque())
        self._seen.move_to_end(key)
        while len(self._seen) > MOST:
            self._seen.popitem(last=False)
        while seen and at - seen[0] >= self._within:
            seen.popleft()
        if len(seen) >= self._times:
            return False
        seen.append(at)
        return True
