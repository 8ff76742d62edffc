"""The runner of PostgreSQL: any number of processes on one database, with Procrastinate (`engine.md` 2).

The tick claims due rows of every kind of work and puts jobs that name them, in one transaction; so does a nudge, in the
process where something has just come due. Workers in every process run the jobs. A claim is a later due time, nothing
else: whatever becomes of a job or a process, its rows come due again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot.background import Background
from bot.runners.contract import NUDGED, Work
from bot.runners.jobs import FALSE_DEATHS, Jobs, Liveness, in_hand, sweep
from bot.runners.slots import Slots
from bot.store.database import PostgresDatabase, now
from bot.store.schema import from_micros, to_micros

log = structlog.get_logger(__name__)

SLOTS = 8
LEASE = timedelta(seconds=60)
SWEEP_AFTER = timedelta(minutes=10)
SWEEP_EACH = 60
SPACING_S = 0.03
RESTART_S = 1.0
HALF_TICK_S = 0.5
SPREAD_S = 0.8
STEP_S = 0.02


class CutShort(Exception):
    """This process stops before all rows of a job were moved: another takes the job at once."""


class SharedRunner:
    """Moves due rows of each kind of work on, together with the other processes, and starts fresh calls at once while
    slots are free. A row whose move failed by a defect of ours rests until its claim runs out.
    """

    def __init__(
        self,
        database: PostgresDatabase,
        works: Sequence[Work],
        *,
        slots: int = SLOTS,
        lease: timedelta = LEASE,
        liveness: Liveness | None = None,
    ) -> None:
        self._database = database
        self._works = {work.name: work for work in works}
        self._lease = lease
        self._jobs = Jobs(database.url, self._move, self._tick, liveness or Liveness())
        self._tasks = Background()
        self._slots = Slots(slots, self._tasks, lambda: None)
        self._woken = asyncio.Event()
        self._claiming = asyncio.Lock()
        self._more: set[str] = set()
        self._ticks = 0
        self._loops: list[asyncio.Task[None]] = []
        self._stopping = False
        self._ending = asyncio.Event()

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
        """Puts jobs for what has just come due; any process may run them."""
        self._woken.set()

    async def start(self) -> None:
        """Connects, and begins to work off jobs."""
        await self._jobs.open()
        loop = asyncio.get_running_loop()
        self._loops = [
            loop.create_task(self._work(), name="runner-worker"),
            loop.create_task(self._nudges(), name="runner-nudges"),
        ]

    async def is_running(self) -> bool:
        """Whether the loops of this process run."""
        return bool(self._loops) and not any(loop.done() for loop in self._loops)

    def false_deaths(self) -> int:
        """How often this process was taken for dead while it worked; the settings' `stalled_s` is then too short."""
        return FALSE_DEATHS.count

    async def stop(self, grace_s: float) -> None:
        """Takes nothing new; lets what runs finish for `grace_s` seconds, and leaves the rest to the others."""
        self._stopping = True
        self._ending.set()
        self._slots.close()
        for task in self._loops:
            task.cancel()
        await self._tasks.stop(grace_s)
        if self._loops:
            _, late = await asyncio.wait(self._loops, timeout=1.0)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=0.5)
        with suppress(TimeoutError):  # a database that is gone keeps nobody from ending
            async with asyncio.timeout(1.0):
                await self._jobs.close()

    async def _work(self) -> None:
        # The worker ends when its own bookkeeping fails: the database was away, or it was taken for dead.
        while not self._stopping:
            try:
                await self._jobs.work()
            except Exception as problem:  # noqa: BLE001 - whatever it was, the rows wait for a new worker
                log.warning("runner.worker_ended", problem=_words(problem))
            await asyncio.sleep(RESTART_S)

    async def _nudges(self) -> None:
        while not self._stopping:
            await self._woken.wait()
            self._woken.clear()
            try:
                await self._put_due(nudged=True)
            except Exception as problem:  # noqa: BLE001 - the tick finds the same rows
                log.warning("runner.nudge", problem=_words(problem))
            await asyncio.sleep(SPACING_S)  # many clicks, one claim

    async def _tick(self) -> None:
        self._ticks += 1
        await self._revive()
        await self._put_due(nudged=False)
        if self._ticks % SWEEP_EACH == 0:
            await self._database.write(lambda c: sweep(c, to_micros(now(c) - SWEEP_AFTER)))
        with suppress(TimeoutError):
            async with asyncio.timeout(HALF_TICK_S):
                await self._ending.wait()
        await self._revive()

    async def _revive(self) -> None:
        revived = 0 if self._stopping else await self._jobs.revive()
        if revived:
            log.warning("runner.revived", jobs=revived)

    async def _put_due(self, *, nudged: bool) -> None:
        async with self._claiming:
            await self._database.write(lambda c: self._claim_and_put(c, nudged=nudged))

    def _claim_and_put(self, connection: Connection, *, nudged: bool) -> None:
        until, claimed = self._claim(connection, nudged=nudged)
        urgency = {name: len(self._works) - place for place, name in enumerate(self._works)}
        for name, ids in claimed.items():
            raw = connection.connection.driver_connection
            self._jobs.put(raw, name, ids, to_micros(until), urgency[name])

    def _claim(self, connection: Connection, *, nudged: bool) -> tuple[datetime, dict[str, list[str]]]:
        at = now(connection)
        until = at + self._lease
        taken = in_hand(connection, to_micros(at))
        claimed = {}
        for work in self._works.values():
            room = work.at_most - taken.get(work.name, 0)
            if nudged and work.paced:
                room = min(room, NUDGED)
            ids = work.rows.claim(connection, until, room) if room > 0 else []
            if ids:
                claimed[work.name] = ids
            if len(ids) < room or work.paced:
                self._more.discard(work.name)
            else:
                self._more.add(work.name)
        return until, claimed

    async def _move(self, name: str, ids: list[str], until: int) -> None:
        work = self._works.get(name)
        if work is None:
            log.warning("runner.unknown_work", work=name)
            return
        held = await self._held(work, ids, until)
        step = min(SPREAD_S / len(ids), STEP_S) if work.paced else 0.0
        moving = []
        for row_id in held:
            if self._stopping:
                break
            moving.append(self._begin(work, row_id))
            await asyncio.sleep(step)
        if moving:
            await asyncio.wait(moving)
        if name in self._more:  # the last claim took all that it might: there is room again, once this job is gone
            asyncio.get_running_loop().call_later(SPACING_S, self.nudge)
        if self._stopping and await self._held(work, ids, until):
            raise CutShort

    async def _held(self, work: Work, ids: list[str], until: int) -> list[str]:
        return await self._database.read(lambda c: work.rows.held(c, ids, from_micros(until)))

    def _begin(self, work: Work, row_id: str) -> asyncio.Future[None]:
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        def done(_problem: BaseException | None) -> None:
            if not ended.done():
                ended.set_result(None)

        # One that runs here already (a click's own call) is left to itself.
        if not self._tasks.run(f"{work.noun}:{row_id}", work.move(row_id), done):
            done(None)
        return ended


def _words(problem: BaseException) -> str:
    cause = problem.__cause__ or (problem.orig if isinstance(problem, DBAPIError) else None)
    said = str(cause or problem) or type(cause or problem).__name__
    return said.splitlines()[0]
