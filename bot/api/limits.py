"""How often one key may ask: a bucket that fills at a rate and holds a burst (ruling 21: 200 a second, 500 at once)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

_MANY = 10_000


@dataclass(slots=True)
class _Bucket:
    left: float
    at: float


class RateLimit:
    """Counts requests by key, in this process; each replica counts its own."""

    def __init__(self, rate: float = 200.0, burst: int = 500, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._buckets: dict[str, _Bucket] = {}

    def wait_s(self, key_id: str) -> float:
        """0 when the request may go on, and it is counted; else the seconds until one may."""
        now = self._clock()
        bucket = self._buckets.get(key_id)
        if bucket is None:
            self._forget(now)
            bucket = self._buckets[key_id] = _Bucket(float(self.burst), now)
        bucket.left = min(self.burst, bucket.left + (now - bucket.at) * self.rate)
        bucket.at = now
        if bucket.left < 1:
            return (1 - bucket.left) / self.rate
        bucket.left -= 1
        return 0.0

    def _forget(self, now: float) -> None:
        """Buckets that are full again need not be remembered."""
        if len(self._buckets) >= _MANY:
            full = self.burst / self.rate
            self._buckets = {key: b for key, b in self._buckets.items() if now - b.at < full}
