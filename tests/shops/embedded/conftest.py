"""A shop to import into, and documents as a merchant's system sends them."""

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection

from bot.shops.embedded.intake import EmbeddedIntake
from bot.store.database import Database
from bot.store.shops import shops

AT = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)

EXAMPLE: dict[str, Any] = {
    "after_sale_id": "7300000000000000001",
    "order_id": "6900000000000000001",
    "type": "refund_only",
    "status": "open",
    "in_arbitration": False,
    "applied_at": "2026-11-24T09:00:00+08:00",
    "deadline": "2026-11-26T09:00:00+08:00",
    "refund_fen": 12900,
    "reason": "不想要了",
    "buyer": "买***",
    "parcels": [
        {
            "tracking_number": "75400000000001",
            "carrier": "zto",
            "shipped_at": "2026-11-23T18:00:00+08:00",
            "value_fen": 12900,
            "items": [
                {
                    "name": "棉质短袖",
                    "spec": "白 L",
                    "category": "apparel",
                    "quantity": 1,
                    "price_fen": 12900,
                    "order_id": "6900000000000000001",
                }
            ],
            "trace": [{"at": "2026-11-23T20:10:00+08:00", "text": "【杭州转运中心】已发出", "place": "杭州"}],
        }
    ],
}


def document(**over: Any) -> dict[str, Any]:
    """The contract's example with some of its fields changed."""
    return copy.deepcopy(EXAMPLE) | over


def parcel(number: str = "75400000000001", **over: Any) -> dict[str, Any]:
    """The example's parcel under another number, with some of its fields changed."""
    changed: dict[str, Any] = copy.deepcopy(EXAMPLE["parcels"][0]) | {"tracking_number": number} | over
    return changed


class Heard(list[tuple[str, str]]):
    """What `on_trace` was told, in its order."""

    def __call__(self, connection: Connection, shop_id: str, tracking_number: str) -> None:
        """Notes it."""
        self.append((shop_id, tracking_number))


@pytest.fixture
def heard() -> Heard:
    """The parcels whose new trace events were handed on."""
    return Heard()


def add_shops(connection: Connection) -> None:
    """Two shops."""
    for shop_id in ("demo", "other"):
        connection.execute(shops.insert(), {"id": shop_id, "name": shop_id, "created_at": AT})


@pytest.fixture
async def intake(database: Database, heard: Heard) -> EmbeddedIntake:
    """The intake of an SQLite database with the two shops."""
    await database.write(add_shops)
    return EmbeddedIntake(database, heard)


@pytest.fixture
async def any_intake(any_database: Database, heard: Heard) -> EmbeddedIntake:
    """The intake of each kind of database with the two shops."""
    await any_database.write(add_shops)
    return EmbeddedIntake(any_database, heard)
