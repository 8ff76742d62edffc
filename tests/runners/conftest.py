"""Rows of one kind, and runners over them on either database. Nothing here knows a carrier or a rule."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
from sqlalchemy import Connection, func, select, update

from bot.runners.contract import Runner, Work
from bot.runners.jobs import Liveness
from bot.runners.local import LocalRunner
from bot.runners.shared import SharedRunner
from bot.store.cards import INBOX_DUE, inbox
from bot.store.database import Database, PostgresDatabase, now, open_database

QUICK = Liveness(heartbeat_s=0.4, stalled_s=2.0)
"""A worker that has not been heard of for two seconds is dead: in tests alone."""


class Rows:
    """Due rows, and what became of them. `move` is what a runner is handed; `hold_s` is how long a move takes."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.begun: Counter[str] = Counter()
        self.running: set[str] = set()
        self.ended: dict[str, float] = {}
        self.most = 0
        self.hold_s = 0.0
        self.fails: set[str] = set()

    async def put(self, count: int = 1, overdue_s: float = 0.0) -> list[str]:
        """So many rows that are due; their keys."""

        def write(connection: Connection) -> list[str]:
            at = now(connection)
            last = connection.execute(select(func.coalesce(func.max(inbox.c.seq), 0))).scalar_one()
            row = {"channel": "test", "payload": {}, "received_at": at, "tries": 0}
            row["next_at"] = at - timedelta(seconds=overdue_s)
            keys = [last + 1 + number for number in range(count)]
            connection.execute(inbox.insert(), [{**row, "seq": key, "message_id": f"m{key}"} for key in keys])
            return list(map(str, keys))

        return await self.database.write(write)

    async def move(self, key: str) -> None:
        """Takes the row off the list, after `hold_s`."""
        self.begun[key] += 1
        self.running.add(key)
        self.most = max(self.most, len(self.running))
        try:
            await asyncio.sleep(self.hold_s)
            if key in self.fails:
                raise LookupError("on purpose")
            done = update(inbox).where(inbox.c.seq == int(key)).values(next_at=None)
            await self.database.write(lambda c: c.execute(done) and None)
            self.ended[key] = time.monotonic()
        finally:
            self.running.discard(key)

    async def left(self) -> int:
        """How many are still to be moved."""
        wanted = select(func.count()).select_from(inbox).where(inbox.c.next_at.is_not(None))
        return await self.database.read(lambda c: c.execute(wanted).scalar_one())

    def work(self, *, at_most: int = 128, paced: bool = False, noun: str = "row") -> Work:
        """The rows as a kind of work."""
        return Work("rows", noun, INBOX_DUE, self.move, at_most=at_most, paced=paced)


async def until(condition: Callable[[], bool] | Callable[[], Awaitable[bool]], limit_s: float = 10.0) -> float:
    """Waits until it holds, and says how long that took; fails after `limit_s`."""
    began = time.monotonic()
    while True:
        found = condition()
        if (await found) if isinstance(found, Awaitable) else found:
            return time.monotonic() - began
        assert time.monotonic() - began < limit_s, "it took too long"
        await asyncio.sleep(0.01)


@pytest.fixture
def rows(any_database: Database) -> Rows:
    """No rows yet, on each kind of database."""
    return Rows(any_database)


Start = Callable[..., Awaitable[Runner]]


@pytest.fixture
async def start(any_database: Database) -> AsyncIterator[Start]:
    """How a test starts the runner that fits the database; all are stopped at the end.

    `rest_s` is how long a row rests after a move that failed.
    """
    started: list[Runner] = []

    async def run(*works: Work, slots: int = 4, rest_s: float = 60.0, period_s: float = 0.25) -> Runner:
        runner: Runner
        if isinstance(any_database, PostgresDatabase):
            lease = timedelta(seconds=rest_s)
            runner = SharedRunner(any_database, works, slots=slots, lease=lease, liveness=QUICK)
        else:
            runner = LocalRunner(any_database, works, slots=slots, cool_s=rest_s, period_s=period_s)
        started.append(runner)
        await runner.start()
        return runner

    yield run
    for runner in started:
        await runner.stop(0.2)


@pytest.fixture
async def shared(shared_url: str) -> AsyncIterator[PostgresDatabase]:
    """PostgreSQL alone."""
    opened = open_database(shared_url)
    assert isinstance(opened, PostgresDatabase)
    yield opened
    await opened.close()
