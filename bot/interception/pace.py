"""When the bot looks again, and how long it waits (rulings 5, 6, 7)."""

from __future__ import annotations

import random
from dataclasses import dataclass
from datetime import datetime, timedelta

CHANCE = random.Random()  # noqa: S311 - spreads looks over time, protects nothing

_FIRST_S = (1.0, 2.0, 5.0, 15.0, 60.0)
_TEN_MINUTES_S = 600.0
_HOUR_S = 3600.0


@dataclass(frozen=True, slots=True)
class Pace:
    """The times that a case lives by.

    `call_timeout`: how long a carrier call may take. `quiet`: how long after the latest mark a reading that shows
    nothing begins to count; more than twice the first (ruling 6). `unavailable`: how long an ask that never left is
    tried. `watch`: after that without any sign it is given up.
    """

    call_timeout: timedelta = timedelta(seconds=8)
    quiet: timedelta = timedelta(seconds=600)
    unavailable: timedelta = timedelta(minutes=2)
    watch: timedelta = timedelta(days=15)

    def __post_init__(self) -> None:
        if self.call_timeout * 2 >= self.quiet:
            raise ValueError(
                "BOT_CALL_TIMEOUT_S must stay below half of BOT_DOUBT_QUIET_S: otherwise a request that is still on "
                "its way could be taken for one that never arrived"
            )

    @classmethod
    def of(cls, call_timeout_s: float, doubt_quiet_s: float, unavailable_s: float, watch_days: int) -> Pace:
        """From settings. Raises `ValueError` when a request under way could pass for one that never arrived."""
        return cls(
            timedelta(seconds=call_timeout_s),
            timedelta(seconds=doubt_quiet_s),
            timedelta(seconds=unavailable_s),
            timedelta(days=watch_days),
        )

    @property
    def lost_after(self) -> timedelta:
        """A call that was marked this long ago and has no answer will get none."""
        return self.call_timeout + timedelta(seconds=1)


def next_look(since: datetime, at: datetime, chance: random.Random) -> datetime:
    """At once, then 1, 2, 5, 15, 60 s after `since`, every ten minutes up to an hour, then hourly; each ± 10 %."""
    elapsed = max((at - since).total_seconds(), 0.0)
    wait = next((step for step in _FIRST_S if step > elapsed), None)
    if wait is not None:
        wait -= elapsed
    elif elapsed < _HOUR_S:
        wait = _TEN_MINUTES_S
    else:
        wait = _HOUR_S
    return at + timedelta(seconds=max(wait * chance.uniform(0.9, 1.1), 0.2))


def retry_unsent(asked: datetime, at: datetime) -> datetime:
    """The next try of an ask that never left: after 1, 2, 5 … s (ruling 5)."""
    elapsed = max((at - asked).total_seconds(), 0.0)
    wait = next((step for step in _FIRST_S[:3] if step > elapsed), 5.0)
    return at + timedelta(seconds=max(wait if wait == 5.0 else wait - elapsed, 0.5))
