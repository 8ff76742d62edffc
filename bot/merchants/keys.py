"""API keys: one belongs to one shop, has scopes, and is shown once (contract, `apikey`).

A key is 256 random bits, so its plain SHA-256 is all that is stored, and looking it up needs no slow hash.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, select

from bot.domain.people import Asker, Origin, Scope
from bot.merchants.shops import require
from bot.store.database import Database
from bot.store.people import api_keys

_PREFIX = "ibk_"
"""So that a key that got somewhere by mistake is found by those who look for such."""


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A key without its secret."""

    id: str
    shop_id: str
    name: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None


def create(connection: Connection, shop_id: str, scopes: Iterable[Scope], name: str, at: datetime) -> tuple[str, str]:
    """Makes a key and returns its id and the key itself, which nobody can read again. Raises `UnknownShop`."""
    require(connection, shop_id)
    wanted = sorted(set(scopes))
    if not wanted:
        raise ValueError("a key without a scope may do nothing")
    key_id, key = f"key-{secrets.token_hex(6)}", _PREFIX + secrets.token_urlsafe(32)
    connection.execute(
        api_keys.insert(),
        {
            "id": key_id,
            "shop_id": shop_id,
            "name": name or key_id,
            "key_hash": _hash(key),
            "scopes": " ".join(wanted),
            "created_at": at,
        },
    )
    return key_id, key


def list_all(connection: Connection, shop_id: str | None = None) -> list[ApiKey]:
    """All keys, or those of one shop, oldest first; the revoked ones too."""
    wanted = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
    if shop_id is not None:
        wanted = wanted.where(api_keys.c.shop_id == shop_id)
    return [
        ApiKey(row.id, row.shop_id, row.name, _scopes(row.scopes), row.created_at, row.revoked_at)
        for row in connection.execute(wanted)
    ]


def revoke(connection: Connection, key_id: str, at: datetime) -> bool:
    """Ends a key at once and for good; False when there is none of that id, or it was revoked before."""
    ended = connection.execute(
        api_keys.update().where(api_keys.c.id == key_id, api_keys.c.revoked_at.is_(None)).values(revoked_at=at)
    )
    return ended.rowcount == 1


class Keys:
    """Whose key it is. Each question reads the table, so that a key made or revoked beside the bot counts at once."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def asker(self, key: str) -> Asker | None:
        """Whoever may ask with this key; None when there is no such key, or it was revoked."""
        return await self._database.read(lambda c: _asker(c, key))


def _asker(connection: Connection, key: str) -> Asker | None:
    row = connection.execute(
        select(api_keys).where(api_keys.c.key_hash == _hash(key), api_keys.c.revoked_at.is_(None))
    ).first()
    if row is None:
        return None
    return Asker(shop_id=row.shop_id, origin=Origin.API, name=row.name, key_id=row.id, scopes=_scopes(row.scopes))


def _scopes(text: str) -> frozenset[Scope]:
    known = {scope.value for scope in Scope}
    return frozenset(Scope(word) for word in text.split() if word in known)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "replace")).digest()
