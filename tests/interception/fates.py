"""What may befall a process or a request, drawn by Hypothesis; the first of each list is that nothing does."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.interception.pace import Pace

PACE = Pace(
    call_timeout=timedelta(seconds=2),
    quiet=timedelta(seconds=20),
    unavailable=timedelta(seconds=30),
    watch=timedelta(days=15),
)
TIMEOUT_S = PACE.call_timeout.total_seconds()
QUIET_S = PACE.quiet.total_seconds()

TRAVELS_AT_MOST_S = 3.0
"""With the time until the platform shows an order: half the quiet time less a call's own limit (`engine.md` 2)."""

DIES = -1.0

AFTER_A_COMMIT = (0.0,) * 12 + (0.3, 3.5, 9.0, 30.0, 30.0, DIES, DIES)
"""Seconds until a process goes on after a commit. 3.5: the call that was marked counts as lost. 9.0: just within half
the quiet time. 30.0: longer than all of it."""


@dataclass(frozen=True)
class Fate:
    """Of one request. Seconds: `travels` until it arrives (None: never), `answers` until its answer is back (None:
    never), `sleeps` until the process has read the answer.
    """

    name: str
    travels: float | None = 0.1
    answers: float | None = 0.1
    sleeps: float = 0.0
    kills: bool = False
    """The process dies when the request has just left."""
    left: bool = True
    defect: bool = False
    down: float = 0.0
    """So long nobody reaches the carrier, after this one has."""


PLAIN = Fate("plain")
LOST_ANSWER = Fate("lost answer", answers=None)
LOST = Fate("lost", travels=None)
TRAVELS = Fate("travels", travels=TRAVELS_AT_MOST_S)  # the call has ended long before it arrives

OF_A_CREATE = (PLAIN,) * 6 + (
    LOST_ANSWER,
    LOST_ANSWER,
    LOST,
    TRAVELS,
    TRAVELS,
    *(Fate("goes down", answers=None, down=QUIET_S + 5),) * 2,
    Fate("slow", travels=1.0, answers=0.9),
    Fate("error"),
    Fate("turned_away"),
    Fate("never left", left=False),
    Fate("read late", sleeps=4.0),
    Fate("read very late", sleeps=30.0),
    Fate("kills", kills=True),
    Fate("kills and travels", travels=TRAVELS_AT_MOST_S, kills=True),
    Fate("defect", defect=True, answers=None),
)
OF_A_QUERY = (PLAIN,) * 6 + (
    LOST_ANSWER,
    Fate("slow", travels=1.0, answers=0.9),
    Fate("error"),
    Fate("read very late", sleeps=30.0),
    Fate("kills", kills=True),
)

Draw = Callable[[Sequence[Any], str], Any]


class Fates:
    """Draws fates while `wild`; nothing happens to anybody afterwards. Each example has only so many troubles, so that
    the rest of it gets somewhere.
    """

    def __init__(self, draw: Draw) -> None:
        self._draw = draw
        self._sleeps = draw((2, 0, 1, 4), "sleeps or deaths")
        self._faults = draw((4, 0, 1, 2, 10), "faults on the way")
        self.overlooks = bool(draw((False, True), "the platform overlooks each order once"))
        self.wild = True
        self.down = False
        """Nothing leaves at all."""

    def after_a_commit(self) -> float:
        """How long the process takes to go on, or `DIES`."""
        if not self.wild or not self._sleeps:
            return 0.0
        seconds: float = self._draw(AFTER_A_COMMIT, "goes on after")
        self._sleeps -= seconds != 0.0
        return seconds

    def of_a(self, verb: str) -> Fate:
        """What becomes of a request."""
        if self.wild and self.down:
            return Fate("never left", left=False) if verb == "create" else LOST
        if not self.wild or not self._faults:
            return PLAIN
        fate: Fate = self._draw(OF_A_CREATE if verb == "create" else OF_A_QUERY, f"{verb} is")
        self._faults -= fate is not PLAIN
        return fate

    def refused_by_database(self) -> bool:
        """Whether the database takes nothing just now."""
        if not self.wild or not self._faults:
            return False
        refused: bool = self._draw((False,) * 40 + (True,), "disk full")
        self._faults -= refused
        return refused

    def restarts_after(self) -> float:
        """How long a dead process stays dead."""
        return float(self._draw((0.2, 4.0, 25.0), "restarts after")) if self.wild else 0.1
