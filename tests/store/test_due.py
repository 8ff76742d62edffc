"""Rows that come due: found by one process, shared by several."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, make_url, update

from bot.interception.due import CALLS, Looks
from bot.store.batches import BATCHES_DUE
from bot.store.cards import INBOX_DUE, OUTBOX_DUE, inbox
from bot.store.database import Database, PostgresDatabase, now
from bot.store.due import DueRows
from tests.store.conftest import enter_case
from tests.stored import connected

HOUR = timedelta(hours=1)


def enter_messages(connection: Connection, minutes_overdue: Sequence[float | None]) -> list[str]:
    """Messages that are so long overdue (None: dealt with); their keys."""
    at, keys = now(connection), []
    for number, overdue in enumerate(minutes_overdue):
        row = {
            "channel": "console",
            "message_id": f"m{number}",
            "payload": {},
            "received_at": at,
            "next_at": None if overdue is None else at - timedelta(minutes=overdue),
            "tries": 0,
        }
        keys.append(str(connection.execute(inbox.insert().returning(inbox.c.seq), row).scalar_one()))
    return keys


async def due(database: Database, skip: Sequence[str] = (), limit: int = 50) -> list[str]:
    """The due messages."""
    return await database.write(lambda c: INBOX_DUE.due(c, skip, limit))


async def claim(database: Database, limit: int = 50) -> tuple[list[str], datetime]:
    """Claims messages for an hour; says until when."""

    def write(connection: Connection) -> tuple[list[str], datetime]:
        until = now(connection) + HOUR
        return INBOX_DUE.claim(connection, until, limit), until

    return await database.write(write)


async def test_the_longest_overdue_come_first(any_database: Database) -> None:
    """Due rows come in the order in which they came due; what is due later or never does not come."""
    keys = await any_database.write(lambda c: enter_messages(c, [1, 5, None, -1, 3]))
    assert await due(any_database) == [keys[1], keys[4], keys[0]]


async def test_what_is_skipped_makes_room(any_database: Database) -> None:
    """The limit counts rows that may be taken: those that run already take no place from others."""
    keys = await any_database.write(lambda c: enter_messages(c, [5, 4, 3, 2, 1]))
    assert await due(any_database, skip=keys[:2], limit=2) == keys[2:4]
    assert await due(any_database, skip=keys, limit=2) == []


async def test_a_claimed_row_is_due_only_when_the_claim_runs_out(any_database: Database) -> None:
    """What was claimed is found by nobody until then; the rest still is."""
    keys = await any_database.write(lambda c: enter_messages(c, [5, 4, 3]))
    claimed, until = await claim(any_database, 2)
    assert sorted(claimed) == sorted(keys[:2])
    assert await due(any_database) == keys[2:]
    past = update(inbox).where(inbox.c.next_at == until).values(next_at=until - 2 * HOUR)
    await any_database.write(lambda c: c.execute(past) and None)
    assert sorted(await due(any_database)) == sorted(keys)


async def test_a_row_that_was_touched_is_not_held(any_database: Database) -> None:
    """Held is what nobody has moved since the claim: dealt with, tried later, claimed anew or unknown is not."""
    keys = await any_database.write(lambda c: enter_messages(c, [5, 4, 3, 2]))
    _, until = await claim(any_database)
    for key, at in ((keys[0], None), (keys[1], until + HOUR), (keys[2], until - timedelta(microseconds=1))):
        touched = update(inbox).where(inbox.c.seq == int(key)).values(next_at=at)
        await any_database.write(lambda c, t=touched: c.execute(t) and None)  # type: ignore[misc]
    assert await any_database.read(lambda c: INBOX_DUE.held(c, [*keys, "999"], until)) == keys[3:]
    assert await any_database.read(lambda c: INBOX_DUE.held(c, [], until)) == []


async def test_calls_are_told_from_looks(stored: Database) -> None:
    """Cases to be called are one work, watched ones another, each with its own bound for a route; ended ones without a
    next look are neither.
    """

    def write(connection: Connection) -> None:
        past = now(connection) - timedelta(minutes=1)
        for number in range(4):
            watched = {"phase": "watching", "next_at": past, "route": "platform" if number > 2 else "zto"}
            enter_case(connection, f"watched-{number}", **watched)
        enter_case(connection, "queued", next_at=past)
        enter_case(connection, "calling", phase="calling", next_at=past)
        enter_case(connection, "doubt", state="unknown", phase="calling", next_at=past)
        enter_case(connection, "home", state="succeeded", phase="ended", next_at=past, route="platform")
        enter_case(connection, "done", state="failed", phase="ended", next_at=None)

    await stored.write(write)
    looks = Looks(["zto", "platform"], each=2)
    calls = await stored.read(lambda c: CALLS.due(c, (), 50))
    watched = await stored.read(lambda c: looks.due(c, (), 50))
    assert sorted(calls) == ["calling", "doubt", "queued"]
    assert sorted(watched) == ["home", "watched-0", "watched-1", "watched-3"]
    at = await stored.read(now)
    claimed = await stored.write(lambda c: looks.claim(c, at + HOUR, 2))
    assert len(claimed) == 2
    assert {row.partition("-")[0] for row in claimed} & {"home", "watched"}
    held = await stored.read(lambda c: looks.held(c, [*claimed, "queued"], at + HOUR))
    assert held == claimed


async def test_several_processes_share_and_never_wait(shared_url: str) -> None:
    """Claims at the same time take different rows, and one that is not committed yet keeps nobody waiting."""
    database, other = (PostgresDatabase(make_url(shared_url)) for _ in range(2))
    keys = await database.write(lambda c: enter_messages(c, range(1, 31)))
    async with connected(database) as slow:
        at = await slow.run_sync(now)
        first = await slow.run_sync(lambda c: INBOX_DUE.claim(c, at + HOUR, 10))
        async with asyncio.timeout(2):
            rest = await asyncio.gather(claim(other, 8), claim(other, 8), claim(database, 8))
        await slow.commit()
    taken = first + [key for claimed, _ in rest for key in claimed]
    assert sorted(taken) == sorted(keys)
    await database.close()
    await other.close()


async def test_a_claim_that_is_rolled_back_frees_its_rows(shared_url: str) -> None:
    """A process that dies in the middle of a claim has claimed nothing."""
    database = PostgresDatabase(make_url(shared_url))
    keys = await database.write(lambda c: enter_messages(c, [1, 2]))
    async with connected(database) as dying:
        at = await dying.run_sync(now)
        assert len(await dying.run_sync(lambda c: INBOX_DUE.claim(c, at + HOUR, 10))) == 2
        await dying.rollback()
    assert sorted((await claim(database))[0]) == sorted(keys)
    await database.close()


@pytest.mark.parametrize(
    "rows, index",
    [
        (CALLS, "ix_cases_calls_due"),
        (Looks(["zto"], 5)._rows()[0], "ix_cases_looks_due"),
        (INBOX_DUE, "ix_inbox_due"),
        (OUTBOX_DUE, "ix_outbox_due"),
        (BATCHES_DUE, "ix_batches_due"),
    ],
)
async def test_sleeping_rows_are_never_walked(any_database: Database, rows: DueRows, index: str) -> None:
    """What is due is found by an index of its own, however many rows sleep, on both databases."""

    def plan(connection: Connection) -> str:
        prepared = rows._overdue._plan(connection)
        statement, parameters = prepared.sql, prepared.bind({"moment": now(connection), "most": 10})
        parameters = parameters if isinstance(parameters, dict) else tuple(parameters)
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            return "\n".join(connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars())
        found = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        return "\n".join(row[-1] for row in found)

    assert index in await any_database.write(plan)  # SET LOCAL wants a transaction
