"""What only one process of an installation may do at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from zlib import crc32

import structlog
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import NullPool

from bot.store.database import Database, PostgresDatabase

log = structlog.get_logger(__name__)

LOOK_S = 2.0
SPACE = 0x1A7E
"""The first half of our locks' names, so that they are nobody else's in that database."""


async def while_alone(database: Database, name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Runs the work while no other process of this database runs work of that name; waits for its turn, also for good.

    SQLite has one process anyway. On PostgreSQL the turn is a lock that ends with its connection: a process that has
    died gives it up; one that has lost the connection notices within `LOOK_S`, stops the work and waits again. So two
    may overlap for that long: good for what is a nuisance twice, not for what must not happen twice.
    """
    if not isinstance(database, PostgresDatabase):
        await work()
        return
    engine = create_engine(database.url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    try:
        while True:
            holding = await asyncio.to_thread(_try, engine.connect, name)
            if holding is None:
                await asyncio.sleep(LOOK_S)
            elif await _run(holding, work):
                return
    finally:
        engine.dispose()


async def _run(holding: Connection, work: Callable[[], Awaitable[None]]) -> bool:
    """Whether the work has ended by itself, and not because the turn was lost."""
    running = asyncio.ensure_future(work())
    looking: asyncio.Future[bool] | None = None
    try:
        while not running.done():
            await asyncio.wait([running], timeout=LOOK_S)
            looking = asyncio.ensure_future(asyncio.to_thread(_holds, holding))
            if not await asyncio.shield(looking) and not running.done():
                log.warning("store.turn_lost")
                return False
        await running
        return True
    finally:
        running.cancel()
        await asyncio.wait([one for one in (running, looking) if one is not None])
        await asyncio.to_thread(_let_go, holding)


def _try(connect: Callable[[], Connection], name: str) -> Connection | None:
    """A connection with the lock; None while another has it, or there is no database."""
    try:
        connection = connect()
    except SQLAlchemyError as problem:
        log.warning("store.no_turn", problem=type(problem).__name__)
        return None
    held = False
    try:
        key = {"space": SPACE, "name": crc32(name.encode()) & 0x7FFFFFFF}
        held = bool(connection.execute(text("SELECT pg_try_advisory_lock(:space, :name)"), key).scalar())
    except SQLAlchemyError as problem:
        log.warning("store.no_turn", problem=type(problem).__name__)
    finally:
        if not held:
            connection.close()
    return connection if held else None


def _holds(connection: Connection) -> bool:
    try:
        connection.execute(text("SELECT 1"))
    except SQLAlchemyError:
        return False
    return True


def _let_go(connection: Connection) -> None:
    """The lock ends with the connection, whatever state that is in."""
    connection.invalidate()
    connection.close()
