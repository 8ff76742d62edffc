"""Interceptions: the case row that is the engine, and its append-only history (`engine.md`, ruling 8)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Connection,
    ForeignKey,
    Index,
    Integer,
    Row,
    String,
    Table,
    Text,
    and_,
    bindparam,
    func,
    or_,
    select,
    text,
)

from bot.domain.case import Phase, SettledBy, State, WayHome
from bot.domain.interception import Interception
from bot.domain.people import Origin
from bot.domain.reason import Reason, ReasonCode
from bot.store.prepared import Prepared
from bot.store.schema import Moment, Serial, from_micros, metadata, to_micros

BLOCKS = "state IN ('pending', 'unknown', 'succeeded')"
TO_CALL = "phase IN ('queued', 'calling')"
TO_LOOK = "phase IN ('watching', 'unclear', 'ended') AND next_at IS NOT NULL"

cases = Table(
    "cases",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("id", String(40), nullable=False, unique=True),
    Column("shop_id", String(64), ForeignKey("shops.id"), nullable=False),
    Column("after_sale_id", String(64), nullable=False),
    Column("tracking_number", String(64), nullable=False),
    Column("carrier", String(32), nullable=False),
    Column("route", String(32), nullable=False),
    Column("state", String(16), nullable=False),
    Column("phase", String(16), nullable=False),
    Column("ver", Integer, nullable=False, default=1),
    Column("call_no", Integer, nullable=False, default=0),
    Column("called_at", Moment),
    Column("doubted_call", Integer, nullable=False, default=0),
    Column("last_sent_at", Moment),
    Column("readings", Integer, nullable=False, default=0),
    Column("polls", Integer, nullable=False, default=0),
    Column("next_at", Moment),
    Column("watch_until", Moment),
    Column("looks_since", Moment),
    Column("origin", String(16), nullable=False),
    Column("asked_by", String(100), nullable=False),
    Column("asker_id", String(40), nullable=False),
    Column("click", String(100)),
    Column("quoted_fen", BigInteger, nullable=False),
    Column("fee_fen", BigInteger, nullable=False, default=0),
    Column("settled_by", String(16)),
    Column("carrier_reference", String(100)),
    Column("carrier_code", String(64)),
    Column("carrier_text", Text),
    Column("reasons", JSON, nullable=False),
    Column("way_home", String(16)),
    Column("adopted", Boolean, nullable=False, default=False),
    Column("ground", String(16)),
    Column("doubt_by", String(16), nullable=False, default=""),
    Column("route_can_cancel", Boolean, nullable=False, default=False),
    Column("alarm", String(300)),
    Column("rules_version", String(32), nullable=False),
    Column("checks", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("settled_at", Moment),
    CheckConstraint(
        "(state = 'pending' AND phase IN ('queued', 'calling', 'watching'))"
        " OR (state = 'unknown' AND phase IN ('calling', 'unclear'))"
        " OR (state IN ('refused', 'succeeded', 'failed', 'cancelled') AND phase = 'ended')",
        name="state_phase",
    ),
    CheckConstraint("fee_fen = 0 OR state = 'succeeded'", name="fee_only_on_success"),
    Index(
        "uq_cases_blocking",
        "carrier",
        "tracking_number",
        unique=True,
        sqlite_where=text(BLOCKS),
    ),
    Index(
        "uq_cases_click",
        "click",
        "tracking_number",
        unique=True,
        sqlite_where=text("click IS NOT NULL"),
    ),
    Index("ix_cases_calls_due", "next_at", sqlite_where=text(TO_CALL)),
    Index("ix_cases_looks_due", "route", "next_at", sqlite_where=text(TO_LOOK)),
    Index(None, "shop_id", "created_at"),
    Index(None, "shop_id", "after_sale_id"),
    Index(None, "shop_id", "tracking_number"),
)
"""`doubted_call` is the latest call that is known to have ended without an answer: above 0 an earlier call may have
made an order, and the case never goes back to *queued*; below `call_no` while *calling*, a call is in flight.
`last_sent_at` is when the latest call that may have left was marked. `readings` counts, on read routes, the readings
since then that show nothing. `looks_since` is when the present row of waiting steps began. `click` names the card
action that asked."""

case_events = Table(
    "case_events",
    metadata,
    Column("seq", Serial, primary_key=True, autoincrement=True),
    Column("case_id", String(40), nullable=False),
    Column("at", Moment, nullable=False),
    Column("kind", String(24), nullable=False),
    Column("by", String(100)),
    Column("facts", JSON, nullable=False),
    Index(None, "case_id", "seq"),
)
"""The record's timeline. Kinds: `asked`, `refused`, `sent`, `answered`, `doubt`, `reading`, `never_left`, `settled`,
`fee`, `trace`, `way_home`, `cancel_asked`, `cards`, `note`."""

idempotency = Table(
    "idempotency",
    metadata,
    Column("shop_id", String(64), primary_key=True),
    Column("key", String(255), primary_key=True),
    Column("body_digest", String(64), nullable=False),
    Column("case_ids", JSON, nullable=False),
    Column("created_at", Moment, nullable=False),
)
"""Kept as long as the records (contract, `Idempotency-Key`)."""


@dataclass(frozen=True, slots=True)
class CaseEvent:
    """One line of a record's timeline."""

    at: datetime
    kind: str
    by: str | None
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which records are wanted; what is None or empty does not narrow. `since` inclusive, `until` exclusive.

    `tail` is what a tracking number, an after-sale or its order ends in: people type the last four digits.
    """

    tracking_number: str | None = None
    after_sale_id: str | None = None
    states: tuple[State, ...] = ()
    way_home: WayHome | None = None
    carrier: str | None = None
    asker_id: str | None = None
    origin: Origin | None = None
    tail: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class Page:
    """Some records, and the cursor of the next page, None at the end."""

    items: list[Interception]
    next: str | None


@dataclass(frozen=True, slots=True)
class Sums:
    """Over a whole filtered set: how many in each state, and the fees charged, in fen."""

    by_state: Mapping[State, int]
    fee_fen: int

    @property
    def count(self) -> int:
        """All records of the set."""
        return sum(self.by_state.values())


def write_event(
    connection: Connection, case_id: str, at: datetime, kind: str, facts: Mapping[str, Any], by: str | None = None
) -> None:
    """Adds a line to the timeline; lines are never changed."""
    write_events(connection, case_id, [CaseEvent(at, kind, by, facts)])


def write_events(connection: Connection, case_id: str, lines: Sequence[CaseEvent]) -> None:
    """Adds several lines, in that order."""
    rows = [
        {"case_id": case_id, "at": line.at, "kind": line.kind, "by": line.by, "facts": dict(line.facts)}
        for line in lines
    ]
    _EVENT.run_each(connection, rows)


def events_of(connection: Connection, case_id: str) -> list[CaseEvent]:
    """The timeline, oldest first."""
    wanted = select(case_events).where(case_events.c.case_id == case_id).order_by(case_events.c.seq)
    return [CaseEvent(row.at, row.kind, row.by, row.facts) for row in connection.execute(wanted)]


def row_of(connection: Connection, case_id: str) -> Row[Any] | None:
    """The raw row, for moves."""
    return _BY_ID.first(connection, {"id": case_id})


def get(connection: Connection, case_id: str) -> Interception | None:
    """The interception of that id."""
    row = row_of(connection, case_id)
    return None if row is None else snapshot(row)


def several(connection: Connection, case_ids: Sequence[str]) -> list[Interception]:
    """Those interceptions, in the order of the ids."""
    rows = connection.execute(select(cases).where(cases.c.id.in_(case_ids)))
    found = {row.id: snapshot(row) for row in rows}
    return [found[case_id] for case_id in case_ids if case_id in found]


def blocking(connection: Connection, carrier: str, tracking_number: str) -> Interception | None:
    """The one interception that forbids another of this parcel (R10), of whichever shop."""
    row = _BLOCKING.first(connection, {"carrier": carrier, "number": tracking_number})
    return None if row is None else snapshot(row)


def of_after_sale(connection: Connection, shop_id: str, after_sale_id: str) -> list[Interception]:
    """All records of one after-sale, oldest first."""
    wanted = select(cases).where(cases.c.shop_id == shop_id, cases.c.after_sale_id == after_sale_id)
    return [snapshot(row) for row in connection.execute(wanted.order_by(cases.c.seq))]


def of_click(connection: Connection, shop_id: str, click: str) -> list[Interception]:
    """The shop's interceptions that this card action has led to, oldest first."""
    wanted = select(cases).where(cases.c.click == click, cases.c.shop_id == shop_id)
    return [snapshot(row) for row in connection.execute(wanted.order_by(cases.c.seq))]


