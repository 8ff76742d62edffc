"""From what was noted to what is shown: cards of their own, or one list of many; and the chats that are told."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Integer, bindparam, delete, literal, select, update

from bot.domain.after_sale import AfterSaleStatus
from bot.domain.case import State, WayHome
from bot.store.after_sales import after_sales, parcels
from bot.store.cards import outbox
from bot.store.cases import cases
from bot.store.chats import told_chats
from bot.store.prepared import Prepared
from bot.store.sql import insert_new
from bot.store.told import FRESH, LISTED, ONE, Place, told_after_sales


@dataclass(frozen=True, slots=True)
class Quiet:
    """When a chat is left in peace: minutes of the day in Beijing, `begin` inclusive, `end` exclusive."""

    begin: int
    end: int


@dataclass(frozen=True, slots=True)
class Chosen:
    """A chat that is told of the shop's new after-sales, by whose choice, since when."""

    place: Place
    by: str
    at: datetime
    quiet: Quiet | None = None


@dataclass(frozen=True, slots=True)
class ListedParcel:
    """A parcel of a listed after-sale, with its newest interception, if it has one. A refused ask is none."""

    carrier: str
    tracking_number: str
    state: State | None = None
    way_home: WayHome | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One after-sale of a list, as it is now."""

    after_sale_id: str
    is_open: bool
    version: int
    parcels: tuple[ListedParcel, ...]


def choose(connection: Connection, shop_id: str, place: Place, by: str, quiet: Quiet | None, at: datetime) -> bool:
    """From now on that chat is told of the shop's new after-sales; False when it was already, and only `quiet` is set
    anew.
    """
    hours = {"quiet_from": quiet.begin if quiet else None, "quiet_until": quiet.end if quiet else None}
    row = {"shop_id": shop_id, "channel": place.channel, "chat": place.chat, "lang": place.lang, "by_name": by}
    is_new = insert_new(connection, told_chats, {**row, "at": at, **hours})
    if is_new:
        _drop_waiting(connection, shop_id, place)  # noted by whoever had read that it was chosen, as it was left
    else:
        connection.execute(update(told_chats).where(_chosen(shop_id, place)).values(**hours))
    target = f"{FRESH}:{shop_id}"
    gathers = select(outbox.c.seq).where(_shown(shop_id, place), outbox.c.target == target)
    if connection.execute(gathers).first() is None:
        _add(connection, shop_id, place, target, None)
    return is_new


def leave(connection: Connection, shop_id: str, place: Place) -> bool:
    """The chat is told nothing more, and what waits for it is dropped; False when it was not told anyway. What it was
    told before goes on telling the truth.
    """
    told = connection.execute(delete(told_chats).where(_chosen(shop_id, place))).rowcount == 1
    # The row that gathers before the notes, in the order of whoever deals them out.
    connection.execute(delete(outbox).where(_shown(shop_id, place), outbox.c.target == f"{FRESH}:{shop_id}"))
    _drop_waiting(connection, shop_id, place)
    return told


def forget(connection: Connection, shop_id: str, place: Place) -> bool:
    """As `leave`; and what the chat was told before stays as it is shown: nobody of the shop reads there any more."""
    told = leave(connection, shop_id, place)
    pushed = outbox.c.target.startswith(f"{ONE}:", autoescape=True) | outbox.c.target.startswith(
        f"{LISTED}:", autoescape=True
    )
    connection.execute(delete(outbox).where(_shown(shop_id, place), pushed, outbox.c.asker_id.is_(None)))
    _FORGOTTEN.run(connection, {"shop": shop_id, "channel": place.channel, "chat": place.chat})
    return told


def places_told(connection: Connection, shop_id: str) -> dict[Place, str | None]:
    """Every chat that is told or was, and who chose it; None where it is not told any more."""
    noted = select(told_after_sales.c.channel, told_after_sales.c.chat).where(told_after_sales.c.shop_id == shop_id)
    before: dict[Place, str | None] = {
        Place(row.channel, row.chat): None for row in connection.execute(noted.distinct())
    }
    return before | {Place(one.place.channel, one.place.chat): one.by for one in chosen(connection, shop_id)}


def chosen(connection: Connection, shop_id: str) -> list[Chosen]:
    """Every chat that is told, the one chosen first first."""
    rows = connection.execute(
        select(told_chats).where(told_chats.c.shop_id == shop_id).order_by(told_chats.c.at, told_chats.c.chat)
    )
    return [
        Chosen(
            Place(row.channel, row.chat, row.lang),
            row.by_name,
            row.at,
            None if row.quiet_from is None else Quiet(row.quiet_from, row.quiet_until),
        )
        for row in rows
    ]


def quiet_of(connection: Connection, shop_id: str, channel: str, chat: str) -> Quiet | None:
    """When that chat is left in peace; None: never, or it is not told."""
    row = _QUIET.first(connection, {"shop": shop_id, "channel": channel, "chat": chat})
    return None if row is None or row.quiet_from is None else Quiet(row.quiet_from, row.quiet_until)


def waiting(connection: Connection, shop_id: str, place: Place, limit: int) -> list[str]:
    """What waits to be told in that chat, the oldest first. What was closed before anybody was told is forgotten."""
    values = {"shop": shop_id, "channel": place.channel, "chat": place.chat}
    _CLOSED.run(connection, values)
    return [row.after_sale_id for row in _WAITING.all(connection, {**values, "most": limit})]


def deal(connection: Connection, shop_id: str, place: Place, ids: Sequence[str], at: datetime, *, listed: bool) -> None:
    """Makes cards of what waited, due at once: one for each, or one list of all."""
    together = f"{LISTED}:{secrets.token_hex(12)}"
    for after_sale_id in ids:
        target = together if listed else f"{ONE}:{after_sale_id}"
        key = {"shop": shop_id, "channel": place.channel, "chat": place.chat, "id": after_sale_id}
        _DEALT.run(connection, {**key, "shown_by": target})
        if not listed:
            _add(connection, shop_id, place, target, at)
    if listed:
        _add(connection, shop_id, place, together, at)


def listed(connection: Connection, shop_id: str, target: str) -> list[Listed]:
    """The after-sales of a list, in the order in which they came, as they are now: three readings, however many."""
    values = {"shop": shop_id, "listed": target}
    newest = {(row.after_sale_id, row.tracking_number): row for row in _CASES.all(connection, values)}
    boxes: dict[str, list[ListedParcel]] = {}
    for row in _PARCELS.all(connection, values):
        found = ListedParcel(row.carrier, row.tracking_number)
        tried = newest.get((row.after_sale_id, row.tracking_number))
        if tried is not None:
            home = WayHome(tried.way_home) if tried.way_home else None
            found = ListedParcel(row.carrier, row.tracking_number, State(tried.state), home)
        boxes.setdefault(row.after_sale_id, []).append(found)
    return [
        Listed(
            row.after_sale_id,
            row.status == AfterSaleStatus.OPEN.value,
            row.version,
            tuple(boxes.get(row.after_sale_id, ())),
        )
        for row in _SALES.all(connection, values)
    ]


def has_result(connection: Connection, shop_id: str, channel: str, chat: str, after_sale_id: str) -> bool:
    """Whether that chat has a card of an interception of this after-sale, or will."""
    values = {"shop": shop_id, "channel": channel, "chat": chat, "id": after_sale_id}
    return _HAS_RESULT.first(connection, values) is not None


def _add(connection: Connection, shop_id: str, place: Place, target: str, due_at: datetime | None) -> None:
    """A row that answers nobody: whoever reads the chat sees it."""
    row = {"channel": place.channel, "chat": place.chat, "shop_id": shop_id, "target": target, "lang": place.lang}
    connection.execute(outbox.insert(), {**row, "version_shown": 0, "due_at": due_at, "tries": 0})


def _drop_waiting(connection: Connection, shop_id: str, place: Place) -> None:
    here = {"shop": shop_id, "channel": place.channel, "chat": place.chat}
    _DROPPED.run(connection, here)


def _chosen(shop_id: str, place: Place) -> ColumnElement[bool]:
    return (
        (told_chats.c.shop_id == shop_id) & (told_chats.c.channel == place.channel) & (told_chats.c.chat == place.chat)
    )


def _shown(shop_id: str, place: Place) -> ColumnElement[bool]:
    return (outbox.c.shop_id == shop_id) & (outbox.c.channel == place.channel) & (outbox.c.chat == place.chat)


_HERE = (
    told_after_sales.c.shop_id == bindparam("shop"),
    told_after_sales.c.channel == bindparam("channel"),
    told_after_sales.c.chat == bindparam("chat"),
)
_UNTOLD = (*_HERE, told_after_sales.c.target.is_(None))
_DROPPED = Prepared(delete(told_after_sales).where(*_UNTOLD))
_FORGOTTEN = Prepared(delete(told_after_sales).where(*_HERE))
_QUIET = Prepared(
    select(told_chats.c.quiet_from, told_chats.c.quiet_until).where(
        told_chats.c.shop_id == bindparam("shop"),
        told_chats.c.channel == bindparam("channel"),
        told_chats.c.chat == bindparam("chat"),
    )
)
_CLOSED = Prepared(
    delete(told_after_sales).where(
        *_UNTOLD,
        select(after_sales.c.status)
        .where(
            after_sales.c.shop_id == told_after_sales.c.shop_id,
            after_sales.c.after_sale_id == told_after_sales.c.after_sale_id,
        )
        .scalar_subquery()
        == AfterSaleStatus.CLOSED.value,
    )
)
_WAITING = Prepared(
    select(told_after_sales.c.after_sale_id)
    .where(*_UNTOLD)
    .order_by(told_after_sales.c.entered_at, told_after_sales.c.after_sale_id)
    .limit(bindparam("most", type_=Integer))
)
_DEALT = Prepared(
    update(told_after_sales)
    .where(*_HERE, told_after_sales.c.after_sale_id == bindparam("id"))
    .values(target=bindparam("shown_by"))
)
_ON_LIST = (told_after_sales.c.target == bindparam("listed"), told_after_sales.c.shop_id == bindparam("shop"))
_SALES = Prepared(
    select(after_sales.c.after_sale_id, after_sales.c.status, after_sales.c.version)
    .join(
        told_after_sales,
        (told_after_sales.c.shop_id == after_sales.c.shop_id)
        & (told_after_sales.c.after_sale_id == after_sales.c.after_sale_id),
    )
    .where(*_ON_LIST)
    .order_by(told_after_sales.c.entered_at, told_after_sales.c.after_sale_id)
)
_PARCELS = Prepared(
    select(parcels.c.after_sale_id, parcels.c.carrier, parcels.c.tracking_number)
    .join(
        told_after_sales,
        (told_after_sales.c.shop_id == parcels.c.shop_id)
        & (told_after_sales.c.after_sale_id == parcels.c.after_sale_id),
    )
    .where(*_ON_LIST)
    .order_by(parcels.c.after_sale_id, parcels.c.position)
)
_CASES = Prepared(
    select(cases.c.after_sale_id, cases.c.tracking_number, cases.c.state, cases.c.way_home)
    .join(
        told_after_sales,
        (told_after_sales.c.shop_id == cases.c.shop_id) & (told_after_sales.c.after_sale_id == cases.c.after_sale_id),
    )
    .where(*_ON_LIST, cases.c.state != State.REFUSED.value)
    .order_by(cases.c.seq)
)
_HAS_RESULT = Prepared(
    select(outbox.c.seq)
    .where(
        outbox.c.channel == bindparam("channel"),
        outbox.c.chat == bindparam("chat"),
        outbox.c.target.in_(
            select(literal("case:") + cases.c.id).where(
                cases.c.shop_id == bindparam("shop"), cases.c.after_sale_id == bindparam("id")
            )
        ),
    )
    .limit(1)
)
