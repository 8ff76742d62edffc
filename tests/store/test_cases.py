"""What the table of cases itself forbids, and how records are found, paged and summed."""

from itertools import chain, product
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.domain.case import BLOCKING, FINAL, Phase, State, WayHome
from bot.domain.reason import Reason, ReasonCode
from bot.store import cases
from bot.store.cases import Filter, Page
from bot.store.database import Database
from tests.store.conftest import AT, enter_case, minutes

LEGAL = {
    (State.PENDING, Phase.QUEUED),
    (State.PENDING, Phase.CALLING),
    (State.PENDING, Phase.WATCHING),
    (State.UNKNOWN, Phase.CALLING),
    (State.UNKNOWN, Phase.UNCLEAR),
} | {(state, Phase.ENDED) for state in FINAL}


async def refused(database: Database, case_id: str, **fields: Any) -> bool:
    """Whether the table refuses this row."""
    try:
        await database.write(lambda c: enter_case(c, case_id, **fields))
    except IntegrityError:
        return True
    return False


async def test_state_and_phase_belong_together(stored: Database) -> None:
    """Of all pairs of state and phase the table takes those that ruling 8 ties together, and no other."""
    pairs = list(product(State, Phase))
    taken = {
        (state, phase)
        for number, (state, phase) in enumerate(pairs)
        if not await refused(stored, f"case-{number}", state=state.value, phase=phase.value)
    }
    assert taken == LEGAL


@pytest.mark.parametrize("first", list(State))
async def test_one_blocking_case_for_each_parcel(stored: Database, first: State) -> None:
    """A parcel whose case is pending, unknown or succeeded gets no second one, in whichever shop or after-sale it is
    asked for; after a refusal, a failure or a cancellation it does.
    """
    phase = next(phase for state, phase in LEGAL if state is first)
    await stored.write(lambda c: enter_case(c, "a", tracking_number="73", state=first.value, phase=phase.value))
    second = await refused(stored, "b", tracking_number="73", shop_id="other", after_sale_id="7009", route="platform")
    assert second is (first in BLOCKING)


async def test_another_carrier_may_use_the_same_number(stored: Database) -> None:
    """A tracking number names a parcel only together with its carrier."""
    await stored.write(lambda c: enter_case(c, "a", tracking_number="73"))
    assert not await refused(stored, "b", tracking_number="73", carrier="yto")


async def test_the_blocking_case_is_found_over_all_shops(stored: Database) -> None:
    """R10 sees the case of another shop, and none that has failed."""
    await stored.write(lambda c: enter_case(c, "a", tracking_number="73", shop_id="other"))
    await stored.write(lambda c: enter_case(c, "b", tracking_number="74", state="failed", phase="ended"))
    found = await stored.read(lambda c: [cases.blocking(c, "zto", number) for number in ("73", "74", "75")])
    assert [one.id if one else None for one in found] == ["a", None, None]


async def test_a_fee_stands_only_beside_a_success(stored: Database) -> None:
    """The table refuses a fee on any case that has not succeeded (F2)."""
    for number, (state, phase) in enumerate(sorted(LEGAL)):
        fields = {"state": state.value, "phase": phase.value, "fee_fen": 400}
        assert await refused(stored, f"case-{number}", **fields) is (state is not State.SUCCEEDED)


async def test_one_click_asks_once_for_each_parcel(stored: Database) -> None:
    """The same card action makes one case of a parcel, also once that has failed; without a click none clashes."""
    ended = {"state": "failed", "phase": "ended", "tracking_number": "73"}
    assert not await refused(stored, "a", click="act-1", **ended)
    assert await refused(stored, "b", click="act-1", **ended)
    assert not await refused(stored, "c", click="act-1", **(ended | {"tracking_number": "74"}))
    assert not await refused(stored, "d", click="act-2", **ended)
    assert not await refused(stored, "e", **ended)
    assert not await refused(stored, "f", **ended)