def page(connection: Connection, shop_id: str, wanted: Filter, cursor: str | None, limit: int) -> Page:
    """One page of the shop's records; raises `ValueError` for a cursor that is none of ours."""
    query = select(cases).where(*_conditions(shop_id, wanted))
    place = None if cursor is None else _place(cursor)
    if wanted.newest_first:
        query = query.order_by(cases.c.created_at.desc(), cases.c.seq.desc())
        if place is not None:
            at, seq = place
            query = query.where(or_(cases.c.created_at < at, and_(cases.c.created_at == at, cases.c.seq < seq)))
    else:
        query = query.order_by(cases.c.created_at, cases.c.seq)
        if place is not None:
            at, seq = place
            query = query.where(or_(cases.c.created_at > at, and_(cases.c.created_at == at, cases.c.seq > seq)))
    rows = connection.execute(query.limit(limit + 1)).all()
    more = len(rows) > limit
    last = rows[limit - 1] if more else None
    return Page(
        [snapshot(row) for row in rows[:limit]],
        None if last is None else f"{to_micros(last.created_at)}-{last.seq}",
    )


def sums(connection: Connection, shop_id: str, wanted: Filter) -> Sums:
    """Counts and fees over the whole filtered set."""
    query = select(cases.c.state, func.count(), func.coalesce(func.sum(cases.c.fee_fen), 0))
    rows = connection.execute(query.where(*_conditions(shop_id, wanted)).group_by(cases.c.state)).all()
    return Sums({State(state): count for state, count, _ in rows}, sum(int(fee) for _, _, fee in rows))


