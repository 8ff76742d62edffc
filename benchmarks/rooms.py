"""What is measured, made for one run: a database with a shop and its after-sales, and the heart of the bot on it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection

from benchmarks.loopback import TRACE
from bot.app import LOOK_PERIOD_S, TICK_S
from bot.carriers import routing
from bot.carriers.routing import RouteTable, ShopsConfig, ShopSection
from bot.carriers.yto import mapping
from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel, TraceEvent
from bot.domain.people import Asker, Origin, Permission, Role
from bot.interception.advance import Advance
from bot.interception.due import CALLS, Looks
from bot.interception.pace import Pace
from bot.interception.service import Interceptions
from bot.interception.settled import Settled
from bot.merchants import shops
from bot.outbound import Outbound
from bot.rules.rulebook import RuleBook, RuleSet
from bot.runners.contract import CASE, Runner, Work
from bot.runners.local import LocalRunner
from bot.store import after_sales
from bot.store.database import Database, PostgresDatabase, open_database
from bot.store.shops import agreements

SHOP = "demo"
ASKER = Asker(SHOP, Origin.AGENT, "周琳", Role.AGENT, "p1", permissions=frozenset({Permission.LOGISTICS_TOOLS}))
CALL_TIMEOUT_S = 8.0
QUIET_S = 600.0


def number(place: int) -> str:
    """The tracking number of that parcel."""
    return f"YT{place:013d}"


def claim_id(place: int) -> str:
    """The after-sale of that parcel."""
    return f"73{place:017d}"


def rules() -> RuleSet:
    """The rules that ship."""
    return RuleBook.load(None).at(datetime.now(UTC))


def routes(url: str, outbound: Outbound, *, has_trace: bool = True) -> RouteTable:
    """Every shop's way to 圆通 leads to the loopback carrier."""
    account = {"base_url": url, "token": "demotok", "customer_code": "DEMO", "secret": "bench"}
    way = {"route": "yto", "intercept": account} | ({"trace": account} if has_trace else {})
    return routing.build(ShopsConfig(everyone=ShopSection(None, {"yto": way})), outbound, lambda *_: None)


@cache
def trace() -> tuple[TraceEvent, ...]:
    """What the loopback carrier tells of every parcel, as it is stored: a look finds nothing new."""
    return tuple(mapping.trace(200, TRACE) or ())


def enter(connection: Connection, count: int, ruleset: RuleSet) -> None:
    """A shop that has signed, and so many after-sales of one parcel each."""
    at = datetime.now(UTC)
    shops.create(connection, SHOP, "示例店", at)
    for agreement in ruleset.agreements:
        row = {"shop_id": SHOP, "kind": agreement.kind, "version": agreement.version, "signed_at": at}
        connection.execute(agreements.insert(), {**row, "signed_by": "p0", "signed_by_name": "陈老板"})
    for place in range(count):
        after_sales.save(connection, SHOP, claim(place, at), at)


def claim(place: int, at: datetime) -> AfterSale:
    """An open claim for a refund only, with one parcel on its way."""
    goods = (Item("棉质短袖", "apparel", 1, 12900),)
    parcel = Parcel(number(place), "yto", goods, shipped_at=at, trace=trace())
    return AfterSale(
        after_sale_id=claim_id(place),
        order_id=f"69{place:017d}",
        type=AfterSaleType.REFUND_ONLY,
        status=AfterSaleStatus.OPEN,
        in_arbitration=False,
        applied_at=at,
        refund_fen=12900,
        deadline=at + timedelta(days=2),
        parcels=(parcel,),
    )


class Subject:
    """What is under clicks. `ended`: when each case reached its final state; `looks`: moves that only watched."""

    def __init__(self) -> None:
        self.ended: dict[str, float] = {}
        self.looks = 0

    async def until(self, count: int, limit_s: float = 60.0) -> None:
        """Waits until so many cases have ended."""
        end = time.monotonic() + limit_s
        while len(self.ended) < count:
            if time.monotonic() > end:
                raise TimeoutError(f"{len(self.ended)} of {count} ended")
            await asyncio.sleep(0.005)


class Heart(Subject):
    """The bot's heart, running."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.interceptions: Interceptions
        self.runner: Runner

    def settled(self, case_id: str) -> None:
        """Hears of every end."""
        self.ended.setdefault(case_id, time.monotonic())


@asynccontextmanager
async def heart(database_url: str, carrier_url: str, *, looks_per_s: int = 400) -> AsyncIterator[Heart]:
    """As `app.py` builds it, without doors."""
    database = open_database(database_url, serve=True)
    outbound = Outbound(limit_s=CALL_TIMEOUT_S)
    await outbound.open()
    table, ruleset, settled = routes(carrier_url, outbound), rules(), Settled()
    pace = Pace.of(CALL_TIMEOUT_S, QUIET_S, 120, 15)
    one = Heart(database)

    def ended(case_id: str) -> None:
        settled(case_id)
        one.settled(case_id)

    advance = Advance(database, table, pace, ended)

    async def look(case_id: str) -> None:
        one.looks += 1
        await advance(case_id)

    looks = round(looks_per_s * (TICK_S if database.shared else LOOK_PERIOD_S))
    works = [
        Work("calls", CASE, CALLS, advance),
        Work("looks", CASE, Looks(("yto",), looks), look, at_most=looks, paced=True),
    ]
    runner = one.runner = _runner(database, works)
    one.interceptions = Interceptions(database, table, lambda: ruleset, pace, runner, advance, settled)
    await runner.start()
    try:
        yield one
    finally:
        await runner.stop(2.0)
        await outbound.close()
        await database.close()


def _runner(database: Database, works: list[Work]) -> Runner:
    if isinstance(database, PostgresDatabase):
        from bot.runners.shared import SharedRunner  # noqa: PLC0415 - needs the extra

        return SharedRunner(database, works)
    return LocalRunner(database, works)


Filled = Callable[[Connection], Any]


async def fill(database_url: str, work: Filled) -> None:
    """One transaction before the run."""
    database = open_database(database_url)
    try:
        await database.write(work)
    finally:
        await database.close()
