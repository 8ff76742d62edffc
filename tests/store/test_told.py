"""An after-sale is noted for each chosen chat in the transaction in which it enters, once, and its cards hear of it."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, select, update

from bot.domain.after_sale import AfterSaleStatus, AfterSaleType
from bot.domain.parcel import TraceEvent
from bot.store import after_sales, told
from bot.store.after_sales import save, touch
from bot.store.cards import outbox
from bot.store.database import Database
from bot.store.telling import Quiet, choose, chosen, deal, has_result, leave, listed, quiet_of, waiting
from bot.store.told import GATHER, Place, told_after_sales
from tests.store.conftest import AT, after_sale, enter_case, minutes, parcel

HERE, THERE = Place("slack", "C1"), Place("feishu", "oc_1", "en")


async def told_in(stored: Database, *places: Place, quiet: Quiet | None = None) -> None:
    """These chats are told of the shop's new after-sales."""
    for place in places:
        await stored.write(lambda c, place=place: choose(c, "demo", place, "王店主", quiet, AT))


async def notes(stored: Database) -> list[tuple[str, str, str | None]]:
    """Chat, after-sale and card of every note."""
    columns = (told_after_sales.c.channel, told_after_sales.c.after_sale_id, told_after_sales.c.target)
    wanted = select(*columns).order_by(*columns[:2])
    return await stored.read(lambda c: [tuple(row) for row in c.execute(wanted)])


async def due(stored: Database) -> dict[str, Any]:
    """When each card of the outbox is due, by channel and kind."""
    rows = await stored.read(lambda c: list(c.execute(select(outbox))))
    return {f"{row.channel} {row.target.partition(':')[0]}": row.due_at for row in rows}


def tell(connection: Connection, place: Place, *ids: str, together: bool = False) -> None:
    """What waits becomes cards."""
    deal(connection, "demo", place, ids, AT, listed=together)


async def test_a_new_one_is_noted_for_each_chat_once(stored: Database) -> None:
    """Entered twice, also at the same moment, it is one note for each chat; what gathers is due a little later."""
    await told_in(stored, HERE, THERE)
    sale = after_sale("7001", parcel("p1"))
    await asyncio.gather(*(stored.write(lambda c: save(c, "demo", sale, AT)) for _ in range(4)))
    assert await notes(stored) == [("feishu", "7001", None), ("slack", "7001", None)]
    assert await due(stored) == {"slack fresh": AT + GATHER, "feishu fresh": AT + GATHER}
    await stored.write(lambda c: save(c, "demo", after_sale("7002", parcel("p2")), minutes(1)))
    assert (await due(stored))["slack fresh"] == AT + GATHER, "the first one's time holds"


@pytest.mark.parametrize(
    "fields",
    [{"type": AfterSaleType.RETURN_REFUND}, {"type": AfterSaleType.EXCHANGE}, {"status": AfterSaleStatus.CLOSED}],
)
async def test_what_decides_nothing_is_told_nobody(stored: Database, fields: dict[str, Any]) -> None:
    """Only an open refund without return has something to decide (R6, R7)."""
    await told_in(stored, HERE)
    await stored.write(lambda c: save(c, "demo", after_sale("7001", parcel("p1"), **fields), AT))
    assert await notes(stored) == []


async def test_another_shop_and_what_was_there_before(stored: Database) -> None:
    """Another shop's after-sale is told nobody here; nor is what had entered before the chat was chosen."""
    await stored.write(lambda c: save(c, "demo", after_sale("7001", parcel("p1")), AT))
    await told_in(stored, HERE)
    await stored.write(lambda c: save(c, "demo", after_sale("7001", parcel("p1")), AT))
    await stored.write(lambda c: save(c, "other", after_sale("7002", parcel("p2")), AT))
    assert await notes(stored) == []


async def test_a_transaction_that_fails_leaves_no_note(stored: Database) -> None:
    """The note stands or falls with the after-sale."""
    await told_in(stored, HERE)

    def broken(connection: Connection) -> None:
        save(connection, "demo", after_sale("7001", parcel("p1")), AT)
        raise LookupError

    with pytest.raises(LookupError):
        await stored.write(broken)
    assert await notes(stored) == []
    assert await due(stored) == {"slack fresh": None}


