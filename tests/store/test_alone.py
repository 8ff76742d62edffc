"""One process at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
import structlog
from sqlalchemy import text

from bot.store import alone
from bot.store.alone import while_alone
from bot.store.database import Database, open_database
from tests.channels.peers import until


class Worker:
    """Work that never ends by itself; knows whether it runs, and how often it began."""

    def __init__(self) -> None:
        self.runs = False
        self.began = 0

    async def __call__(self) -> None:
        self.runs = True
        self.began += 1
        try:
            await asyncio.Event().wait()
        finally:
            self.runs = False


@pytest.fixture
async def processes(shared_url: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[list[Database]]:
    """Two processes of one installation."""
    monkeypatch.setattr(alone, "LOOK_S", 0.05)
    opened = [open_database(shared_url) for _ in range(2)]
    yield opened
    for database in opened:
        await database.close()


async def _end(task: asyncio.Task[None]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_one_has_the_turn_and_the_other_takes_over(processes: list[Database]) -> None:
    """The second waits while the first works, and works as soon as the first is gone; another name is another turn."""
    first, second, other = Worker(), Worker(), Worker()
    one = asyncio.create_task(while_alone(processes[0], "wecom", first))
    await until(lambda: first.runs)
    two = asyncio.create_task(while_alone(processes[1], "wecom", second))
    three = asyncio.create_task(while_alone(processes[1], "wecom-2", other))
    await until(lambda: other.runs)
    assert not second.runs
    await _end(one)
    await until(lambda: second.runs)
    assert not first.runs
    await _end(two)
    await _end(three)


async def test_a_lost_turn_ends_the_work(processes: list[Database]) -> None:
    """The connection that holds the turn is gone: the work ends and waits again, and in the end one works."""
    first, second = Worker(), Worker()
    tasks = [asyncio.create_task(while_alone(processes[n], "wecom", work)) for n, work in enumerate((first, second))]
    await until(lambda: first.runs or second.runs)
    holder = first if first.runs else second
    ended = text(
        "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_database d ON d.oid = database "
        "WHERE d.datname = current_database() AND locktype = 'advisory' AND granted AND classid = :space"
    )
    await processes[0].write(lambda c: c.execute(ended, {"space": alone.SPACE}).all())
    await until(lambda: holder.began == 2 or (not holder.runs and (first.runs or second.runs)))
    assert first.runs != second.runs
    for task in tasks:
        await _end(task)


async def test_without_a_database_it_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A database that cannot be reached is asked again; nothing is done meanwhile."""
    monkeypatch.setattr(alone, "LOOK_S", 0.05)
    database = open_database("postgresql+psycopg://postgres@127.0.0.1:9/nowhere")
    worker = Worker()
    with structlog.testing.capture_logs() as logs:
        waiting = asyncio.create_task(while_alone(database, "wecom", worker))
        await until(lambda: sum(one["event"] == "store.no_turn" for one in logs) >= 2)
    assert worker.began == 0
    await _end(waiting)
    await database.close()


async def test_work_that_ends(processes: list[Database], database: Database) -> None:
    """Work that ends by itself, or fails, ends the turn; a process with SQLite has it anyway."""

    async def fails() -> None:
        raise ValueError("x")

    work: Callable[[], Awaitable[None]] = fails
    for one in (processes[0], processes[1], database):
        with pytest.raises(ValueError, match="x"):
            await while_alone(one, "wecom", work)
