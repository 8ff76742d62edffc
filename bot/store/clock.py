"""The clocks: one that stamps, and one that never jumps.

Moves are stamped by the database's clock, so that all processes agree (SQLite: this machine's). How long something took
in this process is told by the steady clock alone.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

# Linux's monotonic clock stands still while the machine sleeps; a laptop's lid must count as time that has passed.
_STEADY: int | None = getattr(time, "CLOCK_BOOTTIME", getattr(time, "CLOCK_MONOTONIC", None))


class Clock(Protocol):
    """What rooms ask for the time."""

    def now(self) -> datetime:
        """The wall clock, in UTC. It may be set forward or back at any moment."""
        ...

    def steady(self) -> float:
        """Seconds since some moment. Never jumps, and goes on while the machine sleeps."""
        ...


class MachineClock:
    """This machine's clocks."""

    def now(self) -> datetime:
        """The wall clock."""
        return datetime.now(UTC)

    def steady(self) -> float:
        """Seconds since the machine was started."""
        return time.monotonic() if _STEADY is None else time.clock_gettime(_STEADY)


MACHINE = MachineClock()