async def test_a_shop_must_exist(stored: Database) -> None:
    """No case without its shop."""
    assert await refused(stored, "a", shop_id="nowhere")


async def test_a_row_is_seen_as_an_interception(stored: Database) -> None:
    """What was stored comes back: reasons with their facts, times, fee, way home."""
    reason = Reason(ReasonCode.ALREADY_DELIVERED, {"by": "trace"}, "E2", "已签收")
    fields = {
        "state": "succeeded",
        "phase": "ended",
        "fee_fen": 400,
        "way_home": "returning",
        "settled_by": "carrier",
        "settled_at": minutes(3),
        "reasons": [cases.reason_document(reason)],
    }
    await stored.write(lambda c: enter_case(c, "a", **fields))
    found = await stored.read(lambda c: cases.get(c, "a"))
    assert found is not None
    assert (found.state, found.phase, found.way_home) == (State.SUCCEEDED, Phase.ENDED, WayHome.RETURNING)
    assert (found.fee_fen, found.settled_at, found.reasons) == (400, minutes(3), (reason,))
    assert not found.can_cancel
    assert await stored.read(lambda c: cases.get(c, "b")) is None


@pytest.mark.parametrize(
    "fields, can",
    [
        ({}, True),
        ({"phase": "calling"}, False),
        ({"phase": "calling", "route_can_cancel": True}, True),
        ({"phase": "watching"}, False),
        ({"phase": "watching", "route_can_cancel": True}, True),
        ({"state": "unknown", "phase": "calling", "route_can_cancel": True}, False),
        ({"state": "succeeded", "phase": "ended", "route_can_cancel": True}, False),
    ],
)
async def test_what_can_be_cancelled(stored: Database, fields: dict[str, Any], can: bool) -> None:  # noqa: FBT001
    """Pending: before it was sent on every route, afterwards where the carrier takes it back."""
    await stored.write(lambda c: enter_case(c, "a", **fields))
    found = await stored.read(lambda c: cases.get(c, "a"))
    assert found is not None
    assert found.can_cancel is can


def _enter_many(connection: Connection) -> None:
    # Three at the same instant, so that a page may end between them.
    for number, after in enumerate([0, 1, 1, 1, 2, 3, 4]):
        enter_case(connection, f"c{number}", created_at=minutes(after))
    enter_case(connection, "theirs", shop_id="other")


async def _pages(database: Database, wanted: Filter, limit: int) -> list[list[str]]:
    pages: list[list[str]] = []
    cursor: str | None = None
    while True:
        found: Page = await database.read(lambda c, at=cursor: cases.page(c, "demo", wanted, at, limit))  # type: ignore[misc]
        pages.append([item.id for item in found.items])
        if found.next is None:
            return pages
        cursor = found.next


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8])
async def test_pages_lose_nothing_and_repeat_nothing(stored: Database, limit: int) -> None:
    """Whatever the size of a page, the pages together are the shop's records in order, each once, both ways round."""
    await stored.write(_enter_many)
    forth = await _pages(stored, Filter(), limit)
    back = await _pages(stored, Filter(newest_first=True), limit)
    everything = [f"c{number}" for number in range(7)]
    assert list(chain(*forth)) == everything
    assert list(chain(*back)) == everything[::-1]
    assert all(len(page) == limit for page in forth[:-1])
    assert forth[-1] != []


async def test_a_page_goes_on_where_it_was_although_records_come_in(stored: Database) -> None:
    """A record that arrives between two pages neither repeats nor hides one (newest first)."""
    await stored.write(_enter_many)
    newest = Filter(newest_first=True)
    first = await stored.read(lambda c: cases.page(c, "demo", newest, None, 3))
    await stored.write(lambda c: enter_case(c, "late", created_at=minutes(9)))
    second = await stored.read(lambda c: cases.page(c, "demo", newest, first.next, 3))
    assert [item.id for item in first.items + second.items] == ["c6", "c5", "c4", "c3", "c2", "c1"]


