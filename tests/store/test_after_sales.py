"""After-sales, parcels and traces: what enters stays as it was said, and nothing that an interception needs is lost."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Connection

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Stage, TraceEvent
from bot.store import after_sales
from bot.store.database import Database, open_database
from bot.store.events import since
from tests.store.conftest import AT, after_sale, enter_case, enter_shops, minutes, parcel

PICKED_UP = TraceEvent(at=minutes(1), text="已揽收", place="义乌", code="10", stage=Stage.PICKED_UP)
ON_ITS_WAY = TraceEvent(at=minutes(5), text="已发往 上海")


async def save(database: Database, whole: AfterSale, shop_id: str = "demo", at: datetime = AT) -> bool:
    """Saves it in a transaction of its own."""
    return await database.write(lambda c: after_sales.save(c, shop_id, whole, at))


async def load(database: Database, after_sale_id: str = "7001", shop_id: str = "demo") -> AfterSale | None:
    """Loads it in a transaction of its own."""
    return await database.read(lambda c: after_sales.load(c, shop_id, after_sale_id))


async def numbers(database: Database) -> list[str]:
    """The tracking numbers of after-sale 7001."""
    found = await load(database)
    assert found is not None
    return [box.tracking_number for box in found.parcels]


async def test_an_after_sale_comes_back_as_it_entered(stored: Database) -> None:
    """Every field of after-sale, parcels, items and traces is read back as it was said."""
    whole = after_sale(
        "7001",
        parcel("731", PICKED_UP, ON_ITS_WAY, value_fen=5000, shipped_at=minutes(-60)),
        parcel("732", carrier="yto", items=()),
        type=AfterSaleType.RETURN_REFUND,
        status=AfterSaleStatus.CLOSED,
        in_arbitration=True,
    )
    assert await save(stored, whole)
    assert await load(stored) == whole


async def test_what_may_be_missing_may_be_missing(stored: Database) -> None:
    """Deadline, reason, buyer, value, shipping time and parcels are optional."""
    bare = after_sale("7001", parcel("731", items=()), deadline=None, reason=None, buyer=None)
    await save(stored, bare)
    await save(stored, after_sale("7002"))
    assert await load(stored) == bare
    assert await load(stored, "7002") == after_sale("7002")


async def test_saving_again_replaces_fields_and_parcels(stored: Database) -> None:
    """The second document holds: fields, order of parcels, what is in them; a parcel that it does not name is gone."""
    await save(stored, after_sale("7001", parcel("731"), parcel("732")))
    second = after_sale("7001", parcel("733"), parcel("732", value_fen=100), refund_fen=1, reason=None)
    assert not await save(stored, second)
    assert await load(stored) == second


async def test_a_parcel_with_an_interception_is_not_dropped(stored: Database) -> None:
    """A parcel that an interception was asked for stays although the shop no longer names it; one that our rules only
    refused does not.
    """
    await save(stored, after_sale("7001", parcel("731"), parcel("732"), parcel("733")))
    await stored.write(lambda c: enter_case(c, "asked", tracking_number="732"))
    await stored.write(lambda c: enter_case(c, "no", tracking_number="733", state="refused", phase="ended"))
    await save(stored, after_sale("7001", parcel("731")))
    assert sorted(await numbers(stored)) == ["731", "732"]


async def test_another_shops_interception_keeps_nothing(stored: Database) -> None:
    """Whether a parcel stays is a matter of the shop's own interceptions of this after-sale."""
    await save(stored, after_sale("7001", parcel("731"), parcel("732")))
    await stored.write(lambda c: enter_case(c, "a", tracking_number="732", shop_id="other"))
    await save(stored, after_sale("7001", parcel("731")))
    assert await numbers(stored) == ["731"]


async def test_traces_are_only_added(stored: Database) -> None:
    """A document with a shorter trace takes no event away; an event delivered twice is there once."""
    await save(stored, after_sale("7001", parcel("731", PICKED_UP, ON_ITS_WAY)))
    await save(stored, after_sale("7001", parcel("731", ON_ITS_WAY, ON_ITS_WAY)))
    found = await load(stored)
    assert found is not None
    assert found.parcels[0].trace == (PICKED_UP, ON_ITS_WAY)


async def test_new_events_are_counted(stored: Database) -> None:
    """Adding a trace says how many events were new; any difference in time, text, place or code makes a new one."""
    found: list[int] = []
    base = PICKED_UP
    others = [
        replace(base, at=minutes(2)),
        replace(base, text="已揽件"),
        replace(base, place=None),
        replace(base, code=None),
    ]
    for events in ([base, base], [base], others, [base, *others], [replace(base, stage=None)]):
        count = await stored.write(lambda c, e=events: after_sales.add_trace(c, "demo", "731", e, AT))  # type: ignore[misc]
        found.append(count)
    assert found == [1, 0, 4, 0, 0]


