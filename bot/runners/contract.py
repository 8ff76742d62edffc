"""What a runner is to the rest of the house, and what it is handed.

A runner holds nothing that matters: kill it, delete its tables, and the rows come due again (`engine.md` 1).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from sqlalchemy import Connection


class Rows(Protocol):
    """Where rows of one kind come due. Each method runs in one transaction of the runner's; ids are text."""

    def due(self, connection: Connection, skip: Collection[str], limit: int) -> list[str]:
        """For the only process on a database: due rows but for those in `skip`, at most so many."""
        ...

    def claim(self, connection: Connection, until: datetime, limit: int) -> list[str]:
        """For several processes: due rows, at most so many, which for everybody else come due only at `until`."""
        ...

    def held(self, connection: Connection, ids: Sequence[str], until: datetime) -> list[str]:
        """Those of `ids` that nobody has touched since they were claimed until that moment."""
        ...


@dataclass(frozen=True, slots=True)
class Work:
    """One kind of due row, and how to move one of them.

    `name` is unique; works over the same rows share their `noun`, so that one row never runs twice in a process.
    `at_most` bounds how many rows are in hand at once: in the process, or on PostgreSQL over all of them. `paced` work
    is a carrier's rate limit as well: it is taken by the tick, and a nudge brings only a few rows forward.
    Works stand in order of urgency.
    """

    name: str
    noun: str
    rows: Rows
    move: Callable[[str], Coroutine[Any, Any, None]]
    at_most: int = 128
    paced: bool = False


class Runner(Protocol):
    """Starts work at once where a slot is free, and later from the rows."""

    def take_slots(self, wanted: int) -> int:
        """Free call slots of this process, at most `wanted`; none while stopping. Each is for `begin` or `free`."""
        ...

    def free(self, slots: int) -> None:
        """Gives back slots that were not used."""
        ...

    def begin(self, case_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs the work of a case that holds a slot; never two of one case in this process."""
        ...

    def nudge(self) -> None:
        """Something has come due just now: look without waiting for the next tick."""
        ...

    async def start(self) -> None:
        """Begins to look for due rows."""
        ...

    async def is_running(self) -> bool:
        """Whether due rows are being looked for (`/readyz`)."""
        ...

    def false_deaths(self) -> int:
        """How often this process was taken for dead while it worked, and another did the same job."""
        ...

    async def stop(self, grace_s: float) -> None:
        """Takes nothing new and lets what runs finish, at most so long; the rest stays marked and comes due."""
        ...


CASE = "case"
"""The noun of interceptions: `begin` and every work over them share it."""

NUDGED = 8
"""So many rows of a paced work may a nudge bring forward."""