@pytest.mark.parametrize(
    "cursor",
    ["", "-", "x", "1", "1-", "-1", "1-x", "1-1-1", "9" * 40 + "-1", "1-" + "9" * 40, "-5-1", "１-１", "1_0-1"],
)
async def test_a_cursor_that_is_none_of_ours_is_a_value_error(stored: Database, cursor: str) -> None:
    """Anything but a cursor that a page gave out is refused by name, never by an error of the database."""
    with pytest.raises(ValueError, match="no cursor of ours"):
        await stored.read(lambda c: cases.page(c, "demo", Filter(), cursor, 3))


def _enter_varied(connection: Connection) -> None:
    done = {"phase": "ended", "settled_at": AT}
    enter_case(connection, "a", state="succeeded", fee_fen=400, way_home="returned", **done)
    enter_case(connection, "b", state="succeeded", fee_fen=0, carrier="yto", asker_id="p2", **done)
    enter_case(connection, "c", state="failed", after_sale_id="7002", **done)
    enter_case(connection, "d", created_at=minutes(5))
    enter_case(connection, "e", shop_id="other", state="succeeded", fee_fen=900, **done)


@pytest.mark.parametrize(
    "wanted, ids",
    [
        (Filter(), "abcd"),
        (Filter(tracking_number="c"), "c"),
        (Filter(after_sale_id="7002"), "c"),
        (Filter(states=(State.FAILED, State.PENDING)), "cd"),
        (Filter(way_home=WayHome.RETURNED), "a"),
        (Filter(carrier="yto"), "b"),
        (Filter(asker_id="p2"), "b"),
        (Filter(since=minutes(5)), "d"),
        (Filter(until=minutes(5)), "abc"),
        (Filter(tracking_number="e"), ""),
        (Filter(states=(State.SUCCEEDED,), asker_id="p1"), "a"),
    ],
)
async def test_a_filter_narrows_the_records(stored: Database, wanted: Filter, ids: str) -> None:
    """Each condition narrows what is listed and what is summed alike, within the shop."""
    await stored.write(_enter_varied)
    found = await stored.read(lambda c: cases.page(c, "demo", wanted, None, 50))
    total = await stored.read(lambda c: cases.sums(c, "demo", wanted))
    assert "".join(item.id for item in found.items) == ids
    assert total.count == len(ids)


async def test_sums_count_states_and_add_fees(stored: Database) -> None:
    """Counts by state and the fees in fen, of this shop alone."""
    await stored.write(_enter_varied)
    total = await stored.read(lambda c: cases.sums(c, "demo", Filter()))
    assert total.by_state == {State.SUCCEEDED: 2, State.FAILED: 1, State.PENDING: 1}
    assert total.fee_fen == 400


async def test_several_come_in_the_order_asked_for(stored: Database) -> None:
    """Interceptions come in the order of the ids; an id that does not exist is left out."""
    await stored.write(_enter_varied)
    found = await stored.read(lambda c: cases.several(c, ["d", "nobody", "a", "c"]))
    assert [one.id for one in found] == ["d", "a", "c"]


async def test_the_timeline_keeps_its_order(stored: Database) -> None:
    """Events of a case come oldest first, also those of the same instant, with who and what."""

    def write(connection: Connection) -> None:
        for kind in ("asked", "sent", "answered"):
            cases.write_event(connection, "a", AT, kind, {"call": 1}, by="小李" if kind == "asked" else None)
        cases.write_event(connection, "b", AT, "asked", {})

    await stored.write(write)
    events = await stored.read(lambda c: cases.events_of(c, "a"))
    assert [(event.kind, event.by) for event in events] == [("asked", "小李"), ("sent", None), ("answered", None)]
    assert events[1].facts == {"call": 1}
    assert events[1].at == AT