async def test_a_trace_may_come_before_its_parcel(stored: Database) -> None:
    """Events of a parcel that nobody knows yet are kept, and shown once it enters; another shop never sees them."""
    await stored.write(lambda c: after_sales.add_trace(c, "demo", "731", [PICKED_UP], AT))
    await save(stored, after_sale("7001", parcel("731")))
    await save(stored, after_sale("7001", parcel("731")), "other")
    ours, theirs = await load(stored), await load(stored, shop_id="other")
    assert ours is not None
    assert theirs is not None
    assert ours.parcels[0].trace == (PICKED_UP,)
    assert theirs.parcels[0].trace == ()


async def test_a_trace_is_in_order_of_time(stored: Database) -> None:
    """Events come by their own time whenever they arrive; those of the same time in the order in which they arrived."""
    late = [TraceEvent(at=minutes(9), text=text) for text in ("派送中", "已签收")]
    for events in (late, [ON_ITS_WAY], [PICKED_UP]):
        await stored.write(lambda c, e=events: after_sales.add_trace(c, "demo", "731", e, AT))  # type: ignore[misc]
    found = await stored.read(lambda c: after_sales.trace_of(c, "demo", "731"))
    assert found == (PICKED_UP, ON_ITS_WAY, *late)


async def test_a_number_leads_to_its_after_sales(stored: Database) -> None:
    """A number is an after-sale id, else an order, else a parcel; oldest application first, of this shop alone."""
    await save(stored, after_sale("7002", parcel("731"), order_id="6001", applied_at=minutes(2)))
    await save(stored, after_sale("7001", parcel("731"), order_id="6001", applied_at=minutes(1)))
    await save(stored, after_sale("6001", parcel("732"), order_id="731"))
    await save(stored, after_sale("7009", parcel("733")), "other")

    async def find(number: str) -> list[str]:
        found = await stored.read(lambda c: after_sales.find(c, "demo", number))
        return [one.after_sale_id for one in found]

    assert await find("7001") == ["7001"]
    assert await find("6001") == ["6001"]
    assert await find("731") == ["6001"]
    assert await find("732") == ["6001"]
    assert await find("733") == []
    assert await find("") == []


async def test_an_order_and_a_parcel_may_have_several_after_sales(stored: Database) -> None:
    """All after-sales of an order, or with a parcel, are found, oldest application first."""
    await save(stored, after_sale("7002", parcel("731"), applied_at=minutes(2)))
    await save(stored, after_sale("7001", parcel("731"), applied_at=minutes(1)))
    for number in ("6001", "731"):
        found = await stored.read(lambda c, n=number: after_sales.find(c, "demo", n))  # type: ignore[misc]
        assert [one.after_sale_id for one in found] == ["7001", "7002"]
    ids = await stored.read(lambda c: after_sales.after_sale_ids_of(c, "demo", "731"))
    assert sorted(ids) == ["7001", "7002"]


async def test_a_parcel_is_looked_up_without_walking_through_the_others(sqlite_url: str) -> None:
    """Among thousands of the shop's parcels SQLite takes as few steps to one of them as among a handful."""
    database = open_database(sqlite_url)
    await database.write(enter_shops)

    async def steps(among: range) -> int:
        """So many thousand steps take both look-ups of one parcel."""
        whole = [after_sale(f"8{i:06}", parcel(f"9{i:06}")) for i in among]
        await database.write(lambda c: [after_sales.save(c, "demo", one, AT) for one in whole])
        return await database.read(_thousands_of_steps)

    few, many = await steps(range(5)), await steps(range(5, 3_000))
    await database.close()
    assert many <= few + 1


def _thousands_of_steps(connection: Connection) -> int:
    counted: list[None] = []
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.set_progress_handler(lambda: counted.append(None), 1_000)
    assert after_sales.after_sale_ids_of(connection, "demo", "9000003") == ["8000003"]
    assert [one.after_sale_id for one in after_sales.find(connection, "demo", "9000003")] == ["8000003"]
    raw.set_progress_handler(None, 0)
    return len(counted)


async def test_each_change_is_told_with_a_higher_version(stored: Database) -> None:
    """Live pages hear of an after-sale when it enters, is replaced and is touched, and never of a lower version."""
    await save(stored, after_sale("7001", parcel("731")))
    await save(stored, after_sale("7001", parcel("731"), refund_fen=1))
    await stored.write(lambda c: after_sales.touch(c, "demo", "7001", AT))
    await stored.write(lambda c: after_sales.touch(c, "demo", "nobody", AT))
    told = await stored.read(lambda c: since(c, "demo", 0))
    assert [(event.target, event.version) for event in told] == [("after_sale:7001", n) for n in (1, 2, 3)]


async def test_a_transaction_that_fails_leaves_nothing(stored: Database) -> None:
    """After-sale, parcels, trace and event stand or fall together."""

    def write(connection: Connection) -> None:
        after_sales.save(connection, "demo", after_sale("7001", parcel("731", PICKED_UP)), AT)
        raise LookupError("on purpose")

    with pytest.raises(LookupError, match="on purpose"):
        await stored.write(write)
    assert await load(stored) is None
    assert await stored.read(lambda c: since(c, "demo", 0)) == []
    assert await stored.read(lambda c: after_sales.trace_of(c, "demo", "731")) == ()
