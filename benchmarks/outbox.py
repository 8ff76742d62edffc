"""What a careful programmer writes first, for comparison: rows of an outbox, async SQLAlchemy, a commit for each step.

It judges a click by the same stored facts and the same rules, commits the row before it acknowledges, commits the mark
before the call, and the end with its fee after it; a loop takes due rows. It has no group commit and no writer thread,
and none of what else the bot does: no live pages, no cards, no timeline, no looks afterwards, no second process.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Column, Index, MetaData, String, Table, event, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from benchmarks import rooms
from bot.carriers.contract import Ask
from bot.domain.answer import Said
from bot.interception.facts import judge, shop_facts
from bot.outbound import Outbound
from bot.store import after_sales
from bot.store.database import is_sqlite

WORKERS = 64
PERIOD_S = 0.25
metadata = MetaData()
jobs = Table(
    "outbox_jobs",
    metadata,
    Column("id", String(40), primary_key=True),
    Column("number", String(64), nullable=False, unique=True),
    Column("claim", String(64), nullable=False),
    Column("state", String(16), nullable=False),
    Column("fee_fen", BigInteger, nullable=False),
    Column("next_at", BigInteger),
    Index("ix_outbox_jobs_next_at", "next_at"),
)
charges = Table(
    "outbox_charges",
    metadata,
    Column("job_id", String(40), primary_key=True),
    Column("amount_fen", BigInteger, nullable=False),
)


class Naive(rooms.Subject):
    """The comparison, running; the same questions as `rooms.Heart`."""

    def __init__(self, engine: AsyncEngine, carrier_url: str, outbound: Outbound) -> None:
        super().__init__()
        self._engine = engine
        self._routes = rooms.routes(carrier_url, outbound)
        self._rules = rooms.rules()
        self._woken = asyncio.Event()
        self._running: dict[str, asyncio.Task[None]] = {}

    async def ask(self, place: int) -> str:
        """A click: judged, committed, acknowledged."""
        number = rooms.number(place)
        async with self._engine.begin() as connection:
            shop = await connection.run_sync(lambda c: shop_facts(c, rooms.SHOP))
            claim = await connection.run_sync(lambda c: after_sales.load(c, rooms.SHOP, rooms.claim_id(place)))
            parcel = None if claim is None else claim.parcel(number)
            if claim is None or parcel is None:
                raise LookupError(number)
            judged = await connection.run_sync(
                lambda c: judge(c, rooms.ASKER, shop, claim, parcel, self._routes, self._rules)
            )
            if not judged.verdict.eligible:
                raise AssertionError(judged.verdict.reasons)
            row = {"id": str(uuid.uuid4()), "number": number, "claim": claim.after_sale_id, "state": "queued"}
            await connection.execute(
                jobs.insert(), {**row, "fee_fen": judged.verdict.fee_fen, "next_at": _micros(datetime.now(UTC))}
            )
        self._woken.set()
        return row["id"]

    async def run(self) -> None:
        """The loop over due rows."""
        while True:
            self._woken.clear()
            room = WORKERS - len(self._running)
            if room > 0:
                async with self._engine.connect() as connection:
                    due = await self._due(connection, room + len(self._running))
                for row in [row for row in due if row.id not in self._running][:room]:
                    task = asyncio.ensure_future(self._move(row))
                    self._running[row.id] = task
                    task.add_done_callback(lambda _, key=row.id: self._done(key))
            with suppress(TimeoutError):
                async with asyncio.timeout(PERIOD_S):
                    await self._woken.wait()

    def _done(self, key: str) -> None:
        self._running.pop(key).result()
        self._woken.set()

    async def _due(self, connection: AsyncConnection, limit: int) -> list[Any]:
        wanted = select(jobs).where(jobs.c.next_at <= _micros(datetime.now(UTC))).order_by(jobs.c.next_at).limit(limit)
        return list((await connection.execute(wanted)).all())

    async def _move(self, row: Any) -> None:
        this = jobs.c.id == row.id
        later = _micros(datetime.now(UTC) + timedelta(seconds=rooms.CALL_TIMEOUT_S + 1))
        async with self._engine.begin() as connection:
            await connection.execute(jobs.update().where(this).values(state="sent", next_at=later))
        route = self._routes.find(rooms.SHOP, "yto")
        if route is None:
            raise LookupError("yto")
        answer = await route.intercept(Ask(row.id, row.number, "yto", row.claim))
        if answer.said is not Said.SUCCEEDED:
            raise AssertionError(answer)
        async with self._engine.begin() as connection:
            await connection.execute(jobs.update().where(this).values(state="succeeded", next_at=None))
            await connection.execute(charges.insert(), {"job_id": row.id, "amount_fen": row.fee_fen})
        self.ended[row.id] = time.monotonic()


@asynccontextmanager
async def naive(database_url: str, carrier_url: str) -> AsyncIterator[Naive]:
    """Runs it."""
    engine = _engine(database_url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    outbound = Outbound(limit_s=rooms.CALL_TIMEOUT_S)
    await outbound.open()
    one = Naive(engine, carrier_url, outbound)
    loop = asyncio.ensure_future(one.run())
    try:
        yield one
    finally:
        loop.cancel()
        with suppress(asyncio.CancelledError):
            await loop
        await outbound.close()
        await engine.dispose()


def _engine(url: str) -> AsyncEngine:
    if not is_sqlite(url):
        return create_async_engine(url, pool_size=16, max_overflow=8)
    engine = create_async_engine(url.replace("sqlite://", "sqlite+aiosqlite://"), connect_args={"timeout": 30})

    @event.listens_for(engine.sync_engine, "connect")
    def _connect(raw: Any, _record: Any) -> None:
        raw.isolation_level = None
        cursor = raw.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=FULL"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _begin(connection: Any) -> None:
        # Else a transaction that reads first fails at its first write when another has committed in between.
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _micros(moment: datetime) -> int:
    return int(moment.timestamp() * 1_000_000)
