"""The ledger of fees. A charge is written in the transaction that makes the success, and can be one only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, func, or_, select

from bot.domain.case import SettledBy
from bot.store.fees import fees
from bot.store.schema import from_micros, to_micros
from bot.store.sql import insert_new


@dataclass(frozen=True, slots=True)
class Charge:
    """What is charged for one interception, in fen."""

    shop_id: str
    interception_id: str
    tracking_number: str
    carrier: str
    amount_fen: int
    settled_by: SettledBy
    at: datetime


@dataclass(frozen=True, slots=True)
class FeeEntry:
    """One line of the ledger; a correction may be negative."""

    id: str
    interception_id: str
    tracking_number: str
    carrier: str
    kind: str
    amount_fen: int
    settled_by: SettledBy
    at: datetime


def charge(connection: Connection, due: Charge) -> bool:
    """Writes the charge; its id is derived from its interception, so that a second one is impossible (promise 1)."""
    return insert_new(
        connection,
        fees,
        {
            "id": f"fee-{due.interception_id}",
            "shop_id": due.shop_id,
            "interception_id": due.interception_id,
            "tracking_number": due.tracking_number,
            "carrier": due.carrier,
            "kind": "charge",
            "amount_fen": due.amount_fen,
            "settled_by": due.settled_by.value,
            "at": due.at,
        },
    )


def entries(
    connection: Connection,
    shop_id: str,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    carrier: str | None = None,
    after: tuple[datetime, int] | None = None,
    limit: int = 200,
) -> tuple[list[FeeEntry], tuple[datetime, int] | None]:
    """The shop's entries, oldest first, from `since` (inclusive) to `until` (exclusive); and where the next page is."""
    wanted = select(fees).where(fees.c.shop_id == shop_id)
    if since is not None:
        wanted = wanted.where(fees.c.at >= since)
    if until is not None:
        wanted = wanted.where(fees.c.at < until)
    if carrier is not None:
        wanted = wanted.where(fees.c.carrier == carrier)
    if after is not None:
        at, seq = after
        wanted = wanted.where(or_(fees.c.at > at, and_(fees.c.at == at, fees.c.seq > seq)))
    rows = connection.execute(wanted.order_by(fees.c.at, fees.c.seq).limit(limit + 1)).all()
    items = [
        FeeEntry(
            id=row.id,
            interception_id=row.interception_id,
            tracking_number=row.tracking_number,
            carrier=row.carrier,
            kind=row.kind,
            amount_fen=row.amount_fen,
            settled_by=SettledBy(row.settled_by),
            at=row.at,
        )
        for row in rows[:limit]
    ]
    more = len(rows) > limit
    return items, (rows[limit - 1].at, rows[limit - 1].seq) if more else None


def total(connection: Connection, shop_id: str, since: datetime, until: datetime) -> int:
    """What was charged in that time, corrections included, in fen."""
    wanted = select(func.coalesce(func.sum(fees.c.amount_fen), 0)).where(
        fees.c.shop_id == shop_id, fees.c.at >= since, fees.c.at < until
    )
    return int(connection.execute(wanted).scalar_one())


def cursor_text(place: tuple[datetime, int] | None) -> str | None:
    """A place in the list as opaque, URL-safe text."""
    return None if place is None else f"{to_micros(place[0])}-{place[1]}"


def cursor_place(cursor: str) -> tuple[datetime, int]:
    """The place that `cursor_text` wrote; raises `ValueError` for anything else."""
    found = _CURSOR.fullmatch(cursor)
    if found is None:
        raise ValueError("no cursor of ours")
    return from_micros(int(found[1])), int(found[2])


_CURSOR = re.compile(r"([0-9]{1,17})-([0-9]{1,18})")  # as many digits as a moment and a row number can have