@pytest.mark.parametrize("together", [False, True])
async def test_every_change_makes_its_cards_due(stored: Database, together: bool) -> None:  # noqa: FBT001
    """A trace, new fields, or a move of its interception: each card and list that shows it is due, no other."""
    await told_in(stored, HERE, THERE)
    for number in ("7001", "7002"):
        await stored.write(lambda c, n=number: save(c, "demo", after_sale(n, parcel(f"p{n}")), AT))
    await stored.write(lambda c: tell(c, HERE, "7001", "7002", together=together))
    await stored.write(lambda c: tell(c, THERE, "7002"))
    kind = "slack listed" if together else "slack after_sale"
    for change in (
        lambda c: touch(c, "demo", "7001", minutes(1)),
        lambda c: after_sales.raise_version(c, "demo", "7001", minutes(1)),
        lambda c: save(c, "demo", after_sale("7001", parcel("p7001"), status=AfterSaleStatus.CLOSED), minutes(1)),
    ):
        await stored.write(lambda c: c.execute(update(outbox).values(due_at=None)))
        await stored.write(change)
        rows = await stored.read(lambda c: list(c.execute(select(outbox).where(outbox.c.due_at.is_not(None)))))
        assert [f"{row.channel} {row.target.partition(':')[0]}" for row in rows] == [kind]
        assert rows[0].due_at == minutes(1)
    await stored.write(lambda c: touch(c, "other", "7001", minutes(2)))
    assert minutes(2) not in (await due(stored)).values()


async def test_not_before_it_may_be_shown_again(stored: Database) -> None:
    """What has just been shown, or what the platform wants peace from, is due when that is over."""
    await told_in(stored, HERE)
    await stored.write(lambda c: save(c, "demo", after_sale("7001", parcel("p1")), AT))
    await stored.write(lambda c: tell(c, HERE, "7001"))
    await stored.write(lambda c: c.execute(update(outbox).values(due_at=None, not_before=minutes(5))))
    await stored.write(lambda c: touch(c, "demo", "7001", minutes(1)))
    assert (await due(stored))["slack after_sale"] == minutes(5)
    await stored.write(lambda c: touch(c, "demo", "7001", minutes(6)))
    assert (await due(stored))["slack after_sale"] == minutes(6)


async def test_what_waits_is_told_in_its_order(stored: Database) -> None:
    """The oldest first, so many at most; what was closed before anybody was told is forgotten."""
    await told_in(stored, HERE)
    for number, at in (("7003", 0), ("7001", 1), ("7002", 2)):
        await stored.write(lambda c, n=number, at=at: save(c, "demo", after_sale(n, parcel(n)), minutes(at)))
    closed = after_sale("7001", parcel("7001"), status=AfterSaleStatus.CLOSED)
    await stored.write(lambda c: save(c, "demo", closed, minutes(3)))
    assert await stored.write(lambda c: waiting(c, "demo", HERE, 10)) == ["7003", "7002"]
    assert await stored.write(lambda c: waiting(c, "demo", HERE, 1)) == ["7003"]
    await stored.write(lambda c: tell(c, HERE, "7003"))
    assert await stored.write(lambda c: waiting(c, "demo", HERE, 10)) == ["7002"]


async def test_a_list_tells_what_became_of_each(stored: Database) -> None:
    """Each after-sale in its order, with its parcels and their newest interception; a refused ask is none."""
    await told_in(stored, HERE)
    for number, at in (("7001", 0), ("7002", 1)):
        boxes = (parcel(f"{number}a"), parcel(f"{number}b", carrier="yto"))
        await stored.write(lambda c, n=number, at=at, boxes=boxes: save(c, "demo", after_sale(n, *boxes), minutes(at)))
    await stored.write(lambda c: tell(c, HERE, "7001", "7002", together=True))
    ended = {"phase": "ended", "after_sale_id": "7001", "tracking_number": "7001b", "carrier": "yto"}
    await stored.write(lambda c: enter_case(c, "i1", state="succeeded", way_home="returning", **ended))
    await stored.write(lambda c: enter_case(c, "i2", state="refused", **ended))
    target = next(target for _, _, target in await notes(stored) if target)
    first, second = await stored.read(lambda c: listed(c, "demo", target))
    assert (first.after_sale_id, second.after_sale_id, first.is_open) == ("7001", "7002", True)
    assert [(one.tracking_number, one.state, one.way_home) for one in first.parcels] == [
        ("7001a", None, None),
        ("7001b", "succeeded", "returning"),
    ]
    assert [one.state for one in second.parcels] == [None, None]
    assert await stored.read(lambda c: listed(c, "other", target)) == []


