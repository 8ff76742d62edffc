"""Two shops, and the rows that the tests of this room begin with."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.domain.after_sale import AfterSale, AfterSaleStatus, AfterSaleType
from bot.domain.parcel import Item, Parcel, TraceEvent
from bot.store.cases import cases
from bot.store.database import Database
from bot.store.shops import shops

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)
"""The moment from which the tests count."""


def minutes(count: float) -> datetime:
    """So many minutes after `AT`."""
    return AT + timedelta(minutes=count)


def enter_shops(connection: Connection) -> None:
    """The shops `demo` and `other`."""
    for shop_id in ("demo", "other"):
        row = {"id": shop_id, "name": shop_id, "active": True, "cross_border": False, "created_at": AT}
        connection.execute(shops.insert(), row)


@pytest.fixture
async def stored(any_database: Database) -> Database:
    """Both kinds of database, each with two shops."""
    await any_database.write(enter_shops)
    return any_database


def case_row(case_id: str, **fields: Any) -> dict[str, Any]:
    """A case that waits for its call; parcel and id are the same unless said otherwise."""
    row = {
        "id": case_id,
        "shop_id": "demo",
        "after_sale_id": "7001",
        "tracking_number": case_id,
        "carrier": "zto",
        "route": "zto",
        "state": "pending",
        "phase": "queued",
        "ver": 1,
        "call_no": 0,
        "doubted_call": 0,
        "readings": 0,
        "polls": 0,
        "next_at": AT,
        "origin": "agent",
        "asked_by": "小李",
        "asker_id": "p1",
        "quoted_fen": 400,
        "fee_fen": 0,
        "reasons": [],
        "adopted": False,
        "route_can_cancel": False,
        "rules_version": "2026-11",
        "checks": [],
        "created_at": AT,
    }
    return row | fields


def enter_case(connection: Connection, case_id: str, **fields: Any) -> None:
    """Puts such a case into the table, as nothing but a test would."""
    connection.execute(cases.insert(), case_row(case_id, **fields))


def parcel(number: str, *trace: TraceEvent, **fields: Any) -> Parcel:
    """A parcel with one mug in it."""
    items = (Item(name="杯子", category="日用", quantity=2, price_fen=1990, spec="蓝", order_id="6001"),)
    return Parcel(tracking_number=number, **({"carrier": "zto", "items": items, "trace": trace} | fields))


def after_sale(after_sale_id: str = "7001", *parcels: Parcel, **fields: Any) -> AfterSale:
    """A refund without return that was asked for at `AT`."""
    whole: dict[str, Any] = {
        "order_id": "6001",
        "type": AfterSaleType.REFUND_ONLY,
        "status": AfterSaleStatus.OPEN,
        "in_arbitration": False,
        "applied_at": AT,
        "deadline": minutes(60),
        "refund_fen": 3980,
        "reason": "不想要了",
        "buyer": "买家甲",
        "parcels": parcels,
    }
    return AfterSale(after_sale_id=after_sale_id, **(whole | fields))
