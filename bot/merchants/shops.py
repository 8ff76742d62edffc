"""The shops themselves: what R1 and R2 ask about them.

Functions here and beside it take a connection and run inside the caller's transaction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from bot.store.shops import shops
from bot.store.sql import insert_new

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


class UnknownShop(LookupError):
    """There is no shop of that id."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A shop, but for its agreements (`agreements.signed`). `return_to`: where intercepted parcels come home."""

    shop_id: str
    name: str
    active: bool
    cross_border: bool
    return_to: str | None


def create(
    connection: Connection,
    shop_id: str,
    name: str,
    at: datetime,
    *,
    active: bool = True,
    cross_border: bool = False,
    return_to: str | None = None,
) -> bool:
    """Enters a shop; False, and nothing changed, when it is there already. `ValueError` for an id of another form."""
    if _ID.fullmatch(shop_id) is None:
        raise ValueError(f"{shop_id!r}: a shop's id is up to 64 letters, digits, hyphens and underscores")
    row = {
        "id": shop_id,
        "name": name,
        "active": active,
        "cross_border": cross_border,
        "return_to": return_to,
        "created_at": at,
    }
    return insert_new(connection, shops, row)


def facts(connection: Connection, shop_id: str) -> Shop | None:
    """The shop as the rules see it, or None."""
    row = connection.execute(select(shops).where(shops.c.id == shop_id)).first()
    return None if row is None else _shop(row)


def list_all(connection: Connection) -> list[Shop]:
    """All shops, in the order of their ids."""
    return [_shop(row) for row in connection.execute(select(shops).order_by(shops.c.id))]


def require(connection: Connection, shop_id: str) -> None:
    """Raises `UnknownShop` when there is no such shop."""
    if connection.execute(select(shops.c.id).where(shops.c.id == shop_id)).first() is None:
        raise UnknownShop(shop_id)


def change(
    connection: Connection,
    shop_id: str,
    *,
    active: bool | None = None,
    cross_border: bool | None = None,
    return_to: str | None = None,
) -> None:
    """What a platform's news say of the shop; None leaves a field as it is."""
    given = {"active": active, "cross_border": cross_border, "return_to": return_to}
    values = {name: value for name, value in given.items() if value is not None}
    if values:
        connection.execute(shops.update().where(shops.c.id == shop_id).values(**values))


def _shop(row: Row[Any]) -> Shop:
    return Shop(
        shop_id=row.id,
        name=row.name,
        active=row.active,
        cross_border=row.cross_border,
        return_to=row.return_to,
    )
