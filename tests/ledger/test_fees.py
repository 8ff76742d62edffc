"""The ledger: one charge for one success, read page by page, summed in whole fen."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from bot.domain.case import SettledBy
from bot.ledger.fees import Charge, charge, cursor_place, cursor_text, entries, total
from bot.store.cases import cases
from bot.store.database import Database
from bot.store.fees import fees
from bot.store.shops import shops

START = datetime.fromisoformat("2026-11-24T09:00:00+08:00")
HOUR = timedelta(hours=1)


def fill(connection: Connection) -> None:
    """Two shops; `demo` has five successes, one an hour, two in the same moment; `other` one."""
    for shop_id in ("demo", "other"):
        row = {"id": shop_id, "name": shop_id, "active": True, "cross_border": False, "created_at": START}
        connection.execute(shops.insert(), row)
    for i, hour in enumerate((0, 1, 1, 2, 3)):
        succeeded(connection, f"c{i}", "demo", "yto" if i == 2 else "zto", START + hour * HOUR)
    succeeded(connection, "x", "other", "zto", START)


def succeeded(connection: Connection, case_id: str, shop_id: str, carrier: str, at: datetime) -> None:
    """A case that ended well, and its charge."""
    row = {
        "id": case_id,
        "shop_id": shop_id,
        "after_sale_id": "7001",
        "tracking_number": case_id,
        "carrier": carrier,
        "route": carrier,
        "state": "succeeded",
        "phase": "ended",
        "origin": "agent",
        "asked_by": "周琳",
        "asker_id": "p1",
        "quoted_fen": 300,
        "fee_fen": 300,
        "reasons": [],
        "rules_version": "v1",
        "checks": [],
        "created_at": at,
    }
    connection.execute(cases.insert(), row)
    assert charge(connection, due(case_id, shop_id, carrier, at))


def due(case_id: str, shop_id: str = "demo", carrier: str = "zto", at: datetime = START) -> Charge:
    """Three yuan."""
    return Charge(shop_id, case_id, case_id, carrier, 300, SettledBy.CARRIER, at)


@pytest.fixture
async def ledger(any_database: Database) -> Database:
    """Either kind of database, filled."""
    await any_database.write(fill)
    return any_database


async def test_a_second_charge_changes_nothing(ledger: Database) -> None:
    """Promise 1: whatever amount a second charge of the same interception names, the first one stands."""
    again = Charge("demo", "c0", "c0", "zto", 999, SettledBy.PLATFORM, START + HOUR)
    assert not await ledger.write(lambda c: charge(c, again))
    items, _ = await ledger.read(lambda c: entries(c, "demo"))
    assert [(entry.id, entry.amount_fen) for entry in items if entry.interception_id == "c0"] == [("fee-c0", 300)]


async def test_the_list_is_oldest_first_and_the_shops_own(ledger: Database) -> None:
    """Another shop's entries are not in it."""
    items, after = await ledger.read(lambda c: entries(c, "demo"))
    assert [entry.interception_id for entry in items] == ["c0", "c1", "c2", "c3", "c4"]
    assert after is None
    assert {(entry.kind, entry.settled_by) for entry in items} == {("charge", SettledBy.CARRIER)}


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
async def test_pages_are_the_list(ledger: Database, limit: int) -> None:
    """Read page by page nothing is missed or told twice, also where two entries have the same moment."""
    seen: list[str] = []
    cursor: str | None = None
    while True:
        after = None if cursor is None else cursor_place(cursor)
        items, place = await ledger.read(lambda c, a=after: entries(c, "demo", after=a, limit=limit))  # type: ignore[misc]
        seen += [entry.interception_id for entry in items]
        cursor = cursor_text(place)
        if cursor is None:
            break
    assert seen == ["c0", "c1", "c2", "c3", "c4"]


async def test_from_is_inclusive_and_to_exclusive(ledger: Database) -> None:
    """The contract's bounds, and one carrier alone."""
    items, _ = await ledger.read(lambda c: entries(c, "demo", since=START + HOUR, until=START + 2 * HOUR))
    assert [entry.interception_id for entry in items] == ["c1", "c2"]
    items, _ = await ledger.read(lambda c: entries(c, "demo", carrier="yto"))
    assert [entry.interception_id for entry in items] == ["c2"]


async def test_the_sum_has_the_corrections_in_it(ledger: Database) -> None:
    """What was charged in a time, in fen; nothing at all is 0."""
    correction = {
        "id": "k1",
        "shop_id": "demo",
        "interception_id": "c0",
        "tracking_number": "c0",
        "carrier": "zto",
        "kind": "correction",
        "amount_fen": -300,
        "settled_by": "carrier",
        "at": START + HOUR,
    }
    await ledger.write(lambda c: c.execute(fees.insert(), correction))
    assert await ledger.read(lambda c: total(c, "demo", START, START + 4 * HOUR)) == 4 * 300
    assert await ledger.read(lambda c: total(c, "demo", START + 4 * HOUR, START + 5 * HOUR)) == 0


@given(st.datetimes(datetime(1970, 1, 1), datetime(5000, 12, 31)), st.integers(0, 10**18 - 1))  # noqa: DTZ001 - made aware below
def test_a_cursor_comes_back(moment: datetime, seq: int) -> None:
    """A place in the list, as text and back."""
    place = (moment.replace(tzinfo=START.tzinfo), seq)
    text = cursor_text(place)
    assert text is not None
    assert text.replace("-", "").isalnum()
    assert cursor_place(text) == place


@given(st.text() | st.from_regex(r"\A-?\d+-\d+\Z"))
def test_any_other_cursor_is_refused(text: str) -> None:
    """Nothing but `ValueError` comes of a cursor that somebody made up, or of one beyond all time."""
    try:
        moment, seq = cursor_place(text)
    except ValueError:
        return
    assert cursor_place(cursor_text((moment, seq)) or "") == (moment, seq)


@pytest.mark.parametrize(
    "text", ["", "-", "12", "12-", "-12", "9" * 30 + "-1", "1-" + "9" * 30, "１-１", "1_0-1", " 1-1"]
)
def test_no_cursor_of_ours(text: str) -> None:
    """Each of these is told as such."""
    with pytest.raises(ValueError, match="cursor"):
        cursor_place(text)