async def test_left_and_chosen_again(stored: Database) -> None:
    """Left, nothing new is noted and what waited is dropped; what was told stays and is still due with each change.
    Chosen again, it begins with what comes then.
    """
    await told_in(stored, HERE)
    for number in ("7001", "7002"):
        await stored.write(lambda c, n=number: save(c, "demo", after_sale(n, parcel(n)), AT))
    await stored.write(lambda c: tell(c, HERE, "7001"))
    assert await stored.write(lambda c: leave(c, "demo", HERE))
    assert not await stored.write(lambda c: leave(c, "demo", HERE))
    assert await notes(stored) == [("slack", "7001", "after_sale:7001")]
    await stored.write(lambda c: save(c, "demo", after_sale("7003", parcel("7003")), AT))
    trace = parcel("7001", TraceEvent(AT, "已到达"))
    await stored.write(lambda c: save(c, "demo", after_sale("7001", trace), minutes(1)))
    assert await due(stored) == {"slack after_sale": minutes(1)}
    await told_in(stored, HERE)
    await stored.write(lambda c: save(c, "demo", after_sale("7002", parcel("7002")), AT))
    await stored.write(lambda c: save(c, "demo", after_sale("7004", parcel("7004")), AT))
    assert [row[1] for row in await notes(stored)] == ["7001", "7004"]


async def test_noted_while_it_was_left(stored: Database) -> None:
    """A note of somebody who had read just before that the chat was chosen is not told when it is chosen anew."""
    row = {"shop_id": "demo", "channel": "slack", "chat": "C1", "after_sale_id": "7001", "entered_at": AT}
    await stored.write(lambda c: c.execute(told_after_sales.insert(), row))
    await told_in(stored, HERE)
    assert await notes(stored) == []


async def test_quiet_hours_belong_to_the_chat(stored: Database) -> None:
    """Chosen again, its quiet hours are set anew; who chose it first stays."""
    await told_in(stored, HERE, quiet=Quiet(1320, 480))
    assert await stored.read(lambda c: quiet_of(c, "demo", "slack", "C1")) == Quiet(1320, 480)
    assert not await stored.write(lambda c: choose(c, "demo", HERE, "李", None, minutes(1)))
    assert await stored.read(lambda c: quiet_of(c, "demo", "slack", "C1")) is None
    assert await stored.read(lambda c: quiet_of(c, "demo", "slack", "C2")) is None
    [one] = await stored.read(lambda c: chosen(c, "demo"))
    assert (one.place, one.by, one.at) == (HERE, "王店主", AT)
    rows = await stored.read(lambda c: list(c.execute(select(outbox))))
    assert [row.target for row in rows] == ["fresh:demo"], "one row gathers, however often it is chosen"


async def test_a_chat_that_has_the_result(stored: Database) -> None:
    """A card of an interception of that after-sale, in that chat."""
    await stored.write(lambda c: enter_case(c, "i1", after_sale_id="7001"))
    row = {"channel": "slack", "chat": "C1", "shop_id": "demo", "target": "case:i1", "version_shown": 0, "tries": 0}
    await stored.write(lambda c: c.execute(outbox.insert(), row))
    found = [
        await stored.read(lambda c, chat=chat, sale=sale: has_result(c, "demo", "slack", chat, sale))
        for chat, sale in (("C1", "7001"), ("C2", "7001"), ("C1", "7002"))
    ]
    assert found == [True, False, False]


async def test_noting_and_dealing_at_once_lose_nothing(shared_url: str) -> None:
    """On PostgreSQL, while one process deals out others note more: in the end each is on a card or waits and is due."""
    from bot.store.database import open_database  # noqa: PLC0415 - two processes' worth of connections, here only
    from tests.store.conftest import enter_shops  # noqa: PLC0415

    stored = open_database(shared_url)
    await stored.write(enter_shops)
    await told_in(stored, HERE)

    def deal_out(connection: Connection) -> None:
        this = outbox.c.target == "fresh:demo"
        connection.execute(update(outbox).where(this).values(due_at=None))
        ids = waiting(connection, "demo", HERE, 100)
        if ids:
            deal(connection, "demo", HERE, ids, AT, listed=True)

    async def note(number: int) -> None:
        await stored.write(lambda c: save(c, "demo", after_sale(str(number), parcel(str(number))), AT))

    await asyncio.gather(*(note(n) for n in range(40)), *(stored.write(deal_out) for _ in range(10)))
    left = [row for row in await notes(stored) if row[2] is None]
    assert len(await notes(stored)) == 40
    assert not left or (await due(stored))["slack fresh"] == AT + GATHER
    await stored.close()


def test_gathering_is_short() -> None:
    """Somebody waits for the card: gathering takes seconds."""
    assert timedelta(0) < told.GATHER <= timedelta(seconds=5)
