"""How often somebody may post."""

from bot.console import limits
from bot.console.limits import Buckets


class Clock:
    """A clock that stands until it is moved."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_then_a_rate_for_each_key() -> None:
    """So many at once, then so many a second; another key is not touched; the wait is told in whole seconds."""
    clock = Clock()
    buckets = Buckets(rate=0.5, burst=3, clock=clock)
    assert [buckets.take("a") for _ in range(4)] == [0, 0, 0, 2]
    assert buckets.take("b") == 0
    clock.now += 2
    assert [buckets.take("a"), buckets.take("a")] == [0, 2]


def test_keys_are_bounded() -> None:
    """Guessing addresses does not fill the memory: the longest unused key is forgotten."""
    buckets = Buckets(rate=1, burst=1)
    for n in range(limits.MOST_KEYS + 50):
        buckets.take(str(n))
    assert len(buckets._buckets) == limits.MOST_KEYS
