"""What a runner is to the rest of the house, and what it is handed.

A runner holds nothing that matters: kill it, delete its tables, and the rows come due again (`engine.md` 1).
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, Protocol


class Runner(Protocol):
    """Starts work at once where a slot is free, and later from the rows."""

    def take_slots(self, wanted: int) -> int:
        """How many calls may start at once in this process, at most `wanted`; each must be given to `begin` or `free`."""
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

    async def stop(self, grace_s: float) -> None:
        """Takes nothing new and lets what runs finish, at most so long; the rest stays marked and comes due."""
        ...
