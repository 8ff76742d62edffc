"""What the bot stands on: its folder, its rules, its database."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import time
from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import Connection, select
from sqlalchemy.exc import SQLAlchemyError

from bot.doctor.findings import Finding, ill, well
from bot.domain.money import yuan
from bot.rules.rulebook import RuleBook, RuleSet
from bot.rules.rulefile import RulesFileError
from bot.settings import Settings, unknown
from bot.store.cards import inbox
from bot.store.database import Database, NotStored, is_sqlite, now, open_database, sqlite_path
from bot.store.events import live_events
from bot.store.migrate import HEAD, revision

LEAST_FREE = 200 * 1024 * 1024
LIMIT_S = 3.0
APART_S = 5.0
"""Moves on PostgreSQL are stamped by its clock, waiting is told by ours: further apart they would not fit."""

AHEAD_S = 60.0


def settings_are_right(settings: Settings) -> Finding:
    """They were read, or we would not be here."""
    return well("settings", "ok", data=settings.data.absolute(), host=settings.host, port=settings.port)


def strange_settings() -> list[Finding]:
    """Names that look like settings and are none: a slip of a name would go unseen, and the default would hold."""
    return [
        ill("settings", "misspelt", name=name, meant=meant) if meant else well("settings", "strange", name=name)
        for name, meant in unknown().items()
    ]


def folder(settings: Settings) -> Finding:
    """Whether the data folder, or the one that it will be made in, takes a file and has room."""
    place = settings.data.absolute()
    while not place.exists():
        place = place.parent
    try:
        with tempfile.TemporaryFile(dir=place):
            free = shutil.disk_usage(place).free
    except OSError as problem:
        return ill("folder", "unwritable", said=problem.strerror, data=place)
    if free < LEAST_FREE:
        return ill("folder", "full", free=_size(free), least=_size(LEAST_FREE))
    return well("folder", "ok", free=_size(free))


def rules(settings: Settings) -> tuple[Finding, RuleSet | None]:
    """The rules that hold today."""
    try:
        book = RuleBook.load(settings.rules_file)
    except RulesFileError as problem:
        return ill("rules", "wrong", problem), None
    today = book.at(datetime.now(UTC))
    names = "、".join(f"{rule.name.zh} {yuan(rule.fee_fen)}" for rule in today.carriers.values())
    return well("rules", "ok", version=today.version, names=names), today


async def database(settings: Settings) -> tuple[list[Finding], Database | None]:
    """Whether it can be reached, has the present tables, and keeps what is written; and its clock.

    It is handed on open when all that is well; whoever gets it closes it.
    """
    if is_sqlite(settings.database) and not sqlite_path(settings.database).exists():
        return [well("database", "new")], None
    try:
        opened = open_database(settings.database)
    except ImportError:
        return [ill("database", "driver")], None
    try:
        found = await asyncio.wait_for(opened.read(revision), LIMIT_S)
        findings = [await _written(opened), await _clock(opened)] if found == HEAD else [_other_tables(found)]
    except (SQLAlchemyError, NotStored, OSError) as problem:  # TimeoutError is an OSError
        findings, found = [ill("database", "unreachable", _words(problem))], None
    if found == HEAD:
        return findings, opened
    await opened.close()
    return findings, None


def _other_tables(found: str | None) -> Finding:
    if found is None:
        return well("database", "empty")
    return ill("database", "old" if found < HEAD else "future", found=found, head=HEAD)


async def _written(opened: Database) -> Finding:
    began = time.perf_counter()
    try:
        await asyncio.wait_for(opened.write(_write), LIMIT_S)
    except (SQLAlchemyError, NotStored, OSError) as problem:
        return ill("database", "unwritable", _words(problem))
    return well("database", "ok", revision=HEAD, ms=_ms(began))


def _write(connection: Connection) -> None:
    """A row that nobody else sees: it is gone again in the same transaction, which goes to the disk all the same."""
    name = {"channel": "doctor", "message_id": uuid4().hex}
    connection.execute(inbox.insert(), {**name, "payload": {}, "received_at": now(connection), "tries": 0})
    connection.execute(inbox.delete().where(inbox.c.channel == "doctor"))


async def _clock(opened: Database) -> Finding:
    there, newest = await opened.read(lambda c: (now(c), c.execute(_NEWEST).scalar()))
    apart = (there - datetime.now(UTC)).total_seconds()
    ahead = 0.0 if newest is None else (newest - there).total_seconds()
    if abs(apart) > APART_S:
        return ill("clock", "database_apart", seconds=f"{apart:+.0f}")
    if ahead > AHEAD_S:
        return ill("clock", "back", seconds=f"{ahead:.0f}")
    return well("clock", "database", seconds=f"{abs(apart):.1f}")


_NEWEST = select(live_events.c.at).order_by(live_events.c.id.desc()).limit(1)
"""When anything changed last."""


def _words(problem: Exception) -> str:
    cause = getattr(problem, "orig", None) or problem
    return (str(cause) or type(cause).__name__).splitlines()[0]


def _size(count: int) -> str:
    return f"{count / 1024**3:.1f} GB"


def _ms(began: float) -> int:
    return round((time.perf_counter() - began) * 1000)
