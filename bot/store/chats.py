"""Who somebody is on a chat platform, and which chats of a shop are told of new after-sales.

A binding is made once, by a short-lived code from the console: names on the platform prove nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Column, Connection, ForeignKey, Index, Integer, LargeBinary, String, Table, select

from bot.store.schema import Moment, metadata
from bot.store.sql import insert_new

CODE_HOLDS = timedelta(minutes=10)

chat_people = Table(
    "chat_people",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("tenant", String(128), primary_key=True),
    Column("user_id", String(128), primary_key=True),
    Column("person_id", String(40), ForeignKey("people.id"), nullable=False),
    Column("bound_at", Moment, nullable=False),
    Index(None, "person_id"),
)

binding_codes = Table(
    "binding_codes",
    metadata,
    Column("code_hash", LargeBinary(32), primary_key=True),
    Column("person_id", String(40), ForeignKey("people.id"), nullable=False),
    Column("expires_at", Moment, nullable=False),
    Column("used_at", Moment),
)

told_chats = Table(
    "told_chats",
    metadata,
    Column("shop_id", String(64), ForeignKey("shops.id"), primary_key=True),
    Column("channel", String(32), primary_key=True),
    Column("chat", String(200), primary_key=True),
    Column("lang", String(8), nullable=False, default="zh"),
    Column("by_name", String(100), nullable=False),
    Column("at", Moment, nullable=False),
    Column("quiet_from", Integer),
    Column("quiet_until", Integer),
)
"""Chats that a new refund-only after-sale is posted into (`store/telling.py`); quiet hours in minutes of the day."""


@dataclass(frozen=True, slots=True)
class Bound:
    """One chat account of a person."""

    channel: str
    tenant: str
    user_id: str
    bound_at: datetime


def new_code(connection: Connection, person_id: str, at: datetime) -> str:
    """A code of eight digits that binds one chat account to that person within ten minutes, once."""
    code = f"{secrets.randbelow(10**8):08d}"
    connection.execute(
        binding_codes.insert(),
        {"code_hash": _hash(code), "person_id": person_id, "expires_at": at + CODE_HOLDS},
    )
    return code


def bind(connection: Connection, channel: str, tenant: str, user_id: str, code: str, at: datetime) -> str | None:
    """Binds the account of whoever typed the code; the person's id, or None when the code is none that still holds.

    An account belongs to one person; bound anew, it is the other person's from then on. The code that it was bound by,
    delivered once more, is no wrong one.
    """
    used = connection.execute(
        binding_codes.update()
        .where(
            binding_codes.c.code_hash == _hash(code), binding_codes.c.used_at.is_(None), binding_codes.c.expires_at > at
        )
        .values(used_at=at)
        .returning(binding_codes.c.person_id)
    ).first()
    if used is None:
        wanted = select(binding_codes.c.person_id).where(
            binding_codes.c.code_hash == _hash(code), binding_codes.c.expires_at > at
        )
        whose = connection.execute(wanted).scalar()
        return whose if whose is not None and whose == person_of(connection, channel, tenant, user_id) else None
    key = {"channel": channel, "tenant": tenant, "user_id": user_id}
    if not insert_new(connection, chat_people, {**key, "person_id": used.person_id, "bound_at": at}):
        this = [chat_people.c[name] == value for name, value in key.items()]
        connection.execute(chat_people.update().where(*this).values(person_id=used.person_id, bound_at=at))
    return str(used.person_id)


def person_of(connection: Connection, channel: str, tenant: str, user_id: str) -> str | None:
    """Whose account it is; None where it was never bound, or a part of the identity is missing."""
    if not tenant or not user_id:
        return None
    wanted = select(chat_people.c.person_id).where(
        chat_people.c.channel == channel, chat_people.c.tenant == tenant, chat_people.c.user_id == user_id
    )
    return connection.execute(wanted).scalar()


def accounts_of(connection: Connection, person_id: str) -> list[Bound]:
    """The chat accounts of a person."""
    rows = connection.execute(select(chat_people).where(chat_people.c.person_id == person_id))
    return [Bound(row.channel, row.tenant, row.user_id, row.bound_at) for row in rows]


def is_on(connection: Connection, person_id: str, channel: str) -> bool:
    """Whether the person has an account on that chat platform."""
    wanted = select(chat_people.c.user_id).where(chat_people.c.person_id == person_id, chat_people.c.channel == channel)
    return connection.execute(wanted.limit(1)).first() is not None


def unbind(connection: Connection, person_id: str, channel: str, tenant: str, user_id: str) -> bool:
    """Takes a binding back."""
    this = [
        chat_people.c.channel == channel,
        chat_people.c.tenant == tenant,
        chat_people.c.user_id == user_id,
        chat_people.c.person_id == person_id,
    ]
    return connection.execute(chat_people.delete().where(*this)).rowcount == 1


def _hash(code: str) -> bytes:
    return hashlib.sha256(code.encode()).digest()
