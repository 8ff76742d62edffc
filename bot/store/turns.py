"""Whose turn it is to be sent: the pace of a chat and of a whole channel, shared by every process on the database.

Each pace is one row with the moment from which it is free. A message takes a turn, which moves that moment on; where
it lies ahead, the message waits for its own turn and for nobody else's. So a thousand that wait cost a thousand turns,
not a thousand looks each.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import BigInteger, Column, Connection, String, Table, bindparam, case, type_coerce, update

from bot.store.prepared import Prepared
from bot.store.schema import MICRO, Moment, from_micros, metadata, to_micros
from bot.store.sql import insert_new

chat_turns = Table(
    "chat_turns",
    metadata,
    Column("channel", String(32), primary_key=True),
    Column("chat", String(200), primary_key=True),
    Column("lane", String(16), primary_key=True),
    Column("free_at", Moment, nullable=False),
)
"""`chat` is empty for the whole channel's pace."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One pace: a turn each `step`, and up to `burst` of them at once after a rest."""

    channel: str
    chat: str
    name: str
    step: timedelta
    burst: int

    @property
    def ahead(self) -> timedelta:
        """So far the next free moment may lie ahead without anybody having to wait."""
        return self.step * max(self.burst - 1, 0)


def take(connection: Connection, lane: Lane, at: datetime) -> datetime:
    """Takes the next turn; when it is: `at` itself, or later."""
    row = {"channel": lane.channel, "chat": lane.chat, "lane": lane.name}
    values = {**row, "at": to_micros(at), "step": lane.step // MICRO}
    free = _TAKEN.value(connection, values)
    if free is None and insert_new(connection, chat_turns, {**row, "free_at": at + lane.step}):
        return at
    if free is None:
        free = _TAKEN.value(connection, values)
    return max(at, _moment(free) - lane.step - lane.ahead)


def hold(connection: Connection, lane: Lane, until: datetime) -> None:
    """The platform asked for peace until then: no turn before."""
    row = {"channel": lane.channel, "chat": lane.chat, "lane": lane.name}
    free_at = until + lane.ahead
    if not insert_new(connection, chat_turns, {**row, "free_at": free_at}):
        _HELD.run(connection, {**row, "until": to_micros(free_at)})


def _moment(free: object) -> datetime:
    return free if isinstance(free, datetime) else from_micros(int(str(free)))


_FREE = type_coerce(chat_turns.c.free_at, BigInteger)
_AT, _STEP = bindparam("at", type_=BigInteger), bindparam("step", type_=BigInteger)
_UNTIL = bindparam("until", type_=BigInteger)
_THIS = (
    chat_turns.c.channel == bindparam("channel"),
    chat_turns.c.chat == bindparam("chat"),
    chat_turns.c.lane == bindparam("lane"),
)
_TAKEN = Prepared(
    update(chat_turns)
    .where(*_THIS)
    .values(free_at=case((_FREE > _AT, _FREE), else_=_AT) + _STEP)
    .returning(chat_turns.c.free_at)
)
_HELD = Prepared(update(chat_turns).where(*_THIS, _FREE < _UNTIL).values(free_at=_UNTIL))