def snapshot(row: Row[Any]) -> Interception:
    """A row as everybody else sees it."""
    state, phase = State(row.state), Phase(row.phase)
    return Interception(
        id=row.id,
        number=row.seq,
        version=row.ver,
        shop_id=row.shop_id,
        after_sale_id=row.after_sale_id,
        tracking_number=row.tracking_number,
        carrier=row.carrier,
        route=row.route,
        state=state,
        phase=phase,
        origin=Origin(row.origin),
        asked_by=row.asked_by,
        created_at=row.created_at,
        quoted_fen=row.quoted_fen,
        fee_fen=row.fee_fen,
        reasons=tuple(read_reason(document) for document in row.reasons),
        settled_by=SettledBy(row.settled_by) if row.settled_by else None,
        carrier_reference=row.carrier_reference,
        carrier_code=row.carrier_code,
        carrier_text=row.carrier_text,
        way_home=WayHome(row.way_home) if row.way_home else None,
        adopted=row.adopted,
        ground=row.ground,
        doubt_by=row.doubt_by,
        phase_since=row.looks_since,
        rules_version=row.rules_version,
        called_at=row.called_at,
        settled_at=row.settled_at,
        next_at=row.next_at,
        watch_until=row.watch_until,
        polls=row.polls,
        can_cancel=state is State.PENDING and (phase is Phase.QUEUED or row.route_can_cancel),
    )


def reason_document(reason: Reason) -> dict[str, Any]:
    """A reason as it is stored."""
    document: dict[str, Any] = {"code": reason.code.value, "facts": dict(reason.facts)}
    if reason.carrier_code is not None:
        document["carrier_code"] = reason.carrier_code
    if reason.carrier_text is not None:
        document["carrier_text"] = reason.carrier_text
    return document


def read_reason(document: Mapping[str, Any]) -> Reason:
    """A stored reason."""
    return Reason(
        ReasonCode(document["code"]),
        document.get("facts", {}),
        document.get("carrier_code"),
        document.get("carrier_text"),
    )


def _conditions(shop_id: str, wanted: Filter) -> list[ColumnElement[bool]]:
    exact = {
        cases.c.tracking_number: wanted.tracking_number,
        cases.c.after_sale_id: wanted.after_sale_id,
        cases.c.carrier: wanted.carrier,
        cases.c.asker_id: wanted.asker_id,
        cases.c.way_home: wanted.way_home.value if wanted.way_home else None,
        cases.c.origin: wanted.origin.value if wanted.origin else None,
    }
    conditions: list[ColumnElement[bool]] = [cases.c.shop_id == shop_id]
    conditions += [column == value for column, value in exact.items() if value is not None]
    if wanted.states:
        conditions.append(cases.c.state.in_([state.value for state in wanted.states]))
    if wanted.tail:
        conditions.append(_ends_in(shop_id, wanted.tail))
    if wanted.since is not None:
        conditions.append(cases.c.created_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(cases.c.created_at < wanted.until)
    return conditions


def _ends_in(shop_id: str, tail: str) -> ColumnElement[bool]:
    """Whose tracking number, after-sale or order ends in that."""
    after_sales = metadata.tables["after_sales"]
    of_order = select(after_sales.c.after_sale_id).where(
        after_sales.c.shop_id == shop_id, after_sales.c.order_id.endswith(tail, autoescape=True)
    )
    return or_(
        cases.c.tracking_number.endswith(tail, autoescape=True),
        cases.c.after_sale_id.endswith(tail, autoescape=True),
        cases.c.after_sale_id.in_(of_order),
    )


def _place(cursor: str) -> tuple[datetime, int]:
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError("no cursor of ours")
    return from_micros(int(found[1])), int(found[2])


_CURSOR = re.compile(r"([0-9]{1,16})-([0-9]{1,18})")
"""Microseconds and number, within what a moment and the database can hold."""


_BY_ID = Prepared(select(cases).where(cases.c.id == bindparam("id")))
_BLOCKING = Prepared(
    select(cases).where(
        cases.c.carrier == bindparam("carrier"), cases.c.tracking_number == bindparam("number"), text(BLOCKS)
    )
)
_EVENT = Prepared(case_events.insert(), ("case_id", "at", "kind", "by", "facts"))
