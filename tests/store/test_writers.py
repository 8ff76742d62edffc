"""The threads that write to PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import Connection, make_url, text

from bot.store.database import PostgresDatabase, Urgent
from tests.store.test_database import Held, put, stored_keys


@pytest.fixture
async def shared(shared_url: str) -> AsyncIterator[PostgresDatabase]:
    """PostgreSQL with one writing thread, so that what comes meanwhile waits."""
    opened = PostgresDatabase(make_url(shared_url), writers=1, readers=1)
    yield opened
    await opened.close()


async def _waiting(shared: PostgresDatabase, number: int) -> None:
    while shared.waiting() < number:  # noqa: ASYNC110 - the threads know of no events of this loop
        await asyncio.sleep(0)


def _number(connection: Connection) -> int:
    return int(connection.execute(text("SELECT txid_current()")).scalar_one())


async def test_what_waits_together_shares_a_commit(shared: PostgresDatabase) -> None:
    """Three that came while the thread was at work are one transaction."""
    held = await Held.hold(shared)
    others = [asyncio.create_task(shared.write(_number)) for _ in range(3)]
    await _waiting(shared, 3)
    await held.let_go()
    assert len(set(await asyncio.gather(*others))) == 1


async def test_one_that_raises_loses_itself_alone(shared: PostgresDatabase) -> None:
    """Of three that share a commit the second raises: whoever asked for it hears so, the others are kept."""
    held = await Held.hold(shared)

    def fail(connection: Connection) -> None:
        put(connection, "lost")
        raise LookupError

    tasks = [asyncio.create_task(shared.write(work)) for work in (lambda c: put(c, "a"), fail, lambda c: put(c, "b"))]
    await _waiting(shared, 3)
    await held.let_go()
    told = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(told[1], LookupError)
    assert await shared.read(stored_keys) == {"a", "b"}


async def test_a_click_goes_before_what_runs_by_itself(shared: PostgresDatabase) -> None:
    """An urgent one that came last is done first, and the others are not left out."""
    held = await Held.hold(shared)
    done: list[str] = []
    tasks = [asyncio.create_task(shared.write(lambda _: done.append("look"))) for _ in range(4)]
    await _waiting(shared, 4)
    tasks.append(asyncio.create_task(shared.write(Urgent(lambda _: done.append("click")))))
    await _waiting(shared, 5)
    await held.let_go()
    await asyncio.gather(*tasks)
    assert done[0] == "click"
    assert done.count("look") == 4
