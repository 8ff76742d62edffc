"""The runner of SQLite: one process, one loop over due rows (`engine.md` 2).

It keeps nothing: a dictionary of what runs in this process is all, so that one row never runs twice here.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Coroutine, Sequence
from typing import Any

import structlog
from sqlalchemy import Connection

from bot.background import Background
from bot.runners.contract import NUDGED, Work
from bot.runners.slots import Slots
from bot.store.database import Database, NotStored

log = structlog.get_logger(__name__)

PERIOD_S = 0.25
SPACING_S = 0.01
SLOTS = 64
COOL_S = 5.0


class LocalRunner:
    """Moves due rows of each kind of work on, and starts fresh calls at once while slots are free.

    A row whose move failed by a defect of ours stays due: it rests for `cool_s`, so that it does not spin.
    """

    def __init__(
        self,
        database: Database,
        works: Sequence[Work],
        *,
        slots: int = SLOTS,
        period_s: float = PERIOD_S,
        cool_s: float = COOL_S,
    ) -> None:
        self._database = database
        self._works = tuple(works)
        self._period = period_s
        self._cool = cool_s
        self._tasks = Background()
        self._woken = asyncio.Event()
        self._slots = Slots(slots, self._tasks, self._woken.set)
        self._in_hand: Counter[str] = Counter()
        self._more: set[str] = set()
        self._cooling: dict[str, float] = {}
        self._loop: asyncio.Task[None] | None = None
        self._stopping = False

    def take_slots(self, wanted: int) -> int:
        """Free call slots of this process, at most `wanted`; none while stopping."""
        return self._slots.take(wanted)

    def free(self, slots: int) -> None:
        """Gives slots back."""
        self._slots.free(slots)

    def begin(self, case_id: str, work: Coroutine[Any, Any, None]) -> None:
        """Runs a case that holds a slot; the slot is free again afterwards."""
        self._slots.begin(case_id, work)

    def nudge(self) -> None:
        """Looks at once."""
        self._woken.set()

    async def start(self) -> None:
        """Begins the loop."""
        self._loop = asyncio.get_running_loop().create_task(self._run(), name="runner")

    async def is_running(self) -> bool:
        """Whether the loop runs."""
        return self._loop is not None and not self._loop.done()

    def false_deaths(self) -> int:
        """None: there is nobody who would take this process for dead."""
        return 0

    async def stop(self, grace_s: float) -> None:
        """Takes nothing new; lets what runs finish for `grace_s` seconds."""
        self._stopping = True
        self._slots.close()
        self._woken.set()
        if self._loop is not None:
            await asyncio.wait([self._loop], timeout=2.0)
        await self._tasks.stop(grace_s)

    async def _run(self) -> None:
        tick_at = time.monotonic()
        while not self._stopping:
            self._woken.clear()
            nudged = time.monotonic() < tick_at
            if not nudged:
                tick_at = time.monotonic() + self._period
            try:
                await self._take(nudged=nudged)
            except NotStored as problem:
                log.error("runner.database", problem=str(problem))  # noqa: TRY400 - said in one line, each tick
            except Exception:
                log.exception("runner.tick")
            await asyncio.sleep(SPACING_S)  # many nudges, one look
            try:
                async with asyncio.timeout(max(tick_at - time.monotonic(), 0)):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _take(self, *, nudged: bool) -> None:
        at = time.monotonic()
        self._cooling = {key: until for key, until in self._cooling.items() if until > at}
        resting = self._tasks.keys() | self._cooling.keys()
        found = await self._database.write(lambda c: self._due(c, resting, nudged=nudged))
        if self._stopping:
            return
        for work, ids, was_all in found:
            if not was_all and not work.paced:
                self._more.add(work.name)
            for row_id in ids:
                self._begin(work, row_id)

    def _due(self, connection: Connection, resting: set[str], *, nudged: bool) -> list[tuple[Work, list[str], bool]]:
        """What is due of each work, and whether that was all."""
        found = []
        for work in self._works:
            room = work.at_most - self._in_hand[work.name]
            if nudged and work.paced:
                room = min(room, NUDGED)
            if room > 0:
                prefix = f"{work.noun}:"
                skip = {key.removeprefix(prefix) for key in resting if key.startswith(prefix)}
                ids = work.rows.due(connection, skip, room)
                found.append((work, ids, len(ids) < room))
        return found

    def _begin(self, work: Work, row_id: str) -> None:
        key = f"{work.noun}:{row_id}"

        def done(problem: BaseException | None) -> None:
            self._in_hand[work.name] -= 1
            if work.name in self._more and self._in_hand[work.name] <= work.at_most // 2:
                self._more.discard(work.name)  # the last look took all that it might: there is room again
                self._woken.set()
            if problem is not None:
                self._cooling[key] = time.monotonic() + self._cool

        if self._tasks.run(key, work.move(row_id), done):
            self._in_hand[work.name] += 1
