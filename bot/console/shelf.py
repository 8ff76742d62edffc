"""Reads what the list of the workbench is made of: after-sales that are open, under way, or settled today.

A few bounded queries for a whole shop; what the rules say of a parcel is asked elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, func, or_, select

from bot.domain.case import BLOCKING, State, WayHome
from bot.domain.interception import Interception
from bot.store.after_sales import after_sales, parcels, trace_events
from bot.store.cases import cases, snapshot

MOST_OF_A_KIND = 400
CHUNK = 400

_UNDER_WAY = or_(
    cases.c.state.in_([State.PENDING.value, State.UNKNOWN.value]),
    and_(
        cases.c.state == State.SUCCEEDED.value,
        or_(cases.c.way_home.is_(None), cases.c.way_home != WayHome.RETURNED.value),
    ),
)


@dataclass(frozen=True, slots=True)
class Box:
    """A parcel of an after-sale with its newest interception and the newest line of its trace."""

    tracking_number: str
    carrier: str
    case: Interception | None
    trace: str

    @property
    def blocked(self) -> bool:
        """R10: it has an interception that is pending, unknown or has succeeded."""
        return self.case is not None and self.case.state in BLOCKING


@dataclass(frozen=True, slots=True)
class Sheet:
    """An after-sale as the list needs it; `moved_at` is when anything about it last changed."""

    after_sale_id: str
    version: int
    type: str
    open: bool
    buyer: str | None
    applied_at: datetime
    deadline: datetime | None
    boxes: tuple[Box, ...]

    @property
    def moved_at(self) -> datetime:
        """The newest of its application and its interceptions."""
        told = [box.case.settled_at or box.case.created_at for box in self.boxes if box.case is not None]
        return max([self.applied_at, *told])


def wanted(connection: Connection, shop_id: str, today: datetime) -> list[str]:
    """The after-sales that the list may show: open refunds by deadline, what is under way, what moved since `today`."""
    mine = after_sales.c.shop_id == shop_id
    queries = [
        select(cases.c.after_sale_id).where(cases.c.shop_id == shop_id, _UNDER_WAY).order_by(cases.c.seq.desc()),
        select(after_sales.c.after_sale_id)
        .where(mine, after_sales.c.status == "open", after_sales.c.type == "refund_only")
        .order_by(after_sales.c.deadline.is_(None), after_sales.c.deadline),
        select(cases.c.after_sale_id)
        .where(cases.c.shop_id == shop_id, or_(cases.c.created_at >= today, cases.c.settled_at >= today))
        .order_by(cases.c.seq.desc()),
        select(after_sales.c.after_sale_id)
        .where(mine, after_sales.c.applied_at >= today)
        .order_by(after_sales.c.applied_at.desc()),
    ]
    found: dict[str, None] = {}
    for query in queries:
        found.update(dict.fromkeys(connection.execute(query.limit(MOST_OF_A_KIND)).scalars()))
    return list(found)


def matching(connection: Connection, shop_id: str, text: str, limit: int = 200) -> list[str]:
    """After-sales of a buyer, or whose number, order or parcel ends in what was typed."""
    mine = after_sales.c.shop_id == shop_id
    tail = f"%{_plain(text)}"
    numbers = select(after_sales.c.after_sale_id).where(
        mine,
        or_(
            after_sales.c.after_sale_id.like(tail, escape="\\"),
            after_sales.c.order_id.like(tail, escape="\\"),
            after_sales.c.buyer.like(f"%{_plain(text)}%", escape="\\"),
        ),
    )
    boxes = select(parcels.c.after_sale_id).where(
        parcels.c.shop_id == shop_id, parcels.c.tracking_number.like(tail.upper(), escape="\\")
    )
    found: dict[str, None] = {}
    for query in (numbers.order_by(after_sales.c.applied_at.desc()), boxes):
        found.update(dict.fromkeys(connection.execute(query.limit(limit)).scalars()))
    return list(found)[:limit]


def sheets(connection: Connection, shop_id: str, ids: Sequence[str]) -> list[Sheet]:
    """Those after-sales with their parcels; ids that the shop does not have are left out."""
    found: list[Sheet] = []
    for at in range(0, len(ids), CHUNK):
        part = ids[at : at + CHUNK]
        rows = connection.execute(
            select(after_sales).where(after_sales.c.shop_id == shop_id, after_sales.c.after_sale_id.in_(part))
        ).all()
        boxes = _boxes(connection, shop_id, part)
        found.extend(_sheet(row, boxes.get(row.after_sale_id, ())) for row in rows)
    return found


def _sheet(row: Row[Any], boxes: Sequence[Box]) -> Sheet:
    return Sheet(
        after_sale_id=row.after_sale_id,
        version=row.version,
        type=row.type,
        open=row.status == "open",
        buyer=row.buyer,
        applied_at=row.applied_at,
        deadline=row.deadline,
        boxes=tuple(boxes),
    )


def _boxes(connection: Connection, shop_id: str, ids: Sequence[str]) -> Mapping[str, list[Box]]:
    rows = connection.execute(
        select(parcels.c.after_sale_id, parcels.c.tracking_number, parcels.c.carrier)
        .where(parcels.c.shop_id == shop_id, parcels.c.after_sale_id.in_(ids))
        .order_by(parcels.c.position)
    ).all()
    numbers = {row.tracking_number for row in rows}
    latest = _latest_cases(connection, shop_id, ids)
    traces = latest_lines(connection, shop_id, numbers)
    found: dict[str, list[Box]] = {}
    for row in rows:
        key = (row.after_sale_id, row.tracking_number)
        box = Box(row.tracking_number, row.carrier, latest.get(key), traces.get(row.tracking_number, ""))
        found.setdefault(row.after_sale_id, []).append(box)
    return found


def _latest_cases(connection: Connection, shop_id: str, ids: Sequence[str]) -> Mapping[tuple[str, str], Interception]:
    """The newest interception of each parcel, but one that blocks goes before a refused repeat of it."""
    query = select(cases).where(cases.c.shop_id == shop_id, cases.c.after_sale_id.in_(ids)).order_by(cases.c.seq)
    newest: dict[tuple[str, str], Interception] = {}
    for row in connection.execute(query):
        key = (row.after_sale_id, row.tracking_number)
        if key in newest and newest[key].state in BLOCKING and row.state == State.REFUSED.value:
            continue
        newest[key] = snapshot(row)
    return newest


def latest_lines(connection: Connection, shop_id: str, numbers: Iterable[str]) -> Mapping[str, str]:
    """The newest line of each parcel's trace."""
    wanted_ones = list(numbers)
    if not wanted_ones:
        return {}
    newest = (
        select(trace_events.c.tracking_number, func.max(trace_events.c.at).label("at"))
        .where(trace_events.c.shop_id == shop_id, trace_events.c.tracking_number.in_(wanted_ones))
        .group_by(trace_events.c.tracking_number)
        .subquery()
    )
    query = (
        select(trace_events.c.tracking_number, trace_events.c.text)
        .join(
            newest,
            and_(newest.c.tracking_number == trace_events.c.tracking_number, newest.c.at == trace_events.c.at),
        )
        .where(trace_events.c.shop_id == shop_id)
        .order_by(trace_events.c.seq)
    )
    return {row.tracking_number: row.text for row in connection.execute(query)}


def _plain(text: str) -> str:
    """What was typed, with the signs that LIKE reads taken literally."""
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
