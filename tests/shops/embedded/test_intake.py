"""What comes in is kept, in short transactions, and its traces are handed on."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import Connection, select

from bot.domain.after_sale import AfterSale, AfterSaleStatus
from bot.shops.contract import Rejected, Taken
from bot.shops.embedded.intake import ROWS, EmbeddedIntake
from bot.store.after_sales import load, trace_events, trace_of
from bot.store.cases import cases
from bot.store.database import Database, NotStored
from tests.shops.embedded.conftest import AT, Heard, add_shops, document, parcel

ID = document()["after_sale_id"]
NUMBER = "75400000000001"


async def kept(database: Database, after_sale_id: str = ID, shop_id: str = "demo") -> AfterSale | None:
    """The after-sale as it is stored."""
    return await database.read(lambda c: load(c, shop_id, after_sale_id))


def event(n: int, number: str = NUMBER, **over: Any) -> dict[str, Any]:
    """The n-th event of a parcel."""
    return {"tracking_number": number, "at": f"2026-11-24T10:{n // 60:02}:{n % 60:02}+08:00", "text": f"第{n}站"} | over


async def test_an_after_sale_is_kept(any_database: Database, any_intake: EmbeddedIntake, heard: Heard) -> None:
    """What came in can be read again, in its own shop alone, and its trace was handed on."""
    assert await any_intake.after_sales("demo", [document()]) == Taken(1)
    found = await kept(any_database)
    assert found is not None
    assert found.refund_fen == 12900
    assert [e.text for e in found.parcels[0].trace] == ["【杭州转运中心】已发出"]
    assert await kept(any_database, shop_id="other") is None
    assert heard == [("demo", NUMBER)]


@pytest.mark.parametrize(
    "sent, shown",
    [
        ("买***", "买***"),
        ("林小明", "林**"),
        ("林小明 13900139000", "林**"),
        ("林*13900139000", "林**"),
        ("13900139000", "1**"),
        ("a", "a**"),
        ("", ""),
        (None, None),
    ],
)
async def test_a_buyers_name_is_masked(
    any_database: Database, any_intake: EmbeddedIntake, sent: str | None, shown: str | None
) -> None:
    """A shop that sends whole names and telephone numbers makes no page show them; what is masked stays."""
    await any_intake.after_sales(
        "demo", [document(buyer=sent, reason="不想要了，电话139 0013 9000，单号75400000000001")]
    )
    found = await kept(any_database)
    assert found is not None
    assert (found.buyer, found.reason) == (shown, "不想要了，电话***，单号75400000000001")


async def test_the_good_ones_are_kept(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """One that is wrong is named by its place, counted from 0, and stops no other."""
    taken = await any_intake.after_sales("demo", [document(), 5, document(type="x"), document(after_sale_id="B")])
    assert taken.accepted == 2
    assert [r.index for r in taken.rejected] == [1, 2]
    assert taken.rejected[0] == Rejected(1, "应为 JSON 对象（must be a JSON object）")
    assert await kept(any_database, "B") is not None


async def test_the_same_again_replaces(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """Sent again, an after-sale has the new fields and parcels; traces are only added."""
    await any_intake.after_sales("demo", [document()])
    later = document(status="closed", parcels=[parcel(trace=[]), parcel("75400000000002", trace=[])])
    await any_intake.after_sales("demo", [later])
    await any_intake.after_sales("demo", [document(status="closed", parcels=[parcel("75400000000002")])])
    found = await kept(any_database)
    assert found is not None
    assert found.status is AfterSaleStatus.CLOSED
    assert [p.tracking_number for p in found.parcels] == ["75400000000002"]
    assert len(await any_database.read(lambda c: trace_of(c, "demo", NUMBER))) == 1


async def test_a_parcel_with_an_interception_stays(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """A parcel that the shop names no longer is kept while it has an interception."""
    await any_intake.after_sales("demo", [document()])
    row = {
        "id": "icpt-1",
        "shop_id": "demo",
        "after_sale_id": ID,
        "tracking_number": NUMBER,
        "carrier": "zto",
        "route": "zto",
        "state": "pending",
        "phase": "queued",
        "origin": "api",
        "asked_by": "ERP",
        "asker_id": "key-1",
        "quoted_fen": 300,
        "reasons": [],
        "rules_version": "2025-01-01",
        "checks": [],
        "created_at": AT,
    }
    await any_database.write(lambda c: c.execute(cases.insert(), row).rowcount)
    await any_intake.after_sales("demo", [document(parcels=[parcel("75400000000002")])])
    found = await kept(any_database)
    assert found is not None
    assert {p.tracking_number for p in found.parcels} == {NUMBER, "75400000000002"}


async def test_an_event_twice_is_one(any_database: Database, any_intake: EmbeddedIntake, heard: Heard) -> None:
    """A duplicate is accepted and changes nothing; nobody is told of it a second time."""
    for _ in range(2):
        assert await any_intake.traces("demo", [event(1), event(1), event(2)]) == Taken(3)
    found = await any_database.read(lambda c: trace_of(c, "demo", NUMBER))
    assert [e.text for e in found] == ["第1站", "第2站"]
    assert heard == [("demo", NUMBER)]


async def test_a_trace_may_come_before_its_parcel(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """Events of a parcel not yet known are there when its after-sale enters."""
    await any_intake.traces("demo", [event(1), event(2, "75400000000009"), {"at": "x"}])
    await any_intake.after_sales("demo", [document(parcels=[parcel(trace=[])])])
    found = await kept(any_database)
    assert found is not None
    assert [e.text for e in found.parcels[0].trace] == ["第1站"]


async def test_another_shops_parcel_has_its_own_trace(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """What one shop tells is not seen in another."""
    await any_intake.traces("other", [event(1)])
    assert await any_database.read(lambda c: trace_of(c, "demo", NUMBER)) == ()


async def test_traces_are_handed_on_in_the_same_transaction(database: Database) -> None:
    """Whoever hears of an event sees it stored, and when hearing fails the event is not stored either."""
    await database.write(add_shops)
    seen: list[int] = []

    def look(connection: Connection, shop_id: str, number: str) -> None:
        seen.append(len(trace_of(connection, shop_id, number)))
        if number == "bad":
            raise RuntimeError(number)

    intake = EmbeddedIntake(database, look)
    await intake.traces("demo", [event(1)])
    with pytest.raises(RuntimeError):
        await intake.traces("demo", [event(2, "bad")])
    assert seen == [1, 1]
    assert await database.read(lambda c: trace_of(c, "demo", "bad")) == ()


class Counting:
    """A database that counts the rows of each transaction, and stops taking any after some."""

    def __init__(self, database: Database, most: int = 10**6) -> None:
        self.database = database
        self.shared = database.shared
        self.clock = database.clock
        self.transactions = 0
        self.most = most

    async def write(self, work: Any) -> Any:
        self.transactions += 1
        if self.transactions > self.most:
            raise NotStored("full")
        return await self.database.write(work)

    async def read(self, work: Any) -> Any:
        return await self.database.read(work)

    async def close(self) -> None:
        await self.database.close()


def many(n: int) -> list[dict[str, Any]]:
    """So many after-sales of three rows each: itself, a parcel, an event."""
    return [document(after_sale_id=f"A{i}", parcels=[parcel(f"75400000{i:06}")]) for i in range(n)]


async def test_a_transaction_takes_at_most_a_hundred_rows(database: Database) -> None:
    """Many documents are split, so that a running bot waits for none of them for long; so is one with a long trace."""
    await database.write(add_shops)
    counting = Counting(database)
    intake = EmbeddedIntake(counting, Heard())
    assert await intake.after_sales("demo", many(330)) == Taken(330)
    assert counting.transactions == 10  # 33 after-sales each
    counting.transactions = 0
    long = [{"at": f"2026-11-24T{n // 60:02}:{n % 60:02}:00", "text": "x"} for n in range(2 * ROWS + 1)]
    await intake.after_sales("demo", [document(parcels=[parcel(trace=long)])])
    assert counting.transactions == 3
    stored = await database.read(lambda c: c.execute(select(trace_events.c.seq)).all())
    assert len(stored) == 330 + len(long)


async def test_a_full_disk_is_told(database: Database) -> None:
    """When the database takes nothing more, that is said; what came before is kept, and again is the same."""
    await database.write(add_shops)
    intake = EmbeddedIntake(Counting(database, most=2), Heard())
    with pytest.raises(NotStored):
        await intake.after_sales("demo", many(100))
    assert await kept(database, "A0") is not None
    assert await kept(database, "A99") is None
    assert await EmbeddedIntake(database, Heard()).after_sales("demo", many(100)) == Taken(100)
    assert await kept(database, "A99") is not None


async def test_two_feeds_at_once(any_database: Database, any_intake: EmbeddedIntake) -> None:
    """The same after-sales from two sides at the same time are kept once."""
    both = await asyncio.gather(*(any_intake.after_sales("demo", many(40)) for _ in range(2)))
    assert both == [Taken(40), Taken(40)]
    found = await kept(any_database, "A7")
    assert found is not None
    assert len(found.parcels[0].trace) == 1
