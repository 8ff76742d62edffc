"""The ledger's own constraints."""

from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from bot.store.database import Database
from bot.store.fees import fees
from tests.store.conftest import AT, enter_case


def enter(connection: Connection, entry_id: str, **fields: Any) -> None:
    """Puts an entry of case `a` into the ledger."""
    row = {
        "id": entry_id,
        "shop_id": "demo",
        "interception_id": "a",
        "tracking_number": "a",
        "carrier": "zto",
        "kind": "charge",
        "amount_fen": 400,
        "settled_by": "carrier",
        "at": AT,
    }
    connection.execute(fees.insert(), row | fields)


async def test_an_interception_is_charged_once(stored: Database) -> None:
    """A second charge of the same interception is refused by the database itself; corrections are not (F2, F3)."""
    await stored.write(lambda c: enter_case(c, "a"))
    await stored.write(lambda c: enter(c, "f1"))
    with pytest.raises(IntegrityError):
        await stored.write(lambda c: enter(c, "f2"))
    await stored.write(lambda c: enter(c, "f3", kind="correction", amount_fen=-400))
    await stored.write(lambda c: enter(c, "f4", kind="correction", amount_fen=100))


async def test_a_fee_belongs_to_an_interception(stored: Database) -> None:
    """No entry without its case."""
    with pytest.raises(IntegrityError):
        await stored.write(lambda c: enter(c, "f1"))
