"""The runner of SQLite: one process, one loop over due rows (`engine.md` 2).

It keeps nothing: a dictionary of what runs in this process is all, so that one row never runs twice here.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Coroutine
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.background import Background
from bot.store.database import Database, NotStored

log = structlog.get_logger(__name__)

PERIOD_S = 0.25
SLOTS = 64
COOL_S = 5.0

Due = Callable[[Connection, Collection[str], int], list[str]]
Move = Callable[[str], Coroutine[Any, Any, None]]


@dataclass(slots=True)
class Work:
    """One kind of due row: how to find the due ones (without those running; at most so many) and how to move one."""

    name: str
    due: Due
    move: Move
    at_most: int = 128
    cooling: dict[str, float] = field(default_factory=dict)


class LocalRunner:
    """Moves due rows of each kind of work on, and starts fresh calls at once while slots are free."""

    def __init__(
        self, database: Database, works: list[Work], *, slots: int = SLOTS, period_s: float = PERIOD_S
    ) -> None:
        self._database = database
        self._works = works
        self._slots = slots
        self._period = period_s
        self._tasks = Background()
        self._woken = asyncio.Event()
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False

    def take_slots(self, wanted: int) -> int:
        """Free call slots of this process, at most `wanted`; none while stopping."""
        taken = 0 if self._stopping else min(wanted, self._slots)
        self._slots -= taken
        return taken

    def free(self, slots: int) -> None:
        """Gives slots back."""
        self._slots += slots

    def begin(self, case_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs a case that holds a slot; the slot is free again afterwards."""

        def done(_problem: BaseException | None) -> None:
            self._slots += 1
            self._woken.set()

        if not self._tasks.run(f"case:{case_id}", work, done):
            self._slots += 1

    def nudge(self) -> None:
        """Looks at once."""
        self._woken.set()

    async def start(self) -> None:
        """Begins the loop."""
        self._loop = asyncio.get_running_loop().create_task(self._run(), name="runner")

    async def stop(self, grace_s: float) -> None:
        """Takes nothing new; lets what runs finish for `grace_s` seconds."""
        self._stopping = True
        self._woken.set()
        if self._loop is not None:
            await asyncio.wait([self._loop], timeout=2.0)
        await self._tasks.stop(grace_s)

    async def _run(self) -> None:
        while not self._stopping:
            self._woken.clear()
            try:
                await self._tick()
            except NotStored as problem:
                log.error("runner.database", problem=str(problem))  # noqa: TRY400 - said in one line, each tick
            except Exception:
                log.exception("runner.tick")
            try:
                async with asyncio.timeout(self._period):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _tick(self) -> None:
        at = time.monotonic()
        for work in self._works:
            prefix = f"{work.name}:"
            running = {key.removeprefix(prefix) for key in self._tasks.keys() if key.startswith(prefix)}  # noqa: SIM118
            work.cooling = {key: until for key, until in work.cooling.items() if until > at}
            room = work.at_most - len(running)
            if room <= 0:
                continue
            skip = running | work.cooling.keys()
            found = await self._database.write(lambda c, w=work, s=skip, r=room: w.due(c, s, r))  # type: ignore[misc]
            for key in found:
                self._tasks.run(f"{prefix}{key}", work.move(key), self._cooler(work, key))

    def _cooler(self, work: Work, key: str) -> Callable[[BaseException | None], None]:
        def done(problem: BaseException | None) -> None:
            # A row whose move failed by a defect of ours stays due: it rests a little, so that it does not spin.
            if problem is not None:
                work.cooling[key] = time.monotonic() + COOL_S

        return done
